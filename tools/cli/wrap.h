/* SPDX-License-Identifier: MIT
 * Lines for a terminal: words move to the next line; only what is written without blanks (Chinese,
 * Japanese) is parted inside. */
#pragma once
#include "core/util/buf.h"

/* Columns of the terminal behind a descriptor; fallback when it is none or does not tell. */
unsigned wrap_columns(int fd, unsigned fallback);
/* Columns that text takes. */
unsigned wrap_width(const char *text);
/* Appends text in lines of at most width columns. The first line has `at` columns already, the
 * others begin with `indent` blanks. Line breaks in text are blanks. Returns the columns of the
 * last line. */
unsigned wrap_add(struct buf *b, const char *text, unsigned at, unsigned indent, unsigned width);
/* One row of a table: head, and text from the column on, or below head where that is too long or
 * the lines are short. */
void wrap_row(struct buf *b, const char *head, const char *text, unsigned column, unsigned width);
