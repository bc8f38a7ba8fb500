/* SPDX-License-Identifier: MIT
 * Reading a request. */
#include <string.h>

#include "tools/sidecar/internal.h"

static const struct exchange *exchange_of(const struct request *q)
{
    return (const struct exchange *)((const char *)q - offsetof(struct exchange, q));
}

const char *request_param(const struct request *q, const char *name)
{
    const struct exchange *x = exchange_of(q);
    int i = q->route ? pattern_index(q->route->pattern, name) : -1;
    return i >= 0 && (size_t)i < x->params.n ? x->params.value[i] : "";
}

const char *request_header(const struct request *q, const char *name)
{
    return MHD_lookup_connection_value(exchange_of(q)->c, MHD_HEADER_KIND, name);
}

bool request_may(const struct request *q, enum scope scope)
{
    return (q->scopes & (unsigned)scope) == (unsigned)scope;
}

bool request_cancelled(const struct request *q)
{
    return atomic_load(&q->server->stopping);
}

const char *request_base(struct request *q)
{
    struct exchange *x = (struct exchange *)exchange_of(q);
    if (!x->base) {
        struct buf b = {0};
        const char *host = request_header(q, "Host");
        const char *proto = request_header(q, "X-Forwarded-Proto");
        buf_addf(&b, "%s://%s", proto && strcmp(proto, "https") == 0 ? "https" : "http",
                 host && *host ? host : "localhost");
        x->base = buf_steal(&b, NULL);
    }
    return x->base ? x->base : "";
}

const char *json_text(const json_t *object, const char *key, const char *fallback)
{
    const char *s = json_string_value(json_object_get(object, key));
    return s ? s : fallback;
}

json_int_t json_int(const json_t *object, const char *key, json_int_t fallback)
{
    const json_t *v = json_object_get(object, key);
    if (json_is_real(v) && json_real_value(v) > -9e15 && json_real_value(v) < 9e15)
        return (json_int_t)json_real_value(v);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

double json_number(const json_t *object, const char *key, double fallback)
{
    const json_t *v = json_object_get(object, key);
    return json_is_number(v) ? json_number_value(v) : fallback;
}

bool json_flag(const json_t *object, const char *key, bool fallback)
{
    const json_t *v = json_object_get(object, key);
    return json_is_boolean(v) ? json_is_true(v) : fallback;
}
