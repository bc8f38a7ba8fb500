/* SPDX-License-Identifier: MIT
 * Which server is it? Each kind answers one request that no other does. */
#include "core/embed/remote_internal.h"

#include <errno.h>
#include <string.h>

struct probe {
    const struct remote_options *opt;
    struct caller *caller;
    struct remote_found *found;
};

void remote_found_fini(struct remote_found *f)
{
    free(f->model);
    *f = (struct remote_found){0};
}

/* The JSON of a GET; NULL when the server has nothing there. A server that does not answer at all
 * is an error. */
static int get(struct probe *p, const char *path, json_t **ret, struct docfs_err *err)
{
    _cleanup_response_ struct http_response r = {0};
    *ret = NULL;
    int rc = caller_do(p->caller, CALL_QUESTION, path, NULL, &r, err);
    if (rc < 0 && !r.status)
        return rc;
    if (rc == -EACCES)
        return rc;
    if (rc == 0)
        *ret = remote_json(&r.body);
    return 0;
}

static bool same_model(const char *listed, const char *wanted)
{
    size_t n = strlen(wanted);
    return strcmp(listed, wanted) == 0 ||
           (strncmp(listed, wanted, n) == 0 && strcmp(listed + n, ":latest") == 0);
}

static bool looks_embedding(const char *name)
{
    static const char *const signs[] = {"embed", "bge", "e5-", "gte", "minilm", "arctic"};
    for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++)
        if (strcasestr(name, signs[i]))
            return true;
    return false;
}

/* Chooses among the listed models: the one asked for, the only one, the first whose name says that
 * it embeds. key: member that holds the name. */
static int choose(struct probe *p, json_t *list, const char *key, json_t **ret,
                  struct docfs_err *err)
{
    const char *wanted = p->opt->model;
    struct buf names = {.limit = 300};
    json_t *one;
    size_t i;
    *ret = NULL;
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, key));
        if (!name)
            continue;
        buf_addf(&names, "%s%s", names.len ? ", " : "", name);
        if (!*ret && (*wanted ? same_model(name, wanted)
                              : looks_embedding(name) || json_array_size(list) == 1))
            *ret = one;
    }
    int rc = 0;
    if (!*ret && *wanted && names.len)
        rc = err_set(err, -EINVAL, "%s has no model %s; it has: %s", p->opt->url, wanted,
                     names.data);
    else if (!*ret && !*wanted)
        rc = err_set(err, -EINVAL, "%s: embed.model must name a model%s%s", p->opt->url,
                     names.len ? "; the server has: " : ", the server lists none",
                     names.len ? names.data : "");
    const char *name = *ret ? json_string_value(json_object_get(*ret, key)) : wanted;
    buf_fini(&names);
    if (rc == 0 && !p->found->model && !(p->found->model = strdup(name)))
        rc = err_oom(err);
    return rc;
}

static int probe_ollama(struct probe *p, struct docfs_err *err)
{
    json_t *tags, *model;
    int rc = get(p, "/api/tags", &tags, err);
    if (rc == 0)
        rc = choose(p, json_object_get(tags, "models"), "name", &model, err);
    if (rc == 0) {
        const char *digest = json_string_value(json_object_get(model, "digest"));
        snprintf(p->found->version, 13, "%s", digest ? digest : "");
    }
    json_decref(tags);
    return rc;
}

static int probe_tei(struct probe *p, json_t *info, struct docfs_err *err)
{
    const char *id = json_string_value(json_object_get(info, "model_id"));
    const char *sha = json_string_value(json_object_get(info, "model_sha"));
    json_int_t batch = json_integer_value(json_object_get(info, "max_client_batch_size"));
    if (id && *p->opt->model && strcmp(id, p->opt->model) != 0)
        return err_set(err, -EINVAL, "%s serves the model %.100s, not %s: see embed.model",
                       p->opt->url, id, p->opt->model);
    p->found->model = strdup(id ? id : *p->opt->model ? p->opt->model : "default");
    p->found->batch = batch > 0 && batch < 4096 ? (unsigned)batch : 0;
    snprintf(p->found->version, 13, "%s", sha ? sha : "");
    return p->found->model ? 0 : err_oom(err);
}

