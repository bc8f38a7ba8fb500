/* SPDX-License-Identifier: MIT
 * Vectors of passages, and which passages have none or are gone. */
#include "core/store/internal.h"

int store_vectors(struct store_read *r, int64_t after,
                  int (*fn)(void *arg, int64_t passage, int64_t document, const void *code,
                            size_t code_len),
                  void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT v.passage, p.document, v.code FROM vectors AS v "
                     "CROSS JOIN passages AS p ON p.id = v.passage "
                     "WHERE v.passage > ?1 ORDER BY v.passage",
                     "i", after);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1)
        if (fn(arg, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
               sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2)) != 0)
            return 0;
    return e;
}

int store_dead_passages(struct store_read *r, const int64_t *ids, size_t n,
                        void (*fn)(void *arg, int64_t passage), void *arg, struct docfs_err *err)
{
    if (n == 0)
        return 0;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e =
        db_query(r->c, &st, err, "SELECT id FROM passages WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
                 "ii", ids[0], ids[n - 1]);
    size_t i = 0;
    while (e >= 0 && i < n && (e = db_step(r->c, st, err)) == 1) {
        int64_t id = sqlite3_column_int64(st, 0);
        for (; i < n && ids[i] < id; i++)
            fn(arg, ids[i]);
        if (i < n && ids[i] == id)
            i++;
    }
    for (; e >= 0 && i < n; i++)
        fn(arg, ids[i]);
    return e < 0 ? e : 0;
}

#define SELECT_WAITING(table)                                                        \
    "SELECT p.id, d.title, p.heading, p.start, p.length, d.content "                 \
    "FROM passages AS p CROSS JOIN documents AS d ON d.id = p.document "             \
    "WHERE p.id > ?1 AND NOT EXISTS (SELECT 1 FROM " table " WHERE passage = p.id) " \
    "ORDER BY p.id LIMIT ?2"

int store_unembedded(struct store_read *r, bool next, int64_t after, size_t n,
                     void (*fn)(void *arg, int64_t passage, const char *title, const char *heading,
                                const char *text, size_t len),
                     void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    _cleanup_(content_bodies_fini) struct content_bodies bodies = {0};
    int e =
        db_query(r->c, &st, err, next ? SELECT_WAITING("vectors_next") : SELECT_WAITING("vectors"),
                 "ii", after, n > INT64_MAX ? INT64_MAX : (int64_t)n);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        const char *text;
        size_t len = (size_t)sqlite3_column_int64(st, 4);
        e = content_bodies_piece(r->c, &bodies, sqlite3_column_int64(st, 5),
                                 (size_t)sqlite3_column_int64(st, 3), len, &text, err);
        if (e < 0)
            return e;
        fn(arg, sqlite3_column_int64(st, 0), db_text(st, 1), db_text(st, 2), text, len);
    }
    return e;
}

/* An index takes in what has a higher number than all it holds. A vector below that is announced by
 * meta 'vectors_epoch', on which indexes are read anew. */
static int note_late(struct store_write *w, int64_t passage, struct docfs_err *err)
{
    int64_t last = 0, epoch = 0;
    if (w->late_noted)
        return 0;
    int r = db_int(w->c, &last, err, "SELECT coalesce(max(passage), 0) FROM vectors", "");
    if (r < 0 || passage > last)
        return r;
    r = meta_int(w->c, "vectors_epoch", &epoch, err);
    w->late_noted = true;
    return r < 0 && r != -ENOENT ? r : meta_set_int(w->c, "vectors_epoch", epoch + 1, err);
}

int store_put_vector(struct store_write *w, int64_t passage, const void *code, size_t len,
                     struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    w->visible = true; /* searches see it */
    r = note_late(w, passage, err);
    return r < 0 ? r
                 : db_run(w->c, err,
                          "INSERT OR REPLACE INTO vectors(passage, code) "
                          "SELECT id, ?2 FROM passages WHERE id = ?1",
                          "ib", passage, code, len);
}
