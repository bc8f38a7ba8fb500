/* SPDX-License-Identifier: MIT
 * Help of Vim and Neovim: text whose lines carry *tags*, |references| and marks of code. Pure. */
#pragma once
#include <stdbool.h>
#include "core/text/mdutil.h"

/* Does the text begin with its own name as a tag, or say that it is help? */
bool vimhelp_is(struct span text);
/* Appends the text as plain text with headings and fences of markdown: sections, and what a tag
 * names, are headings, so that a command, option or function is found by its tag. */
void vimhelp_text(struct span text, struct buf *out);
