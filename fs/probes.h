/* SPDX-License-Identifier: MIT
 * Names that programs look for wherever they are, without anybody having asked for them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* True for .git, Makefile, package.json, *.swp and their like: never a question. */
bool probe_name(const char *name, size_t len);
