/* SPDX-License-Identifier: MIT
 * Lists that people look at: collections, saved and recent queries, failures; and the status. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/internal.h"
#include "core/store/jobs.h"
#include "core/util/clock.h"
#include "core/util/grow.h"

/* When the first source of the collection goes stale, 0 = none does. */
static int64_t first_stale(struct docfs *d, const struct store_sources *all, int64_t collection)
{
    int64_t first = 0, checked, stale;
    for (size_t i = 0; i < all->n; i++) {
        if (all->item[i].collection != collection)
            continue;
        fresh_judge(d, &all->item[i].fresh, &checked, &stale);
        if (stale && (!first || stale < first))
            first = stale;
    }
    return first;
}

int docfs_collections(struct docfs *d, struct docfs_collections **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_collections found = {0};
    _cleanup_(store_sources_fini) struct store_sources sources = {0};
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_list_collections(r, &found, err);
    if (rc == 0)
        rc = store_list_sources(r, NULL, &sources, err);
    struct docfs_collections *c = rc < 0 ? NULL : calloc(1, sizeof(*c));
    if (c)
        c->item = calloc(found.n + 1, sizeof(*c->item));
    if (!c || !c->item) {
        store_collections_fini(&found);
        free(c);
        return rc < 0 ? rc : err_oom(err);
    }
    for (size_t i = 0; i < found.n; i++) {
        const struct store_collection *x = &found.item[i];
        c->item[i] = (struct docfs_collection){.id = x->id,
                                               .root = x->root,
                                               .name = x->name,
                                               .version = x->version,
                                               .title = x->title,
                                               .location = x->location,
                                               .outcome = x->outcome,
                                               .kind = x->kind,
                                               .revision = x->revision,
                                               .documents = (size_t)x->documents,
                                               .passages = (size_t)x->passages,
                                               .failed = (size_t)x->failed,
                                               .bytes = x->bytes,
                                               .checked_at = x->checked_at,
                                               .stale_at = first_stale(d, &sources, x->id),
                                               .changed_at = x->changed_at,
                                               .newest = x->newest};
    }
    c->n = found.n;
    free(found.item); /* the strings went over */
    *ret = c;
    return 0;
}

void docfs_collections_free(struct docfs_collections *c)
{
    for (size_t i = 0; c && i < c->n; i++) {
        free((char *)c->item[i].name);
        free((char *)c->item[i].version);
        free((char *)c->item[i].title);
        free((char *)c->item[i].location);
        free((char *)c->item[i].outcome);
        free((char *)c->item[i].kind);
        free((char *)c->item[i].revision);
    }
    if (c)
        free(c->item);
    free(c);
}

/* ---- queries ---- */

void docfs_log_query(struct docfs *d, const char *door, const char *query, size_t hits,
                     double seconds)
{
    if (setting_int(d, "query_log"))
        store_log_query(d->store, door, query, priors_question(query), hits, seconds);
}

struct recents {
    struct docfs_recents *r;
    size_t max;
    bool oom;
};

static void add_recent(void *arg, const char *query, const char *door, int64_t at, int64_t hits)
{
    struct recents *x = arg;
    char *q = strdup(query), *dr = strdup(door);
    if (!q || !dr || x->r->n == x->max) {
        x->oom = !q || !dr;
        free(q);
        free(dr);
        return;
    }
    x->r->item[x->r->n++] =
        (struct docfs_recent){.query = q, .door = dr, .at = at, .hits = (size_t)hits};
}

int docfs_recent(struct docfs *d, size_t max, struct docfs_recents **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    if (max > 10000)
        max = 10000;
    struct recents x = {.r = calloc(1, sizeof(*x.r)), .max = max};
    if (!x.r)
        return err_oom(err);
    x.r->item = calloc(max + 1, sizeof(*x.r->item));
    store_log_settle(d->store);
    int rc = x.r->item ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_recent(r, max, add_recent, &x, err);
    if (rc == 0 && x.oom)
        rc = err_oom(err);
    if (rc < 0) {
        docfs_recents_free(x.r);
        return rc;
    }
    *ret = x.r;
    return 0;
}

void docfs_recents_free(struct docfs_recents *r)
{
    for (size_t i = 0; r && i < r->n; i++) {
        free((char *)r->item[i].query);
        free((char *)r->item[i].door);
    }
    if (r)
        free(r->item);
    free(r);
}

typedef int change_fn(struct store_write *w, const char *a, const char *b, struct docfs_err *err);

static int change(struct docfs *d, change_fn *fn, const char *a, const char *b,
                  struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    return store_write_end(w, fn(w, a, b, err), err);
}

static int unsave(struct store_write *w, const char *name, const char *unused,
                  struct docfs_err *err)
{
    return store_unsave_query(w, name, err);
}

int docfs_save(struct docfs *d, const char *name, const char *query, struct docfs_err *err)
{
    size_t n = strlen(name);
    if (n == 0 || n > 255 || *name == '.' || strchr(name, '/'))
        return err_set(err, -EINVAL,
                       "bad name \"%.100s\" for a saved query: 1 to 255 bytes, no '/', no leading "
                       "'.'",
                       name);
    _cleanup_(query_freep) struct query *q = NULL;
    int rc = query_parse(query, strlen(query), false, &q, err);
    return rc < 0 ? rc : change(d, store_save_query, name, query, err);
}

