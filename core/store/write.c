/* SPDX-License-Identifier: MIT
 * Write transactions: one at a time, one generation each.
 *
 * Invariants: s->writing is true while somebody holds the writer connection. Full text is written
 * in rowid order, because FTS5 writes out its whole hash table as a new segment whenever a rowid is
 * smaller than the last one: replacing documents one by one (remove old rows, add new ones) would
 * make a segment per document. So what comes after a removal waits, with it, for the end of the
 * transaction. */
#include "core/store/internal.h"

#include <time.h>
#include "core/util/clock.h"

#define OPS_BYTES (16u << 20) /* queued text before it goes to FTS5 */
#define WAL_PASSIVE 2000      /* pages in the log before it is copied back */
#define WAL_FORCE 16000       /* pages before readers are waited for */
#define WAL_FORCE_MS 200      /* at most this long */
#define LONG_WRITE_NS 50000000

static bool writer_take(struct store *s)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += s->busy_ms / 1000 + 1;
    pthread_mutex_lock(&s->write_lock);
    int r = 0;
    while (s->writing && r == 0)
        r = pthread_cond_timedwait(&s->write_free, &s->write_lock, &end);
    bool mine = !s->writing;
    if (mine)
        s->writing = true;
    pthread_mutex_unlock(&s->write_lock);
    return mine;
}

static void writer_give(struct store *s)
{
    pthread_mutex_lock(&s->write_lock);
    s->writing = false;
    pthread_cond_signal(&s->write_free);
    pthread_mutex_unlock(&s->write_lock);
}

bool writer_try(struct store *s)
{
    pthread_mutex_lock(&s->write_lock);
    bool mine = s->writer && !s->writing;
    if (mine)
        s->writing = true;
    pthread_mutex_unlock(&s->write_lock);
    return mine;
}

void writer_done(struct store *s)
{
    writer_give(s);
}

static void write_free(struct store_write *w, bool committed)
{
    job_settle(w, committed);
    for (size_t i = 0; i < w->n_ops; i++)
        free(w->op[i].owned);
    free(w->op);
    w->s->write_ended = clock_mono_ns();
    w->s->write_took = w->s->write_ended - w->began;
    writer_give(w->s);
    free(w);
}

int store_write_begin(struct store *s, struct store_write **ret, struct docfs_err *err)
{
    if (!s->writer)
        return err_set(err, -EROFS, "%s is open for reading only", s->file);
    /* SQLite would go on writing to a file that was removed, and nobody would ever read it. */
    int r = store_place(s, err);
    if (r < 0)
        return r;
    struct store_write *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    if (!writer_take(s)) {
        free(w);
        return db_fail(s->writer, SQLITE_BUSY, err);
    }
    w->s = s;
    w->c = s->writer;
    w->first_new = INT64_MAX;
    w->began = clock_mono_ns();
    /* After a long transaction another process gets the chance to have one. */
    if (s->write_took > LONG_WRITE_NS && w->began - s->write_ended < 2000000)
        nanosleep(&(struct timespec){.tv_nsec = 2500000}, NULL);
    w->now = time(NULL);
    struct docfs_err why = {0};
    r = db_run(w->c, &why, "BEGIN IMMEDIATE", "");
    if (r == -EBUSY)
        trouble_note(&s->trouble, r, why.text);
    if (r < 0 && err)
        *err = why;
    w->began = clock_mono_ns();
    int64_t generation = 0;
    if (r == 0)
        r = meta_int(w->c, "generation", &generation, err);
    if (r == 0)
        r = store_same_format(s, w->c, err);
    if (r < 0) {
        store_write_abort(w);
        return r;
    }
    w->generation = (uint64_t)generation + 1;
    *ret = w;
    return 0;
}

void store_write_abort(struct store_write *w)
{
    if (!w)
        return;
    if (!sqlite3_get_autocommit(w->c->db))
        db_exec(w->c, "ROLLBACK", NULL);
    write_free(w, false);
}

/* Copies the log back into the database. Passive never waits; when readers keep the log from
 * being reused and it has grown large, they are waited for a moment. */
void writer_checkpoint(struct conn *c, bool job_ended)
{
    int mode = SQLITE_CHECKPOINT_PASSIVE, busy_ms = c->busy_ms;
    if (job_ended || c->wal_pages > WAL_FORCE)
        mode = SQLITE_CHECKPOINT_TRUNCATE;
    else if (c->wal_pages < WAL_PASSIVE)
        return;
    c->busy_ms = WAL_FORCE_MS;
    int log = 0, copied = 0;
    sqlite3_wal_checkpoint_v2(c->db, NULL, mode, &log, &copied);
    c->busy_ms = busy_ms;
    if (mode == SQLITE_CHECKPOINT_TRUNCATE)
        c->wal_pages = 0;
    if (job_ended)
        sqlite3_db_release_memory(c->db);
}

