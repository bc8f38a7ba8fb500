/* SPDX-License-Identifier: MIT
 * Writes markdown blocks with the right prefix ("> ", list indent) before every line, and escapes
 * what would otherwise be markup. Shared by the converters of other markup languages. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"
#include "core/util/buf.h"

/* Deeper nesting is written at this depth, so that the prefix of a line stays short. */
#define MDW_DEPTH_MAX 24
#define MDW_PREFIX_MAX (MDW_DEPTH_MAX * 8)

struct mdw {
    struct buf *out;
    char prefix[MDW_PREFIX_MAX]; /* of every line */
    char first[MDW_PREFIX_MAX];  /* of the next line instead, while first_pending */
    size_t prefix_len, first_len;
    unsigned depth;
    bool first_pending;
    bool fresh;  /* nothing stands before the next block: no blank line */
    bool tight;  /* the next block is a list item that follows the one before at once */
    bool attach; /* a paragraph goes on the line after the text before it */
};

/* Starts at the beginning of a document or of a cell. */
static inline struct mdw mdw_init(struct buf *out)
{
    return (struct mdw){.out = out, .fresh = true};
}

/* State to return to after a nested container. */
struct mdw_mark {
    size_t prefix_len;
    bool pushed;
};
/* Opens a container: marker before its first line ("- "), indent before the others ("  "). */
struct mdw_mark mdw_push(struct mdw *w, const char *marker, const char *indent);
/* Closes it. A marker without any text is still written. */
void mdw_pop(struct mdw *w, struct mdw_mark mark);

/* Ends the block before with a blank line; call before writing the lines of a block. */
void mdw_block(struct mdw *w);
/* One line: prefix, text, '\n'. */
void mdw_line(struct mdw *w, struct span text);
/* A paragraph of ready inline markdown, line by line; starts of lines that would be block markup
 * are escaped. */
void mdw_paragraph(struct mdw *w, struct span inline_md);
/* ATX heading, level clamped to 1..6; in a container a bold paragraph. Line ends become blanks. */
void mdw_heading(struct mdw *w, unsigned level, struct span inline_md);
/* Fenced code; strip columns of indent are taken off every line. */
void mdw_code(struct mdw *w, struct span code, struct span lang, unsigned strip);

/* ---- inline ------------------------------------------------------------------------------- */

/* Text with markdown's own characters escaped where they would act. */
void md_text(struct buf *out, struct span text);
/* A code span; line ends become blanks. Nothing when text is blank. */
void md_code(struct buf *out, struct span text);
/* [text](url), the text being ready markdown; the URL is wrapped or escaped as it needs. */
void md_link(struct buf *out, struct span inline_md, struct span url);
/* Turns blocks of markdown into the one line of a table cell. */
void md_cell(struct buf *out, struct span blocks);

/* ---- tables ------------------------------------------------------------------------------- */

/* A GFM table from cells given row by row. Cells beyond MD_COLUMNS_MAX in a row are dropped. */
#define MD_COLUMNS_MAX 64
struct md_table {
    struct buf text; /* the cells, one after another */
    size_t *end;     /* end of each cell in text */
    size_t n;
    size_t *row; /* first cell of each row */
    size_t rows;
    bool oom;
};
void md_table_fini(struct md_table *t);
void md_table_row(struct md_table *t);
/* Adds a cell to the open row; blocks of markdown. */
void md_table_cell(struct md_table *t, struct span blocks);
/* Writes the table; header: the first row is one (else an empty header row stands before). */
void md_table_write(struct md_table *t, struct mdw *w, bool header);
