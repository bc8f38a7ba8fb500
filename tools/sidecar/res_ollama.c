/* SPDX-License-Identifier: MIT
 * The embedding model of this cache behind the interface of Ollama. */
#include "tools/sidecar/resources.h"

#include <string.h>
#include "core/util/clock.h"
#include "core/util/hash.h"
#include "tools/sidecar/vectors.h"
#include "tools/wire/ask.h"
#include "tools/wire/wire.h"

static void error(struct request *q, struct response *a, int status, const char *code,
                  const char *detail)
{
    response_json(a, status == 422 ? 400 : status, json_pack("{s:s}", "error", detail));
}

static void embed(struct request *q, struct response *a)
{
    __attribute__((cleanup(vectors_fini))) struct vectors v = {0};
    int64_t start = clock_mono_ns();
    if (!vectors_make(q, a, json_object_get(q->json, "input"), json_text(q->json, "model", ""),
                      error, &v))
        return;
    json_t *list = json_array();
    for (size_t i = 0; list && i < v.n; i++)
        if (json_array_append_new(list, vectors_json(&v, i)) < 0) {
            json_decref(list);
            list = NULL;
        }
    response_json(a, 200,
                  json_pack("{s:s, s:o, s:I, s:I, s:I}", "model", v.model.name, "embeddings", list,
                            "total_duration", (json_int_t)(clock_mono_ns() - start),
                            "load_duration", (json_int_t)0, "prompt_eval_count",
                            (json_int_t)wire_token_count(v.bytes)));
}

/* The older form: one text. */
static void embeddings(struct request *q, struct response *a)
{
    __attribute__((cleanup(vectors_fini))) struct vectors v = {0};
    json_t *input = json_string(json_text(q->json, "prompt", ""));
    if (vectors_make(q, a, input, json_text(q->json, "model", ""), error, &v))
        response_json(a, 200, json_pack("{s:o}", "embedding", vectors_json(&v, 0)));
    json_decref(input);
}

static void tags(struct request *q, struct response *a)
{
    struct docfs_model m;
    struct docfs_err err = {0};
    unsigned char sum[32];
    char digest[65];
    if (docfs_model(q->d, &m, &err) < 0)
        return fail_err(q, a, &err);
    sha256(m.fingerprint, strlen(m.fingerprint), sum);
    hex_encode(sum, sizeof(sum), digest);
    json_t *details = json_pack("{s:s, s:s, s:s, s:[s], s:s, s:s}", "parent_model", "", "format",
                                "docfs", "family", "docfs", "families", "docfs", "parameter_size",
                                "", "quantization_level", "");
    json_t *name = json_sprintf("%s:latest", m.name);
    response_json(a, 200,
                  json_pack("{s:[{s:O, s:o, s:o, s:I, s:s, s:o}]}", "models", "name", name, "model",
                            name, "modified_at", wire_time(q->server->started_at), "size",
                            (json_int_t)0, "digest", digest, "details", details));
}

static void version(struct request *q, struct response *a)
{
    response_json(a, 200, json_pack("{s:s}", "version", docfs_version()));
}

static const struct route routes[] = {
    {"POST", "/api/embed", SCOPE_READ, embed, .id = "ollamaEmbed", .summary = "Vectors of texts",
     .body = "OllamaEmbed", .response = "OllamaVectors"},
    {"POST", "/api/embeddings", SCOPE_READ, embeddings, .id = "ollamaEmbeddings",
     .summary = "The vector of a text", .body = "OllamaEmbeddings", .response = "AnyObject"},
    {"GET", "/api/tags", SCOPE_READ, tags, .id = "ollamaTags", .summary = "The models",
     .response = "AnyObject"},
    {"GET", "/api/version", SCOPE_READ, version, .id = "ollamaVersion", .summary = "The version",
     .response = "AnyObject"},
    {0},
};

const struct resource resource_ollama = {.name = "ollama",
                                         .text = "The embedding model as Ollama has it.",
                                         .route = routes,
                                         .error = error};
