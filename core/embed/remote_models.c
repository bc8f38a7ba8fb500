/* SPDX-License-Identifier: MIT
 * Which models a server has. */
#include <errno.h>

#include "core/embed/remote_internal.h"

#define MODELS_MAX 1000

/* Names of a list below the url; returns how many, or -errno. */
static int list(struct caller *c, const char *path, const char *array, const char *key,
                void (*fn)(void *arg, const char *name), void *arg, struct docfs_err *err)
{
    _cleanup_response_ struct http_response r = {0};
    int rc = caller_do(c, CALL_QUESTION, path, NULL, &r, err);
    if (rc < 0)
        return rc;
    json_t *j = remote_json(&r.body);
    const json_t *items = json_object_get(j, array);
    int n = 0;
    for (size_t i = 0; i < json_array_size(items) && n < MODELS_MAX; i++) {
        const char *name = json_string_value(json_object_get(json_array_get(items, i), key));
        if (name) {
            fn(arg, name);
            n++;
        }
    }
    json_decref(j);
    return n;
}

int remote_models(const struct remote_options *opt, void (*fn)(void *arg, const char *name),
                  void *arg, struct docfs_err *err)
{
    struct caller *c;
    int r = caller_new(opt, &c, err);
    if (r < 0)
        return r;
    r = opt->kind == REMOTE_AUTO || opt->kind == REMOTE_OLLAMA
            ? list(c, "/api/tags", "models", "name", fn, arg, err)
            : -ENOENT;
    if (r == -ENOENT || r == 0)
        r = list(c, "/v1/models", "data", "id", fn, arg, err);
    caller_free(c);
    return r < 0 ? r : 0;
}
