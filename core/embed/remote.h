/* SPDX-License-Identifier: MIT
 * Embeddings and reranking by a server: Ollama, text-embeddings-inference, llama.cpp, and whatever
 * speaks the API of OpenAI.
 *
 *   remote.c         the embedder: batches, concurrency, retries, what to do with refused texts
 *   remote_call.c    one request: clients, pauses, the circuit breaker, errors as sentences
 *   remote_wire.c    request bodies and answers; pure
 *   remote_probe.c   which kind of server it is, which model, which limits
 *   remote_rerank.c  the rerank endpoint */
#pragma once
#include "core/embed/embed.h"

enum remote_kind { REMOTE_AUTO, REMOTE_OPENAI, REMOTE_OLLAMA, REMOTE_LLAMACPP, REMOTE_TEI };
/* "openai", ...; "auto" for REMOTE_AUTO. */
const char *remote_kind_name(enum remote_kind kind);
/* -EINVAL for an unknown name. */
int remote_kind_from(const char *name, enum remote_kind *ret);

/* Where and what. The first seven decide what vectors come out. Borrowed during the calls below. */
struct remote_options {
    enum remote_kind kind;
    const char *url;             /* with or without /v1 at the end */
    const char *model;           /* "": the only or first one the server has */
    unsigned dim;                /* 0: all the model gives (only for remote_probe) */
    bool cut;                    /* dim are the first ones of a longer vector */
    const char *query_prefix;    /* "auto": as the model wants it, by its name */
    const char *document_prefix; /* likewise */

    const char *key;      /* bearer token, "" for none. Never in a message */
    unsigned batch;       /* texts per request, 0: as the server says, else 32 */
    unsigned concurrency; /* requests at a time, >= 1 */
    unsigned retries;     /* of a request for passages; a question is asked once */
    int64_t timeout_ms;   /* of a request for passages */
    int64_t query_ms;     /* of a question, and of reranking */
    int64_t pause_max_ms; /* longest wait that a Retry-After is obeyed for */
    size_t text_max;      /* bytes sent of a passage */
};

/* What a server turned out to be. */
struct remote_found {
    enum remote_kind kind;
    char *model;      /* owned */
    char version[48]; /* digest of the model's weights when the server tells, else "" */
    unsigned dim, batch;
};
void remote_found_fini(struct remote_found *f);

/* Asks the server what it is and has it embed one word. Every failure has a sentence with the way
 * out. -ECONNREFUSED, -ETIMEDOUT, ... as of http_do: nobody answers now; -EINVAL: it will not do.
 */
int remote_probe(const struct remote_options *opt, struct remote_found *ret, struct docfs_err *err);

/* Names of the models of a server, each a call of fn (at most 1000). Errors as of remote_probe. */
int remote_models(const struct remote_options *opt, void (*fn)(void *arg, const char *name),
                  void *arg, struct docfs_err *err);

/* No request is made. kind, model and dim must be known; version and batch as of remote_probe. */
int remote_new(const struct remote_options *opt, const char *version, struct embedder **ret,
               struct docfs_err *err);

/* Prefixes that a model of this name was trained with; "" when none is known. */
void remote_prefixes(const char *model, const char **query, const char **document);

/* ---- reranking ---- */

struct reranker;
int reranker_new(const struct remote_options *opt, struct reranker **ret, struct docfs_err *err);
/* Gives one reference back; NULL allowed. */
void reranker_free(struct reranker *r);
struct reranker *reranker_ref(struct reranker *r);
/* One score per text, larger is better, 0..1. Thread-safe; fails at once while the server is known
 * to be down. */
int reranker_score(struct reranker *r, const char *query, const struct embed_text *texts, size_t n,
                   double *out, struct docfs_err *err);
