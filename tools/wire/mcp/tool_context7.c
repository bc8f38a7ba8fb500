/* SPDX-License-Identifier: MIT
 * The two tools of Context7. As there, an id that leads nowhere is an answer in words. */
#include "tools/wire/context7.h"
#include "tools/wire/mcp/internal.h"

json_t *tool_resolve_library_id(struct mcp_request *q, const json_t *args, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {0};
    json_t *list =
        context7_libraries(q->d, mcp_string(args, "libraryName"), mcp_string(args, "query"), err);
    if (!list)
        return NULL;
    context7_libraries_text(list, &out);
    json_decref(list);
    return mcp_result(&out, json_null(), err);
}

json_t *tool_query_docs(struct mcp_request *q, const json_t *args, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {0};
    struct context7_ask ask = {.id = mcp_string(args, "libraryId"),
                               .query = mcp_string(args, "query"),
                               .door = q->m->opt.door};
    struct docfs_err why = {0};
    json_t *context = context7_context(q->d, &ask, &why);
    if (!context && why.code != -ENOENT && why.code != -ESRCH && why.code != -EINVAL) {
        if (err)
            *err = why;
        return NULL;
    }
    if (context)
        context7_context_text(context, CONTEXT7_ALL, &out);
    else
        buf_adds(&out, why.text);
    json_decref(context);
    if (!out.len)
        buf_addf(&out,
                 "Documentation not found or not finalized for this library: nothing in %s "
                 "answers this. Try other words, or resolve-library-id again.",
                 ask.id);
    return mcp_result(&out, json_null(), err);
}
