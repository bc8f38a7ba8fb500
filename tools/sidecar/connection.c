/* SPDX-License-Identifier: MIT
 * Moves bytes: takes requests from the HTTP library, has them checked and answered, gives answers
 * back. Kept answers are given on the spot; everything else waits, suspended, for a worker. */
#include <errno.h>
#include <stdio.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

#include "tools/sidecar/exchange.h"

#define DISCARD_MAX (8 << 20) /* bytes of a refused body read so that the answer arrives */
#define SPOOL_MIN (1 << 20)   /* bytes of an upload kept in memory */
#define ROOM 1024             /* bytes of target and path that a connection's spare exchange has */

static void set_state_at(struct exchange *x, enum conn_state state, int64_t now)
{
    if (!x->conn)
        return;
    atomic_store(&x->conn->since_ns, now);
    atomic_store(&x->conn->state, state);
}

static void set_state(struct exchange *x, enum conn_state state)
{
    set_state_at(x, state, clock_mono_ns());
}

/* ---- requests ---- */

/* With room for the texts. Requests of a connection follow each other: the next one takes the
 * memory of the last, because asking for this much memory and giving it back, fifty thousand times
 * a second, is a good part of what a kept answer costs. */
static struct exchange *exchange_new(struct conn *n, size_t room)
{
    struct exchange *x = n && room <= ROOM ? n->spare : NULL;
    if (x)
        n->spare = NULL;
    if (room < ROOM)
        room = ROOM;
    if (!x && !(x = malloc(sizeof(*x) + room)))
        return NULL;
    memset(x, 0, sizeof(*x));
    x->conn = n;
    x->room = room;
    return x;
}

static void *begin(void *cls, const char *uri, struct MHD_Connection *c)
{
    struct server *s = cls;
    size_t len = strlen(uri), path = strcspn(uri, "?");
    const union MHD_ConnectionInfo *i =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct exchange *x = exchange_new(i ? i->socket_context : NULL, len + path + 2);
    if (!x)
        return NULL;
    memcpy(x->target, uri, len + 1);
    char *p = x->target + len + 1;
    memcpy(p, uri, path);
    p[path] = '\0';
    /* The library would take the query apart as well, into the memory of the connection: some
     * hundred parameters fill that, and the client waits in vain. The text is a place in its
     * buffer, and it looks at it after this call. */
    if (uri[path] && uri[path + 1])
        ((char *)uri)[path + 1] = '\0';
    x->s = s;
    x->c = c;
    x->spool = -1;
    x->q.server = s;
    x->q.d = s->d;
    x->q.target = x->target;
    x->q.path = p;
    x->q.body = "";
    x->q.address = x->conn ? x->conn->address : "?";
    x->q.client = x->client;
    set_state(x, CONN_HEADERS);
    /* Counted before looking: a request is waited for, or it is told that the server stops. */
    atomic_fetch_add(&s->metrics.in_flight, 1);
    x->late = atomic_load(&s->stopping);
    if (x->late)
        atomic_fetch_sub(&s->metrics.in_flight, 1);
    return x;
}

static void exchange_free(struct exchange *x)
{
    if (!x->late)
        atomic_fetch_sub(&x->s->metrics.in_flight, 1);
    response_fini(&x->a);
    params_fini(&x->params);
    json_decref(x->q.json);
    json_decref(x->q.query);
    buf_fini(&x->body);
    if (x->map)
        munmap(x->map, x->map_len);
    if (x->spool >= 0)
        close(x->spool);
    kept_unref(x->kept);
    free(x->base);
    if (x->conn && !x->conn->spare && x->room == ROOM)
        x->conn->spare = x;
    else
        free(x);
}

static void completed(void *cls, struct MHD_Connection *c, void **con_cls,
                      enum MHD_RequestTerminationCode why)
{
    struct exchange *x = *con_cls;
    if (!x)
        return;
    *con_cls = NULL;
    if (!x->answered)
        atomic_fetch_add(&x->s->metrics.malformed, 1);
    set_state(x, CONN_IDLE);
    exchange_free(x);
}

/* ---- answers ---- */

static void kept_free(void *cls)
{
    kept_unref(cls);
}

