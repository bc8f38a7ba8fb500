/* SPDX-License-Identifier: MIT
 * tools/list and tools/call. The tools are described in texts.json; what they are given is checked
 * against that description, and what does not fit is told to the model, which can correct it. */
#include "tools/wire/mcp/internal.h"

#include <math.h>
#include "core/util/suggest.h"

static const struct {
    const char *name;
    mcp_tool_fn *run;
} functions[] = {
    {"search_docs", tool_search_docs},
    {"read_document", tool_read_document},
    {"list_collections", tool_list_collections},
    {"similar_documents", tool_similar_documents},
    {"resolve-library-id", tool_resolve_library_id},
    {"query-docs", tool_query_docs},
    {"ingest_source", tool_ingest_source},
    {"job_status", tool_job_status},
    {"feedback", tool_feedback},
};

json_int_t mcp_integer(const json_t *args, const char *key, json_int_t fallback)
{
    json_t *v = json_object_get(args, key);
    return json_is_integer(v) ? json_integer_value(v) : fallback;
}

json_t *mcp_result(const struct buf *text, json_t *structured, struct docfs_err *err)
{
    if (!structured || buf_status(text) < 0) {
        json_decref(structured);
        err_oom(err);
        return NULL;
    }
    json_t *r = json_pack("{s:[{s:s, s:o}]}", "content", "type", "text", "text",
                          wire_textn(buf_text(text), text->len));
    if (r && !json_is_null(structured))
        json_object_set(r, "structuredContent", structured);
    json_decref(structured);
    return r;
}

static bool may_use(const struct mcp_request *q, const json_t *tool)
{
    return q->call->may_write ||
           json_is_true(json_object_get(json_object_get(tool, "annotations"), "readOnlyHint"));
}

json_t *mcp_tools_list(struct mcp_request *q, struct mcp_fault *f)
{
    json_t *list = json_array(), *tool;
    size_t i;
    json_array_foreach(q->m->tools, i, tool) if (may_use(q, tool)) json_array_append(list, tool);
    return mcp_page(q, "tools", list, f);
}

/* ---- arguments ---- */

/* Names that models make up for arguments that are called otherwise. */
static const struct {
    const char *tool, *wrong, *right;
} repairs[] = {
    {"resolve-library-id", "userQuery", "query"},
    {"resolve-library-id", "question", "query"},
    {"resolve-library-id", "library", "libraryName"},
    {"query-docs", "userQuery", "query"},
    {"query-docs", "question", "query"},
    {"query-docs", "topic", "query"},
    {"query-docs", "context7CompatibleLibraryID", "libraryId"},
    {"query-docs", "libraryID", "libraryId"},
    {"query-docs", "libraryName", "libraryId"},
};

static void repair(const char *tool, json_t *args)
{
    for (size_t i = 0; i < sizeof(repairs) / sizeof(*repairs); i++) {
        json_t *v = json_object_get(args, repairs[i].wrong);
        if (v && strcmp(repairs[i].tool, tool) == 0 && !json_object_get(args, repairs[i].right)) {
            json_object_set(args, repairs[i].right, v);
            json_object_del(args, repairs[i].wrong);
        }
    }
}

static int check_string(const char *key, const json_t *schema, const char *s, struct docfs_err *err)
{
    size_t len = strlen(s);
    json_t *choices = json_object_get(schema, "enum"), *one;
    if (len < (size_t)mcp_integer(schema, "minLength", 0) || (len && s[strspn(s, " \t\n")] == 0))
        return err_set(err, -EINVAL, "%s must not be empty", key);
    if ((json_int_t)len > mcp_integer(schema, "maxLength", (json_int_t)MCP_MESSAGE_MAX))
        return err_set(err, -EINVAL, "%s may have %lld bytes", key,
                       (long long)mcp_integer(schema, "maxLength", 0));
    if (!choices)
        return 0;
    _cleanup_buf_ struct buf all = {0};
    size_t i;
    json_array_foreach(choices, i, one)
    {
        if (strcmp(json_string_value(one), s) == 0)
            return 0;
        buf_addf(&all, "%s%s", i ? ", " : "", json_string_value(one));
    }
    return err_set(err, -EINVAL, "%s must be one of %s", key, buf_text(&all));
}

