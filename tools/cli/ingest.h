/* SPDX-License-Identifier: MIT
 * What add and refresh share: progress, interruption, the summary. */
#pragma once
#include "tools/cli/cmd.h"
#include "tools/cli/progress.h"

struct ingest {
    struct cmd_context *c;
    const char *collection; /* named on the command line, or NULL */
    bool strict;
    bool chosen; /* by --include or --exclude */
    struct progress progress;
    struct docfs_progress last; /* its source is not kept */
};

void ingest_start(struct ingest *in, struct cmd_context *c, const char *collection, bool strict);
/* The docfs_progress_fn; arg is a struct ingest. */
int ingest_progress(void *arg, const struct docfs_progress *p);
/* Tells how it went; r is what docfs_add or docfs_refresh returned. Returns the exit code. */
int ingest_finish(struct ingest *in, int r, const struct docfs_report *report,
                  const struct docfs_err *err);
/* Likewise of a run that only embeds. */
int ingest_finish_embed(struct ingest *in, int r, const struct docfs_report *report,
                        const struct docfs_err *err);
