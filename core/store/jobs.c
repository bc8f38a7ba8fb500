/* SPDX-License-Identifier: MIT
 * A row per run of an ingest. A row that says running while its process is gone was interrupted. */
#include "core/store/internal.h"

#include <signal.h>
#include <unistd.h>

int store_job_begin(struct store_write *w, const char *kind, int64_t source, int64_t *ret,
                    struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "INSERT INTO jobs(kind, source, state, pid, started_at) "
                   "VALUES (?1, ?2, 'running', ?3, ?4)",
                   "tiii", kind, source, (int64_t)getpid(), w->now);
    if (r == 0)
        *ret = sqlite3_last_insert_rowid(w->c->db);
    return r;
}

int store_job_update(struct store_write *w, int64_t job, size_t done, size_t total,
                     const char *state, const char *message, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    bool ended = strcmp(state, "running") != 0;
    w->job_ended = w->job_ended || ended;
    return db_run(w->c, err,
                  "UPDATE jobs SET done = ?2, total = ?3, state = ?4, message = ?5, "
                  "  finished_at = CASE WHEN ?6 THEN ?7 END WHERE id = ?1",
                  "iiittii", job, (int64_t)done, (int64_t)total, state, message, (int64_t)ended,
                  w->now);
}

int store_running_job(struct store_read *r, size_t *ret_done, size_t *ret_total,
                      struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int running = 0;
    *ret_done = *ret_total = 0;
    int e =
        db_query(r->c, &st, err, "SELECT pid, done, total FROM jobs WHERE state = 'running'", "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        pid_t pid = (pid_t)sqlite3_column_int64(st, 0);
        if (pid > 0 && (kill(pid, 0) == 0 || errno == EPERM)) {
            running++;
            *ret_done += (size_t)sqlite3_column_int64(st, 1);
            *ret_total += (size_t)sqlite3_column_int64(st, 2);
        }
    }
    return e < 0 ? e : running;
}
