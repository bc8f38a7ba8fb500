/* SPDX-License-Identifier: MIT
 * A directory tree, or one file, watched with inotify. Which file changed does not matter: a
 * refresh reads the listing anyway. Not thread-safe. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "core/util/err.h"

struct watcher;

int watcher_new(struct watcher **ret, struct docfs_err *err);
void watcher_free(struct watcher *w); /* NULL allowed */
/* Readable when there are events. */
int watcher_fd(const struct watcher *w);

/* Watches a tree under a number of the caller's; what was watched under it before is forgotten.
 * except: a directory that is left out (the cache itself), may be NULL. -ENOENT, -ENOSPC (the
 * system has no watches left), or -errno; the tree is then not watched. */
int watcher_add(struct watcher *w, int64_t key, const char *path, const char *except,
                struct docfs_err *err);
void watcher_drop(struct watcher *w, int64_t key);

enum watcher_event {
    WATCHER_CHANGED, /* something in the tree of key */
    WATCHER_RENEW,   /* the same, and directories moved or vanished: add it again */
    WATCHER_LOST,    /* the kernel dropped events: all trees may have changed (key 0) */
};
/* Takes all waiting events. */
void watcher_take(struct watcher *w, void (*fn)(void *arg, int64_t key, enum watcher_event e),
                  void *arg);
