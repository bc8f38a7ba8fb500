/* SPDX-License-Identifier: MIT
 * Inside of the reStructuredText converter: rst.c reads line by line, rst_table.c has the tables,
 * rst_inline.c what stands inside a paragraph. */
#pragma once
#include "core/text/mdutil.h"

#define STYLES_MAX 12 /* section adornments in order of appearance */

struct rst {
    struct span *line; /* all lines, right-trimmed */
    size_t n, i;
    struct buf *out;
    int style[STYLES_MAX]; /* adornment character, + 256 with an overline */
    unsigned n_styles;
    struct span module; /* what the names of the following signatures belong to */
    struct buf title;
};

/* Line i, empty behind the end. */
struct span rst_at(const struct rst *r, size_t i);
/* Ends a block of the output. */
void rst_blank_line(struct rst *r);

/* rst_table.c: the rows of a list-table in lines [from, to). */
void rst_list_table(struct rst *r, size_t from, size_t to);
/* A csv-table: its options are in lines [from, body), its records in [body, to). */
void rst_csv_table(struct rst *r, size_t from, size_t body, size_t to);
/* The table whose first rule is line r->i; moves r->i behind it. */
void rst_simple_table(struct rst *r);
/* Is the line the rule of a grid table ("+---+---+")? */
bool rst_grid_rule(struct span line);
/* The grid table in lines [from, to). False, and nothing is written, when markdown cannot say it:
 * a cell spans columns or rows or holds a table. */
bool rst_grid_table(struct rst *r, size_t from, size_t to);
