/* SPDX-License-Identifier: MIT
 * Who may use a cache over the network: bearer tokens, kept as hashes, and the audit log of what
 * was changed that way. The rules of core/docfs.h hold. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"
#include "core/util/scope.h"

struct docfs;

enum docfs_scope {
    DOCFS_READ = 1,  /* search and read */
    DOCFS_WRITE = 2, /* change collections, sources, feedback; includes read */
    DOCFS_ADMIN = 4, /* settings, tokens, logs; includes write */
};
/* "read", "write" or "admin" -> the bits it stands for, those it includes too; 0 for another word.
 */
DOCFS_API unsigned docfs_scope_parse(const char *word);
/* The widest word for the bits. */
DOCFS_API const char *docfs_scope_name(unsigned scopes);

#define DOCFS_TOKEN_LEN 49 /* "docfs_" and 43 characters of base64url: 256 random bits */
#define DOCFS_TOKEN_HASH 32

struct docfs_token {
    int64_t id;
    const char *name;
    unsigned scopes;
    int64_t created_at, expires_at, used_at; /* seconds; 0 = never. used_at to the minute */
    unsigned char hash[DOCFS_TOKEN_HASH];
};
struct docfs_tokens {
    struct docfs_token *item; /* ordered by name */
    size_t n;
};
DOCFS_API int docfs_tokens(struct docfs *d, struct docfs_tokens **ret, struct docfs_err *err);
DOCFS_API void docfs_tokens_free(struct docfs_tokens *t);
DEFINE_CLEANUP(struct docfs_tokens, docfs_tokens_free)
/* Makes a token; the text in ret is the only copy there will ever be. name: 1 to 64 printable
 * characters, -EEXIST when it is taken. expires_at: seconds since the epoch, 0 = never. */
DOCFS_API int docfs_token_create(struct docfs *d, const char *name, unsigned scopes,
                                 int64_t expires_at, char ret[DOCFS_TOKEN_LEN + 1],
                                 struct docfs_err *err);
/* -ENOENT when there is none of that name. */
DOCFS_API int docfs_token_revoke(struct docfs *d, const char *name, struct docfs_err *err);
/* Writes down that tokens were used just now. Gives up at once when somebody else writes. */
DOCFS_API int docfs_token_used(struct docfs *d, const int64_t *id, size_t n, struct docfs_err *err);
/* Hash under which a token is kept. */
DOCFS_API void docfs_token_hash(const char *token, unsigned char ret[DOCFS_TOKEN_HASH]);

struct docfs_audit {
    int64_t at;                   /* seconds; docfs_audit_add: 0 = now */
    const char *client, *address; /* name of the token, or the address again */
    const char *action, *object;  /* "collection.create", "python@3.11" */
    const char *detail, *trace;
};
struct docfs_audits {
    struct docfs_audit *item; /* newest first */
    size_t n;
};
DOCFS_API int docfs_audit_add(struct docfs *d, const struct docfs_audit *a, struct docfs_err *err);
DOCFS_API int docfs_audits(struct docfs *d, size_t max, struct docfs_audits **ret,
                           struct docfs_err *err);
DOCFS_API void docfs_audits_free(struct docfs_audits *a);
DEFINE_CLEANUP(struct docfs_audits, docfs_audits_free)
