/* SPDX-License-Identifier: MIT
 * One question to one endpoint. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/remote/chat_internal.h"
#include "core/remote/http.h"
#include "core/util/cleanup.h"

#define PROBE_MS 3000

struct call {
    struct http *http;
    struct buf key; /* "Authorization: Bearer ..." */
    const char *headers[4];
    const char *host; /* for messages: the URL without what may be secret in it */
};

static void call_fini(struct call *c)
{
    http_free(c->http);
    buf_fini(&c->key);
}

/* The endpoint is named by whoever runs docfs, so it may be in a private network. */
static int call_init(struct call *c, const struct endpoint *e, long timeout_ms,
                     struct docfs_err *err)
{
    struct http_options opt = {.allow_private = true,
                               .limits = {.connect_ms = timeout_ms < 10000 ? timeout_ms : 10000,
                                          .total_ms = timeout_ms,
                                          .stall_ms = timeout_ms,
                                          .slow_ms = -1,
                                          .body = 4 * CHAT_REPLY_MAX,
                                          .redirects = -1}};
    size_t n = 0;
    c->headers[n++] = "Content-Type: application/json";
    c->headers[n++] = "Accept: application/json, text/event-stream";
    if (e->key) {
        buf_addf(&c->key, "Authorization: Bearer %s", e->key);
        if (buf_status(&c->key) < 0)
            return err_oom(err);
        c->headers[n++] = c->key.data;
    }
    return http_new(&opt, &c->http, err);
}

static json_t *get_json(struct call *c, const char *base, const char *path, struct docfs_err *err)
{
    _cleanup_response_ struct http_response resp = {0};
    _cleanup_buf_ struct buf url = {0};
    buf_addf(&url, "%s%s", base, path);
    struct http_request req = {.url = url.data, .headers = c->headers};
    if (buf_status(&url) < 0) {
        err_oom(err);
        return NULL;
    }
    if (http_do(c->http, &req, &resp, err) < 0 || http_status_err(&resp, err) < 0)
        return NULL;
    json_t *v = json_loadb(buf_text(&resp.body), resp.body.len, 0, NULL);
    if (!v)
        err_set(err, -EPROTO, "%s answered with something else than JSON", url.data);
    return v;
}

/* Ollama tells its version; everything else is taken for OpenAI-compatible. */
static enum chat_kind probe(const struct endpoint *e)
{
    size_t len = strlen(e->url);
    _cleanup_(call_fini) struct call c = {0};
    if (len > 3 && strcmp(e->url + len - 3, "/v1") == 0)
        return CHAT_OPENAI;
    if (call_init(&c, e, PROBE_MS, NULL) < 0)
        return CHAT_OPENAI;
    json_t *v = get_json(&c, e->url, "/api/version", NULL);
    bool ollama = json_is_string(json_object_get(v, "version"));
    json_decref(v);
    return ollama ? CHAT_OLLAMA : CHAT_OPENAI;
}

static int list_models(struct call *c, const struct endpoint *e, enum chat_kind kind,
                       void (*fn)(void *arg, const char *name), void *arg, struct docfs_err *err)
{
    bool ollama = kind == CHAT_OLLAMA;
    json_t *o = get_json(c, e->url, ollama ? "/api/tags" : "/models", err), *one;
    if (!o)
        return err ? err->code : -EIO;
    json_t *list = json_object_get(o, ollama ? "models" : "data");
    size_t i;
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, ollama ? "name" : "id"));
        if (name)
            fn(arg, name);
    }
    int r = json_is_array(list)
                ? 0
                : err_set(err, -EPROTO, "%s did not answer with a list of models", e->url);
    json_decref(o);
    return r;
}

static void keep_first(void *arg, const char *name)
{
    char **first = arg;
    if (!*first)
        *first = strdup(name);
}

/* The first model that the endpoint has. */
static char *first_model(struct call *c, const struct endpoint *e, enum chat_kind kind)
{
    char *name = NULL;
    list_models(c, e, kind, keep_first, &name, NULL);
    return name;
}

int chat_models(const struct chat_endpoint *given, long timeout_ms, enum chat_kind *ret_kind,
                void (*fn)(void *arg, const char *name), void *arg, struct docfs_err *err)
{
    struct chat *c = NULL;
    int r = chat_new(given, 1, timeout_ms, &c, err);
    if (r < 0)
        return r;
    const struct endpoint *e = &c->item[0];
    _cleanup_(call_fini) struct call call = {0};
    *ret_kind = e->kind == CHAT_AUTO ? probe(e) : e->kind;
    r = call_init(&call, e, timeout_ms, err);
    if (r == 0)
        r = list_models(&call, e, *ret_kind, fn, arg, err);
    chat_free(c);
    return r;
}

