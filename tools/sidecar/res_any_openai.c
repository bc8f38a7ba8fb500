/* SPDX-License-Identifier: MIT
 * AnythingLLM: workspaces as models of OpenAI. */
#include <string.h>
#include <time.h>

#include "tools/sidecar/any_chat.h"
#include "tools/sidecar/resources.h"
#include "tools/sidecar/vectors.h"
#include "tools/wire/ask.h"

static void models(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    if (workspaces_load(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    json_t *list = json_array();
    for (size_t i = 0; i < all.n; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:I, s:s}", "id", all.item[i].slug, "object", "model",
                            "created", (json_int_t)all.item[i].created_at, "owned_by", "docfs"));
    response_json(a, 200, json_pack("{s:s, s:o}", "object", "list", "data", list));
}

static void vector_stores(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    if (workspaces_load(q->d, &all, &err) < 0)
        return fail_err(q, a, &err);
    json_t *list = json_array();
    for (size_t i = 0; i < all.n && !strchr(q->target, '?'); i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s, s:o, s:{s:I}, s:s}", "id", all.item[i].slug, "object",
                            "vector_store", "name", wire_text(all.item[i].name), "file_counts",
                            "total", (json_int_t)all.item[i].documents, "provider", "docfs"));
    json_t *o = json_pack("{s:o, s:b}", "data", list, "has_more", 0);
    if (o && json_array_size(list)) {
        json_object_set_new(o, "first_id", json_string(all.item[0].slug));
        json_object_set_new(o, "last_id", json_string(all.item[all.n - 1].slug));
    }
    response_json(a, 200, o);
}

/* As AnythingLLM: base64 only when it is asked for, and any name of a model. */
static void embeddings(struct request *q, struct response *a)
{
    openai_embed(q, a, "", strcmp(json_text(q->json, "encoding_format", "float"), "base64") == 0);
}

/* ---- chat completions ---- */

/* Text of a message, whose content is a string or parts; NULL for anything else. */
static char *content_of(const json_t *message)
{
    json_t *c = json_object_get(message, "content"), *part;
    _cleanup_buf_ struct buf b = {0};
    size_t i;
    if (json_is_string(c))
        return strdup(json_string_value(c));
    json_array_foreach(c, i, part) if (strcmp(json_text(part, "type", ""), "text") == 0)
        buf_adds(&b, json_text(part, "text", ""));
    return json_is_array(c) ? buf_steal(&b, NULL) : NULL;
}

static struct turn *begin(struct request *q, struct response *a)
{
    _cleanup_workspaces_ struct workspaces all = {0};
    struct docfs_err err = {0};
    const json_t *messages = json_object_get(q->json, "messages");
    size_t n = json_array_size(messages);
    const json_t *last = json_array_get(messages, n ? n - 1 : 0);
    _cleanup_free_ char *text = last ? content_of(last) : NULL;
    if (workspaces_load(q->d, &all, &err) < 0) {
        fail_err(q, a, &err);
        return NULL;
    }
    const struct workspace *w = workspaces_find(&all, json_text(q->json, "model", ""));
    if (!w) {
        openai_error(q, a, 401, "model_not_found", "model must be the slug of a workspace");
        return NULL;
    }
    if (!text || strcmp(json_text(last, "role", ""), "user") != 0 || !text[strspn(text, " \t\n")]) {
        openai_error(q, a, 400, "invalid_request_error",
                     "the last of messages must be one of the role user, with a text");
        return NULL;
    }
    json_t *before = json_array();
    for (size_t i = 0; i + 1 < n; i++) {
        const json_t *m = json_array_get(messages, i);
        const char *role = json_text(m, "role", "");
        _cleanup_free_ char *said = content_of(m);
        if (said && (strcmp(role, "user") == 0 || strcmp(role, "assistant") == 0))
            json_array_append_new(before, json_pack("{s:s, s:s}", "role", role, "content", said));
    }
    struct turn *t = turn_new(q, w, NULL, "openai", text, before);
    if (!t)
        fail(q, a, 500, "NO_MEMORY", "out of memory");
    return t;
}

