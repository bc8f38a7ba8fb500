/* SPDX-License-Identifier: MIT
 * What the pages of the web interface are made of. They are rendered here, so that everything that
 * is for reading works without JavaScript; scripts only add to it. */
#pragma once
#include "tools/sidecar/resource.h"

/* The text with &, <, >, " and ' escaped: fit for content and for quoted attributes. */
void page_text(struct buf *b, const char *s);
void page_textn(struct buf *b, const char *s, size_t len);
/* Percent-encodes all but unreserved characters and, when `path`, slashes. */
void page_url(struct buf *b, const char *s, bool path);
/* "/doc/COLLECTION/PATH", encoded. */
void page_doc_url(struct buf *b, const char *collection, const char *path);
/* "1,234 documents", "1 document". */
void page_number(struct buf *b, size_t n, const char *one);
/* "3 days ago" in a <time> element with the exact time; "never" for 0. */
void page_age(struct buf *b, int64_t seconds);

/* Head, navigation and the beginning of <main>. active: the path of the page in the navigation;
 * script: name of the module under /ui/ or NULL. */
void page_begin(struct buf *b, const char *title, const char *active, const char *script);
void page_end(struct buf *b);
/* Ends the page and makes it the answer, with the policy that lets it load its own assets. Takes
 * the buffer. */
void page_send(struct response *a, int status, struct buf *b);
/* The headers of page_send, for an answer that is a part of a page. */
void page_headers(struct response *a);
/* A page for what went wrong: the form of errors of the resource. */
void page_error(struct request *q, struct response *a, int status, const char *code,
                const char *detail);

/* A parameter of the query string, "" when it is missing. */
const char *page_query(const struct request *q, const char *name);

/* ---- markdown.c ---- */

struct outline {
    struct buf html; /* list of links to the headings */
    unsigned n;
};
/* Appends markdown as HTML: raw HTML in it is shown as text, links lead to web pages, to headings
 * or through /open to other documents, images stay names. The first block at or after line `mark`
 * (0 = none) gets the id "hit". -ENOMEM, or -EFBIG when the limit of out was hit. Pure. */
int markdown_html(const char *md, size_t len, const char *public_id, uint32_t mark, struct buf *out,
                  struct outline *outline);
