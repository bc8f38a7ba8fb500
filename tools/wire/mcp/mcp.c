/* SPDX-License-Identifier: MIT
 * Messages and eras. A message is stateless (2026-07-28) when its headers or its _meta say so;
 * its method never decides. */
#include "tools/wire/mcp/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const handshakes[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
#define N_HANDSHAKES (sizeof(handshakes) / sizeof(*handshakes))

json_t *mcp_fail(struct mcp_fault *f, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->text, sizeof(f->text), fmt, ap);
    va_end(ap);
    f->code = code;
    return NULL;
}

json_t *mcp_fail_oom(struct mcp_fault *f)
{
    return mcp_fail(f, MCP_INTERNAL, "out of memory");
}

const char *mcp_string(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

int mcp_progress(struct mcp_request *q, double done, double total, const char *message)
{
    if (!q->token || !q->call->notify)
        return 0;
    json_t *p = json_pack("{s:O, s:f}", "progressToken", q->token, "progress", done);
    if (p && total > 0)
        json_object_set_new(p, "total", json_real(total));
    if (p && message)
        json_object_set_new(p, "message", wire_text(message));
    json_t *m = json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", "notifications/progress",
                          "params", p);
    return m ? q->call->notify(q->call->arg, m) : 0;
}

bool mcp_stopped(const struct mcp_request *q)
{
    return q->call->stopped && q->call->stopped(q->call->arg);
}

/* ---- methods ---- */

/* Only who can listen is told that there is something to hear. */
static json_t *capabilities(bool listen)
{
    json_t *c =
        json_pack("{s:{}, s:{}, s:{}, s:{}}", "tools", "resources", "prompts", "completions");
    if (c && listen)
        json_object_set_new(c, "resources",
                            json_pack("{s:b, s:b}", "listChanged", 1, "subscribe", 1));
    return c;
}

json_t *mcp_server_info(void)
{
    return json_pack("{s:s, s:s, s:s}", "name", "docfs", "title", "docfs documentation cache",
                     "version", docfs_version());
}

static json_t *initialize(struct mcp_request *q, struct mcp_fault *f)
{
    const char *want = mcp_string(q->params, "protocolVersion"), *use = handshakes[0];
    if (!want)
        return mcp_fail(f, MCP_INVALID_PARAMS, "initialize needs params.protocolVersion");
    for (size_t i = 0; i < N_HANDSHAKES; i++)
        if (strcmp(handshakes[i], want) == 0)
            use = handshakes[i];
    json_t *c = capabilities(false);
    if (c)
        json_object_set_new(c, "logging", json_object());
    return json_pack("{s:s, s:o, s:o, s:O}", "protocolVersion", use, "capabilities", c,
                     "serverInfo", mcp_server_info(), "instructions",
                     json_object_get(q->m->texts, "instructions"));
}

static json_t *ping(struct mcp_request *q, struct mcp_fault *f)
{
    return json_object();
}

/* Nothing is ever logged to the peer, which every level allows. */
static json_t *set_level(struct mcp_request *q, struct mcp_fault *f)
{
    static const char *const levels[] = {"debug", "info",     "notice", "warning",
                                         "error", "critical", "alert",  "emergency"};
    const char *level = mcp_string(q->params, "level");
    for (size_t i = 0; level && i < sizeof(levels) / sizeof(*levels); i++)
        if (strcmp(level, levels[i]) == 0)
            return json_object();
    return mcp_fail(f, MCP_INVALID_PARAMS,
                    "params.level must be one of debug, info, notice, "
                    "warning, error, critical, alert, emergency");
}

static json_t *discover(struct mcp_request *q, struct mcp_fault *f)
{
    return json_pack("{s:[s], s:o, s:O}", "supportedVersions", MCP_STATELESS, "capabilities",
                     capabilities(true), "instructions",
                     json_object_get(q->m->texts, "instructions"));
}

enum era { HANDSHAKE = 1, STATELESS = 2, BOTH = 3 };

