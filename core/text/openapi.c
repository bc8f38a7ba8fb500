/* SPDX-License-Identifier: MIT
 * OpenAPI 2.0, 3.0 and 3.1 (JSON or YAML): an overview, and one page per tag, or per first path
 * segment for operations without a tag. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/text/convert.h"
#include "core/text/name.h"
#include "core/text/yaml.h"
#include "core/util/cleanup.h"

#define SCHEMA_DEPTH 4   /* levels of fields shown */
#define REFS_MAX 32      /* $ref steps followed from one place */
#define EXAMPLE_MAX 2000 /* bytes */

struct api {
    json_t *root;
    const struct convert_limits *limits;
};

static const char *text_of(json_t *o, const char *key)
{
    json_t *v = json_object_get(o, key);
    return json_is_string(v) ? json_string_value(v) : "";
}

/* Follows local references "#/components/schemas/Pet"; others stay as they are. */
static json_t *resolve(const struct api *a, json_t *o)
{
    for (int steps = 0; steps < REFS_MAX; steps++) {
        const char *ref = text_of(o, "$ref");
        if (strncmp(ref, "#/", 2) != 0)
            return o;
        json_t *v = a->root;
        for (const char *p = ref + 2; v && *p;) {
            char key[256];
            size_t n = 0;
            for (; *p && *p != '/'; p++) {
                char c = *p;
                if (c == '~' && (p[1] == '0' || p[1] == '1'))
                    c = *++p == '1' ? '/' : '~';
                if (n < sizeof(key) - 1)
                    key[n++] = c;
            }
            key[n] = '\0';
            p += *p == '/';
            v = json_object_get(v, key);
        }
        if (!v || v == o)
            return o;
        o = v;
    }
    return o;
}

static const char *ref_name(json_t *o)
{
    const char *slash = strrchr(text_of(o, "$ref"), '/');
    return slash ? slash + 1 : "";
}

/* Text on one line, with what ends a table cell escaped. */
static void add_cell(struct buf *b, const char *s)
{
    for (; *s; s++) {
        if (*s == '|')
            buf_addc(b, '\\');
        buf_addc(b, *s == '\n' || *s == '\r' ? ' ' : *s);
    }
}

static void add_type(const struct api *a, struct buf *b, json_t *schema)
{
    const char *ref = ref_name(schema);
    json_t *s = resolve(a, schema), *type = json_object_get(s, "type"), *v;
    size_t i;
    if (*ref)
        buf_adds(b, ref);
    else if (json_is_array(type))
        json_array_foreach(type, i, v)
            buf_addf(b, "%s%s", i ? " or " : "", json_is_string(v) ? json_string_value(v) : "");
    else if (strcmp(text_of(s, "type"), "array") == 0) {
        buf_adds(b, "array of ");
        const char *item = ref_name(json_object_get(s, "items"));
        buf_adds(b, *item ? item : text_of(json_object_get(s, "items"), "type"));
    } else
        buf_adds(b, text_of(s, "type"));
    if (*text_of(s, "format"))
        buf_addf(b, " (%s)", text_of(s, "format"));
    json_t *values = json_object_get(s, "enum");
    if (json_array_size(values)) {
        buf_adds(b, ": one of");
        json_array_foreach(values, i, v) if (i < 30 && json_is_string(v))
            buf_addf(b, "%s `%s`", i ? "," : "", json_string_value(v));
    }
}

static bool is_required(json_t *schema, const char *key)
{
    size_t i;
    json_t *v;
    json_array_foreach(json_object_get(schema, "required"), i,
                       v) if (json_is_string(v) &&
                              strcmp(json_string_value(v), key) == 0) return true;
    return false;
}

static void add_fields(const struct api *a, struct buf *b, json_t *schema, unsigned depth)
{
    static const char *const combined[] = {"allOf", "oneOf", "anyOf"};
    if (depth >= SCHEMA_DEPTH)
        return;
    json_t *s = resolve(a, schema), *v;
    const char *key;
    size_t i;
    if (strcmp(text_of(s, "type"), "array") == 0)
        s = resolve(a, json_object_get(s, "items"));
    for (size_t k = 0; k < 3; k++)
        json_array_foreach(json_object_get(s, combined[k]), i, v) add_fields(a, b, v, depth + 1);
    json_object_foreach(json_object_get(s, "properties"), key, v)
    {
        json_t *field = resolve(a, v);
        buf_addf(b, "%*s- `%s` ", (int)depth * 2, "", key);
        add_type(a, b, v);
        if (is_required(s, key))
            buf_adds(b, ", required");
        if (*text_of(field, "description")) {
            buf_adds(b, ": ");
            add_cell(b, text_of(field, "description"));
        }
        buf_addc(b, '\n');
        add_fields(a, b, v, depth + 1);
    }
}

