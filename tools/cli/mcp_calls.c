/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/util/cleanup.h"
#include "tools/cli/mcp_stdio.h"
#include "core/util/clock.h"

#define THREADS 8
#define WAITING_MAX 256 /* calls that wait; more are not read */
#define LISTENERS_MAX 64
#define LISTEN_MS 250

struct call {
    struct call *next;
    struct mcp_calls *all;
    json_t *id;
    atomic_bool cancelled;
    bool running;
    size_t len;
    char text[];
};

struct listener {
    struct listener *next;
    json_t *id;
    struct mcp_listen *l;
};

struct mcp_calls {
    struct mcp *m;
    pthread_mutex_t lock; /* of all below it but what says otherwise */
    pthread_cond_t more, less, stirred;
    struct call *first; /* waiting and running, oldest first */
    unsigned waiting, running;
    pthread_t thread[THREADS], looker;
    unsigned threads, idle;
    bool looking, stop;
    struct listener *listeners; /* polled and freed with the lock held */
    unsigned n_listeners;
    pthread_mutex_t out; /* standard output */
    atomic_bool gone;    /* nobody reads it */
};

/* ---- out ---- */

int mcp_calls_send(void *arg, json_t *message)
{
    struct mcp_calls *c = arg;
    _cleanup_free_ char *line = message ? json_dumps(message, JSON_COMPACT) : NULL;
    json_decref(message);
    if (!line)
        return -ENOMEM;
    pthread_mutex_lock(&c->out);
    bool ok = fputs(line, stdout) >= 0 && putchar('\n') >= 0 && fflush(stdout) == 0;
    pthread_mutex_unlock(&c->out);
    if (!ok)
        atomic_store(&c->gone, true);
    return ok ? 0 : -EPIPE;
}

bool mcp_calls_gone(struct mcp_calls *c)
{
    return atomic_load(&c->gone);
}

/* ---- calls ---- */

static bool stopped(void *arg)
{
    struct call *k = arg;
    return atomic_load(&k->cancelled) || mcp_calls_gone(k->all);
}

/* Progress of a call; one that was taken back is not spoken of any more. */
static int notify(void *arg, json_t *message)
{
    struct call *k = arg;
    if (!stopped(k))
        return mcp_calls_send(k->all, message);
    json_decref(message);
    return -ECANCELED;
}

static void run(struct call *k)
{
    const struct mcp_call call = {
        .may_write = true, .local = true, .notify = notify, .stopped = stopped, .arg = k};
    struct mcp_answer a = {0};
    mcp_handle(k->all->m, k->text, k->len, &call, &a);
    notify(k, a.message);
}

static void drop(struct mcp_calls *c, struct call *k)
{
    struct call **at = &c->first;
    while (*at != k)
        at = &(*at)->next;
    *at = k->next;
    json_decref(k->id);
    free(k);
}

static struct call *next_waiting(struct mcp_calls *c)
{
    struct call *k = c->first;
    while (k && k->running)
        k = k->next;
    return k;
}

