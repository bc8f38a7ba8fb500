/* SPDX-License-Identifier: MIT
 * The part of JSON Schema that schemas/ uses: type, properties, required, items, enum, const,
 * minimum, maximum, minLength, maxLength, minItems, maxItems, anyOf, $ref, default. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/utf8.h"
#include "tools/sidecar/internal.h"

#define DEPTH_MAX 32
#define REF "#/components/schemas/"

const json_t *schema_resolve(const json_t *all, const json_t *schema)
{
    for (int i = 0; i < DEPTH_MAX; i++) {
        const char *ref = json_string_value(json_object_get(schema, "$ref"));
        if (!ref || strncmp(ref, REF, strlen(REF)) != 0)
            break;
        schema = json_object_get(all, ref + strlen(REF));
    }
    return schema;
}

static bool is_type(const json_t *v, const char *type)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case JSON_ARRAY:
        return strcmp(type, "array") == 0;
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
        return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    case JSON_REAL:
        return strcmp(type, "number") == 0;
    case JSON_NULL:
        return strcmp(type, "null") == 0;
    default:
        return strcmp(type, "boolean") == 0;
    }
}

static bool has_type(const json_t *v, const json_t *type)
{
    if (json_is_string(type))
        return is_type(v, json_string_value(type));
    size_t i;
    json_t *one;
    json_array_foreach(type, i, one) if (is_type(v, json_string_value(one))) return true;
    return false;
}

static void list_text(const json_t *list, struct buf *b)
{
    size_t i;
    json_t *v;
    if (json_is_string(list))
        buf_adds(b, json_string_value(list));
    json_array_foreach(list, i, v)
    {
        _cleanup_free_ char *text = json_dumps(v, JSON_ENCODE_ANY);
        buf_addf(b, "%s%s", i ? ", " : "",
                 json_is_string(v) ? json_string_value(v)
                 : text            ? text
                                   : "");
    }
}

struct check {
    const json_t *all;
    struct docfs_err *err;
    struct buf path;
};

static int bad(struct check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int bad(struct check *c, const char *fmt, ...)
{
    char text[300];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    return err_set(c->err, -EINVAL, "%s %s", c->path.len ? c->path.data : "the value", text);
}

static int check(struct check *c, const json_t *schema, json_t *v, int depth);

static int check_string(struct check *c, const json_t *s, const json_t *v)
{
    const char *text = json_string_value(v);
    size_t len = json_string_length(v), chars = 0;
    for (size_t i = 0; i < len; i++)
        chars += (text[i] & 0xc0) != 0x80;
    json_int_t min = json_integer_value(json_object_get(s, "minLength"));
    const json_t *max = json_object_get(s, "maxLength");
    if (strlen(text) != len)
        return bad(c, "must not contain a NUL character");
    if ((json_int_t)chars < min)
        return min == 1 ? bad(c, "must not be empty")
                        : bad(c, "must have at least %lld characters", (long long)min);
    if (max && (json_int_t)chars > json_integer_value(max))
        return bad(c, "must have at most %lld characters", (long long)json_integer_value(max));
    return 0;
}

static int check_number(struct check *c, const json_t *s, const json_t *v)
{
    const json_t *min = json_object_get(s, "minimum"), *max = json_object_get(s, "maximum");
    double x = json_number_value(v);
    if ((min && x < json_number_value(min)) || (max && x > json_number_value(max))) {
        if (min && max)
            return bad(c, "must be from %.15g to %.15g", json_number_value(min),
                       json_number_value(max));
        return min ? bad(c, "must be at least %.15g", json_number_value(min))
                   : bad(c, "must be at most %.15g", json_number_value(max));
    }
    return 0;
}

static int check_array(struct check *c, const json_t *s, json_t *v, int depth)
{
    json_int_t min = json_integer_value(json_object_get(s, "minItems"));
    const json_t *max = json_object_get(s, "maxItems"), *items = json_object_get(s, "items");
    if ((json_int_t)json_array_size(v) < min)
        return bad(c, "must have at least %lld items", (long long)min);
    if (max && (json_int_t)json_array_size(v) > json_integer_value(max))
        return bad(c, "must have at most %lld items", (long long)json_integer_value(max));
    size_t at = c->path.len, i;
    json_t *one;
    json_array_foreach(v, i, one)
    {
        buf_addf(&c->path, "[%zu]", i);
        int r = items ? check(c, items, one, depth + 1) : 0;
        if (r < 0)
            return r;
        buf_truncate(&c->path, at);
    }
    return 0;
}

static int check_object(struct check *c, const json_t *s, json_t *v, int depth)
{
    size_t i, at = c->path.len;
    json_t *name, *sub;
    const char *key;
    json_array_foreach(
        json_object_get(s, "required"), i,
        name) if (!json_object_get(v,
                                   json_string_value(
                                       name))) return err_set(c->err, -EINVAL, "%s%s%s is missing",
                                                              at ? c->path.data : "", at ? "." : "",
                                                              json_string_value(name));
    json_object_foreach(json_object_get(s, "properties"), key, sub)
    {
        json_t *member = json_object_get(v, key);
        const json_t *fallback = json_object_get(schema_resolve(c->all, sub), "default");
        if (!member && fallback) {
            if (json_object_set_new(v, key, json_deep_copy(fallback)) < 0)
                return err_oom(c->err);
            continue;
        }
        if (!member)
            continue;
        buf_addf(&c->path, "%s%s", at ? "." : "", key);
        int r = check(c, sub, member, depth + 1);
        if (r < 0)
            return r;
        buf_truncate(&c->path, at);
    }
    return 0;
}

static int check(struct check *c, const json_t *schema, json_t *v, int depth)
{
    const json_t *s = schema_resolve(c->all, schema);
    if (depth > DEPTH_MAX)
        return bad(c, "is nested too deeply");
    const json_t *type = json_object_get(s, "type"), *any = json_object_get(s, "anyOf"),
                 *list = json_object_get(s, "enum");
    if (type && !has_type(v, type)) {
        _cleanup_buf_ struct buf names = {0};
        list_text(type, &names);
        return bad(c, "must be of type %s", names.data ? names.data : "?");
    }
    size_t i;
    json_t *one;
    bool found = !list;
    json_array_foreach(list, i, one) found = found || json_equal(one, v);
    if (!found) {
        _cleanup_buf_ struct buf names = {0};
        list_text(list, &names);
        return bad(c, "must be one of %s", names.data ? names.data : "");
    }
    int r = json_is_string(v)   ? check_string(c, s, v)
            : json_is_number(v) ? check_number(c, s, v)
            : json_is_array(v)  ? check_array(c, s, v, depth)
            : json_is_object(v) ? check_object(c, s, v, depth)
                                : 0;
    if (r < 0 || !any)
        return r;
    size_t at = c->path.len;
    json_array_foreach(any, i, one)
    {
        r = check(c, one, v, depth + 1);
        if (r == 0)
            break;
        buf_truncate(&c->path, at);
    }
    const char *hint = json_string_value(json_object_get(s, "x-any"));
    return r < 0 && hint ? err_set(c->err, -EINVAL, "%s", hint) : r;
}

int schema_check(const json_t *all, const json_t *schema, json_t *value, struct docfs_err *err)
{
    struct check c = {.all = all, .err = err};
    int r = check(&c, schema, value, 0);
    if (r == 0)
        r = buf_status(&c.path);
    buf_fini(&c.path);
    return r;
}

/* ---- query parameters ---- */

