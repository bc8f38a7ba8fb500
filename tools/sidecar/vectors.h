/* SPDX-License-Identifier: MIT
 * Texts of a request as vectors: what the interfaces of OpenAI and Ollama share. */
#pragma once
#include "tools/sidecar/resource.h"

#define VECTORS_MAX 2048

/* res_openai.c: what AnythingLLM answers in the form of OpenAI, too. */
void openai_error(struct request *q, struct response *a, int status, const char *code,
                  const char *detail);
void openai_embed(struct request *q, struct response *a, const char *name, bool base64);

struct vectors {
    struct docfs_model model;
    size_t n, bytes; /* texts; bytes of all */
    float *item;     /* n times model.dimension */
};
static inline void vectors_fini(struct vectors *v)
{
    free(v->item);
}

/* input: a string or an array of strings. Anything else, too many texts and a model that is not
 * there are answered by `refuse` (status, code word, sentence): false then. */
typedef void refuse_fn(struct request *q, struct response *a, int status, const char *code,
                       const char *text);
bool vectors_make(struct request *q, struct response *a, const json_t *input, const char *model,
                  refuse_fn *refuse, struct vectors *ret);
/* Whether a client's name for a model means this one: its name, also with ":latest", or "docfs". */
bool vectors_model_is(const struct docfs_model *m, const char *name);
/* Array of the i-th vector; base64 of little-endian float32 as OpenAI has it. NULL: no memory. */
json_t *vectors_json(const struct vectors *v, size_t i);
json_t *vectors_base64(const struct vectors *v, size_t i);
