/* SPDX-License-Identifier: MIT
 * What site generators add to markdown, in plain markdown: blocks and marks of MkDocs, Docusaurus,
 * VitePress, Hugo, Jekyll, kramdown. Pure. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

/* A line (trimmed) that is one mark of a block, such as ":::note Title", "/// tip", "{% raw %}" or
 * "[TOC]": true, and what it says to a reader is appended. */
bool md_dialect_line(struct span line, struct buf *out);
/* A line (trimmed) for which mkdocstrings writes the documentation of a name: "::: package.module".
 * Its options, indented below it, are for no reader. */
bool md_autodoc_line(struct span line, struct buf *out);
/* A line (trimmed) above an indented block: "!!! note", "??? tip "Title"", "=== "Tab"". */
bool md_dialect_indented(struct span line, struct buf *out);

/* "**Kind: title**" as a line; without either nothing. kind may be NULL. */
void md_bold_line(struct buf *out, const char *kind, struct span title);

/* Marks inside a line; each returns its length, 0 when there is none.
 * A shortcode "{{< ref "page" >}}", which may go on for lines: what it says is appended. */
size_t md_shortcode(struct span text, struct buf *out);
/* "{#id .class key=value}" or "{: ...}". */
size_t md_attribute_list(struct span text);
/* ":material-book:", ":fontawesome-brands-x:{ .y }". */
size_t md_icon(struct span text);
