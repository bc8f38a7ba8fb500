/* SPDX-License-Identifier: MIT
 * The life of the server: options, listeners, signals, shutdown. */
#include "tools/sidecar/serve.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include "tools/sidecar/internal.h"

#define CONNECTIONS 1024
#define REOPEN_NS (10 * SECOND_NS) /* for a new cache to be complete */

bool server_read_only(const struct server *s)
{
    return !s->writable;
}

double server_uptime(const struct server *s)
{
    return (double)(clock_mono_ns() - s->started_ns) / 1e9;
}

void server_changed(struct server *s)
{
    cache_clear(s->cache);
    atomic_store(&s->generation_ns, 0);
}

static void set(unsigned *v, unsigned fallback)
{
    *v = *v ? *v : fallback;
}

static void defaults(struct serve_options *o)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    set(&o->threads, cores > 2 ? (unsigned)cores : 2);
    set(&o->connections, CONNECTIONS);
    set(&o->queue, 512);
    set(&o->streams, 128);
    set(&o->idle_seconds, 60);
    set(&o->header_seconds, 10);
    set(&o->body_seconds, 60);
    set(&o->send_seconds, 120);
    set(&o->grace_seconds, 10);
    o->max_body = o->max_body ? o->max_body : 1 << 20;
    o->max_upload = o->max_upload ? o->max_upload : 64 << 20;
    o->response_cache = o->response_cache ? o->response_cache : 16 << 20;
}

/* Where a server that starts again listens: at the same ports, although any was good enough. */
struct places {
    char spec[SERVE_LISTEN_MAX][160];
    size_t n;
};

static int open_listeners(struct server *s, struct places *p, struct docfs_err *err)
{
    static const char *const fallback[] = {SERVE_DEFAULT_LISTEN};
    const char *const *spec = s->opt.n_listen ? s->opt.listen : fallback;
    size_t n = s->opt.n_listen ? s->opt.n_listen : 1;
    if (n > SERVE_LISTEN_MAX)
        return err_set(err, -EINVAL, "more than %d addresses given with --listen",
                       SERVE_LISTEN_MAX);
    s->need_token = s->opt.auth == SERVE_AUTH_ALWAYS;
    for (size_t i = 0; i < n; i++) {
        struct listener *l = &s->listener[i];
        int r = listener_open(l, i < p->n ? p->spec[i] : spec[i], err);
        if (r < 0)
            return r;
        if (l->unix_path)
            snprintf(p->spec[i], sizeof(p->spec[i]), "unix:%s", l->unix_path);
        else
            snprintf(p->spec[i], sizeof(p->spec[i]), "%s:%u", l->host, l->port);
        s->need_token = s->need_token || !s->listener[s->n_listeners].loopback;
        s->n_listeners++;
    }
    p->n = n;
    if (s->need_token && !s->opt.rate)
        s->opt.rate = 50;
    return 0;
}

static int make_parts(struct server *s, struct docfs_err *err)
{
    int r = router_init(&s->router, err);
    if (r < 0)
        return r;
    s->metrics.n = s->router.n;
    s->metrics.route = calloc(s->router.n + 1, sizeof(*s->metrics.route));
    s->fast = pool_new(s->opt.threads, s->opt.queue);
    s->slow = pool_new(8, 64);
    s->streams = streams_new(s->opt.streams);
    s->cache = cache_new(s->opt.response_cache);
    s->rates = rates_new();
    s->tokens = tokens_new();
    s->asked = asked_new();
    if (!s->metrics.route || !s->fast || !s->slow || !s->streams || !s->cache || !s->rates ||
        !s->tokens || !s->asked)
        return err_oom(err);
    if ((r = docfs_opens_new(s->d, "ui", &s->opens, err)) < 0)
        return r;
    r = tokens_load(s->tokens, s->d, err);
    if (r == 0 && s->need_token && !tokens_count(s->tokens))
        r = err_set(err, -EACCES,
                    "clients of %s need a token and there is none: docfs token create NAME "
                    "--scope read makes one; without --listen the server is reached from this "
                    "machine only and needs none",
                    s->listener[0].url);
    if (r < 0)
        return r;
    for (const struct resource *const *p = resources; *p; p++)
        if ((*p)->start && (r = (*p)->start(s, err)) < 0)
            return r;
    s->ticker = ticker_new(s);
    return s->ticker ? work_start(s, err) : err_oom(err);
}

