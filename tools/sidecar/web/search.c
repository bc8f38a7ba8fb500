/* SPDX-License-Identifier: MIT
 * The search page. With part=results only the list, for search as you type; with part=seen the
 * same, once somebody has looked at it. */
#include <ctype.h>
#include <string.h>

#include "core/docfs_feedback.h"
#include "tools/sidecar/internal.h"
#include "tools/sidecar/resources.h"
#include "tools/sidecar/web/page.h"

#define WORDS_MAX 16

/* ---- the form ---- */

static void option(struct buf *b, const char *value, const char *text, const char *chosen)
{
    buf_adds(b, "<option value=\"");
    page_text(b, value);
    buf_addf(b, "\"%s>", strcmp(value, chosen) == 0 ? " selected" : "");
    page_text(b, text);
    buf_adds(b, "</option>");
}

static void form(struct request *q, struct buf *b, const struct docfs_collections *all)
{
    static const char *const modes[][2] = {
        {"", "Words and meaning"}, {"lex", "Words only"}, {"vec", "Meaning only"}};
    static const char *const sizes[] = {"10", "20", "50", "100"};
    buf_adds(b,
             "<form class=\"search\" role=\"search\" action=\"/\" method=\"get\">"
             "<label class=\"hidden\" for=\"q\">Question</label>"
             "<input id=\"q\" name=\"q\" type=\"search\" autocomplete=\"off\" maxlength=\"1000\" "
             "placeholder=\"how do I cancel a task\" value=\"");
    page_text(b, page_query(q, "q"));
    buf_adds(b, "\"><button class=\"main\">Search</button><div class=\"filters\"><label>Collection "
                "<select name=\"in\">");
    option(b, "", "all", page_query(q, "in"));
    for (size_t i = 0; i < all->n; i++)
        option(b, all->item[i].name, all->item[i].name, page_query(q, "in"));
    buf_adds(b, "</select></label> <label>Rank by <select name=\"mode\">");
    for (size_t i = 0; i < 3; i++)
        option(b, modes[i][0], modes[i][1], page_query(q, "mode"));
    buf_adds(b, "</select></label> <label>Show <select name=\"k\">");
    for (size_t i = 0; i < 4; i++)
        option(b, sizes[i], sizes[i], *page_query(q, "k") ? page_query(q, "k") : "10");
    buf_adds(b, "</select></label></div></form>\n");
}

/* ---- hits ---- */

/* Words of questions that are in every text. */
static bool common(const char *word, size_t len)
{
    static const char words[] = " the and for how what does why when where with from that this are "
                                "can not you use get was into ";
    char key[16];
    if (len + 3 > sizeof(key))
        return false;
    key[0] = key[len + 1] = ' ';
    for (size_t i = 0; i < len; i++)
        key[i + 1] = (char)tolower((unsigned char)word[i]);
    key[len + 2] = '\0';
    return strstr(words, key);
}

/* The snippet with the words of the question marked where a word begins with one of them, and what
 * stands in backticks as code. */
static void snippet(struct buf *b, const char *s, const char *question)
{
    const char *word[WORDS_MAX];
    size_t len[WORDS_MAX], n = 0;
    for (const char *p = question; *p && n < WORDS_MAX;) {
        while (*p && !isalnum((unsigned char)*p) && *p != '_')
            p++;
        const char *from = p;
        while (isalnum((unsigned char)*p) || *p == '_')
            p++;
        if (p - from > 2 && !common(from, (size_t)(p - from))) {
            word[n] = from;
            len[n++] = (size_t)(p - from);
        }
    }
    bool inside = false, code = false;
    const char *plain = s;
    for (const char *p = s; *p;) {
        size_t hit = 0;
        if (*p == '`' && (code || strchr(p + 1, '`'))) {
            page_textn(b, plain, (size_t)(p - plain));
            buf_adds(b, code ? "</code>" : "<code>");
            code = !code;
            inside = false;
            plain = ++p;
            continue;
        }
        for (size_t i = 0; i < n && !inside; i++)
            if (len[i] > hit && strncasecmp(p, word[i], len[i]) == 0)
                hit = len[i];
        if (hit) {
            page_textn(b, plain, (size_t)(p - plain));
            buf_adds(b, "<mark>");
            page_textn(b, p, hit);
            buf_adds(b, "</mark>");
            p += hit;
            plain = p;
            inside = true;
            continue;
        }
        inside = isalnum((unsigned char)*p) || (unsigned char)*p >= 0x80;
        p++;
    }
    page_text(b, plain);
}

