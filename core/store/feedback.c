/* SPDX-License-Identifier: MIT */
#include "core/store/feedback.h"

#include "core/store/internal.h"

#define FEEDBACK_KEPT 100000

static int move_epoch(struct store_write *w, int64_t older_s, struct docfs_err *err)
{
    int64_t epoch = 0, at = 0;
    int r = meta_int(w->c, "feedback_epoch", &epoch, err);
    if (r == 0)
        r = meta_int(w->c, "feedback_epoch_at", &at, err);
    if (r < 0 || w->now - at < older_s)
        return r;
    r = meta_set_int(w->c, "feedback_epoch", epoch + 1, err);
    return r < 0 ? r : meta_set_int(w->c, "feedback_epoch_at", w->now, err);
}

static int repeated(struct store_write *w, const struct store_feedback *f, int64_t once_s,
                    bool *ret, struct docfs_err *err)
{
    int64_t n = 0;
    int r = db_int(w->c, &n, err,
                   "SELECT count(*) FROM feedback WHERE document = ?1 AND question = ?2 "
                   "AND signal = ?3 AND door = ?4 AND at > ?5",
                   "iiiti", f->document, f->question, (int64_t)f->signal, f->door, w->now - once_s);
    *ret = n > 0;
    return r;
}

int store_put_feedback(struct store_write *w, const struct store_feedback *f, int64_t once_s,
                       int64_t epoch_s, bool *ret_kept, struct docfs_err *err)
{
    bool again = false;
    int64_t there = 0;
    int r = write_check(w, err);
    *ret_kept = false;
    if (r == 0)
        r = db_int(w->c, &there, err, "SELECT 1 FROM documents WHERE id = ?1", "i", f->document);
    if (r == -ENOENT)
        return err_set(err, r, "that document is gone");
    if (r == 0 && once_s)
        r = repeated(w, f, once_s, &again, err);
    if (r < 0 || again)
        return r;
    r = db_run(w->c, err,
               "INSERT INTO feedback(at, signal, document, question, value, query, door, comment) "
               "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
               "iiiidttt", w->now, (int64_t)f->signal, f->document, f->question, f->value, f->query,
               f->door, f->comment);
    if (r == 0)
        r = db_run(w->c, err,
                   "DELETE FROM feedback WHERE id <= (SELECT max(id) FROM feedback) - ?1", "i",
                   (int64_t)FEEDBACK_KEPT);
    *ret_kept = r == 0;
    return r < 0 ? r : move_epoch(w, epoch_s, err);
}

int store_list_feedback(struct store_read *r, const struct store_feedback_filter *f,
                        void (*fn)(void *arg, const struct store_feedback *f), void *arg,
                        struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT f.id, f.at, f.signal, f.document, f.question, f.value, f.query, "
                     "  f.door, f.comment, coalesce(c.name, ''), coalesce(d.path, x'') "
                     "FROM feedback AS f LEFT JOIN documents AS d ON d.id = f.document "
                     "LEFT JOIN collections AS c ON c.id = d.collection "
                     "WHERE (?1 = 0 OR f.document = ?1) AND f.signal < ?2 "
                     "AND (?3 IS NULL OR c.name = ?3 OR c.base = ?3) "
                     "ORDER BY CASE WHEN ?4 THEN f.id ELSE -f.id END LIMIT ?5",
                     "iitii", f->document, (int64_t)f->below, f->collection,
                     (int64_t)f->oldest_first, f->max);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        struct store_feedback x = {.id = sqlite3_column_int64(st, 0),
                                   .at = sqlite3_column_int64(st, 1),
                                   .signal = sqlite3_column_int(st, 2),
                                   .document = sqlite3_column_int64(st, 3),
                                   .question = sqlite3_column_int64(st, 4),
                                   .value = sqlite3_column_double(st, 5),
                                   .query = db_text(st, 6),
                                   .door = db_text(st, 7),
                                   .comment = db_text(st, 8),
                                   .collection = db_text(st, 9),
                                   .path = db_text(st, 10)};
        fn(arg, &x);
    }
    return e;
}

int64_t store_reset_feedback(struct store_write *w, int64_t document, const char *collection,
                             struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "DELETE FROM feedback WHERE (?1 = 0 OR document = ?1) AND (?2 IS NULL OR "
                   "  document IN (SELECT d.id FROM documents AS d "
                   "  JOIN collections AS c ON c.id = d.collection "
                   "  WHERE c.name = ?2 OR c.base = ?2))",
                   "it", document, collection);
    int64_t n = r < 0 ? r : sqlite3_changes(w->c->db);
    if (r == 0)
        r = move_epoch(w, 0, err);
    return r < 0 ? r : n;
}

int store_feedback_epoch(struct store_read *r, int64_t *ret, struct docfs_err *err)
{
    return meta_int(r->c, "feedback_epoch", ret, err);
}