/* Room for every connection, the cache's files and uploads. */
static void raise_files(const struct serve_options *opt)
{
    struct rlimit l;
    rlim_t want = (opt->connections ? opt->connections : CONNECTIONS) + 512;
    if (getrlimit(RLIMIT_NOFILE, &l) == 0 && l.rlim_cur < want) {
        l.rlim_cur = l.rlim_max < want ? l.rlim_max : want;
        setrlimit(RLIMIT_NOFILE, &l);
    }
}

/* fresh: for the first time in the life of this process. */
static void tell_ready(struct server *s, bool fresh)
{
    for (size_t i = 0; fresh && i < s->n_listeners; i++)
        printf("listening on %s\n", s->listener[i].url);
    fflush(stdout);
    if (fresh && s->opt.ready_fd > 2) {
        char line[32];
        int n = snprintf(line, sizeof(line), "%u\n", s->listener[0].port);
        if (write(s->opt.ready_fd, line, (size_t)n) != n)
            server_log(s, "warning", NULL, "nobody reads the ready descriptor");
        close(s->opt.ready_fd);
    }
    char state[192];
    snprintf(state, sizeof(state), "READY=1\nSTATUS=Listening on %s", s->listener[0].url);
    notify_systemd(state);
    server_log(s, "info", NULL, "listening on %s, cache %s", s->listener[0].url, docfs_path(s->d));
}

static void reload(struct server *s)
{
    char state[64];
    snprintf(state, sizeof(state), "RELOADING=1\nMONOTONIC_USEC=%lld",
             (long long)(clock_mono_ns() / 1000));
    notify_systemd(state);
    struct docfs_err err = {0};
    if (docfs_reload(s->d, &err) < 0 || tokens_load(s->tokens, s->d, &err) < 0) {
        server_log(s, "error", NULL, "reload: %s", err.text);
        docfs_service_error(s->service, err.text);
    }
    server_changed(s);
    notify_systemd("READY=1");
    server_log(s, "info", NULL, "reloaded");
}

/* SIGHUP reloads; SIGTERM and SIGINT return, and SIGUSR1 (ticker.c) when the cache was replaced. */
static void wait_for_signals(struct server *s, int fd)
{
    struct signalfd_siginfo i;
    while (read(fd, &i, sizeof(i)) == sizeof(i) || errno == EINTR) {
        s->again = i.ssi_signo == SIGUSR1 && docfs_replaced(s->d);
        if (i.ssi_signo == SIGHUP)
            reload(s);
        else if (i.ssi_signo != SIGUSR1 || s->again)
            break;
    }
}

/* An end to every stream, time for what is under way. New requests are told that the server stops:
 * MHD_quiesce_daemon() would turn them away, but races with the threads of its pool over the
 * sockets in their epoll sets, and then ends the process. */
static void drain(struct server *s)
{
    if (!s->again)
        notify_systemd("STOPPING=1");
    server_log(s, "info", NULL, "stopping");
    atomic_store(&s->stopping, true);
    streams_stop(s->streams);
    int64_t until = clock_mono_ns() + s->opt.grace_seconds * SECOND_NS;
    struct timespec step = {.tv_nsec = 5000000};
    while (atomic_load(&s->metrics.in_flight) && clock_mono_ns() < until)
        nanosleep(&step, NULL);
    unsigned left = atomic_load(&s->metrics.in_flight);
    if (left)
        server_log(s, "warning", NULL, "%u requests did not end within %u s", left,
                   s->opt.grace_seconds);
}

static void stop_parts(struct server *s)
{
    /* No connection may be suspended when its daemon stops, and until then requests may come. */
    pool_stop(s->fast);
    pool_stop(s->slow);
    ticker_stop(s->ticker);
    work_stop(s);
    for (size_t i = 0; i < s->n_listeners; i++) {
        if (s->listener[i].mhd)
            MHD_stop_daemon(s->listener[i].mhd);
        listener_close(&s->listener[i]);
    }
    ticker_free(s->ticker);
    pool_free(s->fast);
    pool_free(s->slow);
    streams_free(s->streams);
    for (const struct resource *const *p = resources; *p; p++)
        if ((*p)->stop)
            (*p)->stop(s);
    if (s->asked)
        asked_flush(s->asked, s->d);
    asked_free(s->asked);
    docfs_opens_free(s->opens);
    if (s->tokens)
        tokens_flush(s->tokens, s->d);
    tokens_free(s->tokens);
    cache_free(s->cache);
    rates_free(s->rates);
    free(s->metrics.route);
    router_fini(&s->router);
}

