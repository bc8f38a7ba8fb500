/* SPDX-License-Identifier: MIT
 * Query log, kept answers and saved queries. Asking must never wait for an ingest: log entries
 * wait in memory until the writer is free, and an answer that cannot be kept at once is not kept.
 */
#include "core/store/internal.h"

#include "core/util/clock.h"

static void entry_fini(struct log_entry *e)
{
    free(e->door);
    free(e->query);
}

void log_free(struct store *s)
{
    for (size_t i = 0; i < s->n_log; i++)
        entry_fini(&s->log[i]);
    s->n_log = 0;
}

static int write_entries(struct conn *c, const struct log_entry *e, size_t n)
{
    int r = db_run(c, NULL, "BEGIN IMMEDIATE", "");
    for (size_t i = 0; r == 0 && i < n; i++) {
        if (e[i].kind == LOG_QUERY)
            r = db_run(c, NULL,
                       "INSERT INTO query_log(at, door, query, hits, micros) "
                       "VALUES (?1,?2,?3,?4,?5)",
                       "ittii", e[i].at, e[i].door, e[i].query, e[i].hits, e[i].micros);
        if (r == 0)
            r = gaps_write(c, &e[i]);
    }
    if (r == 0)
        r = db_run(c, NULL, "COMMIT", "");
    if (r < 0 && !sqlite3_get_autocommit(c->db))
        db_run(c, NULL, "ROLLBACK", "");
    return r;
}

void log_flush(struct store *s, int wait_ms)
{
    if (!writer_try(s))
        return;
    pthread_mutex_lock(&s->log_lock);
    struct log_entry *taken = NULL;
    size_t n = s->n_log;
    if (n && (taken = malloc(n * sizeof(*taken)))) {
        memcpy(taken, s->log, n * sizeof(*taken));
        s->n_log = 0;
    }
    pthread_mutex_unlock(&s->log_lock);
    if (taken) {
        int busy_ms = s->writer->busy_ms;
        s->writer->busy_ms = wait_ms;
        int r = write_entries(s->writer, taken, n);
        writer_checkpoint(s->writer, false);
        s->writer->busy_ms = busy_ms;
        pthread_mutex_lock(&s->log_lock);
        for (size_t i = 0; i < n; i++) {
            if (r < 0 && s->n_log < LOG_PENDING)
                s->log[s->n_log++] = taken[i]; /* another process writes: later */
            else
                entry_fini(&taken[i]);
        }
        pthread_mutex_unlock(&s->log_lock);
        free(taken);
    }
    writer_done(s);
}

void log_add(struct store *s, const struct log_entry *given)
{
    struct log_entry e = *given;
    pthread_mutex_lock(&s->log_lock);
    bool kept = e.door && e.query && s->n_log < LOG_PENDING;
    if (kept)
        s->log[s->n_log++] = e;
    pthread_mutex_unlock(&s->log_lock);
    if (!kept)
        entry_fini(&e);
    /* A judgement is followed by the query that was judged: one write does for both. */
    if (e.kind == LOG_QUERY || !kept)
        log_flush(s, 0);
}

void store_log_query(struct store *s, const char *door, const char *query, int64_t question,
                     size_t hits, double seconds)
{
    if (store_is_read_only(s))
        return;
    struct log_entry e = {.door = strdup(door),
                          .query = strdup(query),
                          .question = question,
                          .at = clock_wall_ns() / 1000000000,
                          .hits = (int64_t)hits,
                          .micros = (int64_t)(seconds * 1e6)};
    log_add(s, &e);
}

static int write_results(struct conn *c, const char *key, uint64_t generation,
                         const struct buf *body)
{
    int r = db_run(c, NULL, "BEGIN IMMEDIATE", "");
    if (r == 0)
        r = db_run(c, NULL,
                   "INSERT INTO results(key, generation, body) VALUES (?1, ?2, ?3) "
                   "ON CONFLICT(key) DO UPDATE SET generation = excluded.generation, "
                   "  body = excluded.body WHERE generation < excluded.generation",
                   "tib", key, (int64_t)generation, body->data, body->len);
    if (r == 0)
        r = db_run(c, NULL, "DELETE FROM results WHERE id <= (SELECT max(id) FROM results) - ?1",
                   "i", (int64_t)RESULTS_KEPT);
    if (r == 0)
        r = db_run(c, NULL, "COMMIT", "");
    if (r < 0 && !sqlite3_get_autocommit(c->db))
        db_run(c, NULL, "ROLLBACK", "");
    return r;
}

void store_cache_results(struct store *s, const char *key, uint64_t generation,
                         const struct buf *body)
{
    if (body->len > RESULTS_LARGEST || store_is_read_only(s) || !writer_try(s))
        return;
    int busy_ms = s->writer->busy_ms;
    s->writer->busy_ms = 0;
    write_results(s->writer, key, generation, body);
    writer_checkpoint(s->writer, false);
    s->writer->busy_ms = busy_ms;
    writer_done(s);
}

int store_cached_results(struct store_read *r, const char *key, struct buf *ret,
                         struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err, "SELECT body FROM results WHERE key = ?1 AND generation = ?2",
                     "ti", key, (int64_t)r->generation);
    if (e < 0 || (e = db_step(r->c, st, err)) != 1)
        return e;
    buf_add(ret, sqlite3_column_blob(st, 0), (size_t)sqlite3_column_bytes(st, 0));
    return buf_status(ret) < 0 ? err_oom(err) : 1;
}

int store_recent(struct store_read *r, size_t max,
                 void (*fn)(void *arg, const char *query, const char *door, int64_t at,
                            int64_t hits),
                 void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT query, door, at, hits FROM query_log ORDER BY id DESC LIMIT ?1", "i",
                     (int64_t)(max > QUERIES_KEPT ? QUERIES_KEPT : max));
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1)
        fn(arg, db_text(st, 0), db_text(st, 1), sqlite3_column_int64(st, 2),
           sqlite3_column_int64(st, 3));
    return e;
}

int store_save_query(struct store_write *w, const char *name, const char *query,
                     struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    w->visible = true;
    return db_run(w->c, err,
                  "INSERT INTO saved(name, query, created_at) VALUES (?1, ?2, ?3) "
                  "ON CONFLICT(name) DO UPDATE SET query = excluded.query",
                  "sti", name, query, w->now);
}

int store_unsave_query(struct store_write *w, const char *name, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err, "DELETE FROM saved WHERE name = ?1", "s", name);
    if (r == 0 && sqlite3_changes(w->c->db) == 0)
        return err_set(err, -ENOENT, "no saved query is called %s (docfs save --list shows them)",
                       name);
    w->visible = true;
    return r;
}

int store_list_saved(struct store_read *r,
                     void (*fn)(void *arg, const char *name, const char *query), void *arg,
                     struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err, "SELECT name, query FROM saved ORDER BY name", "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        _cleanup_free_ char *name = db_strdup(st, 0);
        if (!name)
            return err_oom(err);
        fn(arg, name, db_text(st, 1));
    }
    return e;
}
