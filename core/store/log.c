/* SPDX-License-Identifier: MIT
 * Query log, kept answers and saved queries. Asking must never wait for an ingest: what is to be
 * written waits in memory until the writer is free.
 *
 * Each commit makes every reader, here and in other processes, forget the pages that it has read.
 * One question is written at once; of those that follow within a moment, a thread writes all
 * together when it is over, or the reader of the log does. */
#include "core/store/internal.h"

#include <time.h>
#include "core/util/clock.h"

#define LOG_MOMENT_NS ((int64_t)250000000)
#define LOG_BYTES (8u << 20) /* of answers that wait; what is more is not kept */

static void entry_fini(struct log_entry *e)
{
    free(e->door);
    free(e->query);
    free(e->body);
}

void log_free(struct store *s)
{
    for (size_t i = 0; i < s->n_log; i++)
        entry_fini(&s->log[i]);
    s->n_log = 0;
    free(s->log);
}

static int write_entry(struct conn *c, const struct log_entry *e)
{
    if (e->kind == LOG_ANSWER)
        return db_run(c, NULL,
                      "INSERT INTO results(key, generation, body) VALUES (?1, ?2, ?3) "
                      "ON CONFLICT(key) DO UPDATE SET generation = excluded.generation, "
                      "  body = excluded.body WHERE generation < excluded.generation",
                      "tib", e->query, e->at, e->body, e->body_len);
    int r = 0;
    if (e->kind == LOG_QUERY)
        r = db_run(c, NULL,
                   "INSERT INTO query_log(at, door, query, hits, micros) "
                   "VALUES (?1,?2,?3,?4,?5)",
                   "ittii", e->at, e->door, e->query, e->hits, e->micros);
    return r < 0 ? r : gaps_write(c, e);
}

static int write_entries(struct conn *c, const struct log_entry *e, size_t n)
{
    bool answers = false;
    int r = db_run(c, NULL, "BEGIN IMMEDIATE", "");
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = write_entry(c, &e[i]);
        answers |= e[i].kind == LOG_ANSWER;
    }
    if (r == 0 && answers)
        r = db_run(c, NULL, "DELETE FROM results WHERE id <= (SELECT max(id) FROM results) - ?1",
                   "i", (int64_t)RESULTS_KEPT);
    if (r == 0)
        r = db_run(c, NULL, "COMMIT", "");
    if (r < 0 && !sqlite3_get_autocommit(c->db))
        db_run(c, NULL, "ROLLBACK", "");
    return r;
}

/* Takes all that wait; NULL when there are none. */
static struct log_entry *take(struct store *s, size_t *ret_n)
{
    pthread_mutex_lock(&s->log_lock);
    size_t n = s->n_log;
    struct log_entry *taken = n ? malloc(n * sizeof(*taken)) : NULL;
    if (taken) {
        memcpy(taken, s->log, n * sizeof(*taken));
        s->n_log = s->log_bytes = 0;
        s->log_flushed = clock_mono_ns();
    }
    pthread_mutex_unlock(&s->log_lock);
    *ret_n = n;
    return taken;
}

static bool add(struct store *s, const struct log_entry *e)
{
    bool kept = s->n_log < LOG_PENDING && s->log_bytes + e->body_len <= LOG_BYTES;
    if (kept && !s->log)
        kept = (s->log = calloc(LOG_PENDING, sizeof(*s->log))) != NULL;
    if (kept) {
        s->log[s->n_log++] = *e;
        s->log_bytes += e->body_len;
    }
    return kept;
}

void log_flush(struct store *s, int wait_ms)
{
    if (!writer_try(s))
        return;
    size_t n;
    struct log_entry *taken = take(s, &n);
    if (taken) {
        int busy_ms = s->writer->busy_ms;
        s->writer->busy_ms = wait_ms;
        int r = write_entries(s->writer, taken, n);
        writer_checkpoint(s->writer, false);
        s->writer->busy_ms = busy_ms;
        sqlite3_db_release_memory(s->writer->db); /* nobody reads there what was written */
        pthread_mutex_lock(&s->log_lock);
        for (size_t i = 0; i < n; i++)
            /* Another process writes: later. */
            if (r == 0 || !add(s, &taken[i]))
                entry_fini(&taken[i]);
        pthread_mutex_unlock(&s->log_lock);
        free(taken);
    }
    writer_done(s);
}

