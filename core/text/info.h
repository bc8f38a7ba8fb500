/* SPDX-License-Identifier: MIT
 * GNU Info: what makeinfo wrote for a reader program, without what only that program needs. Pure.
 */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

/* Does the text say of itself that it is an Info file? */
bool info_is(struct span text);
/* One page of a manual. */
struct info_page {
    struct span title; /* of the text that was given */
    struct span above; /* the title above it, where others of the manual have the same; or empty */
    unsigned number;   /* from 1; 0: the manual is this one page */
    unsigned pages;    /* of the manual */
    struct buf *text;
};

/* Makes its text: no header, node lines, menus, tag tables and indexes; references as the words
 * that a reader sees; underlined titles as headings of markdown. A large manual becomes a page for
 * each of its chapters or sections, at most max_pages of them; fn is given one after the other, and
 * ends it by returning non-zero, which is returned. -ENOMEM. */
int info_text(struct span text, size_t max_pages, int (*fn)(void *arg, struct info_page *page),
              void *arg);
