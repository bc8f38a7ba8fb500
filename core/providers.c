/* SPDX-License-Identifier: MIT */
#include "core/docfs_providers.h"

#include <errno.h>
#include <string.h>

#include "core/embed/remote.h"
#include "core/internal.h"
#include "core/remote/chat.h"
#include "core/util/clock.h"

/* What was given over what the settings say, owned. */
struct choice {
    char *url, *model, *kind, *key;
    struct remote_options opt;
};

static void choice_fini(struct choice *c)
{
    free(c->url);
    free(c->model);
    free(c->kind);
    free(c->key);
}

static char *given_or(struct docfs *d, const char *given, const char *key)
{
    return given ? strdup(given) : setting_text(d, key);
}

/* The key of the settings is for the server of the settings only. */
static int choose_key(struct docfs *d, const struct docfs_provider *p, const char *setting,
                      char **ret, struct docfs_err *err)
{
    if (!p->key && !p->url)
        return setting_secret(d, setting, ret, err);
    *ret = strdup(p->key ? p->key : "");
    return *ret ? 0 : err_oom(err);
}

static int choose(struct docfs *d, const struct docfs_provider *p, struct choice *c,
                  struct docfs_err *err)
{
    *c = (struct choice){0};
    c->url = given_or(d, p->url, "embed.url");
    c->model = given_or(d, p->model, "embed.model");
    c->kind = given_or(d, p->kind, "embed.provider");
    int r = choose_key(d, p, "embed.key_file", &c->key, err);
    if (r < 0)
        return r;
    if (!c->url || !c->model || !c->kind || !c->key)
        return err_oom(err);
    if (!*c->url)
        return err_set(err, -EINVAL,
                       "no server is named: give its base_url, or set embed.url (docfs config set "
                       "embed.url http://127.0.0.1:11434 for an Ollama on this machine)");
    enum remote_kind kind;
    if (remote_kind_from(c->kind, &kind) < 0)
        kind = REMOTE_AUTO;
    c->opt = (struct remote_options){.kind = kind,
                                     .url = c->url,
                                     .model = c->model,
                                     .query_prefix = "auto",
                                     .document_prefix = "auto",
                                     .key = c->key,
                                     .concurrency = 1,
                                     .timeout_ms = 10000,
                                     .query_ms = 10000,
                                     .pause_max_ms = 1000,
                                     .text_max = 1000};
    return 0;
}

int docfs_provider_test(struct docfs *d, const struct docfs_provider *p,
                        struct docfs_provider_found *ret, struct docfs_err *err)
{
    _cleanup_(choice_fini) struct choice c;
    struct remote_found found = {0};
    int64_t from = clock_mono_ns();
    int r = choose(d, p, &c, err);
    if (r == 0)
        r = remote_probe(&c.opt, &found, err);
    if (r < 0)
        return r;
    *ret = (struct docfs_provider_found){.dimension = found.dim,
                                         .seconds = (double)(clock_mono_ns() - from) / 1e9};
    snprintf(ret->kind, sizeof(ret->kind), "%s", remote_kind_name(found.kind));
    snprintf(ret->model, sizeof(ret->model), "%s", found.model ? found.model : "");
    remote_found_fini(&found);
    return 0;
}

int docfs_provider_models(struct docfs *d, const struct docfs_provider *p,
                          void (*fn)(void *arg, const char *name), void *arg, struct docfs_err *err)
{
    _cleanup_(choice_fini) struct choice c;
    int r = choose(d, p, &c, err);
    return r < 0 ? r : remote_models(&c.opt, fn, arg, err);
}

/* ---- chat ---- */

#define CHAT_MS 30000

static int choose_chat(struct docfs *d, const struct docfs_provider *p, struct choice *c,
                       struct chat_endpoint *ret, struct docfs_err *err)
{
    *c = (struct choice){0};
    c->url = given_or(d, p->url, "chat.url");
    c->model = given_or(d, p->model, "chat.model");
    c->kind = given_or(d, p->kind, "chat.provider");
    int r = choose_key(d, p, "chat.key_file", &c->key, err);
    if (r < 0)
        return r;
    if (!c->url || !c->model || !c->kind)
        return err_oom(err);
    /* Lists: the first of each. */
    c->url[strcspn(c->url, ", ")] = '\0';
    c->model[strcspn(c->model, ",")] = '\0';
    if (!*c->url)
        return err_set(err, -EINVAL,
                       "no server is named: give its base_url, or set chat.url (docfs config set "
                       "chat.url http://127.0.0.1:11434 for an Ollama on this machine)");
    *ret = (struct chat_endpoint){.url = c->url,
                                  .model = c->model,
                                  .key = c->key,
                                  .kind = strcmp(c->kind, "ollama") == 0   ? CHAT_OLLAMA
                                          : strcmp(c->kind, "openai") == 0 ? CHAT_OPENAI
                                                                           : CHAT_AUTO};
    return 0;
}

int docfs_chat_test(struct docfs *d, const struct docfs_provider *p,
                    struct docfs_provider_found *ret, struct docfs_err *err)
{
    static const struct chat_message message = {"user", "Reply with the one word: yes"};
    _cleanup_(choice_fini) struct choice c;
    _cleanup_(chat_reply_fini) struct chat_reply reply = {0};
    struct chat_endpoint e;
    struct chat *chat = NULL;
    int64_t from = clock_mono_ns();
    int r = choose_chat(d, p, &c, &e, err);
    if (r == 0)
        r = chat_new(&e, 1, CHAT_MS, &chat, err);
    if (r == 0)
        r = chat_ask(
            chat,
            &(struct chat_ask){.message = &message, .n = 1, .temperature = -1, .max_tokens = 16},
            &reply, err);
    if (r == 0) {
        struct chat_state s[CHAT_ENDPOINTS];
        chat_states(chat, s);
        *ret = (struct docfs_provider_found){.seconds = (double)(clock_mono_ns() - from) / 1e9};
        snprintf(ret->kind, sizeof(ret->kind), "%s", chat_kind_name(s[0].kind));
        snprintf(ret->model, sizeof(ret->model), "%s", reply.model);
    }
    chat_free(chat);
    return r;
}

int docfs_chat_models(struct docfs *d, const struct docfs_provider *p,
                      void (*fn)(void *arg, const char *name), void *arg, struct docfs_err *err)
{
    _cleanup_(choice_fini) struct choice c;
    struct chat_endpoint e;
    enum chat_kind kind;
    int r = choose_chat(d, p, &c, &e, err);
    return r < 0 ? r : chat_models(&e, CHAT_MS, &kind, fn, arg, err);
}
