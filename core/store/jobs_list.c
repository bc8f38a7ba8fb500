/* SPDX-License-Identifier: MIT
 * Reading the job queue. */
#include "core/store/internal.h"

void store_job_fini(struct store_job *j)
{
    free(j->kind);
    free(j->target);
    free(j->args);
    free(j->origin);
    free(j->state);
    free(j->phase);
    free(j->message);
    free(j->result);
}

void store_jobs_fini(struct store_jobs *j)
{
    for (size_t i = 0; i < j->n; i++)
        store_job_fini(&j->item[i]);
    free(j->item);
    *j = (struct store_jobs){0};
}

/* Reads the row the statement stands on; false when memory is out (the row can be freed). */
static bool read_row(const struct store *s, sqlite3_stmt *st, bool mine, struct store_job *j)
{
    *j = (struct store_job){.id = sqlite3_column_int64(st, 0),
                            .source = sqlite3_column_int64(st, 1),
                            .pid = sqlite3_column_int64(st, 2),
                            .priority = sqlite3_column_int64(st, 3),
                            .attempts = sqlite3_column_int64(st, 4),
                            .max_attempts = sqlite3_column_int64(st, 5),
                            .created_at = sqlite3_column_int64(st, 6),
                            .next_at = sqlite3_column_int64(st, 7),
                            .started_at = sqlite3_column_int64(st, 8),
                            .finished_at = sqlite3_column_int64(st, 9),
                            .beat_at = sqlite3_column_int64(st, 10),
                            .revision = sqlite3_column_int64(st, 11),
                            .cancel = sqlite3_column_int64(st, 12) != 0,
                            .progress = {.total = sqlite3_column_int64(st, 13),
                                         .done = sqlite3_column_int64(st, 14),
                                         .bytes = sqlite3_column_int64(st, 15),
                                         .bytes_done = sqlite3_column_int64(st, 16),
                                         .documents = sqlite3_column_int64(st, 17),
                                         .passages = sqlite3_column_int64(st, 18),
                                         .failed = sqlite3_column_int64(st, 19)},
                            .kind = db_strdup(st, 20),
                            .target = db_strdup(st, 21),
                            .args = db_strdup(st, 22),
                            .origin = db_strdup(st, 23),
                            .phase = db_strdup(st, 24),
                            .message = db_strdup(st, 25),
                            .result = db_strdup(st, 26)};
    const char *state = db_text(st, 27);
    if (!mine && strcmp(state, "running") == 0 && !job_alive(s, j->id, j->pid))
        state = "interrupted";
    j->state = strdup(state);
    j->progress.phase = j->phase;
    return j->kind && j->target && j->args && j->origin && j->phase && j->message && j->result &&
           j->state;
}

int jobs_list(struct conn *c, const struct store *s, const struct store_job_filter *f, bool mine,
              struct store_jobs *ret, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(
        c, &st, err,
        "SELECT id, coalesce(source, 0), pid, priority, attempts, max_attempts, created_at, "
        "  next_at, started_at, coalesce(finished_at, 0), beat_at, revision, cancel, total, done, "
        "  bytes, bytes_done, documents, passages, failed, kind, target, args, origin, phase, "
        "  message, result, state FROM jobs "
        "WHERE (?1 = 0 OR id = ?1) AND revision > ?2 "
        "AND (?3 IS NULL OR instr(?3, ',' || state || ',') > 0 "
        "     OR (state = 'running' AND instr(?3, ',interrupted,') > 0)) "
        "AND (?4 IS NULL OR kind = ?4) AND (?5 IS NULL OR target = ?5) "
        "ORDER BY CASE WHEN ?2 > 0 THEN revision ELSE -id END LIMIT ?6",
        "iittti", f->id, f->since > 0 ? f->since : -1, f->states, f->kind, f->target,
        (int64_t)(f->max > INT32_MAX ? INT32_MAX : f->max));
    while (e >= 0 && (e = db_step(c, st, err)) == 1) {
        if (!grow(&ret->item, ret->n, sizeof(*ret->item)))
            return err_oom(err);
        struct store_job *j = &ret->item[ret->n];
        bool whole = read_row(s, st, mine, j);
        ret->n++;
        if (!whole)
            return err_oom(err);
        char name[24];
        snprintf(name, sizeof(name), ",%.20s,", j->state);
        if (f->states && !strstr(f->states, name)) /* what it says is not what it is */
            store_job_fini(&ret->item[--ret->n]);
    }
    return e;
}

