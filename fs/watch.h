/* SPDX-License-Identifier: MIT
 * The thread beside the request handlers: tells the kernel of changes other processes made, drops
 * what is too much, writes the query log, and receives the signals that end the mount. */
#pragma once
#include <signal.h>
#include "fs/ops.h"

struct watch;

/* SIGINT and SIGTERM end the mount, SIGHUP reads the settings again (a hangup of the terminal ends
 * it), SIGUSR1 is internal. Must be blocked in all
 * threads before the watch starts. */
void watch_signals(sigset_t *ret);

/* Call from the thread that will run fuse_session_loop_mt(); at a signal that loop ends. */
int watch_start(struct mount *m, struct fuse_session *se, struct docfs_service *service,
                struct watch **ret, struct docfs_err *err);
/* After the loop has ended. NULL allowed. True: it was ended because the cache was replaced by
 * another one, which is to be mounted instead. */
bool watch_stop(struct watch *w);
