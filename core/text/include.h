/* SPDX-License-Identifier: MIT
 * Pages that include other files (code examples, shared paragraphs): each directive becomes what it
 * stands for, in the page's own language, before anything is converted. What docfs compares to tell
 * whether a page changed is the text after that, so an included file counts as part of the page.
 *
 *   include.c        finding and reading files; limits
 *   include_part.c   lines, tags, markers: which part of a file is meant
 *   include_md.c     MkDocs, mdBook, MyST, raw imports of Docusaurus and Starlight
 *   include_hugo.c   shortcodes of Hugo
 *   include_rst.c    include and literalinclude of docutils and Sphinx
 *   include_adoc.c   include:: of Asciidoctor, also as Antora names files
 *
 * A directive that cannot be followed stays as it is. Pure but for the reader. */
#pragma once
#include <stddef.h>
#include "core/util/buf.h"

struct include_limits { /* of one page */
    unsigned max_depth; /* files that include files */
    size_t max_files;   /* directives that are followed */
    size_t max_bytes;   /* read for them, and put into the page */
};

/* Appends the file of that path, which has no "." or ".." and is relative to the root of the
 * source. -ENOENT: there is none, another place may be tried. */
typedef int include_read_fn(void *arg, const char *path, size_t max, struct buf *out);

struct include_report {
    size_t files, missed; /* directives that were followed, and that were not */
    char why[200];        /* of the first one missed: "PATH: reason" */
};

/* name: path of the page relative to the same root. A file is looked for beside the page, then in
 * each directory above it: every generator has its own idea of where paths begin. Returns 1 with
 * the whole text in out when there was any directive, 0 when there is none (out is untouched) or
 * the text is in no language that has them, -ENOMEM. */
int include_expand(const char *name, const char *data, size_t len,
                   const struct include_limits *limits, include_read_fn *read, void *arg,
                   struct buf *out, struct include_report *ret);
