/* SPDX-License-Identifier: MIT
 * Notifications wait for locks that a lookup in progress may hold, so they must come from a thread
 * that no lookup waits for; and the end of the mount must come from the same thread, so that no
 * notification is under way when the handlers stop. */
#include "fs/watch.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/notify.h"
#include "fs/log.h"

#define PERIOD_MS 150

struct watch {
    struct mount *mount;
    struct fuse_session *session;
    struct docfs_service *service;
    bool terminal; /* a hangup is the end of the terminal, not a wish to reload */
    int64_t watchdog_ns, fed_ns;
    pthread_t thread, loop;
    atomic_bool stop;
    uint64_t generation; /* up to which the kernel was told */
    bool troubled;       /* the last look at the cache failed; said once */
    bool again;          /* the cache was replaced: the thread has ended the mount */
};

void watch_signals(sigset_t *ret)
{
    sigemptyset(ret);
    sigaddset(ret, SIGINT);
    sigaddset(ret, SIGTERM);
    sigaddset(ret, SIGHUP);
    sigaddset(ret, SIGUSR1);
}

static void drop_entry(struct watch *w, uint64_t parent, const char *name, size_t len)
{
    fuse_lowlevel_notify_inval_entry(w->session, parent, name, len);
}

static void drop_listing(struct watch *w, uint64_t directory)
{
    fuse_lowlevel_notify_inval_inode(w->session, directory, 0, 0);
}

/* Everything the kernel keeps of docs/. Dropping a collection drops the names below it. */
static void drop_all(struct watch *w)
{
    uint64_t *id;
    size_t n = tree_directories(w->mount->tree, &id);
    for (size_t i = 0; i < n; i++)
        drop_listing(w, id[i]);
    free(id);
    drop_entry(w, FUSE_ROOT_ID, "docs", strlen("docs"));
}

static void tell(struct watch *w, const struct docfs_changes *c)
{
    struct tree *t = w->mount->tree;
    if (c->all) {
        drop_all(w);
        return;
    }
    for (size_t i = 0; i < c->n; i++) {
        const struct docfs_change *x = &c->item[i];
        uint64_t directory = tree_directory_id(x->directory);
        if (!tree_knows(t, directory))
            continue;
        drop_entry(w, directory, x->name, x->name_len);
        /* Changes of one directory come in runs: its listing goes at the end of the run. */
        if (i + 1 == c->n || c->item[i + 1].directory != x->directory)
            drop_listing(w, directory);
    }
}

static int look(struct watch *w, struct docfs_err *err)
{
    struct docfs *d = w->mount->docfs;
    uint64_t now;
    int r = docfs_generation(d, &now, err);
    if (r < 0 || now == w->generation)
        return r;
    struct docfs_changes *changes;
    r = docfs_changes(d, w->generation, &now, &changes, err);
    if (r < 0)
        return r;
    /* First the epoch, so that no listing from before is handed out as fresh afterwards. */
    tree_set_epoch(w->mount->tree, now);
    tell(w, changes);
    docfs_changes_free(changes);
    w->generation = now;
    return 0;
}

static void drop_surplus(void *arg, uint64_t parent, const char *name, size_t len)
{
    drop_entry(arg, parent, name, len);
}

static void look_after(struct watch *w)
{
    struct docfs_err err = {0};
    int r = look(w, &err);
    if (r < 0 && !w->troubled) {
        log_line("cannot see changes of the cache: %s", err.text);
        docfs_service_error(w->service, err.text);
    }
    if (r == 0 && w->troubled)
        log_line("the cache can be read again");
    w->troubled = r < 0;
    tree_surplus(w->mount->tree, drop_surplus, w);
    tree_housekeeping(w->mount->tree);
    int64_t now = clock_mono_ns();
    if (w->watchdog_ns && now - w->fed_ns > w->watchdog_ns - w->watchdog_ns / 4) {
        notify_systemd("WATCHDOG=1");
        w->fed_ns = now;
    }
}

static void reload(struct watch *w)
{
    struct docfs_err err = {0};
    notify_reloading();
    if (docfs_reload(w->mount->docfs, &err) < 0) {
        log_line("the settings stay as they were: %s", err.text);
        docfs_service_error(w->service, err.text);
    } else {
        log_line("settings read again");
    }
    notify_systemd("READY=1");
}

static void nothing(int sig) {}

/* fuse_session_loop_mt() sleeps in sem_wait(), which only a signal interrupts; one that comes
 * just before it sleeps is lost, hence more than one. */
static void end_loop(struct watch *w)
{
    fuse_session_exit(w->session);
    while (!atomic_load(&w->stop)) {
        pthread_kill(w->loop, SIGUSR1);
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
}

static void *run(void *arg)
{
    struct watch *w = arg;
    sigset_t signals;
    watch_signals(&signals);
    while (!atomic_load(&w->stop)) {
        int s = sigtimedwait(&signals, NULL, &(struct timespec){.tv_nsec = PERIOD_MS * 1000000});
        if (s == SIGHUP && !w->terminal) {
            reload(w);
        } else if (s == SIGINT || s == SIGTERM || s == SIGHUP) {
            notify_systemd("STOPPING=1");
            end_loop(w);
        } else if (s < 0) {
            look_after(w);
            w->again = docfs_replaced(w->mount->docfs);
            if (w->again)
                end_loop(w);
        }
    }
    return NULL;
}

int watch_start(struct mount *m, struct fuse_session *se, struct docfs_service *service,
                struct watch **ret, struct docfs_err *err)
{
    struct watch *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    w->mount = m;
    w->session = se;
    w->service = service;
    w->terminal = isatty(STDIN_FILENO);
    w->watchdog_ns = notify_watchdog_ns();
    w->loop = pthread_self();
    w->generation = tree_epoch(m->tree);
    atomic_init(&w->stop, false);
    int r = pthread_create(&w->thread, NULL, run, w);
    if (r) {
        free(w);
        return err_set(err, -r, "cannot start a thread: %s", strerror(r));
    }
    struct sigaction sa = {.sa_handler = nothing};
    sigaction(SIGUSR1, &sa, NULL);
    sigset_t usr1;
    sigemptyset(&usr1);
    sigaddset(&usr1, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &usr1, NULL);
    *ret = w;
    return 0;
}

bool watch_stop(struct watch *w)
{
    if (!w)
        return false;
    atomic_store(&w->stop, true);
    pthread_kill(w->thread, SIGUSR1);
    pthread_join(w->thread, NULL);
    bool again = w->again;
    free(w);
    return again;
}
