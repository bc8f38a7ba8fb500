/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/any_chat.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "tools/wire/ask.h"

#define HISTORY 20

void turn_free(struct turn *t)
{
    free(t->slug);
    free(t->collection);
    free(t->place);
    free(t->message);
    free(t->session);
    free(t->prompt);
    free(t->refusal);
    json_decref(t->before);
    json_decref(t->sources);
    docfs_answer_free(t->answer);
    free(t);
}

json_t *any_source(struct docfs *d, const struct docfs_hit *h)
{
    _cleanup_lines_ struct wire_lines lines = {0};
    if (wire_read_lines(d, h->content, h->size, h->line, (int64_t)h->line + h->lines - 1, 0, &lines,
                        NULL) < 0)
        return NULL;
    const char *text = lines.text.data ? lines.text.data : "";
    size_t words = 0;
    for (const char *p = text; *p; p++)
        words += *p > ' ' && (p[1] <= ' ');
    json_t *o = json_pack(
        "{s:s, s:o, s:o, s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:f, s:f, s:o, s:I, s:I}", "id",
        h->public_id, "url",
        h->url && *h->url ? wire_text(h->url)
                          : json_sprintf("file://%s/%s", h->collection, h->path),
        "title", wire_text(h->title), "docAuthor", "", "description", "", "docSource", "docfs",
        "chunkSource", json_sprintf("%s/%s:%u", h->collection, h->path, h->line), "published",
        any_iso(h->mtime_ns / 1000000000), "wordCount", (json_int_t)words, "token_count_estimate",
        (json_int_t)wire_token_count(lines.text.len), "text", wire_textn(text, lines.text.len),
        "score", h->score, "_distance", 1 - h->score, "collection", wire_text(h->collection),
        "line", (json_int_t)h->line, "lines", (json_int_t)h->lines);
    if (o && wire_set_path(o, "path", h->path) < 0) {
        json_decref(o);
        return NULL;
    }
    return o;
}

/* ---- history ---- */

static bool of_session(const json_t *v, const char *session)
{
    return !session || strcmp(json_text(v, "sessionId", ""), session) == 0;
}

/* The last turns since the last reset, as messages. */
static json_t *remembered(struct docfs *d, const char *place, const char *session, size_t most)
{
    _cleanup_(docfs_records_freep) struct docfs_records *r = NULL;
    struct docfs_record_filter f = {.kind = "chat", .parent = place, .newest = true, .max = 200};
    json_t *list = json_array();
    if (docfs_records(d, &f, &r, NULL) < 0)
        return list;
    for (size_t i = 0; i < r->n && json_array_size(list) < most; i++) {
        json_t *v = json_loads(r->item[i].value, 0, NULL);
        bool mine = of_session(v, session ? session : ""),
             stop = mine && json_flag(v, "reset", false);
        if (mine && !stop) {
            json_array_insert_new(
                list, 0,
                json_pack("{s:s, s:s}", "role", "assistant", "content", json_text(v, "text", "")));
            json_array_insert_new(
                list, 0,
                json_pack("{s:s, s:s}", "role", "user", "content", json_text(v, "prompt", "")));
        }
        json_decref(v);
        if (stop)
            break;
    }
    return list;
}

static json_t *both_sides(const struct docfs_record *r, const json_t *v, json_t **ret_answer)
{
    json_int_t at = r->created_at;
    *ret_answer = json_pack("{s:s, s:s, s:s, s:O?, s:I, s:I, s:n, s:{}}", "type",
                            json_text(v, "type", "query"), "role", "assistant", "content",
                            json_text(v, "text", ""), "sources", json_object_get(v, "sources"),
                            "chatId", (json_int_t)r->id, "sentAt", at, "feedbackScore", "metrics");
    return json_pack("{s:s, s:s, s:I, s:[], s:I}", "role", "user", "content",
                     json_text(v, "prompt", ""), "sentAt", at, "attachments", "chatId",
                     (json_int_t)r->id);
}

json_t *turn_history(struct docfs *d, const char *place, const char *session, size_t limit,
                     bool descending, struct docfs_err *err)
{
    _cleanup_(docfs_records_freep) struct docfs_records *r = NULL;
    struct docfs_record_filter f = {.kind = "chat", .parent = place, .newest = descending};
    if (docfs_records(d, &f, &r, err) < 0)
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0, n = 0; i < r->n && n < limit; i++) {
        json_t *v = json_loads(r->item[i].value, 0, NULL), *answer = NULL;
        if (v && of_session(v, session) && !json_flag(v, "reset", false)) {
            json_array_append_new(list, both_sides(&r->item[i], v, &answer));
            json_array_append_new(list, answer);
            n++;
        }
        json_decref(v);
    }
    return list;
}

