/* SPDX-License-Identifier: MIT
 * Inside of the markdown converter: markdown.c has the lines and blocks, md_inline.c what stands in
 * a line. */
#pragma once
#include "core/text/md_html.h"
#include "core/text/md_myst.h"

#define MD_NEST_MAX 8 /* indented blocks (!!! note) in each other */

struct md {
    struct buf out;
    struct span all;  /* without the front matter */
    struct span rest; /* behind the current line */
    bool mdx, macros; /* macros: those of MDN */
    char fence;       /* 0 outside */
    size_t fence_len, fence_indent;
    bool fence_rust; /* has lines that only the compiler is shown */
    bool prev_blank, in_indented;
    bool autodoc;             /* options of mkdocstrings may follow */
    bool prev_text;           /* the line before can be underlined */
    bool no_comment_end;      /* no "-->" from here on */
    const char *no_mdx_until; /* a tag or expression is not closed up to here */
    int depth;                /* open component tags */
    bool tags;                /* the line is a component tag, in a file that need not be MDX */
    bool any_tags; /* such a line came before: tags with attributes, too, are components */
    struct md_html html;
    struct md_myst myst;
    size_t nest[MD_NEST_MAX]; /* columns where the content of open indented blocks begins */
    size_t n_nest, fence_nest;
    size_t list;             /* column of the text of the list item that is open, 0 = none */
    bool after_label;        /* and the empty line below it */
    const char *description; /* to write below the first heading, or NULL */
};

/* Writes the text of one line. What is hidden may end lines later: the rest of that line then
 * belongs to this one. Returns true when something was removed. */
bool md_inline(struct md *m, struct span line);
