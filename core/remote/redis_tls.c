/* SPDX-License-Identifier: MIT
 * The client gets one end of a socket pair; a thread carries the bytes between the other end and
 * the TLS connection until one of them is closed. */
#include "core/remote/redis_tls.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/util/cleanup.h"
#include "core/util/clock.h"

#define PIECE 16384

struct redis_tls {
    SSL_CTX *ctx;
    pthread_mutex_t lock;
    pthread_cond_t none;
    unsigned links; /* threads that carry */
};

int redis_tls_new(const char *ca_file, struct redis_tls **ret, struct docfs_err *err)
{
    struct redis_tls *t = calloc(1, sizeof(*t));
    if (t)
        t->ctx = SSL_CTX_new(TLS_client_method());
    if (!t || !t->ctx) {
        free(t);
        return err_oom(err);
    }
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->none, NULL);
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    int ok = *ca_file ? SSL_CTX_load_verify_locations(t->ctx, ca_file, NULL)
                      : SSL_CTX_set_default_verify_paths(t->ctx);
    if (ok != 1) {
        ERR_clear_error();
        redis_tls_free(t);
        return err_set(err, -EINVAL,
                       "redis.ca_file: %s holds no certificates in PEM form that can be read",
                       ca_file);
    }
    *ret = t;
    return 0;
}

void redis_tls_free(struct redis_tls *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->lock);
    while (t->links)
        pthread_cond_wait(&t->none, &t->lock);
    pthread_mutex_unlock(&t->lock);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->none);
    SSL_CTX_free(t->ctx);
    free(t);
}

/* ---- connecting ---- */

static bool wait_for(int fd, short events, int64_t end_ns)
{
    int64_t left = (end_ns - clock_mono_ns()) / 1000000;
    struct pollfd p = {.fd = fd, .events = events};
    return left > 0 && poll(&p, 1, (int)left) > 0;
}

static int reach(const struct addrinfo *a, int64_t end_ns, int *ret)
{
    _cleanup_close_ int fd =
        socket(a->ai_family, a->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, a->ai_protocol);
    if (fd < 0)
        return -errno;
    if (connect(fd, a->ai_addr, a->ai_addrlen) < 0) {
        int e = 0;
        socklen_t len = sizeof(e);
        if (errno != EINPROGRESS)
            return -errno;
        if (!wait_for(fd, POLLOUT, end_ns))
            return -ETIMEDOUT;
        if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) < 0 || e)
            return e ? -e : -errno;
    }
    *ret = steal_fd(&fd);
    return 0;
}

static int dial(const char *host, int port, int64_t end_ns, int *ret, char *text, size_t size)
{
    char service[8];
    snprintf(service, sizeof(service), "%d", port);
    struct addrinfo hint = {.ai_socktype = SOCK_STREAM}, *list;
    int g = getaddrinfo(host, service, &hint, &list);
    if (g) {
        snprintf(text, size, "%s", gai_strerror(g));
        return -EHOSTUNREACH;
    }
    int r = -EHOSTUNREACH;
    for (const struct addrinfo *a = list; a && r < 0; a = a->ai_next)
        r = reach(a, end_ns, ret);
    freeaddrinfo(list);
    if (r < 0)
        snprintf(text, size, "%s", r == -ETIMEDOUT ? "no answer in time" : strerror(-r));
    return r;
}

/* Tells the name to the server, and checks it in what comes back. */
static bool expect(SSL *ssl, const char *host)
{
    X509_VERIFY_PARAM *p = SSL_get0_param(ssl);
    if (X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1)
        return true;
    ERR_clear_error();
    return SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

static int shake_hands(SSL *ssl, int fd, int64_t end_ns, char *text, size_t size)
{
    for (;;) {
        ERR_clear_error();
        int r = SSL_connect(ssl), why = SSL_get_error(ssl, r);
        if (r == 1)
            return 0;
        if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) {
            if (wait_for(fd, why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, end_ns))
                continue;
            snprintf(text, size, "no answer in time");
            return -ETIMEDOUT;
        }
        long bad = SSL_get_verify_result(ssl);
        const char *reason = ERR_reason_error_string(ERR_peek_error());
        if (bad != X509_V_OK)
            snprintf(text, size, "its certificate is not trusted (redis.ca_file): %s",
                     X509_verify_cert_error_string(bad));
        else
            snprintf(text, size, "no TLS there: %s", reason ? reason : "it closed the connection");
        ERR_clear_error();
        return -EPROTO;
    }
}

/* ---- carrying ---- */

