/* SPDX-License-Identifier: MIT
 * Runs a helper program over hostile input within limits. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/err.h"

struct child_limits {
    unsigned timeout_ms;     /* wall time before SIGKILL */
    size_t max_output;       /* bytes of stdout before SIGKILL */
    size_t max_memory;       /* RLIMIT_AS of the child, bytes; 0 = none */
    unsigned cpu_seconds;    /* RLIMIT_CPU; 0 = none */
    const char *cwd;         /* directory to work in; NULL = the caller's */
    int64_t max_file;        /* RLIMIT_FSIZE of the child, bytes; 0 = none */
    const char *const *env;  /* further "NAME=VALUE", NULL-terminated; NULL = none */
    struct buf *stderr_text; /* receives the first 4 KiB of standard error; NULL = not wanted */
    int (*stop)(void *arg);  /* asked ten times a second; non-zero: -ECANCELED; NULL = never */
    void *stop_arg;
};

/* Runs argv (searched in PATH) with `in` on its standard input and collects its standard output.
 * The child gets no other descriptor, no environment but PATH, LC_ALL=C.UTF-8 and limits->env, no
 * core dumps, no new privileges (PR_SET_NO_NEW_PRIVS) and dies with its parent. Errors: -ENOENT
 * when the program is missing, -ETIMEDOUT, -EFBIG (too much output), -EIO (non-zero exit; the first
 * line of its standard error is in the message). Thread-safe. */
int child_run(const char *const argv[], const void *in, size_t in_len,
              const struct child_limits *limits, struct buf *out, struct docfs_err *err);

/* A helper that stays and answers questions (git cat-file --batch). Not thread-safe. Of the limits
 * timeout_ms holds for one question, max_output and stop are not used. Its standard error is lost.
 */
struct child;
int child_start(const char *const argv[], const struct child_limits *limits, struct child **ret,
                struct docfs_err *err);
int child_write(struct child *c, const void *data, size_t len, struct docfs_err *err);
/* Appends exactly len bytes of the answer to out. */
int child_read(struct child *c, size_t len, struct buf *out, struct docfs_err *err);
/* Appends up to and without the next newline; -EFBIG beyond max. */
int child_read_line(struct child *c, size_t max, struct buf *out, struct docfs_err *err);
void child_stop(struct child *c); /* kills; NULL allowed */
