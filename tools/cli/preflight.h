/* SPDX-License-Identifier: MIT
 * The short form of docfs doctor that runs before mount and serve. */
#pragma once
#include "tools/cli/cmd.h"

/* Says what may go wrong later, one note each. What keeps the command from starting at all is left
 * to the command, which says it better. */
void preflight(struct cmd_context *c, const char *cache);