/* key: "message" or "delta"; content NULL = an empty delta. */
static json_t *completion(const struct turn *t, const char *key, json_t *content, bool end)
{
    json_t *part = json_pack("{s:s}", "role", "assistant");
    if (content)
        json_object_set_new(part, "content", content);
    return json_pack("{s:s, s:s, s:I, s:s, s:[{s:i, s:o, s:n, s:o}]}", "id", t->uuid, "object",
                     *key == 'm' ? "chat.completion" : "chat.completion.chunk", "created",
                     (json_int_t)time(NULL), "model", t->slug, "choices", "index", 0, key, part,
                     "logprobs", "finish_reason", end ? json_string("stop") : json_null());
}

static int say(struct stream *s, json_t *o)
{
    _cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    return text ? stream_event(s, NULL, NULL, text) : -ENOMEM;
}

struct flow {
    struct turn *t;
    struct stream *s;
};

static int on_delta(void *arg, const char *text, size_t len)
{
    struct flow *f = arg;
    return say(f->s, completion(f->t, "delta", wire_textn(text, len), false));
}

static int on_poll(void *arg)
{
    return stream_closed(((struct flow *)arg)->s);
}

static void produce(void *arg, struct stream *s)
{
    struct flow f = {arg, s};
    struct docfs_err err = {0};
    if (turn_run(f.t, on_delta, on_poll, &f, &err) < 0) {
        say(s, json_pack("{s:{s:o, s:s, s:n, s:n}}", "error", "message", wire_text(err.text),
                         "type", "server_error", "param", "code"));
        return;
    }
    say(s, completion(f.t, "delta", NULL, true));
    stream_event(s, NULL, NULL, "[DONE]");
}

static void done(void *arg)
{
    turn_free(arg);
}

static void chat(struct request *q, struct response *a)
{
    struct turn *t = begin(q, a);
    struct docfs_err err = {0};
    if (!t)
        return;
    if (json_flag(q->json, "stream", false))
        return response_produce(a, TYPE_SSE, produce, t, done);
    if (turn_run(t, NULL, NULL, NULL, &err) < 0) {
        turn_free(t);
        return fail_err(q, a, &err);
    }
    json_t *o = completion(t, "message", wire_text(t->answer->text), true);
    json_int_t in = (json_int_t)wire_token_count(strlen(t->message)),
               out = (json_int_t)wire_token_count(strlen(t->answer->text));
    if (o) {
        json_object_set_new(o, "usage",
                            json_pack("{s:I, s:I, s:I}", "prompt_tokens", in, "completion_tokens",
                                      out, "total_tokens", in + out));
        json_object_set(o, "sources", t->sources);
    }
    turn_free(t);
    response_json(a, 200, o);
}

#define O "/api/v1/openai"
static const struct route routes[] = {
    {"GET", O "/models", SCOPE_READ, models, .id = "anyModels", .summary = "Workspaces as models",
     .response = "OpenaiModels"},
    {"POST", O "/chat/completions", SCOPE_READ, chat, ROUTE_SLOW, .id = "anyCompletions",
     .summary = "Ask a workspace", .body = "AnyObject", .response = "AnyObject"},
    {"POST", O "/embeddings", SCOPE_READ, embeddings, .id = "anyEmbeddings",
     .summary = "Vectors of texts", .body = "AnyObject", .response = "OpenaiVectors"},
    {"GET", O "/vector_stores", SCOPE_READ, vector_stores, .id = "anyVectorStores",
     .summary = "Workspaces as vector stores", .response = "AnyObject"},
    {0},
};

const struct resource resource_any_openai = {.name = "workspace models",
                                             .text = "Workspaces in the form of OpenAI.",
                                             .route = routes,
                                             .error = openai_error};
