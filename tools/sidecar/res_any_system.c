/* SPDX-License-Identifier: MIT
 * AnythingLLM: sign-in, system, export of chats. */
#include <string.h>

#include "tools/sidecar/anything.h"
#include "tools/sidecar/resources.h"

static void ping(struct request *q, struct response *a)
{
    response_json(a, 200, json_pack("{s:b}", "online", 1));
}

static void authenticated(struct request *q, struct response *a)
{
    response_json(a, 200, json_pack("{s:b}", "authenticated", 1));
}

static void system_settings(struct request *q, struct response *a)
{
    struct docfs_model m = {0};
    docfs_model(q->d, &m, NULL);
    _cleanup_free_ char *chat = docfs_setting_text(q->d, "chat.model");
    response_json(a, 200,
                  json_pack("{s:{s:s, s:s, s:s, s:o, s:o, s:s, s:b}}", "settings", "VectorDB",
                            "docfs", "EmbeddingEngine", "docfs", "EmbeddingModelPref", m.name,
                            "LLMProvider",
                            docfs_chat_is_set(q->d) ? json_string("docfs") : json_null(),
                            "LLMModel", chat && *chat ? wire_text(chat) : json_null(), "Version",
                            docfs_version(), "DisableTelemetry", 1));
}

static void vector_count(struct request *q, struct response *a)
{
    struct docfs_status s = {0};
    struct docfs_err err = {0};
    if (docfs_status(q->d, &s, &err) < 0)
        return fail_err(q, a, &err);
    response_json(a, 200, json_pack("{s:I}", "vectorCount", (json_int_t)s.vectors));
}

/* There are no variables to write here; saying so is what clients can show. */
static void update_env(struct request *q, struct response *a)
{
    response_json(a, 200,
                  json_pack("{s:{}, s:s}", "newValues", "error",
                            "docfs keeps its settings elsewhere: docfs config, or PUT "
                            "/api/v1/config"));
}

static void env_dump(struct request *q, struct response *a)
{
    response_bytes(a, 200, "text/plain; charset=utf-8", "OK", 2);
}

/* ---- export ---- */

static void csv_field(struct buf *b, const char *s)
{
    buf_addc(b, '"');
    /* What begins like a formula is one to spreadsheets. */
    if (*s && strchr("=+-@\t\r", *s))
        buf_addc(b, '\'');
    for (; *s; s++) {
        if (*s == '"')
            buf_addc(b, '"');
        buf_addc(b, *s);
    }
    buf_addc(b, '"');
}

static json_t *chat_json(const struct docfs_record *r, const json_t *v, bool alpaca)
{
    if (alpaca)
        return json_pack("{s:s, s:s, s:s}", "instruction", json_text(v, "prompt", ""), "input", "",
                         "output", json_text(v, "text", ""));
    return json_pack("{s:I, s:s, s:s, s:s, s:o}", "id", (json_int_t)r->id, "workspace", r->parent,
                     "prompt", json_text(v, "prompt", ""), "response", json_text(v, "text", ""),
                     "sent_at", any_iso(r->created_at));
}

static void add_chat(struct buf *b, const struct docfs_record *r, const char *type)
{
    json_t *v = json_loads(r->value, 0, NULL);
    if (!v || json_flag(v, "reset", false)) {
        json_decref(v);
        return;
    }
    if (strcmp(type, "csv") == 0) {
        buf_addf(b, "%lld,", (long long)r->id);
        csv_field(b, r->parent);
        buf_addc(b, ',');
        csv_field(b, json_text(v, "prompt", ""));
        buf_addc(b, ',');
        csv_field(b, json_text(v, "text", ""));
        buf_adds(b, "\r\n");
    } else {
        json_t *o = chat_json(r, v, strcmp(type, "jsonAlpaca") == 0);
        _cleanup_free_ char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
        bool lines = strcmp(type, "jsonl") == 0;
        buf_addf(b, "%s%s%s", lines || b->len < 2 ? "" : ",\n", text ? text : "{}",
                 lines ? "\n" : "");
        json_decref(o);
    }
    json_decref(v);
}

static void export_chats(struct request *q, struct response *a)
{
    _cleanup_(docfs_records_freep) struct docfs_records *all = NULL;
    struct docfs_record_filter f = {.kind = "chat"};
    struct docfs_err err = {0};
    _cleanup_buf_ struct buf b = {0};
    const char *type = json_text(q->query, "type", "jsonl");
    bool csv = strcmp(type, "csv") == 0, lines = strcmp(type, "jsonl") == 0;
    if (!csv && !lines && strcmp(type, "json") != 0 && strcmp(type, "jsonAlpaca") != 0)
        return response_json(
            a, 400, json_pack("{s:s}", "message", "type must be jsonl, json, csv or jsonAlpaca"));
    if (docfs_records(q->d, &f, &all, &err) < 0)
        return fail_err(q, a, &err);
    buf_adds(&b, csv ? "id,workspace,prompt,response\r\n" : lines ? "" : "[");
    for (size_t i = 0; i < all->n; i++)
        add_chat(&b, &all->item[i], type);
    if (!csv && !lines)
        buf_adds(&b, "]");
    response_buf(a, 200,
                 csv     ? "text/csv; charset=utf-8"
                 : lines ? "application/jsonl"
                         : "application/json",
                 &b);
}

static const struct route routes[] = {
    {"GET", "/api/ping", SCOPE_PUBLIC, ping, .id = "anyPing", .summary = "Is it there",
     .response = "AnyObject"},
    {"GET", "/api/v1/auth", SCOPE_READ, authenticated, .id = "anyAuth",
     .summary = "Is the token good", .response = "AnyObject"},
    {"GET", "/api/v1/system", SCOPE_READ, system_settings, .id = "anySystem",
     .summary = "What it runs on", .response = "AnyObject"},
    {"GET", "/api/v1/system/vector-count", SCOPE_READ, vector_count, .id = "anyVectorCount",
     .summary = "How many vectors there are", .response = "AnyObject"},
    {"POST", "/api/v1/system/update-env", SCOPE_ADMIN, update_env, .id = "anyUpdateEnv",
     .summary = "Nothing to write here", .body = "AnyObject", .response = "AnyObject"},
    {"GET", "/api/v1/system/env-dump", SCOPE_ADMIN, env_dump, .id = "anyEnvDump",
     .summary = "Nothing to write here", .type = "text/plain"},
    {"GET", "/api/v1/system/export-chats", SCOPE_ADMIN, export_chats, .id = "anyExportChats",
     .summary = "All chats", .type = "application/jsonl"},
    {0},
};

const struct resource resource_any_system = {.name = "anythingllm",
                                             .text = "The rest of the AnythingLLM interface.",
                                             .route = routes,
                                             .error = any_error};
