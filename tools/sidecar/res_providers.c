/* SPDX-License-Identifier: MIT
 * Who embeds and who chats: what is in use, what could be, a trial, and putting it into use. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tools/sidecar/health.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/wire.h"

#define ENDPOINTS_MAX 8
#define TRIAL_TEXT 700

static const struct known {
    const char *id, *kind, *name, *text;
    bool chat, remote, key;
} known[] = {
    {"builtin", "builtin", "docfs", "The model that comes with docfs; needs nothing", false, false,
     false},
    {"static", "static", "Static model", "A model2vec directory on the server's machine", false,
     false, false},
    {"ollama", "ollama", "Ollama", "An Ollama server", false, true, false},
    {"llamacpp", "llamacpp", "llama.cpp", "A llama.cpp server", false, true, false},
    {"tei", "tei", "Text Embeddings Inference", "A text-embeddings-inference server", false, true,
     false},
    {"openai", "openai", "OpenAI-compatible", "Any server that speaks the API of OpenAI", false,
     true, true},
    {"ollama-chat", "ollama", "Ollama (chat)", "Answers in words through an Ollama server", true,
     true, false},
    {"openai-chat", "openai", "OpenAI-compatible (chat)",
     "Answers in words through any server that speaks the API of OpenAI", true, true, true},
};
#define N_KNOWN (sizeof(known) / sizeof(*known))

/* The settings that a kind of provider has. */
struct keys {
    const char *provider, *url, *model, *key_file;
};

static struct keys keys_of(const struct known *k)
{
    return k->chat ? (struct keys){"chat.provider", "chat.url", "chat.model", "chat.key_file"}
                   : (struct keys){"embed.provider", "embed.url", "embed.model", "embed.key_file"};
}

/* ---- looking ---- */

/* What is in use. */
struct use {
    int embeds; /* place; -1 when the cache cannot say */
    struct docfs_model model;
    struct docfs_chat_endpoint chat[ENDPOINTS_MAX];
    size_t n_chat;
};

static void look(struct docfs *d, struct use *u)
{
    *u = (struct use){0};
    u->embeds = docfs_model(d, &u->model, NULL) < 0 ? -1 : 0;
    for (size_t i = 0; u->embeds == 0 && i < N_KNOWN; i++)
        if (!known[i].chat && strncmp(u->model.name, known[i].kind, strlen(known[i].kind)) == 0)
            u->embeds = (int)i; /* else 0: what docfs itself made is named after its method */
    u->n_chat = docfs_chat_endpoints(d, u->chat, ENDPOINTS_MAX);
}

/* One whose kind shows with its first question is taken for what most servers are. */
static bool is_of(const struct docfs_chat_endpoint *e, const struct known *k)
{
    return k->chat && strcmp(strcmp(e->kind, "auto") == 0 ? "openai" : e->kind, k->kind) == 0;
}

static json_t *endpoints(const struct use *u, const struct known *k)
{
    json_t *out = json_array();
    for (size_t i = 0; i < u->n_chat; i++) {
        const struct docfs_chat_endpoint *e = &u->chat[i];
        if (is_of(e, k))
            json_array_append_new(
                out, json_pack("{s:o, s:s, s:s, s:i, s:o}", "url", wire_text(e->url), "kind",
                               e->kind, "state",
                               e->rests_ms   ? "resting"
                               : e->failures ? "failing"
                                             : "ready",
                               "failures", (int)e->failures, "last_error",
                               *e->last_error ? wire_text(e->last_error) : json_null()));
    }
    return out;
}