/* The value that a text stands for under a schema, or NULL when it stands for none. */
static json_t *coerce(const json_t *s, const char *text)
{
    const char *type = json_string_value(json_object_get(s, "type"));
    char *end;
    errno = 0;
    if (!type || strcmp(type, "string") == 0)
        return json_string(text);
    if (strcmp(type, "integer") == 0) {
        long long v = strtoll(text, &end, 10);
        return *text && !*end && errno == 0 ? json_integer(v) : NULL;
    }
    if (strcmp(type, "number") == 0) {
        double v = strtod(text, &end);
        return *text && !*end && errno == 0 && v - v == 0 ? json_real(v) : NULL;
    }
    if (strcmp(type, "boolean") == 0) {
        if (strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "on") == 0)
            return json_true();
        if (strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "off") == 0)
            return json_false();
    }
    return NULL;
}

/* ?in=a,b and ?in=a&in=b are the same list. */
static json_t *coerce_list(const json_t *all, const json_t *s, const json_t *texts)
{
    const json_t *item = schema_resolve(all, json_object_get(s, "items"));
    json_t *out = json_array(), *text;
    size_t i;
    json_array_foreach(texts, i, text)
    {
        for (const char *p = json_string_value(text); out && *p;) {
            size_t len = strcspn(p, ",");
            _cleanup_free_ char *piece = strndup(p, len);
            json_t *v = piece && len ? coerce(item, piece) : NULL;
            if (len && (!v || json_array_append_new(out, v) < 0)) {
                json_decref(out);
                out = NULL;
            }
            p += len + (p[len] == ',');
        }
    }
    return out;
}

int schema_coerce(const json_t *all, const json_t *schema, json_t *object, struct docfs_err *err)
{
    const json_t *members = json_object_get(schema_resolve(all, schema), "properties");
    const char *key;
    json_t *sub;
    json_object_foreach((json_t *)members, key, sub)
    {
        json_t *v = json_object_get(object, key);
        const json_t *s = schema_resolve(all, sub);
        if (!v)
            continue;
        json_t *typed = json_is_array(v) ? coerce_list(all, s, v) : coerce(s, json_string_value(v));
        if (!typed)
            return err_set(err, -EINVAL, "%s must be of type %s", key,
                           json_string_value(json_object_get(s, "type")));
        if (json_object_set_new(object, key, typed) < 0)
            return err_oom(err);
    }
    return schema_check(all, schema, object, err);
}
