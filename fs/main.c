/* SPDX-License-Identifier: MIT
 * The life of a mount: checks, background process, session, end. */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include "core/docfs_freshness.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/notify.h"
#include "fs/dirs.h"
#include "fs/log.h"
#include "fs/mount.h"
#include "fs/mountpoint.h"
#include "fs/watch.h"

#define THREADS_DEFAULT 16
#define REOPEN_NS (10 * INT64_C(1000000000)) /* for a new cache to be complete */

struct session {
    const struct docfs_mount_options *opt;
    char *mountpoint; /* absolute */
    int ready_fd;     /* the waiting parent; -1 in the foreground */
    bool ready;
    struct mount mount;
    struct fuse_session *fuse;
    struct watch *watch;
    struct docfs_service *service;
    struct docfs_rest *rest;
    char *cache; /* of the session that ended because its cache was replaced */
};

/* ---- readiness ----------------------------------------------------------------------------------
 */

/* What the waiting parent reads: code 0, or why it failed. */
static void tell_parent(struct session *s, const struct docfs_err *result)
{
    if (s->ready_fd < 0)
        return;
    (void)!write(s->ready_fd, result, sizeof(*result));
    close(steal_fd(&s->ready_fd));
}

static void detach_stdio(void)
{
    _cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
}

static void ready(void *arg)
{
    struct session *s = arg;
    struct docfs_err ok = {0};
    s->ready = true;
    if (s->ready_fd >= 0)
        detach_stdio();
    tell_parent(s, &ok);
    notify_systemd("READY=1");
}

/* ---- the session --------------------------------------------------------------------------------
 */

static bool inside(const char *path, const char *directory)
{
    size_t n = strlen(directory);
    return !strncmp(path, directory, n) && (path[n] == '/' || !path[n]);
}

static int open_cache(struct session *s, struct docfs_err *err)
{
    struct docfs_options o = {.cache = s->cache ? s->cache : s->opt->cache,
                              .must_exist = s->cache || s->opt->must_exist,
                              .set = s->opt->set};
    int r = docfs_open(&o, &s->mount.docfs, err);
    if (r == -EROFS || r == -EACCES || r == -EPERM) {
        o.read_only = true;
        r = docfs_open(&o, &s->mount.docfs, err);
    }
    if (r < 0)
        return r;
    _cleanup_free_ char *cache = realpath(docfs_path(s->mount.docfs), NULL);
    if (cache && inside(cache, s->mountpoint))
        return err_set(err, -EINVAL,
                       "the cache %s lies in the mount point %s and would be hidden by it; choose "
                       "another mount point",
                       cache, s->mountpoint);
    return 0;
}

static int add_options(struct session *s, struct fuse_args *args)
{
    _cleanup_free_ char *opts = NULL, *name = NULL;
    if (asprintf(&name, "fsname=docfs:%s", docfs_path(s->mount.docfs)) < 0)
        name = NULL;
    /* The name may hold commas. */
    if (!name || fuse_opt_add_opt(&opts, "ro,nosuid,nodev,noexec,subtype=docfs") < 0 ||
        fuse_opt_add_opt_escaped(&opts, name) < 0)
        return -ENOMEM;
    if (s->opt->allow_other && fuse_opt_add_opt(&opts, "allow_other,default_permissions") < 0)
        return -ENOMEM;
    if (fuse_opt_add_arg(args, "docfs") < 0 || fuse_opt_add_arg(args, "-o") < 0 ||
        fuse_opt_add_arg(args, opts) < 0)
        return -ENOMEM;
    return s->opt->debug && fuse_opt_add_arg(args, "-d") < 0 ? -ENOMEM : 0;
}

static int mount_failed(const struct session *s, struct docfs_err *err)
{
    char said[256];
    log_last(said, sizeof(said));
    return err_set(err, -EIO, "cannot mount on %s%s%s%s", s->mountpoint, *said ? ": " : "", said,
                   geteuid() == 0 ? " (in a container: --cap-add SYS_ADMIN, and on AppArmor hosts "
                                    "--security-opt apparmor:unconfined)"
                                  : "");
}

static int mount_it(struct session *s, struct docfs_err *err)
{
    struct fuse_args args = FUSE_ARGS_INIT(0, NULL);
    struct fuse_lowlevel_ops ops;
    ops_table(&ops, s->opt->xattr);
    if (add_options(s, &args) == 0)
        s->fuse = fuse_session_new(&args, &ops, sizeof(ops), &s->mount);
    fuse_opt_free_args(&args);
    if (!s->fuse)
        return err_set(err, -EIO, "cannot start a FUSE session");
    if (fuse_session_mount(s->fuse, s->mountpoint) < 0) {
        fuse_session_destroy(s->fuse);
        s->fuse = NULL;
        return mount_failed(s, err);
    }
    return 0;
}

static int loop(struct session *s, struct docfs_err *err)
{
    struct fuse_loop_config *config = fuse_loop_cfg_create();
    if (!config)
        return err_oom(err);
    fuse_loop_cfg_set_max_threads(config, s->opt->threads ? s->opt->threads : THREADS_DEFAULT);
    fuse_session_loop_mt(s->fuse, config);
    fuse_loop_cfg_destroy(config);
    return s->ready
               ? 0
               : err_set(err, -EPROTO, "the kernel did not accept the mount on %s", s->mountpoint);
}

