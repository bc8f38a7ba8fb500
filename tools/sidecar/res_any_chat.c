/* SPDX-License-Identifier: MIT
 * AnythingLLM: chats with a workspace, and threads. */
#include <errno.h>
#include <string.h>

#include "tools/sidecar/any_chat.h"
#include "tools/sidecar/resources.h"

/* ---- asking ---- */

static void abort_with(struct request *q, struct response *a, int status, const char *text)
{
    char id[37];
    any_uuid(id);
    response_json(a, status,
                  json_pack("{s:s, s:s, s:n, s:[], s:b, s:s}", "id", id, "type", "abort",
                            "textResponse", "sources", "close", 1, "error", text));
}

/* NULL: refused, and answered. */
static struct turn *begin(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    const char *message = json_text(q->json, "message", ""), *thread = request_param(q, "thread");
    const char *mode = json_text(q->json, "mode", "query");
    const char *session = json_text(q->json, "sessionId", NULL);
    if (workspaces_load(q->d, &all, &err) < 0) {
        fail_err(q, a, &err);
        return NULL;
    }
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    if (!w) {
        abort_with(q, a, 400, "there is no workspace of that name");
        return NULL;
    }
    if (strcmp(mode, "query") != 0 && strcmp(mode, "chat") != 0 && strcmp(mode, "automatic") != 0) {
        abort_with(q, a, 400, "mode must be automatic, query or chat");
        return NULL;
    }
    if (*thread && !any_thread_exists(q->d, w->slug, thread)) {
        abort_with(q, a, 400, "there is no thread of that name");
        return NULL;
    }
    if (json_flag(q->json, "reset", false)) {
        _cleanup_buf_ struct buf place = {0};
        any_place(&place, w->slug, thread);
        if (turn_reset(q->d, place.data, session, &err) < 0) {
            fail_err(q, a, &err);
            return NULL;
        }
    }
    if (!message[strspn(message, " \t\n")]) {
        abort_with(q, a, 400, "message must not be empty");
        return NULL;
    }
    struct turn *t = turn_new(q, w, thread, session, message, NULL);
    if (!t)
        fail(q, a, 500, "NO_MEMORY", "out of memory");
    return t;
}

static json_t *metrics_of(const struct turn *t)
{
    return json_pack("{s:b, s:s, s:s}", "generated", (int)t->answer->generated, "model",
                     t->answer->model, "note", t->answer->note);
}

static void chat(struct request *q, struct response *a)
{
    _cleanup_(turn_freep) struct turn *t = begin(q, a);
    struct docfs_err err = {0};
    if (!t)
        return;
    if (turn_run(t, NULL, NULL, NULL, &err) < 0)
        return fail_err(q, a, &err);
    response_json(a, 200,
                  json_pack("{s:s, s:s, s:o, s:O, s:b, s:n, s:I, s:o}", "id", t->uuid, "type",
                            "textResponse", "textResponse", wire_text(t->answer->text), "sources",
                            t->sources, "close", 1, "error", "chatId", (json_int_t)t->chat_id,
                            "metrics", metrics_of(t)));
}

/* ---- streams ---- */

struct flow {
    struct turn *t;
    struct stream *s;
};

static int say(struct stream *s, json_t *o)
{
    _cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text ? stream_event(s, NULL, NULL, text) : -ENOMEM;
}

static int on_delta(void *arg, const char *text, size_t len)
{
    struct flow *f = arg;
    return say(f->s, json_pack("{s:s, s:[], s:s, s:o, s:b, s:b}", "uuid", f->t->uuid, "sources",
                               "type", "textResponseChunk", "textResponse", wire_textn(text, len),
                               "close", 0, "error", 0));
}

static int on_poll(void *arg)
{
    return stream_closed(((struct flow *)arg)->s);
}

