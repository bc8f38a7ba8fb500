/* SPDX-License-Identifier: MIT
 * The HTML that stands in markdown: what a reader needs of it, in markdown. Pure. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

#define MD_HTML_MARKS 8

/* Between the tags of one text; all zero at its start. */
struct md_html {
    const char *no_tag_until;   /* a tag is not closed up to here */
    const char *no_block_until; /* an element is not closed up to here */
    struct {
        const char *name, *mark;
    } open[MD_HTML_MARKS]; /* marks that are written again by their closing tags */
    size_t n;
    struct span href; /* of the link that is open */
    size_t link_at;   /* where its text begins in the output */
};

/* The tag or element of HTML at text, which begins with '<' and may go on for lines: returns its
 * length and appends what it says; 0 when there is none, or one that means nothing to markdown.
 * first: only blanks stand before it in its line. */
size_t md_html(struct md_html *h, struct span text, bool first, struct buf *out);
