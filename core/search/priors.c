/* SPDX-License-Identifier: MIT
 * What feedback adds to the scores of an answer's documents. */
#include "core/search/search.h"

int search_priors(struct docfs *d, struct store_read *r, const struct query *q,
                  struct candidate *list, size_t n, struct docfs_err *err)
{
    struct priors *p = NULL;
    int rc = q->plain ? 0 : priors_get(d, r, &p, err);
    if (rc < 0 || priors_empty(p)) {
        priors_unref(p);
        return rc;
    }
    int64_t question = priors_question(q->text);
    double most = 1;
    for (size_t i = 0; i < n; i++) {
        struct candidate *c = &list[i];
        c->prior = priors_of(p, question, c->document);
        c->score += c->prior;
        c->score = c->score < 0 ? 0 : c->score;
        most = c->score > most ? c->score : most;
    }
    /* Scores stay within 0..1; cutting them off would make the best ones equal. */
    for (size_t i = 0; i < n; i++)
        list[i].score /= most;
    priors_unref(p);
    return fuse_sort(list, n) < 0 ? err_oom(err) : 0;
}