/* asked: the question with its filters, so that the page that opens knows what it was opened from.
 */
static void hit(struct buf *b, const struct docfs_hit *h, const char *question, const char *asked,
                bool below)
{
    buf_addf(b, "<li class=\"hit%s\"><h2><a href=\"", below ? " below" : "");
    page_doc_url(b, h->collection, h->path);
    buf_addf(b, "?line=%u&amp;q=", h->line);
    page_url(b, asked, false);
    buf_adds(b, "#hit\">");
    page_text(b, h->title);
    buf_adds(b, "</a></h2>");
    /* Most heading paths begin with the title. */
    size_t skip = strlen(h->title);
    const char *heading = strncmp(h->heading, h->title, skip) == 0 ? h->heading + skip : h->heading;
    if (strncmp(heading, " > ", 3) == 0)
        heading += 3;
    if (*heading) {
        buf_adds(b, "<p class=\"heading\">");
        page_text(b, heading);
        buf_adds(b, "</p>");
    }
    buf_adds(b, "<p>");
    snippet(b, h->snippet, question);
    buf_adds(b, "</p><p class=\"dim\"><span class=\"badge\">");
    page_text(b, h->collection);
    buf_adds(b, "</span> ");
    page_text(b, h->path);
    buf_addf(b, ":%u · score %.2f · checked ", h->line, h->score);
    page_age(b, h->checked_at);
    if (h->stale_at && h->stale_at < h->checked_at + 1)
        buf_adds(b, " · <strong>stale</strong>");
    for (unsigned i = 0, n = 0; i < DOCFS_SIGNS; i++)
        if (h->signs & 1u << i)
            buf_addf(b, "%s%s", n++ ? ", " : " · <strong class=\"flag\">flagged</strong>: ",
                     docfs_sign_name(1u << i));
    for (size_t i = 0; i < h->n_also && i < 4; i++) {
        buf_adds(b, i ? ", " : " · also in ");
        buf_adds(b, "<a href=\"");
        page_doc_url(b, h->also[i].collection, h->also[i].path);
        buf_adds(b, "\">");
        bool here = strcmp(h->also[i].collection, h->collection) == 0;
        page_text(b, here ? h->also[i].path : h->also[i].collection);
        buf_adds(b, "</a>");
    }
    buf_adds(b, "</p></li>\n");
}

static void filter(struct buf *b, const char *key, const char *value)
{
    if (!*value)
        return;
    buf_addf(b, " %s=\"", key);
    for (; *value; value++)
        buf_addc(b, *value == '"' ? ' ' : *value);
    buf_addc(b, '"');
}

/* The question as the name of a directory: docfs-query(7) has the escapes. */
static void mount_name(struct buf *b, const char *question)
{
    bool escape = strchr(question, '/');
    for (const char *p = question; *p; p++)
        if (escape && (*p == '/' || *p == '%'))
            buf_adds(b, *p == '/' ? "%2F" : "%25");
        else
            page_textn(b, p, 1);
}

/* told: it was looked at, and is no passing state of what is being typed. */
static void results(struct request *q, struct response *a, struct buf *b, bool told)
{
    const char *question = page_query(q, "q");
    _cleanup_buf_ struct buf with = {0}, text = {0}; /* filters; the question with them */
    filter(&with, "in", page_query(q, "in"));
    filter(&with, "mode", page_query(q, "mode"));
    if (*page_query(q, "k"))
        buf_addf(&with, " k=%s", page_query(q, "k"));
    struct docfs_err err = {0};
    _cleanup_(query_freep) struct query *query = NULL;
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    buf_addf(&text, "%s%s", question, buf_text(&with));
    int rc = buf_status(&with) < 0 || buf_status(&text) < 0
                 ? err_oom(&err)
                 : query_parse_with(question, strlen(question), buf_text(&with), &query, &err);
    if (rc == 0)
        rc = docfs_search(q->d, query, 0, &r, &err);
    if (rc < 0) {
        buf_adds(b, "<p class=\"notice bad\">");
        page_text(b, err.text);
        buf_adds(b, "</p>");
        return;
    }
    response_asked(a, question, r->n - r->below);
    if (told && !docfs_opens_knows(q->server->opens, text.data))
        docfs_opens_answered(q->server->opens, text.data, r);
    buf_adds(b, "<p class=\"dim\">");
    page_number(b, r->n - r->below, "document");
    if (r->candidates > r->n)
        buf_addf(b, ", the best of %zu", r->candidates);
    if (r->pending)
        buf_addf(b, " · %zu files still being indexed", r->pending);
    if (r->n) {
        buf_adds(b, " <span class=\"wide-only\">· in the mount <code>search/");
        mount_name(b, text.data);
        buf_adds(b, "/</code></span>");
    }
    buf_adds(b, "</p>");
    if (*r->note) {
        buf_adds(b, "<p class=\"notice\">");
        page_text(b, r->note);
        buf_adds(b, "</p>");
    }
    buf_adds(b, "<ol class=\"hits\">\n");
    for (size_t i = 0; i < r->n; i++)
        hit(b, &r->hit[i], question, text.data, i >= r->n - r->below);
    buf_adds(b, "</ol>");
    if (r->n == r->below)
        buf_adds(b, "<p><a class=\"button\" href=\"/sources\">Add documentation</a></p>");
}

