/* SPDX-License-Identifier: MIT
 * One thread per service: beats, and writes events when the database has a moment. */
#include "core/health/service.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/clock.h"

#define BEAT_MS 500
#define EVENT_WAIT_MS 100
#define PENDING 32

struct pending {
    int64_t at_ms, mono_ms;
    const char *kind; /* literal */
    char reason[256];
};

struct docfs_service {
    struct docfs *d;
    struct page *page; /* shared with a file, or private memory */
    int fd, run_fd;    /* -1: private */
    char name[64];
    pthread_t thread;
    pthread_mutex_t lock; /* of everything below and of the parts and errors in the page */
    pthread_cond_t wake;
    bool stopping;
    _Atomic uint64_t kept, micros; /* questions answered without a search; time of all */
    struct pending pending[PENDING];
    size_t n_pending;
};

int health_run_dir(struct docfs *d)
{
    bool made = !d->read_only && mkdirat(d->dirfd, "run", 0700) == 0;
    int fd = openat(d->dirfd, "run", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (made && fd >= 0)
        page_give(fd, d->dirfd);
    return fd;
}

/* ---- the end of others ---- */

struct store_event health_end_of(const struct page *p)
{
    bool clean = p->stopped_ms != 0;
    return (struct store_event){.at_ms = clean ? p->stopped_ms : p->beat_ms,
                                .mono_ms = clean ? p->stopped_mono_ms : p->beat_mono_ms,
                                .boot = p->boot,
                                .kind = clean ? "stop" : "crash",
                                .service = p->kind,
                                .place = p->place,
                                .reason = clean ? "" : "the process ended without a clean stop",
                                .pid = p->pid};
}

static bool reap_one(void *arg, const struct page *p, bool alive)
{
    struct docfs *d = arg;
    if (alive)
        return false;
    struct store_event e = health_end_of(p);
    return store_add_event(d->store, &e, EVENT_WAIT_MS, NULL) == 0;
}

void health_reap(struct docfs *d)
{
    _cleanup_close_ int fd = d->read_only ? -1 : health_run_dir(d);
    if (fd >= 0)
        page_each(fd, reap_one, d);
}

/* ---- this one ---- */

/* lock held */
static void note(struct docfs_service *s, const char *kind, const char *part, const char *reason)
{
    if (s->n_pending == PENDING) { /* the first is a start: keep it */
        memmove(&s->pending[1], &s->pending[2], (PENDING - 2) * sizeof(*s->pending));
        s->n_pending--;
    }
    struct pending *p = &s->pending[s->n_pending++];
    *p = (struct pending){.at_ms = page_wall_ms(), .mono_ms = page_mono_ms(), .kind = kind};
    snprintf(p->reason, sizeof(p->reason), "%s%s%s", part, *part && *reason ? ": " : "", reason);
    pthread_cond_signal(&s->wake);
}

/* lock held; given up while the database is written. True when nothing is left. */
static bool write_pending(struct docfs_service *s)
{
    while (s->n_pending && s->fd >= 0) {
        struct pending p = s->pending[0];
        pthread_mutex_unlock(&s->lock);
        struct store_event e = {.at_ms = p.at_ms,
                                .mono_ms = p.mono_ms,
                                .boot = s->page->boot,
                                .kind = p.kind,
                                .service = s->page->kind,
                                .place = s->page->place,
                                .reason = p.reason,
                                .pid = getpid()};
        int r = store_add_event(s->d->store, &e, EVENT_WAIT_MS, NULL);
        pthread_mutex_lock(&s->lock);
        if (r < 0)
            return false;
        s->n_pending--;
        memmove(s->pending, s->pending + 1, s->n_pending * sizeof(*s->pending));
    }
    return true;
}

static void beat(struct docfs_service *s)
{
    struct docfs_status status = {0};
    search_state_stats(s->d->search, &status);
    atomic_store(&s->page->cache_hits, status.cache_hits + atomic_load(&s->kept));
    atomic_store(&s->page->cache_misses, status.cache_misses);
    atomic_store(&s->page->beat_mono_ms, page_mono_ms());
    atomic_store(&s->page->beat_ms, page_wall_ms());
}

/* Trouble with the database is a part that does not work. Only this thread knows what of it. */
static void look(struct docfs_service *s)
{
    struct docfs_err err;
    int r = store_check(s->d->store, &err);
    docfs_service_degraded(s, "cache", r < 0 ? err.text : NULL);
}

static void *run(void *arg)
{
    struct docfs_service *s = arg;
    pthread_mutex_lock(&s->lock);
    while (!s->stopping) {
        pthread_mutex_unlock(&s->lock);
        look(s);
        pthread_mutex_lock(&s->lock);
        beat(s);
        write_pending(s);
        int64_t until = clock_mono_ns() + BEAT_MS * 1000000;
        struct timespec t = {until / 1000000000, until % 1000000000};
        if (!s->stopping)
            pthread_cond_timedwait(&s->wake, &s->lock, &t);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static void service_free(struct docfs_service *s)
{
    if (s->page)
        munmap(s->page, sizeof(*s->page));
    if (s->fd >= 0)
        close(s->fd);
    if (s->run_fd >= 0)
        close(s->run_fd);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->wake);
    free(s);
}

static int make_page(struct docfs_service *s, const char *kind, const char *place,
                     struct docfs_err *err)
{
    s->run_fd = s->d->read_only ? -1 : health_run_dir(s->d);
    snprintf(s->name, sizeof(s->name), "%s-%d-%llx", kind, (int)getpid(),
             (unsigned long long)clock_wall_ns());
    if (s->run_fd < 0 || page_make(s->run_fd, s->name, &s->page, &s->fd) < 0) {
        s->fd = -1;
        void *p = mmap(NULL, sizeof(*s->page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                       -1, 0);
        if (p == MAP_FAILED)
            return err_oom(err);
        s->page = p;
    }
    struct page *p = s->page;
    page_boot_id(p->boot);
    snprintf(p->kind, sizeof(p->kind), "%s", kind);
    snprintf(p->place, sizeof(p->place), "%s", place);
    snprintf(p->version, sizeof(p->version), "%s", docfs_version());
    p->pid = (uint32_t)getpid();
    p->started_ms = page_wall_ms();
    p->started_mono_ms = page_mono_ms();
    beat(s);
    /* The first byte of the mark is written last, after all the rest for readers elsewhere. */
    memcpy(p->magic + 1, PAGE_MAGIC + 1, sizeof(PAGE_MAGIC) - 1);
    __atomic_store_n(p->magic, PAGE_MAGIC[0], __ATOMIC_RELEASE);
    return 0;
}

int docfs_service_start(struct docfs *d, const char *kind, const char *place,
                        struct docfs_service **ret, struct docfs_err *err)
{
    if (d->service)
        return err_set(err, -EEXIST, "this process already is a service of %s", d->path);
    struct docfs_service *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom(err);
    s->d = d;
    s->fd = s->run_fd = -1;
    pthread_mutex_init(&s->lock, NULL);
    clock_cond_init(&s->wake);
    health_reap(d);
    int r = make_page(s, kind, place, err);
    if (r == 0) {
        pthread_mutex_lock(&s->lock);
        note(s, "start", "", "");
        write_pending(s);
        pthread_mutex_unlock(&s->lock);
        r = -pthread_create(&s->thread, NULL, run, s);
        if (r < 0)
            err_set(err, r, "cannot start a thread: %s", strerror(-r));
    }
    if (r < 0) {
        if (s->fd >= 0)
            unlinkat(s->run_fd, s->name, 0);
        service_free(s);
        return r;
    }
    atomic_store(&d->service, s);
    if (*d->redis_why)
        docfs_service_degraded(s, "redis", d->redis_why);
    *ret = s;
    return 0;
}

void docfs_service_stop(struct docfs_service *s)
{
    if (!s)
        return;
    atomic_store(&s->d->service, NULL);
    pthread_mutex_lock(&s->lock);
    s->stopping = true;
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    beat(s);
    atomic_store(&s->page->stopped_mono_ms, page_mono_ms());
    atomic_store(&s->page->stopped_ms, page_wall_ms());
    pthread_mutex_lock(&s->lock);
    note(s, "stop", "", "");
    /* Not written: the page says it, and the next process on this cache writes it down. */
    if (write_pending(s) && s->fd >= 0)
        unlinkat(s->run_fd, s->name, 0);
    pthread_mutex_unlock(&s->lock);
    service_free(s);
}

void docfs_service_degraded(struct docfs_service *s, const char *part, const char *reason)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    struct page_part *found = NULL, *empty = NULL;
    for (size_t i = 0; i < PAGE_PARTS; i++) {
        struct page_part *p = &s->page->part[i];
        if (!*p->part)
            empty = empty ? empty : p;
        else if (strncmp(p->part, part, sizeof(p->part) - 1) == 0)
            found = p;
    }
    if (reason && !found && empty) {
        snprintf(empty->part, sizeof(empty->part), "%s", part);
        snprintf(empty->reason, sizeof(empty->reason), "%s", reason);
        note(s, "degraded", part, reason);
    } else if (reason && found) {
        snprintf(found->reason, sizeof(found->reason), "%s", reason);
    } else if (!reason && found) {
        memset(found, 0, sizeof(*found));
        note(s, "recovered", part, "");
    }
    pthread_mutex_unlock(&s->lock);
}

void docfs_service_error(struct docfs_service *s, const char *text)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    struct page_error *e = &s->page->error[s->page->n_errors % PAGE_ERRORS];
    e->at_ms = page_wall_ms();
    snprintf(e->text, sizeof(e->text), "%s", text);
    s->page->n_errors++;
    pthread_mutex_unlock(&s->lock);
}

/* ---- questions ---- */

static void count(struct docfs_service *s, int64_t ns, bool failed)
{
    atomic_fetch_add_explicit(&s->micros, (uint64_t)ns / 1000, memory_order_relaxed);
    page_count(s->page, ns / 1000, failed);
}

void docfs_service_kept(struct docfs_service *s, int64_t ns)
{
    if (!s)
        return;
    atomic_fetch_add_explicit(&s->kept, 1, memory_order_relaxed);
    count(s, ns, false);
}

void docfs_service_asked(struct docfs_service *s, struct docfs_asked *ret)
{
    *ret = (struct docfs_asked){0};
    if (!s)
        return;
    struct docfs_status status = {0};
    search_state_stats(s->d->search, &status);
    *ret = (struct docfs_asked){.queries = atomic_load(&s->page->queries),
                                .failed = atomic_load(&s->page->failed),
                                .cache_hits = status.cache_hits + atomic_load(&s->kept),
                                .cache_misses = status.cache_misses,
                                .p50_ms = page_quantile(s->page, .5),
                                .p95_ms = page_quantile(s->page, .95),
                                .p99_ms = page_quantile(s->page, .99)};
    if (ret->queries)
        ret->mean_ms = (double)atomic_load(&s->micros) / 1e3 / (double)ret->queries;
}

/* ---- from inside ---- */

void health_query(struct docfs *d, int64_t ns, bool failed)
{
    struct docfs_service *s = atomic_load_explicit(&d->service, memory_order_acquire);
    if (s)
        count(s, ns, failed);
}

void health_degraded(struct docfs *d, const char *part, const char *reason)
{
    docfs_service_degraded(atomic_load(&d->service), part, reason);
}

void health_error(struct docfs *d, const char *text)
{
    docfs_service_error(atomic_load(&d->service), text);
}
