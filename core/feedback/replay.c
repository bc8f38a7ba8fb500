/* SPDX-License-Identifier: MIT
 * The stored signals played again: would what was learned first have helped with what came later?
 * Each question is asked once, without feedback; what was learned is added to that answer. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/feedback/feedback.h"
#include "core/util/clock.h"
#include "core/util/grow.h"

#define DEPTH 50 /* documents of an answer that are looked at */

struct event {
    int64_t id, document, question;
    double value;
    char *query;
};

struct replay {
    struct event *item;
    size_t n;
    bool oom;
};

static void collect(void *arg, const struct store_feedback *f)
{
    struct replay *p = arg;
    if (p->oom || !grow(&p->item, p->n, sizeof(*p->item))) {
        p->oom = true;
        return;
    }
    p->item[p->n++] = (struct event){f->id, f->document, f->question, f->value, strdup(f->query)};
    p->oom = !p->item[p->n - 1].query;
}

static void replay_fini(struct replay *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->item[i].query);
    free(p->item);
}

/* Place of the wanted document when each hit's score is its own plus the given priors; 0 = none. */
static size_t rank_of(const struct docfs_results *r, int64_t document, const struct priors *p,
                      int64_t question)
{
    double wanted = -1;
    size_t rank = 1;
    for (size_t i = 0; i < r->n; i++)
        if (r->hit[i].document == document)
            wanted = r->hit[i].score + (p ? priors_of(p, question, document) : 0);
    if (wanted < 0)
        return 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct docfs_hit *h = &r->hit[i];
        double score = h->score + (p ? priors_of(p, question, h->document) : 0);
        rank += score > wanted;
    }
    return rank;
}

static int ask(struct docfs *d, const struct event *e, const struct priors *p,
               struct docfs_replay *out, struct docfs_err *err)
{
    struct query *q = NULL;
    struct docfs_results *r = NULL;
    int rc = query_parse(e->query, strlen(e->query), false, &q, err);
    if (rc == 0) {
        q->k = DEPTH;
        q->plain = true;
        rc = docfs_search(d, q, 0, &r, err);
    }
    query_free(q);
    if (rc < 0)
        return rc == -EINVAL ? 0 : rc;
    size_t before = rank_of(r, e->document, NULL, 0);
    size_t after = rank_of(r, e->document, p, e->question);
    docfs_results_unref(r);
    out->asked++;
    out->mrr_before += before ? 1.0 / (double)before : 0;
    out->mrr_after += after ? 1.0 / (double)after : 0;
    out->better += after < before;
    out->worse += after > before;
    out->same += after == before;
    return 0;
}

int docfs_feedback_replay(struct docfs *d, double part, struct docfs_replay *ret,
                          struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_feedback_filter all = {.max = INT64_MAX, .below = SIGNALS, .oldest_first = true};
    struct replay p = {0};
    struct priors *priors = NULL;
    struct docfs_replay out = {0};
    if (!(part > 0 && part < 1))
        return err_set(err, -EINVAL, "the part to learn from lies between 0 and 1");
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_list_feedback(r, &all, collect, &p, err);
    if (rc == 0 && p.oom)
        rc = err_oom(err);
    out.learned = (size_t)((double)p.n * part);
    if (rc == 0 && out.learned)
        rc = priors_make(d, r, p.item[out.learned - 1].id, clock_wall_ns() / 1000000000, &priors,
                         err);
    for (size_t i = out.learned; rc == 0 && i < p.n; i++)
        if (p.item[i].value > 0 && *p.item[i].query)
            rc = ask(d, &p.item[i], priors, &out, err);
    priors_unref(priors);
    replay_fini(&p);
    if (rc < 0)
        return rc;
    if (out.asked) {
        out.mrr_before /= (double)out.asked;
        out.mrr_after /= (double)out.asked;
    }
    *ret = out;
    return 0;
}
