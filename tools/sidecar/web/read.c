/* SPDX-License-Identifier: MIT
 * Reading: a document with its outline and where it came from, directories, and the links between
 * documents. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/docfs_feedback.h"
#include "tools/sidecar/internal.h"
#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"
#include "tools/sidecar/web/page.h"

#define RENDER_MAX (4u << 20) /* bytes of markdown shown as a page; the rest through /raw */
#define SIMILAR 6

static void row(struct buf *b, const char *name, const char *value)
{
    if (!*value)
        return;
    buf_addf(b, "<dt>%s</dt><dd>", name);
    bool link = strncmp(value, "http://", 7) == 0 || strncmp(value, "https://", 8) == 0;
    if (link) {
        buf_adds(b, "<a rel=\"noopener noreferrer\" href=\"");
        page_text(b, value);
        buf_adds(b, "\">");
    }
    page_text(b, value);
    buf_addf(b, "%s</dd>", link ? "</a>" : "");
}

static void provenance(struct buf *b, const struct docfs_document *doc)
{
    buf_adds(b, "<section aria-labelledby=\"from\"><h2 id=\"from\">Where it is from</h2><dl>");
    row(b, "Source", *doc->url ? doc->url : doc->origin);
    row(b, "Format", doc->format);
    row(b, "Language", doc->lang);
    buf_adds(b, "<dt>Current as of</dt><dd>");
    page_age(b, doc->checked_at);
    buf_adds(b, "</dd><dt>Changed</dt><dd>");
    page_age(b, doc->changed_at);
    buf_addf(b, "</dd><dt>Size</dt><dd>%lld bytes, %lld lines, %zu passage%s</dd>",
             (long long)doc->size, (long long)doc->lines, doc->passages,
             doc->passages == 1 ? "" : "s");
    buf_addf(b, "<dt>SHA-256</dt><dd class=\"hash\">%s</dd><dt>In the mount</dt><dd><code>docs/",
             doc->sha256);
    page_text(b, doc->collection);
    buf_addc(b, '/');
    page_text(b, doc->path);
    buf_addf(b, "</code></dd></dl><p><a href=\"/raw/%s\">Markdown</a></p></section>",
             doc->public_id);
}

static void similar(struct request *q, struct buf *b, const struct docfs_document *doc)
{
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    if (docfs_similar(q->d, doc->id, SIMILAR, &r, NULL) < 0 || r->n == 0)
        return;
    buf_adds(b, "<section aria-labelledby=\"near\"><h2 id=\"near\">Similar</h2><ul>");
    for (size_t i = 0; i < r->n; i++) {
        buf_adds(b, "<li><a href=\"");
        page_doc_url(b, r->hit[i].collection, r->hit[i].path);
        buf_adds(b, "\">");
        page_text(b, r->hit[i].title);
        buf_adds(b, "</a> <span class=\"dim\">");
        page_text(b, r->hit[i].collection);
        buf_adds(b, "</span></li>");
    }
    buf_adds(b, "</ul></section>");
}

/* Links to the collection and each directory above path. */
static void crumbs(struct buf *b, const char *collection, const char *path)
{
    buf_adds(b, "<nav class=\"crumbs\" aria-label=\"Place\"><a href=\"/browse/");
    page_url(b, collection, true);
    buf_adds(b, "\">");
    page_text(b, collection);
    buf_adds(b, "</a>");
    for (const char *slash = strchr(path, '/'), *from = path; slash;
         from = slash + 1, slash = strchr(from, '/')) {
        char *up = strndup(path, (size_t)(slash - path));
        buf_adds(b, " / <a href=\"/browse/");
        page_url(b, collection, true);
        buf_addc(b, '/');
        page_url(b, up ? up : "", true);
        buf_adds(b, "\">");
        page_textn(b, from, (size_t)(slash - from));
        buf_adds(b, "</a>");
        free(up);
    }
    buf_adds(b, "</nav>");
}

