/* SPDX-License-Identifier: MIT
 * Adaptations of the built-in model, and the texts they are made from. */
#include "core/store/internal.h"
#include "core/store/tunings.h"

#include <string.h>

int store_put_tuning(struct store_write *w, const struct store_tuning *t, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0) /* those that were given up, but for the one that may still be in use */
        r = db_run(w->c, err,
                   "DELETE FROM tunings WHERE undone = 1 AND name NOT IN "
                   "(SELECT substr(value, instr(value, '+') + 1, 8) FROM meta "
                   " WHERE key = 'fingerprint')",
                   "");
    if (r < 0)
        return r;
    char before[32], after[32]; /* db_run binds no reals */
    snprintf(before, sizeof(before), "%.6f", t->before);
    snprintf(after, sizeof(after), "%.6f", t->after);
    return db_run(w->c, err,
                  "INSERT INTO tunings(name, made_at, pairs, before, after, factors) "
                  "VALUES (?1, ?2, ?3, CAST(?4 AS REAL), CAST(?5 AS REAL), ?6)",
                  "tiittb", t->name, w->now, t->pairs, before, after, t->factors.data,
                  t->factors.len);
}

int store_undo_tuning(struct store_write *w, struct docfs_err *err)
{
    int64_t id = 0;
    int r = write_check(w, err);
    if (r == 0)
        r = db_int(w->c, &id, err, "SELECT max(id) FROM tunings WHERE undone = 0", "");
    if (r < 0 && r != -ENOENT)
        return r;
    return id ? db_run(w->c, err, "UPDATE tunings SET undone = 1 WHERE id = ?1", "i", id) : -ENOENT;
}

int store_get_tuning(struct store_read *r, const char *name, struct store_tuning *ret,
                     struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    *ret = (struct store_tuning){0};
    int e = *name ? db_query(r->c, &st, err,
                             "SELECT name, pairs, before, after, factors, made_at FROM tunings "
                             "WHERE name = ?1 ORDER BY id DESC LIMIT 1",
                             "t", name)
                  : db_query(r->c, &st, err,
                             "SELECT name, pairs, before, after, factors, made_at FROM tunings "
                             "WHERE undone = 0 ORDER BY id DESC LIMIT 1",
                             "");
    if (e >= 0)
        e = db_step(r->c, st, err);
    if (e < 0)
        return e;
    if (e == 0)
        return -ENOENT;
    snprintf(ret->name, sizeof(ret->name), "%s", db_text(st, 0));
    ret->pairs = sqlite3_column_int64(st, 1);
    ret->before = sqlite3_column_double(st, 2);
    ret->after = sqlite3_column_double(st, 3);
    buf_add(&ret->factors, sqlite3_column_blob(st, 4), (size_t)sqlite3_column_bytes(st, 4));
    ret->made_at = sqlite3_column_int64(st, 5);
    return buf_status(&ret->factors) < 0 ? err_oom(err) : 0;
}

int store_each_passage(struct store_read *r, store_passage_fn *fn, void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    _cleanup_(content_bodies_fini) struct content_bodies bodies = {0};
    int e = db_query(r->c, &st, err,
                     "SELECT p.document, d.collection, d.title, p.heading, p.start, p.length, "
                     "d.content, d.path FROM passages AS p "
                     "CROSS JOIN documents AS d ON d.id = p.document ORDER BY p.id",
                     "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        const char *text;
        size_t len = (size_t)sqlite3_column_int64(st, 5);
        e = content_bodies_piece(r->c, &bodies, sqlite3_column_int64(st, 6),
                                 (size_t)sqlite3_column_int64(st, 4), len, &text, err);
        if (e < 0)
            return e;
        struct store_text t = {.document = sqlite3_column_int64(st, 0),
                               .collection = sqlite3_column_int64(st, 1),
                               .title = db_text(st, 2),
                               .heading = db_text(st, 3),
                               .path = db_text(st, 7),
                               .text = text,
                               .len = len};
        int stop = fn(arg, &t);
        if (stop)
            return stop;
    }
    return e < 0 ? e : 0;
}
