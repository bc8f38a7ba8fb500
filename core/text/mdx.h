/* SPDX-License-Identifier: MIT
 * The parts of MDX that are no markdown. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "core/text/mdutil.h"

#define MDX_MAX 16384 /* bytes of one tag or expression; longer ones stay in the text */

/* True when an import or export statement begins with this line. */
bool mdx_is_esm(struct span line);
/* How much the brackets of the line open (> 0) or close. */
int mdx_brackets(struct span line);

/* The component tag that begins at text ("<Tabs ...>", "</Note>", "<>"): sets its length and
 * appends what a reader needs of it (label, title, kind of admonition); *depth grows and shrinks
 * with opening and closing tags. False: no tag of a component; *ret_len bytes were searched. */
bool mdx_tag(struct span text, struct buf *out, int *depth, size_t *ret_len);
/* The "{...}" at text: returns its length and appends its text when it is a string or a name.
 * 0: not closed within MDX_MAX. */
size_t mdx_expression(struct span text, struct buf *out);

/* "Note", "Warning", ... for the name of an admonition in any case, else NULL. */
const char *md_admonition(struct span name);
/* "New in version", ... for a directive of Sphinx that tells what a version changed, else NULL. */
const char *md_version_words(struct span name);
