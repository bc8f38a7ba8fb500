/* SPDX-License-Identifier: MIT
 * The passages that answer, cut into prose and code. */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include "tools/wire/ask.h"
#include "tools/wire/context7_internal.h"
#include "tools/wire/wire.h"

#define LIMIT 10
#define LIMIT_MAX 100

/* Length of a line with its end. */
static size_t line_len(const char *p, const char *end)
{
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    return nl ? (size_t)(nl - p) + 1 : (size_t)(end - p);
}

/* Characters of the fence that begins a line, 0 = none. */
static size_t fence_of(const char *p, const char *end, char *ret_mark)
{
    size_t indent = 0, n = 0;
    while (p < end && *p == ' ' && indent++ < 3)
        p++;
    if (p == end || (*p != '`' && *p != '~'))
        return 0;
    *ret_mark = *p;
    while (p + n < end && p[n] == *p)
        n++;
    return n >= 3 ? n : 0;
}

/* A fenced block from its first line on: its end, the language and the code. */
static const char *take_code(const char *p, const char *end, size_t fence, char mark, json_t *list)
{
    const char *lang = p + strspn(p, " `~"), *first = p + line_len(p, end), *q = first;
    size_t lang_len = 0;
    while (lang + lang_len < first && !strchr(" \t\r\n{,", lang[lang_len]))
        lang_len++;
    size_t n = 0;
    char m = 0;
    while (q < end && !((n = fence_of(q, end, &m)) >= fence && m == mark))
        q += line_len(q, end);
    json_array_append_new(list,
                          json_pack("{s:o, s:o}", "language",
                                    lang_len ? wire_textn(lang, lang_len) : json_string("text"),
                                    "code", wire_textn(first, (size_t)(q - first))));
    return q < end ? q + line_len(q, end) : end;
}

/* Splits a passage; the prose keeps all that is not code. */
static json_t *split(const char *text, size_t len, struct buf *prose)
{
    json_t *list = json_array();
    const char *p = text, *end = text + len;
    while (list && p < end) {
        char mark = 0;
        size_t fence = fence_of(p, end, &mark), n = line_len(p, end);
        if (fence) {
            p = take_code(p, end, fence, mark, list);
        } else {
            buf_add(prose, p, n);
            p += n;
        }
    }
    buf_rtrim(prose, "\n ");
    return list;
}

static void add_snippet(json_t *code, json_t *info, const struct docfs_hit *h, size_t rank,
                        const char *text, size_t len)
{
    _cleanup_buf_ struct buf prose = {0}, place = {0};
    const char *heading = h->heading && *h->heading ? h->heading : h->title;
    /* Where the original is; else where the document is in this cache, which any door opens. */
    if (h->url && *h->url)
        buf_adds(&place, h->url);
    else
        buf_addf(&place, "%s/%s:%u", h->collection, h->path, h->line);
    json_t *list = split(text, len, &prose);
    json_int_t tokens = (json_int_t)wire_token_count(len);
    if (json_array_size(list))
        json_array_append_new(
            code, json_pack("{s:o, s:o, s:O, s:I, s:o, s:o, s:O, s:I}", "codeTitle",
                            wire_text(heading), "codeDescription", wire_text(buf_text(&prose)),
                            "codeLanguage", json_object_get(json_array_get(list, 0), "language"),
                            "codeTokens", tokens, "codeId", wire_text(place.data), "pageTitle",
                            wire_text(h->title), "codeList", list, "rank", (json_int_t)rank));
    else
        json_array_append_new(info, json_pack("{s:o, s:o, s:o, s:I, s:I}", "pageId",
                                              wire_text(place.data), "breadcrumb",
                                              wire_text(heading), "content", wire_textn(text, len),
                                              "contentTokens", tokens, "rank", (json_int_t)rank));
    json_decref(list);
}

json_t *context7_context(struct docfs *d, const struct context7_ask *ask, struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    const struct docfs_collection *c = NULL;
    if (docfs_collections(d, &all, err) < 0 || library_find(all, ask->id, &c, err) < 0)
        return NULL;
    unsigned limit = ask->limit ? ask->limit : LIMIT, page = ask->page ? ask->page : 1;
    if (limit > LIMIT_MAX || page > LIMIT_MAX) {
        err_set(err, -EINVAL, "page and limit may be up to %d", LIMIT_MAX);
        return NULL;
    }
    size_t from = (size_t)limit * (page - 1), room = ask->tokens ? ask->tokens : CONTEXT7_TOKENS;
    unsigned k = limit * page < QUERY_K_MAX ? limit * page : QUERY_K_MAX;
    const char *in[] = {c->name, NULL};
    struct wire_ask a = {.query = ask->query && *ask->query ? ask->query : c->name,
                         .in = in,
                         .k = k,
                         .words = true,
                         .door = ask->door};
    if (wire_ask(d, &a, &r, err) < 0)
        return NULL;
    json_t *code = json_array(), *info = json_array();
    room *= WIRE_TOKEN_BYTES;
    for (size_t i = from; i < r->n && room > 0; i++) {
        const struct docfs_hit *h = &r->hit[i];
        _cleanup_lines_ struct wire_lines lines = {0};
        if (wire_read_lines(d, h->content, h->size, h->line, (int64_t)h->line + h->lines - 1, room,
                            &lines, NULL) < 0 ||
            !lines.text.len)
            continue; /* gone since */
        buf_rtrim(&lines.text, "\n ");
        room -= lines.text.len < room ? lines.text.len : room;
        add_snippet(code, info, h, i + 1, lines.text.data, lines.text.len);
    }
    return json_pack("{s:o, s:o}", "codeSnippets", code, "infoSnippets", info);
}

static void separate(struct buf *out)
{
    if (out->len)
        buf_adds(out, "\n\n--------------------------------\n\n");
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static void code_text(const json_t *one, struct buf *out)
{
    json_t *block;
    size_t i;
    buf_addf(out, "### %s\n\nSource: %s", text_of(one, "codeTitle"), text_of(one, "codeId"));
    if (*text_of(one, "codeDescription"))
        buf_addf(out, "\n\n%s", text_of(one, "codeDescription"));
    json_array_foreach(json_object_get(one, "codeList"), i, block)
        buf_addf(out, "\n\n```%s\n%s```", text_of(block, "language"), text_of(block, "code"));
}

static json_int_t rank_of(const json_t *list, size_t i)
{
    json_t *one = json_array_get(list, i);
    return one ? json_integer_value(json_object_get(one, "rank")) : INT_MAX;
}

void context7_context_text(const json_t *context, enum context7_kind kind, struct buf *out)
{
    json_t *code = kind == CONTEXT7_INFO ? NULL : json_object_get(context, "codeSnippets");
    json_t *info = kind == CONTEXT7_CODE ? NULL : json_object_get(context, "infoSnippets");
    for (size_t c = 0, i = 0; c < json_array_size(code) || i < json_array_size(info);) {
        separate(out);
        if (rank_of(code, c) < rank_of(info, i)) {
            code_text(json_array_get(code, c++), out);
        } else {
            json_t *one = json_array_get(info, i++);
            buf_addf(out, "### %s\n\nSource: %s\n\n%s", text_of(one, "breadcrumb"),
                     text_of(one, "pageId"), text_of(one, "content"));
        }
    }
}