/* ---- before a question was asked ---- */

static void welcome(struct buf *b, const struct docfs_collections *all)
{
    if (all->n == 0) {
        buf_adds(b, "<section class=\"hello\"><h2>Nothing to search yet</h2><p>docfs keeps "
                    "documentation on this machine and answers from it: here, as files, and for "
                    "programs and AI agents.</p><p><a class=\"button main\" href=\"/sources\">Add "
                    "documentation</a></p><p class=\"dim\">In a terminal: <code>docfs add "
                    "DIRECTORY</code>, <code>docfs add https://docs.example.org</code> or "
                    "<code>docfs add react</code>.</p></section>");
        return;
    }
    size_t documents = 0;
    for (size_t i = 0; i < all->n; i++)
        documents += all->item[i].documents;
    buf_adds(b, "<p class=\"dim\">Answers from ");
    page_number(b, documents, "document");
    buf_adds(b, " in ");
    page_number(b, all->n, "collection");
    buf_adds(b, ". <span class=\"wide-only\">Keys: <kbd>/</kbd> to the question, <kbd>↓</kbd> "
                "<kbd>↑</kbd> through the answers.</span></p>"
                "<h2>Collections</h2><ul class=\"cards\">");
    for (size_t i = 0; i < all->n; i++) {
        const struct docfs_collection *c = &all->item[i];
        buf_adds(b, "<li><a href=\"/browse/");
        page_url(b, c->name, true);
        buf_adds(b, "\">");
        page_text(b, c->name);
        buf_adds(b, "</a> <span class=\"dim\">");
        page_number(b, c->documents, "document");
        buf_adds(b, ", changed ");
        page_age(b, c->changed_at);
        buf_adds(b, "</span></li>");
    }
    buf_adds(b, "</ul>");
}

static void get(struct request *q, struct response *a)
{
    struct buf b = {0};
    bool seen = strcmp(page_query(q, "part"), "seen") == 0;
    if (seen || strcmp(page_query(q, "part"), "results") == 0) {
        if (*page_query(q, "q"))
            results(q, a, &b, seen);
        response_buf(a, 200, "text/html; charset=utf-8", &b);
        page_headers(a);
        return;
    }
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    if (docfs_collections(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    bool asked = *page_query(q, "q");
    _cleanup_buf_ struct buf title = {0};
    buf_addf(&title, "%s%sdocfs", page_query(q, "q"), asked ? " – " : "");
    page_begin(&b, title.data ? title.data : "docfs", "/", "search.js");
    buf_adds(&b, "<h1 class=\"hidden\">Search the documentation</h1>");
    form(q, &b, all);
    buf_adds(&b, "<section id=\"results\" aria-live=\"polite\">");
    if (asked)
        results(q, a, &b, true);
    else
        welcome(&b, all);
    buf_adds(&b, "</section>");
    page_send(a, 200, &b);
}

static const struct route routes[] = {
    {"GET", "/", SCOPE_READ, get, ROUTE_UNLISTED, .id = "pageSearch", .summary = "Search page",
     .type = "text/html"},
    {0},
};

const struct resource resource_page_search = {
    .name = "search page", .text = "The web interface.", .route = routes, .error = page_error};