static struct MHD_Response *make_response(struct exchange *x, int *status)
{
    struct response *a = &x->a;
    struct MHD_Response *r;
    if (x->kept) {
        struct kept *k = x->kept;
        *status = k->status;
        const char *have = MHD_lookup_connection_value(x->c, MHD_HEADER_KIND, "If-None-Match");
        if (have && strcmp(have, k->etag) == 0) {
            *status = 304;
            return MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
        }
        x->bytes = k->len;
        atomic_fetch_add(&k->refs, 1);
        r = MHD_create_response_from_buffer_with_free_callback_cls(k->len, k->body, kept_free, k);
        if (!r)
            kept_unref(k);
        return r;
    }
    *status = a->status;
    if (a->stream.poll || a->stream.produce) {
        bool polled = a->stream.poll;
        r = streams_open(x->s->streams, x->s, x->c, x->conn ? x->conn->fd : -1, &a->stream);
        if (r) {
            if (polled) /* the first event is due at once */
                ticker_wake(x->s->ticker);
            a->stream = (struct stream_source){0};
            return r;
        }
        response_header(a, "Retry-After", "5");
        fail(&x->q, a, 503, "TOO_MANY_STREAMS", "too many event streams are open; try again later");
        *status = a->status;
    }
    if (a->fixed) {
        x->bytes = a->fixed_len;
        return MHD_create_response_from_buffer(a->fixed_len, (void *)a->fixed,
                                               MHD_RESPMEM_PERSISTENT);
    }
    size_t len = a->body.len;
    char *data = buf_steal(&a->body, NULL);
    if (!data)
        return NULL;
    x->bytes = len;
    r = MHD_create_response_from_buffer(len, data, MHD_RESPMEM_MUST_FREE);
    if (!r)
        free(data);
    return r;
}

static bool has_header(const struct response *a, const char *name)
{
    for (size_t i = 0; i < a->n_headers; i++)
        if (strcasecmp(a->header[i].name, name) == 0)
            return true;
    return false;
}

/* Milliseconds with three digits, by hand: printf is slow where libquadmath came along. */
static void put_ms(char out[32], int64_t us)
{
    char digit[32];
    size_t n = 0, len = 0;
    if (us < 0)
        us = 0;
    do {
        digit[n++] = (char)('0' + us % 10);
        if (n == 3)
            digit[n++] = '.';
    } while ((us /= 10) || n < 5);
    while (n)
        out[len++] = digit[--n];
    out[len] = '\0';
}

static void add_headers(struct exchange *x, struct MHD_Response *r, int64_t us)
{
    const struct response *a = &x->a;
    char number[32];
    const char *type = x->kept ? x->kept->type : a->type;
    if (type)
        MHD_add_response_header(r, "Content-Type", type);
    for (size_t i = 0; i < a->n_headers; i++)
        MHD_add_response_header(r, a->header[i].name, a->header[i].value);
    MHD_add_response_header(r, "X-Trace-ID", x->q.trace);
    put_ms(number, us);
    MHD_add_response_header(r, "X-Process-Time", number);
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (x->kept)
        MHD_add_response_header(r, "ETag", x->kept->etag);
    if (!has_header(a, "Cache-Control"))
        MHD_add_response_header(r, "Cache-Control", x->kept ? "private, no-cache" : "no-store");
    if (!has_header(a, "Content-Security-Policy"))
        MHD_add_response_header(r, "Content-Security-Policy",
                                "default-src 'none'; frame-ancestors 'none'");
    if (x->cors) {
        const char *origin = MHD_lookup_connection_value(x->c, MHD_HEADER_KIND, "Origin");
        if (origin) {
            MHD_add_response_header(r, "Access-Control-Allow-Origin", origin);
            MHD_add_response_header(r, "Vary", "Origin");
            MHD_add_response_header(
                r, "Access-Control-Expose-Headers",
                "X-Trace-ID, X-Process-Time, Retry-After, ETag, Mcp-Session-Id");
        }
    }
    if (x->closing)
        MHD_add_response_header(r, "Connection", "close");
}

/* For the query log. A kept answer is looked at once a round: it is under the hand of thousands. */
static void remember(struct exchange *x, int64_t us)
{
    struct asked *a = x->s->asked;
    const char *asked = x->kept ? x->kept->asked : x->a.asked;
    if (!asked)
        return;
    if (x->kept) {
        docfs_service_kept(x->s->service, us * 1000);
        unsigned round = asked_round(a);
        if (atomic_load_explicit(&x->kept->round, memory_order_relaxed) == round)
            return;
        atomic_store_explicit(&x->kept->round, round, memory_order_relaxed);
    }
    asked_add(a, asked, x->kept ? x->kept->hits : x->a.hits, (double)us / 1e6);
}

