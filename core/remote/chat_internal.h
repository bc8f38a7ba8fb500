/* SPDX-License-Identifier: MIT
 * chat.c chooses, chat_call.c asks one endpoint, chat_stream.c reads what it says. */
#pragma once
#include <jansson.h>
#include <pthread.h>
#include "core/remote/chat.h"

struct endpoint {
    char *url, *model, *key;
    enum chat_kind kind; /* found out with the first question, under the lock */
    unsigned failures;   /* in a row */
    int64_t rest_until;  /* monotonic milliseconds */
    bool probing;
    char error[200];
};
struct chat {
    pthread_mutex_t lock;
    struct endpoint item[CHAT_ENDPOINTS];
    size_t n;
    long timeout_ms;
};

/* *given: a piece went to ask->delta. */
int endpoint_ask(struct chat *c, struct endpoint *e, const struct chat_ask *ask,
                 struct chat_reply *ret, bool *given, struct docfs_err *err);

/* ---- chat_stream.c ---- */

/* Reads a body of server-sent events (OpenAI), of lines (Ollama) or one JSON object (either,
 * without streaming) as it comes. */
struct chat_stream {
    const struct chat_ask *ask;
    struct chat_reply *reply;
    struct buf line, whole; /* whole: what is no stream */
    bool given, done;
    int code; /* first failure */
    char error[300];
};
/* 0, or negative to stop the transfer. */
int chat_stream_data(struct chat_stream *s, const char *data, size_t len);
/* At the end of the body: -EPROTO when there was no answer in it, -EIO with s->error. */
int chat_stream_end(struct chat_stream *s);
void chat_stream_fini(struct chat_stream *s);