int docfs_unsave(struct docfs *d, const char *name, struct docfs_err *err)
{
    return change(d, unsave, name, NULL, err);
}

struct saveds {
    struct docfs_saveds *s;
    bool oom;
};

static void add_saved(void *arg, const char *name, const char *query)
{
    struct saveds *x = arg;
    char *n = strdup(name), *q = strdup(query);
    if (!n || !q || !grow(&x->s->item, x->s->n, sizeof(*x->s->item))) {
        free(n);
        free(q);
        x->oom = true;
        return;
    }
    x->s->item[x->s->n++] = (struct docfs_saved){.name = n, .query = q};
}

int docfs_saved(struct docfs *d, struct docfs_saveds **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct saveds x = {.s = calloc(1, sizeof(*x.s))};
    int rc = x.s ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_saved(r, add_saved, &x, err);
    if (rc == 0 && x.oom)
        rc = err_oom(err);
    if (rc < 0) {
        docfs_saveds_free(x.s);
        return rc;
    }
    *ret = x.s;
    return 0;
}

void docfs_saveds_free(struct docfs_saveds *s)
{
    for (size_t i = 0; s && i < s->n; i++) {
        free((char *)s->item[i].name);
        free((char *)s->item[i].query);
    }
    if (s)
        free(s->item);
    free(s);
}

/* ---- failures ---- */

void outcomes_add(void *arg, const char *collection, const char *path, const char *outcome,
                  const char *reason)
{
    struct outcomes *x = arg;
    if (!grow(&x->f->item, x->f->n, sizeof(*x->f->item))) {
        x->oom = true;
        return;
    }
    struct docfs_failure *y = &x->f->item[x->f->n++];
    *y = (struct docfs_failure){.collection = strdup(collection),
                                .path = strdup(path),
                                .outcome = strdup(outcome),
                                .reason = strdup(reason)};
    x->oom = x->oom || !y->collection || !y->path || !y->outcome || !y->reason;
}

int outcomes_end(struct outcomes *x, int rc, struct docfs_failures **ret, struct docfs_err *err)
{
    if (rc == 0 && x->oom)
        rc = err_oom(err);
    if (rc < 0)
        docfs_failures_free(x->f);
    else
        *ret = x->f;
    return rc;
}

int docfs_failures(struct docfs *d, const char *collection, size_t max, struct docfs_failures **ret,
                   struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct outcomes x = {.f = calloc(1, sizeof(*x.f))};
    int rc = x.f ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_failures(r, collection, max, outcomes_add, &x, err);
    return outcomes_end(&x, rc, ret, err);
}

void docfs_failures_free(struct docfs_failures *f)
{
    for (size_t i = 0; f && i < f->n; i++) {
        free((char *)f->item[i].collection);
        free((char *)f->item[i].path);
        free((char *)f->item[i].outcome);
        free((char *)f->item[i].reason);
    }
    if (f)
        free(f->item);
    free(f);
}

/* ---- status ---- */

static int64_t file_size(int dirfd, const char *name)
{
    struct stat st;
    return dirfd >= 0 && fstatat(dirfd, name, &st, 0) == 0 ? st.st_size : 0;
}

static int count_stale(struct docfs *d, struct store_read *r, size_t *ret, struct docfs_err *err)
{
    _cleanup_(store_sources_fini) struct store_sources all = {0};
    int64_t checked, stale, now = clock_wall_ns() / 1000000000;
    int rc = store_list_sources(r, NULL, &all, err);
    for (size_t i = 0; i < all.n; i++) {
        fresh_judge(d, &all.item[i].fresh, &checked, &stale);
        *ret += stale && stale <= now;
    }
    return rc;
}

int docfs_status(struct docfs *d, struct docfs_status *ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct docfs_status s = {0};
    struct store_counts n;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_counts(r, &n, err);
    if (rc == 0)
        rc = store_meta(r, "fingerprint", s.fingerprint, sizeof(s.fingerprint), err);
    if (rc == 0)
        rc = store_running_job(r, &s.job_done, &s.job_total, err);
    if (rc < 0)
        return rc;
    s.ingesting = rc > 0;
    struct store_queue q;
    rc = store_queue(r, clock_wall_ns() / 1000000000 - 86400, &q, err);
    if (rc < 0)
        return rc;
    s.jobs_waiting = q.waiting;
    s.jobs_running = q.running;
    s.jobs_failed = q.failed;
    s.jobs_interrupted = q.interrupted;
    if ((rc = count_stale(d, r, &s.stale, err)) < 0)
        return rc;
    s.generation = store_read_generation(r);
    s.schema = n.schema;
    s.collections = n.collections;
    s.documents = n.documents;
    s.passages = n.passages;
    s.vectors = n.vectors;
    s.failed = n.failed;
    s.bytes = n.bytes;
    s.db_bytes = file_size(d->dirfd, "docfs.db") + file_size(d->dirfd, "docfs.db-wal");
    s.index_bytes = file_size(d->index_dirfd, "vectors") + file_size(d->index_dirfd, "hnsw") +
                    file_size(d->index_dirfd, "words");
    search_state_stats(d->search, &s);
    *ret = s;
    return 0;
}
