/* SPDX-License-Identifier: MIT
 * /v1: the embedding model of this cache behind the interface of OpenAI. */
#include "tools/sidecar/resources.h"

#include <string.h>
#include "tools/sidecar/vectors.h"
#include "tools/wire/ask.h"

void openai_error(struct request *q, struct response *a, int status, const char *code,
                  const char *detail)
{
    const char *type = status >= 500   ? "server_error"
                       : status == 401 ? "authentication_error"
                       : status == 403 ? "permission_error"
                       : status == 404 ? "not_found_error"
                       : status == 429 ? "rate_limit_error"
                                       : "invalid_request_error";
    response_json(a, status == 422 ? 400 : status,
                  json_pack("{s:{s:s, s:s, s:n, s:s}}", "error", "message", detail, "type", type,
                            "param", "code", code));
}

static json_t *model_object(struct request *q, const struct docfs_model *m)
{
    return json_pack("{s:s, s:s, s:I, s:s, s:i, s:s}", "id", m->name, "object", "model", "created",
                     (json_int_t)q->server->started_at, "owned_by", "docfs", "dimensions",
                     (int)m->dimension, "fingerprint", m->fingerprint);
}

static void models(struct request *q, struct response *a)
{
    struct docfs_model m;
    struct docfs_err err = {0};
    if (docfs_model(q->d, &m, &err) < 0)
        return fail_err(q, a, &err);
    response_json(a, 200, json_pack("{s:s, s:[o]}", "object", "list", "data", model_object(q, &m)));
}

static void model(struct request *q, struct response *a)
{
    struct docfs_model m;
    struct docfs_err err = {0};
    if (docfs_model(q->d, &m, &err) < 0)
        return fail_err(q, a, &err);
    if (!*request_param(q, "id") || !vectors_model_is(&m, request_param(q, "id")))
        return fail(q, a, 404, "model_not_found", "there is no model '%.80s' here",
                    request_param(q, "id"));
    response_json(a, 200, model_object(q, &m));
}

void openai_embed(struct request *q, struct response *a, const char *name, bool base64)
{
    __attribute__((cleanup(vectors_fini))) struct vectors v = {0};
    const json_t *input = json_object_get(q->json, "input");
    if (!input)
        input = json_object_get(q->json, "inputs");
    if (!vectors_make(q, a, input, name, openai_error, &v))
        return;
    json_int_t want = json_int(q->json, "dimensions", (json_int_t)v.model.dimension);
    if (want != (json_int_t)v.model.dimension)
        return fail(q, a, 400, "invalid_request_error",
                    "dimensions: this model has %u, and cutting its vectors would spoil them",
                    v.model.dimension);
    json_t *list = json_array();
    for (size_t i = 0; list && i < v.n; i++) {
        json_t *e = base64 ? vectors_base64(&v, i) : vectors_json(&v, i);
        json_t *o = e ? json_pack("{s:s, s:I, s:o}", "object", "embedding", "index", (json_int_t)i,
                                  "embedding", e)
                      : NULL;
        if (!o || json_array_append_new(list, o) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    json_int_t tokens = (json_int_t)wire_token_count(v.bytes);
    response_json(a, 200,
                  json_pack("{s:s, s:o, s:s, s:{s:I, s:I}}", "object", "list", "data", list,
                            "model", v.model.name, "usage", "prompt_tokens", tokens, "total_tokens",
                            tokens));
}

static void embeddings(struct request *q, struct response *a)
{
    openai_embed(q, a, json_text(q->json, "model", ""),
                 strcmp(json_text(q->json, "encoding_format", "float"), "base64") == 0);
}

static const struct route routes[] = {
    {"POST", "/v1/embeddings", SCOPE_READ, embeddings, .id = "openaiEmbeddings",
     .summary = "Vectors of texts", .body = "OpenaiEmbeddings", .response = "OpenaiVectors"},
    {"GET", "/v1/models", SCOPE_READ, models, .id = "openaiModels", .summary = "The models",
     .response = "OpenaiModels"},
    {"GET", "/v1/models/{id...}", SCOPE_READ, model, .id = "openaiModel", .summary = "A model",
     .response = "AnyObject"},
    {0},
};

const struct resource resource_openai = {.name = "openai",
                                         .text = "The embedding model as OpenAI has it.",
                                         .route = routes,
                                         .error = openai_error};
