/* SPDX-License-Identifier: MIT
 * Small things that front ends keep in the cache: workspaces, threads, chats, uploads. A record has
 * a kind, belongs to a parent, and has a key there or is one of a sequence. What its value means is
 * up to the front end. The rules of core/docfs.h hold. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"
#include "core/util/scope.h"

struct docfs;

#define DOCFS_RECORD_MAX (16u << 20) /* bytes of value, and of body */

struct docfs_record {
    int64_t id;
    const char *kind, *parent, *key; /* key "" = one of a sequence */
    const char *value;               /* JSON object */
    const char *body;                /* NULL unless asked for */
    int64_t created_at, updated_at;  /* seconds */
};
struct docfs_records {
    struct docfs_record *item;
    size_t n;
};
struct docfs_record_filter {
    const char *kind;         /* needed */
    const char *parent, *key; /* NULL = any */
    bool newest;              /* the newest first, else the oldest */
    bool body;
    size_t max; /* 0 = all */
};
DOCFS_API int docfs_records(struct docfs *d, const struct docfs_record_filter *f,
                            struct docfs_records **ret, struct docfs_err *err);
DOCFS_API void docfs_records_free(struct docfs_records *r);
DEFINE_CLEANUP(struct docfs_records, docfs_records_free)

/* Writes kind, parent, key and value; body NULL keeps the body of a record that is there. With a
 * key the record of that key is replaced, else a new one is added. ret_id may be NULL. -EFBIG. */
DOCFS_API int docfs_record_put(struct docfs *d, const struct docfs_record *r, int64_t *ret_id,
                               struct docfs_err *err);
/* Returns how many went. parent and key NULL = any. */
DOCFS_API int64_t docfs_record_drop(struct docfs *d, const char *kind, const char *parent,
                                    const char *key, struct docfs_err *err);
