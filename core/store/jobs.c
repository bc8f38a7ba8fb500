/* SPDX-License-Identifier: MIT
 * Changes of the job queue: all inside a write transaction, so that two workers never take one job.
 */
#include "core/store/internal.h"

#include <unistd.h>
#include "core/util/clock.h"

/* The number all changes of this transaction get. */
static int revise(struct store_write *w, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0 || w->revision)
        return r;
    int64_t last = 0;
    r = meta_int(w->c, "jobs_revision", &last, err);
    if (r == 0)
        r = meta_set_int(w->c, "jobs_revision", last + 1, err);
    if (r == 0)
        w->revision = last + 1;
    return r;
}

int store_job_begin(struct store_write *w, const char *kind, const char *target, const char *args,
                    int64_t source, int64_t *ret, struct docfs_err *err)
{
    int r = store_job_reap(w, err);
    if (r == 0)
        r = revise(w, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "INSERT INTO jobs(kind, target, args, source, state, pid, started_at, "
                   "  created_at, beat_at, attempts, revision) "
                   "VALUES (?1, ?2, ?3, nullif(?4, 0), 'running', ?5, ?6, ?6, ?6, 1, ?7)",
                   "tttiiii", kind, target, args, source, (int64_t)getpid(), w->now, w->revision);
    if (r == 0) {
        *ret = sqlite3_last_insert_rowid(w->c->db);
        job_lock(w, *ret);
    }
    return r;
}

static int put_progress(struct conn *c, int64_t job, const struct store_job_progress *p,
                        int64_t now, int64_t revision, struct docfs_err *err)
{
    return db_run(c, err,
                  "UPDATE jobs SET phase = ?2, total = ?3, done = ?4, bytes = ?5, bytes_done = ?6, "
                  "  documents = ?7, passages = ?8, failed = ?9, beat_at = ?10, revision = ?11 "
                  "WHERE id = ?1 AND state = 'running'",
                  "itiiiiiiiii", job, p->phase ? p->phase : "", p->total, p->done, p->bytes,
                  p->bytes_done, p->documents, p->passages, p->failed, now, revision);
}

int store_job_progress(struct store_write *w, int64_t job, const struct store_job_progress *p,
                       struct docfs_err *err)
{
    int r = revise(w, err);
    return r < 0 ? r : put_progress(w->c, job, p, w->now, w->revision, err);
}

int store_job_source(struct store_write *w, int64_t job, int64_t source, struct docfs_err *err)
{
    int r = revise(w, err);
    return r < 0 ? r
                 : db_run(w->c, err, "UPDATE jobs SET source = ?2, revision = ?3 WHERE id = ?1",
                          "iii", job, source, w->revision);
}

/* A run was cut off, or one was brought to its end after that: what docfs status tells of it. */
static int add_event(struct store_write *w, int64_t job, const char *kind, struct docfs_err *err)
{
    return db_run(w->c, err,
                  "INSERT INTO events(at_ms, mono_ms, boot, kind, service, place, pid, reason) "
                  "SELECT 1000 * CASE ?2 WHEN 'resumed' THEN ?3 ELSE max(beat_at, started_at) END, "
                  "  0, '', ?2, kind, target, pid, CASE ?2 WHEN 'resumed' THEN '' ELSE "
                  "  'process ' || pid || ' ended before the job did' END FROM jobs WHERE id = ?1",
                  "iti", job, kind, w->now);
}

/* The last run on that collection was cut off and nobody said yet that it was made good. */
static int was_cut_off(struct store_write *w, int64_t job, bool *ret, struct docfs_err *err)
{
    int64_t n = 0;
    int r = db_int(w->c, &n, err,
                   "SELECT e.kind = 'interrupted' FROM events AS e JOIN jobs AS j ON j.id = ?1 "
                   "WHERE e.kind IN ('interrupted', 'resumed') AND e.place = j.target "
                   "ORDER BY e.id DESC LIMIT 1",
                   "i", job);
    *ret = r == 0 && n;
    return r == -ENOENT ? 0 : r;
}

