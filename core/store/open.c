/* SPDX-License-Identifier: MIT
 * Opening and closing the store, schema versions, and what changed since the last look. */
#include "core/store/internal.h"

#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "core/util/clock.h"

#define BUSY_DEFAULT_MS 30000

/* A larger hash in memory means fewer, larger FTS5 segments and less merging during an ingest. */
static const char fulltext_config[] =
    "INSERT INTO fulltext(fulltext, rank) VALUES ('hashsize', 16777216);"
    "INSERT INTO fulltext(fulltext, rank) VALUES ('automerge', 8);"
    "INSERT INTO fulltext(fulltext, rank) VALUES ('crisismerge', 16)";

static int pragma_int(struct conn *c, const char *sql, int64_t *ret, struct docfs_err *err)
{
    int r = db_int(c, ret, err, sql, "");
    return r == -ENOENT ? err_set(err, -EIO, "%s: no answer to %s", c->file, sql) : r;
}

int version_fail(const struct conn *c, int64_t version, struct docfs_err *err)
{
    return err_set(err, -EPROTO,
                   "%s has format %lld and this docfs (%s) knows up to %d: install a newer "
                   "docfs",
                   c->file, (long long)version, DOCFS_VERSION, STORE_SCHEMA);
}

/* Version of the file, 0 for an empty one; refuses what is not ours. */
int store_version(struct conn *c, int64_t *ret, struct docfs_err *err)
{
    int64_t version = 0, application = 0, tables = 0;
    int r = pragma_int(c, "PRAGMA user_version", &version, err);
    if (r == 0)
        r = pragma_int(c, "PRAGMA application_id", &application, err);
    if (r == 0)
        r = pragma_int(c, "SELECT count(*) FROM sqlite_schema", &tables, err);
    if (r < 0)
        return r;
    if (application == STORE_APPLICATION ? version < 1 : tables > 0)
        return err_set(err, -EBADMSG,
                       "%s was not made by docfs: choose another directory with --cache", c->file);
    if (version > STORE_SCHEMA)
        return version_fail(c, version, err);
    *ret = application == STORE_APPLICATION ? version : 0;
    return 0;
}

static int migrate(struct conn *c, struct docfs_err *err)
{
    int r = db_exec(c, "BEGIN IMMEDIATE", err);
    if (r < 0)
        return r;
    int64_t from = 0;
    r = store_version(c, &from, err); /* another process may have been faster */
    for (int64_t v = from; r == 0 && v < STORE_SCHEMA; v++) {
        r = db_exec(c, store_schema_sql[v], err);
        if (r == 0 && v == 0)
            r = db_exec(c, fulltext_config, err);
    }
    if (r == 0 && from < STORE_SCHEMA) {
        char sql[128];
        snprintf(sql, sizeof(sql), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 STORE_APPLICATION, STORE_SCHEMA);
        r = db_exec(c, sql, err);
    }
    if (r == 0 && from == 0)
        r = meta_set_int(c, "generation", 1, err);
    if (r == 0 && from == 0)
        r = meta_set_int(c, "created_at", time(NULL), err);
    if (r == 0 && from == 0) /* two caches of one second are two caches */
        r = db_exec(c, "INSERT INTO meta VALUES ('identity', hex(randomblob(8)))", err);
    if (r == 0)
        r = db_exec(c, "COMMIT", err);
    if (r < 0)
        db_exec(c, "ROLLBACK", NULL);
    return r;
}

