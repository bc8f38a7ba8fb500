/* SPDX-License-Identifier: MIT
 * Documents that leave or move. */
#include "core/store/internal.h"

/* quiet: the whole collection goes, so the entry needs no change row and no pruning. */
int document_remove(struct store_write *w, int64_t id, bool quiet, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(w->c, &st, err,
                     "SELECT d.directory, d.name, d.collection, d.content, d.title, c.body "
                     "FROM documents AS d LEFT JOIN content AS c ON c.id = d.content "
                     "WHERE d.id = ?1",
                     "i", id);
    if (r < 0 || (r = db_step(w->c, st, err)) <= 0)
        return r;
    char name[NAME_MAX_LEN + 1];
    int64_t directory = sqlite3_column_int64(st, 0);
    size_t len = db_name(st, 1, name);
    int64_t collection = sqlite3_column_int64(st, 2), content = sqlite3_column_int64(st, 3);
    const char *body = sqlite3_column_blob(st, 5);
    r = passages_remove(w, id, db_text(st, 4), body ? body : "",
                        (size_t)sqlite3_column_bytes(st, 5), err);
    sqlite3_reset(st);
    /* The body stays for readers that have the file open; store_sweep takes it. */
    if (r == 0)
        r = db_run(w->c, err, "UPDATE content SET retired_at = ?2 WHERE id = ?1", "ii", content,
                   w->now);
    if (r == 0)
        r = db_run(w->c, err, "DELETE FROM sketches WHERE document = ?1", "i", id);
    if (r == 0)
        r = db_run(w->c, err, "DELETE FROM documents WHERE id = ?1", "i", id);
    if (r == 0 && !quiet)
        r = write_changed(w, directory, name, len, err);
    if (r == 0 && !quiet)
        r = directory_prune(w, directory, err);
    return r < 0 ? r : write_touch(w, collection, err);
}

struct row {
    int64_t id;
    char *part;
};

struct rows {
    struct row *item;
    size_t n;
};

static void rows_fini(struct rows *rows)
{
    for (size_t i = 0; i < rows->n; i++)
        free(rows->item[i].part);
    free(rows->item);
}

/* Pages of a file, collected first because the loop over them changes the table. */
static int pages_of(struct conn *c, int64_t source, const char *path, struct rows *ret,
                    struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(c, &st, err,
                     "SELECT id, part FROM documents WHERE source = ?1 AND path = ?2 ORDER BY part",
                     "is", source, path);
    while (r >= 0 && (r = db_step(c, st, err)) == 1) {
        if (!grow(&ret->item, ret->n, sizeof(*ret->item)))
            return err_oom(err);
        struct row *row = &ret->item[ret->n++];
        *row = (struct row){sqlite3_column_int64(st, 0), db_strdup(st, 1)};
        if (!row->part)
            return err_oom(err);
    }
    return r;
}

int store_trim_parts(struct store_write *w, int64_t source, const char *path,
                     const char *const *keep, size_t n, struct docfs_err *err)
{
    _cleanup_(rows_fini) struct rows rows = {0};
    int r = write_check(w, err);
    if (r == 0)
        r = pages_of(w->c, source, path, &rows, err);
    for (size_t i = 0; r == 0 && i < rows.n; i++) {
        bool kept = false;
        for (size_t k = 0; k < n && !kept; k++)
            kept = strcmp(keep[k], rows.item[i].part) == 0;
        if (!kept)
            r = document_remove(w, rows.item[i].id, false, err);
    }
    return r;
}

int store_remove_file(struct store_write *w, int64_t source, const char *path,
                      struct docfs_err *err)
{
    int r = store_trim_parts(w, source, path, NULL, 0, err);
    if (r < 0)
        return r;
    return db_run(w->c, err, "DELETE FROM files WHERE source = ?1 AND path = ?2", "is", source,
                  path);
}

/* Gives a page its new path and the name that follows from it. */
static int move(struct store_write *w, const struct row *row, const char *to, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r =
        db_query(w->c, &st, err, "SELECT directory, name, collection FROM documents WHERE id = ?1",
                 "i", row->id);
    if (r < 0 || (r = db_step(w->c, st, err)) <= 0)
        return r;
    char old[NAME_MAX_LEN + 1], name[NAME_MAX_LEN + 1];
    int64_t from = sqlite3_column_int64(st, 0), directory;
    size_t old_len = db_name(st, 1, old), len;
    int64_t collection = sqlite3_column_int64(st, 2);
    sqlite3_reset(st);
    r = directory_place(w, collection, to, row->part, row->id, &directory, name, &len, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "UPDATE documents SET path = ?2, directory = ?3, name = ?4, fetched_at = ?5 "
                   "WHERE id = ?1",
                   "isibi", row->id, to, directory, name, len, w->now);
    if (r < 0 || (from == directory && old_len == len && memcmp(old, name, len) == 0))
        return r;
    r = write_changed(w, from, old, old_len, err);
    if (r == 0)
        r = write_changed(w, directory, name, len, err);
    if (r == 0)
        r = directory_prune(w, from, err);
    return r < 0 ? r : write_touch(w, collection, err);
}

int store_rename_file(struct store_write *w, int64_t source, const char *from, const char *to,
                      struct docfs_err *err)
{
    if (strcmp(from, to) == 0)
        return 0;
    _cleanup_(rows_fini) struct rows rows = {0};
    int r = store_remove_file(w, source, to, err); /* what was there was replaced */
    if (r == 0)
        r = pages_of(w->c, source, from, &rows, err);
    for (size_t i = 0; r == 0 && i < rows.n; i++)
        r = move(w, &rows.item[i], to, err);
    if (r < 0)
        return r;
    return db_run(w->c, err, "UPDATE files SET path = ?3 WHERE source = ?1 AND path = ?2", "iss",
                  source, from, to);
}