/* name: the member of params that Mcp-Name repeats. keep: seconds a client may keep a result. */
static const struct method {
    const char *name;
    mcp_method_fn *fn;
    enum era era;
    const char *named;
    int keep;
} methods[] = {
    {"initialize", initialize, HANDSHAKE},
    {"ping", ping, HANDSHAKE},
    {"logging/setLevel", set_level, HANDSHAKE},
    {"server/discover", discover, STATELESS, NULL, 3600},
    {"tools/list", mcp_tools_list, BOTH, NULL, 3600},
    {"tools/call", mcp_tools_call, BOTH, "name"},
    {"resources/list", mcp_resources_list, BOTH, NULL, 10},
    {"resources/templates/list", mcp_resources_templates, BOTH, NULL, 3600},
    {"resources/read", mcp_resources_read, BOTH, "uri", 10},
    {"prompts/list", mcp_prompts_list, BOTH, NULL, 3600},
    {"prompts/get", mcp_prompts_get, BOTH, "name"},
    {"completion/complete", mcp_complete, BOTH},
    {"subscriptions/listen", mcp_listen_open, STATELESS},
};
#define N_METHODS (sizeof(methods) / sizeof(*methods))

static const struct method *find_method(const char *name, bool stateless)
{
    for (size_t i = 0; i < N_METHODS; i++)
        if (strcmp(methods[i].name, name) == 0 &&
            methods[i].era & (stateless ? STATELESS : HANDSHAKE))
            return &methods[i];
    return NULL;
}

/* ---- what a stateless request must carry ---- */

/* A header value, or what "=?base64?...?=" hides; NULL when that is broken. Caller frees. */
static char *header_value(const char *s)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    s += strspn(s, " \t");
    size_t len = strlen(s);
    while (len && (s[len - 1] == ' ' || s[len - 1] == '\t'))
        len--;
    if (len < 11 || strncmp(s, "=?base64?", 9) != 0 || memcmp(s + len - 2, "?=", 2) != 0)
        return strndup(s, len);
    _cleanup_buf_ struct buf b = {0};
    unsigned bits = 0, n = 0;
    for (size_t i = 9; i < len - 2 && s[i] != '='; i++) {
        const char *d = s[i] ? strchr(digits, s[i]) : NULL;
        if (!d)
            return NULL;
        bits = bits << 6 | (unsigned)(d - digits);
        if ((n += 6) >= 8)
            buf_addc(&b, (char)(bits >> (n -= 8) & 0xff));
    }
    return buf_steal(&b, NULL);
}

static bool header_says(const char *header, const char *value)
{
    _cleanup_free_ char *v = header ? header_value(header) : NULL;
    return v && value && strcmp(v, value) == 0;
}

static json_t *check_headers(struct mcp_request *q, const char *method, const char *version,
                             struct mcp_fault *f)
{
    const struct mcp_call *c = q->call;
    const struct method *k = find_method(method, true);
    if (!c->version || strcmp(c->version, version) != 0)
        return mcp_fail(f, MCP_HEADER_MISMATCH,
                        "the header MCP-Protocol-Version must be there and equal _meta's %s",
                        version);
    if (!header_says(c->method, method))
        return mcp_fail(f, MCP_HEADER_MISMATCH,
                        "the header Mcp-Method must be there and equal the method %s", method);
    if (k && k->named && !header_says(c->name, mcp_string(q->params, k->named)))
        return mcp_fail(f, MCP_HEADER_MISMATCH,
                        "the header Mcp-Name must be there and equal params.%s", k->named);
    return json_true();
}

/* json_true(), or NULL with the fault. */
static json_t *check_stateless(struct mcp_request *q, const char *method, struct mcp_fault *f)
{
    json_t *meta = json_object_get(q->params, "_meta");
    const char *version = mcp_string(meta, MCP_META "protocolVersion");
    if (!version)
        return mcp_fail(f, MCP_INVALID_PARAMS, "params._meta needs " MCP_META "protocolVersion");
    if (q->call->http && !check_headers(q, method, version, f))
        return NULL;
    if (strcmp(version, MCP_STATELESS) != 0) {
        f->data =
            json_pack("{s:[s], s:o}", "supported", MCP_STATELESS, "requested", wire_text(version));
        return mcp_fail(f, MCP_NO_VERSION, "this server speaks " MCP_STATELESS);
    }
    if (!json_is_object(json_object_get(meta, MCP_META "clientCapabilities")))
        return mcp_fail(f, MCP_INVALID_PARAMS, "params._meta needs " MCP_META "clientCapabilities");
    return json_true();
}

