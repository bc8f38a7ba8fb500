/* SPDX-License-Identifier: MIT
 * The vector index follows the store lazily: at the start of a search it appends the passages that
 * came since, and when too much has changed it opens the newer base file that the ingest wrote.
 * Deleted passages are found when a search meets them (search.c). */
#include "core/search/search.h"
#include "core/search/shared.h"
#include "core/search/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/buf.h"
#include "core/util/hash.h"

#define CACHE_BUCKETS 512
#define CACHE_ENTRIES 1024
#define CACHE_HITS 8192 /* of all entries; one takes about 1 KB */
#define APPEND_STEP 1024

struct cached {
    struct cached *next;          /* in the bucket */
    struct cached *older, *newer; /* in the order of their last use */
    char *key;
    struct docfs_results *results;
};

struct search_state {
    pthread_rwlock_t lock; /* index pointer: searches hold it shared */
    struct vindex *index;
    char stamp[160];     /* of the vectors in it, see read_stamp */
    uint64_t generation; /* of the store when last in step; 0 = never */

    pthread_mutex_t cache_lock;
    struct cached *bucket[CACHE_BUCKETS];
    struct cached *oldest, *newest;
    size_t cached, cached_hits;
    uint64_t hits, misses;
};

int search_state_new(struct docfs *d, struct search_state **ret, struct docfs_err *err)
{
    struct search_state *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom(err);
    pthread_rwlock_init(&s->lock, NULL);
    pthread_mutex_init(&s->cache_lock, NULL);
    *ret = s;
    return 0;
}

static struct cached **bucket_of(struct search_state *s, const char *key)
{
    return &s->bucket[hash64(key, strlen(key), 0) % CACHE_BUCKETS];
}

static void unlink_used(struct search_state *s, struct cached *c)
{
    *(c->older ? &c->older->newer : &s->oldest) = c->newer;
    *(c->newer ? &c->newer->older : &s->newest) = c->older;
}

static void link_newest(struct search_state *s, struct cached *c)
{
    c->older = s->newest;
    c->newer = NULL;
    *(c->older ? &c->older->newer : &s->oldest) = c;
    s->newest = c;
}

static void drop(struct search_state *s, struct cached *c)
{
    struct cached **p = bucket_of(s, c->key);
    while (*p != c)
        p = &(*p)->next;
    *p = c->next;
    unlink_used(s, c);
    s->cached--;
    s->cached_hits -= c->results->n;
    docfs_results_unref(c->results);
    free(c->key);
    free(c);
}

void search_state_free(struct search_state *s)
{
    if (!s)
        return;
    while (s->oldest)
        drop(s, s->oldest);
    vindex_free(s->index);
    pthread_rwlock_destroy(&s->lock);
    pthread_mutex_destroy(&s->cache_lock);
    free(s);
}

void search_state_stats(struct search_state *s, struct docfs_status *ret)
{
    pthread_rwlock_rdlock(&s->lock);
    if (s->index) {
        struct vindex_stats v;
        vindex_stats(s->index, &v);
        ret->index_base = v.base;
        ret->index_tail = v.tail;
        ret->index_dead = v.dead;
        ret->index_graph = v.graph;
    }
    pthread_rwlock_unlock(&s->lock);
    pthread_mutex_lock(&s->cache_lock);
    ret->cache_hits = s->hits;
    ret->cache_misses = s->misses;
    pthread_mutex_unlock(&s->cache_lock);
}

/* ---- following the store ---- */

struct append {
    struct vindex *index;
    size_t code_len, n;
    struct vindex_row row[APPEND_STEP];
    int8_t *codes; /* APPEND_STEP * code_len */
    int rc;
};

static int append_flush(struct append *a)
{
    if (a->n && a->rc == 0)
        a->rc = vindex_append(a->index, a->row, a->codes, a->n);
    a->n = 0;
    return a->rc;
}