static void add_example(struct buf *b, json_t *example)
{
    if (!example)
        return;
    char *text = json_dumps(example, JSON_INDENT(2) | JSON_ENCODE_ANY);
    if (text && strlen(text) <= EXAMPLE_MAX)
        buf_addf(b, "\n```json\n%s\n```\n", text);
    free(text);
}

static void add_content(const struct api *a, struct buf *b, json_t *holder)
{
    const char *mime;
    json_t *media, *schema = json_object_get(holder, "schema");
    if (schema) { /* 2.0 */
        add_fields(a, b, schema, 0);
        return;
    }
    json_object_foreach(json_object_get(holder, "content"), mime, media)
    {
        buf_addf(b, "`%s` ", mime);
        add_type(a, b, json_object_get(media, "schema"));
        buf_adds(b, "\n\n");
        add_fields(a, b, json_object_get(media, "schema"), 0);
        add_example(b, json_object_get(media, "example"));
    }
}

static void add_parameters(const struct api *a, struct buf *b, json_t *list, json_t *common)
{
    size_t i;
    json_t *v, *lists[2] = {common, list};
    if (json_array_size(list) + json_array_size(common) == 0)
        return;
    buf_adds(b, "### Parameters\n\n| name | in | type | required | description |\n"
                "|---|---|---|---|---|\n");
    for (int k = 0; k < 2; k++)
        json_array_foreach(lists[k], i, v)
        {
            json_t *p = resolve(a, v), *schema = json_object_get(p, "schema");
            buf_addf(b, "| `%s` | %s | ", text_of(p, "name"), text_of(p, "in"));
            add_type(a, b, schema ? schema : p);
            buf_addf(b, " | %s | ", json_is_true(json_object_get(p, "required")) ? "yes" : "no");
            add_cell(b, text_of(p, "description"));
            buf_adds(b, " |\n");
        }
    buf_addc(b, '\n');
}

static void add_operation(const struct api *a, struct buf *b, const char *method, const char *path,
                          json_t *op, json_t *item)
{
    buf_adds(b, "## ");
    for (const char *p = method; *p; p++)
        buf_addc(b, (char)(*p & ~0x20));
    buf_addf(b, " %s\n\n", path);
    if (*text_of(op, "summary"))
        buf_addf(b, "%s\n\n", text_of(op, "summary"));
    if (*text_of(op, "description"))
        buf_addf(b, "%s\n\n", text_of(op, "description"));
    if (*text_of(op, "operationId"))
        buf_addf(b, "Operation: `%s`\n\n", text_of(op, "operationId"));
    add_parameters(a, b, json_object_get(op, "parameters"), json_object_get(item, "parameters"));
    json_t *body = resolve(a, json_object_get(op, "requestBody"));
    if (body) {
        buf_adds(b, "### Request body\n\n");
        add_content(a, b, body);
        buf_addc(b, '\n');
    }
    const char *status;
    json_t *v;
    if (json_object_size(json_object_get(op, "responses")))
        buf_adds(b, "### Responses\n\n");
    json_object_foreach(json_object_get(op, "responses"), status, v)
    {
        json_t *r = resolve(a, v);
        buf_addf(b, "**%s** ", status);
        add_cell(b, text_of(r, "description"));
        buf_adds(b, "\n\n");
        add_content(a, b, r);
        buf_addc(b, '\n');
    }
}

/* ---- pages ---- */

static bool is_method(const char *s)
{
    static const char *const all[] = {"get",     "put",  "post",  "delete",
                                      "options", "head", "patch", "trace"};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (strcasecmp(all[i], s) == 0)
            return true;
    return false;
}

/* Group of an operation: its first tag, else the first segment of its path. */
static void group_of(json_t *op, const char *path, char group[128])
{
    const char *tag = json_string_value(json_array_get(json_object_get(op, "tags"), 0));
    while (!tag && *path == '/')
        path++;
    size_t n = tag ? strlen(tag) : strcspn(path, "/");
    snprintf(group, 128, "%.*s", n < 120 ? (int)n : 120, tag ? tag : path);
    if (!*group)
        strcpy(group, "root");
}

/* One walk over all operations: fn gets each with its group. */
typedef void op_fn(void *arg, const char *group, const char *method, const char *path, json_t *op,
                   json_t *item);
static void each_operation(const struct api *a, op_fn *fn, void *arg)
{
    const char *path, *method;
    json_t *item, *op;
    json_object_foreach(json_object_get(a->root, "paths"), path, item)
    {
        json_t *r = resolve(a, item);
        json_object_foreach(r, method, op) if (is_method(method) && json_is_object(op))
        {
            char group[128];
            group_of(op, path, group);
            fn(arg, group, method, path, op, r);
        }
    }
}