/* Takes result. */
static json_t *complete_stateless(json_t *result, const struct method *k)
{
    if (!result)
        return NULL;
    json_object_set_new(result, "resultType", json_string("complete"));
    if (k->keep) {
        json_object_set_new(result, "ttlMs", json_integer(k->keep * 1000));
        json_object_set_new(result, "cacheScope", json_string("private"));
    }
    json_t *meta = json_object_get(result, "_meta");
    if (!meta) {
        meta = json_object();
        json_object_set_new(result, "_meta", meta);
    }
    json_object_set_new(meta, MCP_META "serverInfo", mcp_server_info());
    return result;
}

/* ---- one message ---- */

static bool stateless_version(const char *v)
{
    return v && strlen(v) == 10 && strcmp(v, MCP_STATELESS) >= 0;
}

static bool known_handshake(const char *v)
{
    for (size_t i = 0; v && i < N_HANDSHAKES; i++)
        if (strcmp(handshakes[i], v) == 0)
            return true;
    return !v;
}

static void answer_fault(struct mcp_answer *a, int status, json_t *id, struct mcp_fault *f)
{
    json_t *e = json_pack("{s:i, s:o}", "code", f->code, "message", wire_text(f->text));
    if (e && f->data)
        json_object_set(e, "data", f->data);
    json_decref(f->data);
    f->data = NULL;
    a->status = status;
    a->message = json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "id",
                           id ? json_incref(id) : json_null(), "error", e);
}

static void answer_request(struct mcp_request *q, const char *method, struct mcp_answer *a)
{
    struct mcp_fault f = {0};
    const struct method *k = find_method(method, q->stateless);
    if (q->stateless && !check_stateless(q, method, &f))
        return answer_fault(a, 400, q->id, &f);
    if (!k) {
        mcp_fail(&f, MCP_NO_METHOD, "no such method: %.100s", method);
        return answer_fault(a, q->stateless ? 404 : 200, q->id, &f);
    }
    json_t *result = k->fn(q, &f);
    if (!result) {
        if (!f.code)
            mcp_fail_oom(&f);
        /* A stateless client reads the status, too; with a handshake the error is the answer. */
        int status = !q->stateless ? 200 : f.code == MCP_INTERNAL ? 500 : 400;
        return answer_fault(a, status, q->id, &f);
    }
    a->status = 200;
    a->handshake = k->fn == initialize;
    a->listen = q->listen;
    if (a->listen)
        return json_decref(result); /* it comes at the end */
    if (q->stateless)
        result = complete_stateless(result, k);
    a->message = json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", q->id, "result", result);
}

static void handle(struct mcp *m, json_t *root, const struct mcp_call *call, struct mcp_answer *a)
{
    struct mcp_fault f = {0};
    const char *method = mcp_string(root, "method"), *rpc = mcp_string(root, "jsonrpc");
    json_t *id = json_object_get(root, "id"), *params = json_object_get(root, "params");
    if (json_is_array(root)) {
        mcp_fail(&f, MCP_INVALID_REQUEST, "batches are not supported: send one message");
        return answer_fault(a, 400, NULL, &f);
    }
    if (rpc && !method && (json_object_get(root, "result") || json_object_get(root, "error")))
        return; /* an answer to a question that was never asked */
    if (!rpc || strcmp(rpc, "2.0") != 0 || !method || (params && !json_is_object(params)) ||
        (id && !json_is_string(id) && !json_is_integer(id))) {
        mcp_fail(&f, MCP_INVALID_REQUEST,
                 "no JSON-RPC 2.0 request: jsonrpc \"2.0\", a method, an id that is a string or an "
                 "integer, params that are an object");
        return answer_fault(a, 400, json_is_string(id) || json_is_integer(id) ? id : NULL, &f);
    }
    json_t *meta = json_object_get(params, "_meta");
    struct mcp_request q = {.m = m,
                            .d = m->opt.d,
                            .call = call,
                            .params = params,
                            .token = json_object_get(meta, "progressToken"),
                            .id = id};
    q.stateless =
        json_object_get(meta, MCP_META "protocolVersion") || stateless_version(call->version);
    if (!id)
        return; /* a notification: nothing here depends on one */
    if (!q.stateless && call->http && !known_handshake(call->version)) {
        mcp_fail(&f, MCP_INVALID_REQUEST,
                 "MCP-Protocol-Version %.40s is not known; this server speaks 2026-07-28, "
                 "2025-11-25, 2025-06-18, 2025-03-26 and 2024-11-05",
                 call->version);
        return answer_fault(a, 400, id, &f);
    }
    answer_request(&q, method, a);
}