static json_t *render(struct docfs *d, const struct use *u, const struct known *k)
{
    bool embeds = u->embeds == (int)(k - known);
    json_t *chat = endpoints(u, k);
    bool in_use = embeds || json_array_size(chat);
    _cleanup_free_ char *model = json_array_size(chat) ? docfs_setting_text(d, "chat.model") : NULL;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:b, s:b, s:b, s:o, s:o, s:o}", "id", k->id, "name",
        k->name, "type", k->remote ? "remote" : "local", "status", in_use ? "active" : "available",
        "configured", (int)in_use, "category", k->chat ? "chat" : "embedding", "description",
        k->text, "requires_api_key", (int)k->key, "supports_embedding", (int)!k->chat,
        "supports_chat", (int)k->chat, "model",
        embeds            ? wire_text(u->model.name)
        : model && *model ? wire_text(model)
                          : json_null(),
        "dimension", embeds ? json_integer(u->model.dimension) : json_null(), "endpoints", chat);
}

json_t *providers_summary(struct request *q)
{
    struct use u;
    look(q->d, &u);
    return json_pack("{s:i, s:i, s:o}", "configured", (u.embeds >= 0) + (int)(u.n_chat > 0),
                     "available", (int)N_KNOWN, "active",
                     u.embeds >= 0 ? json_string(known[u.embeds].id) : json_null());
}

static void list(struct request *q, struct response *a)
{
    struct use u;
    look(q->d, &u);
    json_t *out = json_array();
    for (size_t i = 0; i < N_KNOWN; i++)
        json_array_append_new(out, render(q->d, &u, &known[i]));
    response_json(a, 200, out);
}

/* The provider of the path; NULL with the response filled. */
static const struct known *find(struct request *q, struct response *a)
{
    const char *id = request_param(q, "id");
    for (size_t i = 0; i < N_KNOWN; i++)
        if (strcmp(known[i].id, id) == 0)
            return &known[i];
    fail(q, a, 404, "NOT_FOUND", "there is no provider %s; GET /api/v1/providers lists them", id);
    return NULL;
}

/* ---- trying ---- */

static int try_it(struct request *q, const struct known *k, const struct docfs_provider *p,
                  struct docfs_provider_found *found, char text[TRIAL_TEXT], struct docfs_err *err)
{
    int r =
        k->chat ? docfs_chat_test(q->d, p, found, err) : docfs_provider_test(q->d, p, found, err);
    if (r < 0)
        snprintf(text, TRIAL_TEXT, "%s", err->text);
    else if (k->chat)
        snprintf(text, TRIAL_TEXT, "%s answers: %s", found->kind, found->model);
    else
        snprintf(text, TRIAL_TEXT, "%s embeds: %s, %u dimensions", found->kind, found->model,
                 found->dimension);
    return r;
}

static void answer_test(struct response *a, int r, const char *text, double ms, const char *model)
{
    response_json(a, 200,
                  json_pack("{s:b, s:o, s:f, s:o}", "success", r == 0, "message", wire_text(text),
                            "latency", ms, "models",
                            r < 0 ? json_array() : json_pack("[o]", wire_text(model))));
}

static void test_own(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    struct docfs_model m;
    int64_t from = clock_mono_ns();
    int r = docfs_model(q->d, &m, &err);
    _cleanup_free_ float *v = r == 0 ? calloc(m.dimension, sizeof(*v)) : NULL;
    struct docfs_text t = {"word", 4};
    if (r == 0)
        r = v ? docfs_embed(q->d, true, &t, 1, m.dimension, v, &err) : -ENOMEM;
    double ms = (double)(clock_mono_ns() - from) / 1e6;
    answer_test(a, r, r < 0 ? err.text : "it embeds", ms, m.name);
}

/* What the request leaves out comes from the settings. */
static struct docfs_provider describe(const struct known *k, const json_t *in)
{
    return (struct docfs_provider){.kind = k->kind,
                                   .url = json_text(in, "base_url", NULL),
                                   .key = json_text(in, "api_key", NULL),
                                   .model = json_text(in, "model", NULL)};
}

static void test(struct request *q, struct response *a)
{
    const struct known *k = find(q, a);
    if (!k)
        return;
    if (!k->remote)
        return test_own(q, a);
    struct docfs_err err = {0};
    struct docfs_provider p = describe(k, q->json);
    struct docfs_provider_found found = {0};
    int64_t from = clock_mono_ns();
    char text[TRIAL_TEXT];
    int r = try_it(q, k, &p, &found, text, &err);
    server_audit(q, "provider.test", k->id, p.url);
    answer_test(a, r, text, (double)(clock_mono_ns() - from) / 1e6, found.model);
}

