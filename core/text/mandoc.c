/* SPDX-License-Identifier: MIT
 * The protocol of mandocd(8): one byte over a UNIX socket carries three descriptors (input,
 * output, errors); the page is finished when mandocd closed them again. */
#include "core/text/mandoc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/util/child.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/utf8.h"

#define WORKERS_MAX 16
/* mandocd keeps its heap between pages, so it is replaced before fragmentation matters. */
#define PAGES_PER_WORKER 2000
#define WORKER_CPU_SECONDS 120
/* Every complete page ends in the foot table; a crash loses the tail of the output. */
#define PAGE_END "</table>\n"

struct worker {
    pid_t pid;
    int sock;
    unsigned pages;
};

/* convert() has no context argument in which processes could live between two pages, so the idle
 * ones are kept here. A worker in use belongs to its thread alone and is in no shared place.
 * mandocd exits when its socket closes, that is, with this process, however that ends; it does not
 * get PR_SET_PDEATHSIG, which would kill it as soon as the *thread* that started it is done. One
 * that hangs at that moment is ended by its CPU limit. */
static struct {
    pthread_mutex_t lock;
    struct worker idle[WORKERS_MAX];
    unsigned n;
} pool = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Only asynchronous-signal-safe calls: other threads may hold locks at the fork. */
__attribute__((noreturn)) static void become_mandocd(const char *path, int sock, int null,
                                                     const char *dir, size_t memory)
{
    static const char *const argv[] = {"mandocd", "-T", "html", "3", NULL};
    static const char *const envp[] = {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", NULL};
    sigset_t none;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    for (int fd = 0; fd < 3; fd++)
        if (dup2(null, fd) < 0)
            _exit(126);
    if (sock == 3 ? fcntl(3, F_SETFD, 0) < 0 : dup2(sock, 3) < 0)
        _exit(126);
    close_range(4, ~0U, CLOSE_RANGE_CLOEXEC); /* not closed: the parent waits for the exec */
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    setrlimit(RLIMIT_CPU, &(struct rlimit){WORKER_CPU_SECONDS, WORKER_CPU_SECONDS});
    if (memory)
        setrlimit(RLIMIT_AS, &(struct rlimit){memory, memory});
    if (chdir(dir) < 0)
        _exit(126);
    execve(path, (char *const *)argv, (char *const *)envp);
    _exit(127);
}

/* An own empty directory to work in; nothing can be read below it. */
static int empty_dir(char out[PATH_MAX])
{
    const char *tmp = getenv("TMPDIR");
    if (!tmp || tmp[0] != '/' || snprintf(out, PATH_MAX, "%s/docfs-XXXXXX", tmp) >= PATH_MAX ||
        !mkdtemp(out)) {
        snprintf(out, PATH_MAX, "/tmp/docfs-XXXXXX");
        if (!mkdtemp(out))
            return -errno;
    }
    return 0;
}

static void rmdirp(char (*dir)[PATH_MAX])
{
    if ((*dir)[0])
        rmdir(*dir);
}

static void worker_stop(struct worker *w, bool at_once)
{
    if (at_once)
        kill(w->pid, SIGKILL);
    close(w->sock);
    while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

/* -ENOENT when there is no mandocd. */
static int worker_start(const struct convert_limits *limits, struct worker *ret)
{
    static const char *const paths[] = {"/usr/sbin/mandocd", "/usr/local/sbin/mandocd",
                                        "/usr/bin/mandocd", "/usr/local/bin/mandocd"};
    const char *path = NULL;
    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths) && !path; i++)
        path = access(paths[i], X_OK) == 0 ? paths[i] : NULL;
    if (!path)
        return -ENOENT;
    _cleanup_(rmdirp) char dir[PATH_MAX] = "";
    int r = empty_dir(dir);
    if (r < 0) {
        dir[0] = '\0';
        return r;
    }
    _cleanup_close_ int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    _cleanup_close_ int ours = -1, theirs = -1, ready_r = -1, ready_w = -1;
    int fds[2];
    if (null < 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
        return -errno;
    ours = fds[0], theirs = fds[1];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    ready_r = fds[0], ready_w = fds[1];
    pid_t pid = fork();
    if (pid == 0)
        become_mandocd(path, theirs, null, dir, limits->child_memory);
    if (pid < 0)
        return -errno;
    /* Both ends of the pipe close in the child at exec: then it has left the directory's name
     * behind and rmdir makes it a place where nothing can ever be found. */
    close(steal_fd(&ready_w));
    char c;
    while (read(ready_r, &c, 1) < 0 && errno == EINTR)
        ;
    *ret = (struct worker){.pid = pid, .sock = steal_fd(&ours)};
    return 0;
}

static bool worker_take(struct worker *ret)
{
    pthread_mutex_lock(&pool.lock);
    bool got = pool.n > 0;
    if (got)
        *ret = pool.idle[--pool.n];
    pthread_mutex_unlock(&pool.lock);
    return got;
}

static void worker_give(struct worker *w)
{
    pthread_mutex_lock(&pool.lock);
    bool kept = w->pages < PAGES_PER_WORKER && pool.n < WORKERS_MAX;
    if (kept)
        pool.idle[pool.n++] = *w;
    pthread_mutex_unlock(&pool.lock);
    if (!kept)
        worker_stop(w, false);
}

void mandoc_release(void)
{
    struct worker w;
    while (worker_take(&w))
        worker_stop(&w, false);
}

static bool send_page(int sock, int in, int out, int errors)
{
    union {
        char space[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = 1};
    struct msghdr msg = {.msg_iov = &iov,
                         .msg_iovlen = 1,
                         .msg_control = control.space,
                         .msg_controllen = sizeof(control.space)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(3 * sizeof(int));
    memcpy(CMSG_DATA(c), (int[]){in, out, errors}, 3 * sizeof(int));
    ssize_t n;
    while ((n = sendmsg(sock, &msg, MSG_NOSIGNAL)) < 0 && errno == EINTR)
        ;
    return n == 1;
}

/* Collects the output until mandocd closes its end. */
static int drain(int fd, int64_t deadline, size_t max, struct buf *out)
{
    for (;;) {
        int64_t left = (deadline - clock_mono_ns()) / 1000000;
        if (left <= 0)
            return -ETIMEDOUT;
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int r = poll(&p, 1, left > 60000 ? 60000 : (int)left);
        if (r < 0 && errno != EINTR)
            return -errno;
        if (r <= 0)
            continue;
        if (!buf_reserve(out, 65536))
            return -ENOMEM;
        ssize_t n = read(fd, out->data + out->len, 65536);
        if (n == 0)
            return 0;
        if (n < 0 && errno != EINTR && errno != EAGAIN)
            return -errno;
        if (n > 0 && (size_t)n > max - out->len)
            return -EFBIG;
        out->len += n > 0 ? (size_t)n : 0;
    }
}

static int page_fd(const struct buf *page)
{
    _cleanup_close_ int fd = memfd_create("page", MFD_CLOEXEC);
    if (fd < 0)
        return -errno;
    for (size_t at = 0; at < page->len;) {
        ssize_t n = write(fd, page->data + at, page->len - at);
        if (n < 0 && errno != EINTR)
            return -errno;
        at += n > 0 ? (size_t)n : 0;
    }
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -errno;
    return steal_fd(&fd);
}

/* One page through one worker. -EPIPE: the worker was gone before; -EIO: it ended on this page. */
static int worker_render(struct worker *w, const struct buf *page,
                         const struct convert_limits *limits, struct buf *out)
{
    _cleanup_close_ int in = page_fd(page), null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (in < 0 || null < 0)
        return in < 0 ? in : -errno;
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) < 0)
        return -errno;
    _cleanup_close_ int r_end = fds[0], w_end = fds[1];
    bool sent = send_page(w->sock, in, w_end, null);
    close(steal_fd(&w_end));
    if (!sent)
        return -EPIPE;
    w->pages++;
    int64_t deadline = clock_mono_ns() + (int64_t)limits->timeout_ms * 1000000;
    int r = drain(r_end, deadline, limits->max_output, out);
    if (r < 0)
        return r;
    size_t end = strlen(PAGE_END);
    if (out->len < end || memcmp(out->data + out->len - end, PAGE_END, end) != 0)
        return -EIO;
    out->data[out->len] = '\0';
    return 0;
}

/* True when the line [s, s+len) is a .so request. */
static bool is_include(const char *s, size_t len)
{
    size_t i = 0;
    if (len < 4 || (s[0] != '.' && s[0] != '\''))
        return false;
    for (i = 1; i < len && (s[i] == ' ' || s[i] == '\t'); i++)
        ;
    return len - i >= 3 && s[i] == 's' && s[i + 1] == 'o' && (s[i + 2] == ' ' || s[i + 2] == '\t');
}

/* The page as mandoc gets it: without includes, and all ASCII, because a stale "coding:" line
 * would otherwise make mandoc decode the text a second time. */
static int prepare(const char *text, size_t len, struct buf *page)
{
    if (!buf_reserve(page, len + 32))
        return -ENOMEM;
    /* mandocd keeps the font of the page before, which "\\fP" would bring back. */
    buf_adds(page, ".ft R\n.ft R\n");
    for (size_t at = 0; at < len;) {
        const char *line = text + at;
        const char *nl = memchr(line, '\n', len - at);
        size_t n = nl ? (size_t)(nl - line) : len - at;
        at += n + 1;
        if (is_include(line, n))
            n = 0;
        for (size_t i = 0; i < n;) {
            size_t plain = i;
            while (i < n && (unsigned char)line[i] < 0x80)
                i++;
            buf_add(page, line + plain, i - plain);
            if (i < n) {
                uint32_t cp;
                i += utf8_decode(line + i, n - i, &cp);
                buf_addf(page, "\\[u%04X]", cp);
            }
        }
        /* An include becomes a comment, not an empty line, which would be a paragraph break. */
        buf_adds(page, n || line == nl ? "\n" : ".\n");
    }
    return buf_status(page);
}

/* One page through a process of its own. */
static int plain_render(const struct buf *page, const struct convert_limits *limits,
                        struct buf *out, struct docfs_err *err)
{
    _cleanup_(rmdirp) char dir[PATH_MAX] = "";
    int r = empty_dir(dir);
    if (r < 0) {
        dir[0] = '\0';
        return err_set(err, r, "no temporary directory for mandoc in $TMPDIR or /tmp: %s",
                       strerror(-r));
    }
    const char *const argv[] = {"mandoc", "-T", "html", "-O", "fragment", NULL};
    struct child_limits cl = {.timeout_ms = limits->timeout_ms,
                              .max_output = limits->max_output,
                              .max_memory = limits->child_memory,
                              .cpu_seconds = limits->timeout_ms / 1000 + 1,
                              .cwd = dir};
    return child_run(argv, page->data, page->len, &cl, out, err);
}

int mandoc_render(const char *text, size_t len, const struct convert_limits *limits,
                  struct buf *out, struct docfs_err *err)
{
    _cleanup_buf_ struct buf page = {0};
    int r = prepare(text, len, &page);
    if (r < 0)
        return err_oom(err);
    for (bool fresh = false; !fresh;) {
        struct worker w;
        if (!worker_take(&w)) {
            fresh = true;
            if (worker_start(limits, &w) < 0)
                break;
        }
        buf_clear(out);
        r = worker_render(&w, &page, limits, out);
        if (r == 0) {
            worker_give(&w);
            return 0;
        }
        worker_stop(&w, true);
        if (r == -ETIMEDOUT)
            return err_set(err, r, "mandocd took longer than %u ms for the page and was stopped",
                           limits->timeout_ms);
        if (r == -EFBIG)
            return err_set(err, r, "mandocd wrote more than %zu bytes and was stopped",
                           limits->max_output);
        if (r == -ENOMEM)
            return err_oom(err);
        if (r != -EPIPE)
            break;
    }
    buf_clear(out);
    return plain_render(&page, limits, out, err);
}