static int append_row(void *arg, int64_t passage, int64_t document, const void *code, size_t len)
{
    struct append *a = arg;
    if (len != a->code_len) /* left by an interrupted change of the model: embedded again later */
        return 0;
    a->row[a->n] = (struct vindex_row){.passage = passage, .document = document};
    memcpy(a->codes + a->n * len, code, len);
    return ++a->n == APPEND_STEP ? append_flush(a) : 0;
}

static int append_new(struct store_read *r, unsigned dim, struct vindex *x, struct docfs_err *err)
{
    size_t code_len = vindex_code_size(dim);
    _cleanup_free_ struct append *a = calloc(1, sizeof(*a));
    _cleanup_free_ int8_t *codes = malloc(APPEND_STEP * code_len);
    if (!a || !codes)
        return err_oom(err);
    a->index = x;
    a->code_len = code_len;
    a->codes = codes;
    int rc = store_vectors(r, vindex_last(x), append_row, a, err);
    if (rc >= 0)
        rc = append_flush(a);
    return rc < 0 ? err_set(err, rc, "cannot load the vector index: %s", strerror(-rc)) : 0;
}

struct gone {
    int64_t *passage;
    size_t n;
};

static void note_gone(void *arg, int64_t passage)
{
    struct gone *g = arg;
    g->passage[g->n++] = passage;
}

/* The base file may hold passages that went since. Told now: found one by one among the answers,
 * each would make its search begin again. */
static int kill_gone(struct store_read *r, struct vindex *x, struct docfs_err *err)
{
    struct vindex_stats s;
    int64_t live, last;
    int rc = store_passage_count(r, &live, &last, err);
    vindex_stats(x, &s);
    size_t rows = s.base + s.tail;
    if (rc < 0 || (int64_t)rows <= live)
        return rc;
    _cleanup_free_ int64_t *held = calloc(rows, sizeof(*held));
    _cleanup_free_ int64_t *gone = calloc(rows, sizeof(*gone));
    if (!held || !gone)
        return err_oom(err);
    struct gone g = {.passage = gone};
    rc = store_dead_passages(r, held, vindex_passages(x, 0, held, rows), note_gone, &g, err);
    if (rc == 0 && (rc = vindex_kill(x, gone, g.n)) < 0)
        err_oom(err);
    return rc;
}

/* Base file if it is usable, else empty; then everything that came since. */
static int load(struct docfs *d, struct store_read *r, unsigned dim, const char *stamp,
                struct vindex **ret, struct docfs_err *err)
{
    struct vindex *x = NULL;
    int rc = d->index_dirfd < 0 ? -ENOENT : vindex_open(d->index_dirfd, dim, stamp, &x, NULL);
    /* Missing, stale or corrupt is no error to anybody: the store holds every vector. */
    if (rc < 0)
        rc = vindex_new(dim, &x, err);
    if (rc < 0)
        return rc;
    rc = append_new(r, dim, x, err);
    if (rc == 0)
        rc = kill_gone(r, x, err);
    if (rc < 0) {
        vindex_free(x);
        return rc;
    }
    *ret = x;
    return 0;
}

/* More than a fifth of the rows (and more than a few) are of passages that are gone. */
static bool mostly_dead(struct vindex *x, int64_t live)
{
    struct vindex_stats s;
    vindex_stats(x, &s);
    int64_t rows = (int64_t)(s.base + s.tail);
    return rows - live > 4096 && rows - live > rows / 5;
}

/* What the vectors are of: the model, and how often one came to a passage below the last. */
static int read_stamp(struct store_read *r, const struct embedder *e, char *ret, size_t size,
                      struct docfs_err *err)
{
    char epoch[24];
    int rc = store_meta(r, "vectors_epoch", epoch, sizeof(epoch), err);
    if (rc == 0)
        snprintf(ret, size, "%s%s%s", e->fingerprint, *epoch ? "#" : "", epoch);
    return rc;
}

