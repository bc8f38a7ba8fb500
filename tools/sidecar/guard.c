/* SPDX-License-Identifier: MIT
 * Who may ask: names of this server (DNS rebinding), web origins, requests per second. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/sidecar/internal.h"

/* Length of the name in "name:port", "[v6]:port". */
static size_t host_name(const char *host)
{
    if (*host == '[') {
        const char *end = strchr(host, ']');
        return end ? (size_t)(end - host) + 1 : strlen(host);
    }
    return strcspn(host, ":");
}

static bool is(const char *a, size_t len, const char *name)
{
    return strlen(name) == len && strncasecmp(a, name, len) == 0;
}

/* A page of another site can make a browser resolve its own name to 127.0.0.1, but not make it
 * send another Host. */
bool host_allowed(const struct server *s, const char *host)
{
    if (!host || !*host)
        return false;
    size_t len = host_name(host);
    if (is(host, len, "localhost") || is(host, len, "127.0.0.1") || is(host, len, "[::1]"))
        return true;
    for (size_t i = 0; i < s->n_listeners; i++)
        if (is(host, len, s->listener[i].host))
            return true;
    for (size_t i = 0; i < s->opt.n_host; i++)
        if (is(host, len, s->opt.host[i]) || strcmp(s->opt.host[i], "*") == 0)
            return true;
    return false;
}

bool origin_allowed(const struct server *s, const char *origin, const char *host, bool *ret_cors)
{
    *ret_cors = false;
    if (!origin)
        return true;
    for (size_t i = 0; i < s->opt.n_origin; i++)
        if (strcmp(s->opt.origin[i], "*") == 0 || strcasecmp(s->opt.origin[i], origin) == 0)
            return *ret_cors = true;
    const char *name = strncmp(origin, "http://", 7) == 0    ? origin + 7
                       : strncmp(origin, "https://", 8) == 0 ? origin + 8
                                                             : NULL;
    return name && host && strcasecmp(name, host) == 0;
}

/* ---- token buckets ---- */

#define RATE_SLOTS 4096
#define RATE_PROBE 8

struct rates {
    pthread_mutex_t lock;
    struct rate {
        uint64_t client;
        int64_t last_ns;
        double left;
    } slot[RATE_SLOTS];
};

struct rates *rates_new(void)
{
    struct rates *r = calloc(1, sizeof(*r));
    if (r)
        pthread_mutex_init(&r->lock, NULL);
    return r;
}

void rates_free(struct rates *r)
{
    if (r)
        pthread_mutex_destroy(&r->lock);
    free(r);
}

unsigned rates_take(struct rates *r, uint64_t client, unsigned per_second, int64_t now_ns)
{
    unsigned wait = 0;
    double burst = 2.0 * per_second;
    pthread_mutex_lock(&r->lock);
    /* The client's slot, else the one unused for longest: forgetting a client is generous. */
    struct rate *found = NULL, *oldest = NULL;
    for (size_t i = 0; i < RATE_PROBE && !found; i++) {
        struct rate *c = &r->slot[(client + i) % RATE_SLOTS];
        if (c->client == client)
            found = c;
        if (!oldest || c->last_ns < oldest->last_ns)
            oldest = c;
    }
    if (!found) {
        found = oldest;
        *found = (struct rate){.client = client, .last_ns = now_ns, .left = burst};
    }
    found->left += (double)(now_ns - found->last_ns) / (double)SECOND_NS * per_second;
    if (found->left > burst)
        found->left = burst;
    found->last_ns = now_ns;
    if (found->left >= 1)
        found->left -= 1;
    else
        wait = 1;
    pthread_mutex_unlock(&r->lock);
    return wait;
}
