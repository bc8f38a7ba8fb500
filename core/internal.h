/* SPDX-License-Identifier: MIT
 * struct docfs and what its owners give each other: the files of core/ itself, and the folders that
 * join the parts (ingest, jobs, search, enrich, feedback, health). Nobody else. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "core/config/config.h"
#include "core/docfs.h"
#include "core/embed/embed.h"
#include "core/index/index.h"
#include "core/store/store.h"
#include "core/util/cleanup.h"

/* follow.c: "collection/path" as a link may have it ("page/", "page.html#part", "../x") -> what it
 * is. */
int follow_path(struct store_read *r, const char *path, struct store_entry *ret);

/* docfs.c: refuses a cache that was opened read-only (-EROFS); the second begins a transaction. */
int cache_writable(const struct docfs *d, struct docfs_err *err);
int cache_write(struct docfs *d, struct store_write **ret, struct docfs_err *err);

/* docfs.c: makes the cache directory; why says who named it. path is unchanged afterwards. */
int docfs_make_directory(char *path, const char *why, struct docfs_err *err);

struct embedding; /* embedding.c: the embedder in use, the one asked for */
struct priors;
struct models;       /* enrich/models.c: the chat models */
struct search_state; /* search/state.c: vector index in memory, result cache */
struct words;        /* search/words.c: postings file */

struct docfs {
    char *path; /* absolute */
    bool read_only;
    int dirfd;       /* of path */
    int index_dirfd; /* of path/index; -1 when it cannot be made */
    struct store *store;
    struct embedding *embedding;
    struct search_state *search;
    struct words *words;
    struct models *models; /* enrich/models.c: chat models */

    struct redis *redis; /* search/shared.c; NULL without one */
    char redis_why[256]; /* it is configured and cannot be used; "" */

    struct docfs_service *_Atomic service; /* NULL in programs that run briefly */

    pthread_mutex_t priors_lock; /* of the pointer priors */
    struct priors *priors;       /* what feedback adds to scores; NULL = not looked at yet */

    pthread_rwlock_t config_lock; /* of the pointer config, which reload exchanges */
    bool config_lock_made;
    struct config *config;
    struct option_value *option; /* one per row of config_table */
};

int embedding_new(struct embedding **ret, struct docfs_err *err);
void embedding_free(struct embedding *m);
/* The embedder of the vectors that the cache holds in this snapshot: a reference, to be given back
 * with embedder_free. NULL when there are no vectors yet, or with the reason in *why when there is
 * no way to embed like them any more. Asks no server. */
int embedding_serving(struct docfs *d, struct store_read *r, struct embedder **ret,
                      struct docfs_err *why, struct docfs_err *err);
/* The embedder that the settings ask for (a reference) and the note on it that the cache keeps (new
 * string). May ask a server; fails when that does not answer. */
int embedding_wanted(struct docfs *d, struct embedder **ret, char **ret_spec,
                     struct docfs_err *err);
/* The embedder of the vectors, or in a cache without any that of the settings: a reference. */
int embedding_any(struct docfs *d, struct embedder **ret, struct docfs_err *err);
/* Scores of n texts for a question by the server of rerank.url, 0..1. */
int embedding_rerank(struct docfs *d, const char *query, const struct embed_text *texts, size_t n,
                     double *out, struct docfs_err *err);

/* catalog.c: the outcomes of files, as the store lists them (store_outcome_fn, arg: outcomes). */
struct outcomes {
    struct docfs_failures *f;
    bool oom;
};
void outcomes_add(void *arg, const char *collection, const char *path, const char *outcome,
                  const char *reason);
/* Hands them over, or frees them when rc < 0 or memory ran out; returns which. */
int outcomes_end(struct outcomes *x, int rc, struct docfs_failures **ret, struct docfs_err *err);

