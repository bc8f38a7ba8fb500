/* SPDX-License-Identifier: MIT
 * Tokens and the audit log. */
#include "core/docfs_access.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/internal.h"
#include "core/store/access.h"
#include "core/util/clock.h"
#include "core/util/grow.h"
#include "core/util/hash.h"
#include "core/util/utf8.h"

#define TOKEN_NAME_MAX 64
#define TEXT_MAX 2000 /* bytes of one audit member */

_Static_assert(DOCFS_TOKEN_HASH == SHA256_LEN, "tokens are kept as SHA-256");

unsigned docfs_scope_parse(const char *word)
{
    if (strcmp(word, "read") == 0)
        return DOCFS_READ;
    if (strcmp(word, "write") == 0)
        return DOCFS_READ | DOCFS_WRITE;
    return strcmp(word, "admin") == 0 ? DOCFS_READ | DOCFS_WRITE | DOCFS_ADMIN : 0;
}

const char *docfs_scope_name(unsigned scopes)
{
    return scopes & DOCFS_ADMIN ? "admin" : scopes & DOCFS_WRITE ? "write" : "read";
}

void docfs_token_hash(const char *token, unsigned char ret[DOCFS_TOKEN_HASH])
{
    sha256(token, strlen(token), ret);
}

/* ---- reading ---- */

struct gather {
    struct docfs_tokens *tokens;
    struct docfs_audits *audits;
    bool oom;
};

static void add_token(void *arg, const struct store_token *t)
{
    struct gather *g = arg;
    struct docfs_tokens *l = g->tokens;
    char *name = strdup(t->name);
    if (!name || !grow(&l->item, l->n, sizeof(*l->item))) {
        free(name);
        g->oom = true;
        return;
    }
    struct docfs_token *x = &l->item[l->n++];
    *x = (struct docfs_token){.id = t->id,
                              .name = name,
                              .scopes = t->scopes,
                              .created_at = t->created_at,
                              .expires_at = t->expires_at,
                              .used_at = t->used_at};
    memcpy(x->hash, t->hash, sizeof(x->hash));
}

int docfs_tokens(struct docfs *d, struct docfs_tokens **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct gather g = {.tokens = calloc(1, sizeof(*g.tokens))};
    int rc = g.tokens ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_tokens(r, add_token, &g, err);
    if (rc == 0 && g.oom)
        rc = err_oom(err);
    if (rc < 0) {
        docfs_tokens_free(g.tokens);
        return rc;
    }
    *ret = g.tokens;
    return 0;
}

void docfs_tokens_free(struct docfs_tokens *t)
{
    for (size_t i = 0; t && i < t->n; i++)
        free((char *)t->item[i].name);
    if (t)
        free(t->item);
    free(t);
}

/* ---- writing ---- */

static void base64url(const unsigned char *data, size_t len, char *out)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned bits = 0, n = 0;
    for (size_t i = 0; i < len; i++) {
        bits = (bits << 8 | data[i]) & 0xffff;
        for (n += 8; n >= 6; n -= 6)
            *out++ = digit[bits >> (n - 6) & 63];
    }
    if (n)
        *out++ = digit[bits << (6 - n) & 63];
    *out = '\0';
}