void store_log_settle(struct store *s)
{
    pthread_mutex_lock(&s->log_lock);
    bool waiting = s->n_log > 0;
    pthread_mutex_unlock(&s->log_lock);
    if (waiting)
        log_flush(s, 50);
}

/* ---- the thread ---- */

static void *flush_later(void *arg)
{
    struct store *s = arg;
    pthread_mutex_lock(&s->log_lock);
    while (!s->log_stop) {
        if (!s->n_log) {
            pthread_cond_wait(&s->log_wake, &s->log_lock);
            continue;
        }
        int64_t until = clock_mono_ns() + LOG_MOMENT_NS;
        struct timespec end = {.tv_sec = until / 1000000000, .tv_nsec = until % 1000000000};
        while (!s->log_stop && pthread_cond_timedwait(&s->log_wake, &s->log_lock, &end) == 0)
            ; /* woken for another entry */
        if (s->log_stop)
            break;
        pthread_mutex_unlock(&s->log_lock);
        log_flush(s, 0);
        pthread_mutex_lock(&s->log_lock);
    }
    pthread_mutex_unlock(&s->log_lock);
    return NULL;
}

void log_stop(struct store *s)
{
    pthread_mutex_lock(&s->log_lock);
    s->log_stop = true;
    pthread_cond_signal(&s->log_wake);
    bool made = s->log_thread_made;
    pthread_mutex_unlock(&s->log_lock);
    if (made)
        pthread_join(s->log_thread, NULL);
}

void log_add(struct store *s, const struct log_entry *given)
{
    struct log_entry e = *given;
    pthread_mutex_lock(&s->log_lock);
    bool kept =
        (e.kind == LOG_ANSWER || e.door) && e.query && (!e.body_len || e.body) && add(s, &e);
    bool quiet = clock_mono_ns() - s->log_flushed >= LOG_MOMENT_NS;
    /* An answer and a judgement are followed by the query they are of: one write does for all. */
    bool now = (e.kind == LOG_QUERY && quiet) || s->n_log >= LOG_PENDING / 2;
    if (!now && kept) {
        if (!s->log_thread_made)
            s->log_thread_made = pthread_create(&s->log_thread, NULL, flush_later, s) == 0;
        if (s->n_log == 1)
            pthread_cond_signal(&s->log_wake);
    }
    pthread_mutex_unlock(&s->log_lock);
    if (!kept)
        entry_fini(&e);
    if (now)
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

void store_cache_results(struct store *s, const char *key, uint64_t generation,
                         const struct buf *body)
{
    if (body->len > RESULTS_LARGEST || store_is_read_only(s))
        return;
    struct log_entry e = {.kind = LOG_ANSWER,
                          .query = strdup(key),
                          .at = (int64_t)generation,
                          .body = malloc(body->len ? body->len : 1),
                          .body_len = body->len};
    if (e.body && body->len)
        memcpy(e.body, body->data, body->len);
    log_add(s, &e);
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

int store_each_door(struct store_read *r, int64_t since, store_door_fn *fn, void *arg,
                    struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(
        r->c, &st, err,
        "SELECT door, n, sum(hits = 0), min(CASE WHEN 2 * i >= n THEN micros END), "
        "  min(CASE WHEN 20 * i >= 19 * n THEN micros END) FROM (SELECT door, hits, micros, "
        "  row_number() OVER (PARTITION BY door ORDER BY micros) AS i, "
        "  count(*) OVER (PARTITION BY door) AS n FROM query_log WHERE at >= ?1) "
        "GROUP BY door ORDER BY n DESC, door",
        "i", since);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        int told = fn(arg, db_text(st, 0), (size_t)sqlite3_column_int64(st, 1),
                      (size_t)sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3),
                      sqlite3_column_int64(st, 4));
        if (told < 0)
            return told == -ENOMEM ? err_oom(err) : told;
    }
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
