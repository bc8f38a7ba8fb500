/* SPDX-License-Identifier: MIT
 * Who embeds: what is in use, what could be, and a trial before it is put into the settings. */
#include <errno.h>
#include <string.h>

#include "tools/sidecar/health.h"
#include "tools/sidecar/resources.h"
#include "tools/wire/wire.h"

static const struct known {
    const char *id, *name, *text;
    bool remote, key;
} known[] = {
    {"builtin", "docfs", "The model that comes with docfs; needs nothing", false, false},
    {"static", "Static model", "A model2vec directory on the server's machine", false, false},
    {"ollama", "Ollama", "An Ollama server", true, false},
    {"llamacpp", "llama.cpp", "A llama.cpp server", true, false},
    {"tei", "Text Embeddings Inference", "A text-embeddings-inference server", true, false},
    {"openai", "OpenAI-compatible", "Any server that speaks the API of OpenAI", true, true},
};
#define N_KNOWN (sizeof(known) / sizeof(*known))

/* Place of the one in use; -1 when the cache cannot say. */
static int active(struct docfs *d, struct docfs_model *m)
{
    if (docfs_model(d, m, NULL) < 0)
        return -1;
    for (size_t i = 0; i < N_KNOWN; i++)
        if (strncmp(m->name, known[i].id, strlen(known[i].id)) == 0)
            return (int)i;
    return 0; /* what docfs itself made is named after its method */
}

static json_t *render(const struct known *k, bool in_use, const struct docfs_model *m)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:b, s:s, s:s, s:b, s:b, s:b, s:o, s:o}", "id", k->id,
                     "name", k->name, "type", k->remote ? "remote" : "local", "status",
                     in_use ? "active" : "available", "configured", (int)in_use, "category",
                     "embedding", "description", k->text, "requires_api_key", (int)k->key,
                     "supports_embedding", 1, "supports_chat", 0, "model",
                     in_use ? wire_text(m->name) : json_null(), "dimension",
                     in_use ? json_integer(m->dimension) : json_null());
}

json_t *providers_summary(struct request *q)
{
    struct docfs_model m;
    int in_use = active(q->d, &m);
    return json_pack("{s:i, s:i, s:o}", "configured", in_use >= 0, "available", (int)N_KNOWN,
                     "active", in_use >= 0 ? json_string(known[in_use].id) : json_null());
}

static void list(struct request *q, struct response *a)
{
    struct docfs_model m;
    int in_use = active(q->d, &m);
    json_t *out = json_array();
    for (size_t i = 0; i < N_KNOWN; i++)
        json_array_append_new(out, render(&known[i], (int)i == in_use, &m));
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

/* The server that a request describes; what it leaves out comes from the settings when those are
 * about the same provider. */
static struct docfs_provider describe(struct request *q, const struct known *k, const json_t *in)
{
    return (struct docfs_provider){.kind = k->id,
                                   .url = json_text(in, "base_url", NULL),
                                   .key = json_text(in, "api_key", NULL),
                                   .model = json_text(in, "model", NULL)};
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
    response_json(a, 200,
                  json_pack("{s:b, s:o, s:f, s:o}", "success", r == 0, "message",
                            r < 0 ? wire_text(err.text) : wire_text("it embeds"), "latency", ms,
                            "models", r < 0 ? json_array() : json_pack("[o]", wire_text(m.name))));
}

static void test(struct request *q, struct response *a)
{
    const struct known *k = find(q, a);
    if (!k)
        return;
    if (!k->remote)
        return test_own(q, a);
    struct docfs_err err = {0};
    struct docfs_provider p = describe(q, k, q->json);
    struct docfs_provider_found found;
    int64_t from = clock_mono_ns();
    int r = docfs_provider_test(q->d, &p, &found, &err);
    char text[400];
    if (r == 0)
        snprintf(text, sizeof(text), "%s embeds: %s, %u dimensions", found.kind, found.model,
                 found.dimension);
    server_audit(q, "provider.test", k->id, p.url);
    response_json(a, 200,
                  json_pack("{s:b, s:o, s:f, s:o}", "success", r == 0, "message",
                            wire_text(r < 0 ? err.text : text), "latency",
                            (double)(clock_mono_ns() - from) / 1e6, "models",
                            r < 0 ? json_array() : json_pack("[o]", wire_text(found.model))));
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
    struct docfs_model m;
    json_t *names = json_array();
    bool reached = true;
    if (k->remote) {
        struct docfs_provider p = {.kind = k->id};
        reached = docfs_provider_models(q->d, &p, add_name, names, &err) == 0;
    } else if (active(q->d, &m) == (int)(k - known)) {
        add_name(names, m.name);
    }
    response_json(a, 200,
                  json_pack("{s:s, s:o, s:b, s:o}", "provider", k->id, "models", names, "queryable",
                            (int)(k->remote && reached), "message",
                            reached ? json_null() : wire_text(err.text)));
}

/* Settings that name servers are changed on the server's machine: say how. */
static void config(struct request *q, struct response *a)
{
    const struct known *k = find(q, a);
    if (!k)
        return;
    fail(q, a, 403, "LOCAL_SETTING",
         "who embeds is set on the machine of the cache: docfs config set embed.provider %s%s",
         k->id,
         k->remote ? ", and embed.url, embed.model; then docfs reembed" : "; then docfs reembed");
}

static const struct route routes[] = {
    {"GET", "/api/v1/providers", SCOPE_READ, list, .id = "listProviders",
     .summary = "Who could embed, and who does", .response = "Providers"},
    {"POST", "/api/v1/providers/{id}/test", SCOPE_ADMIN, test, ROUTE_SLOW, .id = "testProvider",
     .summary = "Have a provider embed one word", .body = "ProviderTest",
     .response = "ProviderTested"},
    {"GET", "/api/v1/providers/{id}/models", SCOPE_ADMIN, models, ROUTE_SLOW,
     .id = "providerModels", .summary = "Models of a provider", .response = "ProviderModels"},
    {"POST", "/api/v1/providers/{id}/config", SCOPE_ADMIN, config, .id = "configProvider",
     .summary = "Always refused: tells how it is set on the server's machine",
     .body = "ProviderTest", .response = "Message"},
    {0},
};

const struct resource resource_providers = {
    .name = "providers", .text = "Models that embed.", .route = routes};
