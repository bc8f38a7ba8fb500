/* SPDX-License-Identifier: MIT */
#include "core/store/access.h"

#include "core/store/internal.h"

#define AUDITS_KEPT 10000

int store_tokens(struct store_read *r, void (*fn)(void *arg, const struct store_token *t),
                 void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT id, name, scopes, created_at, expires_at, used_at, hash FROM tokens "
                     "ORDER BY name",
                     "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        if (sqlite3_column_bytes(st, 6) != SHA256_LEN)
            continue;
        struct store_token t = {.id = sqlite3_column_int64(st, 0),
                                .name = db_text(st, 1),
                                .scopes = (unsigned)sqlite3_column_int64(st, 2),
                                .created_at = sqlite3_column_int64(st, 3),
                                .expires_at = sqlite3_column_int64(st, 4),
                                .used_at = sqlite3_column_int64(st, 5),
                                .hash = sqlite3_column_blob(st, 6)};
        fn(arg, &t);
    }
    return e;
}

int store_put_token(struct store_write *w, const struct store_token *t, struct docfs_err *err)
{
    int64_t id;
    int r = write_check(w, err);
    if (r < 0)
        return r;
    r = db_int(w->c, &id, err, "SELECT id FROM tokens WHERE name=?1", "t", t->name);
    if (r == 0)
        return err_set(err, -EEXIST, "there is a token called \"%s\"; revoke it first", t->name);
    if (r != -ENOENT)
        return r;
    w->job_ended = true; /* survives a loss of power */
    return db_run(w->c, err,
                  "INSERT INTO tokens(name, hash, scopes, created_at, expires_at) "
                  "VALUES (?1,?2,?3,?4,?5)",
                  "tbiii", t->name, t->hash, (size_t)SHA256_LEN, (int64_t)t->scopes, t->created_at,
                  t->expires_at);
}

int store_delete_token(struct store_write *w, const char *name, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    w->job_ended = true;
    r = db_run(w->c, err, "DELETE FROM tokens WHERE name=?1", "t", name);
    return r == 0 && !sqlite3_changes(w->c->db)
               ? err_set(err, -ENOENT, "no token is called \"%s\" (docfs token list)", name)
               : r;
}

int store_token_used(struct store_write *w, int64_t id, int64_t at, struct docfs_err *err)
{
    int r = write_check(w, err);
    return r < 0 ? r
                 : db_run(w->c, err, "UPDATE tokens SET used_at=?2 WHERE id=?1 AND used_at<?2",
                          "ii", id, at);
}

int store_put_audit(struct store_write *w, const struct store_audit *a, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "INSERT INTO audit(at, client, address, action, object, detail, trace) "
                   "VALUES (?1,?2,?3,?4,?5,?6,?7)",
                   "itttttt", a->at, a->client, a->address, a->action, a->object, a->detail,
                   a->trace);
    if (r == 0)
        r = db_run(w->c, err, "DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?1", "i",
                   (int64_t)AUDITS_KEPT);
    return r;
}

int store_audits(struct store_read *r, size_t max,
                 void (*fn)(void *arg, const struct store_audit *a), void *arg,
                 struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT at, client, address, action, object, detail, trace FROM audit "
                     "ORDER BY id DESC LIMIT ?1",
                     "i", (int64_t)(max > AUDITS_KEPT ? AUDITS_KEPT : max));
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        struct store_audit a = {.at = sqlite3_column_int64(st, 0),
                                .client = db_text(st, 1),
                                .address = db_text(st, 2),
                                .action = db_text(st, 3),
                                .object = db_text(st, 4),
                                .detail = db_text(st, 5),
                                .trace = db_text(st, 6)};
        fn(arg, &a);
    }
    return e;
}
