/* SPDX-License-Identifier: MIT
 * What people say about answers and what they do with them. Both change later answers. */
#include <errno.h>
#include <string.h>

#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"

/* The row of a content_id; false with the response filled. */
static bool resolve(struct request *q, struct response *a, const char *what, int64_t *ret)
{
    struct docfs_err err = {0};
    if (docfs_resolve(q->d, what, ret, &err) == 0)
        return true;
    fail_err(q, a, &err);
    return false;
}

static bool give(struct request *q, struct response *a, const struct docfs_feedback *f)
{
    struct docfs_err err = {0};
    if (docfs_feedback_add(q->d, f, &err) < 0) {
        fail_err(q, a, &err);
        return false;
    }
    server_changed(q->server);
    return true;
}

static void accepted(struct response *a, const char *text)
{
    response_json(a, 202, json_pack("{s:s}", "message", text));
}

static void feedback(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    const char *type = json_text(q->json, "feedback_type", NULL);
    double rating = json_number(q->json, "rating", -1);
    struct docfs_feedback f = {
        .query = json_text(q->json, "query_context", json_text(q->json, "search_query", NULL)),
        .door = "api",
        .comment = json_text(q->json, "comment", NULL),
        .rank = (unsigned)json_int(q->json, "result_position", 0)};
    if (!resolve(q, a, json_text(q->json, "content_id", ""), &f.document))
        return;
    if (type) {
        if (docfs_signal_parse(type, &f.signal, &err) < 0)
            return fail_err(q, a, &err);
    } else if (rating == 3) {
        return accepted(a, "a rating in the middle says nothing either way");
    } else {
        f.signal = rating > 3 ? SIGNAL_HELPFUL : SIGNAL_NOT_HELPFUL;
    }
    if (!give(q, a, &f))
        return;
    server_audit(q, "feedback", json_text(q->json, "content_id", ""), docfs_signal_name(f.signal));
    accepted(a, "thank you: later answers take it into account");
}

/* What a program saw -> what core knows; false: nothing to learn from. */
static bool signal_of(const json_t *in, enum docfs_signal *ret)
{
    const char *type = json_text(in, "signal_type", "");
    if (strcmp(type, "click") == 0)
        *ret = SIGNAL_OPENED;
    else if (strcmp(type, "refine") == 0)
        *ret = SIGNAL_REFINED;
    else if (strcmp(type, "abandon") == 0)
        return false;
    else if (strcmp(type, "scroll_depth") == 0 && json_number(in, "signal_value", 0) < 0.5)
        return false;
    else if (strncmp(type, "dwell", 5) == 0 &&
             json_number(in, "dwell_time_ms", json_number(in, "signal_value", 1e9)) < 10000)
        *ret = SIGNAL_OPENED; /* looked and went on */
    else
        *ret = SIGNAL_DWELL;
    return true;
}

static void signals(struct request *q, struct response *a)
{
    _cleanup_free_ char *query = asked_query(q->server->asked, json_text(q->json, "query_id", ""));
    const char *content = json_text(q->json, "content_id", NULL);
    struct docfs_feedback f = {.query = query ? query : json_text(q->json, "query", NULL),
                               .door =
                                   strcmp(json_text(q->json, "door", ""), "ui") == 0 ? "ui" : "api",
                               .rank = (unsigned)json_int(q->json, "result_position", 0)};
    if (!signal_of(q->json, &f.signal) || !content)
        return accepted(a, "noted; there is nothing to learn from it");
    if (resolve(q, a, content, &f.document) && give(q, a, &f))
        accepted(a, "noted");
}

static void flag(struct request *q, struct response *a)
{
    struct docfs_feedback f = {.signal = SIGNAL_FLAG, .door = "api"};
    if (!resolve(q, a, request_param(q, "id"), &f.document) || !give(q, a, &f))
        return;
    server_audit(q, "content.flag", request_param(q, "id"), NULL);
    accepted(a, "the document is flagged and stands further back in answers; its file stays");
}

static const struct route routes[] = {
    {"POST", "/api/v1/feedback", SCOPE_WRITE, feedback, .id = "feedback",
     .summary = "Say whether a document helped", .body = "Feedback", .response = "Message",
     .status = 202},
    {"POST", "/api/v1/signals", SCOPE_WRITE, signals, .id = "signals",
     .summary = "Tell what was done with an answer", .body = "Signal", .response = "Message",
     .status = 202},
    {"DELETE", "/api/v1/content/{id...}", SCOPE_WRITE, flag, .id = "flagContent",
     .summary = "Flag a document for a person to look at", .response = "Message", .status = 202},
    {0},
};

const struct resource resource_feedback = {
    .name = "feedback", .text = "What people say about answers.", .route = routes};