/* Servers with the API of OpenAI need not list their models when one is named. */
static int probe_listed(struct probe *p, struct docfs_err *err)
{
    json_t *models, *model;
    int rc = get(p, "/v1/models", &models, err);
    if (rc == 0)
        rc = choose(p, json_object_get(models, "data"), "id", &model, err);
    json_decref(models);
    return rc;
}

/* The kind, when it has to be found out. */
static int find_kind(struct probe *p, json_t **ret_info, struct docfs_err *err)
{
    json_t *j = NULL;
    int rc = get(p, "/api/version", &j, err);
    bool is = rc == 0 && json_is_string(json_object_get(j, "version"));
    json_decref(j);
    p->found->kind = REMOTE_OLLAMA;
    if (rc < 0 || is)
        return rc == -EACCES ? (p->found->kind = REMOTE_OPENAI, 0) : rc;
    rc = get(p, "/info", &j, err);
    p->found->kind = REMOTE_TEI;
    if (rc == 0 && json_is_string(json_object_get(j, "model_id"))) {
        *ret_info = j;
        return 0;
    }
    json_decref(j);
    if (rc == 0)
        rc = get(p, "/props", &j, err);
    is = rc == 0 && json_is_object(json_object_get(j, "default_generation_settings"));
    json_decref(j);
    p->found->kind = is ? REMOTE_LLAMACPP : REMOTE_OPENAI;
    return rc == -EACCES ? 0 : rc;
}

/* A word has a vector: which length? */
static int measure(struct probe *p, struct docfs_err *err)
{
    const char *text = "documentation";
    size_t len = strlen(text);
    _cleanup_response_ struct http_response r = {0};
    _cleanup_free_ char *body = remote_embed_body(p->found->kind, p->found->model, &text, &len, 1);
    unsigned dim = 0;
    if (!body)
        return err_oom(err);
    int rc = caller_do(p->caller, CALL_PASSAGES, remote_embed_path(p->found->kind), body, &r, err);
    if (rc == 0)
        rc = remote_vectors(r.body.data ? r.body.data : "", r.body.len, 1, false, &dim, NULL, err);
    if (rc == 0 && p->opt->dim > dim)
        return err_set(err, -EINVAL, "embed.dimension is %u, but %s gives vectors of %u",
                       p->opt->dim, p->found->model, dim);
    p->found->dim = p->opt->dim ? p->opt->dim : dim;
    return rc;
}

int remote_probe(const struct remote_options *opt, struct remote_found *ret, struct docfs_err *err)
{
    struct remote_found found = {.kind = opt->kind};
    struct remote_options once = *opt;
    once.query_ms = opt->query_ms > 5000 ? opt->query_ms : 5000; /* a job can wait for that */
    struct probe p = {.opt = opt, .found = &found};
    json_t *info = NULL;
    int rc = caller_new(&once, &p.caller, err);
    if (rc == 0 && opt->kind == REMOTE_AUTO)
        rc = find_kind(&p, &info, err);
    if (rc == 0 && found.kind == REMOTE_TEI && !info)
        rc = get(&p, "/info", &info, err);
    if (rc == 0)
        rc = found.kind == REMOTE_OLLAMA ? probe_ollama(&p, err)
             : found.kind == REMOTE_TEI  ? probe_tei(&p, info, err)
                                         : probe_listed(&p, err);
    json_decref(info);
    if (rc == 0)
        rc = measure(&p, err);
    caller_free(p.caller);
    if (rc < 0) {
        remote_found_fini(&found);
        return rc;
    }
    *ret = found;
    return 0;
}
