/* SPDX-License-Identifier: MIT
 * A whole cache in one file, and back. */
#pragma once
#include "core/docfs.h"

struct docfs_backup_info {
    int64_t bytes; /* of the database in it */
    int schema;    /* its version */
    uint64_t generation;
    int64_t created_at; /* seconds */
    size_t documents;
    char version[32]; /* docfs that wrote it */
    char sha256[65];
};
/* done of total bytes; non-zero cancels (-ECANCELED). */
typedef int docfs_backup_fn(void *arg, const char *phase, int64_t done, int64_t total);

/* Copies the cache as it is now, while others read and write, into `file` (readable by its owner
 * only), and reads the copy back: it appears under that name only when it is complete and sound.
 * -EEXIST unless replace. */
DOCFS_API int docfs_backup(struct docfs *d, const char *file, bool replace, docfs_backup_fn *fn,
                           void *arg, struct docfs_backup_info *ret, struct docfs_err *err);
/* Reads a backup through. -EBADMSG: damaged or no backup, -EPROTO: of a newer docfs. */
DOCFS_API int docfs_backup_check(const char *file, docfs_backup_fn *fn, void *arg,
                                 struct docfs_backup_info *ret, struct docfs_err *err);
/* Puts a backup in the place that opt names. A cache that is there is replaced only with replace
 * (-EEXIST otherwise; *ret_documents tells how much it holds), and only when no other process uses
 * it (-EBUSY). A failure leaves what was there. */
DOCFS_API int docfs_restore(const struct docfs_options *opt, const char *file, bool replace,
                            docfs_backup_fn *fn, void *arg, struct docfs_backup_info *ret,
                            size_t *ret_documents, struct docfs_err *err);
