/* SPDX-License-Identifier: MIT
 * What completion scripts ask for while somebody types. */
#pragma once
#include "tools/cli/cmd.h"

/* Writes what may stand where prefix was typed, one a line: "collections", "documents" (one level
 * of the tree at a time) or "settings". Silent about everything that is in the way. False when
 * `what` is none of these. */
bool complete(struct cmd_context *c, const char *what, const char *prefix);

/* Calls fn for each of the words with which the usage of a command can begin: "get" and "set" of
 * "get KEY | set KEY VALUE". */
void complete_subcommands(const struct cmd *cmd,
                          void (*fn)(void *arg, const char *word, size_t len), void *arg);
