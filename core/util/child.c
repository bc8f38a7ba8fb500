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
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_DFL);
    set_limit(RLIMIT_CORE, 0);
    if (lim->max_memory)
        set_limit(RLIMIT_AS, lim->max_memory);
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
static int pump_run(struct pump *p, int64_t deadline, size_t max_output, struct buf *out)
{
    while (p->out >= 0 || p->err >= 0) {
        int64_t left = (deadline - clock_mono_ns()) / 1000000;
        if (left <= 0)
            return -ETIMEDOUT;
        struct pollfd fds[3] = {{.fd = p->in, .events = POLLOUT},
                                {.fd = p->out, .events = POLLIN},
                                {.fd = p->err, .events = POLLIN}};
        if (poll(fds, 3, left > 60000 ? 60000 : (int)left) < 0 && errno != EINTR)
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
        int r = p->out >= 0 && fds[1].revents ? read_some(&p->out, out, max_output) : 0;
        if (r < 0)
            return r;
        if (p->err >= 0 && fds[2].revents &&
            read_some(&p->err, &p->stderr_text, STDERR_KEPT) == -EFBIG)
            close_end(&p->err);
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
            kill(pid, SIGKILL);
            waitpid(pid, status, 0);
            return -ETIMEDOUT;
        }
        nanosleep(&(struct timespec){.tv_nsec = pause}, NULL);
    }
}

int child_run(const char *const argv[], const void *in, size_t in_len,
              const struct child_limits *lim, struct buf *out, struct docfs_err *err)
{
    char path[4096], env_path[4096];
    int r = find_program(argv[0], path, sizeof(path));
    if (r < 0)
        return err_set(err, r, "helper program %s not found in PATH: install it", argv[0]);
    snprintf(env_path, sizeof(env_path), "PATH=%s", getenv("PATH") ?: "/usr/bin:/bin");
    char *envp[] = {env_path, (char *)"LC_ALL=C.UTF-8", NULL};

    _cleanup_close_ int in_r = -1, in_w = -1, out_r = -1, out_w = -1, err_r = -1, err_w = -1;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %m");
    in_r = fds[0], in_w = fds[1];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %m");
    out_r = fds[0], out_w = fds[1];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return err_set(err, -errno, "cannot make a pipe: %m");
    err_r = fds[0], err_w = fds[1];
    fcntl(in_w, F_SETFL, O_NONBLOCK);

    /* Writing to a child that is gone must give EPIPE here, not a signal in the caller. */
    sigset_t pipe_set, old_set;
    sigemptyset(&pipe_set);
    sigaddset(&pipe_set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_set, &old_set);

    int64_t deadline = clock_mono_ns() + (int64_t)lim->timeout_ms * 1000000;
    pid_t pid = fork();
    if (pid == 0) {
        pthread_sigmask(SIG_SETMASK, &old_set, NULL);
        become(argv, envp, path, (int[]){in_r, out_w, err_w}, lim);
    }
    if (pid < 0) {
        r = err_set(err, -errno, "cannot start %s: %m", argv[0]);
        pthread_sigmask(SIG_SETMASK, &old_set, NULL);
        return r;
    }
    close_end(&in_r);
    close_end(&out_w);
    close_end(&err_w);

    struct pump p = {.in = steal_fd(&in_w),
                     .out = steal_fd(&out_r),
                     .err = steal_fd(&err_r),
                     .data = in,
                     .left = in_len};
    if (in_len == 0)
        close_end(&p.in);
    r = pump_run(&p, deadline, lim->max_output, out);
    if (r < 0)
        kill(pid, SIGKILL);
    for (int *fd = &p.in; fd <= &p.err; fd++)
        if (*fd >= 0)
            close_end(fd);
    int status = 0;
    int w = reap(pid, r < 0 ? INT64_MAX : deadline, &status);
    struct timespec zero = {0};
    while (sigtimedwait(&pipe_set, NULL, &zero) == SIGPIPE)
        ;
    pthread_sigmask(SIG_SETMASK, &old_set, NULL);

    if (r == 0)
        r = w;
    if (r == -ETIMEDOUT)
        err_set(err, r, "%s took longer than %u ms and was stopped", argv[0], lim->timeout_ms);
    else if (r == -EFBIG)
        err_set(err, r, "%s wrote more than %zu bytes and was stopped", argv[0], lim->max_output);
    else if (r < 0)
        err_set(err, r, "%s: %s", argv[0], strerror(-r));
    else if (WIFSIGNALED(status))
        r = err_set(err, -EIO, "%s was stopped by signal %d", argv[0], WTERMSIG(status));
    else if (WEXITSTATUS(status)) {
        const char *text = p.stderr_text.data ?: "";
        r = err_set(err, -EIO, "%s failed with status %d%s%.*s", argv[0], WEXITSTATUS(status),
                    *text ? ": " : "", (int)strcspn(text, "\n"), text);
    }
    buf_fini(&p.stderr_text);
    return r;
}
