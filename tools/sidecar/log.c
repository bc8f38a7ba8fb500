/* SPDX-License-Identifier: MIT
 * JSON log lines on standard error, one write each. */
#include <stdio.h>
#include <string.h>

#include "core/util/utf8.h"
#include "tools/sidecar/internal.h"

#define SLOW_US 1000000

static void emit(struct server *s, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
    json_decref(line);
    if (!text)
        return;
    size_t len = strlen(text);
    text[len] = '\n'; /* in the place of the NUL: one write, so that lines never mix */
    pthread_mutex_lock(&s->log_lock);
    for (size_t at = 0; at < len + 1;) {
        ssize_t n = write(STDERR_FILENO, text + at, len + 1 - at);
        if (n <= 0)
            break;
        at += (size_t)n;
    }
    pthread_mutex_unlock(&s->log_lock);
    free(text);
}

static json_t *line_new(const char *level, const char *trace, const char *message)
{
    char when[40];
    int64_t ns = clock_wall_ns();
    time_t t = (time_t)(ns / SECOND_NS);
    struct tm tm;
    gmtime_r(&t, &tm);
    size_t n = strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(when + n, sizeof(when) - n, ".%03dZ", (int)(ns % SECOND_NS / 1000000));
    json_t *o = json_pack("{s:s, s:s}", "time", when, "level", level);
    json_t *text = json_string(message);
    if (o)
        json_object_set_new(o, "message", text ? text : json_string("(not UTF-8)"));
    else
        json_decref(text);
    if (o && trace && *trace)
        json_object_set_new(o, "trace_id", json_string(trace));
    return o;
}

static bool wanted(const struct server *s, const char *level)
{
    if (strcmp(level, "error") == 0)
        return true;
    if (strcmp(level, "debug") == 0)
        return s->opt.log >= SERVE_LOG_DEBUG;
    return s->opt.log >= SERVE_LOG_INFO;
}

void server_log(struct server *s, const char *level, const char *trace, const char *fmt, ...)
{
    if (!wanted(s, level))
        return;
    char text[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    text[utf8_cut(text, strlen(text), sizeof(text) - 2)] = '\0';
    emit(s, line_new(level, trace, text));
}

/* Every write, failure and slow answer; all requests when asked for. */
void log_request(struct server *s, const struct exchange *x, int status, int64_t us)
{
    bool write = x->route && x->route->route->scope > SCOPE_READ;
    if (s->opt.log < SERVE_LOG_REQUESTS &&
        !(s->opt.log >= SERVE_LOG_INFO && (write || status >= 400 || us >= SLOW_US)) &&
        status < 500)
        return;
    json_t *o = line_new(status >= 500   ? "error"
                         : status >= 400 ? "warning"
                                         : "info",
                         x->q.trace, "request");
    if (!o)
        return;
    /* The target may hold anything the client sent; a secret in a query is the client's choice. */
    json_t *target = json_string(x->q.target);
    json_object_set_new(o, "method", json_string(x->q.method ? x->q.method : "?"));
    json_object_set_new(o, "target", target ? target : json_null());
    json_object_set_new(o, "route", x->route ? json_string(x->route->route->pattern) : json_null());
    json_object_set_new(o, "status", json_integer(status));
    json_object_set_new(o, "ms", json_real((double)us / 1000));
    json_object_set_new(o, "bytes", json_integer((json_int_t)x->bytes));
    json_object_set_new(o, "client", json_string(x->client));
    json_object_set_new(o, "kept", json_boolean(x->kept != NULL));
    emit(s, o);
}
