/* SPDX-License-Identifier: MIT
 * Where documents come from. A source lists its files and gives their bytes; it knows nothing of
 * formats or of the store. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/err.h"

struct source_file {
    char *path; /* relative, '/'-separated, any bytes but NUL; owned */
    int64_t size, mtime_ns;
    const char *refused; /* NULL, or why it is listed but must not be read (static text) */
};

struct source_files {
    struct source_file *item; /* ordered bytewise by path */
    size_t n, cap;
};

void source_files_fini(struct source_files *f);

struct source_filter {
    const char *const *include; /* globs (name_glob), NULL-terminated, or NULL = everything */
    const char *const *exclude;
    size_t max_files; /* beyond: -EFBIG */
};

/* One kind of source. Handles are thread-safe for read(). */
struct source_kind {
    const char *name; /* 'directory': stored in sources.kind */
    /* -ENOENT, -ENOTDIR, -EACCES with a text naming the location. */
    int (*open)(const char *location, void **ret, struct docfs_err *err);
    int (*list)(void *handle, const struct source_filter *filter, struct source_files *ret,
                struct docfs_err *err);
    /* Appends at most max bytes of a listed file to out; -EFBIG beyond. *ret_mtime_ns: of the
     * bytes that were read. */
    int (*read)(void *handle, const char *path, size_t max, struct buf *out, int64_t *ret_mtime_ns,
                struct docfs_err *err);
    void (*close)(void *handle);
};

extern const struct source_kind source_directory; /* also a single file */

/* The kind with that stored name, or NULL. */
const struct source_kind *source_kind_named(const char *name);
