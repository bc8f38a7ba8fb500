/* SPDX-License-Identifier: MIT
 * What clients of docfs serve send: multipart bodies, query strings, JSON bodies. */
#include <string.h>
#include "core/util/cleanup.h"
#include "tools/sidecar/internal.h"
#include "tools/sidecar/multipart.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void multipart(const char *text, size_t size)
{
    struct parts p = {0};
    if (multipart_parse(text, size, "b", &p, NULL) < 0)
        return;
    size_t sum = 0;
    for (size_t i = 0; i < p.n; i++) {
        const struct part *x = &p.item[i];
        if (x->data < text || x->data + x->len > text + size)
            __builtin_trap();
        sum += strlen(x->name) + strlen(x->type) + (x->filename ? strlen(x->filename) : 0);
    }
    (void)sum;
    parts_fini(&p);
}

/* Query and body against the same schema. */
static void checked(const char *text, size_t size)
{
    static json_t *schema;
    if (!schema)
        schema =
            json_loads("{\"type\":\"object\",\"required\":[\"q\"],\"properties\":{"
                       "\"q\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":20},"
                       "\"n\":{\"type\":\"integer\",\"minimum\":1,\"maximum\":9,\"default\":3},"
                       "\"r\":{\"type\":\"number\"},\"b\":{\"type\":\"boolean\"},"
                       "\"l\":{\"type\":\"array\",\"maxItems\":3,\"items\":{\"type\":\"integer\"}},"
                       "\"a\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"string\"}]}}}",
                       0, NULL);
    _cleanup_free_ char *s = strndup(text, size);
    json_t *o;
    if (s && url_query(s, schema, &o, NULL) == 0) {
        schema_coerce(NULL, schema, o, NULL);
        json_decref(o);
    }
    o = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
    if (o)
        schema_check(NULL, schema, o, NULL);
    json_decref(o);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    _cleanup_free_ char *s = strndup((const char *)data, size);
    if (s)
        multipart_boundary(s, boundary);
    multipart((const char *)data, size);
    checked((const char *)data, size);
    return 0;
}
