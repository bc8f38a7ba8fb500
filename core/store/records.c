/* SPDX-License-Identifier: MIT */
#include "core/store/records.h"

#include "core/store/internal.h"

int store_records(struct store_read *r, const struct store_record_filter *f,
                  int (*fn)(void *arg, const struct store_record *r), void *arg,
                  struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     f->newest ? "SELECT id, kind, parent, key, value, created_at, updated_at, "
                                 "  CASE WHEN ?5 THEN body END FROM records "
                                 "WHERE kind=?1 AND (?2 IS NULL OR parent=?2) "
                                 "  AND (?3 IS NULL OR key=?3) ORDER BY id DESC LIMIT ?4"
                               : "SELECT id, kind, parent, key, value, created_at, updated_at, "
                                 "  CASE WHEN ?5 THEN body END FROM records "
                                 "WHERE kind=?1 AND (?2 IS NULL OR parent=?2) "
                                 "  AND (?3 IS NULL OR key=?3) ORDER BY id LIMIT ?4",
                     "tttii", f->kind, f->parent, f->key, f->max ? (int64_t)f->max : -1,
                     (int64_t)f->body);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        struct store_record one = {.id = sqlite3_column_int64(st, 0),
                                   .kind = db_text(st, 1),
                                   .parent = db_text(st, 2),
                                   .key = db_text(st, 3),
                                   .value = db_text(st, 4),
                                   .created_at = sqlite3_column_int64(st, 5),
                                   .updated_at = sqlite3_column_int64(st, 6),
                                   .body = f->body ? db_text(st, 7) : NULL};
        int rc = fn(arg, &one);
        if (rc < 0)
            return rc;
    }
    return e;
}

int store_put_record(struct store_write *w, const struct store_record *r, int64_t *ret_id,
                     struct docfs_err *err)
{
    int rc = write_check(w, err);
    int64_t id = 0;
    if (rc < 0)
        return rc;
    w->job_ended = true; /* survives a loss of power */
    rc = *r->key ? db_int(w->c, &id, err,
                          "SELECT id FROM records WHERE kind=?1 AND parent=?2 AND key=?3", "ttt",
                          r->kind, r->parent, r->key)
                 : -ENOENT;
    if (rc == 0)
        rc = db_run(w->c, err,
                    "UPDATE records SET value=?2, body=coalesce(?3, body), updated_at=?4 "
                    "WHERE id=?1",
                    "itti", id, r->value, r->body, w->now);
    else if (rc == -ENOENT) {
        rc = db_run(w->c, err,
                    "INSERT INTO records(kind, parent, key, value, body, created_at, updated_at) "
                    "VALUES (?1,?2,?3,?4,coalesce(?5,''),?6,?6)",
                    "ttttti", r->kind, r->parent, r->key, r->value, r->body, w->now);
        id = sqlite3_last_insert_rowid(w->c->db);
    }
    if (rc == 0 && ret_id)
        *ret_id = id;
    return rc;
}

int64_t store_drop_records(struct store_write *w, const char *kind, const char *parent,
                           const char *key, struct docfs_err *err)
{
    int rc = write_check(w, err);
    if (rc == 0)
        rc = db_run(w->c, err,
                    "DELETE FROM records WHERE kind=?1 AND (?2 IS NULL OR parent=?2) "
                    "  AND (?3 IS NULL OR key=?3)",
                    "ttt", kind, parent, key);
    return rc < 0 ? rc : sqlite3_changes(w->c->db);
}