static int follow(struct docfs *d, struct store_read *r, unsigned dim, const char *stamp,
                  struct docfs_err *err)
{
    struct search_state *s = d->search;
    uint64_t generation = store_read_generation(r);
    pthread_rwlock_wrlock(&s->lock);
    int rc = 0;
    if (s->index && strcmp(s->stamp, stamp) != 0 && generation >= s->generation) {
        vindex_free(s->index);
        s->index = NULL;
        s->generation = 0;
    }
    if (!s->index || generation > s->generation) {
        int64_t n = 0, last = 0;
        if (!s->index)
            rc = load(d, r, dim, stamp, &s->index, err);
        else
            rc = append_new(r, dim, s->index, err);
        if (rc == 0 && s->generation)
            rc = store_passage_count(r, &n, &last, err);
        if (rc == 0 && s->generation &&
            (vindex_needs_rebuild(s->index) || mostly_dead(s->index, n))) {
            struct vindex *fresh = NULL;
            if (load(d, r, dim, stamp, &fresh, NULL) == 0) {
                vindex_free(s->index);
                s->index = fresh;
            }
        }
        if (rc == 0) {
            s->generation = generation;
            snprintf(s->stamp, sizeof(s->stamp), "%s", stamp);
        }
    }
    pthread_rwlock_unlock(&s->lock);
    return rc;
}

int state_acquire(struct docfs *d, struct store_read *r, const struct embedder *e,
                  struct vindex **ret, struct docfs_err *err)
{
    struct search_state *s = d->search;
    char stamp[sizeof(s->stamp)];
    int rc = e ? read_stamp(r, e, stamp, sizeof(stamp), err) : 0;
    if (rc < 0)
        return rc;
    *ret = NULL;
    pthread_rwlock_rdlock(&s->lock);
    if (!e)
        return 0;
    if (!s->index || store_read_generation(r) > s->generation || strcmp(s->stamp, stamp) != 0) {
        pthread_rwlock_unlock(&s->lock);
        rc = follow(d, r, e->dim, stamp, err);
        if (rc < 0)
            return rc;
        pthread_rwlock_rdlock(&s->lock);
    }
    /* A snapshot older than a change of the model that another thread has followed already has no
     * index any more: its vectors are gone. */
    if (s->index && strcmp(s->stamp, stamp) == 0)
        *ret = s->index;
    return 0;
}

void state_release(struct docfs *d)
{
    pthread_rwlock_unlock(&d->search->lock);
}

/* ---- the file ---- */

static int rebuild(struct docfs *d, struct store_read *r, const struct embedder *e, bool force,
                   bool *ret_rebuilt, struct docfs_err *err)
{
    char stamp[160];
    int64_t n, last;
    int rc = read_stamp(r, e, stamp, sizeof(stamp), err);
    if (rc == 0)
        rc = store_passage_count(r, &n, &last, err);
    if (rc < 0)
        return rc;
    struct vindex *x = NULL;
    int opened = vindex_open(d->index_dirfd, e->dim, stamp, &x, NULL);
    bool want = force || (opened < 0 && (n > 0 || opened != -ENOENT));
    if (opened == 0 && !want) {
        rc = append_new(r, e->dim, x, err);
        want = vindex_needs_rebuild(x) || mostly_dead(x, n);
    }
    vindex_free(x);
    if (rc < 0 || !want)
        return rc;
    /* From the store, not from the old file: rows of deleted passages fall away. */
    struct vindex *fresh;
    rc = vindex_new(e->dim, &fresh, err);
    if (rc < 0)
        return rc;
    rc = append_new(r, e->dim, fresh, err);
    if (rc == 0)
        rc = vindex_write(fresh, d->index_dirfd, stamp, (size_t)setting_int(d, "index.graph_min"),
                          err);
    vindex_free(fresh);
    *ret_rebuilt = rc == 0;
    return rc;
}

