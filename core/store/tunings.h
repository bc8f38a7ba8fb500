/* SPDX-License-Identifier: MIT
 * Adaptations of the built-in model (docfs tune), and the texts they are made from. The rules of
 * store.h hold. */
#pragma once
#include "core/store/store.h"

struct store_tuning {
    char name[16];
    int64_t pairs, made_at;
    double before, after;
    struct buf factors; /* buf_fini */
};
int store_put_tuning(struct store_write *w, const struct store_tuning *t, struct docfs_err *err);
/* The one in force is no longer; -ENOENT (without text) when there is none. */
int store_undo_tuning(struct store_write *w, struct docfs_err *err);
/* By name, also when it was undone; "" = the one in force. -ENOENT without text. */
int store_get_tuning(struct store_read *r, const char *name, struct store_tuning *ret,
                     struct docfs_err *err);

/* Every passage with its text, in order; non-zero from fn ends it and is returned. */
struct store_text {
    int64_t document, collection;
    const char *title, *heading, *path, *text; /* text: len bytes, not terminated */
    size_t len;
};
typedef int store_passage_fn(void *arg, const struct store_text *t);
int store_each_passage(struct store_read *r, store_passage_fn *fn, void *arg,
                       struct docfs_err *err);
