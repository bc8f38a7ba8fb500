/* SPDX-License-Identifier: MIT
 * Who is connected, and who has been for too long. */
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "tools/sidecar/internal.h"

static void address_text(const struct sockaddr *a, char *out, size_t size)
{
    socklen_t len =
        a->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (a->sa_family == AF_UNIX ||
        getnameinfo(a, len, out, (socklen_t)size, NULL, 0, NI_NUMERICHOST) != 0)
        snprintf(out, size, "%s", a->sa_family == AF_UNIX ? "unix" : "?");
}

void conns_notify(void *cls, struct MHD_Connection *c, void **socket_context,
                  enum MHD_ConnectionNotificationCode code)
{
    struct server *s = cls;
    struct conn *n = *socket_context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        const union MHD_ConnectionInfo *fd =
            MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
        const union MHD_ConnectionInfo *peer =
            MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
        if (!fd || !peer || !(n = calloc(1, sizeof(*n))))
            return;
        n->fd = fd->connect_fd;
        n->loopback = address_is_loopback(peer->client_addr);
        address_text(peer->client_addr, n->address, sizeof(n->address));
        /* A fresh connection has said nothing yet: its first headers are already due. */
        atomic_store(&n->state, CONN_HEADERS);
        atomic_store(&n->since_ns, clock_mono_ns());
        *socket_context = n;
        pthread_mutex_lock(&s->conns.lock);
        n->next = s->conns.first;
        if (n->next)
            n->next->prev = n;
        s->conns.first = n;
        s->conns.n++;
        pthread_mutex_unlock(&s->conns.lock);
        atomic_fetch_add(&s->metrics.accepted, 1);
    } else if (n) {
        *socket_context = NULL;
        pthread_mutex_lock(&s->conns.lock);
        *(n->prev ? &n->prev->next : &s->conns.first) = n->next;
        if (n->next)
            n->next->prev = n->prev;
        s->conns.n--;
        pthread_mutex_unlock(&s->conns.lock);
        free(n->spare);
        free(n);
    }
}

/* The HTTP library counts inactivity only; a byte now and then would hold a connection for ever. */
static int64_t allowed_ns(const struct server *s, enum conn_state state)
{
    if (atomic_load(&s->stopping) && (state == CONN_IDLE || state == CONN_HEADERS))
        return 0;
    switch (state) {
    case CONN_IDLE:
        return s->opt.idle_seconds * SECOND_NS;
    case CONN_HEADERS:
        return s->opt.header_seconds * SECOND_NS;
    case CONN_BODY:
        return s->opt.body_seconds * SECOND_NS;
    case CONN_SENDING:
        return s->opt.send_seconds * SECOND_NS;
    default:
        return INT64_MAX;
    }
}

/* The peer closed its end and everything it sent was read: no request can come any more. The
 * library waits for an edge, and has none when the end came together with half a request. */
static void cut_half_closed(struct server *s)
{
    struct pollfd *p = s->conns.n ? calloc(s->conns.n, sizeof(*p)) : NULL;
    nfds_t n = 0;
    for (struct conn *c = s->conns.first; c && p; c = c->next) {
        enum conn_state state = (enum conn_state)atomic_load(&c->state);
        bool waits = state == CONN_IDLE || state == CONN_HEADERS || state == CONN_BODY;
        p[n++] = (struct pollfd){.fd = waits ? c->fd : -1, .events = POLLRDHUP};
    }
    if (p && poll(p, n, 0) > 0)
        for (nfds_t i = 0; i < n; i++) {
            int unread = 0;
            if ((p[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) &&
                ioctl(p[i].fd, FIONREAD, &unread) == 0 && !unread)
                shutdown(p[i].fd, SHUT_RDWR);
        }
    free(p);
}

void conns_sweep(struct server *s, int64_t now)
{
    pthread_mutex_lock(&s->conns.lock);
    cut_half_closed(s);
    /* Nearly full: those that ask for nothing give way. */
    bool crowded = s->conns.n > s->opt.connections - s->opt.connections / 8;
    unsigned evict = crowded ? s->opt.connections / 8 : 0;
    struct conn *last = NULL;
    for (struct conn *n = s->conns.first; n; n = n->next) {
        enum conn_state state = (enum conn_state)atomic_load(&n->state);
        if (now - atomic_load(&n->since_ns) > allowed_ns(s, state)) {
            shutdown(n->fd, SHUT_RDWR);
            if (state != CONN_IDLE)
                atomic_fetch_add(&s->metrics.timeouts, 1);
        }
        last = n;
    }
    /* New ones are put in front: the last is the oldest. */
    for (struct conn *n = last; n && evict; n = n->prev) {
        enum conn_state state = (enum conn_state)atomic_load(&n->state);
        if ((state == CONN_IDLE || state == CONN_HEADERS) &&
            now - atomic_load(&n->since_ns) > SECOND_NS) {
            shutdown(n->fd, SHUT_RDWR);
            atomic_fetch_add(&s->metrics.evicted, 1);
            evict--;
        }
    }
    pthread_mutex_unlock(&s->conns.lock);
}