static void produce(void *arg, struct stream *s)
{
    struct flow f = {arg, s};
    struct docfs_err err = {0};
    struct turn *t = arg;
    if (turn_run(t, on_delta, on_poll, &f, &err) < 0) {
        say(s, json_pack("{s:s, s:s, s:n, s:[], s:b, s:o}", "uuid", t->uuid, "type", "abort",
                         "textResponse", "sources", "close", 1, "error", wire_text(err.text)));
        return;
    }
    say(s, json_pack("{s:s, s:O, s:s, s:s, s:b, s:b}", "uuid", t->uuid, "sources", t->sources,
                     "type", "textResponseChunk", "textResponse", "", "close", 1, "error", 0));
    say(s, json_pack("{s:s, s:s, s:b, s:b, s:I, s:O, s:o}", "uuid", t->uuid, "type",
                     "finalizeResponseStream", "close", 1, "error", 0, "chatId",
                     (json_int_t)t->chat_id, "sources", t->sources, "metrics", metrics_of(t)));
}

static void done(void *arg)
{
    turn_free(arg);
}

static void stream_chat(struct request *q, struct response *a)
{
    struct turn *t = begin(q, a);
    if (t)
        response_produce(a, TYPE_SSE, produce, t, done);
}

/* ---- history ---- */

