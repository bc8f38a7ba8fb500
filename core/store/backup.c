/* SPDX-License-Identifier: MIT */
#include "core/store/backup.h"
#include "core/store/internal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_PAGES 2048
#define EXCHANGE_WAIT_MS 2000

static int copy_pages(struct conn *from, struct conn *to, store_copy_fn *fn, void *arg,
                      struct docfs_err *err)
{
    int64_t page = 0;
    int r = db_int(from, &page, err, "PRAGMA page_size", "");
    if (r < 0)
        return r;
    sqlite3_backup *b = sqlite3_backup_init(to->db, "main", from->db, "main");
    if (!b)
        return db_fail(to, sqlite3_errcode(to->db), err);
    int rc;
    do {
        rc = sqlite3_backup_step(b, STEP_PAGES);
        int64_t total = sqlite3_backup_pagecount(b), left = sqlite3_backup_remaining(b);
        if (rc == SQLITE_OK && fn && fn(arg, (total - left) * page, total * page) != 0)
            r = err_set(err, -ECANCELED, "cancelled");
    } while (rc == SQLITE_OK && r == 0);
    int end = sqlite3_backup_finish(b);
    if (r == 0 && rc != SQLITE_DONE)
        r = db_fail(to, end ? end : rc, err);
    return r;
}

int store_copy(struct store *s, const char *to, store_copy_fn *fn, void *arg, struct docfs_err *err)
{
    struct conn *from = NULL, *out = NULL;
    int flags = s->writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int r = conn_open(s->file, flags, s->immutable, s->busy_ms, &from, err);
    if (r == 0)
        r = db_exec(from, "PRAGMA query_only = ON", err);
    if (r == 0)
        r = conn_open(to, SQLITE_OPEN_READWRITE, false, s->busy_ms, &out, err);
    if (r == 0) /* nobody else sees it before it is finished */
        r = db_exec(out,
                    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = OFF; "
                    "PRAGMA synchronous = OFF",
                    err);
    /* One transaction around all steps: the copy is of one state, and writers do not make it start
     * anew. */
    int64_t any;
    if (r == 0)
        r = db_run(from, err, "BEGIN", "");
    if (r == 0)
        r = meta_int(from, "generation", &any, err);
    if (r == 0)
        r = copy_pages(from, out, fn, arg, err);
    conn_close(out);
    conn_close(from);
    return r;
}

int store_check_copy(const char *file, int *ret_schema, size_t *ret_documents,
                     struct docfs_err *err)
{
    struct conn *c = NULL;
    int64_t version = 0, documents = 0;
    int r = conn_open(file, SQLITE_OPEN_READONLY, true, 0, &c, err);
    if (r == 0)
        r = store_version(c, &version, err);
    if (r == 0 && version == 0)
        r = err_set(err, -EBADMSG, "%s holds no cache", file);
    if (r == 0) {
        _cleanup_finalize_ sqlite3_stmt *st = NULL;
        int rc = sqlite3_prepare_v2(c->db, "PRAGMA integrity_check(1)", -1, &st, NULL);
        if (rc == SQLITE_OK)
            rc = sqlite3_step(st);
        if (rc != SQLITE_ROW)
            r = err_set(err, -EBADMSG, "%s is damaged: %s", file, sqlite3_errmsg(c->db));
        else if (strcmp(db_text(st, 0), "ok") != 0)
            r = err_set(err, -EBADMSG, "%s is damaged: %s", file, db_text(st, 0));
    }
    if (r == 0)
        r = db_int(c, &documents, err, "SELECT count(*) FROM documents", "");
    conn_close(c);
    if (r == 0) {
        *ret_schema = (int)version;
        *ret_documents = (size_t)documents;
    }
    return r;
}

/* Takes the database from everybody and leaves it without a log; what another process has open
 * cannot be taken. */
static int seize(const char *file, struct conn **ret, struct docfs_err *err)
{
    struct conn *c = NULL;
    int r = conn_open(file, SQLITE_OPEN_READWRITE, false, EXCHANGE_WAIT_MS, &c, err);
    if (r == 0)
        r = db_exec(c, "PRAGMA locking_mode = EXCLUSIVE", err);
    int64_t any;
    if (r == 0)
        r = meta_int(c, "generation", &any, err);
    if (r == 0)
        r = db_exec(c, "PRAGMA journal_mode = DELETE; BEGIN EXCLUSIVE; COMMIT", err);
    if (r < 0) {
        conn_close(c);
        return r;
    }
    *ret = c;
    return 0;
}

static int aside(const char *file, const char *suffix, bool keep, struct docfs_err *err)
{
    _cleanup_free_ char *from = NULL, *to = NULL;
    if (asprintf(&from, "%s%s", file, suffix) < 0 ||
        asprintf(&to, "%s.damaged%s", file, suffix) < 0)
        return err_oom(err);
    if ((keep ? rename(from, to) : unlink(from)) < 0 && errno != ENOENT)
        return err_set(err, -errno, "cannot move %s away: %m", from);
    return 0;
}

int store_exchange(const char *dir, const char *from, struct docfs_err *err)
{
    _cleanup_free_ char *file = NULL;
    if (asprintf(&file, "%s/docfs.db", dir) < 0) {
        file = NULL;
        return err_oom(err);
    }
    struct conn *old = NULL;
    struct docfs_err why = {0};
    int r = access(file, F_OK) < 0 ? 0 : seize(file, &old, &why);
    if (r == -EBUSY)
        return err_set(err, -EBUSY,
                       "another process uses %s: end it (docfs status shows mounts and servers)",
                       file);
    if (r < 0) { /* damaged: nobody can be working with it */
        static const char *const suffixes[] = {"", "-wal", "-shm"};
        for (size_t i = 0; i < 3; i++)
            if ((r = aside(file, suffixes[i], i == 0, err)) < 0)
                return r;
    }
    if (rename(from, file) < 0)
        r = err_set(err, -errno, "cannot put %s in place: %m", file);
    conn_close(old);
    return r;
}