static int put(struct docfs *d, const char *place, json_t *value, int64_t *ret_id,
               struct docfs_err *err)
{
    _cleanup_free_ char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (!text)
        return err_oom(err);
    struct docfs_record r = {.kind = "chat", .parent = place, .key = "", .value = text};
    return docfs_record_put(d, &r, ret_id, err);
}

int turn_reset(struct docfs *d, const char *place, const char *session, struct docfs_err *err)
{
    return put(d, place, json_pack("{s:b, s:s}", "reset", 1, "sessionId", session ? session : ""),
               NULL, err);
}

/* ---- a turn ---- */

struct turn *turn_new(struct request *q, const struct workspace *w, const char *thread,
                      const char *session, const char *message, json_t *before)
{
    struct turn *t = calloc(1, sizeof(*t));
    _cleanup_buf_ struct buf place = {0};
    any_place(&place, w->slug, thread);
    if (!t) {
        json_decref(before);
        return NULL;
    }
    double top = json_number(w->settings, "topN", ANY_TOP);
    double history = json_number(w->settings, "openAiHistory", HISTORY);
    t->d = q->d;
    t->server = q->server;
    t->slug = strdup(w->slug);
    t->collection = strdup(w->collection);
    t->place = buf_steal(&place, NULL);
    t->message = strdup(message);
    t->session = strdup(session ? session : "");
    t->prompt = strdup(json_text(w->settings, "openAiPrompt", ""));
    t->refusal = strdup(json_text(w->settings, "queryRefusalResponse", ""));
    t->k = top >= 1 && top <= 50 ? (unsigned)top : ANY_TOP;
    t->threshold = json_number(w->settings, "similarityThreshold", ANY_THRESHOLD);
    t->keep = request_may(q, SCOPE_WRITE) && !server_read_only(q->server);
    any_uuid(t->uuid);
    if (!t->slug || !t->collection || !t->place || !t->message || !t->session || !t->prompt ||
        !t->refusal) {
        json_decref(before);
        turn_free(t);
        return NULL;
    }
    t->before = before ? before
                       : remembered(q->d, t->place, session,
                                    history >= 0 && history <= 100 ? (size_t)history : HISTORY);
    return t;
}

static json_t *sources_of(struct docfs *d, const struct docfs_answer *a)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->n; i++) {
        json_t *o =
            a->evidence[i].fits ? any_source(d, &a->results->hit[a->evidence[i].hit]) : NULL;
        if (!o)
            continue;
        json_object_set_new(o, "number", json_integer((json_int_t)i + 1));
        json_object_set_new(o, "cited", json_boolean(a->evidence[i].cited));
        json_array_append_new(list, o);
    }
    return list;
}

int turn_run(struct turn *t, int (*delta)(void *arg, const char *text, size_t len),
             int (*cancelled)(void *arg), void *arg, struct docfs_err *err)
{
    const char *in[] = {t->collection, NULL};
    struct docfs_said said[2 * HISTORY];
    size_t n = 0, i;
    json_t *one;
    json_array_foreach(t->before, i, one) if (n < sizeof(said) / sizeof(*said)) said[n++] =
        (struct docfs_said){json_text(one, "role", "user"), json_text(one, "content", "")};
    struct docfs_question question = {.text = t->message,
                                      .in = in,
                                      .k = t->k,
                                      .threshold = t->threshold,
                                      .prompt = t->prompt,
                                      .refusal = t->refusal,
                                      .before = said,
                                      .n_before = n,
                                      .door = "anythingllm",
                                      .delta = delta,
                                      .cancelled = cancelled,
                                      .arg = arg};
    int r = docfs_answer(t->d, &question, &t->answer, err);
    if (r < 0)
        return r;
    t->sources = sources_of(t->d, t->answer);
    if (t->keep) /* a chat that cannot be kept is an answer all the same */
        put(t->d, t->place,
            json_pack("{s:o, s:o, s:O, s:s, s:s}", "prompt", wire_text(t->message), "text",
                      wire_text(t->answer->text), "sources", t->sources, "sessionId", t->session,
                      "type", t->answer->generated ? "chat" : "query"),
            &t->chat_id, NULL);
    return 0;
}