/* search/state.c: made at open without touching the disk, loads the index on the first search. */
int search_state_new(struct docfs *d, struct search_state **ret, struct docfs_err *err);
void search_state_free(struct search_state *s);
int words_new(struct words **ret, struct docfs_err *err);
void words_free(struct words *w); /* NULL allowed */
/* Compares the postings file with its checksums and the store: 0 (also when there is none), 1 with
 * why it is to be made again. */
int words_verify(struct docfs *d, struct store_read *r, char *ret_why, size_t size,
                 struct docfs_err *err);
/* The same file, made while passages are taken in. words_follow begins when it will be wanted, and
 * takes in what was committed; words_publish puts it in place, false when that is to be done by
 * search_rebuild_index. */
struct words_making;
void words_follow(struct docfs *d, struct words_making **m);
bool words_publish(struct docfs *d, struct words_making *m);
void words_making_free(struct words_making *m); /* NULL allowed */
/* Makes the same file again when a hundredth of the passages came or went since, after a long rest
 * when any did. For a time when nothing changes; given up, -ECANCELED, once stop is true.
 * -EWOULDBLOCK: another process is at it. */
int words_renew(struct docfs *d, bool long_rest, const atomic_bool *stop, struct docfs_err *err);
/* Figures for docfs_status. */
void search_state_stats(struct search_state *s, struct docfs_status *ret);
/* Brings the on-disk index up to date with the store when it is missing or far behind; force:
 * always. Called by ingest and verify. */
int search_rebuild_index(struct docfs *d, bool force, bool *ret_rebuilt, struct docfs_err *err);
/* The file of the index for the vectors of e, as vindex_open. */
int search_open_index(struct docfs *d, struct store_read *r, const struct embedder *e,
                      struct vindex **ret, struct docfs_err *err);

/* What feedback adds to scores (feedback/priors.c). priors_get: *ret is NULL when there is none. */
int priors_get(struct docfs *d, struct store_read *r, struct priors **ret, struct docfs_err *err);
void priors_unref(struct priors *p); /* NULL allowed */
bool priors_empty(const struct priors *p);
/* Stands for the words of a question; 0 when there are none. */
int64_t priors_question(const char *text);
double priors_of(const struct priors *p, int64_t question, int64_t document);
/* enrich/models.c: made at open without asking anybody. */
int models_new(struct models **ret, struct docfs_err *err);
void models_free(struct models *m);

/* Settings (settings.c). Opened before everything else: files, environment, options. */
int settings_open(struct docfs *d, const char *const *set, struct docfs_err *err);
void settings_close(struct docfs *d);
/* The value in force as a number: switch 0/1, choice its place, size in bytes, duration in ms. */
int64_t setting_int(struct docfs *d, const char *key);
double setting_real(struct docfs *d, const char *key);
/* Mixes the values in force of the keys that begin with prefix into seed: another number when one
 * of them was changed. */
uint64_t settings_mark(struct docfs *d, const char *prefix, uint64_t seed);
/* New string; NULL only when memory is out. */
char *setting_text(struct docfs *d, const char *key);
/* What the file of a SECRET setting holds: new string, "" when none is set. */
int setting_secret(struct docfs *d, const char *key, char **ret, struct docfs_err *err);

/* What a running service shows in docfs status (health/service.c); nothing without one. */
void health_query(struct docfs *d, int64_t ns, bool failed);
void health_degraded(struct docfs *d, const char *part, const char *reason); /* NULL: recovered */
void health_error(struct docfs *d, const char *text);

/* freshness.c: since when it is known to be current, and from when on it counts as stale. */
void fresh_judge(struct docfs *d, const struct store_fresh *f, int64_t *ret_checked_at,
                 int64_t *ret_stale_at);
/* Seconds that a source's documents stay fresh after a good run, 0 = for ever. */
int64_t fresh_window(struct docfs *d, const struct store_fresh *f);

/* Redis (search/shared.c). Trouble with it is never a reason not to open. */
void shared_open(struct docfs *d);
void shared_close(struct docfs *d);
/* 0: it answers; 1: none is configured; -errno and why not. */
int shared_check(struct docfs *d, char *ret_version, size_t size, struct docfs_err *err);
