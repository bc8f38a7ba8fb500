/* SPDX-License-Identifier: MIT
 * Compressed single files (guide.md.gz, ls.1.gz). Pure and thread-safe. */
#pragma once
#include <stddef.h>
#include "core/util/buf.h"
#include "core/util/err.h"

/* Unpacks data when its first bytes say gzip, xz, zstd or bzip2. Returns
 *   0        out (empty at the call) holds the content, *ret_inner_name the name without the
 *            suffix .gz, .xz, .zst or .bz2 (the caller's; never empty),
 *   1        data is not compressed: nothing was touched, use data and name as they are,
 *   -EFBIG   the content is larger than max bytes,
 *   -EINVAL  truncated, corrupt, or compressed more than once,
 *   -ENOMEM. */
int decompress(const char *data, size_t len, size_t max, const char *name, struct buf *out,
               char **ret_inner_name, struct docfs_err *err);