int docfs_token_create(struct docfs *d, const char *name, unsigned scopes, int64_t expires_at,
                       char ret[DOCFS_TOKEN_LEN + 1], struct docfs_err *err)
{
    unsigned char secret[32], hash[SHA256_LEN];
    char text[DOCFS_TOKEN_LEN + 1] = "docfs_";
    size_t len = strlen(name);
    if (!len || len > TOKEN_NAME_MAX || !utf8_valid(name, len))
        return err_set(err, -EINVAL, "the name of a token has 1 to %d characters", TOKEN_NAME_MAX);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] < ' ' || name[i] == 127)
            return err_set(err, -EINVAL, "the name of a token must not hold control characters");
    if (!scopes)
        return err_set(err, -EINVAL, "a token needs a scope: read, write or admin");
    int rc = cache_writable(d, err);
    if (rc < 0)
        return rc;
    if (getrandom(secret, sizeof(secret), 0) != sizeof(secret))
        return err_set(err, -EIO, "the system gives no random bytes: %m");
    base64url(secret, sizeof(secret), text + strlen(text));
    docfs_token_hash(text, hash);
    struct store_token t = {.name = name,
                            .scopes = scopes,
                            .created_at = clock_wall_ns() / 1000000000,
                            .expires_at = expires_at,
                            .hash = hash};
    struct store_write *w;
    rc = store_write_begin(d->store, &w, err);
    if (rc == 0)
        rc = store_write_end(w, store_put_token(w, &t, err), err);
    if (rc == 0)
        strcpy(ret, text);
    return rc;
}

int docfs_token_revoke(struct docfs *d, const char *name, struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    return rc < 0 ? rc : store_write_end(w, store_delete_token(w, name, err), err);
}

int docfs_token_used(struct docfs *d, const int64_t *id, size_t n, struct docfs_err *err)
{
    struct store_write *w;
    int64_t minute = clock_wall_ns() / 1000000000 / 60 * 60;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = store_token_used(w, id[i], minute, err);
    return store_write_end(w, rc, err);
}

/* ---- audit ---- */

int docfs_audit_add(struct docfs *d, const struct docfs_audit *a, struct docfs_err *err)
{
    char detail[TEXT_MAX + 1];
    size_t len = strlen(a->detail);
    size_t cut = utf8_cut(a->detail, len, TEXT_MAX);
    memcpy(detail, a->detail, cut);
    detail[cut] = '\0';
    struct store_audit row = {.at = a->at ? a->at : clock_wall_ns() / 1000000000,
                              .client = a->client,
                              .address = a->address,
                              .action = a->action,
                              .object = a->object,
                              .detail = detail,
                              .trace = a->trace};
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    return rc < 0 ? rc : store_write_end(w, store_put_audit(w, &row, err), err);
}

static void add_audit(void *arg, const struct store_audit *a)
{
    struct gather *g = arg;
    struct docfs_audits *l = g->audits;
    struct docfs_audit x = {.at = a->at,
                            .client = strdup(a->client),
                            .address = strdup(a->address),
                            .action = strdup(a->action),
                            .object = strdup(a->object),
                            .detail = strdup(a->detail),
                            .trace = strdup(a->trace)};
    g->oom = g->oom || !x.client || !x.address || !x.action || !x.object || !x.detail || !x.trace ||
             !grow(&l->item, l->n, sizeof(*l->item));
    if (!g->oom) {
        l->item[l->n++] = x;
        return;
    }
    free((char *)x.client);
    free((char *)x.address);
    free((char *)x.action);
    free((char *)x.object);
    free((char *)x.detail);
    free((char *)x.trace);
}

int docfs_audits(struct docfs *d, size_t max, struct docfs_audits **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct gather g = {.audits = calloc(1, sizeof(*g.audits))};
    int rc = g.audits ? store_read_begin(d->store, &r, err) : err_oom(err);
    if (rc == 0)
        rc = store_audits(r, max, add_audit, &g, err);
    if (rc == 0 && g.oom)
        rc = err_oom(err);
    if (rc < 0) {
        docfs_audits_free(g.audits);
        return rc;
    }
    *ret = g.audits;
    return 0;
}

void docfs_audits_free(struct docfs_audits *a)
{
    for (size_t i = 0; a && i < a->n; i++) {
        free((char *)a->item[i].client);
        free((char *)a->item[i].address);
        free((char *)a->item[i].action);
        free((char *)a->item[i].object);
        free((char *)a->item[i].detail);
        free((char *)a->item[i].trace);
    }
    if (a)
        free(a->item);
    free(a);
}
