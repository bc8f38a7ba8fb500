/* SPDX-License-Identifier: MIT
 * Sums of aged signals per document and per (question, document), kept until the epoch moves or an
 * hour has passed. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/feedback/feedback.h"
#include "core/util/clock.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

#define AGE_S 3600 /* priors are aged anew after that */

struct sum {
    int64_t question, document; /* question 0: of the document alone */
    double value;
};

struct priors {
    atomic_uint refs;
    int64_t epoch, made_at;
    double weight;
    struct sum *item; /* ordered by question, document; one per pair */
    size_t n;
};

struct making {
    struct priors *p;
    int64_t until, now;
    double half_life;
    bool oom;
};

/* The words of a question without their order, so that "open a file" is "a file open". */
int64_t priors_question(const char *text)
{
    uint64_t sum = 0, mixed = 0, h = 0;
    size_t words = 0;
    for (const char *p = text;; p++) {
        unsigned char c = (unsigned char)*p;
        if (isalnum(c) || c >= 0x80 || c == '_') {
            h = (h ^ (unsigned char)tolower(c)) * UINT64_C(0x100000001b3) + 1;
            continue;
        }
        if (h) {
            uint64_t w = hash64(&h, sizeof(h), 1);
            sum += w;
            mixed ^= w * 31;
            words++;
            h = 0;
        }
        if (!c)
            break;
    }
    uint64_t both[2] = {sum, mixed};
    return words ? (int64_t)(hash64(both, sizeof(both), words) >> 1) | 1 : 0;
}

static bool push(struct priors *p, int64_t question, int64_t document, double value)
{
    if (!grow(&p->item, p->n, sizeof(*p->item)))
        return false;
    p->item[p->n++] = (struct sum){question, document, value};
    return true;
}

static void learn(void *arg, const struct store_feedback *f)
{
    struct making *m = arg;
    if (m->oom || (m->until && f->id > m->until))
        return;
    double age = m->now > f->at ? (double)(m->now - f->at) : 0;
    double value = f->value * exp2(-age / m->half_life);
    m->oom = !push(m->p, 0, f->document, value) ||
             (f->question && !push(m->p, f->question, f->document, value));
}

static int by_pair(const void *a, const void *b)
{
    const struct sum *x = a, *y = b;
    if (x->question != y->question)
        return x->question < y->question ? -1 : 1;
    return (x->document > y->document) - (x->document < y->document);
}

static void add_up(struct priors *p)
{
    if (p->n == 0)
        return;
    qsort(p->item, p->n, sizeof(*p->item), by_pair);
    size_t out = 0;
    for (size_t i = 1; i < p->n; i++) {
        if (by_pair(&p->item[out], &p->item[i]) == 0)
            p->item[out].value += p->item[i].value;
        else
            p->item[++out] = p->item[i];
    }
    p->n = out + 1;
}

void priors_unref(struct priors *p)
{
    if (!p || atomic_fetch_sub(&p->refs, 1) != 1)
        return;
    free(p->item);
    free(p);
}

int priors_make(struct docfs *d, struct store_read *r, int64_t until, int64_t now,
                struct priors **ret, struct docfs_err *err)
{
    struct making m = {.p = calloc(1, sizeof(*m.p)),
                       .until = until,
                       .now = now,
                       .half_life = (double)setting_int(d, "feedback.half_life") / 1000};
    if (!m.p)
        return err_oom(err);
    atomic_init(&m.p->refs, 1);
    m.p->made_at = now;
    m.p->weight = setting_real(d, "feedback.weight");
    struct store_feedback_filter all = {.max = INT64_MAX, .below = SIGNALS, .oldest_first = true};
    int rc = store_list_feedback(r, &all, learn, &m, err);
    if (rc == 0 && m.oom)
        rc = err_oom(err);
    if (rc < 0) {
        priors_unref(m.p);
        return rc;
    }
    add_up(m.p);
    *ret = m.p;
    return 0;
}

int priors_get(struct docfs *d, struct store_read *r, struct priors **ret, struct docfs_err *err)
{
    int64_t epoch, now = clock_wall_ns() / 1000000000;
    int rc = store_feedback_epoch(r, &epoch, err);
    if (rc < 0)
        return rc;
    *ret = NULL;
    if (epoch == 0) /* nobody ever said anything */
        return 0;
    double weight = setting_real(d, "feedback.weight");
    pthread_mutex_lock(&d->priors_lock);
    struct priors *p = d->priors;
    if (!p || p->epoch != epoch || now - p->made_at > AGE_S || p->weight != weight) {
        struct priors *made;
        rc = priors_make(d, r, 0, now, &made, err);
        if (rc == 0) {
            priors_unref(p);
            made->epoch = epoch;
            d->priors = p = made;
        }
    }
    if (rc == 0) {
        atomic_fetch_add(&p->refs, 1);
        *ret = p;
    }
    pthread_mutex_unlock(&d->priors_lock);
    return rc;
}

bool priors_empty(const struct priors *p)
{
    return !p || p->n == 0 || p->weight == 0;
}

static double sum_of(const struct priors *p, int64_t question, int64_t document)
{
    struct sum key = {question, document, 0};
    const struct sum *s = bsearch(&key, p->item, p->n, sizeof(key), by_pair);
    return s ? s->value : 0;
}

double priors_of(const struct priors *p, int64_t question, int64_t document)
{
    double v = PRIOR_DOCUMENT * tanh(sum_of(p, 0, document) / 4);
    if (question)
        v += PRIOR_QUESTION * tanh(sum_of(p, question, document) / 2);
    return v * p->weight;
}