static char *body_of(const struct chat_ask *ask, const char *model, enum chat_kind kind)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ask->n; i++)
        json_array_append_new(list, json_pack("{s:s, s:s}", "role", ask->message[i].role, "content",
                                              ask->message[i].content));
    json_t *o = json_pack("{s:s, s:o, s:b}", "model", model, "messages", list, "stream", 1);
    json_t *options = json_object();
    if (ask->temperature >= 0)
        json_object_set_new(kind == CHAT_OLLAMA ? options : o, "temperature",
                            json_real(ask->temperature));
    if (ask->max_tokens)
        json_object_set_new(kind == CHAT_OLLAMA ? options : o,
                            kind == CHAT_OLLAMA ? "num_predict" : "max_tokens",
                            json_integer(ask->max_tokens));
    if (ask->json && kind == CHAT_OLLAMA)
        json_object_set_new(o, "format", json_string("json"));
    else if (ask->json)
        json_object_set_new(o, "response_format", json_pack("{s:s}", "type", "json_object"));
    if (kind == CHAT_OLLAMA)
        json_object_set(o, "options", options);
    char *text = o && list ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(options);
    json_decref(o);
    return text;
}

static int on_data(void *arg, const char *data, size_t len)
{
    return chat_stream_data(arg, data, len);
}

static int on_poll(void *arg)
{
    const struct chat_stream *s = arg;
    return s->ask->cancelled && s->ask->cancelled(s->ask->arg) ? -ECANCELED : 0;
}

/* What an answer other than 200 means. */
static int refused(const struct http_response *resp, const char *url, struct docfs_err *err)
{
    json_t *o = resp->body.len ? json_loadb(resp->body.data, resp->body.len, 0, NULL) : NULL;
    json_t *e = json_object_get(o, "error");
    const char *text = json_string_value(json_is_object(e) ? json_object_get(e, "message") : e);
    int code = resp->status == 401 || resp->status == 403   ? -EACCES
               : resp->status == 404                        ? -ENOENT
               : resp->status == 429 || resp->status == 503 ? -EAGAIN
                                                            : -EIO;
    err_set(err, code, "%s answers %d%s%.200s%s", url, resp->status, text ? ": " : "",
            text ? text : "",
            code == -EACCES   ? " (chat.key_file)"
            : code == -ENOENT ? " (chat.url, chat.model)"
                              : "");
    json_decref(o);
    return code;
}

static int ask_it(struct call *c, const struct endpoint *e, enum chat_kind kind, const char *model,
                  const struct chat_ask *ask, struct chat_reply *ret, bool *given,
                  struct docfs_err *err)
{
    _cleanup_response_ struct http_response resp = {0};
    _cleanup_(chat_stream_fini) struct chat_stream s = {.ask = ask, .reply = ret};
    _cleanup_free_ char *body = body_of(ask, model, kind);
    _cleanup_buf_ struct buf url = {0};
    buf_addf(&url, "%s%s", e->url, kind == CHAT_OLLAMA ? "/api/chat" : "/chat/completions");
    if (!body || buf_status(&url) < 0)
        return err_oom(err);
    struct http_request req = {.url = url.data,
                               .headers = c->headers,
                               .body = body,
                               .body_len = strlen(body),
                               .data = on_data,
                               .poll = on_poll,
                               .arg = &s};
    int r = http_do(c->http, &req, &resp, err);
    *given = s.given;
    if (r < 0 && s.code == 0)
        return r;
    if (s.code == 0 && resp.status != 200)
        return refused(&resp, e->url, err);
    r = chat_stream_end(&s);
    *given = s.given;
    if (r == -ECANCELED)
        return err_set(err, r, "stopped");
    return r == -ENOMEM ? err_oom(err) : r < 0 ? err_set(err, r, "%s: %s", e->url, s.error) : 0;
}

int endpoint_ask(struct chat *c, struct endpoint *e, const struct chat_ask *ask,
                 struct chat_reply *ret, bool *given, struct docfs_err *err)
{
    _cleanup_(call_fini) struct call call = {0};
    pthread_mutex_lock(&c->lock);
    enum chat_kind kind = e->kind;
    pthread_mutex_unlock(&c->lock);
    if (kind == CHAT_AUTO)
        kind = probe(e);
    int r = call_init(&call, e, c->timeout_ms, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *model = *e->model ? strdup(e->model) : first_model(&call, e, kind);
    if (!model)
        return err_set(err, -ENOENT, "%s names no model; set chat.model", e->url);
    snprintf(ret->model, sizeof(ret->model), "%s", model);
    snprintf(ret->endpoint, sizeof(ret->endpoint), "%s", e->url);
    r = ask_it(&call, e, kind, model, ask, ret, given, err);
    if (r == 0) { /* what answered is what it was taken for */
        pthread_mutex_lock(&c->lock);
        e->kind = kind;
        pthread_mutex_unlock(&c->lock);
    }
    return r;
}
