/* SPDX-License-Identifier: MIT
 * Long-running programs on the cache: each tells that it lives, what it cannot do at the moment and
 * how it is used; from the recorded starts and ends come availability and time to recovery.
 * Strings inside results live as long as the result. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"
#include "core/util/scope.h"

struct docfs;
struct docfs_service;

/* Registers this process as a service of the cache: kind "mount", "serve", ...; place tells two of
 * a kind apart (mount point, address). Ends of earlier ones that nobody recorded are recorded as
 * crashes. Works on in memory when the cache cannot be written. One per handle; ended by
 * docfs_service_stop, which counts as a clean stop, or by the death of the process. */
DOCFS_API int docfs_service_start(struct docfs *d, const char *kind, const char *place,
                                  struct docfs_service **ret, struct docfs_err *err);
DOCFS_API void docfs_service_stop(struct docfs_service *s); /* NULL allowed */
DEFINE_CLEANUP(struct docfs_service, docfs_service_stop)
/* A part ("redis", "embedding") does not work and why, or (reason NULL) works again. Cheap when
 * nothing changed. s may be NULL. */
DOCFS_API void docfs_service_degraded(struct docfs_service *s, const char *part,
                                      const char *reason);
/* A question was answered from what the caller itself keeps, without docfs_search. Two additions in
 * memory. s may be NULL. */
DOCFS_API void docfs_service_kept(struct docfs_service *s, int64_t ns);
/* Questions to this process through all of its doors, since its start. s may be NULL. */
struct docfs_asked {
    uint64_t queries, failed, cache_hits, cache_misses;
    double mean_ms, p50_ms, p95_ms, p99_ms; /* all but the mean: upper bounds within 19 % */
};
DOCFS_API void docfs_service_asked(struct docfs_service *s, struct docfs_asked *ret);
/* Remembers an error for docfs status; the last few are kept. s may be NULL. */
DOCFS_API void docfs_service_error(struct docfs_service *s, const char *text);

/* Counts one more under key in the present window of all nodes that share a Redis, and tells the
 * number so far. -EAGAIN: there is none, or it is in trouble; count alone then. */
DOCFS_API int docfs_shared_count(struct docfs *d, const char *key, unsigned window_s, int64_t *ret);

/* One span that ends now. */
struct docfs_window {
    int64_t ms;          /* what is known of the span, at most its length */
    int64_t down_ms;     /* after a crash until the next start */
    int64_t stopped_ms;  /* after a clean stop until the next start */
    int64_t degraded_ms; /* up, but a part did not work */
    double availability; /* up / (ms - stopped), 0..1; 1 when nothing is known */
    unsigned crashes;
    unsigned recoveries; /* crashes that a start followed */
    int64_t recovery_ms; /* mean time from crash to start; -1: none */
    int64_t recovery_max_ms;
};

enum docfs_service_state {
    DOCFS_SERVICE_UP,
    DOCFS_SERVICE_DEGRADED,
    DOCFS_SERVICE_STOPPED,
    DOCFS_SERVICE_CRASHED,
};

enum { DOCFS_DAY, DOCFS_WEEK, DOCFS_MONTH, DOCFS_N_WINDOWS }; /* 24 h, 7 d, 30 d */

struct docfs_service_info {
    const char *kind, *place, *version; /* version: "" unless running */
    enum docfs_service_state state;
    const char *reason; /* what is degraded, or "" */
    int64_t pid;
    int64_t since_ms; /* wall clock: of this state */
    int64_t up_ms;    /* of the running process, else 0 */
    struct docfs_window window[DOCFS_N_WINDOWS];
    /* of the running process */
    uint64_t queries, failed, cache_hits, cache_misses;
    double p50_ms, p95_ms, p99_ms; /* of queries, upper bounds within 19 %; 0 when none */
};
struct docfs_event {
    const char *kind, *service, *place, *reason;
    int64_t at_ms, pid;
};
struct docfs_door { /* what the query log has of the last 24 h */
    char name[24];
    size_t asked, empty; /* empty: nothing was found */
    double p50_ms, p95_ms;
};
struct docfs_fault { /* an error that a running service met */
    const char *service, *text;
    int64_t at_ms;
};
struct docfs_health {
    struct docfs_service_info *service; /* running ones first, then by their last event */
    size_t n_services;
    struct docfs_event *event; /* newest first, at most 50 */
    size_t n_events;
    struct docfs_fault *fault; /* newest first */
    size_t n_faults;
    struct docfs_door *door; /* most asked first */
    size_t n_doors;
};
DOCFS_API int docfs_health(struct docfs *d, struct docfs_health **ret, struct docfs_err *err);
DOCFS_API void docfs_health_free(struct docfs_health *h);
DEFINE_CLEANUP(struct docfs_health, docfs_health_free)
DOCFS_API const char *docfs_service_state_name(enum docfs_service_state s);
