/* SPDX-License-Identifier: MIT
 * Passage rows: written with their document, read for hits. */
#include "core/store/internal.h"

int passages_insert(struct store_write *w, int64_t document, const struct store_new_document *doc,
                    struct docfs_err *err)
{
    for (size_t i = 0; i < doc->n_passages; i++) {
        const struct store_new_passage *p = &doc->passage[i];
        if (p->start > doc->len || p->len > doc->len - p->start)
            return err_set(err, -EINVAL, "%s: a passage lies outside its document", doc->path);
        int r = db_run(w->c, err,
                       "INSERT INTO passages(document, heading, start, length, line, lines) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                       "itiiii", document, p->heading, (int64_t)p->start, (int64_t)p->len,
                       (int64_t)p->line, (int64_t)p->lines);
        if (r < 0)
            return r;
        int64_t id = sqlite3_last_insert_rowid(w->c->db);
        r = write_text(w, false, id, doc->title, p->heading, doc->body + p->start, p->len, err);
        if (r == 0 && p->code)
            r = db_run(w->c, err, "INSERT INTO vectors(passage, code) VALUES (?1, ?2)", "ib", id,
                       (const void *)p->code, doc->code_len);
        if (r < 0)
            return r;
    }
    return 0;
}

int passages_remove(struct store_write *w, int64_t document, const char *title, const char *body,
                    size_t len, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(w->c, &st, err,
                     "SELECT id, heading, start, length FROM passages WHERE document = ?1", "i",
                     document);
    while (r >= 0 && (r = db_step(w->c, st, err)) == 1) {
        int64_t id = sqlite3_column_int64(st, 0);
        size_t start = (size_t)sqlite3_column_int64(st, 2);
        size_t n = (size_t)sqlite3_column_int64(st, 3);
        if (start > len || n > len - start)
            start = n = 0;
        r = write_text(w, true, id, title, db_text(st, 1), body + start, n, err);
        if (r == 0)
            r = db_run(w->c, err, "DELETE FROM vectors WHERE passage = ?1", "i", id);
    }
    if (r < 0)
        return r;
    sqlite3_reset(st);
    return db_run(w->c, err, "DELETE FROM passages WHERE document = ?1", "i", document);
}

int passages_same(struct conn *c, int64_t document, const struct store_new_document *doc, bool *ret,
                  struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(c, &st, err,
                     "SELECT heading, start, length FROM passages WHERE document = ?1 ORDER BY id",
                     "i", document);
    size_t i = 0;
    bool same = true;
    while (r >= 0 && same && (r = db_step(c, st, err)) == 1) {
        same = i < doc->n_passages && strcmp(db_text(st, 0), doc->passage[i].heading) == 0 &&
               sqlite3_column_int64(st, 1) == (int64_t)doc->passage[i].start &&
               sqlite3_column_int64(st, 2) == (int64_t)doc->passage[i].len;
        i++;
    }
    *ret = same && i == doc->n_passages;
    return r < 0 ? r : 0;
}

int store_passage_heading(struct store_read *r, int64_t passage, char **ret, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err, "SELECT heading FROM passages WHERE id = ?1", "i", passage);
    *ret = NULL;
    if (e >= 0 && (e = db_step(r->c, st, err)) == 1 && !(*ret = db_strdup(st, 0)))
        return err_oom(err);
    return e < 0 ? e : 0;
}

void store_passage_fini(struct store_passage *p)
{
    free(p->collection);
    free(p->path);
    free(p->title);
    free(p->url);
    free(p->heading);
    free(p->text);
    *p = (struct store_passage){0};
}

