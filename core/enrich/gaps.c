/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/enrich/gaps.h"

#define LISTED 100

struct listing {
    struct docfs_gaps *g;
    bool oom;
};

static void add_gap(void *arg, const struct store_gap *g)
{
    struct listing *l = arg;
    if (l->oom || !grow(&l->g->item, l->g->n, sizeof(*l->g->item))) {
        l->oom = true;
        return;
    }
    struct docfs_gap *x = &l->g->item[l->g->n++];
    *x = (struct docfs_gap){.id = g->id,
                            .job = g->job,
                            .query = strdup(g->query),
                            .topic = strdup(g->topic),
                            .group = strdup(*g->topic ? g->topic : g->query),
                            .state = strdup(g->state),
                            .sufficiency = g->sufficiency,
                            .asked = (size_t)g->asked,
                            .first_at = g->first_at,
                            .last_at = g->last_at};
    l->oom = !x->query || !x->topic || !x->group || !x->state;
}

static int list(struct docfs *d, int64_t id, bool all, size_t max, struct docfs_gaps **ret,
                struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct listing l = {.g = calloc(1, sizeof(*l.g))};
    store_log_settle(d->store);
    int rc = l.g ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_gaps(r, id, all, max, add_gap, &l, err);
    if (rc == 0 && l.oom)
        rc = err_oom(err);
    if (rc < 0)
        docfs_gaps_free(l.g);
    else
        *ret = l.g;
    return rc;
}

int docfs_gaps(struct docfs *d, bool all, size_t max, struct docfs_gaps **ret,
               struct docfs_err *err)
{
    return list(d, 0, all, max ? max : LISTED, ret, err);
}

void docfs_gaps_free(struct docfs_gaps *g)
{
    for (size_t i = 0; g && i < g->n; i++) {
        free((char *)g->item[i].query);
        free((char *)g->item[i].topic);
        free((char *)g->item[i].group);
        free((char *)g->item[i].state);
    }
    if (g)
        free(g->item);
    free(g);
}

int gap_get(struct docfs *d, int64_t id, struct docfs_gaps **ret, struct docfs_err *err)
{
    int rc = id > 0 ? list(d, id, true, 1, ret, err) : -ENOENT;
    if (rc == 0 && (*ret)->n == 0) {
        docfs_gaps_free(*ret);
        *ret = NULL;
        rc = -ENOENT;
    }
    return rc == -ENOENT
               ? err_set(err, rc, "there is no gap %lld (docfs gaps shows them)", (long long)id)
               : rc;
}

int docfs_gap_dismiss(struct docfs *d, int64_t id, bool reopen, struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    return store_write_end(w, store_set_gap(w, id, reopen ? "open" : "dismissed", 0, err), err);
}

/* ---- consents ---- */

struct consents {
    struct docfs_consents *c;
    bool oom;
};

static void add_consent(void *arg, const struct store_consent *s)
{
    struct consents *l = arg;
    if (l->oom || !grow(&l->c->item, l->c->n, sizeof(*l->c->item))) {
        l->oom = true;
        return;
    }
    struct docfs_consent *x = &l->c->item[l->c->n++];
    *x = (struct docfs_consent){.at = s->at,
                                .gap = s->gap,
                                .job = s->job,
                                .who = strdup(s->who),
                                .policy = strdup(s->policy),
                                .location = strdup(s->location),
                                .query = strdup(s->query)};
    l->oom = !x->who || !x->policy || !x->location || !x->query;
}

int docfs_consents(struct docfs *d, size_t max, struct docfs_consents **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct consents l = {.c = calloc(1, sizeof(*l.c))};
    int rc = l.c ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_consents(r, max ? max : LISTED, add_consent, &l, err);
    if (rc == 0 && l.oom)
        rc = err_oom(err);
    if (rc < 0)
        docfs_consents_free(l.c);
    else
        *ret = l.c;
    return rc;
}

void docfs_consents_free(struct docfs_consents *c)
{
    for (size_t i = 0; c && i < c->n; i++) {
        free((char *)c->item[i].who);
        free((char *)c->item[i].policy);
        free((char *)c->item[i].location);
        free((char *)c->item[i].query);
    }
    if (c)
        free(c->item);
    free(c);
}
