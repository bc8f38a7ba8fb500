/* SPDX-License-Identifier: MIT
 * Starts, stops and crashes. Written in passing: never waits long for another writer. */
#include "core/store/internal.h"

#include <stdio.h>

#define EVENTS_KEPT 20000

int store_add_event(struct store *s, const struct store_event *e, int wait_ms,
                    struct docfs_err *err)
{
    if (!s->writer)
        return err_set(err, -EROFS, "%s is open for reading only", s->file);
    if (atomic_load(&s->place) != PLACE_SAME)
        return place_fail(s, err);
    if (!writer_try(s))
        return err_set(err, -EBUSY, "%s: this process writes", s->file);
    struct conn *c = s->writer;
    int busy_ms = c->busy_ms;
    c->busy_ms = wait_ms;
    int r = db_run(c, err, "BEGIN IMMEDIATE", "");
    if (r == 0)
        r = store_same_format(s, c, err);
    if (r == 0)
        r = db_run(c, err,
                   "INSERT INTO events(at_ms, mono_ms, boot, kind, service, place, pid, reason) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                   "iittttit", e->at_ms, e->mono_ms, e->boot, e->kind, e->service, e->place, e->pid,
                   e->reason);
    if (r == 0)
        r = db_run(c, err, "DELETE FROM events WHERE id <= ?1", "i",
                   (int64_t)sqlite3_last_insert_rowid(c->db) - EVENTS_KEPT);
    if (r == 0)
        r = db_run(c, err, "COMMIT", "");
    if (r < 0 && !sqlite3_get_autocommit(c->db))
        db_run(c, NULL, "ROLLBACK", "");
    c->busy_ms = busy_ms;
    writer_done(s);
    return r;
}

int store_each_event(struct store_read *r, store_event_fn *fn, void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT at_ms, mono_ms, boot, kind, service, place, pid, reason FROM events "
                     "ORDER BY id",
                     "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        struct store_event x = {.at_ms = sqlite3_column_int64(st, 0),
                                .mono_ms = sqlite3_column_int64(st, 1),
                                .boot = db_text(st, 2),
                                .kind = db_text(st, 3),
                                .service = db_text(st, 4),
                                .place = db_text(st, 5),
                                .pid = sqlite3_column_int64(st, 6),
                                .reason = db_text(st, 7)};
        int told = fn(arg, &x);
        if (told < 0)
            return told == -ENOMEM ? err_oom(err) : told;
    }
    return e;
}
