/* SPDX-License-Identifier: MIT
 * A file that appears under its name complete and durable, or not at all. */
#pragma once
#include <stddef.h>
#include "core/util/err.h"

struct newfile {
    int dirfd;     /* borrowed */
    int fd;        /* of the temporary file; -1: none */
    char name[64]; /* final name */
    char tmp[96];
};

/* Starts NAME.tmp.PID.N. It is locked while it is being written, so that what a killed writer left
 * behind is told from the work of a living one and removed here. */
int newfile_open(struct newfile *f, int dirfd, const char *name, struct docfs_err *err);
int newfile_write(struct newfile *f, const void *data, size_t len, struct docfs_err *err);
/* At a place already written. */
int newfile_pwrite(struct newfile *f, const void *data, size_t len, long offset,
                   struct docfs_err *err);
/* fsync, rename over NAME, fsync of the directory. */
int newfile_publish(struct newfile *f, struct docfs_err *err);
/* Removes the temporary file unless it was published. */
void newfile_fini(struct newfile *f);
#define _cleanup_newfile_ __attribute__((cleanup(newfile_fini)))
