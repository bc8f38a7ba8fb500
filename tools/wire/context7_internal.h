/* SPDX-License-Identifier: MIT
 * What the two halves of context7.h share. */
#pragma once
#include "tools/wire/context7.h"

#define LIBRARY_ID_MAX CONTEXT7_ID_MAX

void library_id(const struct docfs_collection *c, char out[LIBRARY_ID_MAX]);
/* The collection that an id means; lives as long as `all`. Errors: see context7_context(). */
int library_find(const struct docfs_collections *all, const char *id,
                 const struct docfs_collection **ret, struct docfs_err *err);
