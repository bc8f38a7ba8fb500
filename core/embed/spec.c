/* SPDX-License-Identifier: MIT */
#include "core/embed/spec.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/model2vec.h"
#include "core/embed/remote.h"
#include "core/util/cleanup.h"

/* The strings of a spec and their names in JSON. */
static char **field(struct embed_spec *s, size_t i, const char **name)
{
    const struct {
        const char *name;
        char **text;
    } fields[] = {
        {"provider", &s->provider},
        {"url", &s->url},
        {"model", &s->model},
        {"version", &s->version},
        {"query_prefix", &s->query_prefix},
        {"document_prefix", &s->document_prefix},
        {"key_file", &s->key_file},
        {"tuning", &s->tuning},
    };
    if (i >= sizeof(fields) / sizeof(*fields))
        return NULL;
    *name = fields[i].name;
    return fields[i].text;
}

int embed_spec_set(char **f, const char *value)
{
    char *copy = strdup(value);
    if (!copy)
        return -ENOMEM;
    free(*f);
    *f = copy;
    return 0;
}

int embed_spec_init(struct embed_spec *s)
{
    const char *name;
    char **f;
    *s = (struct embed_spec){0};
    for (size_t i = 0; (f = field(s, i, &name)); i++)
        if (embed_spec_set(f, "") < 0) {
            embed_spec_fini(s);
            return -ENOMEM;
        }
    return 0;
}

void embed_spec_fini(struct embed_spec *s)
{
    const char *name;
    char **f;
    for (size_t i = 0; (f = field(s, i, &name)); i++)
        free(*f);
    *s = (struct embed_spec){0};
}

char *embed_spec_dump(const struct embed_spec *s)
{
    struct embed_spec copy = *s; /* the strings stay where they are */
    const char *name;
    char **f;
    json_t *j = json_object();
    for (size_t i = 0; (f = field(&copy, i, &name)); i++)
        if (**f)
            json_object_set_new(j, name, json_string(*f));
    json_object_set_new(j, "dim", json_integer(s->dim));
    json_object_set_new(j, "batch", json_integer(s->batch));
    json_object_set_new(j, "cut", json_boolean(s->cut));
    char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(j);
    return text;
}

int embed_spec_parse(const char *json, struct embed_spec *ret)
{
    const char *name;
    char **f;
    int rc = embed_spec_init(ret);
    if (rc < 0)
        return rc;
    if (!*json)
        return embed_spec_set(&ret->provider, "builtin");
    json_t *j = json_loads(json, 0, NULL);
    if (!json_is_object(j))
        rc = -EINVAL;
    for (size_t i = 0; rc == 0 && (f = field(ret, i, &name)); i++) {
        const char *v = json_string_value(json_object_get(j, name));
        rc = v ? embed_spec_set(f, v) : 0;
    }
    ret->dim = (unsigned)json_integer_value(json_object_get(j, "dim"));
    ret->batch = (unsigned)json_integer_value(json_object_get(j, "batch"));
    ret->cut = json_is_true(json_object_get(j, "cut"));
    json_decref(j);
    if (rc < 0)
        embed_spec_fini(ret);
    return rc;
}

static struct remote_options remote_of(const struct embed_spec *s, const struct embed_limits *l)
{
    return (struct remote_options){.url = s->url,
                                   .model = s->model,
                                   .dim = s->dim,
                                   .cut = s->cut,
                                   .query_prefix = s->query_prefix,
                                   .document_prefix = s->document_prefix,
                                   .key = l->key,
                                   .batch = s->batch,
                                   .concurrency = l->concurrency,
                                   .retries = l->retries,
                                   .timeout_ms = l->timeout_ms,
                                   .query_ms = l->query_ms,
                                   .pause_max_ms = l->pause_max_ms,
                                   .text_max = l->text_max};
}

static bool is(const struct embed_spec *s, const char *provider)
{
    return strcmp(s->provider, provider) == 0;
}

int embed_resolve(struct embed_spec *s, const struct embed_limits *l, struct docfs_err *err)
{
    int rc = 0;
    if (is(s, "auto") && !*s->url)
        rc = embed_spec_set(&s->provider, *s->model ? "static" : "builtin");
    if (rc < 0)
        return err_oom(err);
    if (is(s, "builtin"))
        return 0;
    if (is(s, "static"))
        return *s->model == '/' ? 0
                                : err_set(err, -EINVAL,
                                          "embed.model must be the absolute path of a model's "
                                          "directory, or embed.url the address of a server");
    if (!*s->url)
        return err_set(err, -EINVAL, "embed.provider is %s, but embed.url does not say where it is",
                       s->provider);
    struct remote_options opt = remote_of(s, l);
    struct remote_found found = {0};
    if (remote_kind_from(s->provider, &opt.kind) < 0)
        return err_set(err, -EINVAL, "embed.provider %s is not known", s->provider);
    rc = remote_probe(&opt, &found, err);
    if (rc < 0)
        return rc;
    s->dim = found.dim;
    if (!s->batch)
        s->batch = found.batch;
    rc = embed_spec_set(&s->provider, remote_kind_name(found.kind));
    if (rc == 0)
        rc = embed_spec_set(&s->model, found.model);
    if (rc == 0)
        rc = embed_spec_set(&s->version, found.version);
    remote_found_fini(&found);
    return rc < 0 ? err_oom(err) : 0;
}

int embed_open(const struct embed_spec *s, const struct embed_limits *l, struct embedder **ret,
               struct docfs_err *err)
{
    if (is(s, "builtin"))
        return embed_builtin_new(ret, err);
    if (is(s, "static"))
        return embed_model2vec_new(s->model, s->dim, ret, err);
    struct remote_options opt = remote_of(s, l);
    if (remote_kind_from(s->provider, &opt.kind) < 0 || !s->dim || s->dim > 4096)
        return err_set(err, -EINVAL, "the cache names an embedder that this docfs does not know");
    return remote_new(&opt, s->version, ret, err);
}
