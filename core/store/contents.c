/* SPDX-License-Identifier: MIT
 * Bodies of document versions. */
#include "core/store/internal.h"

/* Larger bodies are read in pieces through the blob interface: it follows the chain of pages up to
 * the piece instead of loading all of it. */
#define WHOLE_MAX 32768
#define VIEW_MAX 262144 /* the same for bodies of which several pieces are wanted */

/* The handle stays for other bodies, until the snapshot ends: to make one costs more than to read.
 */
int64_t content_piece(struct conn *c, int64_t content, void *data, size_t size, int64_t offset,
                      struct docfs_err *err)
{
    /* Opened anew it would forget how far the chain of the same body is known. */
    int rc = !c->body ? sqlite3_blob_open(c->db, "main", "content", "body", content, 0, &c->body)
             : c->body_of != content ? sqlite3_blob_reopen(c->body, content)
                                     : SQLITE_OK;
    c->body_of = content;
    if (rc == SQLITE_OK)
        rc = sqlite3_blob_read(c->body, data, (int)size, (int)offset);
    if (rc == SQLITE_OK)
        return (int64_t)size;
    int r = db_fail(c, rc, err);
    content_done(c);
    return r;
}

void content_done(struct conn *c)
{
    sqlite3_blob_close(c->body);
    c->body = NULL;
}

static int64_t read_large(struct store_read *r, int64_t content, int64_t len, void *data,
                          size_t size, int64_t offset, struct docfs_err *err)
{
    struct flat *flat = &r->s->flat;
    bool again = false;
    if (len < FLAT_MIN)
        return content_piece(r->c, content, data, size, offset, err);
    if (flat_read(flat, content, data, size, offset, &again))
        return (int64_t)size;
    if (again)
        flat_make(r, content, len);
    return again && flat_read(flat, content, data, size, offset, &again)
               ? (int64_t)size
               : content_piece(r->c, content, data, size, offset, err);
}

int64_t content_read(struct store_read *r, int64_t content, void *data, size_t size, int64_t offset,
                     struct docfs_err *err)
{
    struct conn *c = r->c;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(c, &st, err,
                     "SELECT length(body), CASE WHEN length(body) <= ?2 THEN body END "
                     "FROM content WHERE id = ?1",
                     "ii", content, (int64_t)WHOLE_MAX);
    if (e < 0 || (e = db_step(c, st, err)) < 0)
        return e;
    if (e == 0)
        return -ENOENT;
    int64_t len = sqlite3_column_int64(st, 0);
    if (offset < 0)
        return err_set(err, -EINVAL, "negative offset");
    if (offset >= len || size == 0)
        return 0;
    if ((int64_t)size > len - offset)
        size = (size_t)(len - offset);
    if (len > WHOLE_MAX)
        return read_large(r, content, len, data, size, offset, err);
    const char *body = sqlite3_column_blob(st, 1);
    if (!body)
        return err_oom(err);
    memcpy(data, body + offset, size);
    return (int64_t)size;
}

void content_view_fini(struct content_view *v)
{
    db_release(&v->st);
    *v = (struct content_view){0};
}

