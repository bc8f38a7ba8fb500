/* SPDX-License-Identifier: MIT
 * The OpenAPI document, made of the table that also routes and checks. */
#include <string.h>

#include "tools/sidecar/internal.h"

static json_t *ref(const char *schema)
{
    return json_pack("{s:s++}", "$ref", "#/components/schemas/", schema, "");
}

static json_t *content(const char *type, const char *schema)
{
    if (schema)
        return json_pack("{s:{s:o}}", type ? type : "application/json", "schema", ref(schema));
    bool binary = type && strstr(type, "multipart");
    return json_pack("{s:{s:{s:s}}}", type ? type : "application/json", "schema", "type",
                     binary || !type ? "object" : "string");
}

/* "/content/{id}" -> its parameters; "{path...}" is written "{path}" in the document. */
static void path_params(const char *pattern, json_t *list)
{
    for (const char *p = strchr(pattern, '{'); p; p = strchr(p + 1, '{')) {
        size_t len = strcspn(p + 1, ".}");
        json_array_append_new(list,
                              json_pack("{s:s#, s:s, s:b, s:{s:s}}", "name", p + 1, (int)len, "in",
                                        "path", "required", 1, "schema", "type", "string"));
    }
}

static void query_params(const struct compiled *c, json_t *list)
{
    const char *key;
    json_t *sub, *name;
    json_object_foreach(json_object_get(c->query, "properties"), key, sub)
    {
        bool required = false;
        size_t i;
        json_array_foreach(json_object_get(c->query, "required"), i, name) required =
            required || strcmp(json_string_value(name), key) == 0;
        json_t *p = json_pack("{s:s, s:s, s:b, s:O}", "name", key, "in", "query", "required",
                              (int)required, "schema", sub);
        const char *text = json_string_value(json_object_get(sub, "description"));
        if (text)
            json_object_set_new(p, "description", json_string(text));
        if (json_is_array(json_object_get(sub, "items")) ||
            json_is_object(json_object_get(sub, "items")))
            json_object_set_new(p, "explode", json_false());
        json_array_append_new(list, p);
    }
}

static json_t *operation(const struct compiled *c)
{
    const struct route *t = c->route;
    char code[8];
    snprintf(code, sizeof(code), "%d", t->status ? t->status : 200);
    json_t *params = json_array();
    path_params(t->pattern, params);
    query_params(c, params);
    json_t *ok = json_pack("{s:s}", "description", t->summary);
    bool empty = !t->response && !t->type;
    if (!empty)
        json_object_set_new(ok, "content", content(t->type, t->response));
    bool own = c->resource->error != NULL;
    json_t *failed =
        own ? json_pack("{s:s}", "description", "What went wrong, in the form of this interface")
            : json_pack("{s:s, s:{s:{s:o}}}", "description", "What went wrong (RFC 9457)",
                        "content", "application/problem+json", "schema", ref("Problem"));
    json_t *o = json_pack("{s:s, s:s, s:[s], s:o, s:{s:o, s:O, s:o}}", "operationId", t->id,
                          "summary", t->summary, "tags", c->resource->name, "parameters", params,
                          "responses", code, ok, "4XX", failed, "5XX", failed);
    if (!o)
        return NULL;
    if (t->body)
        json_object_set_new(
            o, "requestBody",
            json_pack("{s:b, s:o}", "required", 1, "content", content(t->body_type, t->body)));
    else if (t->flags & (ROUTE_UPLOAD | ROUTE_RAW_BODY))
        json_object_set_new(
            o, "requestBody",
            json_pack("{s:b, s:o}", "required", 1, "content",
                      content(t->body_type ? t->body_type : "multipart/form-data", NULL)));
    if (t->scope == SCOPE_PUBLIC)
        json_object_set_new(o, "security", json_array());
    else
        json_object_set_new(o, "x-scope",
                            json_string(t->scope & SCOPE_ADMIN   ? "admin"
                                        : t->scope & SCOPE_WRITE ? "write"
                                                                 : "read"));
    return o;
}

static char *plain_path(const char *pattern)
{
    struct buf b = {0};
    for (const char *p = pattern; *p; p++)
        if (strncmp(p, "...", 3) == 0)
            p += 2;
        else
            buf_addc(&b, *p);
    return buf_steal(&b, NULL);
}

/* Puts every schema that value refers to into used, and what those refer to. */
static void mark(const json_t *all, json_t *value, json_t *used)
{
    const char *key;
    json_t *sub;
    size_t i;
    json_array_foreach(value, i, sub) mark(all, sub, used);
    json_object_foreach(value, key, sub)
    {
        const char *name = strcmp(key, "$ref") == 0 ? strrchr(json_string_value(sub), '/') : NULL;
        json_t *schema = name ? json_object_get(all, name + 1) : NULL;
        if (schema && !json_object_get(used, name + 1)) {
            json_object_set(used, name + 1, schema);
            mark(all, schema, used);
        }
        mark(all, sub, used);
    }
}

json_t *openapi_document(const struct router *r, const char *base)
{
    json_t *paths = json_object(), *tags = json_array();
    for (size_t i = 0; i < r->n; i++) {
        const struct route *t = r->item[i].route;
        if (t->flags & ROUTE_UNLISTED)
            continue;
        _cleanup_free_ char *path = plain_path(t->pattern);
        char method[16];
        size_t k = 0;
        for (; t->method[k] && k < sizeof(method) - 1; k++)
            method[k] = (char)(t->method[k] | 32);
        method[k] = '\0';
        json_t *item = json_object_get(paths, path);
        if (!item)
            json_object_set_new(paths, path, item = json_object());
        json_object_set_new(item, method, operation(&r->item[i]));
    }
    for (const struct resource *const *p = resources; *p; p++)
        json_array_append_new(
            tags, json_pack("{s:s, s:s}", "name", (*p)->name, "description", (*p)->text));
    json_t *used = json_object();
    mark(r->schemas, paths, used);
    return json_pack(
        "{s:s, s:{s:s, s:s, s:s, s:{s:s, s:s}}, s:[{s:s}], s:o, s:[{s:[]}, {}], s:o, s:{s:o, "
        "s:{s:{s:s, s:s, s:s}}}}",
        "openapi", "3.1.0", "info", "title", "docfs", "version", docfs_version(), "description",
        "A documentation cache over HTTP. On a loopback address no token is needed unless the "
        "server says so.",
        "license", "name", "MIT", "identifier", "MIT", "servers", "url", base, "tags", tags,
        "security", "token", "paths", paths, "components", "schemas", used, "securitySchemes",
        "token", "type", "http", "scheme", "bearer", "description",
        "Made with docfs token create; scopes read, write, admin");
}