int store_job_end(struct store_write *w, int64_t job, const struct store_job_end *e,
                  struct docfs_err *err)
{
    int r = revise(w, err);
    if (r < 0)
        return r;
    bool again = strcmp(e->state, "queued") == 0 || strcmp(e->state, "waiting") == 0;
    bool cut_off = false;
    if (strcmp(e->state, "done") == 0)
        r = was_cut_off(w, job, &cut_off, err);
    if (r == 0 && cut_off)
        r = add_event(w, job, "resumed", err);
    if (r == 0)
        r = db_run(
            w->c, err,
            "UPDATE jobs SET state = ?2, message = ?3, result = ?4, next_at = ?5, phase = '', "
            "  finished_at = CASE WHEN ?6 THEN NULL ELSE ?7 END, beat_at = ?7, "
            "  pid = CASE WHEN ?6 THEN 0 ELSE pid END, attempts = attempts - ?8, "
            "  cancel = CASE WHEN ?6 THEN 0 ELSE cancel END, revision = ?9 WHERE id = ?1",
            "itttiiiii", job, e->state, e->message ? e->message : "", e->result ? e->result : "",
            e->next_at, (int64_t)again, w->now, (int64_t)e->refund, w->revision);
    w->job_unlocked = job;
    w->job_ended = true;
    return r;
}

int store_job_put(struct store_write *w, const struct store_job_new *job, int64_t *ret,
                  bool *ret_known, struct docfs_err *err)
{
    int r = revise(w, err);
    if (r < 0)
        return r;
    r = db_int(w->c, ret, err,
               "SELECT id FROM jobs WHERE state IN ('queued', 'waiting') AND kind = ?1 "
               "AND args = ?2 AND next_at <= max(?3, ?4) ORDER BY id LIMIT 1",
               "ttii", job->kind, job->args, job->next_at, w->now);
    *ret_known = r == 0;
    if (r == 0)
        return db_run(w->c, err,
                      "UPDATE jobs SET priority = ?2, revision = ?3 "
                      "WHERE id = ?1 AND priority < ?2",
                      "iii", *ret, job->priority, w->revision);
    if (r != -ENOENT)
        return r;
    r = db_run(w->c, err,
               "INSERT INTO jobs(kind, target, args, origin, priority, max_attempts, next_at, "
               "  state, pid, started_at, created_at, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6, "
               "  ?7, CASE WHEN ?7 > ?8 THEN 'waiting' ELSE 'queued' END, 0, 0, ?8, ?9)",
               "ttttiiiii", job->kind, job->target, job->args, job->origin, job->priority,
               job->max_attempts, job->next_at, w->now, w->revision);
    if (r == 0)
        *ret = sqlite3_last_insert_rowid(w->c->db);
    return r;
}

/* ---- taking ---- */

struct dead {
    int64_t id, pid, attempts, max_attempts;
    bool cancel;
};

static int list_dead(struct store_write *w, struct dead **ret, size_t *ret_n, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(w->c, &st, err,
                     "SELECT id, pid, attempts, max_attempts, cancel FROM jobs "
                     "WHERE " JOBS_RUNNING,
                     "");
    while (r >= 0 && (r = db_step(w->c, st, err)) == 1) {
        struct dead d = {sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
                         sqlite3_column_int64(st, 2), sqlite3_column_int64(st, 3),
                         sqlite3_column_int64(st, 4) != 0};
        if (job_alive(w->s, d.id, d.pid))
            continue;
        if (!grow(ret, *ret_n, sizeof(**ret)))
            return err_oom(err);
        (*ret)[(*ret_n)++] = d;
    }
    return r;
}

int store_job_reap(struct store_write *w, struct docfs_err *err)
{
    _cleanup_free_ struct dead *dead = NULL;
    size_t n = 0;
    int r = list_dead(w, &dead, &n, err);
    for (size_t i = 0; i < n && r == 0; i++) {
        const struct dead *d = &dead[i];
        bool again = d->max_attempts > d->attempts && !d->cancel;
        const char *state = again ? "queued" : d->cancel ? "cancelled" : "interrupted";
        r = revise(w, err);
        if (r == 0)
            r = add_event(w, d->id, "interrupted", err);
        if (r == 0)
            r = db_run(w->c, err,
                       "UPDATE jobs SET state = ?2, message = CASE WHEN ?3 THEN message ELSE "
                       "  'process ' || pid || ' ended before the job did' END, pid = 0, "
                       "  finished_at = CASE WHEN ?3 THEN NULL ELSE max(beat_at, started_at) END, "
                       "  phase = '', revision = ?4 WHERE id = ?1",
                       "itii", d->id, state, (int64_t)again, w->revision);
    }
    return r;
}

/* The job to take now, or -ENOENT. One collection (or the whole cache, target '') is worked on by
 * one job at a time. */
static int next_due(struct store_write *w, int64_t *ret, struct docfs_err *err)
{
    return db_int(w->c, ret, err,
                  "SELECT j.id FROM jobs AS j WHERE j.state IN ('queued', 'waiting') "
                  "AND j.next_at <= ?1 AND NOT EXISTS (SELECT 1 FROM jobs AS o "
                  "  WHERE o.state = 'running' AND o.max_attempts > 0 "
                  "  AND (o.target = j.target OR o.target = '' OR j.target = '')) "
                  "ORDER BY j.priority DESC, j.id LIMIT 1",
                  "i", w->now);
}

