/* SPDX-License-Identifier: MIT
 * Answers in words, with their sources. With a chat model (setting chat.url) it writes them from
 * the passages found and cites them as [1], [2]; without one, or when none answers, the passages
 * themselves are the answer. The rules of core/docfs.h hold. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"
#include "core/util/scope.h"

struct docfs;
struct docfs_results;

struct docfs_said {
    const char *role, *content; /* "user" or "assistant" */
};

struct docfs_question {
    const char *text;
    const char *const *in;           /* collections, NULL-terminated, or NULL = all */
    unsigned k;                      /* passages; 0 = 6 */
    double threshold;                /* least score of a passage, 0..1 */
    const char *prompt;              /* what the model is told first; NULL = the default */
    const char *refusal;             /* said when nothing was found; NULL = the default */
    const struct docfs_said *before; /* earlier in the conversation, oldest first */
    size_t n_before;
    bool evaluate;    /* let the model judge the passages first and use those that fit */
    bool extract;     /* leave the model alone */
    const char *door; /* for the query log; NULL = not logged */
    /* Pieces of the text as they come; non-zero stops. NULL: only the whole. */
    int (*delta)(void *arg, const char *text, size_t len);
    int (*cancelled)(void *arg);
    void *arg;
};

struct docfs_evidence {
    size_t hit; /* its place in results */
    char *text; /* of the passage */
    bool fits;  /* the evaluation kept it (true without one) */
    bool cited; /* the answer names it; of passages given as the answer all are */
};
struct docfs_answer {
    char *text;      /* markdown */
    bool generated;  /* by a model */
    bool found;      /* false: text is the refusal */
    char model[128]; /* "" when not generated */
    char note[512];  /* why there is no generated answer although a model is set, or "" */
    struct docfs_results *results;
    struct docfs_evidence *evidence; /* in the order of their numbers: evidence[0] is [1] */
    size_t n;
};
/* A failure of the model is no failure: it is told in note. */
DOCFS_API int docfs_answer(struct docfs *d, const struct docfs_question *q,
                           struct docfs_answer **ret, struct docfs_err *err);
DOCFS_API void docfs_answer_free(struct docfs_answer *a);
DEFINE_CLEANUP(struct docfs_answer, docfs_answer_free)

/* A chat model is set. */
DOCFS_API bool docfs_chat_is_set(struct docfs *d);
/* How the endpoints fare. */
struct docfs_chat_endpoint {
    char url[256];
    const char *kind;  /* "openai", "ollama"; "auto" = not asked yet */
    unsigned failures; /* in a row */
    int64_t rests_ms;  /* left alone for so long */
    char last_error[200];
};
/* Does the i-th endpoint of the settings answer, take the key and have the model? Asks for its list
 * of models, never the model. 1 with the model's name, 0 when there is no i-th one; -ENOENT names
 * the models it has. */
DOCFS_API int docfs_chat_check(struct docfs *d, size_t i, char *ret_model, size_t size,
                               struct docfs_err *err);
/* Returns how many were written, at most max. */
DOCFS_API size_t docfs_chat_endpoints(struct docfs *d, struct docfs_chat_endpoint *ret, size_t max);
