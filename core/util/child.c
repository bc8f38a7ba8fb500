/* SPDX-License-Identifier: MIT */
#include "core/util/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/util/cleanup.h"
#include "core/util/clock.h"

#define STDERR_KEPT 4096

static void set_limit(int what, rlim_t value)
{
    setrlimit(what, &(struct rlimit){.rlim_cur = value, .rlim_max = value});
}

/* Runs in the child: only async-signal-safe calls, because other threads may hold locks. */
__attribute__((noreturn)) static void become(const char *const argv[], char *const envp[],
                                             const char *path, int fds[3],
                                             const struct child_limits *lim)
{
    for (int i = 0; i < 3; i++)
        if (dup2(fds[i], i) < 0)
            _exit(126);
    close_range(3, ~0U, 0);
    setpgid(0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    set_limit(RLIMIT_CORE, 0);
    if (lim->max_memory)
        set_limit(RLIMIT_AS, lim->max_memory);
    if (lim->max_file)
        set_limit(RLIMIT_FSIZE, (rlim_t)lim->max_file);
    if (lim->cpu_seconds)
        set_limit(RLIMIT_CPU, lim->cpu_seconds);
    if (lim->cwd && chdir(lim->cwd) < 0)
        _exit(126);
    execve(path, (char *const *)argv, envp);
    _exit(127);
}

/* Looks argv[0] up in PATH before the fork, so that a missing program is a clean -ENOENT. */
static int find_program(const char *name, char *out, size_t size)
{
    if (strchr(name, '/')) {
        snprintf(out, size, "%s", name);
        return access(out, X_OK) ? -errno : 0;
    }
    const char *path = getenv("PATH");
    for (const char *p = path && *path ? path : "/usr/bin:/bin"; *p;) {
        size_t n = strcspn(p, ":");
        if ((size_t)snprintf(out, size, "%.*s/%s", (int)n, p, name) < size && n > 0 &&
            access(out, X_OK) == 0)
            return 0;
        p += n + (p[n] == ':');
    }
    return -ENOENT;
}

struct pump {
    int in, out, err; /* our ends; -1 when closed */
    const char *data;
    size_t left;
    struct buf stderr_text;
};

static void close_end(int *fd)
{
    close(*fd);
    *fd = -1;
}

/* Standard error is text: git ends some lines with a NUL. What is too much is read and lost, so
 * that the child does not die of it. */
static void read_complaints(int *fd, struct buf *to)
{
    char tmp[4096];
    ssize_t n = read(*fd, tmp, sizeof(tmp));
    if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        close_end(fd);
    for (ssize_t i = 0; i < n && to->len < STDERR_KEPT; i++)
        buf_addc(to, tmp[i] ? tmp[i] : ' ');
}

static int read_some(int *fd, struct buf *to, size_t max)
{
    char tmp[65536];
    ssize_t n = read(*fd, tmp, sizeof(tmp));
    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : -errno;
    if (n == 0) {
        close_end(fd);
        return 0;
    }
    if (to->len + (size_t)n > max)
        return -EFBIG;
    buf_add(to, tmp, (size_t)n);
    return buf_status(to);
}

/* Feeds and drains until the child closed its output, a limit or the deadline is hit. */
static int pump_run(struct pump *p, int64_t deadline, const struct child_limits *lim,
                    struct buf *out)
{
    while (p->out >= 0 || p->err >= 0) {
        int64_t left = (deadline - clock_mono_ns()) / 1000000;
        if (left <= 0)
            return -ETIMEDOUT;
        if (lim->stop && lim->stop(lim->stop_arg))
            return -ECANCELED;
        int most = lim->stop ? 100 : 60000;
        struct pollfd fds[3] = {{.fd = p->in, .events = POLLOUT},
                                {.fd = p->out, .events = POLLIN},
                                {.fd = p->err, .events = POLLIN}};
        if (poll(fds, 3, left > most ? most : (int)left) < 0 && errno != EINTR)
            return -errno;
        if (p->in >= 0 && fds[0].revents) {
            ssize_t n = write(p->in, p->data, p->left > 65536 ? 65536 : p->left);
            if (n > 0) {
                p->data += n;
                p->left -= (size_t)n;
            }
            /* A child that stops reading is no error by itself: its exit status tells. */
            if (p->left == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
                close_end(&p->in);
        }
        int r = p->out >= 0 && fds[1].revents ? read_some(&p->out, out, lim->max_output) : 0;
        if (r < 0)
            return r;
        if (p->err >= 0 && fds[2].revents)
            read_complaints(&p->err, &p->stderr_text);
    }
    return 0;
}

/* Waits for the exit, killing at the deadline: a child can close its output and stay. */
static int reap(pid_t pid, int64_t deadline, int *status)
{
    for (int64_t pause = 50000;; pause = pause < 10000000 ? pause * 2 : pause) {
        pid_t r = waitpid(pid, status, WNOHANG);
        if (r == pid)
            return 0;
        if (r < 0 && errno != EINTR)
            return -errno;
        if (clock_mono_ns() > deadline) {
            kill(-pid, SIGKILL);
            waitpid(pid, status, 0);
            return -ETIMEDOUT;
        }
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

/* Writing to a child that is gone must give EPIPE here, not a signal in the caller. */
static void pipe_block(sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, old);
}

static void pipe_unblock(const sigset_t *old)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    struct timespec zero = {0};
    if (!sigismember(old, SIGPIPE))
        while (sigtimedwait(&set, NULL, &zero) == SIGPIPE)
            ;
    pthread_sigmask(SIG_SETMASK, old, NULL);
}

struct spawned {
    pid_t pid;
    int in, out, err; /* our ends */
};

/* Starts argv; with_err false: its standard error goes nowhere. */
static int spawn(const char *const argv[], const struct child_limits *lim, bool with_err,
                 struct spawned *ret, struct docfs_err *err)
{
    char path[4096], env_path[4096];
    int r = find_program(argv[0], path, sizeof(path));
    if (r < 0)
        return err_set(err, r, "helper program %s not found in PATH: install it", argv[0]);
    snprintf(env_path, sizeof(env_path), "PATH=%s", getenv("PATH") ?: "/usr/bin:/bin");
    size_t n = 0;
    while (lim->env && lim->env[n])
        n++;
    _cleanup_free_ char **envp = calloc(n + 3, sizeof(*envp));
    if (!envp)
        return err_oom(err);
    envp[0] = env_path;
    envp[1] = (char *)"LC_ALL=C.UTF-8";
    for (size_t i = 0; i < n; i++)
        envp[2 + i] = (char *)lim->env[i];

    _cleanup_close_ int in_r = -1, in_w = -1, out_r = -1, out_w = -1, err_r = -1, err_w = -1;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %m");
    in_r = fds[0], in_w = fds[1];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %m");
    out_r = fds[0], out_w = fds[1];
    if (with_err && pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %m");
    if (with_err)
        err_r = fds[0], err_w = fds[1];
    else if ((err_w = open("/dev/null", O_WRONLY | O_CLOEXEC)) < 0)
        return err_set(err, -errno, "cannot open /dev/null: %m");
    fcntl(in_w, F_SETFL, O_NONBLOCK);

    pid_t pid = fork();
    if (pid == 0) {
        sigset_t none;
        sigemptyset(&none);
        pthread_sigmask(SIG_SETMASK, &none, NULL);
        become(argv, envp, path, (int[]){in_r, out_w, err_w}, lim);
    }
    if (pid < 0)
        return err_set(err, -errno, "cannot start %s: %m", argv[0]);
    setpgid(pid, pid); /* also in the child: whoever comes first */
    *ret = (struct spawned){
        .pid = pid, .in = steal_fd(&in_w), .out = steal_fd(&out_r), .err = steal_fd(&err_r)};
    return 0;
}

int child_run(const char *const argv[], const void *in, size_t in_len,
              const struct child_limits *lim, struct buf *out, struct docfs_err *err)
{
    sigset_t old_set;
    pipe_block(&old_set);
    int64_t deadline = clock_mono_ns() + (int64_t)lim->timeout_ms * 1000000;
    struct spawned s;
    int r = spawn(argv, lim, true, &s, err);
    if (r < 0) {
        pipe_unblock(&old_set);
        return r;
    }
    struct pump p = {.in = s.in, .out = s.out, .err = s.err, .data = in, .left = in_len};
    if (in_len == 0)
        close_end(&p.in);
    r = pump_run(&p, deadline, lim, out);
    if (r < 0)
        kill(-s.pid, SIGKILL);
    for (int *fd = &p.in; fd <= &p.err; fd++)
        if (*fd >= 0)
            close_end(fd);
    int status = 0;
    int w = reap(s.pid, r < 0 ? INT64_MAX : deadline, &status);
    pipe_unblock(&old_set);

    if (r == 0)
        r = w;
    if (r == -ETIMEDOUT)
        err_set(err, r, "%s took longer than %u ms and was stopped", argv[0], lim->timeout_ms);
    else if (r == -EFBIG)
        err_set(err, r, "%s wrote more than %zu bytes and was stopped", argv[0], lim->max_output);
    else if (r == -ECANCELED)
        err_set(err, r, "stopped while %s was running", argv[0]);
    else if (r < 0)
        err_set(err, r, "%s: %s", argv[0], strerror(-r));
    else if (WIFSIGNALED(status))
        r = err_set(err, -EIO, "%s was stopped by signal %d", argv[0], WTERMSIG(status));
    else if (WEXITSTATUS(status)) {
        const char *text = p.stderr_text.data ?: "";
        r = err_set(err, -EIO, "%s failed with status %d%s%.*s", argv[0], WEXITSTATUS(status),
                    *text ? ": " : "", (int)strcspn(text, "\n"), text);
    }
    if (lim->stderr_text && p.stderr_text.len)
        buf_add(lim->stderr_text, p.stderr_text.data, p.stderr_text.len);
    buf_fini(&p.stderr_text);
    return r;
}

/* ---- a helper that stays ---- */

struct child {
    struct spawned s;
    unsigned timeout_ms;
    char *name;
    size_t have, at; /* bytes read ahead */
    char ahead[65536];
};

int child_start(const char *const argv[], const struct child_limits *lim, struct child **ret,
                struct docfs_err *err)
{
    struct child *c = calloc(1, sizeof(*c));
    if (!c || !(c->name = strdup(argv[0]))) {
        free(c);
        return err_oom(err);
    }
    c->timeout_ms = lim->timeout_ms;
    int r = spawn(argv, lim, false, &c->s, err);
    if (r < 0) {
        free(c->name);
        free(c);
        return r;
    }
    *ret = c;
    return 0;
}

static int wait_for(struct child *c, int fd, short events, int64_t deadline, struct docfs_err *err)
{
    for (;;) {
        int64_t left = (deadline - clock_mono_ns()) / 1000000;
        if (left <= 0)
            return err_set(err, -ETIMEDOUT, "%s took longer than %u ms to answer", c->name,
                           c->timeout_ms);
        struct pollfd p = {.fd = fd, .events = events};
        int r = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (r > 0)
            return 0;
        if (r < 0 && errno != EINTR)
            return err_set(err, -errno, "%s: %m", c->name);
    }
}

int child_write(struct child *c, const void *data, size_t len, struct docfs_err *err)
{
    int64_t deadline = clock_mono_ns() + (int64_t)c->timeout_ms * 1000000;
    sigset_t old;
    pipe_block(&old);
    int r = 0;
    for (const char *p = data; r == 0 && len;) {
        ssize_t n = write(c->s.in, p, len);
        if (n >= 0)
            p += n, len -= (size_t)n;
        else if (errno == EAGAIN)
            r = wait_for(c, c->s.in, POLLOUT, deadline, err);
        else if (errno != EINTR)
            r = err_set(err, -EIO, "%s ended: %m", c->name);
    }
    pipe_unblock(&old);
    return r;
}

static int fill(struct child *c, int64_t deadline, struct docfs_err *err)
{
    int r = wait_for(c, c->s.out, POLLIN, deadline, err);
    if (r < 0)
        return r;
    ssize_t n = read(c->s.out, c->ahead, sizeof(c->ahead));
    if (n < 0 && errno == EINTR)
        n = 0;
    else if (n <= 0)
        return err_set(err, -EIO, "%s ended before it answered", c->name);
    c->at = 0;
    c->have = (size_t)n;
    return 0;
}

int child_read(struct child *c, size_t len, struct buf *out, struct docfs_err *err)
{
    int64_t deadline = clock_mono_ns() + (int64_t)c->timeout_ms * 1000000;
    while (len) {
        if (c->at == c->have) {
            int r = fill(c, deadline, err);
            if (r < 0)
                return r;
        }
        size_t n = c->have - c->at < len ? c->have - c->at : len;
        buf_add(out, c->ahead + c->at, n);
        c->at += n;
        len -= n;
    }
    return buf_status(out) < 0 ? err_oom(err) : 0;
}

int child_read_line(struct child *c, size_t max, struct buf *out, struct docfs_err *err)
{
    int64_t deadline = clock_mono_ns() + (int64_t)c->timeout_ms * 1000000;
    for (size_t seen = 0;;) {
        if (c->at == c->have) {
            int r = fill(c, deadline, err);
            if (r < 0)
                return r;
        }
        const char *nl = memchr(c->ahead + c->at, '\n', c->have - c->at);
        size_t n = nl ? (size_t)(nl - c->ahead) - c->at : c->have - c->at;
        if ((seen += n) > max)
            return err_set(err, -EFBIG, "%s answered with an overlong line", c->name);
        buf_add(out, c->ahead + c->at, n);
        c->at += n + (nl != NULL);
        if (nl)
            return buf_status(out) < 0 ? err_oom(err) : 0;
    }
}

void child_stop(struct child *c)
{
    if (!c)
        return;
    close(c->s.in);
    close(c->s.out);
    kill(-c->s.pid, SIGKILL);
    while (waitpid(c->s.pid, NULL, 0) < 0 && errno == EINTR)
        ;
    free(c->name);
    free(c);
}