static void chats(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    _cleanup_buf_ struct buf place = {0};
    struct docfs_err err = {0};
    const char *thread = request_param(q, "thread");
    unsigned long limit = strtoul(json_text(q->query, "limit", "100"), NULL, 10);
    if (workspaces_load(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    if (!w || (*thread && !any_thread_exists(q->d, w->slug, thread)))
        return fail(q, a, 400, "NOT_FOUND", "there is no such workspace or thread");
    any_place(&place, w->slug, thread);
    json_t *list = turn_history(q->d, place.data, json_text(q->query, "apiSessionId", NULL),
                                limit ? limit : 100,
                                strcmp(json_text(q->query, "orderBy", "asc"), "desc") == 0, &err);
    if (!list)
        return fail_err(q, a, &err);
    response_json(a, 200, json_pack("{s:o}", "history", list));
}

/* ---- threads ---- */

static json_t *thread_json(const struct docfs_record *r, const struct workspace *w)
{
    json_t *v = json_loads(r->value, 0, NULL);
    json_t *o =
        json_pack("{s:I, s:s, s:s, s:O?, s:I, s:o, s:o}", "id", (json_int_t)r->id, "name",
                  json_text(v, "name", "Thread"), "slug", r->key, "user_id",
                  json_object_get(v, "user_id"), "workspace_id", (json_int_t)w->id, "createdAt",
                  any_iso(r->created_at), "lastUpdatedAt", any_iso(r->updated_at));
    json_decref(v);
    return o;
}

static struct docfs_records *thread_find(struct docfs *d, const char *slug, const char *thread)
{
    struct docfs_records *r = NULL;
    struct docfs_record_filter f = {.kind = "thread", .parent = slug, .key = thread};
    if (!*thread || docfs_records(d, &f, &r, NULL) < 0)
        return NULL;
    if (r->n)
        return r;
    docfs_records_free(r);
    return NULL;
}

bool any_thread_exists(struct docfs *d, const char *slug, const char *thread)
{
    _cleanup_(docfs_records_freep) struct docfs_records *r = thread_find(d, slug, thread);
    return r;
}

static void put_thread(struct request *q, struct response *a, const struct workspace *w,
                       const char *slug, const char *name, const json_t *user)
{
    struct docfs_err err = {0};
    json_t *v = json_pack("{s:s, s:O?}", "name", name, "user_id", user);
    _cleanup_free_ char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;
    json_decref(v);
    struct docfs_record r = {.kind = "thread", .parent = w->slug, .key = slug, .value = text};
    if (!text)
        return fail(q, a, 500, "NO_MEMORY", "out of memory");
    if (docfs_record_put(q->d, &r, NULL, &err) < 0)
        return fail_err(q, a, &err);
    _cleanup_(docfs_records_freep) struct docfs_records *kept = thread_find(q->d, w->slug, slug);
    response_json(a, 200,
                  json_pack("{s:o?, s:n}", "thread", kept ? thread_json(&kept->item[0], w) : NULL,
                            "message"));
}

static void new_thread(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    char slug[ANY_SLUG_MAX], id[37];
    if (workspaces_load(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    if (!w)
        return fail(q, a, 400, "NOT_FOUND", "there is no workspace %s", request_param(q, "slug"));
    any_slug(json_text(q->json, "slug", ""), slug);
    any_uuid(id);
    if (!*slug || any_thread_exists(q->d, w->slug, slug))
        snprintf(slug, sizeof(slug), "%s", id);
    put_thread(q, a, w, slug, json_text(q->json, "name", "Thread"),
               json_object_get(q->json, "userId"));
}

static void change_thread(struct request *q, struct response *a, bool drop)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    const char *thread = request_param(q, "thread");
    if (workspaces_load(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    const struct workspace *w = workspaces_find(&all, request_param(q, "slug"));
    _cleanup_(docfs_records_freep) struct docfs_records *r =
        w ? thread_find(q->d, w->slug, thread) : NULL;
    if (!r)
        return fail(q, a, 400, "NOT_FOUND", "there is no such workspace or thread");
    json_t *v = json_loads(r->item[0].value, 0, NULL);
    if (!drop) {
        put_thread(q, a, w, thread, json_text(q->json, "name", json_text(v, "name", "Thread")),
                   json_object_get(v, "user_id"));
        json_decref(v);
        return;
    }
    json_decref(v);
    _cleanup_buf_ struct buf place = {0};
    any_place(&place, w->slug, thread);
    if (docfs_record_drop(q->d, "chat", place.data, NULL, &err) < 0 ||
        docfs_record_drop(q->d, "thread", w->slug, thread, &err) < 0)
        return fail_err(q, a, &err);
    response_bytes(a, 200, "text/plain; charset=utf-8", "OK", 2);
}

static void update_thread(struct request *q, struct response *a)
{
    change_thread(q, a, false);
}

static void drop_thread(struct request *q, struct response *a)
{
    change_thread(q, a, true);
}

#define W "/api/v1/workspace/{slug}"
#define T W "/thread/{thread}"
#define ANY .body = "AnyObject", .response = "AnyObject"
static const struct route routes[] = {
    {"POST", W "/chat", SCOPE_READ, chat, ROUTE_SLOW, .id = "anyChat", .summary = "Ask a workspace",
     ANY},
    {"POST", W "/stream-chat", SCOPE_READ, stream_chat, .id = "anyStreamChat",
     .summary = "Ask a workspace, answer as a stream", .body = "AnyObject",
     .type = "text/event-stream"},
    {"GET", W "/chats", SCOPE_READ, chats, .id = "anyChats", .summary = "What was asked",
     .response = "AnyObject"},
    {"POST", W "/thread/new", SCOPE_WRITE, new_thread, .id = "anyNewThread",
     .summary = "A new thread", ANY},
    {"POST", T "/update", SCOPE_WRITE, update_thread, .id = "anyUpdateThread",
     .summary = "Rename a thread", ANY},
    {"DELETE", T, SCOPE_WRITE, drop_thread, .id = "anyDeleteThread", .summary = "Delete a thread",
     .type = "text/plain"},
    {"GET", T "/chats", SCOPE_READ, chats, .id = "anyThreadChats", .summary = "What was asked",
     .response = "AnyObject"},
    {"POST", T "/chat", SCOPE_READ, chat, ROUTE_SLOW, .id = "anyThreadChat",
     .summary = "Ask in a thread", ANY},
    {"POST", T "/stream-chat", SCOPE_READ, stream_chat, .id = "anyThreadStreamChat",
     .summary = "Ask in a thread, answer as a stream", .body = "AnyObject",
     .type = "text/event-stream"},
    {0},
};

const struct resource resource_any_chat = {
    .name = "chats", .text = "Chats as AnythingLLM has them.", .route = routes, .error = any_error};
