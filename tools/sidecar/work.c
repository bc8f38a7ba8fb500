/* SPDX-License-Identifier: MIT
 * The part of the server that works by itself: it runs queued jobs, watches directories and reads
 * sources again when they are due. */
#include <errno.h>

#include "tools/sidecar/internal.h"

static void note(void *arg, const char *text)
{
    server_log(arg, "info", NULL, "%s", text);
}

int work_start(struct server *s, struct docfs_err *err)
{
    if (!s->writable || !docfs_setting_number(s->d, "serve.work"))
        return 0;
    struct docfs_keeper_options opt = {.note = note, .arg = s};
    int r = docfs_worker_start(s->d, NULL, &s->worker, err);
    if (r == -EROFS) {
        server_log(s, "info", NULL, "the cache cannot be written: no jobs are run here");
        return 0;
    }
    return r < 0 ? r : docfs_keeper_start(s->d, &opt, &s->keeper, err);
}

void work_stop(struct server *s)
{
    docfs_keeper_stop(s->keeper);
    docfs_worker_stop(s->worker);
}
