/* SPDX-License-Identifier: MIT
 * Databases as files: a consistent copy, a check without locks, an exchange. */
#pragma once
#include <stdint.h>
#include "core/store/store.h"

/* Non-zero cancels. */
typedef int store_copy_fn(void *arg, int64_t done, int64_t total);

/* Copies one state of the database into the empty file `to`, and leaves making it durable to the
 * caller. */
int store_copy(struct store *s, const char *to, store_copy_fn *fn, void *arg,
               struct docfs_err *err);
/* Is the database in `file`, of which only the first bytes count, sound and of a version that this
 * program reads? -EBADMSG, -EPROTO. Nothing is written. */
int store_check_copy(const char *file, int *ret_schema, size_t *ret_documents,
                     struct docfs_err *err);
/* Puts the file `from` in the place of dir/docfs.db. -EBUSY when another process has that open.
 * A damaged one is kept as docfs.db.damaged. */
int store_exchange(const char *dir, const char *from, struct docfs_err *err);