/* True: to be started again, with another cache at the same place. */
static bool session_fini(struct session *s)
{
    bool again = watch_stop(s->watch);
    docfs_rest_stop(s->rest);
    docfs_service_stop(s->service);
    if (s->fuse) {
        fuse_session_unmount(s->fuse);
        fuse_session_destroy(s->fuse);
    }
    dirs_release_all(&s->mount);
    tree_free(s->mount.tree);
    free(s->cache);
    s->cache = again ? strdup(docfs_path(s->mount.docfs)) : NULL;
    docfs_close(s->mount.docfs);
    s->watch = NULL;
    s->service = NULL;
    s->rest = NULL;
    s->fuse = NULL;
    s->mount.tree = NULL;
    s->mount.docfs = NULL;
    return s->cache != NULL;
}

/* The new cache may still be in the making. */
static int open_again(struct session *s, struct docfs_err *err)
{
    sigset_t stop;
    watch_signals(&stop);
    for (int64_t until = clock_mono_ns() + REOPEN_NS;;) {
        int r = open_cache(s, err);
        if (!r || clock_mono_ns() > until)
            return r;
        docfs_close(s->mount.docfs);
        s->mount.docfs = NULL;
        if (sigtimedwait(&stop, NULL, &(struct timespec){.tv_nsec = 200000000}) > 0)
            return r;
    }
}

static int serve(struct session *s, struct docfs_err *err)
{
    const struct docfs_mount_options *o = s->opt;
    bool again = s->cache != NULL;
    int r = again ? open_again(s, err) : log_open(o->log, s->ready_fd < 0, err);
    if (!r && !again)
        r = open_cache(s, err);
    struct tree_options tree = {
        .xattr = o->xattr, .symlinks = o->symlinks, .mountpoint = s->mountpoint};
    if (!r)
        r = tree_new(s->mount.docfs, &tree, &s->mount.tree, err);
    if (!r)
        r = mount_it(s, err);
    if (!r && s->ready_fd >= 0)
        (void)!chdir("/");
    log_speak();
    struct docfs_err ignored;
    if (!r &&
        docfs_service_start(s->mount.docfs, "mount", s->mountpoint, &s->service, &ignored) < 0)
        log_line("this mount is not seen by docfs status: %s", ignored.text);
    if (!r && again) {
        log_line("the cache was replaced while it was in use; the new one is mounted now");
        docfs_service_error(s->service, "the cache was replaced while it was in use; the new one "
                                        "is mounted now");
    }
    if (!r)
        r = watch_start(&s->mount, s->fuse, s->service, &s->watch, err);
    if (!r)
        docfs_rest_start(s->mount.docfs, &s->rest);
    return r < 0 ? r : loop(s, err);
}

/* Serves until the unmount. */
static int run(struct session *s, struct docfs_err *err)
{
    const struct docfs_mount_options *o = s->opt;
    s->mount.uid = o->has_uid ? o->uid : getuid();
    s->mount.gid = o->has_gid ? o->gid : getgid();
    pthread_mutex_init(&s->mount.open_lock, NULL);
    s->mount.ready = ready;
    s->mount.ready_arg = s;
    /* Few arenas, and big blocks straight back to the system: a mount runs for months. */
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    sigset_t signals, before;
    watch_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, &before);
    signal(SIGPIPE, SIG_IGN);
    int r;
    bool again;
    do {
        r = serve(s, err);
        again = session_fini(s);
    } while (!r && again);
    pthread_mutex_destroy(&s->mount.open_lock);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r;
}

/* ---- the background process
 * ---------------------------------------------------------------------- */

/* Waits for the verdict of the process that serves. */
static int await(int fd, pid_t pid, struct docfs_err *err)
{
    struct docfs_err verdict = {0};
    size_t got = 0;
    while (got < sizeof(verdict)) {
        ssize_t n = read(fd, (char *)&verdict + got, sizeof(verdict) - got);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        got += (size_t)n;
    }
    if (got < sizeof(verdict)) {
        waitpid(pid, NULL, 0);
        return err_set(err, -EIO, "the mount process ended without saying why");
    }
    if (err)
        *err = verdict;
    if (verdict.code < 0)
        waitpid(pid, NULL, 0);
    return verdict.code;
}

static int run_in_background(struct session *s, struct docfs_err *err)
{
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %s", strerror(errno));
    pid_t pid = fork();
    if (pid < 0) {
        int e = errno;
        close(fds[0]);
        close(fds[1]);
        return err_set(err, -e, "cannot start the mount process: %s", strerror(e));
    }
    if (pid) {
        close(fds[1]);
        _cleanup_close_ int fd = fds[0];
        return await(fd, pid, err);
    }
    close(fds[0]);
    setsid();
    s->ready_fd = fds[1];
    struct docfs_err why = {0};
    int r = run(s, &why);
    why.code = r;
    tell_parent(s, &why);
    _exit(r < 0);
}

int docfs_mount_main(const struct docfs_mount_options *o, struct docfs_err *err)
{
    if (!o->mountpoint || !*o->mountpoint)
        return err_set(err, -EINVAL, "where to? Give the directory to mount on");
    _cleanup_free_ char *mountpoint = mountpoint_path(o->mountpoint);
    if (!mountpoint)
        return err_set(err, -errno, "cannot use %s as mount point: %s", o->mountpoint,
                       strerror(errno));
    int r = mountpoint_check_fuse(o->allow_other, err);
    if (!r)
        r = mountpoint_prepare(mountpoint, err);
    if (r < 0)
        return r;
    struct session s = {.opt = o, .mountpoint = mountpoint, .ready_fd = -1};
    return o->foreground || o->debug ? run(&s, err) : run_in_background(&s, err);
}