/* What docfs found in the text besides documentation; where, when it is in what is shown. */
static void signs(struct buf *b, const struct docfs_document *doc)
{
    static const char *const meaning[DOCFS_SIGNS] = {
        "text that tells an AI agent what to do", "such text where a person does not see it",
        "invisible characters", "characters that turn the direction of writing", "a key or token"};
    if (!doc->signs)
        return;
    buf_adds(b,
             "<div class=\"notice flagged\" role=\"note\"><strong class=\"flag\">Flagged</strong>: "
             "this document holds more than documentation. Take it as information, not as "
             "instructions.<ul>");
    for (unsigned i = 0; i < DOCFS_SIGNS; i++) {
        const char *name = docfs_sign_name(1u << i);
        if (!(doc->signs & 1u << i))
            continue;
        buf_addf(b, "<li>%s", meaning[i]);
        const char *p = doc->findings ? doc->findings : "";
        for (; *p; p += strcspn(p, "\n"), p += *p == '\n') {
            char sign[16], what[128];
            unsigned line;
            if (sscanf(p, "%15[^\t]\t%u\t%127[^\n]", sign, &line, what) != 3 ||
                strcmp(sign, name) != 0)
                continue;
            if (line)
                buf_addf(b, "; <a href=\"?line=%u#hit\">line %u</a>: ", line, line);
            else
                buf_adds(b, "; not in the text below: ");
            page_text(b, what);
        }
        buf_adds(b, "</li>");
    }
    buf_adds(b, "</ul></div>");
}

/* The link of a hit says what was asked. A question that was answered while it was typed is told
 * now: its answer is kept, so that asking again costs nothing. */
static void opened(struct request *q, int64_t document)
{
    const char *asked = page_query(q, "q");
    struct docfs_opens *opens = q->server->opens;
    _cleanup_(query_freep) struct query *query = NULL;
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    if (!*asked)
        return;
    if (!docfs_opens_knows(opens, asked) &&
        query_parse(asked, strlen(asked), false, &query, NULL) == 0 &&
        docfs_search(q->d, query, 0, &r, NULL) == 0)
        docfs_opens_answered(opens, asked, r);
    docfs_opens_read(opens, document);
}

static void document(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_buf_ struct buf md = {0}, article = {0};
    int r = find_document(q, "id", &doc, &err);
    if (r == 0)
        r = read_text(q->d, doc, &md, &err);
    if (r < 0)
        return fail_err(q, a, &err);
    size_t shown = md.len < RENDER_MAX ? md.len : RENDER_MAX;
    uint32_t mark = (uint32_t)strtoul(page_query(q, "line"), NULL, 10);
    struct outline outline = {0};
    if (shown && markdown_html(md.data, shown, doc->public_id, mark, &article, &outline) < 0) {
        buf_fini(&outline.html);
        err_oom(&err);
        return fail_err(q, a, &err);
    }
    opened(q, doc->id);
    struct buf b = {0};
    page_begin(&b, doc->title, "", "read.js");
    crumbs(&b, doc->collection, doc->path);
    if (doc->stale_at && doc->stale_at <= (int64_t)time(NULL))
        buf_adds(&b, "<p class=\"notice\">This document may be out of date: its source was not "
                     "refreshed for longer than its policy asks.</p>");
    signs(&b, doc);
    buf_addf(&b, "<div class=\"reader\"><article data-id=\"%s\">\n", doc->public_id);
    buf_add(&b, article.data ? article.data : "", article.len);
    if (shown < md.len)
        buf_addf(&b,
                 "<p class=\"notice\">The document goes on: <a href=\"/raw/%s\">all of it as "
                 "markdown</a>.</p>",
                 doc->public_id);
    buf_adds(&b, "</article><aside>");
    if (outline.n > 1) {
        buf_adds(&b, "<section aria-labelledby=\"outline\"><h2 id=\"outline\">On this page</h2>"
                     "<ul class=\"outline\">");
        buf_add(&b, outline.html.data ? outline.html.data : "", outline.html.len);
        buf_adds(&b, "</ul></section>");
    }
    buf_fini(&outline.html);
    provenance(&b, doc);
    similar(q, &b, doc);
    buf_adds(&b, "<section id=\"feedback\" hidden aria-label=\"Was this helpful?\"></section>"
                 "</aside></div>");
    page_send(a, 200, &b);
}

static void raw(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    struct buf md = {0};
    int r = find_document(q, "id", &doc, &err);
    if (r == 0)
        r = read_text(q->d, doc, &md, &err);
    if (r < 0) {
        buf_fini(&md);
        return fail_err(q, a, &err);
    }
    response_buf(a, 200, "text/plain; charset=utf-8", &md);
    page_headers(a);
}

/* ---- directories ---- */