static void serving_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGHUP);
    sigaddset(ret, SIGUSR1);
}

/* *ret_again: the cache was replaced, everything is to be done once more with the new one. */
static int serve(struct docfs *d, const struct serve_options *opt, int signals,
                 struct places *places, bool *ret_again, struct docfs_err *err)
{
    struct server *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom(err);
    s->opt = *opt;
    defaults(&s->opt);
    s->d = d;
    s->started_ns = clock_mono_ns();
    s->started_at = clock_wall_ns() / SECOND_NS;
    s->writable = !opt->read_only;
    pthread_mutex_init(&s->log_lock, NULL);
    pthread_mutex_init(&s->conns.lock, NULL);
    (void)!getrandom(s->seed, sizeof(s->seed), 0);

    bool fresh = !places->n;
    int r = open_listeners(s, places, err);
    if (r == 0)
        r = make_parts(s, err);
    struct docfs_err ignored;
    if (r == 0 && docfs_service_start(d, "serve", s->listener[0].url, &s->service, &ignored) < 0)
        server_log(s, "warning", NULL, "docfs status will not show this server: %s", ignored.text);
    if (r == 0 && !fresh)
        docfs_service_error(s->service,
                            "the cache was replaced while it was in use; the new one is "
                            "served now");
    /* Last: requests may come from then on, and count. */
    for (size_t i = 0; r == 0 && i < s->n_listeners; i++)
        r = connection_start(s, &s->listener[i], err);
    if (r == 0) {
        tell_ready(s, fresh);
        wait_for_signals(s, signals);
        drain(s);
    }
    *ret_again = s->again;
    stop_parts(s);
    docfs_service_stop(s->service);
    pthread_mutex_destroy(&s->log_lock);
    pthread_mutex_destroy(&s->conns.lock);
    free(s);
    return r;
}

/* The new cache may still be in the making. -ECANCELED: somebody wants an end meanwhile. */
static int reopen(struct docfs **d, const struct serve_options *opt, const char *path,
                  struct docfs_err *err)
{
    struct docfs_options o = {
        .cache = path, .set = opt->set, .read_only = opt->read_only, .must_exist = true};
    sigset_t stop;
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    for (int64_t until = clock_mono_ns() + REOPEN_NS;;) {
        int r = docfs_open(&o, d, err);
        if (r == 0 || clock_mono_ns() > until)
            return r;
        if (sigtimedwait(&stop, NULL, &(struct timespec){.tv_nsec = 200000000}) > 0)
            return -ECANCELED;
    }
}

int docfs_serve_main(struct docfs **d, const struct serve_options *opt, struct docfs_err *err)
{
    json_object_seed(0); /* before there are threads */

    /* Every thread inherits the blocked signals; this one reads them. They stay blocked: whoever
     * asks again to stop, while the cache is being closed, must not turn a clean end into a killed
     * process. */
    sigset_t mask;
    serving_signals(&mask);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    /* As the mount: few arenas, and big blocks straight back to the system. With one arena a thread
     * what questions use for a moment stays scattered over all of them. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    _cleanup_close_ int signals = signalfd(-1, &mask, SFD_CLOEXEC);
    if (signals < 0)
        return err_set(err, -errno, "cannot wait for signals: %m");
    raise_files(opt);

    struct places places = {.n = 0};
    _cleanup_free_ char *path = strdup(docfs_path(*d));
    bool again = false;
    int r;
    do {
        r = serve(*d, opt, signals, &places, &again, err);
        if (r == 0 && again) {
            docfs_close(*d);
            *d = NULL;
            r = reopen(d, opt, path, err);
        }
    } while (r == 0 && again);
    return r == -ECANCELED ? 0 : r;
}
