/* SPDX-License-Identifier: MIT
 * What a reStructuredText page gives names to, often below the place that uses them: targets of
 * links, substitutions, footnotes. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

#define RST_NAMES_MAX 20000 /* further ones stay unknown */
#define RST_NAME_LEN 200    /* bytes of a name */
#define RST_VALUE_LEN 1024  /* bytes of what it stands for */

struct rst_names;

/* Reads the lines of a page. NULL when memory is out. */
struct rst_names *rst_names_new(const struct span *line, size_t n);
void rst_names_free(struct rst_names *names);

/* What `name` stands for: kind '|' a substitution, '_' a target (its address, "" for a place in the
 * page), ':' the title at a target, '#' a footnote with a label. NULL: unknown. */
const char *rst_name(const struct rst_names *names, char kind, struct span name);
/* Address of the next link without a name, "" when there is none. */
const char *rst_next_anonymous(struct rst_names *names);
/* Number of the next footnote "[#]" that is referred to, or (defined) stands there. */
unsigned rst_next_footnote(struct rst_names *names, bool defined);
