/* SPDX-License-Identifier: MIT */
#include "core/store/internal.h"

int store_put_source(struct store_write *w, int64_t collection, const char *kind,
                     const char *location, const char *options, int64_t *ret, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "INSERT INTO sources(collection, kind, location, options) VALUES (?1,?2,?3,?4) "
                   "ON CONFLICT(collection, kind, location) DO UPDATE SET options=excluded.options",
                   "itst", collection, kind, location, options);
    if (r == 0)
        r = db_int(w->c, ret, err,
                   "SELECT id FROM sources WHERE collection = ?1 AND kind = ?2 AND location = ?3",
                   "its", collection, kind, location);
    return r;
}

/* Answers keep the time of the last check and when it will be too old. They may lag behind by a
 * quarter of that, so that a refresh without a change need not throw all of them away. */
static int show(struct store_write *w, int64_t source, const char *outcome, int64_t window,
                struct docfs_err *err)
{
    int64_t old = 0;
    int r = db_int(w->c, &old, err,
                   "SELECT outcome <> ?2 OR (?3 > 0 AND ?4 - shown_at > ?3 / 4) FROM sources "
                   "WHERE id = ?1",
                   "itii", source, outcome, window, w->now);
    if (r < 0 || !old)
        return r;
    w->visible = true;
    return db_run(w->c, err, "UPDATE sources SET shown_at = ?2 WHERE id = ?1", "ii", source,
                  w->now);
}

int store_set_policy(struct store_write *w, int64_t source, const char *policy, int64_t every,
                     struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err, "UPDATE sources SET policy = ?2, every = ?3 WHERE id = ?1", "iti",
                   source, policy, every);
    if (r == 0 && sqlite3_changes(w->c->db) == 0)
        return err_set(err, -ENOENT, "there is no source %lld", (long long)source);
    w->visible = true;
    return r;
}

int store_source_done(struct store_write *w, int64_t source, const char *outcome,
                      const char *revision, int64_t window, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = show(w, source, outcome, window, err);
    return r < 0 ? r
                 : db_run(w->c, err,
                          "UPDATE sources SET checked_at = ?2, outcome = ?3, "
                          "  ok_at = CASE WHEN ?3 = 'ok' THEN ?2 ELSE ok_at END, "
                          "  revision = CASE ?4 WHEN '' THEN revision ELSE ?4 END WHERE id = ?1",
                          "iitt", source, w->now, outcome, revision);
}

int store_forget_source(struct store_write *w, int64_t source, bool with_collection,
                        struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = write_check(w, err);
    if (r == 0)
        r = db_query(w->c, &st, err,
                     "SELECT c.name, (SELECT count(*) FROM sources WHERE collection = c.id) "
                     "FROM sources AS s JOIN collections AS c ON c.id = s.collection "
                     "WHERE s.id = ?1 AND s.ok_at = 0 "
                     "  AND NOT EXISTS (SELECT 1 FROM documents WHERE source = s.id) "
                     "  AND NOT EXISTS (SELECT 1 FROM files WHERE source = s.id)",
                     "i", source);
    if (r < 0 || (r = db_step(w->c, st, err)) <= 0)
        return r;
    _cleanup_free_ char *name = db_strdup(st, 0);
    bool last = sqlite3_column_int64(st, 1) == 1;
    sqlite3_reset(st);
    if (!name)
        return err_oom(err);
    r = db_run(w->c, err, "DELETE FROM sources WHERE id = ?1", "i", source);
    if (r == 0 && last && with_collection) {
        _cleanup_stmt_ sqlite3_stmt *any = NULL;
        r = db_query(w->c, &any, err,
                     "SELECT 1 FROM documents AS d JOIN collections AS c ON c.id = d.collection "
                     "WHERE c.name = ?1 LIMIT 1",
                     "t", name);
        if (r == 0 && (r = db_step(w->c, any, err)) == 0)
            r = store_remove_collection(w, name, err);
    }
    return r < 0 ? r : 1;
}

int store_list_sources(struct store_read *r, const char *collection, struct store_sources *ret,
                       struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT s.id, s.collection, c.name, s.kind, s.location, s.options, s.outcome, "
                     "  s.checked_at, s.policy, s.every, s.ok_at, s.revision "
                     "FROM sources AS s JOIN collections AS c ON c.id = s.collection "
                     "WHERE ?1 IS NULL OR c.name = ?1 OR c.base = ?1 ORDER BY s.id",
                     "t", collection);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        if (!grow(&ret->item, ret->n, sizeof(*ret->item)))
            return err_oom(err);
        struct store_source *x = &ret->item[ret->n++];
        *x = (struct store_source){
            .id = sqlite3_column_int64(st, 0),
            .collection = sqlite3_column_int64(st, 1),
            .collection_name = db_strdup(st, 2),
            .kind = db_strdup(st, 3),
            .location = db_strdup(st, 4),
            .options = db_strdup(st, 5),
            .outcome = db_strdup(st, 6),
            .checked_at = sqlite3_column_int64(st, 7),
            .policy = db_strdup(st, 8),
            .revision = db_strdup(st, 11),
            .fresh = {.every = sqlite3_column_int64(st, 9), .ok_at = sqlite3_column_int64(st, 10)},
        };
        if (!x->policy || !x->revision || !x->collection_name || !x->kind || !x->location ||
            !x->options || !x->outcome)
            return err_oom(err);
        x->fresh.failed = *x->outcome && strcmp(x->outcome, "ok") != 0;
        x->fresh.fixed = strcmp(x->kind, "raw") == 0;
        x->fresh.interval = strcmp(x->policy, "interval") == 0;
    }
    if (e == 0 && collection && ret->n == 0)
        return err_set(err, -ENOENT, "no collection is called %s (docfs list shows them)",
                       collection);
    return e;
}

void store_sources_fini(struct store_sources *s)
{
    for (size_t i = 0; i < s->n; i++) {
        struct store_source *x = &s->item[i];
        free(x->collection_name);
        free(x->kind);
        free(x->location);
        free(x->options);
        free(x->outcome);
        free(x->policy);
        free(x->revision);
    }
    free(s->item);
    *s = (struct store_sources){0};
}
