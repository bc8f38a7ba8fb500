/* SPDX-License-Identifier: MIT
 * Connections, statements and the mapping of SQLite's results to ours. */
#include "core/store/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>
#include "core/util/clock.h"

/* SQLite's own handler backs off to 100 ms, which starves a second ingest whose only chance is the
 * short gap between two batches of the first; this one looks every millisecond. */
static int on_busy(void *arg, int count)
{
    struct conn *c = arg;
    int64_t now = clock_mono_ns();
    if (count == 0)
        c->busy_since = now;
    if (now - c->busy_since >= (int64_t)c->busy_ms * 1000000)
        return 0;
    nanosleep(&(struct timespec){.tv_nsec = count < 5 ? 200000 : 1000000}, NULL);
    return 1;
}

static int on_progress(void *arg)
{
    const struct conn *c = arg;
    return c->deadline && clock_mono_ns() > c->deadline;
}

static int on_wal(void *arg, sqlite3 *db, const char *name, int pages)
{
    struct conn *c = arg;
    c->wal_pages = pages;
    return SQLITE_OK;
}

/* A literal path for a URI: only what SQLite would take for syntax needs escaping. */
static char *file_uri(const char *file, bool immutable)
{
    _cleanup_buf_ struct buf b = {0};
    buf_adds(&b, "file:");
    for (const char *p = file; *p; p++)
        if (*p == '%' || *p == '?' || *p == '#')
            buf_addf(&b, "%%%02X", (unsigned char)*p);
        else
            buf_addc(&b, *p);
    if (immutable)
        buf_adds(&b, "?immutable=1");
    return buf_steal(&b, NULL);
}

int conn_open(const char *file, int flags, bool immutable, int busy_ms, struct conn **ret,
              struct docfs_err *err)
{
    _cleanup_free_ char *uri = file_uri(file, immutable);
    struct conn *c = calloc(1, sizeof(*c));
    if (!c || !uri) {
        free(c);
        return err_oom(err);
    }
    c->file = file;
    c->busy_ms = busy_ms;
    int rc = sqlite3_open_v2(uri, &c->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_extended_result_codes(c->db, 1);
        sqlite3_busy_handler(c->db, on_busy, c);
        sqlite3_progress_handler(c->db, 20000, on_progress, c);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        if (!immutable)
            sqlite3_wal_hook(c->db, on_wal, c);
        rc = fulltext_register(c->db);
    }
    /* No mmap: a file shortened by somebody else would kill the mount with SIGBUS, and every page
     * looked at would count as its memory, while the kernel's cache makes pread nearly as fast. For
     * the same reason 2 MB of pages a connection: with 4 and 12 MB questions took the same time. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(c->db,
                          "PRAGMA mmap_size = 0; PRAGMA temp_store = MEMORY; "
                          "PRAGMA foreign_keys = ON; PRAGMA cache_size = -2048",
                          NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        int r = db_fail(c, rc, err);
        conn_close(c);
        return r;
    }
    *ret = c;
    return 0;
}

void conn_close(struct conn *c)
{
    if (!c)
        return;
    content_done(c);
    for (size_t i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(c->cache[i].st);
    sqlite3_close_v2(c->db);
    free(c);
}

/* SQLite says "corrupt" also when the disk answers with EIO; the file knows better. */
static int disk_errno(const struct conn *c)
{
    int e = 0;
    if (c->db)
        sqlite3_file_control(c->db, "main", SQLITE_FCNTL_LAST_ERRNO, &e);
    return e;
}

static int unreadable(const struct conn *c, struct docfs_err *err)
{
    return err_set(err, -EIO,
                   "%s: input/output error: the disk does not give back what was written; dmesg "
                   "tells more, docfs backup saves what can be read",
                   c->file);
}

static int explain(struct conn *c, int rc, struct docfs_err *err)
{
    int os = c->db ? sqlite3_system_errno(c->db) : 0;
    switch (rc & 0xff) {
    case SQLITE_OK:
        return 0;
    case SQLITE_NOMEM:
        return err_oom(err);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        if (disk_errno(c) == EIO)
            return unreadable(c, err);
        return err_set(err, -EBADMSG,
                       "%s is damaged: `docfs verify --repair` saves what can be read", c->file);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(err, -EBUSY,
                       "%s: another process was writing for more than %d ms; try again or raise "
                       "db.busy_ms",
                       c->file, c->busy_ms);
    case SQLITE_FULL:
        return err_set(
            err, -ENOSPC,
            "%s: no space left on its file system: free some and try again; nothing that was "
            "committed is lost",
            c->file);
    case SQLITE_READONLY:
        return err_set(err, -EROFS, "%s cannot be written", c->file);
    case SQLITE_INTERRUPT:
        return err_set(err, -ETIMEDOUT, "%s: the query took too long", c->file);
    case SQLITE_TOOBIG:
        return err_set(err, -EFBIG, "%s: a text is too large to be stored", c->file);
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return err_set(err, -EACCES, "%s: permission denied", c->file);
    case SQLITE_CANTOPEN:
        return err_set(err, os ? -os : -EIO, "cannot open %s: %s", c->file,
                       os ? strerror(os) : "it is no regular file");
    case SQLITE_IOERR:
        if (rc == SQLITE_IOERR_NOMEM)
            return err_oom(err);
        if (rc == SQLITE_IOERR_SHORT_READ)
            return explain(c, SQLITE_CORRUPT, err);
        if (os == ENOSPC || os == EDQUOT)
            return explain(c, SQLITE_FULL, err);
        if (os == EIO || rc == SQLITE_IOERR_CORRUPTFS)
            return unreadable(c, err);
        return err_set(err, os ? -os : -EIO, "%s: input/output error: %s", c->file,
                       os ? strerror(os) : sqlite3_errstr(rc));
    default:
        return err_set(err, -EIO, "%s: %s", c->file,
                       c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc));
    }
}