static void *work(void *arg)
{
    struct mcp_calls *c = arg;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        struct call *k;
        while (!(k = next_waiting(c)) && !c->stop) {
            c->idle++;
            pthread_cond_wait(&c->more, &c->lock);
            c->idle--;
        }
        if (!k)
            break;
        k->running = true;
        c->waiting--;
        c->running++;
        pthread_mutex_unlock(&c->lock);
        if (!stopped(k))
            run(k);
        pthread_mutex_lock(&c->lock);
        c->running--;
        drop(c, k);
        pthread_cond_broadcast(&c->less);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

int mcp_calls_add(struct mcp_calls *c, json_t *id, const char *text, size_t len)
{
    struct call *k = calloc(1, sizeof(*k) + len + 1), **at = &c->first;
    if (!k)
        return -ENOMEM;
    memcpy(k->text, text, len);
    k->len = len;
    k->all = c;
    k->id = json_incref(id);
    pthread_mutex_lock(&c->lock);
    while (c->waiting >= WAITING_MAX && !mcp_calls_gone(c))
        pthread_cond_wait(&c->less, &c->lock);
    while (*at)
        at = &(*at)->next;
    *at = k;
    c->waiting++;
    if (c->waiting > c->idle && c->threads < THREADS &&
        pthread_create(&c->thread[c->threads], NULL, work, c) == 0)
        c->threads++;
    bool none = c->threads == 0;
    if (none) {
        c->waiting--;
        drop(c, k);
    }
    pthread_cond_signal(&c->more);
    pthread_mutex_unlock(&c->lock);
    return none ? -ENOMEM : 0;
}

/* ---- listeners ---- */

static void drop_listener(struct mcp_calls *c, struct listener **at)
{
    struct listener *x = *at;
    *at = x->next;
    mcp_listen_free(x->l);
    json_decref(x->id);
    free(x);
    c->n_listeners--;
}

static void poll_listeners(struct mcp_calls *c)
{
    for (struct listener **at = &c->listeners; *at;)
        if (mcp_listen_poll((*at)->l, mcp_calls_send, c) != 0)
            drop_listener(c, at);
        else
            at = &(*at)->next;
}

static void *look(void *arg)
{
    struct mcp_calls *c = arg;
    pthread_mutex_lock(&c->lock);
    while (!c->stop) {
        poll_listeners(c);
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_nsec += LISTEN_MS * 1000000L;
        t.tv_sec += t.tv_nsec / 1000000000L;
        t.tv_nsec %= 1000000000L;
        if (c->listeners)
            pthread_cond_timedwait(&c->stirred, &c->lock, &t);
        else
            pthread_cond_wait(&c->stirred, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

int mcp_calls_listen(struct mcp_calls *c, json_t *id, struct mcp_listen *l)
{
    struct listener *x = calloc(1, sizeof(*x));
    pthread_mutex_lock(&c->lock);
    if (!c->looking)
        c->looking = pthread_create(&c->looker, NULL, look, c) == 0;
    bool room = c->n_listeners < LISTENERS_MAX && c->looking;
    if (x && room) {
        *x = (struct listener){.next = c->listeners, .id = json_incref(id), .l = l};
        c->listeners = x;
        c->n_listeners++;
        poll_listeners(c); /* the acknowledgement, at once and in order */
        pthread_cond_signal(&c->stirred);
    }
    pthread_mutex_unlock(&c->lock);
    if (x && room)
        return 0;
    free(x);
    mcp_listen_free(l);
    return mcp_calls_send(c, json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0", "id", id,
                                       "error", "code", -32603, "message",
                                       "too many subscriptions are open: end one first"));
}

void mcp_calls_cancel(struct mcp_calls *c, const json_t *id)
{
    pthread_mutex_lock(&c->lock);
    for (struct call *k = c->first; id && k; k = k->next)
        if (json_equal(k->id, id))
            atomic_store(&k->cancelled, true);
    for (struct listener **at = &c->listeners; id && *at;)
        if (json_equal((*at)->id, id))
            drop_listener(c, at);
        else
            at = &(*at)->next;
    pthread_mutex_unlock(&c->lock);
}

/* ---- beginning and end ---- */

struct mcp_calls *mcp_calls_new(struct mcp *m)
{
    struct mcp_calls *c = calloc(1, sizeof(*c));
    if (!c)
        return NULL;
    c->m = m;
    pthread_mutex_init(&c->lock, NULL);
    pthread_mutex_init(&c->out, NULL);
    pthread_cond_init(&c->more, NULL);
    clock_cond_init(&c->less);
    clock_cond_init(&c->stirred);
    return c;
}

/* Nobody asks any more. Answers under way are waited for as long as somebody can read them. */
static void wait_for_calls(struct mcp_calls *c)
{
    while (c->waiting + c->running) {
        struct pollfd p = {.fd = STDOUT_FILENO};
        if (poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLNVAL)))
            atomic_store(&c->gone, true);
        struct timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        t.tv_sec += 1;
        pthread_cond_timedwait(&c->less, &c->lock, &t);
    }
}

void mcp_calls_free(struct mcp_calls *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&c->lock);
    wait_for_calls(c);
    c->stop = true;
    pthread_cond_broadcast(&c->more);
    pthread_cond_broadcast(&c->stirred);
    pthread_mutex_unlock(&c->lock);
    for (unsigned i = 0; i < c->threads; i++)
        pthread_join(c->thread[i], NULL);
    if (c->looking)
        pthread_join(c->looker, NULL);
    if (!mcp_calls_gone(c))
        poll_listeners(c); /* the last that happened, and acknowledgements that are due */
    while (c->listeners) {
        if (!mcp_calls_gone(c))
            mcp_listen_end(c->listeners->l, mcp_calls_send, c);
        drop_listener(c, &c->listeners);
    }
    pthread_cond_destroy(&c->more);
    pthread_cond_destroy(&c->less);
    pthread_cond_destroy(&c->stirred);
    pthread_mutex_destroy(&c->lock);
    pthread_mutex_destroy(&c->out);
    free(c);
}
