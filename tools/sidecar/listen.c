/* SPDX-License-Identifier: MIT
 * Addresses to listen on. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/sidecar/internal.h"

#define BACKLOG 1024

bool address_is_loopback(const struct sockaddr *a)
{
    if (a->sa_family == AF_UNIX)
        return true;
    if (a->sa_family == AF_INET)
        return ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24 == 127;
    if (a->sa_family != AF_INET6)
        return false;
    const struct in6_addr *v6 = &((const struct sockaddr_in6 *)a)->sin6_addr;
    return IN6_IS_ADDR_LOOPBACK(v6) || (IN6_IS_ADDR_V4MAPPED(v6) && v6->s6_addr[12] == 127);
}

/* "127.0.0.1:80", "[::1]:80", "name:80", ":80" (loopback). */
static int split(const char *spec, char *host, size_t size, char *port, size_t port_size)
{
    const char *colon = strrchr(spec, ':');
    if (!colon || strlen(colon + 1) >= port_size || !colon[1] ||
        strspn(colon + 1, "0123456789") != strlen(colon + 1) || strtol(colon + 1, NULL, 10) > 65535)
        return -EINVAL;
    strcpy(port, colon + 1);
    size_t len = (size_t)(colon - spec);
    if (len >= 2 && spec[0] == '[' && colon[-1] == ']') {
        spec++;
        len -= 2;
    } else if (memchr(spec, ':', len)) {
        return -EINVAL;
    }
    if (len >= size)
        return -EINVAL;
    memcpy(host, spec, len);
    host[len] = '\0';
    if (!len)
        strcpy(host, "127.0.0.1");
    return 0;
}

static int open_unix(struct listener *l, const char *path, struct docfs_err *err)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    if (!*path || strlen(path) >= sizeof(a.sun_path))
        return err_set(err, -EINVAL, "--listen unix:%s: the path is empty or too long", path);
    strcpy(a.sun_path, path);
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set(err, -errno, "cannot make a socket: %m");
    struct stat st;
    /* A socket that nobody answers on was left by a crash. */
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode) &&
        connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 && errno == ECONNREFUSED)
        unlink(path);
    mode_t mask = umask(0177);
    int r = bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : 0;
    umask(mask);
    if (r == 0 && listen(fd, BACKLOG) < 0)
        r = -errno;
    if (r < 0)
        return err_set(err, r, "cannot listen on unix:%s: %s; name another path with --listen",
                       path, strerror(-r));
    l->unix_path = strdup(path);
    l->loopback = true;
    snprintf(l->host, sizeof(l->host), "localhost");
    snprintf(l->url, sizeof(l->url), "unix:%s", path);
    l->fd = steal_fd(&fd);
    return 0;
}

static int open_inet(struct listener *l, const char *spec, const struct addrinfo *ai,
                     struct docfs_err *err)
{
    _cleanup_close_ int fd =
        socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);
    int on = 1;
    if (fd < 0)
        return err_set(err, -errno, "cannot make a socket for %s: %m", spec);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (ai->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, BACKLOG) < 0)
        return err_set(err, -errno,
                       "cannot listen on %s: %m; name another address with --listen ADDR:PORT "
                       "(port 0 takes a free one)",
                       spec);
    struct sockaddr_storage a;
    socklen_t len = sizeof(a);
    char host[64], port[16];
    if (getsockname(fd, (struct sockaddr *)&a, &len) < 0 ||
        getnameinfo((struct sockaddr *)&a, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return err_set(err, -EIO, "cannot read the address of %s", spec);
    l->loopback = address_is_loopback((struct sockaddr *)&a);
    l->port = (unsigned)strtoul(port, NULL, 10);
    snprintf(l->host, sizeof(l->host), ai->ai_family == AF_INET6 ? "[%s]" : "%s", host);
    snprintf(l->url, sizeof(l->url), "http://%s:%s", l->host, port);
    l->fd = steal_fd(&fd);
    return 0;
}

int listener_open(struct listener *l, const char *spec, struct docfs_err *err)
{
    *l = (struct listener){.fd = -1};
    if (strncmp(spec, "unix:", 5) == 0)
        return open_unix(l, spec + 5, err);
    char host[64], port[8];
    if (split(spec, host, sizeof(host), port, sizeof(port)) < 0)
        return err_set(err, -EINVAL,
                       "--listen %s: write ADDRESS:PORT, like 127.0.0.1:8420 or [::1]:8420, or "
                       "unix:PATH",
                       spec);
    struct addrinfo hint = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE}, *list;
    int g = getaddrinfo(host, port, &hint, &list);
    if (g != 0)
        return err_set(err, -EINVAL, "--listen %s: %s", spec, gai_strerror(g));
    int r = open_inet(l, spec, list, err);
    freeaddrinfo(list);
    return r;
}

void listener_close(struct listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
    if (l->unix_path)
        unlink(l->unix_path);
    free(l->unix_path);
    l->unix_path = NULL;
}
