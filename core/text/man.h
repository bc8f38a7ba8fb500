/* SPDX-License-Identifier: MIT
 * The steps of convert_man(): what mandoc writes -> plain HTML, and the way out when mandoc cannot
 * read a page. Pure. */
#pragma once
#include "core/text/convert.h"
#include "core/text/mdutil.h"

/* What a page says about itself. Zero-initialise; release with man_facts_fini(). */
struct man_facts {
    struct buf name_line; /* first paragraph of the first section: "ls - list directory ..." */
    struct buf head;      /* right end of the head line: "LS(1)" */
};
void man_facts_fini(struct man_facts *f);

/* Rewrites a page of mandoc -T html -O fragment for html_to_markdown(): sections become <h2>,
 * subsections <h3>, the SYNOPSIS a <pre>, option terms and words of mixed fonts <code>; links into
 * the page, head and foot are dropped. Bytes that are not from mandoc give unhelpful but
 * well-formed HTML. 0, -ENOMEM or -EFBIG. */
int man_html_clean(const char *html, size_t len, struct buf *out, struct man_facts *facts);

/* "ls(1) - list directory contents" from what is known; name is the path of the file. Appends to
 * out, nothing when nothing is known. */
void man_title(const struct man_facts *facts, const char *name, struct buf *out);

/* The words of a page without its requests, as HTML with the same headings. */
void man_plain(struct span text, struct buf *out);