struct build {
    const struct api *a;
    json_t *groups; /* group -> index of its buffer */
    struct buf *page;
    size_t n, max;
    bool full;
};

static void build_operation(void *arg, const char *group, const char *method, const char *path,
                            json_t *op, json_t *item)
{
    struct build *b = arg;
    json_t *known = json_object_get(b->groups, group);
    size_t at = known ? (size_t)json_integer_value(known) : b->n;
    if (!known) {
        struct buf *p = b->n < b->max ? reallocarray(b->page, b->n + 1, sizeof(*p)) : NULL;
        if (!p) {
            b->full = true;
            return;
        }
        b->page = p;
        b->page[b->n++] = (struct buf){.limit = b->a->limits->max_output};
        json_object_set_new(b->groups, group, json_integer((json_int_t)at));
        buf_addf(&b->page[at], "# %s\n\n", group);
        size_t i;
        json_t *tag;
        json_array_foreach(json_object_get(b->a->root, "tags"), i,
                           tag) if (strcmp(text_of(tag, "name"), group) == 0 &&
                                    *text_of(tag, "description"))
            buf_addf(&b->page[at], "%s\n\n", text_of(tag, "description"));
    }
    add_operation(b->a, &b->page[at], method, path, op, item);
}

static void list_operation(void *arg, const char *group, const char *method, const char *path,
                           json_t *op, json_t *item)
{
    buf_addf(arg, "- %s %s", method, path);
    if (*text_of(op, "summary")) {
        buf_adds(arg, ": ");
        add_cell(arg, text_of(op, "summary"));
    }
    buf_addc(arg, '\n');
}

static int add_overview(const struct api *a, struct pages *ret, const char *name)
{
    _cleanup_buf_ struct buf b = {.limit = a->limits->max_output};
    json_t *info = json_object_get(a->root, "info"), *server;
    const char *title = *text_of(info, "title") ? text_of(info, "title") : "API";
    size_t i;
    buf_addf(&b, "# %s %s\n\n", title, text_of(info, "version"));
    if (*text_of(info, "description"))
        buf_addf(&b, "%s\n\n", text_of(info, "description"));
    if (json_array_size(json_object_get(a->root, "servers")))
        buf_adds(&b, "## Servers\n\n");
    json_array_foreach(json_object_get(a->root, "servers"), i, server)
        buf_addf(&b, "- %s %s\n", text_of(server, "url"), text_of(server, "description"));
    if (*text_of(a->root, "host"))
        buf_addf(&b, "Host: %s%s\n", text_of(a->root, "host"), text_of(a->root, "basePath"));
    buf_adds(&b, "\n## Operations\n\n");
    each_operation(a, list_operation, &b);
    return pages_add(ret, strdup("overview"), strdup(title), &b, NULL, NULL, name);
}

static int add_group(struct pages *ret, const char *group, struct buf *page, const char *name)
{
    char slug[SLUG_MAX + 1];
    name_slug(group, strlen(group), slug);
    for (size_t i = 0; i < ret->n; i++)
        if (strcmp(ret->item[i].part, slug) == 0) { /* "Pets" and "pets": one page each */
            size_t n = strlen(slug);
            snprintf(slug + (n < SLUG_MAX - 8 ? n : SLUG_MAX - 8), 9, "-%u",
                     (unsigned)(ret->n % 1000000));
        }
    return pages_add(ret, strdup(slug), strdup(group), page, NULL, NULL, name);
}

int convert_openapi(const char *text, size_t len, const char *name,
                    const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    json_t *root = NULL;
    int r = yaml_load(text, len, limits->max_depth, &root, err);
    if (r < 0)
        return r;
    struct api a = {.root = root, .limits = limits};
    struct build b = {.a = &a, .groups = json_object(), .max = limits->max_pages};
    if (!json_is_object(root))
        r = err_set(err, -EINVAL, "no OpenAPI object in it");
    if (r == 0)
        r = add_overview(&a, ret, name);
    if (r == 0)
        each_operation(&a, build_operation, &b);
    if (r == 0 && b.full)
        r = err_set(err, -EFBIG, "more than %u tags", limits->max_pages);
    const char *group;
    json_t *at;
    json_object_foreach(b.groups, group, at) if (r == 0) r =
        add_group(ret, group, &b.page[json_integer_value(at)], name);
    for (size_t i = 0; i < b.n; i++)
        buf_fini(&b.page[i]);
    free(b.page);
    json_decref(b.groups);
    json_decref(root);
    return r;
}
