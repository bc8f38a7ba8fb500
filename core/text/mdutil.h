/* SPDX-License-Identifier: MIT
 * Small helpers that converters share: lines, names, fences. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include "core/util/buf.h"

/* A piece of text inside somebody else's buffer, not NUL-terminated. */
struct span {
    const char *s;
    size_t len;
};

/* Takes the next line (without its '\n') from *rest; false at the end. Ending in '\n' or not, the
 * last line is returned once. */
static inline bool line_next(struct span *rest, struct span *ret)
{
    if (rest->len == 0)
        return false;
    const char *nl = memchr(rest->s, '\n', rest->len);
    ret->s = rest->s;
    ret->len = nl ? (size_t)(nl - rest->s) : rest->len;
    size_t used = ret->len + (nl != NULL);
    rest->s += used;
    rest->len -= used;
    return true;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}
static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
static inline bool is_alnum(char c)
{
    return is_alpha(c) || is_digit(c);
}
static inline bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static inline struct span span_of(const char *s)
{
    return (struct span){s, strlen(s)};
}
/* Without blanks at its end. */
static inline struct span span_rtrim(struct span p)
{
    while (p.len && is_blank(p.s[p.len - 1]))
        p.len--;
    return p;
}
/* Without blanks at both ends. */
static inline struct span span_trim(struct span p)
{
    p = span_rtrim(p);
    while (p.len && is_blank(p.s[0]))
        p.s++, p.len--;
    return p;
}
static inline struct span span_skip(struct span p, size_t n)
{
    return (struct span){p.s + n, p.len - n};
}
static inline bool span_starts(struct span p, const char *prefix)
{
    size_t n = strlen(prefix);
    return p.len >= n && memcmp(p.s, prefix, n) == 0;
}
static inline bool span_ends(struct span p, const char *suffix)
{
    size_t n = strlen(suffix);
    return p.len >= n && memcmp(p.s + p.len - n, suffix, n) == 0;
}
static inline bool span_eq(struct span p, const char *s)
{
    return p.len == strlen(s) && memcmp(p.s, s, p.len) == 0;
}
/* One of a list that ends with NULL. */
bool span_among(struct span p, const char *const *list);
static inline bool span_has(struct span p, const char *needle)
{
    return memmem(p.s, p.len, needle, strlen(needle)) != NULL;
}
bool span_eq_nocase(struct span p, const char *s);
/* Length of the run of c at the start. */
static inline size_t span_run(struct span p, char c)
{
    size_t n = 0;
    while (n < p.len && p.s[n] == c)
        n++;
    return n;
}
/* Length of the longest run of c. */
size_t span_longest_run(struct span p, char c);
/* What is in the buffer; never a NULL pointer. */
static inline struct span buf_span(const struct buf *b)
{
    return (struct span){buf_text(b), b->len};
}
static inline void buf_add_span(struct buf *b, struct span p)
{
    buf_add(b, p.s, p.len);
}
/* New NUL-terminated copy, or NULL when memory is out. */
char *span_dup(struct span p);
/* The lines of a text, right-trimmed, pieces of it; the caller frees. NULL when memory is out. */
struct span *span_lines(struct span text, size_t *ret_n);
/* Takes a field of CSV (RFC 4180) off *text and appends what it holds; comma parts fields, quotes
 * tells whether it may stand in quotes, and go over lines. True when another one follows in the
 * record; else *text begins with the end of its line, or is empty. */
bool csv_field(struct span *text, char comma, bool quotes, struct buf *out);
/* Appends text for HTML, between tags or in an attribute with double quotes. */
void html_escape(struct buf *out, struct span text);

/* Last component of a path. */
struct span path_base(const char *name);
/* Extension of the last component without the dot ("md"), empty when it has none. */
struct span path_ext(const char *name);
/* Last component without its extension. */
struct span path_stem(const char *name);

/* Level 1 to 6 of an ATX heading line and its text without closing '#'s; 0 when it is none. */
unsigned md_atx(struct span line, struct span *ret_text);
/* '=' or '-' when the line underlines a setext heading, else 0. */
char md_setext(struct span line);
/* Length of the code fence that opens in this line (3 or more), 0 when none does; *ret_char is
 * '`' or '~'. Block quote and list markers before it are skipped. */
size_t md_fence_open(struct span line, char *ret_char);
/* True when the line closes a fence of that kind. */
bool md_fence_close(struct span line, char c, size_t len);

/* Appends text as a fenced block, the fence longer than any in it. The text begins and ends on
 * lines of its own; indent columns stand before every line. */
void md_fence(struct buf *out, struct span text, const char *lang, unsigned indent);
/* Appends code for the middle of a line, in backticks longer than any in it; nothing when it is
 * blank. '|' is escaped when in a table cell. */
void md_code(struct buf *out, struct span code, bool cell);
/* Appends text in one line: blanks collapsed, ends trimmed; '|' escaped when in a table cell. */
void md_one_line(struct buf *out, struct span text, bool cell);
/* Appends the readable text of an inline piece of markdown (a heading): no emphasis marks, code
 * ticks, link targets, images or tags. */
void md_plain(struct buf *out, struct span text);
/* Finds the first level-one heading (ATX, setext or <h1>) outside code; false when there is
 * none. The text is appended to *out as md_plain(). */
bool md_first_heading(struct span text, struct buf *out);
/* Appends markdown whose headings are made at least one level deeper than `level`. */
void md_demoted(struct buf *out, struct span text, unsigned level);
