/* SPDX-License-Identifier: MIT
 * Refresh policies, and how old what a source gave is. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "core/store/jobs.h"
#include "core/util/clock.h"

#define EVERY_MAX (3650 * INT64_C(86400))

static const char *const names[] = {"default", "manual", "interval", "watch"};

const char *docfs_policy_name(enum docfs_policy p)
{
    return names[p];
}

int docfs_policy_parse(const char *text, enum docfs_policy *ret, int64_t *ret_every,
                       struct docfs_err *err)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    *ret_every = 0;
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (i != POLICY_INTERVAL && strcmp(text, names[i]) == 0) {
            *ret = (enum docfs_policy)i;
            return 0;
        }
    char *end;
    errno = 0;
    int64_t n = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (end != text && *end == units[i].unit && !end[1] && errno == 0 && n > 0 &&
            n <= EVERY_MAX / units[i].seconds) {
            *ret = POLICY_INTERVAL;
            *ret_every = n * units[i].seconds;
            return 0;
        }
    return err_set(
        err, -EINVAL,
        "\"%.40s\" is no refresh policy: use manual, watch, default, or an interval such "
        "as 30m, 12h or 7d",
        text);
}

int64_t fresh_window(struct docfs *d, const struct store_fresh *f)
{
    return f->interval && f->every ? 2 * f->every : setting_int(d, "freshness.stale_after") / 1000;
}

void fresh_judge(struct docfs *d, const struct store_fresh *f, int64_t *ret_checked_at,
                 int64_t *ret_stale_at)
{
    int64_t at = f->ok_at > f->fetched_at ? f->ok_at : f->fetched_at;
    int64_t window = fresh_window(d, f);
    *ret_checked_at = at;
    *ret_stale_at = f->fixed ? 0 : f->failed ? (at > 0 ? at : 1) : window && at ? at + window : 0;
}

/* ---- sources ---- */

static enum docfs_policy policy_of(const char *stored)
{
    for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(stored, names[i]) == 0)
            return (enum docfs_policy)i;
    return POLICY_DEFAULT;
}

static int64_t next_of(struct docfs *d, const struct docfs_source *s)
{
    if (s->in_force == POLICY_INTERVAL)
        return s->checked_at + s->every;
    if (s->in_force == POLICY_WATCH)
        return s->checked_at + setting_int(d, "watch.rescan") / 1000;
    return 0;
}

/* Moves the strings over. */
static struct docfs_source take(struct docfs *d, struct store_source *x)
{
    struct docfs_source s = {.id = x->id,
                             .collection = x->collection_name,
                             .kind = x->kind,
                             .location = x->location,
                             .outcome = x->outcome,
                             .policy = policy_of(x->policy),
                             .every = x->fresh.every,
                             .checked_at = x->checked_at,
                             .ok_at = x->fresh.ok_at};
    int64_t checked;
    s.in_force = x->fresh.fixed                      ? POLICY_MANUAL
                 : s.policy != POLICY_DEFAULT        ? s.policy
                 : strcmp(x->kind, "directory") == 0 ? POLICY_WATCH
                                                     : POLICY_MANUAL;
    s.next_at = next_of(d, &s);
    fresh_judge(d, &x->fresh, &checked, &s.stale_at);
    free(x->options);
    free(x->policy);
    free(x->revision);
    return s;
}

int docfs_sources(struct docfs *d, const char *collection, struct docfs_sources **ret,
                  struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_sources found = {0};
    struct docfs_sources *out = calloc(1, sizeof(*out));
    int rc = out ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_sources(r, collection, &found, err);
    if (rc == 0 && !(out->item = calloc(found.n + 1, sizeof(*out->item))))
        rc = err_oom(err);
    if (rc < 0) {
        store_sources_fini(&found);
        free(out);
        return rc;
    }
    for (; out->n < found.n; out->n++)
        out->item[out->n] = take(d, &found.item[out->n]);
    free(found.item);
    *ret = out;
    return 0;
}

void docfs_sources_free(struct docfs_sources *s)
{
    for (size_t i = 0; s && i < s->n; i++) {
        free((char *)s->item[i].collection);
        free((char *)s->item[i].kind);
        free((char *)s->item[i].location);
        free((char *)s->item[i].outcome);
    }
    if (s)
        free(s->item);
    free(s);
}

int docfs_set_policy(struct docfs *d, int64_t source, enum docfs_policy policy, int64_t every,
                     struct docfs_err *err)
{
    if (policy == POLICY_INTERVAL && (every < 1 || every > EVERY_MAX))
        return err_set(err, -EINVAL, "a refresh interval is from 1 second to 10 years");
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    rc = store_set_policy(w, source, policy == POLICY_DEFAULT ? "" : names[policy],
                          policy == POLICY_INTERVAL ? every : 0, err);
    return store_write_end(w, rc, err);
}

/* Queues a refresh of one source unless one is queued or running. */
static int enqueue(struct docfs *d, const struct docfs_source *s, const struct docfs_jobs *open,
                   size_t *n, struct docfs_err *err)
{
    char args[48];
    snprintf(args, sizeof(args), "{\"source\":%lld}", (long long)s->id);
    for (size_t i = 0; i < open->n; i++)
        if (strcmp(open->item[i].args, args) == 0)
            return 0;
    int64_t id;
    ++*n;
    return docfs_job_enqueue(
        d,
        &(struct docfs_job_new){
            .kind = "refresh", .args = args, .origin = "policy", .priority = -10},
        &id, NULL, err);
}

int docfs_enqueue_due(struct docfs *d, size_t *ret_n, struct docfs_err *err)
{
    struct docfs_sources *all = NULL;
    struct docfs_jobs *open = NULL;
    struct docfs_job_filter f = {
        .kind = "refresh", .states = 1u << JOB_QUEUED | 1u << JOB_WAITING | 1u << JOB_RUNNING};
    size_t n = 0;
    int64_t now = clock_wall_ns() / 1000000000;
    int rc = docfs_sources(d, NULL, &all, err);
    if (rc == 0)
        rc = docfs_jobs(d, &f, &open, err);
    for (size_t i = 0; rc == 0 && i < all->n; i++)
        if (all->item[i].next_at && all->item[i].next_at <= now)
            rc = enqueue(d, &all->item[i], open, &n, err);
    docfs_sources_free(all);
    docfs_jobs_free(open);
    if (rc == 0 && ret_n)
        *ret_n = n;
    return rc;
}
