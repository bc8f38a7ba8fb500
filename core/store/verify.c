/* SPDX-License-Identifier: MIT
 * docfs verify: the database against itself. */
#include "core/store/internal.h"

#include <stdio.h>

struct check {
    struct store_write *w;
    bool repair;
    void (*fn)(void *arg, const char *what, bool fixed);
    void *arg;
    int left;
};

static void found(struct check *k, const char *what, bool fixed)
{
    k->left += !fixed;
    if (k->fn)
        k->fn(k->arg, what, fixed);
}

static int integrity(struct check *k, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(k->w->c, &st, err, "PRAGMA integrity_check(20)", "");
    while (r >= 0 && (r = db_step(k->w->c, st, err)) == 1)
        if (strcmp(db_text(st, 0), "ok") != 0)
            found(k, db_text(st, 0), false);
    return r;
}

/* Rows that nothing points to. Each is counted by one query and removed by another. */
static const struct {
    const char *what, *count, *repair;
} orphans[] = {
    {"passages without a document",
     "SELECT count(*) FROM passages WHERE document NOT IN (SELECT id FROM documents)",
     "DELETE FROM passages WHERE document NOT IN (SELECT id FROM documents)"},
    {"sketches without a document",
     "SELECT count(*) FROM sketches WHERE document NOT IN (SELECT id FROM documents)",
     "DELETE FROM sketches WHERE document NOT IN (SELECT id FROM documents)"},
    {"vectors without a passage",
     "SELECT count(*) FROM vectors WHERE passage NOT IN (SELECT id FROM passages)",
     "DELETE FROM vectors WHERE passage NOT IN (SELECT id FROM passages)"},
    {"versions of no document that are not retired",
     "SELECT count(*) FROM content WHERE retired_at IS NULL "
     "AND id NOT IN (SELECT content FROM documents)",
     "UPDATE content SET retired_at = 0 WHERE retired_at IS NULL "
     "AND id NOT IN (SELECT content FROM documents)"},
    {"directories without a collection",
     "SELECT count(*) FROM directories WHERE collection NOT IN (SELECT id FROM collections)",
     "DELETE FROM directories WHERE collection NOT IN (SELECT id FROM collections)"},
    /* Their files are forgotten, so that the next refresh converts them again. */
    {"documents without a body",
     "SELECT count(*) FROM documents WHERE content NOT IN (SELECT id FROM content)",
     "UPDATE files SET outcome = 'failed', sha256 = NULL WHERE (source, path) IN (SELECT source, "
     "path FROM documents WHERE content NOT IN (SELECT id FROM content))"},
};

static int check_orphans(struct check *k, struct docfs_err *err)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < sizeof(orphans) / sizeof(*orphans); i++) {
        int64_t n = 0;
        char text[160];
        r = db_int(k->w->c, &n, err, orphans[i].count, "");
        if (r < 0 || n == 0)
            continue;
        if (k->repair)
            r = db_run(k->w->c, err, orphans[i].repair, "");
        snprintf(text, sizeof(text), "%lld %s", (long long)n, orphans[i].what);
        if (r == 0)
            found(k, text, k->repair);
    }
    return r;
}

static int rebuild_text(struct check *k, struct docfs_err *err)
{
    struct conn *c = k->w->c;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_run(c, err, "INSERT INTO fulltext(fulltext) VALUES ('delete-all')", "");
    if (r == 0)
        r = db_query(c, &st, err,
                     "SELECT p.id, d.title, p.heading, substr(c.body, p.start + 1, p.length) "
                     "FROM passages AS p JOIN documents AS d ON d.id = p.document "
                     "JOIN content AS c ON c.id = d.content ORDER BY p.id",
                     "");
    while (r >= 0 && (r = db_step(c, st, err)) == 1) {
        const char *body = sqlite3_column_blob(st, 3);
        r = write_text(k->w, false, sqlite3_column_int64(st, 0), db_text(st, 1), db_text(st, 2),
                       body ? body : "", (size_t)sqlite3_column_bytes(st, 3), err);
    }
    if (r == 0)
        r = write_flush_text(k->w, err);
    k->w->visible = true;
    return r;
}

/* The index is contentless, so it is compared by the rows it counts and by its own check. */
static int check_text(struct check *k, struct docfs_err *err)
{
    int64_t passages = 0, rows = 0;
    char text[160] = "";
    struct docfs_err why;
    int r = db_int(k->w->c, &passages, err, "SELECT count(*) FROM passages", "");
    if (r == 0)
        r = db_int(k->w->c, &rows, err, "SELECT count(*) FROM fulltext_docsize", "");
    if (r < 0)
        return r;
    if (passages != rows)
        snprintf(text, sizeof(text), "full text holds %lld of %lld passages", (long long)rows,
                 (long long)passages);
    else if (db_run(k->w->c, &why, "INSERT INTO fulltext(fulltext) VALUES ('integrity-check')",
                    "") < 0)
        snprintf(text, sizeof(text), "full text index: %.120s", why.text);
    if (!*text)
        return 0;
    if (k->repair)
        r = rebuild_text(k, err);
    if (r == 0)
        found(k, text, k->repair);
    return r;
}

int store_verify(struct store *s, bool repair, void (*fn)(void *arg, const char *what, bool fixed),
                 void *arg, struct docfs_err *err)
{
    struct check k = {.repair = repair, .fn = fn, .arg = arg};
    if (store_is_read_only(s))
        return 0; /* nothing but reading can be tried, and every read checks what it touches */
    int r = store_write_begin(s, &k.w, err);
    if (r == 0)
        r = integrity(&k, err);
    if (r == 0 && k.left == 0)
        r = check_orphans(&k, err);
    if (r == 0 && k.left == 0)
        r = check_text(&k, err);
    if (r < 0 || !repair)
        store_write_abort(k.w);
    else
        r = store_write_commit(k.w, err);
    return r < 0 ? r : k.left;
}
