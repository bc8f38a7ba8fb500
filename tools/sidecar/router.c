/* SPDX-License-Identifier: MIT
 * Which route a request means. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/util/utf8.h"
#include "tools/sidecar/internal.h"
#include "tools/sidecar/schemas.h"
#include "core/util/hash.h"

static int load_schemas(json_t **ret, struct docfs_err *err)
{
    json_t *all = json_object();
    for (size_t i = 0; i < n_schema_files; i++) {
        json_error_t e;
        json_t *one = json_loadb(schema_files[i].data, schema_files[i].len, 0, &e);
        if (!one || json_object_update_missing(all, one) < 0) {
            json_decref(one);
            json_decref(all);
            return err_set(err, -EINVAL, "schema file %s: line %d: %s", schema_files[i].name,
                           e.line, e.text);
        }
        json_decref(one);
    }
    *ret = all;
    return all ? 0 : err_oom(err);
}

static int find_schema(const struct router *r, const struct route *route, const char *name,
                       json_t **ret, struct docfs_err *err)
{
    *ret = name ? json_object_get(r->schemas, name) : NULL;
    return !name || *ret ? 0
                         : err_set(err, -EINVAL, "route %s %s names the unknown schema %s",
                                   route->method, route->pattern, name);
}

int router_init(struct router *r, struct docfs_err *err)
{
    int rc = load_schemas(&r->schemas, err);
    size_t n = 0;
    for (const struct resource *const *p = resources; *p; p++)
        for (const struct route *t = (*p)->route; t->method; t++)
            n++;
    r->item = calloc(n + 1, sizeof(*r->item));
    if (rc == 0 && !r->item)
        rc = err_oom(err);
    for (const struct resource *const *p = resources; rc == 0 && *p; p++)
        for (const struct route *t = (*p)->route; rc == 0 && t->method; t++) {
            struct compiled *c = &r->item[r->n];
            json_t *answer;
            *c = (struct compiled){.route = t, .resource = *p, .index = r->n++};
            rc = find_schema(r, t, t->query, &c->query, err);
            if (rc == 0)
                rc = find_schema(r, t, t->body, &c->body, err);
            if (rc == 0)
                rc = find_schema(r, t, t->response, &answer, err);
        }
    return rc;
}

void router_fini(struct router *r)
{
    free(r->item);
    json_decref(r->schemas);
    *r = (struct router){0};
}

void params_fini(struct params *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->value[i]);
    p->n = 0;
}

char *url_decode(const char *s, size_t len, bool plus, int *ret_rc)
{
    char *out = malloc(len + 1);
    size_t n = 0;
    *ret_rc = out ? 0 : -ENOMEM;
    for (size_t i = 0; out && i < len; i++) {
        char c = s[i];
        if (c == '+' && plus)
            c = ' ';
        else if (c == '%') {
            int hi = i + 2 < len ? hex_value(s[i + 1]) : -1,
                lo = i + 2 < len ? hex_value(s[i + 2]) : -1;
            c = hi >= 0 && lo >= 0 ? (char)(hi << 4 | lo) : '\0';
            i += 2;
        }
        if (c == '\0') {
            *ret_rc = -EILSEQ;
            break;
        }
        out[n++] = c;
    }
    if (out && *ret_rc == 0 && !utf8_valid(out, n))
        *ret_rc = -EILSEQ;
    if (*ret_rc < 0) {
        free(out);
        return NULL;
    }
    out[n] = '\0';
    return out;
}

int url_query(const char *s, const json_t *schema, json_t **ret, struct docfs_err *err)
{
    const json_t *members = json_object_get(schema, "properties");
    json_t *o = json_object();
    int rc = o ? 0 : -ENOMEM;
    for (size_t fields = 0; rc == 0 && *s; fields++) {
        size_t len = strcspn(s, "&"), eq = strcspn(s, "=&");
        _cleanup_free_ char *key = url_decode(s, eq, true, &rc);
        _cleanup_free_ char *value = NULL;
        if (rc == 0)
            value = url_decode(s + eq + (eq < len), len - eq - (eq < len), true, &rc);
        if (rc == 0 && fields >= 64)
            rc = -E2BIG;
        if (rc == 0 && *key) {
            const json_t *m = json_object_get(members, key);
            const char *type = json_string_value(json_object_get(m, "type"));
            json_t *text = json_string(value);
            json_t *list = json_object_get(o, key);
            if (type && strcmp(type, "array") == 0) {
                if (!list)
                    json_object_set_new(o, key, list = json_array());
                rc = json_array_append_new(list, text) < 0 ? -ENOMEM : 0;
            } else {
                rc = json_object_set_new(o, key, text) < 0 ? -ENOMEM : 0;
            }
        }
        s += len + (s[len] == '&');
    }
    if (rc < 0) {
        json_decref(o);
        return err_set(err, rc,
                       rc == -E2BIG ? "the query has more than 64 parameters"
                       : rc == -EILSEQ
                           ? "the query is badly encoded: percent escapes of UTF-8 text "
                             "are wanted"
                           : "out of memory");
    }
    *ret = o;
    return 0;
}

int pattern_index(const char *pattern, const char *name)
{
    size_t len = strlen(name);
    int i = 0;
    for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{'), i++)
        if (strncmp(p + 1, name, len) == 0 && (p[1 + len] == '}' || p[1 + len] == '.'))
            return i;
    return -1;
}

/* Fills params with undecoded pieces (start, length). */
struct piece {
    const char *at;
    size_t len;
};

static bool match(const char *pattern, const char *path, struct piece *piece, size_t *n)
{
    *n = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (*pattern++ != *path++)
                return false;
            continue;
        }
        const char *end = strchr(pattern, '}');
        bool rest = end[-1] == '.';
        size_t len = rest ? strlen(path) : strcspn(path, "/");
        if ((!len && !rest) || *n >= PARAMS_MAX)
            return false;
        piece[(*n)++] = (struct piece){path, len};
        path += len;
        pattern = end + 1;
    }
    return *path == '\0';
}

static size_t common(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n] && a[n] != '{')
        n++;
    return n;
}

const struct compiled *router_find(const struct router *r, const char *method, const char *path,
                                   struct params *ret, char ret_allowed[64],
                                   const struct resource **ret_resource, int *ret_rc)
{
    struct piece piece[PARAMS_MAX];
    size_t n, best = 0;
    const char *want = strcmp(method, "HEAD") == 0 ? "GET" : method;
    ret_allowed[0] = '\0';
    *ret_resource = NULL;
    *ret_rc = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct route *t = r->item[i].route;
        if (!match(t->pattern, path, piece, &n)) {
            size_t shared = common(t->pattern, path);
            if (shared > best) {
                best = shared;
                *ret_resource = r->item[i].resource;
            }
            continue;
        }
        if (strcmp(t->method, want) != 0) {
            if (strlen(ret_allowed) + strlen(t->method) + 12 < 64 &&
                !strstr(ret_allowed, t->method))
                sprintf(ret_allowed + strlen(ret_allowed), "%s%s", *ret_allowed ? ", " : "",
                        strcmp(t->method, "GET") == 0 ? "GET, HEAD" : t->method);
            if (!*ret_resource || best < SIZE_MAX)
                *ret_resource = r->item[i].resource;
            best = SIZE_MAX;
            continue;
        }
        *ret_resource = r->item[i].resource;
        for (size_t k = 0; k < n && *ret_rc == 0; k++) {
            ret->value[k] = url_decode(piece[k].at, piece[k].len, false, ret_rc);
            ret->n += ret->value[k] != NULL;
        }
        return &r->item[i];
    }
    return NULL;
}
