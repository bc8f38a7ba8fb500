/* SPDX-License-Identifier: MIT
 * Lines of plain text as markdown, for text files and PDF. Pure. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

/* Appends a line of prose and a newline; what markdown would take for a heading is escaped. */
void text_add_line(struct buf *out, struct span line);
/* Depth of a numbered heading ("1." 1, "2.3" 2, "A.1" 2), 0 when it is none: a short line, a
 * number, a capitalised text without a full stop at the end. *ret_last is the last number. */
unsigned text_numbered(struct span line, unsigned *ret_first, unsigned *ret_last);
/* True for the dots or the page number of a table of contents. */
bool text_is_toc_line(struct span line);
