/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/feedback/feedback.h"
#include "core/util/grow.h"
#include "core/util/utf8.h"

#define COMMENT_MAX 2000
#define ONCE_S 3600 /* an implicit signal counts once in that time */
#define EPOCH_S 60  /* and takes effect together with the others of that time */
#define LISTED 100

static const char *const names[SIGNALS] = {"helpful", "not_helpful", "outdated", "incorrect",
                                           "flag",    "opened",      "dwell",    "refined"};

const char *docfs_signal_name(enum docfs_signal s)
{
    return (unsigned)s < SIGNALS ? names[s] : NULL;
}

int docfs_signal_parse(const char *name, enum docfs_signal *ret, struct docfs_err *err)
{
    char text[32];
    snprintf(text, sizeof(text), "%.31s", name);
    for (char *p = text; *p; p++)
        *p = *p == '-' ? '_' : *p;
    for (unsigned i = 0; i < SIGNALS; i++)
        if (strcmp(names[i], text) == 0) {
            *ret = (enum docfs_signal)i;
            return 0;
        }
    return err_set(
        err, -EINVAL,
        "no feedback is called \"%.31s\": use helpful, not_helpful, outdated, incorrect, "
        "flag, opened, dwell or refined",
        name);
}

bool docfs_signal_explicit(enum docfs_signal s)
{
    return s < SIGNAL_OPENED;
}

double signal_value(enum docfs_signal s, unsigned rank)
{
    static const double value[SIGNALS] = {1, -1, -0.6, -1, -0.5, 0.25, 0.3, -0.15};
    if (s != SIGNAL_OPENED)
        return value[s];
    /* What stands on top is opened because it stands there. */
    return rank == 0 ? 0.1 : rank < 3 ? value[s] * rank / 3 : value[s];
}

static int check(const struct docfs_feedback *f, struct docfs_err *err)
{
    if ((unsigned)f->signal >= SIGNALS)
        return err_set(err, -EINVAL, "unknown kind of feedback %d", (int)f->signal);
    if (f->comment && strlen(f->comment) > COMMENT_MAX)
        return err_set(err, -EINVAL, "the comment is longer than %d bytes", COMMENT_MAX);
    if (f->query && strlen(f->query) > QUERY_MAX)
        return err_set(err, -EINVAL, "the query is longer than %d bytes", QUERY_MAX);
    return 0;
}

/* The words of a question; filters and exclusions do not belong to it. */
static int question_of(const char *query, int64_t *ret)
{
    struct query *q = NULL;
    *ret = 0;
    if (!query || !*query)
        return 0;
    int rc = query_parse(query, strlen(query), false, &q, NULL);
    *ret = priors_question(rc == 0 ? q->text : query);
    query_free(q);
    return rc == -ENOMEM ? rc : 0;
}

int docfs_feedback_add(struct docfs *d, const struct docfs_feedback *f, struct docfs_err *err)
{
    int64_t question = 0;
    int rc = check(f, err);
    if (rc == 0 && question_of(f->query, &question) < 0)
        rc = err_oom(err);
    struct store_write *w;
    if (rc == 0)
        rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    bool said = docfs_signal_explicit(f->signal), kept;
    struct store_feedback row = {.signal = (int)f->signal,
                                 .document = f->document,
                                 .question = question,
                                 .value = signal_value(f->signal, f->rank),
                                 .query = f->query ? f->query : "",
                                 .door = f->door ? f->door : "api",
                                 .comment = f->comment ? f->comment : ""};
    rc = store_put_feedback(w, &row, said ? 0 : ONCE_S, said ? 0 : EPOCH_S, &kept, err);
    return store_write_end(w, rc, err);
}

struct listing {
    struct docfs_feedbacks *f;
    bool oom;
};

static void add_row(void *arg, const struct store_feedback *f)
{
    struct listing *l = arg;
    if (l->oom || !grow(&l->f->item, l->f->n, sizeof(*l->f->item))) {
        l->oom = true;
        return;
    }
    struct docfs_feedback_row *x = &l->f->item[l->f->n++];
    *x = (struct docfs_feedback_row){.id = f->id,
                                     .at = f->at,
                                     .document = f->document,
                                     .signal = (enum docfs_signal)f->signal,
                                     .value = f->value,
                                     .collection = strdup(f->collection),
                                     .path = strdup(f->path),
                                     .query = strdup(f->query),
                                     .door = strdup(f->door),
                                     .comment = strdup(f->comment)};
    name_doc_id(f->document, x->public_id);
    l->oom = !x->collection || !x->path || !x->query || !x->door || !x->comment;
}

void docfs_feedbacks_free(struct docfs_feedbacks *f)
{
    for (size_t i = 0; f && i < f->n; i++) {
        free((char *)f->item[i].collection);
        free((char *)f->item[i].path);
        free((char *)f->item[i].query);
        free((char *)f->item[i].door);
        free((char *)f->item[i].comment);
    }
    if (f)
        free(f->item);
    free(f);
}

int docfs_feedback_list(struct docfs *d, int64_t document, const char *collection,
                        bool only_explicit, size_t max, struct docfs_feedbacks **ret,
                        struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_feedback_filter f = {.document = document,
                                      .collection = collection,
                                      .below = only_explicit ? SIGNAL_OPENED : SIGNALS,
                                      .max = max > INT32_MAX ? INT32_MAX
                                             : max           ? (int64_t)max
                                                             : LISTED};
    struct listing l = {.f = calloc(1, sizeof(*l.f))};
    int rc = l.f ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_feedback(r, &f, add_row, &l, err);
    if (rc == 0 && l.oom)
        rc = err_oom(err);
    if (rc < 0)
        docfs_feedbacks_free(l.f);
    else
        *ret = l.f;
    return rc;
}

int64_t docfs_feedback_reset(struct docfs *d, int64_t document, const char *collection,
                             struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    int64_t n = store_reset_feedback(w, document, collection, err);
    rc = store_write_end(w, n < 0 ? (int)n : 0, err);
    return rc < 0 ? rc : n;
}