static int set_wal(struct conn *c, struct docfs_err *err)
{
    /* Turning WAL on can meet another process doing the same without the busy handler being
     * asked, because SQLite sees a deadlock: try again ourselves. */
    int64_t end = clock_mono_ns() + (int64_t)c->busy_ms * 1000000;
    for (;;) {
        int rc = sqlite3_exec(c->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if ((rc & 0xff) != SQLITE_BUSY || clock_mono_ns() > end)
            return rc == SQLITE_OK ? 0 : db_fail(c, rc, err);
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

static int open_writer(struct store *s, bool must_exist, struct docfs_err *err)
{
    struct conn *c = NULL;
    int flags = SQLITE_OPEN_READWRITE | (must_exist ? 0 : SQLITE_OPEN_CREATE);
    int r = conn_open(s->file, flags, false, s->busy_ms, &c, err);
    if (r < 0)
        return r;
    s->writer = c;
    c->trouble = &s->trouble;
    int64_t version = 0;
    r = store_version(c, &version, err);
    if (r < 0)
        return r;
    if (version == 0 && must_exist)
        return err_set(err, -ENOENT, "%s is empty: `docfs add DIR` fills it", s->file);
    if (version == 0)
        r = db_exec(c, "PRAGMA page_size = 8192", err);
    if (r == 0)
        r = set_wal(c, err);
    /* NORMAL: a killed process loses nothing, a power cut at most the last transactions, and the
     * end of a job is made durable by a checkpoint (write.c). Debian builds SQLite with
     * secure_delete on, which doubles the writes of every change. The checkpoints are ours. */
    if (r == 0)
        r = db_exec(c,
                    "PRAGMA synchronous = NORMAL; PRAGMA secure_delete = OFF; "
                    "PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -32768",
                    err);
    if (r == 0 && version < STORE_SCHEMA)
        r = migrate(c, err);
    return r;
}

/* A reader for a cache that is only read. On a medium where SQLite cannot make its -shm file, the
 * database is read without locks (immutable), which is right only when nothing is left in the log.
 */
static int open_watch(struct store *s, struct docfs_err *err)
{
    int flags = s->writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int64_t version = 0;
    int r = conn_open(s->file, flags, false, s->busy_ms, &s->watch, err);
    if (r == 0)
        r = store_version(s->watch, &version, err);
    if (r < 0 && r != -EBADMSG && r != -EPROTO && !s->writer && access(s->dir, W_OK) < 0) {
        _cleanup_free_ char *wal = NULL;
        struct stat st;
        if (asprintf(&wal, "%s-wal", s->file) < 0) {
            wal = NULL;
            return err_oom(err);
        }
        if (stat(wal, &st) == 0 && st.st_size > 0)
            return err_set(err, -EROFS,
                           "%s holds changes that cannot be read from a read-only directory: run "
                           "`docfs status` once where it can be written",
                           wal);
        conn_close(s->watch);
        s->watch = NULL;
        s->immutable = true;
        r = conn_open(s->file, flags, true, s->busy_ms, &s->watch, err);
        if (r == 0)
            r = store_version(s->watch, &version, err);
    }
    if (r < 0)
        return r;
    if (version == 0)
        return err_set(err, -ENOENT, "%s is empty: `docfs add DIR` fills it", s->file);
    if (version < STORE_SCHEMA)
        return err_set(err, -EROFS, "%s has the older format %lld: open it once for writing",
                       s->file, (long long)version);
    return 0;
}

static int open_all(struct store *s, bool must_exist, struct docfs_err *err)
{
    struct stat st;
    bool there = stat(s->file, &st) == 0;
    if (there && !S_ISREG(st.st_mode))
        return err_set(err, -EBADMSG,
                       "%s is no regular file: choose another directory with "
                       "--cache",
                       s->file);
    if (!there && (s->read_only || must_exist))
        return err_set(err, -ENOENT,
                       "no cache in %s: `docfs add DIR` makes one, --cache names another", s->dir);
    /* Searching a cache of somebody else is fine, so lacking rights only means read-only. */
    if (there && (access(s->file, W_OK) < 0 || access(s->dir, W_OK) < 0))
        s->read_only = true;
    int r = s->read_only ? 0 : open_writer(s, must_exist, err);
    if (r == 0)
        r = open_watch(s, err);
    if (r < 0)
        return r;
    s->watch->trouble = &s->trouble;
    if (stat(s->file, &st) < 0)
        return err_set(err, -errno, "cannot open %s: %m", s->file);
    s->dev = st.st_dev;
    s->ino = st.st_ino;
    return 0;
}

int store_open(const char *dir, bool read_only, bool must_exist, struct store **ret,
               struct docfs_err *err)
{
    struct store *s = calloc(1, sizeof(*s));
    if (!s)
        return err_oom(err);
    pthread_mutex_init(&s->pool_lock, NULL);
    pthread_mutex_init(&s->write_lock, NULL);
    pthread_mutex_init(&s->watch_lock, NULL);
    pthread_mutex_init(&s->memo_lock, NULL);
    flat_init(&s->flat);
    pthread_mutex_init(&s->log_lock, NULL);
    pthread_mutex_init(&s->trouble.lock, NULL);
    clock_cond_init(&s->write_free);
    clock_cond_init(&s->log_wake);
    s->read_only = read_only;
    s->busy_ms = BUSY_DEFAULT_MS;
    s->data_version = -1;
    s->jobs_fd = -1;
    s->dir = strdup(dir);
    if (asprintf(&s->file, "%s/docfs.db", dir) < 0)
        s->file = NULL;
    s->memo = calloc(MEMO_SLOTS, sizeof(*s->memo));
    int r = s->dir && s->file && s->memo ? open_all(s, must_exist, err) : err_oom(err);
    if (r < 0) {
        store_close(s);
        return r;
    }
    *ret = s;
    return 0;
}

void store_set_busy(struct store *s, unsigned ms)
{
    s->busy_ms = s->watch->busy_ms = (int)ms;
    if (s->writer)
        s->writer->busy_ms = (int)ms;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    log_stop(s);
    if (s->watch)
        log_flush(s, 100);
    for (size_t i = 0; i < s->n_idle; i++)
        reader_free(s->idle[i]);
    conn_close(s->watch);
    conn_close(s->writer); /* last, so that it is the one that empties the log */
    if (s->jobs_fd >= 0)
        close(s->jobs_fd);
    log_free(s);
    settings_forget(s);
    pthread_mutex_destroy(&s->pool_lock);
    pthread_mutex_destroy(&s->write_lock);
    pthread_mutex_destroy(&s->watch_lock);
    pthread_mutex_destroy(&s->memo_lock);
    flat_fini(&s->flat);
    pthread_mutex_destroy(&s->log_lock);
    pthread_mutex_destroy(&s->trouble.lock);
    pthread_cond_destroy(&s->write_free);
    pthread_cond_destroy(&s->log_wake);
    free(s->memo);
    free(s->dir);
    free(s->file);
    free(s);
}

bool store_is_read_only(const struct store *s)
{
    return s->read_only;
}
