/* SPDX-License-Identifier: MIT
 * Feedback: what people and programs say about documents, and what they do with answers.
 *
 * Each signal is kept with its time, document, question and door. From them come priors that are
 * added to scores: per document (at most 0.04) and per document and question (at most 0.16), both
 * multiplied by setting feedback.weight, halving every feedback.half_life. Questions count as the
 * same when they hold the same words. Signals that only watch (opened, dwell, refined) take effect
 * within a minute and count once an hour for a document, question and door.
 *
 * The rules of core/docfs.h hold. */
#pragma once
#include "core/docfs.h"
#include "core/util/scope.h"

enum docfs_signal {
    SIGNAL_HELPFUL,
    SIGNAL_NOT_HELPFUL,
    SIGNAL_OUTDATED,
    SIGNAL_INCORRECT,
    SIGNAL_FLAG,    /* something is wrong with it that a person should look at */
    SIGNAL_OPENED,  /* opened from an answer */
    SIGNAL_DWELL,   /* and stayed with */
    SIGNAL_REFINED, /* the question was asked again in other words instead */
};
#define SIGNALS 8
/* "helpful", "not_helpful", ...; NULL for a number that is none. */
DOCFS_API const char *docfs_signal_name(enum docfs_signal s);
/* Accepts '-' for '_'. -EINVAL with the list of names. */
DOCFS_API int docfs_signal_parse(const char *name, enum docfs_signal *ret, struct docfs_err *err);
/* Somebody said it, nobody inferred it. */
DOCFS_API bool docfs_signal_explicit(enum docfs_signal s);

struct docfs_feedback {
    enum docfs_signal signal;
    int64_t document;    /* row; -ENOENT when it is gone */
    const char *query;   /* the question it was an answer to; NULL or "" = none */
    const char *door;    /* "cli", "mount", "ui", "mcp", "api" */
    const char *comment; /* of a person, at most 2000 bytes; may be NULL */
    unsigned rank;       /* place in the answer, 0 = unknown: what stands on top is opened anyway */
};
/* -ENOENT: no such document; -EINVAL. A repeated implicit signal is not an error, and not kept. */
DOCFS_API int docfs_feedback_add(struct docfs *d, const struct docfs_feedback *f,
                                 struct docfs_err *err);

struct docfs_feedback_row {
    int64_t id, at, document; /* at: seconds */
    enum docfs_signal signal;
    double value; /* what it weighed when it was given */
    char public_id[DOC_ID_LEN + 1];
    const char *collection, *path, *query, *door, *comment;
};
struct docfs_feedbacks {
    struct docfs_feedback_row *item; /* newest first */
    size_t n;
};
/* document 0 and collection NULL = all; at most max (0 = 100). */
DOCFS_API int docfs_feedback_list(struct docfs *d, int64_t document, const char *collection,
                                  bool only_explicit, size_t max, struct docfs_feedbacks **ret,
                                  struct docfs_err *err);
DOCFS_API void docfs_feedbacks_free(struct docfs_feedbacks *f);
DEFINE_CLEANUP(struct docfs_feedbacks, docfs_feedbacks_free)
/* Forgets the feedback on a document, on a collection, or (0 and NULL) all; returns how much. */
DOCFS_API int64_t docfs_feedback_reset(struct docfs *d, int64_t document, const char *collection,
                                       struct docfs_err *err);

/* ---- what is done with answers ------------------------------------------------------------ */

/* A front end tells of the answers that it gives and of the documents that are read. What is read
 * within ten minutes after it was found becomes SIGNAL_OPENED; a question that was asked again in
 * other words before anything of its answer was read, SIGNAL_REFINED. Who reads more than three
 * documents of an answer reads all of it and has not chosen: that tells nothing. Thread-safe. */
struct docfs_opens;
/* door: static. */
DOCFS_API int docfs_opens_new(struct docfs *d, const char *door, struct docfs_opens **ret,
                              struct docfs_err *err);
DOCFS_API void docfs_opens_free(struct docfs_opens *o); /* writes down what is left; NULL allowed */
DEFINE_CLEANUP(struct docfs_opens, docfs_opens_free)
DOCFS_API void docfs_opens_answered(struct docfs_opens *o, const char *query,
                                    const struct docfs_results *r);
/* The answer to that question is remembered: it need not be told again. */
DOCFS_API bool docfs_opens_knows(struct docfs_opens *o, const char *query);
/* Quick: nothing is written. */
DOCFS_API void docfs_opens_read(struct docfs_opens *o, int64_t document);
/* Writes down what nobody has gone on with for two seconds (all: everything). To be called now and
 * then by a thread that may wait. */
DOCFS_API void docfs_opens_settle(struct docfs_opens *o, bool all);

/* ---- does it help? ------------------------------------------------------------------------ */

struct docfs_replay {
    size_t learned, asked;        /* signals learned from; questions asked again */
    size_t better, worse, same;   /* of those: the wanted document moved up, down, stayed */
    double mrr_before, mrr_after; /* mean of 1/rank of the wanted document, 0 when not found */
};
/* Replays the stored signals in their order: learns from the first `part` (0..1) of them, then asks
 * each question of the rest that found something helpful, without and with what was learned.
 * Changes nothing. */
DOCFS_API int docfs_feedback_replay(struct docfs *d, double part, struct docfs_replay *ret,
                                    struct docfs_err *err);