int store_list_jobs(struct store_read *r, const struct store_job_filter *f, struct store_jobs *ret,
                    struct docfs_err *err)
{
    return jobs_list(r->c, r->s, f, false, ret, err);
}

int store_jobs_revision(struct store_read *r, int64_t *ret, struct docfs_err *err)
{
    return meta_int(r->c, "jobs_revision", ret, err);
}

int store_jobs_due(struct store_read *r, int64_t now, bool *ret_due, int64_t *ret_next,
                   struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    *ret_due = false;
    *ret_next = 0;
    int e = db_query(r->c, &st, err,
                     "SELECT state, id, pid, next_at FROM jobs "
                     "WHERE state IN ('queued', 'waiting', 'running')",
                     "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        int64_t next = sqlite3_column_int64(st, 3);
        if (strcmp(db_text(st, 0), "running") == 0)
            *ret_due = *ret_due ||
                       !job_alive(r->s, sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2));
        else if (next <= now)
            *ret_due = true;
        else if (*ret_next == 0 || next < *ret_next)
            *ret_next = next;
    }
    return e;
}

int store_job_cancelled(struct store_read *r, int64_t job, bool *ret, struct docfs_err *err)
{
    int64_t v = 0;
    int e = db_int(r->c, &v, err, "SELECT cancel FROM jobs WHERE id = ?1", "i", job);
    *ret = e == 0 && v != 0;
    return e == -ENOENT ? 0 : e;
}

int store_each_dead_run(struct store_read *r, store_event_fn *fn, void *arg, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT id, pid, kind, target, 1000 * max(beat_at, started_at), "
                     "  'process ' || pid || ' ended before the job did' FROM jobs "
                     "WHERE " JOBS_RUNNING,
                     "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        struct store_event x = {.pid = sqlite3_column_int64(st, 1),
                                .kind = "interrupted",
                                .service = db_text(st, 2),
                                .place = db_text(st, 3),
                                .at_ms = sqlite3_column_int64(st, 4),
                                .boot = "",
                                .reason = db_text(st, 5)};
        if (!job_alive(r->s, sqlite3_column_int64(st, 0), x.pid) && (e = fn(arg, &x)) < 0)
            return e == -ENOMEM ? err_oom(err) : e;
    }
    return e;
}

int store_running_job(struct store_read *r, size_t *ret_done, size_t *ret_total,
                      struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int running = 0;
    *ret_done = *ret_total = 0;
    int e =
        db_query(r->c, &st, err, "SELECT id, pid, done, total FROM jobs WHERE " JOBS_RUNNING, "");
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        if (job_alive(r->s, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1))) {
            running++;
            *ret_done += (size_t)sqlite3_column_int64(st, 2);
            *ret_total += (size_t)sqlite3_column_int64(st, 3);
        }
    }
    return e < 0 ? e : running;
}

int store_queue(struct store_read *r, int64_t since, struct store_queue *ret, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    *ret = (struct store_queue){0};
    int e = db_query(r->c, &st, err,
                     "SELECT state, id, pid FROM jobs WHERE state IN ('queued', 'waiting', "
                     "  'running') OR (state IN ('failed', 'interrupted') AND finished_at >= ?1)",
                     "i", since);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        const char *state = db_text(st, 0);
        if (strcmp(state, "running") == 0)
            *(job_alive(r->s, sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2))
                  ? &ret->running
                  : &ret->interrupted) += 1;
        else if (strcmp(state, "failed") == 0)
            ret->failed++;
        else if (strcmp(state, "interrupted") == 0)
            ret->interrupted++;
        else
            ret->waiting++;
    }
    return e;
}
