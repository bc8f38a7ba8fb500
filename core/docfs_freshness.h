/* SPDX-License-Identifier: MIT
 * Freshness: when each source is read again, and how old what it gave is.
 *
 * A document is as fresh as the last good run over its source (checked_at). It is stale from
 * stale_at on: when its source failed at the last run or the file did, when an interval was missed
 * (twice the interval), or after setting freshness.stale_after. 0 means never.
 *
 * The rules of core/docfs.h hold. */
#pragma once
#include <time.h>
#include "core/docfs.h"
#include "core/util/scope.h"

/* What is stale from that time on (0 = never) is stale now. */
static inline bool docfs_is_stale(int64_t stale_at)
{
    return stale_at && stale_at <= time(NULL);
}

enum docfs_policy {
    POLICY_DEFAULT,  /* watch for directories and files of this machine, manual for the rest */
    POLICY_MANUAL,   /* only when somebody asks */
    POLICY_INTERVAL, /* every so many seconds */
    POLICY_WATCH,    /* as soon as it changes */
};
/* "default", "manual", "watch", or an interval "90s", "30m", "12h", "7d" (at least a second).
 * -EINVAL with the choices. */
DOCFS_API int docfs_policy_parse(const char *text, enum docfs_policy *ret, int64_t *ret_every,
                                 struct docfs_err *err);
DOCFS_API const char *docfs_policy_name(enum docfs_policy p); /* "interval" for one */

struct docfs_source {
    int64_t id;
    const char *collection, *kind, *location, *outcome; /* outcome: '', 'ok' or the error */
    enum docfs_policy policy, in_force; /* as set; what that means for this source */
    int64_t every;                      /* seconds, of POLICY_INTERVAL */
    int64_t checked_at, ok_at;          /* last run; last one without error; 0 = never */
    int64_t next_at;                    /* when it is due, 0 = by itself never */
    int64_t stale_at;
};
struct docfs_sources {
    struct docfs_source *item;
    size_t n;
};
/* Sources of a collection (NAME or NAME@VERSION), all when NULL. -ENOENT. */
DOCFS_API int docfs_sources(struct docfs *d, const char *collection, struct docfs_sources **ret,
                            struct docfs_err *err);
DOCFS_API void docfs_sources_free(struct docfs_sources *s);
DEFINE_CLEANUP(struct docfs_sources, docfs_sources_free)
/* every: seconds between two looks, for POLICY_INTERVAL only (-EINVAL: none or above 10 years).
 * -ENOENT: no such source. */
DOCFS_API int docfs_set_policy(struct docfs *d, int64_t source, enum docfs_policy policy,
                               int64_t every, struct docfs_err *err);

/* Queues a refresh of each source that is due; watched ones count as due when nobody looked at them
 * for setting watch.rescan. *ret_n (may be NULL): how many are now queued. */
DOCFS_API int docfs_enqueue_due(struct docfs *d, size_t *ret_n, struct docfs_err *err);

/* ---- keeping fresh ------------------------------------------------------------------------ */

/* A thread that watches the directories whose policy is watch (inotify) and queues a refresh when
 * one changed, and that queues sources when they are due. It needs a worker (docfs_jobs.h) beside
 * it, in any process. Changes are gathered for a fraction of a second; when the kernel lost events
 * or has no watches left, the directory is read again every setting watch.poll. */
struct docfs_keeper;
struct docfs_keeper_options {
    const char *const *collections; /* watch only these, whatever their policy; NULL = by policy */
    size_t n_collections;
    /* One line for a person: what is watched, what cannot be. Called from the thread. May be NULL.
     */
    void (*note)(void *arg, const char *text);
    void *arg;
};
/* opt may be NULL; its strings are copied. -EROFS: the cache was opened read-only. */
DOCFS_API int docfs_keeper_start(struct docfs *d, const struct docfs_keeper_options *opt,
                                 struct docfs_keeper **ret, struct docfs_err *err);
DOCFS_API void docfs_keeper_stop(struct docfs_keeper *k); /* NULL allowed */

/* A thread of low priority that renews what is derived, when nothing changed for setting
 * index.rest: for a process that runs for long. A keeper has one. *ret is NULL when there is none
 * to be had: nobody depends on it. Stopped before d is closed. */
struct docfs_rest;
DOCFS_API void docfs_rest_start(struct docfs *d, struct docfs_rest **ret);
DOCFS_API void docfs_rest_stop(struct docfs_rest *r); /* NULL allowed */
