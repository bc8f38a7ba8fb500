/* SPDX-License-Identifier: MIT
 * The tree as rows: entries of directories, documents with their provenance, changes. */
#include "core/store/internal.h"

static void entry_of(sqlite3_stmt *st, bool is_dir, int64_t parent, struct store_entry *e)
{
    *e = (struct store_entry){.is_dir = is_dir, .parent = parent};
    e->id = sqlite3_column_int64(st, 0);
    e->name_len = db_name(st, 1, e->name);
    e->name[e->name_len] = '\0';
    if (!is_dir) {
        e->content = sqlite3_column_int64(st, 2);
        e->size = sqlite3_column_int64(st, 3);
        e->mtime_ns = sqlite3_column_int64(st, 4);
    } else {
        e->mtime_ns = sqlite3_column_int64(st, 2) * 1000000000;
    }
}

#define DIR_COLUMNS                                                      \
    "SELECT d.id, d.name, c.changed_at, d.parent FROM directories AS d " \
    "JOIN collections AS c ON c.id = d.collection "
#define DOC_COLUMNS "SELECT id, name, content, size, mtime_ns FROM documents "
#define ROOT_COLUMNS "SELECT root, CAST(name AS BLOB), changed_at FROM collections "

static int one(struct conn *c, const char *sql, int64_t directory, const char *name, size_t len,
               bool is_dir, struct store_entry *ret, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(c, &st, err, sql, "ib", directory, name, len);
    if (r < 0 || (r = db_step(c, st, err)) < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    entry_of(st, is_dir, directory, ret);
    return 0;
}

int store_lookup(struct store_read *r, int64_t directory, const char *name, size_t len,
                 struct store_entry *ret, struct docfs_err *err)
{
    if (len == 0 || len > NAME_MAX_LEN)
        return -ENOENT;
    if (directory == 0)
        return one(r->c, ROOT_COLUMNS "WHERE ?1 = 0 AND CAST(name AS BLOB) = ?2", 0, name, len,
                   true, ret, err);
    int e = one(r->c, DOC_COLUMNS "WHERE directory = ?1 AND name = ?2", directory, name, len, false,
                ret, err);
    if (e == -ENOENT)
        e = one(r->c,
                DIR_COLUMNS "WHERE d.collection = (SELECT collection FROM directories WHERE id=?1) "
                            "AND d.parent = ?1 AND d.name = ?2",
                directory, name, len, true, ret, err);
    return e;
}

int store_lookup_path(struct store_read *r, const char *path, struct store_entry *ret,
                      struct docfs_err *err)
{
    *ret = (struct store_entry){.is_dir = true};
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n) {
            int rc = ret->is_dir ? store_lookup(r, ret->id, p, n, ret, err) : -ENOENT;
            if (rc < 0)
                return rc;
        }
        p += n + (p[n] == '/');
    }
    return 0;
}

static int collect(struct conn *c, const char *sql, int64_t directory, bool is_dir,
                   struct store_entries *ret, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(c, &st, err, sql, "i", directory);
    while (r >= 0 && (r = db_step(c, st, err)) == 1) {
        if (!grow(&ret->item, ret->n, sizeof(*ret->item)))
            return err_oom(err);
        entry_of(st, is_dir, directory, &ret->item[ret->n++]);
    }
    return r;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct store_entry *)a)->name, ((const struct store_entry *)b)->name);
}

int store_entries(struct store_read *r, int64_t directory, struct store_entries *ret,
                  struct docfs_err *err)
{
    if (directory == 0)
        return collect(r->c, ROOT_COLUMNS "WHERE ?1 = 0 ORDER BY name", 0, true, ret, err);
    int e = collect(r->c,
                    DIR_COLUMNS "WHERE d.collection = (SELECT collection FROM directories "
                                "WHERE id = ?1) AND d.parent = ?1",
                    directory, true, ret, err);
    if (e == 0)
        e = collect(r->c, DOC_COLUMNS "WHERE directory = ?1", directory, false, ret, err);
    if (e == 0 && ret->n)
        qsort(ret->item, ret->n, sizeof(*ret->item), by_name);
    return e;
}

void store_entries_fini(struct store_entries *e)
{
    free(e->item);
    *e = (struct store_entries){0};
}

int store_directory(struct store_read *r, int64_t directory, struct store_entry *ret,
                    struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT d.id, CASE d.parent WHEN 0 THEN CAST(c.name AS BLOB) ELSE d.name END, "
                     "  c.changed_at, d.parent FROM directories AS d "
                     "JOIN collections AS c ON c.id = d.collection WHERE d.id = ?1",
                     "i", directory);
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    if (e == 0)
        return -ENOENT;
    entry_of(st, true, sqlite3_column_int64(st, 3), ret);
    return 0;
}

int store_directory_path(struct store_read *r, int64_t directory, struct buf *out,
                         struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT c.name FROM directories AS d JOIN collections AS c "
                     "ON c.id = d.collection WHERE d.id = ?1",
                     "i", directory);
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    if (e == 0)
        return -ENOENT;
    buf_adds(out, db_text(st, 0));
    buf_addc(out, '/');
    return directory_path(r, directory, out, err);
}