struct link {
    struct redis_tls *of;
    SSL *ssl;
    int net, plain;
    bool wants_write;
    char up[PIECE], down[PIECE];
    size_t up_at, up_n, down_at, down_n;
};

static void link_free(struct link *l)
{
    SSL_free(l->ssl);
    close(l->net);
    close(l->plain);
    free(l);
}

/* What SSL_read and SSL_write return: bytes, 0 later, -1 the end. */
static int tls_result(struct link *l, int r)
{
    if (r > 0)
        return r;
    int why = SSL_get_error(l->ssl, r);
    l->wants_write = l->wants_write || why == SSL_ERROR_WANT_WRITE;
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

static int plain_result(ssize_t r)
{
    return r > 0 ? (int)r : r < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
}

/* Moves what can be moved: 1 something was, 0 nothing, -1 the end. */
static int move(struct link *l)
{
    int moved = 0, r;
    ERR_clear_error();
    if (l->down_at == l->down_n) {
        if ((r = tls_result(l, SSL_read(l->ssl, l->down, PIECE))) < 0)
            return -1;
        l->down_at = 0;
        l->down_n = (size_t)r;
        moved |= r > 0;
    }
    if (l->down_at < l->down_n) {
        r = plain_result(send(l->plain, l->down + l->down_at, l->down_n - l->down_at,
                              MSG_NOSIGNAL | MSG_DONTWAIT));
        if (r < 0)
            return -1;
        l->down_at += (size_t)r;
        moved |= r > 0;
    }
    if (l->up_at == l->up_n) {
        if ((r = plain_result(recv(l->plain, l->up, PIECE, MSG_DONTWAIT))) < 0)
            return -1;
        l->up_at = 0;
        l->up_n = (size_t)r;
        moved |= r > 0;
    }
    if (l->up_at < l->up_n) {
        r = tls_result(l, SSL_write(l->ssl, l->up + l->up_at, (int)(l->up_n - l->up_at)));
        if (r < 0)
            return -1;
        l->up_at += (size_t)r;
        moved |= r > 0;
    }
    return moved;
}

static void count(struct redis_tls *t, int n)
{
    pthread_mutex_lock(&t->lock);
    t->links += (unsigned)n;
    if (!t->links)
        pthread_cond_broadcast(&t->none);
    pthread_mutex_unlock(&t->lock);
}

static void *carry(void *arg)
{
    struct link *l = arg;
    struct redis_tls *of = l->of;
    int r;
    while ((r = move(l)) >= 0) {
        struct pollfd p[2] = {{.fd = l->plain,
                               .events = (short)((l->up_at == l->up_n ? POLLIN : 0) |
                                                 (l->down_at < l->down_n ? POLLOUT : 0))},
                              {.fd = l->net,
                               .events = (short)((l->down_at == l->down_n ? POLLIN : 0) |
                                                 (l->wants_write ? POLLOUT : 0))}};
        l->wants_write = false;
        if (r == 0 && poll(p, 2, -1) < 0 && errno != EINTR)
            break;
    }
    link_free(l);
    OPENSSL_thread_stop();
    count(of, -1);
    return NULL;
}

/* Signals are for the threads of the program. */
static int start(struct link *l)
{
    sigset_t all, before;
    pthread_t t;
    pthread_attr_t attr;
    count(l->of, 1);
    sigfillset(&all);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int r = pthread_create(&t, &attr, carry, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    if (r)
        count(l->of, -1);
    return -r;
}

int redis_tls_connect(struct redis_tls *t, const char *host, int port, unsigned timeout_ms,
                      int *ret_fd, char *text, size_t size)
{
    int64_t end = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
    _cleanup_close_ int net = -1;
    int pair[2], r = dial(host, port, end, &net, text, size);
    if (r < 0)
        return r;
    struct link *l = calloc(1, sizeof(*l));
    SSL *ssl = SSL_new(t->ctx);
    if (!l || !ssl || !expect(ssl, host) || SSL_set_fd(ssl, net) != 1) {
        snprintf(text, size, "out of memory");
        r = -ENOMEM;
    } else {
        r = shake_hands(ssl, net, end, text, size);
    }
    if (r == 0 && socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        r = -errno;
        snprintf(text, size, "%s", strerror(-r));
    }
    if (r < 0) {
        SSL_free(ssl);
        free(l);
        return r;
    }
    l->of = t;
    l->ssl = ssl;
    l->net = steal_fd(&net);
    l->plain = pair[1];
    r = start(l);
    if (r < 0) {
        snprintf(text, size, "%s", strerror(-r));
        link_free(l);
        close(pair[0]);
        return r;
    }
    *ret_fd = pair[0];
    return 0;
}
