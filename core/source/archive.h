/* SPDX-License-Identifier: MIT
 * Inside of the archive source: nothing is ever unpacked under a name. The wanted entries go into
 * one unnamed file (the spool), and reading is a pread of it. */
#pragma once
#include <stdint.h>
#include "core/source/source.h"

struct spool_entry {
    char *path; /* cleaned: no leading "./", no trailing '/' */
    int64_t at, size, mtime_ns;
    size_t order;        /* in the archive */
    const char *refused; /* static text, or NULL */
    char version[33];    /* first half of the SHA-256, hex */
};

struct spool {
    int fd;      /* unnamed file in the cache directory */
    int64_t end; /* bytes used */
    struct spool_entry *entry;
    size_t n;
    int64_t seen; /* entries of all archives, directories too */
};

int spool_init(struct spool *s, const char *dir, struct docfs_err *err);
void spool_fini(struct spool *s);

/* Reads the archive that is bytes at..at+size of fd. wanted(arg, path) says which entries to keep.
 * label names the archive in messages. -EINVAL: damaged or no archive; -EFBIG: a bomb or too large;
 * -EACCES: encrypted. On return, whatever it is, the entries are ordered by
 * path, the last of equal ones kept; a second call adds to them. */
struct spool_read {
    const struct source_env *env;
    int fd;
    int64_t at, size;
    const char *label;
    size_t max_file; /* larger entries are refused one by one */
    bool (*wanted)(void *arg, const char *path);
    void *arg;
};
int spool_archive(struct spool *s, const struct spool_read *in, struct docfs_err *err);
struct spool_entry *spool_find(const struct spool *s, const char *path);

/* Appends an entry's bytes. Thread-safe. */
int spool_entry_read(const struct spool *s, const struct spool_entry *e, size_t max,
                     struct buf *out, struct docfs_err *err);

/* The name ends like an archive that can be opened. */
bool archive_name(const char *name, size_t len);

/* fetch.c: a file of the web into a file below the cache directory, asked for again only when it
 * changed. *ret_fd is the caller's; ret_revision receives its ETag or date. */
int fetch_file(const struct source_env *env, const char *url, int *ret_fd, char **ret_revision,
               struct docfs_err *err);
