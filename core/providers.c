/* SPDX-License-Identifier: MIT */
#include "core/docfs_providers.h"

#include <errno.h>
#include <string.h>

#include "core/embed/remote.h"
#include "core/internal.h"
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

static int choose(struct docfs *d, const struct docfs_provider *p, struct choice *c,
                  struct docfs_err *err)
{
    *c = (struct choice){0};
    c->url = given_or(d, p->url, "embed.url");
    c->model = given_or(d, p->model, "embed.model");
    c->kind = given_or(d, p->kind, "embed.provider");
    /* The key of the settings is for the server of the settings only. */
    int r = 0;
    if (p->key || p->url)
        c->key = strdup(p->key ? p->key : "");
    else
        r = setting_secret(d, "embed.key_file", &c->key, err);
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
    __attribute__((cleanup(choice_fini))) struct choice c;
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
    __attribute__((cleanup(choice_fini))) struct choice c;
    int r = choose(d, p, &c, err);
    return r < 0 ? r : remote_models(&c.opt, fn, arg, err);
}
