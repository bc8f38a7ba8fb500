/* SPDX-License-Identifier: MIT */
#include "core/text/hygiene.h"

#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "core/util/grow.h"

const char *docfs_sign_name(unsigned bit)
{
    return hygiene_name(bit);
}

struct listing {
    struct docfs_flagged *f;
    bool oom;
};

static void add(void *arg, const char *collection, const char *path, const char *findings,
                unsigned signs)
{
    struct listing *l = arg;
    if (!grow(&l->f->item, l->f->n, sizeof(*l->f->item))) {
        l->oom = true;
        return;
    }
    struct docfs_flagged_document *x = &l->f->item[l->f->n++];
    *x = (struct docfs_flagged_document){.collection = strdup(collection),
                                         .path = strdup(path),
                                         .findings = strdup(findings),
                                         .signs = signs};
    l->oom = l->oom || !x->collection || !x->path || !x->findings;
}

int docfs_flagged(struct docfs *d, const char *collection, size_t max, struct docfs_flagged **ret,
                  struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct listing l = {.f = calloc(1, sizeof(*l.f))};
    int rc = l.f ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_list_flagged(r, collection, max, add, &l, err);
    if (rc == 0 && l.oom)
        rc = err_oom(err);
    if (rc < 0) {
        docfs_flagged_free(l.f);
        return rc;
    }
    *ret = l.f;
    return 0;
}

void docfs_flagged_free(struct docfs_flagged *f)
{
    for (size_t i = 0; f && i < f->n; i++) {
        free((char *)f->item[i].collection);
        free((char *)f->item[i].path);
        free((char *)f->item[i].findings);
    }
    if (f)
        free(f->item);
    free(f);
}