static enum MHD_Result answer(struct exchange *x)
{
    int status = 0;
    bool stream = x->a.stream.poll || x->a.stream.produce;
    if (!x->kept && (x->a.oom || !x->a.status)) {
        x->a.oom = false;
        problem(&x->q, &x->a, 500, "INTERNAL",
                x->a.status ? "out of memory" : "the handler gave no answer");
    }
    struct MHD_Response *r = make_response(x, &status);
    if (!r)
        return MHD_NO; /* out of memory: the connection is closed */
    int64_t now = clock_mono_ns(), us = (now - x->q.started_ns) / 1000;
    add_headers(x, r, us);
    x->answered = true;
    metrics_count(&x->s->metrics, x->route ? x->route->index : SIZE_MAX, status, us, x->bytes);
    if (status < 400)
        remember(x, us);
    log_request(x->s, x, status, us);
    set_state_at(x, stream ? CONN_STREAM : CONN_SENDING, now);
    enum MHD_Result ok = MHD_queue_response(x->c, (unsigned)status, r);
    MHD_destroy_response(r);
    return ok;
}

/* ---- bodies ---- */

/* Declared length; -1 when it is chunked, 0 when there is none. */
static int64_t declared(struct exchange *x)
{
    const char *len = MHD_lookup_connection_value(x->c, MHD_HEADER_KIND, "Content-Length");
    if (MHD_lookup_connection_value(x->c, MHD_HEADER_KIND, "Transfer-Encoding"))
        return -1;
    if (!len)
        return 0;
    char *end;
    errno = 0;
    long long n = strtoll(len, &end, 10);
    return *end || errno || n < 0 ? INT64_MAX : n;
}

