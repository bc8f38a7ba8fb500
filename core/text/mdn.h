/* SPDX-License-Identifier: MIT
 * Macros in the pages of MDN: "{{cssxref("width")}}". Pure. */
#pragma once
#include "core/text/mdutil.h"

/* Length of the macro that the text begins with, 0 when there is none. What it says to a reader is
 * appended; most make tables, menus or banners of the site and say nothing. */
size_t mdn_macro(struct span text, struct buf *out);