/* Models write numbers as strings and 3.0 for 3: taken for what is meant. */
static int check_value(const char *key, const json_t *schema, json_t *args, struct docfs_err *err)
{
    json_t *v = json_object_get(args, key);
    const char *type = mcp_string(schema, "type");
    if (strcmp(type, "string") == 0)
        return json_is_string(v) ? check_string(key, schema, json_string_value(v), err)
                                 : err_set(err, -EINVAL, "%s must be a string", key);
    if (strcmp(type, "boolean") == 0) {
        const char *s = json_string_value(v);
        if (s && (strcmp(s, "true") == 0 || strcmp(s, "false") == 0))
            json_object_set_new(args, key, json_boolean(*s == 't'));
        else if (!json_is_boolean(v))
            return err_set(err, -EINVAL, "%s must be true or false", key);
        return 0;
    }
    if (strcmp(type, "array") == 0) {
        json_t *one;
        size_t i;
        bool fits = json_is_array(v) && json_array_size(v) <= 100;
        json_array_foreach(v, i, one) fits = fits && json_is_string(one);
        return fits ? 0 : err_set(err, -EINVAL, "%s must be an array of at most 100 strings", key);
    }
    char *end = NULL;
    double n = json_is_string(v) ? strtod(json_string_value(v), &end) : json_number_value(v);
    if ((end && (*end || end == json_string_value(v))) || (!end && !json_is_number(v)) ||
        n != floor(n) || fabs(n) > 1e15)
        return err_set(err, -EINVAL, "%s must be a whole number", key);
    json_int_t low = mcp_integer(schema, "minimum", 0), high = mcp_integer(schema, "maximum", 0);
    if ((json_int_t)n < low || (high && (json_int_t)n > high))
        return high ? err_set(err, -EINVAL, "%s must be %lld to %lld", key, (long long)low,
                              (long long)high)
                    : err_set(err, -EINVAL, "%s must be at least %lld", key, (long long)low);
    json_object_set_new(args, key, json_integer((json_int_t)n));
    return 0;
}

static int check_args(const json_t *schema, json_t *args, struct docfs_err *err)
{
    json_t *properties = json_object_get(schema, "properties"), *one, *required;
    const char *key;
    void *next;
    size_t i;
    json_object_foreach_safe(args, next, key, one)
    {
        json_t *s = json_object_get(properties, key);
        if (json_is_null(one)) {
            json_object_del(args, key); /* left out, said the long way */
            continue;
        }
        int r = s ? check_value(key, s, args, err) : 0;
        if (r < 0)
            return r;
        if (!s && json_is_false(json_object_get(schema, "additionalProperties"))) {
            struct suggest near = suggest_start(key);
            const char *name;
            json_object_foreach(properties, name, required) suggest_offer(&near, name);
            const char *best = suggest_best(&near);
            return err_set(err, -EINVAL, "there is no argument '%.100s'%s%s%s", key,
                           best ? "; did you mean '" : "", best ? best : "", best ? "'?" : "");
        }
    }
    json_array_foreach(json_object_get(schema, "required"), i, required)
    {
        if (!json_object_get(args, json_string_value(required)))
            return err_set(err, -EINVAL, "the argument '%s' is missing",
                           json_string_value(required));
    }
    return 0;
}

/* ---- calls ---- */

static json_t *find_tool(struct mcp_request *q, const char *name)
{
    json_t *tool;
    size_t i;
    json_array_foreach(q->m->tools, i, tool) if (strcmp(mcp_string(tool, "name"), name) == 0 &&
                                                 may_use(q, tool)) return tool;
    return NULL;
}

json_t *mcp_tools_call(struct mcp_request *q, struct mcp_fault *f)
{
    const char *name = mcp_string(q->params, "name");
    json_t *tool = name ? find_tool(q, name) : NULL,
           *given = json_object_get(q->params, "arguments");
    if (!name)
        return mcp_fail(f, MCP_INVALID_PARAMS, "tools/call needs params.name");
    if (!tool)
        return mcp_fail(f, MCP_INVALID_PARAMS, "Unknown tool: %.128s", name);
    if (given && !json_is_object(given) && !json_is_null(given))
        return mcp_fail(f, MCP_INVALID_PARAMS, "params.arguments must be an object");

    mcp_tool_fn *run = NULL;
    for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
        if (strcmp(functions[i].name, name) == 0)
            run = functions[i].run;
    struct docfs_err err = {0};
    json_t *args = json_is_object(given) ? json_copy(given) : json_object(), *result = NULL;
    if (!args || !run)
        return mcp_fail_oom(f);
    repair(name, args);
    if (check_args(json_object_get(tool, "inputSchema"), args, &err) == 0)
        result = run(q, args, &err);
    json_decref(args);
    if (!result && err.code == -ENOMEM)
        return mcp_fail_oom(f);
    if (!result)
        result = json_pack("{s:[{s:s, s:o}], s:b}", "content", "type", "text", "text",
                           wire_text(err.text), "isError", 1);
    return result;
}
