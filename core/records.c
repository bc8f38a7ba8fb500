/* SPDX-License-Identifier: MIT */
#include "core/docfs_records.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"
#include "core/store/records.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

void docfs_records_free(struct docfs_records *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++) {
        free((char *)r->item[i].kind);
        free((char *)r->item[i].parent);
        free((char *)r->item[i].key);
        free((char *)r->item[i].value);
        free((char *)r->item[i].body);
    }
    free(r->item);
    free(r);
}

static int add(void *arg, const struct store_record *r)
{
    struct docfs_records *l = arg;
    if (!grow(&l->item, l->n, sizeof(*l->item)))
        return -ENOMEM;
    struct docfs_record *x = &l->item[l->n++];
    *x = (struct docfs_record){.id = r->id,
                               .kind = strdup(r->kind),
                               .parent = strdup(r->parent),
                               .key = strdup(r->key),
                               .value = strdup(r->value),
                               .body = r->body ? strdup(r->body) : NULL,
                               .created_at = r->created_at,
                               .updated_at = r->updated_at};
    return x->kind && x->parent && x->key && x->value && (!r->body || x->body) ? 0 : -ENOMEM;
}

int docfs_records(struct docfs *d, const struct docfs_record_filter *f, struct docfs_records **ret,
                  struct docfs_err *err)
{
    _cleanup_(docfs_records_freep) struct docfs_records *l = calloc(1, sizeof(*l));
    struct store_read *r;
    if (!l)
        return err_oom(err);
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    struct store_record_filter all = {.kind = f->kind,
                                      .parent = f->parent,
                                      .key = f->key,
                                      .newest = f->newest,
                                      .body = f->body,
                                      .max = f->max};
    rc = store_records(r, &all, add, l, err);
    store_read_end(r);
    if (rc < 0)
        return rc == -ENOMEM ? err_oom(err) : rc;
    *ret = steal_ptr(l);
    return 0;
}

int docfs_record_put(struct docfs *d, const struct docfs_record *r, int64_t *ret_id,
                     struct docfs_err *err)
{
    struct store_write *w;
    if (strlen(r->value) > DOCFS_RECORD_MAX || (r->body && strlen(r->body) > DOCFS_RECORD_MAX))
        return err_set(err, -EFBIG, "a %s may have %u MiB", r->kind, DOCFS_RECORD_MAX >> 20);
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    struct store_record row = {
        .kind = r->kind, .parent = r->parent, .key = r->key, .value = r->value, .body = r->body};
    return store_write_end(w, store_put_record(w, &row, ret_id, err), err);
}

int64_t docfs_record_drop(struct docfs *d, const char *kind, const char *parent, const char *key,
                          struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    int64_t n = store_drop_records(w, kind, parent, key, err);
    rc = store_write_end(w, n < 0 ? (int)n : 0, err);
    return rc < 0 ? rc : n;
}
