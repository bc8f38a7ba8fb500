/* SPDX-License-Identifier: MIT
 * Lines of a text file, plain or compressed with gzip, xz, zstd or bzip2. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/cleanup.h"
#include "core/util/err.h"

struct lines;

int lines_open(const char *path, struct lines **ret, struct docfs_err *err);
void lines_close(struct lines *l);
DEFINE_CLEANUP(struct lines, lines_close)

/* The next line without its end; *ret is NUL-terminated and valid until the next call. 1, 0 at the
 * end, or -errno (-EFBIG: a line above 64 MiB). */
int lines_next(struct lines *l, char **ret, size_t *ret_len, struct docfs_err *err);
/* 1-based number of the line last returned. */
size_t lines_number(const struct lines *l);
/* Bytes of the file itself, read so far and in all. */
void lines_position(struct lines *l, int64_t *ret_done, int64_t *ret_total);
