/* SPDX-License-Identifier: MIT
 * Results of a search, as text or JSON: what search and similar share. */
#pragma once
#include "tools/cli/cmd.h"

/* Prints them and returns CMD_OK, or CMD_NOTHING after the note when no hit is above min. */
int hits_print(struct cmd_context *c, const struct docfs_results *r, bool explain);
