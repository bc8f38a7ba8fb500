/* SPDX-License-Identifier: MIT
 * Rows of tokens and audit; see store.h for the rules. */
#pragma once
#include "core/store/store.h"

struct store_token {
    int64_t id;
    const char *name; /* as long as the call of fn */
    unsigned scopes;
    int64_t created_at, expires_at, used_at;
    const unsigned char *hash; /* SHA256_LEN bytes */
};
/* fn per token, by name. */
int store_tokens(struct store_read *r, void (*fn)(void *arg, const struct store_token *t),
                 void *arg, struct docfs_err *err);
/* -EEXIST when the name is taken. */
int store_put_token(struct store_write *w, const struct store_token *t, struct docfs_err *err);
/* -ENOENT when there is none of that name. */
int store_delete_token(struct store_write *w, const char *name, struct docfs_err *err);
int store_token_used(struct store_write *w, int64_t id, int64_t at, struct docfs_err *err);

struct store_audit {
    int64_t at;
    const char *client, *address, *action, *object, *detail, *trace;
};
int store_put_audit(struct store_write *w, const struct store_audit *a, struct docfs_err *err);
/* Newest first, at most max. */
int store_audits(struct store_read *r, size_t max,
                 void (*fn)(void *arg, const struct store_audit *a), void *arg,
                 struct docfs_err *err);
