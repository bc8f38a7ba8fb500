/* SPDX-License-Identifier: MIT
 * Putting documents: the hot path of an ingest. */
#include "core/store/internal.h"

#include <stdio.h>

struct row { /* what is stored now */
    int64_t id, content, directory, mtime_ns, size;
    char name[NAME_MAX_LEN + 1];
    size_t name_len;
    _Bool same_title, same_rest, same_body;
};

static int64_t count_lines(const char *p, size_t len)
{
    int64_t n = len && p[len - 1] != '\n';
    for (const char *end = p + len; (p = memchr(p, '\n', (size_t)(end - p))); p++)
        n++;
    return n;
}

static int find(struct store_write *w, const struct store_new_document *doc,
                const unsigned char *sha, struct row *ret, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(w->c, &st, err,
                     "SELECT d.id, d.content, d.directory, d.name, d.mtime_ns, d.size, "
                     "       d.title = ?4, d.url = ?5 AND d.format = ?6 AND d.lang = ?7 AND "
                     "         d.findings = ?9, "
                     "       c.sha256 = ?8 "
                     "FROM documents AS d LEFT JOIN content AS c ON c.id = d.content "
                     "WHERE d.source = ?1 AND d.path = ?2 AND d.part = ?3",
                     "isttttt"
                     "bt",
                     doc->source, doc->path, doc->part, doc->title, doc->url, doc->format,
                     doc->lang, sha, (size_t)SHA256_LEN, doc->findings ? doc->findings : "");
    if (r < 0 || (r = db_step(w->c, st, err)) < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    ret->id = sqlite3_column_int64(st, 0);
    ret->content = sqlite3_column_int64(st, 1);
    ret->directory = sqlite3_column_int64(st, 2);
    ret->name_len = db_name(st, 3, ret->name);
    ret->mtime_ns = sqlite3_column_int64(st, 4);
    ret->size = sqlite3_column_int64(st, 5);
    ret->same_title = sqlite3_column_int(st, 6);
    ret->same_rest = sqlite3_column_int(st, 7);
    ret->same_body = sqlite3_column_int(st, 8);
    return 0;
}

static int add_content(struct store_write *w, int64_t document,
                       const struct store_new_document *doc, const unsigned char *sha, int64_t *ret,
                       struct docfs_err *err)
{
    int r = db_run(w->c, err, "INSERT INTO content(document, sha256, body) VALUES (?1, ?2, ?3)",
                   "ibb", document, sha, (size_t)SHA256_LEN, doc->body, doc->len);
    if (r == 0)
        *ret = sqlite3_last_insert_rowid(w->c->db);
    return r;
}

static int insert(struct store_write *w, int64_t collection, const struct store_new_document *doc,
                  const unsigned char *sha, int64_t *ret_id, struct docfs_err *err)
{
    int64_t directory, id, content;
    char name[NAME_MAX_LEN + 1];
    size_t len;
    int r = directory_place(w, collection, doc->path, doc->part, 0, &directory, name, &len, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "INSERT INTO documents(collection, directory, name, source, path, part, title, "
                   "  url, format, lang, content, size, lines, mtime_ns, fetched_at, changed_at, "
                   "  signs, findings) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, ?12, ?13, ?14, ?14, "
                   "?15, ?16)",
                   "iibisttttt"
                   "iiiiit",
                   collection, directory, name, len, doc->source, doc->path, doc->part, doc->title,
                   doc->url, doc->format, doc->lang, (int64_t)doc->len,
                   count_lines(doc->body, doc->len), doc->mtime_ns, w->now, (int64_t)doc->signs,
                   doc->findings ? doc->findings : "");
    if (r < 0)
        return r;
    id = sqlite3_last_insert_rowid(w->c->db);
    r = add_content(w, id, doc, sha, &content, err);
    if (r == 0)
        r = db_run(w->c, err, "UPDATE documents SET content = ?2 WHERE id = ?1", "ii", id, content);
    if (r == 0)
        r = passages_insert(w, id, doc, err);
    if (r == 0)
        r = write_changed(w, directory, name, len, err);
    if (r == 0)
        *ret_id = id;
    return r;
}

/* Title and body as they were indexed, needed to take the old words out of the full text. */
static int drop_passages(struct store_write *w, const struct row *old, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(w->c, &st, err,
                     "SELECT d.title, c.body FROM documents AS d, content AS c "
                     "WHERE d.id = ?1 AND c.id = d.content",
                     "i", old->id);
    if (r < 0 || (r = db_step(w->c, st, err)) < 0)
        return r;
    const char *body = r ? sqlite3_column_blob(st, 1) : NULL;
    return passages_remove(w, old->id, r ? db_text(st, 0) : "", body ? body : "",
                           body ? (size_t)sqlite3_column_bytes(st, 1) : 0, err);
}

static int replace(struct store_write *w, const struct store_new_document *doc,
                   const unsigned char *sha, const struct row *old, bool passages,
                   struct docfs_err *err)
{
    int64_t content = old->content;
    int r = passages ? drop_passages(w, old, err) : 0;
    if (r == 0 && !old->same_body) {
        r = db_run(w->c, err, "UPDATE content SET retired_at = ?2 WHERE id = ?1", "ii",
                   old->content, w->now);
        if (r == 0)
            r = add_content(w, old->id, doc, sha, &content, err);
    }
    bool changed = !old->same_body || !old->same_title;
    if (r == 0)
        r = db_run(w->c, err,
                   "UPDATE documents SET title = ?2, url = ?3, format = ?4, lang = ?5, "
                   "  content = ?6, size = ?7, lines = ?8, mtime_ns = ?9, fetched_at = ?10, "
                   "  changed_at = CASE WHEN ?11 THEN ?10 ELSE changed_at END, "
                   "  signs = ?12, findings = ?13 WHERE id = ?1",
                   "itttt"
                   "iiiiiiit",
                   old->id, doc->title, doc->url, doc->format, doc->lang, content,
                   (int64_t)doc->len, count_lines(doc->body, doc->len), doc->mtime_ns, w->now,
                   (int64_t)changed, (int64_t)doc->signs, doc->findings ? doc->findings : "");
    if (r == 0 && passages)
        r = passages_insert(w, old->id, doc, err);
    /* The tree shows body, size and time of the original; the rest is only a matter of searches. */
    if (r == 0 && (!old->same_body || old->mtime_ns != doc->mtime_ns))
        r = write_changed(w, old->directory, old->name, old->name_len, err);
    if (passages || !old->same_rest)
        w->visible = true;
    return r;
}

static int put_sketch(struct store_write *w, int64_t document, const unsigned char *sketch,
                      struct docfs_err *err)
{
    if (!sketch)
        return db_run(w->c, err, "DELETE FROM sketches WHERE document = ?1", "i", document);
    return db_run(w->c, err,
                  "INSERT INTO sketches(document, sketch) VALUES (?1, ?2) "
                  "ON CONFLICT(document) DO UPDATE SET sketch = excluded.sketch",
                  "ib", document, sketch, (size_t)SKETCH_LEN);
}

int store_identity(struct store_read *r, int64_t document, struct store_identity *ret,
                   struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT c.sha256, s.sketch, d.format FROM documents AS d "
                     "LEFT JOIN content AS c ON c.id = d.content "
                     "LEFT JOIN sketches AS s ON s.document = d.id WHERE d.id = ?1",
                     "i", document);
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    if (e == 0)
        return -ENOENT;
    ret->has_sha = sqlite3_column_bytes(st, 0) == SHA256_LEN;
    ret->has_sketch = sqlite3_column_bytes(st, 1) == SKETCH_LEN;
    if (ret->has_sha)
        memcpy(ret->sha256, sqlite3_column_blob(st, 0), SHA256_LEN);
    if (ret->has_sketch)
        memcpy(ret->sketch, sqlite3_column_blob(st, 1), SKETCH_LEN);
    snprintf(ret->format, sizeof(ret->format), "%s", db_text(st, 2));
    return 0;
}

int store_put_document(struct store_write *w, const struct store_new_document *doc, int64_t *ret_id,
                       bool *ret_changed, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    int64_t collection;
    r = db_int(w->c, &collection, err, "SELECT collection FROM sources WHERE id = ?1", "i",
               doc->source);
    if (r < 0)
        return r == -ENOENT ? err_set(err, r, "the source was removed meanwhile") : r;
    unsigned char sha[SHA256_LEN];
    sha256(doc->body, doc->len, sha);
    struct row old = {0};
    r = find(w, doc, sha, &old, err);
    if (r < 0 && r != -ENOENT)
        return r;
    if (r == -ENOENT) {
        r = insert(w, collection, doc, sha, &old.id, err);
        *ret_changed = true;
    } else {
        bool same = old.same_body && old.same_title;
        if (same)
            r = passages_same(w->c, old.id, doc, &same, err);
        if (r == 0)
            r = replace(w, doc, sha, &old, !same, err);
        *ret_changed = !same;
    }
    if (r == 0)
        r = put_sketch(w, old.id, doc->sketch, err);
    if (r == 0)
        r = *ret_changed ? write_touch(w, collection, err) : 0;
    if (r == 0)
        *ret_id = old.id;
    return r;
}