int search_rebuild_index(struct docfs *d, bool force, bool *ret_rebuilt, struct docfs_err *err)
{
    *ret_rebuilt = false;
    if (d->index_dirfd < 0)
        return 0;
    _cleanup_read_ struct store_read *r = NULL;
    struct embedder *e = NULL;
    struct docfs_err why;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = embedding_serving(d, r, &e, &why, err);
    if (rc == 0 && e)
        rc = rebuild(d, r, e, force, ret_rebuilt, err);
    if (rc == 0)
        rc = words_rebuild(d, r, force, ret_rebuilt, err);
    embedder_free(e);
    return rc;
}

int search_open_index(struct docfs *d, struct store_read *r, const struct embedder *e,
                      struct vindex **ret, struct docfs_err *err)
{
    char stamp[160];
    int rc = read_stamp(r, e, stamp, sizeof(stamp), err);
    return rc < 0 ? rc : vindex_open(d->index_dirfd, e->dim, stamp, ret, err);
}

/* ---- result cache ---- */

static struct cached *find(struct search_state *s, const char *key)
{
    struct cached *c = *bucket_of(s, key);
    while (c && strcmp(c->key, key) != 0)
        c = c->next;
    return c;
}

static struct docfs_results *remembered(struct search_state *s, const char *key,
                                        uint64_t generation)
{
    struct docfs_results *found = NULL;
    pthread_mutex_lock(&s->cache_lock);
    struct cached *c = find(s, key);
    if (c && c->results->generation == generation) {
        unlink_used(s, c);
        link_newest(s, c);
        found = docfs_results_ref(c->results);
    }
    pthread_mutex_unlock(&s->cache_lock);
    return found;
}

static void remember(struct search_state *s, const char *key, struct docfs_results *r)
{
    struct cached *c = calloc(1, sizeof(*c));
    char *copy = strdup(key);
    if (!c || !copy) {
        free(c);
        free(copy);
        return; /* an uncached result is still a result */
    }
    pthread_mutex_lock(&s->cache_lock);
    struct cached *old = find(s, key); /* of an older generation, or made by two at once */
    if (old)
        drop(s, old);
    while (s->cached && (s->cached >= CACHE_ENTRIES || s->cached_hits + r->n > CACHE_HITS))
        drop(s, s->oldest);
    struct cached **bucket = bucket_of(s, key);
    *c = (struct cached){.next = *bucket, .key = copy, .results = docfs_results_ref(r)};
    *bucket = c;
    link_newest(s, c);
    s->cached++;
    s->cached_hits += r->n;
    pthread_mutex_unlock(&s->cache_lock);
}

uint64_t state_mark(struct docfs *d)
{
    /* Answers are kept longer than a program is. */
    static const char program[] = DOCFS_VERSION "/" RANKING_VERSION;
    uint64_t mark = settings_mark(d, "search.", hash64(program, sizeof(program), 0));
    mark = settings_mark(d, "feedback.", settings_mark(d, "rerank.", mark));
    return settings_mark(d, "freshness.", mark);
}

struct docfs_results *state_cached(struct docfs *d, struct store_read *r, const char *key)
{
    struct search_state *s = d->search;
    struct docfs_results *found = remembered(s, key, store_read_generation(r));
    _cleanup_buf_ struct buf body = {0};
    if (!found && store_cached_results(r, key, &body, NULL) == 1) {
        found = results_unpack(body.data, body.len);
        if (found)
            remember(s, key, found);
        buf_clear(&body);
    }
    if (!found && shared_get(d, r, key, &body)) {
        found = results_unpack(body.data, body.len);
        if (found && found->generation != store_read_generation(r)) {
            docfs_results_unref(found);
            found = NULL;
        }
        if (found)
            remember(s, key, found);
    }
    pthread_mutex_lock(&s->cache_lock);
    found ? s->hits++ : s->misses++;
    pthread_mutex_unlock(&s->cache_lock);
    return found;
}

void state_cache(struct docfs *d, struct store_read *r, const char *key, struct docfs_results *res)
{
    remember(d->search, key, res);
    _cleanup_buf_ struct buf body = {0};
    if (results_pack(res, &body) < 0)
        return;
    store_cache_results(d->store, key, res->generation, &body);
    shared_put(d, r, key, &body);
}
