/* SPDX-License-Identifier: MIT
 * Rows of records; see store.h for the rules and core/docfs_records.h for what they mean. */
#pragma once
#include "core/store/store.h"

struct store_record {
    int64_t id;
    const char *kind, *parent, *key, *value, *body; /* body NULL: not asked for; kept as it is */
    int64_t created_at, updated_at;
};
struct store_record_filter {
    const char *kind, *parent, *key; /* parent, key: NULL = any */
    bool newest, body;
    size_t max; /* 0 = all */
};
/* fn per record; its strings live as long as the call. Negative from fn ends with that code. */
int store_records(struct store_read *r, const struct store_record_filter *f,
                  int (*fn)(void *arg, const struct store_record *r), void *arg,
                  struct docfs_err *err);
int store_put_record(struct store_write *w, const struct store_record *r, int64_t *ret_id,
                     struct docfs_err *err);
/* How many went. */
int64_t store_drop_records(struct store_write *w, const char *kind, const char *parent,
                           const char *key, struct docfs_err *err);
