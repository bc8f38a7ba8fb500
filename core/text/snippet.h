/* SPDX-License-Identifier: MIT
 * The part of a passage that shows why it was found. Pure. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"

/* Appends at most max bytes of text as one readable piece around the densest query words:
 * whole words, blanks collapsed, markdown fences dropped, control bytes removed. *ret_line
 * receives the 0-based line of text where it begins. */
void snippet_make(const char *text, size_t len, const char *query, size_t max, struct buf *out,
                  uint32_t *ret_line);
