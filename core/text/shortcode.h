/* SPDX-License-Identifier: MIT
 * Shortcodes of Hugo: "{{< name "value" key="value" >}}", also with "%" for the angles. Pure. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

struct shortcode {
    struct span name, args;
    bool end, closed; /* "{{< /name >}}", "{{< name />}}" */
};

/* Length of the shortcode that the text begins with; 0 when there is none, or one that is shown
 * and not meant ("{{</ * name * />}}"). It may go on for lines. */
size_t shortcode_parse(struct span text, struct shortcode *ret);
/* The value of a named argument, or the first of those without a name; empty: not given. */
struct span shortcode_value(const struct shortcode *s, const char *name);
struct span shortcode_first(const struct shortcode *s);
/* Whether code stands behind it, up to its end; *ret_lang is the language or empty. */
bool shortcode_holds_code(const struct shortcode *s, struct span *ret_lang);
/* Appends what it says to a reader inside a line. */
void shortcode_text(const struct shortcode *s, struct buf *out);
/* Likewise of one that is a line of its own. */
void shortcode_line(const struct shortcode *s, struct buf *out);