static void take_body(struct exchange *x, const char *data, size_t len)
{
    if (x->discard || x->overflow)
        return;
    int64_t have = (int64_t)(x->body.len + x->spooled);
    if (have + (int64_t)len > x->limit) {
        x->overflow = true;
        buf_fini(&x->body);
        return;
    }
    bool upload = x->route && (x->route->route->flags & ROUTE_UPLOAD);
    if (upload && x->spool < 0 && x->body.len + len > SPOOL_MIN) {
        x->spool = open(docfs_path(x->s->d), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (x->spool < 0)
            x->spool = memfd_create("upload", MFD_CLOEXEC);
        if (x->spool >= 0 && x->body.len) {
            if (write(x->spool, x->body.data, x->body.len) != (ssize_t)x->body.len)
                x->a.oom = true;
            x->spooled = x->body.len;
            buf_fini(&x->body);
        }
    }
    if (x->spool >= 0) {
        for (size_t at = 0; at < len && !x->a.oom;) {
            ssize_t n = write(x->spool, data + at, len - at);
            if (n <= 0)
                x->a.oom = true;
            else
                at += (size_t)n;
        }
        x->spooled += len;
    } else {
        buf_add(&x->body, data, len);
    }
}

/* Makes the body one piece of memory. */
static void close_body(struct exchange *x)
{
    if (x->overflow) {
        fail(&x->q, &x->a, 413, "TOO_LARGE", "the body is larger than %lld bytes",
             (long long)x->limit);
        x->done = true;
    } else if (x->a.oom || buf_status(&x->body) < 0) {
        x->a.oom = false;
        fail(&x->q, &x->a, 507, "NO_SPACE", "no space left for the body of the request");
        x->done = true;
    } else if (x->spool >= 0) {
        x->map_len = x->spooled + 1; /* a NUL behind it, from the page or this byte */
        if (ftruncate(x->spool, (off_t)x->map_len) == 0)
            x->map = mmap(NULL, x->map_len, PROT_READ, MAP_PRIVATE, x->spool, 0);
        if (!x->map || x->map == MAP_FAILED) {
            x->map = NULL;
            fail(&x->q, &x->a, 507, "NO_SPACE", "no space left for the body of the request");
            x->done = true;
            return;
        }
        x->q.body = x->map;
        x->q.body_len = x->spooled;
    } else if (x->body.len) {
        x->q.body = x->body.data;
        x->q.body_len = x->body.len;
    }
}

/* ---- the way of a request ---- */

static void work(void *arg)
{
    struct exchange *x = arg;
    exchange_run(x);
    if (x->q.route->scope > SCOPE_READ)
        atomic_store(&x->s->generation_ns, 0); /* the client must see what it changed */
    x->done = true;
    MHD_resume_connection(x->c);
}

static enum MHD_Result hand_over(struct exchange *x)
{
    struct pool *p = x->route->route->flags & ROUTE_SLOW ? x->s->slow : x->s->fast;
    x->waiting = true;
    set_state(x, CONN_WORKING);
    MHD_suspend_connection(x->c);
    if (!pool_add(p, work, x)) {
        atomic_fetch_add(&x->s->metrics.refused_queue, 1);
        response_header(&x->a, "Retry-After", "1");
        fail(&x->q, &x->a, 503, "BUSY", "too many requests are waiting; try again in a second");
        x->done = true;
        MHD_resume_connection(x->c);
    }
    return MHD_YES;
}

static enum MHD_Result first_call(struct exchange *x, const char *method)
{
    int64_t length = declared(x);
    x->begun = true;
    x->q.method = method;
    x->q.started_ns = clock_mono_ns();
    x->limit = x->s->opt.max_body;
    exchange_admit(x);
    if (!x->done && length > x->limit) {
        fail(&x->q, &x->a, 413, "TOO_LARGE", "the body is larger than %lld bytes",
             (long long)x->limit);
        x->done = true;
    }
    /* An answer given now would close the connection: the next call is soon enough. */
    x->discard = x->done;
    if (x->done && (length > DISCARD_MAX || length < 0)) {
        x->closing = true; /* the body is not read */
        return answer(x);
    }
    if (length != 0)
        set_state(x, CONN_BODY);
    else
        atomic_store(&x->conn->state, CONN_WORKING);
    return MHD_YES;
}

static enum MHD_Result handle(void *cls, struct MHD_Connection *c, const char *url,
                              const char *method, const char *version, const char *upload_data,
                              size_t *upload_data_size, void **con_cls)
{
    struct exchange *x = *con_cls;
    if (!x || !x->conn)
        return MHD_NO;
    if (x->answered)
        return MHD_YES;
    if (!x->begun)
        return first_call(x, method);
    if (*upload_data_size) {
        take_body(x, upload_data, *upload_data_size);
        *upload_data_size = 0;
        return MHD_YES;
    }
    if (x->done)
        return answer(x);
    if (x->waiting)
        return MHD_YES;
    close_body(x);
    if (!x->done)
        exchange_try_kept(x);
    return x->done ? answer(x) : hand_over(x);
}

static void library_log(void *cls, const char *fmt, va_list ap)
{
    char text[512];
    vsnprintf(text, sizeof(text), fmt, ap);
    text[strcspn(text, "\n")] = '\0';
    server_log(cls, "debug", NULL, "http: %s", text);
}

/* Paths are decoded by router.c, which knows where the slashes are. */
static size_t no_unescape(void *cls, struct MHD_Connection *c, char *s)
{
    return strlen(s);
}

int connection_start(struct server *s, struct listener *l, struct docfs_err *err)
{
    unsigned n = (unsigned)s->n_listeners;
    l->mhd = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG | MHD_USE_ITC,
        0, NULL, NULL, handle, s, MHD_OPTION_EXTERNAL_LOGGER, library_log, s,
        MHD_OPTION_LISTEN_SOCKET, l->fd, MHD_OPTION_THREAD_POOL_SIZE, 2u,
        MHD_OPTION_CONNECTION_LIMIT, s->opt.connections / n + 2, MHD_OPTION_CONNECTION_TIMEOUT,
        s->opt.send_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)16 << 10,
        MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_URI_LOG_CALLBACK, begin, s,
        MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, s, MHD_OPTION_NOTIFY_CONNECTION, conns_notify, s,
        MHD_OPTION_NOTIFY_COMPLETED, completed, s, MHD_OPTION_END);
    if (!l->mhd)
        return err_set(err, -EIO, "cannot start the HTTP server on %s", l->url);
    l->fd = -1; /* the daemon's now */
    return 0;
}
