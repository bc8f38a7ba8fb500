/* SPDX-License-Identifier: MIT
 * Directory rows: made when the first document needs them, removed with the last. */
#include "core/store/internal.h"

#define DEPTH_MAX 4096  /* components of one path; more is a loop in damaged rows */
#define ATTEMPTS 100000 /* numbered names tried before giving up */

static int find_directory(struct conn *c, int64_t collection, int64_t parent, const char *name,
                          size_t len, int64_t *ret, struct docfs_err *err)
{
    return db_int(c, ret, err,
                  "SELECT id FROM directories WHERE collection = ?1 AND parent = ?2 AND name = ?3",
                  "iib", collection, parent, name, len);
}

/* Row of the document with that name, -ENOENT. */
static int find_document(struct conn *c, int64_t directory, const char *name, size_t len,
                         int64_t *ret, struct docfs_err *err)
{
    return db_int(c, ret, err, "SELECT id FROM documents WHERE directory = ?1 AND name = ?2", "ib",
                  directory, name, len);
}

/* Finds or makes the directory that shows base; a document may already have the plain name. */
static int enter(struct store_write *w, int64_t collection, int64_t parent, const char *base,
                 size_t len, int64_t *ret, struct docfs_err *err)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt += attempt ? 1 : 2) {
        char name[NAME_MAX_LEN + 1];
        size_t n = name_directory(base, len, attempt, name);
        int64_t document;
        int r = find_directory(w->c, collection, parent, name, n, ret, err);
        if (r != -ENOENT)
            return r;
        r = find_document(w->c, parent, name, n, &document, err);
        if (r == 0)
            continue;
        if (r != -ENOENT)
            return r;
        r = db_run(w->c, err, "INSERT INTO directories(collection, parent, name) VALUES (?1,?2,?3)",
                   "iib", collection, parent, name, n);
        if (r < 0)
            return r;
        *ret = sqlite3_last_insert_rowid(w->c->db);
        return write_changed(w, parent, name, n, err);
    }
    return err_set(err, -EEXIST, "too many entries called %.*s", (int)len, base);
}

/* The directory may be one that was made for this page and stays empty when the name cannot be
 * had; that ends the transaction anyway. */
static int free_name(struct store_write *w, int64_t collection, int64_t directory, const char *base,
                     size_t len, const char *part, int64_t document, char *name, size_t *ret_len,
                     struct docfs_err *err)
{
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt += *part && !attempt ? 2 : 1) {
        size_t n = *part ? name_part(part, attempt, name) : name_document(base, len, attempt, name);
        int64_t found;
        int r = find_document(w->c, directory, name, n, &found, err);
        if (r == 0 && found != document)
            continue;
        if (r == -ENOENT) {
            r = find_directory(w->c, collection, directory, name, n, &found, err);
            if (r == 0)
                continue;
        }
        if (r < 0 && r != -ENOENT)
            return r;
        *ret_len = n;
        return 0;
    }
    return err_set(err, -EEXIST, "too many documents called %.*s", (int)len, base);
}

int directory_place(struct store_write *w, int64_t collection, const char *path, const char *part,
                    int64_t document, int64_t *ret_directory, char name[NAME_MAX_LEN + 1],
                    size_t *ret_len, struct docfs_err *err)
{
    int64_t at = 0;
    int r = db_int(w->c, &at, err, "SELECT root FROM collections WHERE id = ?1", "i", collection);
    if (r < 0)
        return r == -ENOENT ? err_set(err, r, "the collection was removed meanwhile") : r;
    const char *base = "document", *next;
    size_t len = strlen(base), next_len;
    bool more = name_next(&path, &base, &len);
    while (more && name_next(&path, &next, &next_len)) {
        r = enter(w, collection, at, base, len, &at, err);
        if (r < 0)
            return r;
        base = next;
        len = next_len;
    }
    if (*part) {
        char stem[NAME_MAX_LEN + 1];
        size_t n = name_stem(base, len, stem);
        r = enter(w, collection, at, stem, n, &at, err);
        if (r < 0)
            return r;
    }
    r = free_name(w, collection, at, base, len, part, document, name, ret_len, err);
    if (r == 0)
        *ret_directory = at;
    return r;
}