/* Fills what the row says; text and the directory's part of the path follow. */
static int read_row(struct conn *c, int64_t passage, struct store_passage *p, int64_t *ret_start,
                    char name[NAME_MAX_LEN + 1], struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(c, &st, err,
                     "SELECT p.document, d.content, d.directory, k.name, d.name, d.title, d.url, "
                     "       p.heading, p.start, p.length, p.line, p.lines, d.size, d.mtime_ns, "
                     "d.signs, " FRESH_COLUMNS
                     "FROM passages AS p JOIN documents AS d ON d.id = p.document "
                     "JOIN sources AS s ON s.id = d.source "
                     "JOIN collections AS k ON k.id = d.collection WHERE p.id = ?1",
                     "i", passage);
    if (r < 0 || (r = db_step(c, st, err)) < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    *p = (struct store_passage){.passage = passage,
                                .document = sqlite3_column_int64(st, 0),
                                .content = sqlite3_column_int64(st, 1),
                                .directory = sqlite3_column_int64(st, 2),
                                .collection = db_strdup(st, 3),
                                .title = db_strdup(st, 5),
                                .url = db_strdup(st, 6),
                                .heading = db_strdup(st, 7),
                                .text_len = (size_t)sqlite3_column_int64(st, 9),
                                .line = (uint32_t)sqlite3_column_int64(st, 10),
                                .lines = (uint32_t)sqlite3_column_int64(st, 11),
                                .size = sqlite3_column_int64(st, 12),
                                .mtime_ns = sqlite3_column_int64(st, 13),
                                .signs = (unsigned)sqlite3_column_int(st, 14),
                                .fresh = fresh_read(st, 15)};
    *ret_start = sqlite3_column_int64(st, 8);
    db_name(st, 4, name);
    if (!p->collection || !p->title || !p->url || !p->heading)
        return err_oom(err);
    if ((int64_t)p->text_len > p->size || *ret_start < 0)
        return db_fail(c, SQLITE_CORRUPT, err);
    return 0;
}

int store_passage(struct store_read *r, int64_t passage, struct store_passage *ret,
                  struct docfs_err *err)
{
    _cleanup_(store_passage_fini) struct store_passage p = {0};
    _cleanup_buf_ struct buf path = {0};
    char name[NAME_MAX_LEN + 1];
    int64_t start = 0;
    int e = read_row(r->c, passage, &p, &start, name, err);
    if (e == 0)
        e = directory_path(r, p.directory, &path, err);
    if (e < 0)
        return e;
    buf_adds(&path, name);
    p.path = buf_steal(&path, NULL);
    p.text = malloc(p.text_len + 1);
    if (!p.path || !p.text)
        return err_oom(err);
    int64_t n = content_read(r, p.content, p.text, p.text_len, start, err);
    if (n == -ENOENT)
        return db_fail(r->c, SQLITE_CORRUPT, err);
    if (n < 0)
        return (int)n;
    p.text[p.text_len = (size_t)n] = '\0';
    *ret = p;
    p = (struct store_passage){0};
    return 0;
}

/* The row, and the bytes of it in the body that `view` shows. */
static int read_text(struct store_read *r, int64_t passage, struct content_view *view,
                     struct store_passage *ret, struct docfs_err *err)
{
    _cleanup_(store_passage_fini) struct store_passage p = {.passage = passage};
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT d.content, d.title, p.heading, p.start, p.length, d.size "
                     "FROM passages AS p JOIN documents AS d ON d.id = p.document WHERE p.id = ?1",
                     "i", passage);
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    if (e == 0)
        return -ENOENT;
    int64_t start = sqlite3_column_int64(st, 3), size = sqlite3_column_int64(st, 5);
    p.content = sqlite3_column_int64(st, 0);
    p.title = db_strdup(st, 1);
    p.heading = db_strdup(st, 2);
    p.text_len = (size_t)sqlite3_column_int64(st, 4);
    if (!p.title || !p.heading)
        return err_oom(err);
    if ((int64_t)p.text_len > size || start < 0)
        return db_fail(r->c, SQLITE_CORRUPT, err);
    if (!(p.text = malloc(p.text_len + 1)))
        return err_oom(err);
    int64_t n = content_view_read(r, view, p.content, p.text, p.text_len, start, err);
    if (n == -ENOENT)
        return db_fail(r->c, SQLITE_CORRUPT, err);
    if (n < 0)
        return (int)n;
    p.text[p.text_len = (size_t)n] = '\0';
    *ret = p;
    p = (struct store_passage){0};
    return 0;
}

