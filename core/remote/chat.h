/* SPDX-License-Identifier: MIT
 * Chat models over HTTP: OpenAI-compatible servers and Ollama. Several endpoints stand in for each
 * other: one that fails is passed over, and one that failed several times is left alone for a while
 * (circuit breaker). Thread-safe; each question has a connection of its own. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/err.h"

#define CHAT_ENDPOINTS 8
#define CHAT_REPLY_MAX (1u << 20)
#define CHAT_TRIPS 3       /* failures in a row that open the breaker */
#define CHAT_REST_MS 30000 /* first rest, doubled with each further failure */
#define CHAT_REST_MAX_MS 300000

enum chat_kind { CHAT_AUTO, CHAT_OPENAI, CHAT_OLLAMA };
const char *chat_kind_name(enum chat_kind k); /* "auto", "openai", "ollama" */

struct chat_endpoint {
    const char *url;   /* ".../v1" of an OpenAI-compatible server, or the root of an Ollama */
    const char *model; /* "" = the first one that it has */
    const char *key;   /* bearer token, or NULL */
    enum chat_kind kind;
};
struct chat;
/* Copies the endpoints. timeout_ms: of one question to one endpoint. -EINVAL names the URL. */
int chat_new(const struct chat_endpoint *e, size_t n, long timeout_ms, struct chat **ret,
             struct docfs_err *err);
void chat_free(struct chat *c); /* NULL allowed */

struct chat_message {
    const char *role, *content; /* "system", "user", "assistant"; UTF-8 */
};
struct chat_ask {
    const struct chat_message *message;
    size_t n;
    double temperature;  /* < 0: that of the model */
    unsigned max_tokens; /* 0: that of the model */
    bool json;           /* wants one JSON object */
    /* Pieces as they come; non-zero stops (-ECANCELED). NULL: only the whole. */
    int (*delta)(void *arg, const char *text, size_t len);
    int (*cancelled)(void *arg); /* asked about once a second; NULL = never */
    void *arg;
};
struct chat_reply {
    struct buf text;
    char model[128];
    char endpoint[160]; /* host of it */
};
/* 0, or the failure of the last endpoint: -ETIMEDOUT, -ECONNREFUSED, -EACCES (key), -EAGAIN (busy),
 * -EPROTO (no sense in the answer), -ECANCELED, -EHOSTDOWN when all rest. Once a piece was given
 * away no other endpoint is asked. ret must be {0}; finish it in any case. */
int chat_ask(struct chat *c, const struct chat_ask *ask, struct chat_reply *ret,
             struct docfs_err *err);
static inline void chat_reply_fini(struct chat_reply *r)
{
    buf_fini(&r->text);
}

/* Names of the models that an endpoint has, each a call of fn. *ret_kind: what it is. Failures: of
 * http_do and http_status_err, -EPROTO for an answer that is no list of models. */
int chat_models(const struct chat_endpoint *e, long timeout_ms, enum chat_kind *ret_kind,
                void (*fn)(void *arg, const char *name), void *arg, struct docfs_err *err);

/* How an endpoint fares, for status pages. */
struct chat_state {
    const char *url;     /* as long as c */
    enum chat_kind kind; /* CHAT_AUTO: not asked yet */
    unsigned failures;
    int64_t rests_ms; /* still left alone for so long; 0 = in use */
    char last_error[200];
};
size_t chat_states(struct chat *c, struct chat_state ret[CHAT_ENDPOINTS]);
