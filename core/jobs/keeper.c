/* SPDX-License-Identifier: MIT
 * The thread that keeps the cache fresh: it knows the watched sources, gathers what happens to them
 * and queues their refresh. A source is in one of these states:
 *
 *   watched, quiet   nothing to do until an event
 *   dirty            events came; queued when they pause, or after GATHER_MAX at the latest
 *   polled           cannot be watched: queued every watch.poll, and watching is tried again */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "core/jobs/inotify.h"
#include "core/jobs/jobs.h"
#include "core/util/clock.h"

#define MS INT64_C(1000000)
#define GATHER (150 * MS)     /* quiet time before a refresh is queued */
#define GATHER_MAX (700 * MS) /* while events keep coming */
#define GAP (1000 * MS)       /* between two refreshes of a source */
#define LOOK (500 * MS)       /* between looks at the list of sources */
#define DUE (5000 * MS)       /* between looks at intervals */
#define PRIORITY 50           /* of a refresh after a change: somebody may be waiting */

struct kept {
    struct docfs_source s; /* strings owned */
    bool watched, seen, renew;
    int64_t dirty_since, last_event; /* 0 = quiet */
    int64_t queued_at, poll_at;
};

struct docfs_keeper {
    struct docfs *d;
    pthread_t thread;
    int stop; /* eventfd */
    struct watcher *w;
    struct docfs_rest *rest;
    struct kept *item;
    size_t n;
    uint64_t generation; /* of the list of sources; 0 = never read */
    int64_t look_at, due_at;
    char **only; /* NULL-terminated, or NULL */
    void (*note)(void *arg, const char *text);
    void *arg;
};

static void note(struct docfs_keeper *k, const char *text)
{
    if (k->note)
        k->note(k->arg, text);
}

static void kept_fini(struct kept *x)
{
    free((char *)x->s.collection);
    free((char *)x->s.kind);
    free((char *)x->s.location);
    free((char *)x->s.outcome);
}

/* ---- which sources ---- */

static bool wanted(const struct docfs_keeper *k, const struct docfs_source *s)
{
    if (strcmp(s->kind, "directory") != 0)
        return false;
    if (!k->only)
        return s->in_force == POLICY_WATCH;
    for (char **p = k->only; *p; p++)
        if (strcmp(*p, s->collection) == 0)
            return true;
    return false;
}

static void watch(struct docfs_keeper *k, struct kept *x, bool first)
{
    struct docfs_err err = {0};
    bool was = x->watched;
    int rc = watcher_add(k->w, x->s.id, x->s.location, docfs_path(k->d), &err);
    x->watched = rc == 0;
    x->renew = false;
    if (!x->watched)
        x->poll_at = clock_mono_ns() + setting_int(k->d, "watch.poll") * MS;
    if (!x->watched && (was || first))
        note(k, err.text);
    if (x->watched && (!was || first)) {
        char text[512];
        snprintf(text, sizeof(text), "watching %.400s", x->s.location);
        note(k, text);
    }
}

static void dirty(struct kept *x, int64_t now)
{
    x->last_event = now;
    x->dirty_since = x->dirty_since ? x->dirty_since : now;
}

/* Adds a source that is new in the list; takes its strings. */
static int keep(struct docfs_keeper *k, struct docfs_source *s)
{
    if (!grow(&k->item, k->n, sizeof(*k->item)))
        return -ENOMEM;
    struct kept *x = &k->item[k->n++];
    *x = (struct kept){.s = *s, .seen = true};
    s->collection = s->kind = s->location = s->outcome = NULL;
    watch(k, x, true);
    dirty(x, clock_mono_ns()); /* what happened while nobody watched */
    return 0;
}

static struct kept *find(struct docfs_keeper *k, int64_t id)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->item[i].s.id == id)
            return &k->item[i];
    return NULL;
}

static void drop_unseen(struct docfs_keeper *k)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (k->item[i].seen) {
            struct kept x = k->item[i];
            k->item[n++] = x;
            continue;
        }
        char text[512];
        snprintf(text, sizeof(text), "not watched any more: %.400s", k->item[i].s.location);
        note(k, text);
        watcher_drop(k->w, k->item[i].s.id);
        kept_fini(&k->item[i]);
    }
    k->n = n;
}

static void look(struct docfs_keeper *k)
{
    uint64_t generation = 0;
    struct docfs_sources *all;
    if (docfs_generation(k->d, &generation, NULL) < 0 || generation == k->generation ||
        docfs_sources(k->d, NULL, &all, NULL) < 0)
        return;
    for (size_t i = 0; i < k->n; i++)
        k->item[i].seen = false;
    int rc = 0;
    for (size_t i = 0; i < all->n && rc == 0; i++) {
        struct kept *x = find(k, all->item[i].id);
        if (!wanted(k, &all->item[i]))
            continue;
        if (x)
            x->seen = true;
        else
            rc = keep(k, &all->item[i]);
    }
    docfs_sources_free(all);
    if (rc == 0) {
        drop_unseen(k);
        k->generation = generation;
    }
}

/* ---- what happens to them ---- */

