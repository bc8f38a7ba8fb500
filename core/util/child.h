/* SPDX-License-Identifier: MIT
 * Runs a helper program over hostile input within limits. */
#pragma once
#include <stddef.h>
#include "core/util/buf.h"
#include "core/util/err.h"

struct child_limits {
    unsigned timeout_ms;  /* wall time before SIGKILL */
    size_t max_output;    /* bytes of stdout before SIGKILL */
    size_t max_memory;    /* RLIMIT_AS of the child, bytes; 0 = none */
    unsigned cpu_seconds; /* RLIMIT_CPU; 0 = none */
    const char *cwd;      /* directory to work in; NULL = the caller's */
};

/* Runs argv (searched in PATH) with `in` on its standard input and collects its standard output.
 * The child gets no other descriptor, an empty environment but PATH and LC_ALL=C.UTF-8, no core
 * dumps, no new privileges (PR_SET_NO_NEW_PRIVS) and dies with its parent. Errors: -ENOENT when
 * the program is missing, -ETIMEDOUT, -EFBIG (too much output), -EIO (non-zero exit; the first
 * line of its standard error is in the message). Thread-safe. */
int child_run(const char *const argv[], const void *in, size_t in_len,
              const struct child_limits *limits, struct buf *out, struct docfs_err *err);
