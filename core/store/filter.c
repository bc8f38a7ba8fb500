/* SPDX-License-Identifier: MIT
 * Documents that pass the filters of a query. */
#include "core/store/internal.h"
#include "core/text/name.h"

struct pass {
    struct store_read *r;
    const struct store_filter *f;
    void (*fn)(void *arg, int64_t document);
    void *arg;
};

static bool path_matches(struct pass *p, const char *path, int64_t directory, const char *name)
{
    if (name_glob(p->f->path, path))
        return true;
    _cleanup_buf_ struct buf shown = {0};
    if (directory_path(p->r, directory, &shown, NULL) < 0)
        return false;
    buf_adds(&shown, name);
    return buf_status(&shown) == 0 && name_glob(p->f->path, shown.data);
}

static bool ext_matches(const char *path, const char *want)
{
    const char *ext;
    size_t n = name_extension(path, &ext);
    return n == strlen(want) && strncasecmp(ext, want, n) == 0;
}

/* When the original changed, in seconds; where that is not known, when it was seen to. */
#define MODIFIED "iif(mtime_ns > 0, mtime_ns / 1000000000, changed_at)"

static int one_collection(struct pass *p, int64_t collection, struct docfs_err *err)
{
    const struct store_filter *f = p->f;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(p->r->c, &st, err,
                     "SELECT id, path, directory, name FROM documents WHERE collection = ?1 "
                     "AND (?2 IS NULL OR format = ?2) "
                     "AND (?3 IS NULL OR lang = ?3 OR substr(lang, 1, length(?3)+1) = ?3 || '-') "
                     "AND " MODIFIED " >= ?4 AND (?5 = 0 OR " MODIFIED " < ?5) "
                     "AND (?6 = 0 OR directory IN (WITH RECURSIVE below(id) AS (SELECT ?6 UNION "
                     "  SELECT d.id FROM directories AS d JOIN below AS b ON d.parent = b.id "
                     "  WHERE d.collection = ?1) SELECT id FROM below))",
                     "ittiii", collection, f->type, f->lang, f->after, f->before, f->scope);
    while (e >= 0 && (e = db_step(p->r->c, st, err)) == 1) {
        _cleanup_free_ char *path = f->path || f->ext ? db_strdup(st, 1) : NULL;
        if ((f->path || f->ext) && !path)
            return err_oom(err);
        if (f->ext && !ext_matches(path, f->ext))
            continue;
        if (f->path) {
            char name[NAME_MAX_LEN + 1];
            size_t n = db_name(st, 3, name);
            name[n] = '\0';
            if (!path_matches(p, path, sqlite3_column_int64(st, 2), name))
                continue;
        }
        p->fn(p->arg, sqlite3_column_int64(st, 0));
    }
    return e;
}

/* Ids first: the statement of one_collection runs inside the loop. */
static int collections(struct conn *c, const char *name, int64_t **ids, size_t *n,
                       struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(c, &st, err,
                     "SELECT id FROM collections WHERE ?1 IS NULL OR name = ?1 OR base = ?1", "t",
                     name);
    while (e >= 0 && (e = db_step(c, st, err)) == 1) {
        if (!grow(ids, *n, sizeof(**ids)))
            return err_oom(err);
        (*ids)[(*n)++] = sqlite3_column_int64(st, 0);
    }
    return e;
}

int store_filter_documents(struct store_read *r, const struct store_filter *f,
                           void (*fn)(void *arg, int64_t document), void *arg,
                           struct docfs_err *err)
{
    struct pass p = {.r = r, .f = f, .fn = fn, .arg = arg};
    _cleanup_free_ int64_t *ids = NULL;
    size_t n = 0;
    int e = f->n_in ? 0 : collections(r->c, NULL, &ids, &n, err);
    for (size_t i = 0; e >= 0 && i < f->n_in; i++)
        e = collections(r->c, f->in[i], &ids, &n, err);
    for (size_t i = 0; e >= 0 && i < n; i++)
        e = one_collection(&p, ids[i], err);
    return e;
}
