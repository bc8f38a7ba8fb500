/* SPDX-License-Identifier: MIT */
#include "core/store/summaries.h"

#include "core/store/internal.h"

int store_list_summaries(struct store_read *r, const char *collection, bool missing, size_t max,
                         int (*fn)(void *arg, const struct store_summary *s), void *arg,
                         struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT d.id, d.content, k.name, d.directory, d.name, "
                     "  coalesce(s.value ->> 'text', ''), coalesce(s.value ->> 'model', ''), "
                     "  coalesce(s.updated_at, 0) "
                     "FROM documents AS d JOIN collections AS k ON k.id = d.collection "
                     "LEFT JOIN records AS s ON s.kind = 'summary' AND s.parent = '' "
                     "  AND s.key <> '' AND s.key = CAST(d.content AS TEXT) "
                     "WHERE (?1 IS NULL OR k.name = ?1) AND (s.id IS NULL) = ?2 "
                     "  AND (?2 = 0 OR d.signs = 0) ORDER BY k.name, d.path, d.part LIMIT ?3",
                     "tii", collection, (int64_t)missing, max ? (int64_t)max : -1);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        _cleanup_buf_ struct buf path = {0};
        e = directory_path(r, sqlite3_column_int64(st, 3), &path, err);
        buf_add(&path, sqlite3_column_blob(st, 4), (size_t)sqlite3_column_bytes(st, 4));
        if (buf_status(&path) < 0)
            e = err_oom(err);
        if (e >= 0)
            e = fn(arg, &(struct store_summary){.document = sqlite3_column_int64(st, 0),
                                                .content = sqlite3_column_int64(st, 1),
                                                .collection = db_text(st, 2),
                                                .path = path.data,
                                                .text = db_text(st, 5),
                                                .model = db_text(st, 6),
                                                .at = sqlite3_column_int64(st, 7)});
    }
    return e < 0 ? e : 0;
}

int store_summary(struct store_read *r, int64_t content, char **ret_text, char **ret_model,
                  int64_t *ret_at, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT value ->> 'text', value ->> 'model', updated_at FROM records WHERE "
                     "kind = 'summary' AND parent = '' "
                     "AND key <> '' AND key = CAST(?1 AS TEXT)",
                     "i", content);
    *ret_text = *ret_model = NULL;
    if (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        *ret_text = strdup(db_text(st, 0));
        *ret_model = strdup(db_text(st, 1));
        *ret_at = sqlite3_column_int64(st, 2);
        if (!*ret_text || !*ret_model)
            return err_oom(err);
    }
    return e < 0 ? e : 0;
}
