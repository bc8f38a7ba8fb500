/* SPDX-License-Identifier: MIT
 * Inline markup of reStructuredText -> markdown. Pure. */
#pragma once
#include "core/text/mdutil.h"

/* Appends one line of text: ``code``, :role:`text <target>`, `text <url>`_ and references become
 * code, text and links; emphasis passes through. */
void rst_inline(struct buf *out, struct span text);