struct numbered {
    int64_t passage;
    size_t at;
};

static int by_passage(const void *a, const void *b)
{
    const struct numbered *x = a, *y = b;
    return (x->passage > y->passage) - (x->passage < y->passage);
}

int store_passage_texts(struct store_read *r, const int64_t *id, size_t n,
                        struct store_passage *ret, struct docfs_err *err)
{
    /* Passages of one document have numbers that follow each other: its body is read once. */
    _cleanup_free_ struct numbered *order = malloc((n ? n : 1) * sizeof(*order));
    _cleanup_(content_view_fini) struct content_view view = {0};
    if (!order)
        return err_oom(err);
    for (size_t i = 0; i < n; i++)
        order[i] = (struct numbered){id[i], i};
    if (n)
        qsort(order, n, sizeof(*order), by_passage);
    for (size_t i = 0; i < n; i++) {
        int e = read_text(r, order[i].passage, &view, &ret[order[i].at], err);
        if (e < 0 && e != -ENOENT)
            return e;
    }
    return 0;
}

int store_texts(struct store_read *r, int64_t after,
                int (*fn)(void *arg, int64_t passage, int64_t document, const char *title,
                          const char *heading, const char *text, size_t len),
                void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    _cleanup_(content_bodies_fini) struct content_bodies bodies = {0};
    int e = db_query(r->c, &st, err,
                     "SELECT p.id, p.document, d.title, p.heading, p.start, p.length, d.content "
                     "FROM passages AS p CROSS JOIN documents AS d ON d.id = p.document "
                     "WHERE p.id > ?1 ORDER BY p.id",
                     "i", after);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        const char *text;
        size_t len = (size_t)sqlite3_column_int64(st, 5);
        e = content_bodies_piece(r->c, &bodies, sqlite3_column_int64(st, 6),
                                 (size_t)sqlite3_column_int64(st, 4), len, &text, err);
        if (e < 0)
            return e;
        e = fn(arg, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), db_text(st, 2),
               db_text(st, 3), text, len);
    }
    return e;
}

int store_passages_after(struct store_read *r, int64_t after, int64_t *ret, struct docfs_err *err)
{
    return db_int(r->c, ret, err, "SELECT count(*) FROM passages WHERE id > ?1", "i", after);
}

int store_document_passages(struct store_read *r, int64_t document, int64_t **ret, size_t *ret_n,
                            struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    _cleanup_free_ int64_t *id = NULL;
    size_t n = 0;
    int e = db_query(r->c, &st, err, "SELECT id FROM passages WHERE document = ?1 ORDER BY id", "i",
                     document);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        if (!grow(&id, n, sizeof(*id)))
            return err_oom(err);
        id[n++] = sqlite3_column_int64(st, 0);
    }
    if (e < 0)
        return e;
    *ret = steal_ptr(id);
    *ret_n = n;
    return 0;
}

int store_passage_count(struct store_read *r, int64_t *ret_n, int64_t *ret_last,
                        struct docfs_err *err)
{
    if (memo_get(r, MEMO_PASSAGES, ret_n) && memo_get(r, MEMO_LAST_PASSAGE, ret_last))
        return 0;
    int e = db_int(r->c, ret_n, err, "SELECT count(*) FROM passages", "");
    if (e == 0)
        e = db_int(r->c, ret_last, err, "SELECT coalesce(max(id), 0) FROM passages", "");
    if (e < 0)
        return e;
    memo_put(r, MEMO_PASSAGES, *ret_n);
    memo_put(r, MEMO_LAST_PASSAGE, *ret_last);
    return 0;
}
