/* SPDX-License-Identifier: MIT
 * Summaries as they are kept. Written in enrich/summary.c. */
#include "core/docfs_summaries.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "core/store/summaries.h"
#include "core/util/grow.h"

static int add_summary(void *arg, const struct store_summary *s)
{
    struct docfs_summaries *l = arg;
    if (!grow(&l->item, l->n, sizeof(*l->item)))
        return -ENOMEM;
    struct docfs_summary *x = &l->item[l->n++];
    *x = (struct docfs_summary){.collection = strdup(s->collection),
                                .path = strdup(s->path),
                                .text = strdup(s->text),
                                .model = strdup(s->model),
                                .at = s->at};
    return x->collection && x->path && x->text && x->model ? 0 : -ENOMEM;
}

int docfs_summaries(struct docfs *d, const char *collection, size_t max,
                    struct docfs_summaries **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct docfs_summaries *l = calloc(1, sizeof(*l));
    int rc = l ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_summaries(r, collection, false, max, add_summary, l, err);
    if (rc < 0) {
        docfs_summaries_free(l);
        return rc == -ENOMEM ? err_oom(err) : rc;
    }
    *ret = l;
    return 0;
}

void docfs_summaries_free(struct docfs_summaries *s)
{
    for (size_t i = 0; s && i < s->n; i++) {
        free((char *)s->item[i].collection);
        free((char *)s->item[i].path);
        free((char *)s->item[i].text);
        free((char *)s->item[i].model);
    }
    if (s)
        free(s->item);
    free(s);
}
