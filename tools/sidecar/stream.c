/* SPDX-License-Identifier: MIT
 * Bodies that come bit by bit. The reader (a thread of the HTTP library) takes what lies in the
 * buffer and suspends its connection when there is nothing; whoever adds something resumes it. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "tools/sidecar/internal.h"

#define BUFFERED (64 << 10)
#define KEEPALIVE_NS (15 * SECOND_NS)
#define BLOCK 4096

struct stream {
    struct stream *prev, *next;
    struct streams *all;
    struct server *server;
    pthread_mutex_t lock;
    pthread_cond_t room;
    struct MHD_Connection *c; /* NULL once the reader is gone */
    int fd;
    struct buf buf;
    size_t at; /* bytes of buf already taken */
    bool suspended, finished, gone;
    bool sse;
    struct stream_source src;
    unsigned refs; /* reader, producer or ticker */
    int64_t due_ns, written_ns;
};

struct streams {
    pthread_mutex_t lock;
    pthread_cond_t quiet;
    struct stream *first;
    unsigned n, max;
    bool stop;
};

struct streams *streams_new(unsigned max)
{
    struct streams *s = calloc(1, sizeof(*s));
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->quiet, NULL);
    s->max = max;
    return s;
}

static void stream_unref(struct stream *s)
{
    pthread_mutex_lock(&s->lock);
    unsigned left = --s->refs;
    pthread_mutex_unlock(&s->lock);
    if (left)
        return;
    if (s->src.done)
        s->src.done(s->src.arg);
    struct streams *all = s->all;
    pthread_mutex_lock(&all->lock);
    *(s->prev ? &s->prev->next : &all->first) = s->next;
    if (s->next)
        s->next->prev = s->prev;
    all->n--;
    pthread_cond_broadcast(&all->quiet);
    pthread_mutex_unlock(&all->lock);
    pthread_mutex_destroy(&s->lock);
    pthread_cond_destroy(&s->room);
    buf_fini(&s->buf);
    free(s);
}

/* With the lock held. */
static void wake_reader(struct stream *s)
{
    if (s->suspended && s->c) {
        s->suspended = false;
        MHD_resume_connection(s->c);
    }
}

static ssize_t reader(void *cls, uint64_t pos, char *out, size_t max)
{
    struct stream *s = cls;
    ssize_t r = 0;
    pthread_mutex_lock(&s->lock);
    size_t have = s->buf.len - s->at;
    if (have) {
        r = (ssize_t)(have < max ? have : max);
        memcpy(out, s->buf.data + s->at, (size_t)r);
        s->at += (size_t)r;
        if (s->at == s->buf.len) {
            buf_clear(&s->buf);
            s->at = 0;
        }
        pthread_cond_signal(&s->room);
    } else if (s->gone) {
        r = MHD_CONTENT_READER_END_WITH_ERROR;
    } else if (s->finished) {
        r = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->suspended = true;
        MHD_suspend_connection(s->c);
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}

static void reader_gone(void *cls)
{
    struct stream *s = cls;
    pthread_mutex_lock(&s->lock);
    s->c = NULL;
    s->gone = true;
    pthread_cond_signal(&s->room);
    pthread_mutex_unlock(&s->lock);
    stream_unref(s);
}

int stream_write(struct stream *s, const void *data, size_t len)
{
    int r = 0;
    pthread_mutex_lock(&s->lock);
    while (!s->gone && !s->finished && s->buf.len - s->at > BUFFERED)
        pthread_cond_wait(&s->room, &s->lock);
    if (s->gone || s->finished) {
        r = -EPIPE;
    } else {
        buf_add(&s->buf, data, len);
        r = buf_status(&s->buf);
        s->written_ns = clock_mono_ns();
        wake_reader(s);
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}

void sse_event(struct buf *out, const char *event, const char *id, const char *data)
{
    if (id)
        buf_addf(out, "id: %s\n", id);
    if (event)
        buf_addf(out, "event: %s\n", event);
    for (;;) {
        size_t len = strcspn(data, "\r\n");
        buf_adds(out, "data: ");
        buf_add(out, data, len);
        buf_addc(out, '\n');
        data += len;
        if (!*data)
            break;
        data += data[0] == '\r' && data[1] == '\n' ? 2 : 1;
    }
    buf_addc(out, '\n');
}

int stream_event(struct stream *s, const char *event, const char *id, const char *data)
{
    _cleanup_buf_ struct buf b = {0};
    sse_event(&b, event, id, data);
    int r = buf_status(&b);
    return r < 0 ? r : stream_write(s, b.data, b.len);
}

bool stream_closed(struct stream *s)
{
    pthread_mutex_lock(&s->lock);
    bool closed = s->gone || s->finished;
    pthread_mutex_unlock(&s->lock);
    return closed;
}

static void finish(struct stream *s)
{
    pthread_mutex_lock(&s->lock);
    s->finished = true;
    wake_reader(s);
    pthread_cond_signal(&s->room);
    pthread_mutex_unlock(&s->lock);
}

static void *produce(void *arg)
{
    struct stream *s = arg;
    s->src.produce(s->src.arg, s);
    finish(s);
    stream_unref(s);
    return NULL;
}

static bool reserve(struct streams *all)
{
    pthread_mutex_lock(&all->lock);
    bool ok = all->n < all->max && !all->stop;
    all->n += ok;
    pthread_mutex_unlock(&all->lock);
    return ok;
}

static void link_stream(struct streams *all, struct stream *s)
{
    pthread_mutex_lock(&all->lock);
    s->next = all->first;
    if (s->next)
        s->next->prev = s;
    all->first = s;
    if (all->stop)
        s->finished = true;
    pthread_mutex_unlock(&all->lock);
}

static int produce_detached(struct stream *s)
{
    pthread_t t;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int r = pthread_create(&t, &attr, produce, s);
    pthread_attr_destroy(&attr);
    return -r;
}

struct MHD_Response *streams_open(struct streams *all, struct server *server,
                                  struct MHD_Connection *c, int fd, const struct stream_source *src)
{
    if (!reserve(all))
        return NULL;
    struct stream *s = calloc(1, sizeof(*s));
    struct MHD_Response *r =
        s ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, reader, s, reader_gone)
          : NULL;
    if (!r) {
        free(s);
        pthread_mutex_lock(&all->lock);
        all->n--;
        pthread_mutex_unlock(&all->lock);
        return NULL;
    }
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->room, NULL);
    s->all = all;
    s->server = server;
    s->c = c;
    s->fd = fd;
    s->sse = src->type && strncmp(src->type, "text/event-stream", 17) == 0;
    s->refs = 2;
    s->due_ns = s->written_ns = clock_mono_ns();
    s->src = *src;
    link_stream(all, s);
    if (src->produce && produce_detached(s) < 0) {
        s->src = (struct stream_source){0}; /* still the caller's */
        MHD_destroy_response(r);
        stream_unref(s);
        return NULL;
    }
    return r;
}

