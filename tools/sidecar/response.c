/* SPDX-License-Identifier: MIT
 * Filling a response. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tools/sidecar/internal.h"
#include "tools/wire/wire.h"

void response_fini(struct response *a)
{
    buf_fini(&a->body);
    for (size_t i = 0; i < a->n_headers; i++) {
        free(a->header[i].name);
        free(a->header[i].value);
    }
    buf_fini(&a->repeat);
    free(a->asked);
    free(a->owned_type);
    if (a->stream.done)
        a->stream.done(a->stream.arg);
    *a = (struct response){0};
}

/* What an earlier attempt put into it goes, but for the headers. */
static void restart(struct response *a, int status, const char *type)
{
    buf_fini(&a->body);
    a->fixed = NULL;
    a->fixed_len = 0;
    a->keep = false;
    buf_fini(&a->repeat);
    if (a->stream.done)
        a->stream.done(a->stream.arg);
    a->stream = (struct stream_source){0};
    a->status = status;
    char *copy = type ? strdup(type) : NULL;
    a->oom = a->oom || (type && !copy);
    free(a->owned_type);
    a->type = a->owned_type = copy;
}

void json_into(struct buf *b, const json_t *value)
{
    if (value)
        wire_write(b, value);
    else
        b->oom = true;
    buf_addc(b, '\n');
}

void response_json(struct response *a, int status, json_t *value)
{
    restart(a, status, "application/json");
    json_into(&a->body, value);
    a->oom = a->oom || buf_status(&a->body) < 0;
    json_decref(value);
}

void response_bytes(struct response *a, int status, const char *type, const void *data, size_t len)
{
    restart(a, status, type);
    buf_add(&a->body, data, len);
    a->oom = a->oom || buf_status(&a->body) < 0;
}

void response_buf(struct response *a, int status, const char *type, struct buf *b)
{
    restart(a, status, type);
    a->body = *b;
    *b = (struct buf){0};
    a->oom = a->oom || buf_status(&a->body) < 0;
}

void response_static(struct response *a, int status, const char *type, const void *data, size_t len)
{
    restart(a, status, type);
    a->fixed = data;
    a->fixed_len = len;
}

void response_empty(struct response *a, int status)
{
    restart(a, status, NULL);
}

void response_header(struct response *a, const char *name, const char *fmt, ...)
{
    _cleanup_buf_ struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    size_t n = 0;
    for (size_t i = 0; i < b.len; i++)
        if ((unsigned char)b.data[i] >= ' ' && b.data[i] != 127)
            b.data[n++] = b.data[i];
    buf_truncate(&b, n);
    struct header *h = NULL;
    for (size_t i = 0; i < a->n_headers; i++)
        if (strcasecmp(a->header[i].name, name) == 0)
            h = &a->header[i];
    if (!h && a->n_headers < HEADERS_MAX) {
        h = &a->header[a->n_headers];
        if ((h->name = strdup(name)))
            a->n_headers++;
    }
    char *value = buf_steal(&b, NULL);
    if (!h || !h->name || !value) {
        free(value);
        a->oom = true;
        return;
    }
    free(h->value);
    h->value = value;
}

void response_keep(struct response *a, struct buf *repeat)
{
    buf_fini(&a->repeat);
    a->keep = true;
    if (repeat) {
        a->repeat = *repeat;
        *repeat = (struct buf){0};
    }
}

void response_asked(struct response *a, const char *query, size_t hits)
{
    free(a->asked);
    a->asked = strdup(query);
    a->hits = hits;
}

void response_poll(struct response *a, const char *type, unsigned interval_ms, stream_poll_fn *fn,
                   void *arg, void (*done)(void *arg))
{
    restart(a, 200, type);
    a->stream = (struct stream_source){
        .type = a->type, .interval_ms = interval_ms, .poll = fn, .arg = arg, .done = done};
}

void response_produce(struct response *a, const char *type, stream_produce_fn *fn, void *arg,
                      void (*done)(void *arg))
{
    restart(a, 200, type);
    a->stream = (struct stream_source){.type = a->type, .produce = fn, .arg = arg, .done = done};
}

/* ---- failures ---- */

const char *status_text(int status)
{
    switch (status) {
    case 400:
        return "Bad request";
    case 401:
        return "Token needed";
    case 403:
        return "Forbidden";
    case 404:
        return "Not found";
    case 405:
        return "Method not allowed";
    case 406:
        return "Not acceptable";
    case 408:
        return "Timed out";
    case 409:
        return "Conflict";
    case 410:
        return "Gone";
    case 413:
        return "Too large";
    case 416:
        return "No such lines";
    case 415:
        return "Unsupported media type";
    case 421:
        return "Wrong host";
    case 422:
        return "Cannot be processed";
    case 429:
        return "Too many requests";
    case 501:
        return "Not available";
    case 502:
        return "Upstream failed";
    case 503:
        return "Unavailable";
    case 504:
        return "Upstream timed out";
    case 507:
        return "No space left";
    default:
        return status >= 500 ? "Internal error" : "Error";
    }
}

void problem(struct request *q, struct response *a, int status, const char *code,
             const char *detail)
{
    char type[80] = "urn:docfs:problem:";
    size_t n = strlen(type);
    for (size_t i = 0; code[i] && n < sizeof(type) - 1; i++)
        type[n++] = code[i] == '_' ? '-' : (char)(code[i] | 32);
    type[n] = '\0';
    json_t *text = json_string(detail), *path = json_string(q->path);
    response_json(a, status,
                  json_pack("{s:s, s:s, s:i, s:o, s:o, s:s, s:s}", "type", type, "title",
                            status_text(status), "status", status, "detail",
                            text ? text : json_string(status_text(status)), "instance",
                            path ? path : json_null(), "error_code", code, "trace_id", q->trace));
    free(a->owned_type);
    a->type = a->owned_type = strdup("application/problem+json");
}

void fail(struct request *q, struct response *a, int status, const char *code, const char *fmt, ...)
{
    char text[700];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (q->resource && q->resource->error)
        q->resource->error(q, a, status, code, text);
    else
        problem(q, a, status, code, text);
}

void fail_err(struct request *q, struct response *a, const struct docfs_err *err)
{
    static const struct {
        int code, status;
        const char *word;
    } map[] = {
        {ENOENT, 404, "NOT_FOUND"},      {ESTALE, 410, "GONE"},
        {EINVAL, 400, "BAD_REQUEST"},    {EILSEQ, 400, "BAD_REQUEST"},
        {ENAMETOOLONG, 400, "TOO_LONG"}, {EEXIST, 409, "EXISTS"},
        {EROFS, 403, "READ_ONLY"},       {EACCES, 403, "FORBIDDEN"},
        {EPERM, 403, "FORBIDDEN"},       {EBUSY, 503, "BUSY"},
        {ENOSPC, 507, "NO_SPACE"},       {EFBIG, 413, "TOO_LARGE"},
        {ETIMEDOUT, 504, "TIMED_OUT"},   {ECANCELED, 409, "CANCELLED"},
        {ENOTSUP, 501, "NOT_AVAILABLE"}, {ENODEV, 503, "CACHE_GONE"},
    };
    int status = 500;
    const char *word = "INTERNAL";
    for (size_t i = 0; i < sizeof(map) / sizeof(*map); i++)
        if (map[i].code == -err->code) {
            status = map[i].status;
            word = map[i].word;
        }
    if (status >= 500 && *err->text)
        docfs_service_error(q->server->service, err->text);
    if (status == 503)
        response_header(a, "Retry-After", "1");
    fail(q, a, status, word, "%s", *err->text ? err->text : status_text(status));
}
