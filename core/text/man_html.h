/* SPDX-License-Identifier: MIT
 * Inside of the cleaner of mandoc's HTML: man_html.c reads tags and text, man_font.c settles what
 * is bold, italic or code, man_synopsis.c writes the synopsis. */
#pragma once
#include "core/text/man.h"

/* ---- man_font.c ---- */

enum man_font { FONT_PLAIN, FONT_ITALIC, FONT_BOLD, FONT_CODE };

/* Text with a font for each byte; both have the same length. */
struct man_text {
    struct buf text, font; /* enum man_font */
};
/* Settles the fonts of whole words. */
void man_font_settle(struct man_text *t);
/* An option or a name to look up, not a sentence: all of it becomes code. */
bool man_font_is_code(const struct man_text *t);
/* Appends the text as HTML. */
void man_font_write(const struct man_text *t, struct buf *out);

/* ---- man_synopsis.c ---- */

void man_synopsis_line_end(struct buf *synopsis);
/* A tag other than <br> in the synopsis, where every block is a line. */
void man_synopsis_tag(struct buf *synopsis, struct span name, bool closing);
/* Writes the synopsis as code and empties it. */
void man_synopsis_write(struct buf *synopsis, struct buf *out);
