/* SPDX-License-Identifier: MIT
 * One turn of a conversation with a workspace: what the chat routes of AnythingLLM and its
 * OpenAI form share. A turn owns what it needs, so that it may outlive its request (streams). */
#pragma once
#include "tools/sidecar/anything.h"

struct turn {
    struct docfs *d;
    struct server *server;
    char *slug, *collection, *place; /* place: where its chats are kept */
    char *message, *session, *prompt, *refusal;
    json_t *before; /* [{role, content}], oldest first */
    unsigned k;
    double threshold;
    bool keep; /* put the turn into the history */
    char uuid[37];
    /* set by turn_run */
    struct docfs_answer *answer;
    json_t *sources;
    int64_t chat_id;
};
/* For a message to a workspace; before is read from the history of place unless given (taken).
 * NULL when memory is out. */
struct turn *turn_new(struct request *q, const struct workspace *w, const char *thread,
                      const char *session, const char *message, json_t *before);
void turn_free(struct turn *t);
static inline void turn_freep(struct turn **t)
{
    if (*t)
        turn_free(*t);
}
/* Answers and keeps the turn. */
int turn_run(struct turn *t, int (*delta)(void *arg, const char *text, size_t len),
             int (*cancelled)(void *arg), void *arg, struct docfs_err *err);
/* The history of a place, oldest first, as AnythingLLM shows it; at most limit turns. */
json_t *turn_history(struct docfs *d, const char *place, const char *session, size_t limit,
                     bool descending, struct docfs_err *err);
/* From here on earlier turns are not told to the model. */
int turn_reset(struct docfs *d, const char *place, const char *session, struct docfs_err *err);