int directory_prune(struct store_write *w, int64_t directory, struct docfs_err *err)
{
    for (;;) {
        _cleanup_stmt_ sqlite3_stmt *st = NULL;
        int r = db_query(w->c, &st, err,
                         "SELECT parent, name FROM directories AS d WHERE id = ?1 AND parent <> 0 "
                         "AND NOT EXISTS (SELECT 1 FROM documents WHERE directory = d.id) "
                         "AND NOT EXISTS (SELECT 1 FROM directories AS s "
                         "                WHERE s.collection = d.collection AND s.parent = d.id)",
                         "i", directory);
        if (r < 0 || (r = db_step(w->c, st, err)) <= 0)
            return r;
        char name[NAME_MAX_LEN + 1];
        int64_t parent = sqlite3_column_int64(st, 0);
        size_t n = db_name(st, 1, name);
        sqlite3_reset(st);
        r = db_run(w->c, err, "DELETE FROM directories WHERE id = ?1", "i", directory);
        if (r == 0)
            r = write_changed(w, parent, name, n, err);
        if (r < 0)
            return r;
        directory = parent;
    }
}

static int component(struct conn *c, int64_t directory, int64_t *ret_parent, struct buf *names,
                     struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    char name[NAME_MAX_LEN + 1];
    int r =
        db_query(c, &st, err, "SELECT parent, name FROM directories WHERE id = ?1", "i", directory);
    if (r < 0 || (r = db_step(c, st, err)) < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    *ret_parent = sqlite3_column_int64(st, 0);
    buf_add(names, name, db_name(st, 1, name));
    return 0;
}

static struct known_path *slot_of(struct store_read *r, int64_t directory)
{
    return &r->path[(uint64_t)directory % KNOWN_PATHS];
}

static const char *known(struct store_read *r, int64_t directory)
{
    const struct known_path *k = slot_of(r, directory);
    return k->directory == directory && k->generation == r->generation ? k->text : NULL;
}

static void remember(struct store_read *r, int64_t directory, const char *path, size_t len)
{
    struct known_path *k = slot_of(r, directory);
    free(k->text);
    *k = (struct known_path){directory, r->generation,
                             len <= KNOWN_PATH_MAX ? strndup(path, len) : NULL};
}

/* From the directory upwards to one whose path is known, or to the root. */
int directory_path(struct store_read *r, int64_t directory, struct buf *out, struct docfs_err *err)
{
    struct component {
        int64_t directory;
        size_t start;
    };
    _cleanup_buf_ struct buf names = {0};
    _cleanup_free_ struct component *part = NULL;
    size_t n = 0, start = out->len;
    const char *path = NULL;
    for (int64_t parent; directory && !(path = known(r, directory)); directory = parent) {
        if (n > DEPTH_MAX)
            return db_fail(r->c, SQLITE_CORRUPT, err);
        if (!grow(&part, n, sizeof(*part)))
            return err_oom(err);
        part[n] = (struct component){directory, names.len};
        int e = component(r->c, directory, &parent, &names, err);
        if (e < 0)
            return e;
        if (parent)
            n++;
        else /* the root has no name */
            buf_truncate(&names, part[n].start);
    }
    if (buf_status(&names) < 0)
        return err_oom(err);
    buf_adds(out, path ? path : "");
    for (size_t end = names.len; n-- > 0; end = part[n].start) {
        buf_add(out, names.data + part[n].start, end - part[n].start);
        buf_addc(out, '/');
        if (buf_status(out) == 0)
            remember(r, part[n].directory, out->data + start, out->len - start);
    }
    return buf_status(out) < 0 ? err_oom(err) : 0;
}

void directory_forget(struct store_read *r)
{
    for (size_t i = 0; i < KNOWN_PATHS; i++)
        free(r->path[i].text);
}
