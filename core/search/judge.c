/* SPDX-License-Identifier: MIT
 * Is an answer good enough? By rule: the part of the question's words that occur anywhere, and
 * whether what was found is near. */
#include "core/search/search.h"

#include <stdlib.h>
#include <string.h>

#include "core/docfs_gaps.h"
#include "core/store/gaps.h"
#include "core/util/buf.h"
#include "core/util/order.h"

#define NEAR 0.4 /* cosine from which a passage without any of the words still answers */
#define TOPIC_WORDS 4

int judge_answer(const struct lexical *l, struct docfs_results *r)
{
    _cleanup_buf_ struct buf unknown = {0};
    const char *missing[LEX_TERMS_MAX];
    size_t words = 0, n = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct lex_term *t = &l->term[i];
        if (t->part || t->stop)
            continue;
        words++;
        if (!t->df && !results_show(r, t->shown))
            missing[n++] = t->shown;
    }
    if (n) /* two questions about one thing give one text */
        qsort(missing, n, sizeof(*missing), by_text);
    for (size_t i = 0; i < n && i < TOPIC_WORDS; i++)
        buf_addf(&unknown, "%s%s", i ? " " : "", missing[i]);
    const struct docfs_hit *top = r->n > r->below ? &r->hit[0] : NULL;
    r->sufficiency = !top ? 0 : words ? 1 - (double)n / (double)words : 1;
    if (top && !top->lex_rank && top->vec_score < NEAR)
        r->sufficiency /= 2;
    char *text = buf_status(&unknown) < 0 ? NULL
                 : unknown.len            ? buf_steal(&unknown, NULL)
                                          : strdup("");
    if (!text)
        return -1;
    free((char *)r->unknown);
    r->unknown = text;
    return 0;
}

void judge_keep(struct docfs *d, struct store_read *r, const struct query *q,
                const struct docfs_results *res)
{
    if (!setting_int(d, "query_log") || !*q->text || q->plain)
        return;
    bool gap = res->sufficiency <= DOCFS_GAP;
    int64_t question = priors_question(q->canonical);
    if (gap || store_gap_open(r, question))
        store_log_judgement(d->store, question, q->canonical, res->unknown, res->sufficiency, gap);
}