void streams_stop(struct streams *all)
{
    pthread_mutex_lock(&all->lock);
    all->stop = true;
    for (struct stream *s = all->first; s; s = s->next)
        finish(s);
    pthread_mutex_unlock(&all->lock);
}

unsigned streams_count(struct streams *all)
{
    pthread_mutex_lock(&all->lock);
    unsigned n = all->n;
    pthread_mutex_unlock(&all->lock);
    return n;
}

/* True when the peer closed its end: no answer can reach it any more. */
static bool hung_up(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    return fd >= 0 && poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR));
}

/* One look at one stream; returns true when its source is through and the ticker lets go. */
static bool look(struct stream *s, int64_t now)
{
    _cleanup_buf_ struct buf fresh = {0};
    bool polled = s->src.poll != NULL, end = false;
    pthread_mutex_lock(&s->lock);
    bool closed = s->gone || s->finished;
    if (!closed && s->c && hung_up(s->fd)) {
        s->gone = closed = true;
        wake_reader(s);
        pthread_cond_signal(&s->room);
    }
    bool due = polled && !closed && now >= s->due_ns && s->buf.len - s->at < BUFFERED;
    bool quiet =
        s->sse && !closed && s->buf.len - s->at < BUFFERED && now - s->written_ns >= KEEPALIVE_NS;
    pthread_mutex_unlock(&s->lock);
    if (due) {
        end = s->src.poll(s->src.arg, &fresh) != 0;
        s->due_ns = now + (int64_t)s->src.interval_ms * 1000000;
    }
    if (quiet && !fresh.len)
        buf_adds(&fresh, ": keep-alive\n\n");
    if (fresh.len)
        stream_write(s, fresh.data, fresh.len);
    if (end)
        finish(s);
    return polled && (closed || end);
}

unsigned streams_tick(struct streams *all, int64_t now)
{
    unsigned wait = 1000;
    /* Looked at without the list held: sources take their own locks. A stream whose last reference
     * is gone is about to leave the list. */
    pthread_mutex_lock(&all->lock);
    size_t n = 0, cap = all->n;
    struct stream **list = cap ? malloc(cap * sizeof(*list)) : NULL;
    for (struct stream *s = all->first; s && n < cap && list; s = s->next) {
        pthread_mutex_lock(&s->lock);
        if (s->refs) {
            s->refs++;
            list[n++] = s;
        }
        pthread_mutex_unlock(&s->lock);
    }
    pthread_mutex_unlock(&all->lock);
    for (size_t i = 0; i < n; i++) {
        struct stream *s = list[i];
        bool drop = false;
        if (s->src.produce || s->src.poll)
            drop = look(s, now);
        if (s->src.poll && !drop) {
            int64_t left = (s->due_ns - now) / 1000000;
            wait = left < 1 ? 1 : left < wait ? (unsigned)left : wait;
        }
        if (drop) {
            s->src.poll = NULL;
            stream_unref(s);
        }
        stream_unref(s);
    }
    free(list);
    return wait;
}

void streams_free(struct streams *all)
{
    if (!all)
        return;
    streams_tick(all, clock_mono_ns()); /* the ticker is no more: let go in its place */
    pthread_mutex_lock(&all->lock);
    while (all->n)
        pthread_cond_wait(&all->quiet, &all->lock);
    pthread_mutex_unlock(&all->lock);
    pthread_mutex_destroy(&all->lock);
    pthread_cond_destroy(&all->quiet);
    free(all);
}
