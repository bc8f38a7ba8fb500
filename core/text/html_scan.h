/* SPDX-License-Identifier: MIT
 * Shared by the parts of the HTML scanner. */
#pragma once
#include "core/text/html.h"

/* Text of HTML without tags: control bytes become blanks, runs of blanks one unless kept. */
void html_scan_text(const char *p, const char *end, bool keep_blanks, struct buf *out);
/* Content of a <math> element (and its attributes) as TeX between \( \) or \[ \]. */
void html_scan_math(const char *p, const char *end, const struct html_attrs *a, struct buf *out);

/* How an element is treated. */
enum html_kind {
    HTML_NORMAL,
    HTML_VOID,         /* has no content and no end */
    HTML_OPTIONAL_END, /* mostly not closed, never nested without a container */
    HTML_FORMAT,       /* <b>, <i>: what the parser clones into following blocks */
    HTML_INLINE,       /* tag without meaning here unless its class says so */
    HTML_IGNORED,
    HTML_TABLE_PART,
};
enum html_kind html_scan_kind(GumboTag tag);
/* An end tag outside does not reach what is inside. */
bool html_scan_boundary(GumboTag tag);
/* Set of enum html_attr worth keeping. */
uint32_t html_scan_attrs(GumboTag tag);
/* Identity of an element on the stack: the tag, or a hash above it for unknown names. */
uint32_t html_scan_id(GumboTag tag, const char *name, size_t len);
