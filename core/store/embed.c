/* SPDX-License-Identifier: MIT
 * Vectors of a model that is to take over, and those kept so that no text is embedded twice. */
#include "core/store/internal.h"

#include <string.h>

int store_vectors_of(struct store_write *w, bool next, const char *fingerprint, bool *ret,
                     struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = write_check(w, err);
    if (r == 0)
        r = db_query(w->c, &st, err, "SELECT value FROM meta WHERE key = ?1", "t",
                     next ? "next_fingerprint" : "fingerprint");
    if (r >= 0)
        r = db_step(w->c, st, err);
    if (r < 0)
        return r;
    *ret = r == 1 && strcmp(db_text(st, 0), fingerprint) == 0;
    return 0;
}

int store_put_next(struct store_write *w, int64_t passage, const void *code, size_t len,
                   struct docfs_err *err)
{
    int r = write_check(w, err);
    return r < 0 ? r
                 : db_run(w->c, err,
                          "INSERT OR REPLACE INTO vectors_next(passage, code) "
                          "SELECT id, ?2 FROM passages WHERE id = ?1",
                          "ib", passage, code, len);
}

int store_clear_next(struct store_write *w, struct docfs_err *err)
{
    int r = write_check(w, err);
    return r < 0 ? r : db_run(w->c, err, "DELETE FROM vectors_next", "");
}

int store_switch_vectors(struct store_write *w, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    w->visible = true;
    r = db_run(w->c, err, "DELETE FROM vectors", "");
    if (r == 0)
        r = db_run(w->c, err,
                   "INSERT INTO vectors(passage, code) SELECT n.passage, n.code "
                   "FROM vectors_next AS n CROSS JOIN passages AS p ON p.id = n.passage "
                   "ORDER BY n.passage",
                   "");
    if (r == 0)
        r = db_run(w->c, err, "DELETE FROM vectors_next", "");
    return r;
}

/* ---- cache ---- */

int store_cached_vector(struct store_read *r, const unsigned char key[VECTOR_KEY_LEN], void *code,
                        size_t len, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err, "SELECT code FROM vector_cache WHERE key = ?1", "b", key,
                     (size_t)VECTOR_KEY_LEN);
    if (e >= 0)
        e = db_step(r->c, st, err);
    if (e < 0)
        return e;
    if (e == 0 || (size_t)sqlite3_column_bytes(st, 0) != len)
        return 0;
    memcpy(code, sqlite3_column_blob(st, 0), len);
    return 1;
}

int store_cache_vector(struct store_write *w, const unsigned char key[VECTOR_KEY_LEN],
                       const void *code, size_t len, struct docfs_err *err)
{
    int r = write_check(w, err);
    return r < 0 ? r
                 : db_run(w->c, err,
                          "INSERT OR REPLACE INTO vector_cache(key, used_at, code) "
                          "VALUES (?1, ?2, ?3)",
                          "bib", key, (size_t)VECTOR_KEY_LEN, w->now, code, len);
}

int store_trim_vector_cache(struct store_write *w, int64_t bytes, struct docfs_err *err)
{
    int64_t rows = 0, each = 0;
    int r = write_check(w, err);
    if (r == 0)
        r = db_int(w->c, &rows, err, "SELECT count(*) FROM vector_cache", "");
    if (r == 0 && rows)
        r = db_int(w->c, &each, err, "SELECT length(code) + 64 FROM vector_cache LIMIT 1", "");
    int64_t most = each ? bytes / each : rows;
    if (r < 0 || rows <= most)
        return r;
    return db_run(w->c, err,
                  "DELETE FROM vector_cache WHERE key IN "
                  "(SELECT key FROM vector_cache ORDER BY used_at LIMIT ?1)",
                  "i", rows - most);
}