static void on_event(void *arg, int64_t key, enum watcher_event e)
{
    struct docfs_keeper *k = arg;
    int64_t now = clock_mono_ns();
    for (size_t i = 0; i < k->n; i++) {
        struct kept *x = &k->item[i];
        if (e != WATCHER_LOST && x->s.id != key)
            continue;
        dirty(x, now);
        x->renew = x->renew || e != WATCHER_CHANGED;
    }
    if (e == WATCHER_LOST)
        note(k, "the system lost events: all watched directories are read again");
}

static int64_t ready_at(const struct kept *x)
{
    if (!x->dirty_since)
        return x->watched ? INT64_MAX : x->poll_at;
    int64_t at = x->last_event + GATHER, most = x->dirty_since + GATHER_MAX;
    at = at < most ? at : most;
    return at > x->queued_at + GAP ? at : x->queued_at + GAP;
}

static void queue(struct docfs_keeper *k, struct kept *x, int64_t now)
{
    char args[48];
    int64_t id;
    struct docfs_err err = {0};
    snprintf(args, sizeof(args), "{\"source\":%lld}", (long long)x->s.id);
    struct docfs_job_new job = {
        .kind = "refresh", .args = args, .origin = "watch", .priority = PRIORITY};
    /* Before the refresh reads the listing: what changes from now on is another event. */
    if (x->renew || !x->watched)
        watch(k, x, false);
    if (docfs_job_enqueue(k->d, &job, &id, NULL, &err) < 0 && err.code != -ENOENT) {
        note(k, err.text);
        x->last_event = now; /* the next round tries again */
        x->dirty_since = now;
    } else {
        x->dirty_since = 0;
    }
    x->queued_at = now;
}

/* Does what is due; returns when the next thing will be. */
static int64_t round_of(struct docfs_keeper *k)
{
    int64_t now = clock_mono_ns(), next;
    if (now >= k->look_at) {
        look(k);
        k->look_at = now + LOOK;
    }
    if (now >= k->due_at && !k->only) {
        docfs_enqueue_due(k->d, NULL, NULL);
        docfs_enrich(k->d, NULL, NULL, NULL); /* only with enrich.policy auto */
        k->due_at = now + DUE;
    }
    next = k->look_at;
    for (size_t i = 0; i < k->n; i++) {
        if (ready_at(&k->item[i]) <= now)
            queue(k, &k->item[i], now);
        int64_t at = ready_at(&k->item[i]);
        next = at < next ? at : next;
    }
    return next;
}

static void *work(void *arg)
{
    struct docfs_keeper *k = arg;
    struct pollfd p[] = {{.fd = k->stop, .events = POLLIN},
                         {.fd = watcher_fd(k->w), .events = POLLIN}};
    while (!(p[0].revents & POLLIN)) {
        int64_t wait = (round_of(k) - clock_mono_ns()) / MS + 1;
        poll(p, 2, wait < 1 ? 1 : (int)wait);
        if (p[1].revents & POLLIN)
            watcher_take(k->w, on_event, k);
    }
    return NULL;
}

/* ---- life ---- */

static void keeper_free(struct docfs_keeper *k)
{
    for (size_t i = 0; i < k->n; i++)
        kept_fini(&k->item[i]);
    free(k->item);
    for (char **p = k->only; p && *p; p++)
        free(*p);
    free(k->only);
    watcher_free(k->w);
    if (k->stop >= 0)
        close(k->stop);
    free(k);
}

static int copy_only(struct docfs_keeper *k, const struct docfs_keeper_options *opt)
{
    if (!opt || !opt->collections)
        return 0;
    k->only = calloc(opt->n_collections + 1, sizeof(*k->only));
    for (size_t i = 0; k->only && i < opt->n_collections; i++)
        if (!(k->only[i] = strdup(opt->collections[i])))
            return -ENOMEM;
    return k->only ? 0 : -ENOMEM;
}

int docfs_keeper_start(struct docfs *d, const struct docfs_keeper_options *opt,
                       struct docfs_keeper **ret, struct docfs_err *err)
{
    if (d->read_only)
        return err_set(err, -EROFS, "the cache %s is opened read-only: nothing can be refreshed",
                       d->path);
    struct docfs_keeper *k = calloc(1, sizeof(*k));
    if (!k)
        return err_oom(err);
    k->d = d;
    k->stop = eventfd(0, EFD_CLOEXEC);
    k->note = opt ? opt->note : NULL;
    k->arg = opt ? opt->arg : NULL;
    int rc = k->stop < 0 ? err_set(err, -errno, "cannot start watching: %m") : 0;
    if (rc == 0 && copy_only(k, opt) < 0)
        rc = err_oom(err);
    if (rc == 0)
        rc = watcher_new(&k->w, err);
    if (rc == 0 && (rc = -pthread_create(&k->thread, NULL, work, k)) < 0)
        err_set(err, rc, "cannot start a thread: %s", strerror(-rc));
    if (rc < 0) {
        keeper_free(k);
        return rc;
    }
    docfs_rest_start(d, &k->rest);
    *ret = k;
    return 0;
}

void docfs_keeper_stop(struct docfs_keeper *k)
{
    if (!k)
        return;
    eventfd_write(k->stop, 1);
    pthread_join(k->thread, NULL);
    docfs_rest_stop(k->rest);
    keeper_free(k);
}
