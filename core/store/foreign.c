/* SPDX-License-Identifier: MIT */
#include "core/store/foreign.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/clock.h"

#define COLUMNS_MAX 8

struct foreign {
    sqlite3 *db;
    int64_t deadline_ns;
};

static int too_late(void *arg)
{
    struct foreign *f = arg;
    return clock_mono_ns() > f->deadline_ns;
}

/* Only reading, and only of plain tables. */
static int authorize(void *arg, int action, const char *a, const char *b, const char *c,
                     const char *d)
{
    return action == SQLITE_SELECT || action == SQLITE_READ ||
                   (action == SQLITE_FUNCTION && b && strcmp(b, "like") == 0)
               ? SQLITE_OK
               : SQLITE_DENY;
}

int foreign_open(void *data, size_t len, struct foreign **ret, struct docfs_err *err)
{
    if (len < 512 || memcmp(data, "SQLite format 3", 16) != 0)
        return err_set(err, -EINVAL, "not an SQLite database");
    unsigned char *head = data;
    if (head[18] == 2 && head[19] == 2)
        head[18] = head[19] = 1;
    struct foreign *f = calloc(1, sizeof(*f));
    if (!f)
        return err_oom(err);
    int rc = sqlite3_open_v2(
        ":memory:", &f->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_MEMORY, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(f->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        sqlite3_db_config(f->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
        sqlite3_db_config(f->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
        sqlite3_limit(f->db, SQLITE_LIMIT_LENGTH, 1 << 20);
        sqlite3_limit(f->db, SQLITE_LIMIT_SQL_LENGTH, 1 << 16);
        sqlite3_limit(f->db, SQLITE_LIMIT_COLUMN, 100);
        sqlite3_limit(f->db, SQLITE_LIMIT_EXPR_DEPTH, 50);
        sqlite3_limit(f->db, SQLITE_LIMIT_ATTACHED, 0);
        sqlite3_exec(f->db, "PRAGMA cell_size_check = ON", NULL, NULL, NULL);
        rc = sqlite3_deserialize(f->db, "main", (unsigned char *)data, (sqlite3_int64)len,
                                 (sqlite3_int64)len, SQLITE_DESERIALIZE_READONLY);
    }
    if (rc != SQLITE_OK) {
        foreign_close(f);
        return err_set(err, rc == SQLITE_NOMEM ? -ENOMEM : -EINVAL, "cannot read the database: %s",
                       sqlite3_errstr(rc));
    }
    sqlite3_set_authorizer(f->db, authorize, NULL);
    sqlite3_progress_handler(f->db, 1000, too_late, f);
    *ret = f;
    return 0;
}

void foreign_close(struct foreign *f)
{
    if (f)
        sqlite3_close(f->db);
    free(f);
}

int foreign_query(struct foreign *f, const char *sql, int64_t max_rows, unsigned timeout_ms,
                  int (*fn)(void *arg, int n, const char *const *column), void *arg,
                  struct docfs_err *err)
{
    sqlite3_stmt *st = NULL;
    f->deadline_ns = clock_mono_ns() + (int64_t)timeout_ms * 1000000;
    int rc = sqlite3_prepare_v2(f->db, sql, -1, &st, NULL);
    if (rc == SQLITE_ERROR)
        return err_set(err, -ENOENT, "the database has other tables: %s", sqlite3_errmsg(f->db));
    if (rc != SQLITE_OK)
        return err_set(err, rc == SQLITE_INTERRUPT ? -ETIMEDOUT : -EINVAL,
                       "cannot read the database: %s", sqlite3_errmsg(f->db));
    int n = sqlite3_column_count(st), r = 0;
    const char *column[COLUMNS_MAX];
    if (n > COLUMNS_MAX)
        n = COLUMNS_MAX;
    for (int64_t row = 0; r == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW; row++) {
        if (row == max_rows) {
            r = err_set(err, -EFBIG, "the database has more than %lld rows", (long long)max_rows);
            break;
        }
        for (int i = 0; i < n; i++) {
            const char *text = (const char *)sqlite3_column_text(st, i);
            column[i] = text ? text : "";
        }
        r = fn(arg, n, column);
    }
    if (r == 0 && rc != SQLITE_DONE)
        r = err_set(err, rc == SQLITE_INTERRUPT ? -ETIMEDOUT : -EINVAL,
                    "cannot read the database: %s", sqlite3_errmsg(f->db));
    sqlite3_finalize(st);
    return r;
}
