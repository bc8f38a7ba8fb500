/* SPDX-License-Identifier: MIT
 * Lines of markdown: fences and headings. Private to core/text. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define HEADING_MAX 200 /* bytes of one cleaned heading */

struct fence {
    char mark; /* '`' or '~', 0 = outside */
    size_t run;
};

static inline bool blank_byte(char b)
{
    return b == ' ' || (b >= '\t' && b <= '\r');
}

/* Bytes of blanks before the line's text; len when it is blank. */
size_t line_indent(const char *line, size_t len);

/* Follows fenced code over one line (without its newline). True when the line opens or closes a
 * fence; f is the state after it. */
bool fence_line(struct fence *f, const char *line, size_t len);

/* Level 1..6 of an ATX heading, else 0; the range of its text is returned. */
int heading_atx(const char *line, size_t len, size_t *ret_from, size_t *ret_len);
/* Level (1 or 2) that this underline gives to the line before it, else 0. */
int heading_underline(const char *line, size_t len);
/* Could this line be underlined into a heading? */
bool heading_candidate(const char *line, size_t len);

/* Bytes of the section number before the words of a title: "5.14.1 "; 0 when there is none. */
size_t heading_number(const char *s, size_t len);

/* Heading text without markup: links to their text, no emphasis, code marks, tags or permalink
 * signs, blanks collapsed, cut at HEADING_MAX. Returns the length. */
size_t heading_clean(const char *s, size_t len, char out[static HEADING_MAX + 1]);
