/* SPDX-License-Identifier: MIT */
#include "core/store/internal.h"

int store_list_flagged(struct store_read *r, const char *collection, size_t max,
                       void (*fn)(void *arg, const char *collection, const char *path,
                                  const char *findings, unsigned signs),
                       void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT k.name, d.directory, d.name, d.findings, d.signs FROM documents AS d "
                     "JOIN collections AS k ON k.id = d.collection WHERE d.signs <> 0 AND "
                     "(?1 IS NULL OR k.name = ?1) ORDER BY k.name, d.path, d.part LIMIT ?2",
                     "ti", collection, (int64_t)max);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        _cleanup_buf_ struct buf path = {0};
        e = directory_path(r, sqlite3_column_int64(st, 1), &path, err);
        buf_add(&path, sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2));
        if (buf_status(&path) < 0)
            e = err_oom(err);
        if (e >= 0)
            fn(arg, db_text(st, 0), path.data, db_text(st, 3), (unsigned)sqlite3_column_int(st, 4));
    }
    return e < 0 ? e : 0;
}
