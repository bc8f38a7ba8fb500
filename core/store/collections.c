/* SPDX-License-Identifier: MIT
 * Collections: found, made, counted and removed. */
#include "core/store/internal.h"

int store_put_collection(struct store_write *w, const char *name, int64_t *ret,
                         struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_int(w->c, ret, err, "SELECT id FROM collections WHERE name = ?1", "t", name);
    if (r != -ENOENT)
        return r;
    const char *at = strchr(name, '@');
    char *base = strndup(name, at ? (size_t)(at - name) : strlen(name));
    if (!base)
        return err_oom(err);
    r = db_run(w->c, err,
               "INSERT INTO collections(name, base, version, root, created_at, changed_at) "
               "VALUES (?1, ?2, ?3, 0, ?4, ?4)",
               "ttti", name, base, at ? at + 1 : "", w->now);
    free(base);
    if (r < 0)
        return r;
    int64_t id = sqlite3_last_insert_rowid(w->c->db);
    r = db_run(w->c, err, "INSERT INTO directories(collection, parent, name) VALUES (?1, 0, x'')",
               "i", id);
    if (r == 0)
        r = db_run(w->c, err, "UPDATE collections SET root = ?2 WHERE id = ?1", "ii", id,
                   (int64_t)sqlite3_last_insert_rowid(w->c->db));
    if (r == 0)
        r = write_changed(w, 0, name, strlen(name), err);
    if (r < 0)
        return r;
    *ret = id;
    return 1;
}

/* Next document of a collection; 1, 0 or -errno. */
static int next_document(struct conn *c, int64_t collection, int64_t *ret, struct docfs_err *err)
{
    int r = db_int(c, ret, err, "SELECT id FROM documents WHERE collection = ?1 LIMIT 1", "i",
                   collection);
    return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int store_remove_collection(struct store_write *w, const char *name, struct docfs_err *err)
{
    int64_t id, document;
    int r = write_check(w, err);
    if (r == 0)
        r = db_int(w->c, &id, err, "SELECT id FROM collections WHERE name = ?1", "t", name);
    if (r == -ENOENT)
        return err_set(err, r, "no collection is called %s (docfs list shows them)", name);
    while (r >= 0 && (r = next_document(w->c, id, &document, err)) == 1)
        r = document_remove(w, document, true, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "DELETE FROM files WHERE source IN "
                   "(SELECT id FROM sources WHERE collection = ?1)",
                   "i", id);
    if (r == 0)
        r = db_run(w->c, err, "DELETE FROM collections WHERE id = ?1", "i", id);
    return r < 0 ? r : write_changed(w, 0, name, strlen(name), err);
}

/* All but the names is counted over every document: once a generation. */
static int count_collection(struct store_read *r, struct store_collection *x, struct docfs_err *err)
{
    const struct {
        enum memo what;
        int64_t *figure;
    } of[] = {{MEMO_COLLECTION_DOCUMENTS, &x->documents},
              {MEMO_COLLECTION_BYTES, &x->bytes},
              {MEMO_COLLECTION_NEWEST, &x->newest},
              {MEMO_COLLECTION_PASSAGES, &x->passages}};
    size_t known = 0, n = sizeof(of) / sizeof(*of);
    while (known < n &&
           memo_get(r, memo_key(of[known].what, &x->id, sizeof(x->id)), of[known].figure))
        known++;
    if (known == n)
        return 0;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT count(*), coalesce(sum(d.size), 0), coalesce(max(d.content), 0), "
                     "  coalesce(sum((SELECT count(*) FROM passages WHERE document = d.id)), 0) "
                     "FROM documents AS d WHERE d.collection = ?1",
                     "i", x->id);
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    for (size_t i = 0; i < n; i++) {
        *of[i].figure = sqlite3_column_int64(st, (int)i);
        memo_put(r, memo_key(of[i].what, &x->id, sizeof(x->id)), *of[i].figure);
    }
    return 0;
}

int store_list_collections(struct store_read *r, struct store_collections *ret,
                           struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(
        r->c, &st, err,
        "SELECT c.id, c.root, c.name, c.version, c.title, c.changed_at, "
        "  coalesce((SELECT s.location FROM sources AS s WHERE s.collection = c.id LIMIT 1), x''), "
        "  coalesce((SELECT s.outcome FROM sources AS s WHERE s.collection = c.id LIMIT 1), ''), "
        "  coalesce((SELECT max(s.checked_at) FROM sources AS s WHERE s.collection = c.id), 0), "
        "  (SELECT count(*) FROM files AS f JOIN sources AS s ON s.id = f.source "
        "   WHERE s.collection = c.id AND f.outcome <> 'ok' AND f.outcome = 'failed'), "
        "  coalesce((SELECT s.kind FROM sources AS s WHERE s.collection = c.id LIMIT 1), ''), "
        "  coalesce((SELECT s.revision FROM sources AS s WHERE s.collection = c.id LIMIT 1), '') "
        "FROM collections AS c ORDER BY c.name",
        "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        if (!grow(&ret->item, ret->n, sizeof(*ret->item)))
            return err_oom(err);
        struct store_collection *x = &ret->item[ret->n++];
        *x = (struct store_collection){
            .id = sqlite3_column_int64(st, 0),
            .root = sqlite3_column_int64(st, 1),
            .name = db_strdup(st, 2),
            .version = db_strdup(st, 3),
            .title = db_strdup(st, 4),
            .changed_at = sqlite3_column_int64(st, 5),
            .location = db_strdup(st, 6),
            .outcome = db_strdup(st, 7),
            .checked_at = sqlite3_column_int64(st, 8),
            .failed = sqlite3_column_int64(st, 9),
            .kind = db_strdup(st, 10),
            .revision = db_strdup(st, 11),
        };
        if (!x->name || !x->version || !x->title || !x->location || !x->outcome || !x->kind ||
            !x->revision)
            return err_oom(err);
        if ((e = count_collection(r, x, err)) < 0)
            return e;
    }
    return e;
}

void store_collections_fini(struct store_collections *c)
{
    for (size_t i = 0; i < c->n; i++) {
        struct store_collection *x = &c->item[i];
        free(x->name);
        free(x->version);
        free(x->title);
        free(x->location);
        free(x->outcome);
        free(x->kind);
        free(x->revision);
    }
    free(c->item);
    *c = (struct store_collections){0};
}
