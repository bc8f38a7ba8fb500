/* SPDX-License-Identifier: MIT
 * Servers that embed or chat: trying one out before it is put into the settings. The rules of
 * core/docfs.h hold. */
#pragma once
#include <stddef.h>
#include "core/util/err.h"

struct docfs;

/* NULL members come from the settings (embed.provider, embed.url, ...). */
struct docfs_provider {
    const char *kind;  /* "auto", "openai", "ollama", "llamacpp", "tei" */
    const char *url;   /* with or without /v1 at the end */
    const char *key;   /* "" = none. Never in a message. Of the settings only with their url */
    const char *model; /* "" = the only or first one */
};
struct docfs_provider_found {
    char kind[16], model[256];
    unsigned dimension;
    double seconds; /* of all requests together */
};
/* Asks the server what it is and has it embed one word. Every failure has a sentence with the way
 * out; -EINVAL also when there is no url. */
DOCFS_API int docfs_provider_test(struct docfs *d, const struct docfs_provider *p,
                                  struct docfs_provider_found *ret, struct docfs_err *err);
/* Names of the models the server has, each a call of fn. */
DOCFS_API int docfs_provider_models(struct docfs *d, const struct docfs_provider *p,
                                    void (*fn)(void *arg, const char *name), void *arg,
                                    struct docfs_err *err);

/* The same for chat models: kind "auto", "openai" or "ollama"; NULL members come from the settings
 * (chat.url, its first one, chat.model, ...). The trial has the model say one word; dimension is 0.
 */
DOCFS_API int docfs_chat_test(struct docfs *d, const struct docfs_provider *p,
                              struct docfs_provider_found *ret, struct docfs_err *err);
DOCFS_API int docfs_chat_models(struct docfs *d, const struct docfs_provider *p,
                                void (*fn)(void *arg, const char *name), void *arg,
                                struct docfs_err *err);