int store_job_claim(struct store_write *w, struct store_job *ret, struct docfs_err *err)
{
    int64_t id;
    int r = store_job_reap(w, err);
    if (r == 0)
        r = next_due(w, &id, err);
    if (r == -ENOENT)
        return 0;
    if (r == 0)
        r = revise(w, err);
    if (r == 0)
        r = db_run(w->c, err,
                   "UPDATE jobs SET state = 'running', pid = ?2, started_at = ?3, beat_at = ?3, "
                   "  attempts = attempts + 1, cancel = 0, message = '', total = 0, done = 0, "
                   "  bytes = 0, bytes_done = 0, documents = 0, passages = 0, failed = 0, "
                   "  revision = ?4 WHERE id = ?1",
                   "iiii", id, (int64_t)getpid(), w->now, w->revision);
    struct store_jobs one = {0};
    if (r == 0)
        r = jobs_list(w->c, w->s, &(struct store_job_filter){.id = id, .max = 1}, true, &one, err);
    if (r == 0 && one.n == 1) {
        *ret = one.item[0];
        one.n = 0;
        job_lock(w, id);
        r = 1;
    }
    store_jobs_fini(&one);
    return r;
}

/* ---- steering ---- */

static int state_of(struct store_write *w, int64_t job, bool *ret_open, bool *ret_running,
                    struct docfs_err *err)
{
    int64_t code;
    int r = store_job_reap(w, err);
    if (r == 0)
        r = db_int(w->c, &code, err,
                   "SELECT CASE state WHEN 'running' THEN 2 WHEN 'queued' THEN 1 "
                   "WHEN 'waiting' THEN 1 ELSE 0 END FROM jobs WHERE id = ?1",
                   "i", job);
    if (r == -ENOENT)
        return err_set(err, -ENOENT, "there is no job %lld (docfs jobs shows them)",
                       (long long)job);
    if (r == 0) {
        *ret_open = code > 0;
        *ret_running = code == 2;
        r = revise(w, err);
    }
    return r;
}

int store_job_cancel(struct store_write *w, int64_t job, struct docfs_err *err)
{
    bool open = false, running = false;
    int r = state_of(w, job, &open, &running, err);
    if (r == 0 && !open)
        return err_set(err, -EALREADY, "job %lld has ended already", (long long)job);
    if (r < 0)
        return r;
    return db_run(w->c, err,
                  "UPDATE jobs SET cancel = 1, revision = ?2, "
                  "  state = CASE WHEN ?3 THEN state ELSE 'cancelled' END, "
                  "  finished_at = CASE WHEN ?3 THEN NULL ELSE ?4 END WHERE id = ?1",
                  "iiii", job, w->revision, (int64_t)running, w->now);
}

int store_job_retry(struct store_write *w, int64_t job, int64_t attempts, struct docfs_err *err)
{
    bool open = false, running = false;
    int r = state_of(w, job, &open, &running, err);
    if (r == 0 && open)
        return err_set(err, -EALREADY, "job %lld %s", (long long)job,
                       running ? "is running" : "is queued already");
    if (r < 0)
        return r;
    return db_run(w->c, err,
                  "UPDATE jobs SET state = 'queued', attempts = 0, max_attempts = "
                  "  max(max_attempts, ?2), next_at = 0, cancel = 0, finished_at = NULL, pid = 0, "
                  "  message = '', result = '', revision = ?3 WHERE id = ?1",
                  "iii", job, attempts, w->revision);
}

void store_job_beat(struct store *s, int64_t job, const struct store_job_progress *p)
{
    if (!writer_try(s))
        return;
    struct conn *c = s->writer;
    int busy_ms = c->busy_ms;
    c->busy_ms = 0;
    int64_t last = 0;
    int r = db_run(c, NULL, "BEGIN IMMEDIATE", "");
    if (r == 0) {
        r = meta_int(c, "jobs_revision", &last, NULL);
        if (r == 0)
            r = meta_set_int(c, "jobs_revision", last + 1, NULL);
        if (r == 0)
            r = put_progress(c, job, p, clock_wall_ns() / 1000000000, last + 1, NULL);
        db_run(c, NULL, r == 0 ? "COMMIT" : "ROLLBACK", "");
        if (!sqlite3_get_autocommit(c->db))
            db_run(c, NULL, "ROLLBACK", "");
    }
    c->busy_ms = busy_ms;
    writer_done(s);
}