static int view(struct conn *c, struct content_view *v, int64_t content, struct docfs_err *err)
{
    content_view_fini(v);
    int r = db_query(c, &v->st, err,
                     "SELECT CASE WHEN length(body) <= ?2 THEN body END, length(body) "
                     "FROM content WHERE id = ?1",
                     "ii", content, (int64_t)VIEW_MAX);
    if (r < 0 || (r = db_step(c, v->st, err)) < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    v->content = content;
    v->body = sqlite3_column_blob(v->st, 0);
    v->len = sqlite3_column_int64(v->st, 1);
    return 0;
}

int64_t content_view_read(struct store_read *r, struct content_view *v, int64_t content, void *data,
                          size_t size, int64_t offset, struct docfs_err *err)
{
    int e = v->content == content ? 0 : view(r->c, v, content, err);
    if (e < 0)
        return e;
    if (!v->body)
        return content_read(r, content, data, size, offset, err);
    if (offset < 0 || offset >= v->len || size == 0)
        return offset < 0 ? err_set(err, -EINVAL, "negative offset") : 0;
    if ((int64_t)size > v->len - offset)
        size = (size_t)(v->len - offset);
    memcpy(data, v->body + offset, size);
    return (int64_t)size;
}

/* The whole body, NUL-terminated; caller frees. -ENOENT (without text). */
static int content_body(struct conn *c, int64_t content, char **ret, size_t *ret_len,
                        struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(c, &st, err, "SELECT body FROM content WHERE id = ?1", "i", content);
    if (r < 0 || (r = db_step(c, st, err)) < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    const void *p = sqlite3_column_blob(st, 0);
    size_t n = (size_t)sqlite3_column_bytes(st, 0);
    char *body = malloc(n + 1);
    if (!body || (n && !p)) {
        free(body);
        return err_oom(err);
    }
    if (n)
        memcpy(body, p, n);
    body[n] = '\0';
    *ret = body;
    *ret_len = n;
    return 0;
}

void content_bodies_fini(struct content_bodies *b)
{
    free(b->body);
    *b = (struct content_bodies){0};
}

int content_bodies_piece(struct conn *c, struct content_bodies *b, int64_t content, size_t start,
                         size_t len, const char **ret, struct docfs_err *err)
{
    if (!b->body || b->content != content) {
        content_bodies_fini(b);
        int r = content_body(c, content, &b->body, &b->len, err);
        if (r == -ENOENT)
            return db_fail(c, SQLITE_CORRUPT, err);
        if (r < 0)
            return r;
        b->content = content;
    }
    if (start > b->len || len > b->len - start)
        return db_fail(c, SQLITE_CORRUPT, err);
    *ret = b->body + start;
    return 0;
}

int64_t store_content_read(struct store_read *r, int64_t content, void *data, size_t size,
                           int64_t offset, struct docfs_err *err)
{
    return content_read(r, content, data, size, offset, err);
}

int store_sweep(struct store_write *w, int64_t seconds, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "DELETE FROM content WHERE retired_at IS NOT NULL AND retired_at <= ?1", "i",
                   w->now - seconds);
    if (r == 0)
        r = db_run(w->c, err,
                   "DELETE FROM records WHERE kind = 'summary' AND NOT EXISTS (SELECT 1 FROM "
                   "content WHERE id = CAST(key AS INTEGER) AND retired_at IS NULL)",
                   "");
    /* Readers behind the oldest change kept must forget everything: remember how far that goes. */
    int64_t last = 0, floor = 0;
    if (r == 0)
        r = db_int(w->c, &last, err, "SELECT coalesce(max(seq), 0) FROM changes", "");
    if (r == 0)
        r = db_int(w->c, &floor, err,
                   "SELECT coalesce((SELECT generation FROM changes WHERE seq <= ?1 "
                   "                 ORDER BY seq DESC LIMIT 1), 0)",
                   "i", last - CHANGES_KEPT);
    if (r == 0 && floor > 0) {
        r = meta_set_int(w->c, "changes_floor", floor, err);
        if (r == 0)
            r = db_run(w->c, err, "DELETE FROM changes WHERE generation <= ?1", "i", floor);
    }
    if (r == 0)
        r = db_run(w->c, err,
                   "DELETE FROM query_log WHERE id <= (SELECT max(id) FROM query_log) - ?1", "i",
                   (int64_t)QUERIES_KEPT);
    if (r == 0)
        r = db_run(w->c, err,
                   "DELETE FROM jobs WHERE state <> 'running' "
                   "AND id <= (SELECT max(id) FROM jobs) - ?1",
                   "i", (int64_t)JOBS_KEPT);
    return r;
}
