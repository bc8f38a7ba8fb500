/* SPDX-License-Identifier: MIT
 * Metadata before the text of a markdown file. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "core/util/cleanup.h"

struct front_matter {
    char *title, *label, *slug; /* label: the shorter name in a side bar */
    char *description;
    char *url; /* canonical, http or https */
    char *lang;
    bool macros; /* the page is of MDN and has its macros */
    size_t len;  /* bytes it takes at the start of the text; 0: there is none */
};

void front_matter_fini(struct front_matter *f);
#define _cleanup_front_matter_ _cleanup_(front_matter_fini)

/* Reads "---" YAML or "+++" TOML. What is malformed is no front matter: *ret is then empty, and
 * the text belongs to the document. 0 or -ENOMEM. */
int front_matter_parse(const char *text, size_t len, struct front_matter *ret);