static void add_name(void *arg, const char *name)
{
    json_array_append_new(arg, wire_text(name));
}

static void models(struct request *q, struct response *a)
{
    const struct known *k = find(q, a);
    if (!k)
        return;
    struct docfs_err err = {0};
    struct use u;
    json_t *names = json_array();
    bool reached = true;
    struct docfs_provider p = {.kind = k->kind};
    look(q->d, &u);
    if (k->chat)
        reached = docfs_chat_models(q->d, &p, add_name, names, &err) == 0;
    else if (k->remote)
        reached = docfs_provider_models(q->d, &p, add_name, names, &err) == 0;
    else if (u.embeds == (int)(k - known))
        add_name(names, u.model.name);
    response_json(a, 200,
                  json_pack("{s:s, s:o, s:b, s:o}", "provider", k->id, "models", names, "queryable",
                            (int)(k->remote && reached), "message",
                            reached ? json_null() : wire_text(err.text)));
}

/* ---- putting into use ---- */

/* Length of "scheme://host:port". */
static size_t origin_len(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strlen(url);
}

static bool same_origin(const char *a, const char *b)
{
    size_t n = origin_len(a);
    return n == origin_len(b) && strncasecmp(a, b, n) == 0;
}

/* NULL, or what is wrong with an address that a client sent. */
static const char *bad_url(const char *url)
{
    if (strncasecmp(url, "http://", 7) != 0 && strncasecmp(url, "https://", 8) != 0)
        return "base_url must begin with http:// or https://";
    if (memchr(url, '@', origin_len(url)))
        return "base_url must not hold a login: keys are read from files (docfs config set "
               "embed.key_file or chat.key_file)";
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == ',' || *p == 127)
            return "base_url must be one address, without blanks and commas";
    return NULL;
}

/* A key is for the server that it was set for; only a person on the machine moves it. *ret_key: the
 * key to use for url, "" for none. */
static int key_for(struct docfs *d, const struct keys *keys, const char *url, char **ret_key,
                   struct docfs_err *err)
{
    _cleanup_free_ char *before = docfs_setting_text(d, keys->url);
    int r = docfs_setting_secret(d, keys->key_file, ret_key, err);
    if (r < 0 || !**ret_key || (before && same_origin(before, url)))
        return r;
    return err_set(err, -EPERM,
                   "%s holds a key, which would go to another server than the one it was set for: "
                   "change it on the machine of the cache (docfs config set %s %s)",
                   keys->key_file, keys->url, url);
}

static int put(struct docfs *d, const char *key, const char *value, struct docfs_err *err)
{
    return value ? docfs_set(d, key, value, err) : 0;
}

/* Another model of embedding means other vectors: a job, while the old ones serve. 0 = none. */
static int64_t reembed(struct request *q, const struct known *k)
{
    int64_t job = 0;
    struct docfs_job_new j = {.kind = "reembed", .origin = "api"};
    return !k->chat && docfs_job_enqueue(q->d, &j, &job, NULL, NULL) == 0 ? job : 0;
}

static void set_remote(struct request *q, struct response *a, const struct known *k,
                       const char *url, const char *model)
{
    struct docfs_err err = {0};
    struct docfs_provider_found found = {0};
    struct keys keys = keys_of(k);
    _cleanup_free_ char *key = NULL;
    char text[TRIAL_TEXT];
    const char *bad = bad_url(url);
    if (bad)
        return fail(q, a, 422, "BAD_BODY", "%s", bad);
    if (key_for(q->d, &keys, url, &key, &err) < 0)
        return err.code == -EPERM ? fail(q, a, 409, "KEY_IS_FOR_ANOTHER", "%s", err.text)
                                  : fail_err(q, a, &err);
    struct docfs_provider p = {.kind = k->kind, .url = url, .key = key, .model = model};
    if (try_it(q, k, &p, &found, text, &err) < 0)
        return fail(q, a, 422, "TRIAL_FAILED", "nothing was changed, because its trial failed: %s",
                    text);
    if (put(q->d, keys.url, url, &err) < 0 || put(q->d, keys.model, model, &err) < 0 ||
        put(q->d, keys.provider, k->kind, &err) < 0)
        return fail_err(q, a, &err);
    server_changed(q->server);
    server_audit(q, "provider.config", k->id, url);
    int64_t job = reembed(q, k);
    response_json(a, 202,
                  json_pack("{s:o, s:s, s:s, s:o}", "message", wire_text(text), "provider", k->id,
                            "status", "accepted", "job_id", job ? json_integer(job) : json_null()));
}