int db_fail(struct conn *c, int rc, struct docfs_err *err)
{
    struct docfs_err why = {0};
    int r = explain(c, rc, &why), primary = rc & 0xff;
    bool ours = primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB || primary == SQLITE_FULL ||
                primary == SQLITE_CANTOPEN || primary == SQLITE_IOERR;
    if (ours && r != -ENOMEM && c->trouble)
        trouble_note(c->trouble, r, why.text);
    if (err && r < 0)
        *err = why;
    return r;
}

int db_prepare(struct conn *c, const char *sql, sqlite3_stmt **ret, struct docfs_err *err)
{
    size_t i = (size_t)(((uintptr_t)sql >> 3) * 0x9e3779b97f4a7c15u >> 40);
    for (;; i++) {
        i &= STATEMENTS - 1;
        if (c->cache[i].sql == sql) {
            if (sqlite3_stmt_busy(c->cache[i].st))
                return err_set(err, -EDEADLK, "a callback used the reader it was called from");
            *ret = c->cache[i].st;
            return 0;
        }
        if (!c->cache[i].sql)
            break;
    }
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v3(c->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &st, NULL);
    if (rc != SQLITE_OK)
        return db_fail(c, rc, err);
    c->cache[i].sql = sql;
    c->cache[i].st = st;
    *ret = st;
    return 0;
}

void db_release(sqlite3_stmt **st)
{
    if (*st) {
        sqlite3_reset(*st);
        sqlite3_clear_bindings(*st);
    }
}

void db_finalize(sqlite3_stmt **st)
{
    sqlite3_finalize(*st);
}

static int bind_list(struct conn *c, sqlite3_stmt *st, struct docfs_err *err, const char *fmt,
                     va_list ap)
{
    int rc = SQLITE_OK;
    for (int i = 1; *fmt && rc == SQLITE_OK; fmt++, i++) {
        if (*fmt == 'i') {
            rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t));
        } else if (*fmt == 'd') {
            rc = sqlite3_bind_double(st, i, va_arg(ap, double));
        } else if (*fmt == 't') {
            rc = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
        } else if (*fmt == 'p') {
            const char *s = va_arg(ap, const char *);
            rc = sqlite3_bind_text64(st, i, s, va_arg(ap, size_t), SQLITE_STATIC, SQLITE_UTF8);
        } else if (*fmt == 's') {
            const char *s = va_arg(ap, const char *);
            rc = sqlite3_bind_blob64(st, i, s, strlen(s), SQLITE_STATIC);
        } else if (*fmt == 'b') {
            const void *p = va_arg(ap, const void *);
            size_t n = va_arg(ap, size_t);
            rc = p ? sqlite3_bind_blob64(st, i, n ? p : "", n, SQLITE_STATIC)
                   : sqlite3_bind_null(st, i);
        }
    }
    return rc == SQLITE_OK ? 0 : db_fail(c, rc, err);
}

int db_step(struct conn *c, sqlite3_stmt *st, struct docfs_err *err)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : db_fail(c, rc, err);
}

static int query_list(struct conn *c, sqlite3_stmt **ret, struct docfs_err *err, const char *sql,
                      const char *fmt, va_list ap)
{
    sqlite3_stmt *st = NULL;
    int r = db_prepare(c, sql, &st, err);
    if (r < 0)
        return r;
    r = bind_list(c, st, err, fmt, ap);
    if (r < 0)
        db_release(&st);
    else
        *ret = st;
    return r;
}

int db_query(struct conn *c, sqlite3_stmt **ret, struct docfs_err *err, const char *sql,
             const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int r = query_list(c, ret, err, sql, fmt, ap);
    va_end(ap);
    return r;
}

int db_run(struct conn *c, struct docfs_err *err, const char *sql, const char *fmt, ...)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    va_list ap;
    va_start(ap, fmt);
    int r = query_list(c, &st, err, sql, fmt, ap);
    va_end(ap);
    while (r >= 0 && (r = db_step(c, st, err)) == 1)
        ;
    return r;
}

int db_int(struct conn *c, int64_t *ret, struct docfs_err *err, const char *sql, const char *fmt,
           ...)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    va_list ap;
    va_start(ap, fmt);
    int r = query_list(c, &st, err, sql, fmt, ap);
    va_end(ap);
    if (r < 0 || (r = db_step(c, st, err)) < 0)
        return r;
    if (r == 0)
        return -ENOENT;
    *ret = sqlite3_column_int64(st, 0);
    return 0;
}

int db_exec(struct conn *c, const char *sql, struct docfs_err *err)
{
    int rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : db_fail(c, rc, err);
}

const char *db_text(sqlite3_stmt *st, int column)
{
    const char *s = (const char *)sqlite3_column_text(st, column);
    return s ? s : "";
}

char *db_strdup(sqlite3_stmt *st, int column)
{
    return strdup(db_text(st, column));
}

size_t db_name(sqlite3_stmt *st, int column, char name[NAME_MAX_LEN + 1])
{
    const void *p = sqlite3_column_blob(st, column);
    size_t n = (size_t)sqlite3_column_bytes(st, column);
    if (n > NAME_MAX_LEN)
        n = NAME_MAX_LEN;
    if (n)
        memcpy(name, p, n);
    name[n] = '\0';
    return n;
}
