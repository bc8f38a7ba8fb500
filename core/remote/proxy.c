/* SPDX-License-Identifier: MIT */
#include "core/remote/proxy.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

/* host is in "10.0.0.0/8". */
static bool in_cidr(const char *host, const char *net, int bits)
{
    uint32_t h, n;
    if (bits < 0 || bits > 32 || inet_pton(AF_INET, host, &h) != 1 ||
        inet_pton(AF_INET, net, &n) != 1)
        return false;
    return bits == 0 || (ntohl(h) ^ ntohl(n)) >> (32 - bits) == 0;
}

static bool entry_matches(const char *entry, size_t len, const struct url *u)
{
    char e[256];
    if (len == 0 || len >= sizeof(e))
        return false;
    memcpy(e, entry, len);
    e[len] = '\0';
    if (strcmp(e, "*") == 0)
        return true;
    char *slash = strchr(e, '/');
    if (slash) {
        *slash = '\0';
        return in_cidr(u->host, e, atoi(slash + 1));
    }
    char *colon = *e == '[' ? strchr(e, ']') : e;
    colon = colon ? strrchr(colon, ':') : NULL;
    if (colon && strchr(e, ':') == colon) { /* host:port, not a bare IPv6 address */
        *colon = '\0';
        if (atoi(colon + 1) != u->port)
            return false;
    }
    const char *name = e + strspn(e, "*.");
    size_t n = strlen(name), h = strlen(u->host);
    return n && h >= n && strcasecmp(u->host + h - n, name) == 0 &&
           (h == n || u->host[h - n - 1] == '.');
}

const char *proxy_for(const struct url *u)
{
    const char *proxy = NULL;
    if (u->scheme[4] == 's') {
        proxy = env("https_proxy");
        proxy = proxy ? proxy : env("HTTPS_PROXY");
    } else {
        proxy = env("http_proxy");
    }
    proxy = proxy ? proxy : env("all_proxy");
    proxy = proxy ? proxy : env("ALL_PROXY");
    if (!proxy)
        return NULL;
    const char *no = env("no_proxy");
    no = no ? no : env("NO_PROXY");
    while (no && *no) {
        no += strspn(no, ", \t");
        size_t n = strcspn(no, ", \t");
        if (entry_matches(no, n, u))
            return NULL;
        no += n;
    }
    return proxy;
}
