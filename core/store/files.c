/* SPDX-License-Identifier: MIT
 * State of a source's files at the last run. */
#include "core/store/internal.h"

int store_list_files(struct store_read *r, int64_t source, struct store_files *ret,
                     struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT path, size, mtime_ns, sha256, outcome, version, reason <> '' FROM "
                     "files WHERE source = ?1 "
                     "ORDER BY path",
                     "i", source);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        if (!grow(&ret->item, ret->n, sizeof(*ret->item)))
            return err_oom(err);
        struct store_file *f = &ret->item[ret->n++];
        *f = (struct store_file){.path = db_strdup(st, 0),
                                 .size = sqlite3_column_int64(st, 1),
                                 .mtime_ns = sqlite3_column_int64(st, 2),
                                 .version = db_strdup(st, 5),
                                 .ok = strcmp(db_text(st, 4), "ok") == 0,
                                 .failed = strcmp(db_text(st, 4), "failed") == 0};
        f->includes = f->ok && sqlite3_column_int(st, 6);
        if (!f->path || !f->version)
            return err_oom(err);
        if (sqlite3_column_bytes(st, 3) == SHA256_LEN) {
            memcpy(f->sha256, sqlite3_column_blob(st, 3), SHA256_LEN);
            f->has_sha = true;
        }
    }
    return e;
}

void store_files_fini(struct store_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->item[i].path), free(f->item[i].version);
    free(f->item);
    *f = (struct store_files){0};
}

int store_put_file(struct store_write *w, int64_t source, const char *path, int64_t size,
                   int64_t mtime_ns, const unsigned char *sha, const char *version,
                   const char *outcome, const char *reason, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    /* A file name in a reason may be any bytes; the column holds text. */
    return db_run(
        w->c, err,
        "INSERT INTO files(source, path, size, mtime_ns, sha256, outcome, reason, version) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT(source, path) DO UPDATE SET "
        "  size = excluded.size, mtime_ns = excluded.mtime_ns, "
        "  sha256 = excluded.sha256, outcome = excluded.outcome, "
        "  reason = excluded.reason, version = excluded.version",
        "isiibttt", source, path, size, mtime_ns, sha, (size_t)(sha ? SHA256_LEN : 0), outcome,
        reason, version ? version : "");
}

int store_list_failures(struct store_read *r, const char *collection, size_t max,
                        store_outcome_fn *fn, void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT c.name, f.path, f.outcome, f.reason FROM files AS f "
                     "JOIN sources AS s ON s.id = f.source "
                     "JOIN collections AS c ON c.id = s.collection "
                     "WHERE f.outcome <> 'ok' AND (?1 IS NULL OR c.name = ?1 OR c.base = ?1) "
                     "ORDER BY f.outcome, c.name, f.path LIMIT ?2",
                     "ti", collection, (int64_t)(max > INT32_MAX ? INT32_MAX : max));
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1)
        fn(arg, db_text(st, 0), db_text(st, 1), db_text(st, 2), db_text(st, 3));
    return e;
}

int store_list_outcomes(struct store_read *r, int64_t source, const char *outcome, size_t max,
                        store_outcome_fn *fn, void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT c.name, f.path, f.outcome, f.reason FROM files AS f "
                     "JOIN sources AS s ON s.id = f.source "
                     "JOIN collections AS c ON c.id = s.collection "
                     "WHERE f.source = ?1 AND (?2 IS NULL OR f.outcome = ?2) "
                     "ORDER BY f.path LIMIT ?3",
                     "iti", source, outcome, (int64_t)(max > INT32_MAX ? INT32_MAX : max));
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1)
        fn(arg, db_text(st, 0), db_text(st, 1), db_text(st, 2), db_text(st, 3));
    return e;
}