/* Back to what needs no server. */
static void set_local(struct request *q, struct response *a, const struct known *k)
{
    struct docfs_err err = {0};
    struct keys keys = keys_of(k);
    if (docfs_set(q->d, keys.url, "", &err) < 0 || docfs_set(q->d, keys.model, "", &err) < 0 ||
        docfs_set(q->d, keys.provider, k->chat ? "auto" : "builtin", &err) < 0)
        return fail_err(q, a, &err);
    server_changed(q->server);
    server_audit(q, "provider.config", k->id, k->chat ? "off" : "on");
    int64_t job = reembed(q, k);
    response_json(a, 202,
                  json_pack("{s:s, s:s, s:s, s:o}", "message",
                            k->chat ? "answers are the passages themselves now"
                                    : "docfs embeds by itself now",
                            "provider", k->id, "status", "accepted", "job_id",
                            job ? json_integer(job) : json_null()));
}

static void config(struct request *q, struct response *a)
{
    const struct known *k = find(q, a);
    if (!k)
        return;
    struct keys keys = keys_of(k);
    const char *url = json_text(q->json, "base_url", NULL);
    const char *model = json_text(q->json, "model", url ? "" : NULL);
    _cleanup_free_ char *now = url ? NULL : docfs_setting_text(q->d, keys.url);
    if (*json_text(q->json, "api_key", ""))
        return fail(q, a, 422, "KEY_NOT_TAKEN",
                    "keys are read from files of the server's machine only: docfs config set "
                    "%s FILE there",
                    keys.key_file);
    if (strcmp(k->id, "static") == 0)
        return fail(q, a, 403, "LOCAL_SETTING",
                    "directories of models are named on the machine of the cache: docfs config "
                    "set embed.model DIRECTORY, then docfs reembed");
    if (!k->remote || (k->chat && url && !*url))
        return set_local(q, a, k);
    if (!url && (!now || !*now))
        return fail(q, a, 422, "BAD_BODY", "base_url is missing, and %s is not set", keys.url);
    if (now && strchr(now, ','))
        return fail(q, a, 422, "BAD_BODY", "%s names several servers: say which, as base_url",
                    keys.url);
    set_remote(q, a, k, url ? url : now, model);
}

static const struct route routes[] = {
    {"GET", "/api/v1/providers", SCOPE_READ, list, .id = "listProviders",
     .summary = "Who could embed or chat, and who does", .response = "Providers"},
    {"POST", "/api/v1/providers/{id}/test", SCOPE_ADMIN, test, ROUTE_SLOW, .id = "testProvider",
     .summary = "Have a provider embed, or say, one word", .body = "ProviderTest",
     .response = "ProviderTested"},
    {"GET", "/api/v1/providers/{id}/models", SCOPE_ADMIN, models, ROUTE_SLOW,
     .id = "providerModels", .summary = "Models of a provider", .response = "ProviderModels"},
    {"POST", "/api/v1/providers/{id}/config", SCOPE_ADMIN | SCOPE_WRITE, config, ROUTE_SLOW,
     .id = "configProvider", .summary = "Put a provider into use, once its trial succeeded",
     .body = "ProviderConfig", .response = "ProviderConfigured", .status = 202},
    {0},
};

const struct resource resource_providers = {
    .name = "providers", .text = "Models that embed and chat.", .route = routes};