int store_write_commit(struct store_write *w, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = write_flush_text(w, err);
    if (r == 0 && w->visible)
        r = meta_set_int(w->c, "generation", (int64_t)w->generation, err);
    if (r == 0 && w->visible) /* generations of two caches may be equal, what they hold is not */
        r = db_run(w->c, err,
                   "INSERT INTO meta(key, value) VALUES ('state', lower(hex(randomblob(12)))) "
                   "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                   "");
    if (r == 0)
        r = db_run(w->c, err, "COMMIT", "");
    if (r < 0) {
        store_write_abort(w);
        return r;
    }
    atomic_store(&w->s->settings_seen, 0);
    writer_checkpoint(w->c, w->job_ended);
    write_free(w, true);
    return 0;
}

int store_write_end(struct store_write *w, int rc, struct docfs_err *err)
{
    if (rc >= 0)
        return store_write_commit(w, err);
    store_write_abort(w);
    return rc;
}

int write_check(struct store_write *w, struct docfs_err *err)
{
    if (!sqlite3_get_autocommit(w->c->db))
        return 0;
    return err_set(err, -EIO, "%s: the transaction was given up after an earlier error",
                   w->c->file);
}

int write_changed(struct store_write *w, int64_t directory, const void *name, size_t len,
                  struct docfs_err *err)
{
    w->visible = true;
    return db_run(w->c, err, "INSERT INTO changes(generation, directory, name) VALUES (?1, ?2, ?3)",
                  "iib", (int64_t)w->generation, directory, name, len);
}

int write_touch(struct store_write *w, int64_t collection, struct docfs_err *err)
{
    w->visible = true;
    if (w->touched == collection)
        return 0;
    int r = db_run(w->c, err, "UPDATE collections SET changed_at = ?2 WHERE id = ?1", "ii",
                   collection, w->now);
    if (r == 0)
        w->touched = collection;
    return r;
}

static int apply(struct conn *c, const struct text_op *op, struct docfs_err *err)
{
    static const char add[] =
        "INSERT INTO fulltext(rowid, title, heading, body) VALUES (?1, ?2, ?3, ?4)";
    static const char drop[] = "INSERT INTO fulltext(fulltext, rowid, title, heading, body) "
                               "VALUES ('delete', ?1, ?2, ?3, ?4)";
    return db_run(c, err, op->remove ? drop : add, "ittp", op->passage, op->title, op->heading,
                  op->body, op->len);
}

static int defer(struct store_write *w, const struct text_op *op, struct docfs_err *err)
{
    size_t title = strlen(op->title) + 1, heading = strlen(op->heading) + 1;
    char *p = malloc(title + heading + op->len + 1);
    if (!p || !grow(&w->op, w->n_ops, sizeof(*w->op))) {
        free(p);
        return err_oom(err);
    }
    struct text_op *to = &w->op[w->n_ops++];
    *to = *op;
    to->owned = p;
    to->title = memcpy(p, op->title, title);
    to->heading = memcpy(p + title, op->heading, heading);
    to->body = memcpy(p + title + heading, op->body, op->len);
    if (!op->remove && op->passage < w->first_new)
        w->first_new = op->passage;
    w->op_bytes += title + heading + op->len;
    return w->op_bytes > OPS_BYTES ? write_flush_text(w, err) : 0;
}

int write_text(struct store_write *w, bool remove, int64_t passage, const char *title,
               const char *heading, const char *body, size_t len, struct docfs_err *err)
{
    /* A passage added and removed while both wait never reaches the index. */
    for (size_t i = w->n_ops; remove && passage >= w->first_new && i-- > 0;)
        if (w->op[i].passage == passage && !w->op[i].remove) {
            w->op[i].dropped = true;
            return 0;
        }
    struct text_op op = {.passage = passage,
                         .remove = remove,
                         .title = title,
                         .heading = heading,
                         .body = body,
                         .len = len};
    return remove || w->n_ops ? defer(w, &op, err) : apply(w->c, &op, err);
}

static int by_passage(const void *a, const void *b)
{
    int64_t x = ((const struct text_op *)a)->passage, y = ((const struct text_op *)b)->passage;
    return (x > y) - (x < y);
}

int write_flush_text(struct store_write *w, struct docfs_err *err)
{
    int r = 0;
    if (w->n_ops > 1)
        qsort(w->op, w->n_ops, sizeof(*w->op), by_passage);
    for (size_t i = 0; i < w->n_ops; i++) {
        if (r == 0 && !w->op[i].dropped)
            r = apply(w->c, &w->op[i], err);
        free(w->op[i].owned);
    }
    free(w->op);
    w->op = NULL;
    w->n_ops = w->op_bytes = 0;
    w->first_new = INT64_MAX;
    return r;
}