int store_document(struct store_read *r, int64_t id, struct store_document *ret,
                   struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(
        r->c, &st, err,
        "SELECT d.content, d.directory, d.name, c.name, d.title, d.url, s.kind, s.location, "
        "  d.path, d.format, d.lang, t.sha256, d.size, d.lines, d.mtime_ns, d.fetched_at, "
        "  d.changed_at, (SELECT count(*) FROM passages WHERE document = d.id), d.signs, "
        "  d.findings, " FRESH_COLUMNS
        "FROM documents AS d JOIN collections AS c ON c.id = d.collection "
        "JOIN sources AS s ON s.id = d.source LEFT JOIN content AS t ON t.id = d.content "
        "WHERE d.id = ?1",
        "i", id);
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    if (e == 0)
        return -ENOENT;
    *ret = (struct store_document){.id = id,
                                   .content = sqlite3_column_int64(st, 0),
                                   .directory = sqlite3_column_int64(st, 1),
                                   .collection = db_strdup(st, 3),
                                   .title = db_strdup(st, 4),
                                   .url = db_strdup(st, 5),
                                   .format = db_strdup(st, 9),
                                   .lang = db_strdup(st, 10),
                                   .size = sqlite3_column_int64(st, 12),
                                   .lines = sqlite3_column_int64(st, 13),
                                   .mtime_ns = sqlite3_column_int64(st, 14),
                                   .fetched_at = sqlite3_column_int64(st, 15),
                                   .changed_at = sqlite3_column_int64(st, 16),
                                   .passages = (size_t)sqlite3_column_int64(st, 17),
                                   .signs = (unsigned)sqlite3_column_int(st, 18),
                                   .findings = db_strdup(st, 19),
                                   .fresh = fresh_read(st, 20)};
    if (sqlite3_column_bytes(st, 11) == SHA256_LEN)
        memcpy(ret->sha256, sqlite3_column_blob(st, 11), SHA256_LEN);
    struct buf path = {0}, origin = {0};
    e = directory_path(r, ret->directory, &path, err);
    buf_add(&path, sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2));
    buf_add(&origin, sqlite3_column_blob(st, 7), (size_t)sqlite3_column_bytes(st, 7));
    if (strcmp(db_text(st, 6), "directory") == 0) {
        buf_addc(&origin, '/');
        buf_add(&origin, sqlite3_column_blob(st, 8), (size_t)sqlite3_column_bytes(st, 8));
    }
    ret->path = buf_steal(&path, NULL);
    ret->origin = buf_steal(&origin, NULL);
    if (e == 0 && (!ret->collection || !ret->title || !ret->url || !ret->format || !ret->lang ||
                   !ret->path || !ret->origin || !ret->findings))
        e = err_oom(err);
    if (e < 0)
        store_document_fini(ret);
    return e;
}

void store_document_fini(struct store_document *d)
{
    free(d->collection);
    free(d->path);
    free(d->title);
    free(d->url);
    free(d->origin);
    free(d->format);
    free(d->lang);
    free(d->findings);
    *d = (struct store_document){0};
}

int store_changes(struct store_read *r, uint64_t since, bool *ret_all,
                  void (*fn)(void *arg, int64_t directory, const char *name, size_t len), void *arg,
                  struct docfs_err *err)
{
    int64_t floor = 0;
    int e = meta_int(r->c, "changes_floor", &floor, err);
    if (e < 0)
        return e;
    *ret_all = (int64_t)since < floor;
    if (*ret_all)
        return 0;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    e = db_query(r->c, &st, err,
                 "SELECT DISTINCT directory, name FROM changes WHERE generation > ?1", "i",
                 (int64_t)since);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        char name[NAME_MAX_LEN + 1];
        size_t n = db_name(st, 1, name);
        name[n] = '\0';
        fn(arg, sqlite3_column_int64(st, 0), name, n);
    }
    return e;
}

/* Counting reads the whole table: once a generation. */
static int count_vectors(struct store_read *r, int64_t *ret, struct docfs_err *err)
{
    if (memo_get(r, MEMO_VECTORS, ret))
        return 0;
    int e = db_int(r->c, ret, err, "SELECT count(*) FROM vectors", "");
    if (e == 0)
        memo_put(r, MEMO_VECTORS, *ret);
    return e;
}

static int count_documents(struct store_read *r, int64_t *ret_n, int64_t *ret_bytes,
                           struct docfs_err *err)
{
    if (memo_get(r, MEMO_DOCUMENTS, ret_n) && memo_get(r, MEMO_BYTES, ret_bytes))
        return 0;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err, "SELECT count(*), coalesce(sum(size), 0) FROM documents", "");
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    memo_put(r, MEMO_DOCUMENTS, *ret_n = sqlite3_column_int64(st, 0));
    memo_put(r, MEMO_BYTES, *ret_bytes = sqlite3_column_int64(st, 1));
    return 0;
}

int store_counts(struct store_read *r, struct store_counts *ret, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int64_t passages, last, vectors, documents, bytes;
    int e = store_passage_count(r, &passages, &last, err);
    if (e == 0)
        e = count_vectors(r, &vectors, err);
    if (e == 0)
        e = count_documents(r, &documents, &bytes, err);
    if (e == 0) /* <> 'ok' is what the index holds */
        e = db_query(r->c, &st, err,
                     "SELECT (SELECT count(*) FROM collections), "
                     "  (SELECT count(*) FROM files WHERE outcome <> 'ok' AND outcome = 'failed')",
                     "");
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    *ret = (struct store_counts){.schema = STORE_SCHEMA,
                                 .collections = (size_t)sqlite3_column_int64(st, 0),
                                 .documents = (size_t)documents,
                                 .bytes = bytes,
                                 .passages = (size_t)passages,
                                 .vectors = (size_t)vectors,
                                 .failed = (size_t)sqlite3_column_int64(st, 1)};
    return 0;
}
