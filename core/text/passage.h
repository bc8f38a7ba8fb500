/* SPDX-License-Identifier: MIT
 * Markdown -> passages: heading-bounded pieces that are embedded, indexed and hit. Pure. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/cleanup.h"
#include "core/util/err.h"

struct passage_options {
    size_t target; /* bytes aimed at; a section shorter than that stays whole */
    size_t max;    /* bytes never exceeded, but by a code block's last line */
};
#define PASSAGE_OPTIONS_DEFAULT ((struct passage_options){.target = 700, .max = 4000})

struct passage {
    char *heading;        /* "Coroutines > Timeouts"; "" above the first heading. Owned. */
    size_t start, len;    /* byte range in the markdown; ranges of one document are ascending */
    uint32_t line, lines; /* first line (1-based) and number of lines, for editors and sed */
};

struct passages {
    struct passage *item;
    size_t n;
};

void passages_fini(struct passages *p);
#define _cleanup_passages_ _cleanup_(passages_fini)

/* Cuts at headings, then at paragraphs; code blocks and tables are kept whole while they fit in
 * max. Every non-blank byte is in at least one passage. 0 or -ENOMEM. */
int passages_split(const char *md, size_t len, const struct passage_options *opt,
                   struct passages *ret);