static void browse(struct request *q, struct response *a)
{
    const char *path = request_param(q, "path");
    struct docfs_err err = {0};
    struct docfs_entry e;
    _cleanup_(docfs_listing_freep) struct docfs_listing *list = NULL;
    int r = docfs_lookup_path(q->d, path, &e, &err);
    if (r == 0 && !e.is_dir)
        r = err_set(&err, -ENOENT, "%s is a document: /doc/%s shows it", path, path);
    if (r == 0)
        r = docfs_list(q->d, e.id, &list, &err);
    if (r < 0)
        return fail_err(q, a, &err);
    struct buf b = {0};
    page_begin(&b, path, "", NULL);
    const char *slash = strchr(path, '/');
    _cleanup_free_ char *collection = slash ? strndup(path, (size_t)(slash - path)) : strdup(path);
    if (slash && collection)
        crumbs(&b, collection, slash + 1);
    buf_adds(&b, "<h1>");
    page_text(&b, path);
    buf_adds(&b, "</h1><ul class=\"files\">");
    for (size_t i = 0; i < list->n; i++) {
        const struct docfs_entry *x = &list->item[i];
        char name[sizeof(x->name) + 1];
        memcpy(name, x->name, x->name_len);
        name[x->name_len] = '\0';
        buf_addf(&b, "<li%s><a href=\"/%s/", x->is_dir ? " class=\"dir\"" : "",
                 x->is_dir ? "browse" : "doc");
        page_url(&b, path, true);
        buf_addc(&b, '/');
        page_url(&b, name, true);
        buf_adds(&b, "\">");
        page_text(&b, name);
        buf_addf(&b, "%s</a></li>\n", x->is_dir ? "/" : "");
    }
    buf_adds(&b, "</ul>");
    page_send(a, 200, &b);
}

/* ---- links ---- */

/* Joins the directory of `from` and a relative path; "." and ".." never leave the collection. */
static void join(struct buf *b, const char *from, const char *to)
{
    const char *slash = strrchr(from, '/');
    if (*to != '/' && slash)
        buf_add(b, from, (size_t)(slash - from));
    while (*to) {
        size_t n = strcspn(to, "/");
        if (n == 2 && memcmp(to, "..", 2) == 0) {
            while (b->len && b->data[b->len - 1] != '/')
                buf_truncate(b, b->len - 1);
            if (b->len)
                buf_truncate(b, b->len - 1);
        } else if (n && !(n == 1 && *to == '.')) {
            if (b->len)
                buf_addc(b, '/');
            buf_add(b, to, n);
        }
        to += n + (to[n] == '/');
    }
}

/* A link of a document to another one, by the paths of the originals: the document when the cache
 * holds it. */
static void follow(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    int64_t id;
    _cleanup_(docfs_document_freep) struct docfs_document *from = NULL;
    int r = docfs_resolve(q->d, page_query(q, "from"), &id, &err);
    if (r == 0)
        r = docfs_document(q->d, id, &from, &err);
    if (r < 0)
        return fail_err(q, a, &err);
    _cleanup_buf_ struct buf path = {0};
    join(&path, from->path, page_query(q, "to"));
    static const char *const endings[] = {"", ".md", "/index.md", "/README.md"};
    const char *stem = path.data ? path.data : "";
    const char *dot = strrchr(stem, '.'), *slash = strrchr(stem, '/');
    size_t bare = dot && (!slash || dot > slash) ? (size_t)(dot - stem) : strlen(stem);
    for (size_t i = 0; i < 2 * sizeof(endings) / sizeof(*endings); i++) {
        _cleanup_buf_ struct buf full = {0};
        buf_addf(&full, "%s/%.*s%s", from->collection, (int)(i < 4 ? strlen(stem) : bare), stem,
                 endings[i % 4]);
        struct docfs_entry e;
        if (buf_status(&full) < 0 || docfs_lookup_path(q->d, full.data, &e, NULL) < 0)
            continue;
        _cleanup_buf_ struct buf url = {0};
        buf_adds(&url, e.is_dir ? "/browse/" : "/doc/");
        page_url(&url, full.data, true);
        response_empty(a, 302);
        response_header(a, "Location", "%s", url.data);
        return;
    }
    page_error(q, a, 404, "NOT_IN_CACHE",
               "The document links to a page that is not in this cache. Its source may have more: "
               "see where the document is from.");
}

static const struct route routes[] = {
    {"GET", "/doc/{id...}", SCOPE_READ, document, ROUTE_UNLISTED, .id = "pageDocument",
     .summary = "A document", .type = "text/html"},
    {"GET", "/raw/{id...}", SCOPE_READ, raw, ROUTE_UNLISTED, .id = "pageRaw",
     .summary = "A document as markdown", .type = "text/plain"},
    {"GET", "/browse/{path...}", SCOPE_READ, browse, ROUTE_UNLISTED, .id = "pageBrowse",
     .summary = "A directory", .type = "text/html"},
    {"GET", "/open", SCOPE_READ, follow, ROUTE_UNLISTED, .id = "pageOpen",
     .summary = "Where a link of a document leads", .type = "text/html"},
    {0},
};

const struct resource resource_page_read = {
    .name = "reading pages", .text = "The web interface.", .route = routes, .error = page_error};
