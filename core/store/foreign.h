/* SPDX-License-Identifier: MIT
 * Reading a database that somebody else made (the index of a docset). Its bytes are hostile: it is
 * opened from memory, read-only, without views, triggers, extensions or its own functions, and each
 * question is bounded in rows and time. Knows nothing of the cache's own store. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

struct foreign;

/* data is borrowed, must stay, and may be written to (the mark of a write-ahead log, which memory
 * cannot have). -EINVAL: no database, or damaged. */
int foreign_open(void *data, size_t len, struct foreign **ret, struct docfs_err *err);
void foreign_close(struct foreign *f); /* NULL allowed */
/* Runs one SELECT of ours. fn gets n columns as text ("" for NULL), borrowed for the call; non-zero
 * ends the question with that code. At most max_rows rows and timeout_ms. Returns 0, -ENOENT when
 * a table or column is missing, -EINVAL when damaged, -EFBIG, -ETIMEDOUT. */
int foreign_query(struct foreign *f, const char *sql, int64_t max_rows, unsigned timeout_ms,
                  int (*fn)(void *arg, int n, const char *const *column), void *arg,
                  struct docfs_err *err);
