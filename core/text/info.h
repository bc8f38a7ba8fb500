/* SPDX-License-Identifier: MIT
 * GNU Info: what makeinfo wrote for a reader program, without what only that program needs. Pure.
 */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

/* Does the text say of itself that it is an Info file? */
bool info_is(struct span text);
/* Appends its text: no header, node lines, menus, tag tables and indexes; references as the words
 * that a reader sees; underlined titles as headings of markdown. */
void info_text(struct span text, struct buf *out);