void mcp_handle(struct mcp *m, const char *data, size_t len, const struct mcp_call *call,
                struct mcp_answer *ret)
{
    struct mcp_fault f = {0};
    json_error_t e;
    *ret = (struct mcp_answer){.status = 202};
    if (len > MCP_MESSAGE_MAX) {
        mcp_fail(&f, MCP_INVALID_REQUEST, "a message may have %u MiB", MCP_MESSAGE_MAX >> 20);
        return answer_fault(ret, 413, NULL, &f);
    }
    json_t *root = json_loadb(data, len, JSON_REJECT_DUPLICATES, &e);
    if (root) {
        handle(m, root, call, ret);
        json_decref(root);
    } else {
        mcp_fail(&f, MCP_PARSE, "no JSON: %s", e.text);
        answer_fault(ret, 400, NULL, &f);
    }
    if (ret->status != 202 && !ret->message && !ret->listen)
        ret->status = 500;
}

/* ---- start ---- */

extern const char mcp_texts_json[]; /* texts.json, made by the build */

/* Replaces {"$ref": "#/name"} below v by schemas[name]. New reference. */
static json_t *expand(json_t *v, const json_t *schemas)
{
    const char *ref = mcp_string(v, "$ref"), *key;
    json_t *item, *copy;
    size_t i;
    if (ref && strncmp(ref, "#/", 2) == 0)
        return expand(json_object_get(schemas, ref + 2), schemas);
    if (json_is_object(v)) {
        copy = json_object();
        json_object_foreach(v, key, item) json_object_set_new(copy, key, expand(item, schemas));
        return copy;
    }
    if (json_is_array(v)) {
        copy = json_array();
        json_array_foreach(v, i, item) json_array_append_new(copy, expand(item, schemas));
        return copy;
    }
    return json_incref(v);
}

int mcp_new(const struct mcp_options *opt, struct mcp **ret, struct docfs_err *err)
{
    _cleanup_(mcp_freep) struct mcp *m = calloc(1, sizeof(*m));
    if (!m)
        return err_oom(err);
    m->opt = *opt;
    json_error_t e;
    m->texts = json_loads(mcp_texts_json, 0, &e);
    if (!m->texts || !(m->tools = json_array()))
        return err_oom(err);
    json_t *tool, *schemas = json_object_get(m->texts, "schemas");
    size_t i;
    json_array_foreach(json_object_get(m->texts, "tools"), i, tool)
    {
        bool reads =
            json_is_true(json_object_get(json_object_get(tool, "annotations"), "readOnlyHint"));
        if ((reads || !opt->read_only) &&
            json_array_append_new(m->tools, expand(tool, schemas)) < 0)
            return err_oom(err);
    }
    if (!opt->read_only && docfs_opens_new(opt->d, opt->door, &m->opens, err) < 0)
        return -ENOMEM;
    *ret = steal_ptr(m);
    return 0;
}

void mcp_free(struct mcp *m)
{
    if (!m)
        return;
    docfs_opens_free(m->opens);
    json_decref(m->texts);
    json_decref(m->tools);
    free(m);
}
