/* SPDX-License-Identifier: MIT
 * MyST, the markdown of Sphinx: directives in fences, roles in lines. Pure. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

#define MD_MYST_NEST 8

/* Between the lines of one text; all zero at its start. */
struct md_myst {
    struct {
        char c;
        size_t len;
    } open[MD_MYST_NEST + 1]; /* fences around markdown, and one around what is not shown */
    size_t n;
    bool hidden, options, yaml;
};

enum md_myst_line {
    MYST_NONE,  /* an ordinary line */
    MYST_TAKEN, /* what it says was written */
    MYST_CODE,  /* opens a fence of code in *ret_lang */
};

/* A line outside of code. */
enum md_myst_line md_myst_line(struct md_myst *s, struct span line, struct buf *out,
                               struct span *ret_lang);
/* True for an option below the opening of a directive, which is not shown. */
bool md_myst_option(struct md_myst *s, struct span line);
/* "{class}`~click.Context`" at p: its length; its text is appended as code, or as it is when it
 * names a part of the text. 0: no role. */
size_t md_myst_role(struct span p, struct buf *out);
