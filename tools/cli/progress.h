/* SPDX-License-Identifier: MIT
 * Progress on stderr: a bar with rate and time left on a terminal, a plain line every few seconds
 * elsewhere, nothing with --quiet or --json. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tools/cli/out.h"

struct progress {
    bool off, tty;
    bool shown;       /* a bar stands on the terminal */
    int64_t start_ns; /* of the present phase */
    int64_t last_ns;
    const char *label;
};

/* One state of the work. total 0: not known yet. */
struct progress_step {
    const char *label; /* "converting"; a new one starts rate and time left again */
    const char *unit;  /* what done and total count: "files" */
    uint64_t done, total;
    int64_t bytes, bytes_total; /* what the rate is taken from; total 0: from done */
    const char *detail;         /* shown last when there is room; may be "" */
};

void progress_init(struct progress *p, const struct out *o);
/* Cheap: draws at most ten times a second (a line every five seconds off a terminal). */
void progress_update(struct progress *p, const struct progress_step *s);
/* Removes the bar. */
void progress_end(struct progress *p);
