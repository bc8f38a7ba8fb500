/* SPDX-License-Identifier: MIT
 * Inline markup of reStructuredText -> markdown. */
#pragma once
#include "core/text/mdutil.h"
#include "core/text/rst_names.h"

/* Appends a piece of text: ``code``, :role:`text <target>`, `text <url>`_, references, footnotes
 * and substitutions become code, text and links; emphasis passes through. */
void rst_inline(struct buf *out, struct span text, struct rst_names *names);
