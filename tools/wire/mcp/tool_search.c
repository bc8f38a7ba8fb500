/* SPDX-License-Identifier: MIT */
#include "core/util/suggest.h"
#include "tools/wire/mcp/internal.h"

#define LIMIT 10
#define TOKENS 8000

static bool unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~/@+!$&'()*,;=:", c));
}

void mcp_uri(struct buf *b, const char *kind, const char *collection, const char *path)
{
    const char *part[] = {collection, path ? "/" : "", path ? path : ""};
    buf_addf(b, "docfs://%s/", kind);
    for (size_t i = 0; i < 3; i++)
        for (const unsigned char *p = (const unsigned char *)part[i]; *p; p++)
            if (unreserved(*p))
                buf_addc(b, (char)*p);
            else
                buf_addf(b, "%%%02X", *p);
}

/* "demo@1/guide.md:3-9" */
static void add_place(struct buf *b, const struct docfs_hit *h)
{
    buf_addf(b, "%s/%s:%u-%u", h->collection, h->path, h->line,
             h->line + (h->lines ? h->lines - 1 : 0));
}

static void add_hit_text(struct buf *b, const struct docfs_hit *h, size_t rank, const char *text)
{
    buf_addf(b, "%zu. %s\n   ", rank, h->heading && *h->heading ? h->heading : h->title);
    add_place(b, h);
    for (unsigned i = 0, n = 0; i < DOCFS_SIGNS; i++)
        if (h->signs & 1u << i)
            buf_addf(b, "%s%s", n++ ? ", " : "\n   flagged: ", docfs_sign_name(1u << i));
    if (h->url && *h->url)
        buf_addf(b, "\n   %s", h->url);
    if (text)
        buf_addf(b, "\n\n%s\n", text);
    else
        buf_addf(b, "\n   %s\n", h->snippet ? h->snippet : "");
}

/* One hit in both forms, as far as *room bytes allow. */
static json_t *render_hit(struct docfs *d, const struct docfs_results *r, size_t i, bool text,
                          bool explain, size_t *room, struct buf *out)
{
    const struct docfs_hit *h = &r->hit[i];
    _cleanup_buf_ struct buf uri = {0};
    _cleanup_lines_ struct wire_lines lines = {0};
    size_t before = out->len;
    if (text && wire_read_lines(d, h->content, h->size, h->line, (int64_t)h->line + h->lines - 1,
                                *room, &lines, NULL) < 0)
        text = false; /* gone since: its snippet is still true */
    buf_rtrim(&lines.text, "\n");
    json_t *o = wire_hit(h, i + 1, explain);
    mcp_uri(&uri, "documents", h->collection, h->path);
    if (!o || buf_status(&uri) < 0) {
        json_decref(o);
        return NULL;
    }
    json_object_set_new(o, "uri", json_string(uri.data));
    json_object_set_new(o, "below_min", json_boolean(i >= r->n - r->below));
    if (text && lines.text.data)
        json_object_set_new(o, "text", wire_textn(lines.text.data, lines.text.len));
    add_hit_text(out, h, i + 1, text ? lines.text.data : NULL);
    size_t used = out->len - before;
    *room -= used < *room ? used : *room;
    return o;
}

/* Results as a list for the model and as the structure of the wire. */
static json_t *render(struct docfs *d, struct docfs_results *r, bool text, bool explain,
                      size_t room, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {0};
    json_t *hits = json_array(), *o;
    if (r->note && *r->note)
        buf_addf(&out, "%s\n\n", r->note);
    if (!r->n && !out.len)
        buf_adds(&out, "Nothing was found.\n");
    size_t i;
    for (i = 0; i < r->n && room > 0; i++) {
        o = render_hit(d, r, i, text, explain, &room, &out);
        if (!o || json_array_append_new(hits, o) < 0) {
            json_decref(hits);
            err_oom(err);
            return NULL;
        }
    }
    if (i < r->n)
        buf_addf(&out,
                 "\n%zu more left out for want of room: raise max_tokens or narrow the query.\n",
                 r->n - i);
    json_t *message = wire_results(r, false);
    if (message)
        json_object_set_new(message, "hits", hits);
    else
        json_decref(hits);
    return mcp_result(&out, message, err);
}

/* A collection that does not exist would just find nothing: say so instead. */
static int check_collection(struct docfs *d, const char *name, struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    int r = docfs_collections(d, &all, err);
    if (r < 0)
        return r;
    struct suggest near = suggest_start(name);
    size_t len = strlen(name);
    for (size_t i = 0; i < all->n; i++) {
        const char *have = all->item[i].name;
        if (strncmp(have, name, len) == 0 && (!have[len] || have[len] == '@'))
            return 0;
        suggest_offer_versioned(&near, have);
    }
    const char *best = suggest_best(&near);
    return err_set(err, -EINVAL,
                   "no collection is called '%.200s'%s%s%s; list_collections tells "
                   "what is there",
                   name, best ? ", did you mean '" : "", best ? best : "", best ? "'?" : "");
}

json_t *tool_search_docs(struct mcp_request *q, const json_t *args, struct docfs_err *err)
{
    const char *in[] = {mcp_string(args, "collection"), NULL};
    struct wire_ask ask = {.query = mcp_string(args, "query"),
                           .in = in[0] && *in[0] ? in : NULL,
                           .mode = mcp_string(args, "mode"),
                           .k = (unsigned)mcp_integer(args, "limit", LIMIT),
                           .door = q->m->opt.door};
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    if ((ask.in && check_collection(q->d, in[0], err) < 0) || wire_ask(q->d, &ask, &r, err) < 0)
        return NULL;
    docfs_opens_settle(q->m->opens, false);
    if (q->call->may_write)
        docfs_opens_answered(q->m->opens, ask.query, r);
    return render(q->d, r, json_is_true(json_object_get(args, "text")),
                  json_is_true(json_object_get(args, "explain")),
                  (size_t)mcp_integer(args, "max_tokens", TOKENS) * WIRE_TOKEN_BYTES, err);
}

json_t *tool_similar_documents(struct mcp_request *q, const json_t *args, struct docfs_err *err)
{
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    int64_t id = 0;
    if (docfs_resolve(q->d, mcp_string(args, "document"), &id, err) < 0 ||
        docfs_similar(q->d, id, (unsigned)mcp_integer(args, "limit", LIMIT), &r, err) < 0)
        return NULL;
    return render(q->d, r, false, false, (size_t)TOKENS * WIRE_TOKEN_BYTES, err);
}
