/* SPDX-License-Identifier: MIT
 * The writing half of an ingest. Transactions are short (at most a second), so that other writers
 * get their turn and a crash loses little work; what is committed stays. The first ones are
 * shorter: what follows a commit (index/words) is then not left for the end of a short run. */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/util/clock.h"

#define BATCH_BYTES (16u << 20)
#define BATCH_NS 1000000000
#define BATCH_NS_MIN 200000000
#define REPORT_NS 100000000
#define LOOK_NS 300000000 /* between looks at the job's cancel flag */

/* SQLite lets waiting writers poll, so one that comes back at once would starve the others. This
 * lock queues them: it is a courtesy between ingests, never needed for correctness. */
struct turn {
    int fd;
};

static void turn_take(struct turn *t)
{
    if (t->fd >= 0)
        while (flock(t->fd, LOCK_EX) < 0 && errno == EINTR)
            ;
}

static void turn_pass(struct turn *t)
{
    if (t->fd < 0)
        return;
    flock(t->fd, LOCK_UN);
    usleep(2000); /* long enough for a waiter to wake up */
}

struct batch {
    struct ingest_run *run;
    struct store_write *w; /* NULL between transactions */
    struct turn turn;
    int64_t since_ns;
    size_t bytes;
};

static int batch_open(struct batch *b, struct docfs_err *err)
{
    if (b->w)
        return 0;
    turn_take(&b->turn);
    int rc = store_write_begin(b->run->d->store, &b->w, err);
    if (rc == 0 && b->run->embedder)
        rc = store_vectors_of(b->w, false, b->run->embedder->fingerprint, &b->run->codes_fit, err);
    if (rc < 0) {
        store_write_abort(b->w);
        b->w = NULL;
        turn_pass(&b->turn);
    }
    b->since_ns = clock_mono_ns();
    b->bytes = 0;
    return rc;
}

static bool batch_full(const struct batch *b)
{
    int64_t now = clock_mono_ns(), most = (now - b->run->started_ns) / 4;
    most = most < BATCH_NS_MIN ? BATCH_NS_MIN : most > BATCH_NS ? BATCH_NS : most;
    return b->bytes >= BATCH_BYTES || now - b->since_ns >= most;
}

static int batch_commit(struct batch *b, struct docfs_err *err)
{
    if (!b->w)
        return 0;
    struct store_job_progress p = run_figures(b->run);
    int rc = b->run->job ? store_job_progress(b->w, b->run->job, &p, err) : 0;
    if (rc == 0)
        rc = store_write_commit(b->w, err);
    else
        store_write_abort(b->w);
    b->w = NULL;
    turn_pass(&b->turn);
    return rc;
}

static void batch_drop(struct batch *b)
{
    if (b->w) {
        store_write_abort(b->w);
        turn_pass(&b->turn);
    }
    if (b->turn.fd >= 0)
        close(b->turn.fd);
}

static void batch_init(struct batch *b, struct ingest_run *run)
{
    *b = (struct batch){.run = run};
    b->turn.fd = openat(run->d->dirfd, "ingest.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

struct store_job_progress run_figures(const struct ingest_run *run)
{
    static const char *const phase[] = {"scanning", "converting", "indexing"};
    const struct docfs_progress *p = &run->progress;
    return (struct store_job_progress){.phase = phase[p->phase],
                                       .total = (int64_t)p->files,
                                       .done = (int64_t)p->files_done,
                                       .bytes = p->bytes,
                                       .bytes_done = p->bytes_done,
                                       .documents = (int64_t)p->documents,
                                       .passages = (int64_t)p->passages,
                                       .failed = (int64_t)p->failed};
}

/* Whether somebody set the job's cancel flag; gives a sign of life by the way. */
static bool job_cancelled(struct ingest_run *run)
{
    _cleanup_read_ struct store_read *r = NULL;
    bool cancelled = false;
    struct store_job_progress p = run_figures(run);
    store_job_beat(run->d->store, run->job, &p);
    if (store_read_begin(run->d->store, &r, NULL) == 0)
        store_job_cancelled(r, run->job, &cancelled, NULL);
    return cancelled;
}

int run_progress(struct ingest_run *run, bool now)
{
    int64_t t = clock_mono_ns();
    if (run->job && t - run->looked_ns >= LOOK_NS) {
        run->looked_ns = t;
        if (job_cancelled(run))
            return -ECANCELED;
    }
    if (!run->fn || (!now && t - run->reported_ns < REPORT_NS))
        return 0;
    run->reported_ns = t;
    run->progress.seconds = (double)(t - run->started_ns) / 1e9;
    return run->fn(run->arg, &run->progress) ? -ECANCELED : 0;
}

static int put_pages(struct ingest_run *run, struct store_write *w, const char *path,
                     const struct work_result *res, struct docfs_err *err)
{
    size_t n = res->pages.n;
    const char *format = format_name(res->pages.format);
    _cleanup_free_ const char **parts = calloc(n + 1, sizeof(*parts));
    if (!parts)
        return err_oom(err);
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct page *page = &res->pages.item[i];
        bool changed = false;
        parts[i] = page->part ? page->part : "";
        rc = work_store(w, run->codes_fit ? run->embedder : NULL, run->source, path, page, format,
                        res->mtime_ns, &res->page[i], &changed, err);
        run->report->documents++;
        run->report->flagged += res->page[i].hygiene.signs != 0;
        run->report->passages += res->page[i].passages.n;
    }
    return rc < 0 ? rc : store_trim_parts(w, run->source, path, parts, n, err);
}

/* Outcome of one file. A file that cannot be converted any more keeps its last good version
 * (failed); one that turned out to be no documentation leaves (skipped). */
static int put_result(struct ingest_run *run, struct store_write *w, const struct source_file *f,
                      const struct work_result *res, struct docfs_err *err)
{
    const char *path = f->path;
    const unsigned char *sha = res->has_sha ? res->sha : NULL;
    const char *outcome = "ok", *reason = res->note;
    int rc = 0;
    if (res->status < 0) {
        bool skip = res->status == -ENOTSUP;
        outcome = skip ? "skipped" : "failed";
        reason = res->err.text;
        skip ? run->report->skipped++ : run->report->failed++;
        run->progress.failed += !skip;
        if (skip)
            rc = store_trim_parts(w, run->source, path, NULL, 0, err);
    } else if (res->same) {
        run->report->unchanged++;
    } else {
        run->report->converted++;
        run->report->bytes += res->size;
        rc = put_pages(run, w, path, res, err);
    }
    return rc < 0 ? rc
                  : store_put_file(w, run->source, path, res->size, res->mtime_ns, sha, f->version,
                                   outcome, reason, err);
}

/* A full disk or a damaged database is not the file's fault: that ends the job. */
int run_write(struct ingest_run *run, struct pipeline *p, struct docfs_err *err)
{
    struct batch b;
    batch_init(&b, run);
    int rc = 0;
    for (size_t at = 0; rc == 0;) {
        struct work_result res;
        int got = pipeline_next(p, &res);
        if (got == 0)
            break;
        if (got == 1) {
            const struct source_file *f = &run->plan->files.item[run->plan->todo[at++]];
            rc = batch_open(&b, err);
            if (rc == 0)
                rc = put_result(run, b.w, f, &res, err);
            b.bytes += res.bytes;
            run->progress.files_done = at;
            run->progress.bytes_done += f->size;
            run->progress.documents = run->report->documents;
            run->progress.passages = run->report->passages;
            work_result_fini(&res);
        }
        if (rc == 0 && b.w && batch_full(&b)) {
            rc = batch_commit(&b, err);
            if (rc == 0)
                words_follow(run->d, &run->words);
        }
        if (rc == 0 && run_progress(run, false) < 0) {
            rc = batch_commit(&b, err);
            if (rc == 0)
                rc = err_set(err, -ECANCELED,
                             "stopped after %zu of %zu files; run it again to go on", at,
                             run->plan->n_todo);
        }
    }
    if (rc == 0)
        rc = batch_commit(&b, err);
    batch_drop(&b);
    return rc;
}

/* ---- files that left ---- */

static const char *suffix(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot : "";
}

/* The new file with the bytes of a vanished one, or -1. Only files of the same size are read, and
 * not more than a few: many files of one size would make this quadratic. The extension must stay,
 * because it decides the format. */
static int64_t find_moved(const struct work_env *env, const struct plan *plan,
                          const struct store_file *old, const bool *taken, char note[INCLUDE_NOTE])
{
    unsigned tries = 32;
    for (size_t t = 0; t < plan->n_todo && tries; t++) {
        size_t i = plan->todo[t];
        if (taken[t] || plan->known[i] || plan->files.item[i].size != old->size ||
            strcmp(suffix(plan->files.item[i].path), suffix(old->path)) != 0)
            continue;
        tries--;
        _cleanup_buf_ struct buf raw = {0};
        int64_t mtime;
        unsigned char sha[SHA256_LEN];
        if (include_read(env, &plan->files.item[i], &raw, &mtime, note, NULL) < 0)
            continue;
        sha256(buf_text(&raw), raw.len, sha);
        if (memcmp(sha, old->sha256, SHA256_LEN) == 0)
            return (int64_t)t;
    }
    return -1;
}

static int leave_one(struct batch *b, const struct work_env *env, struct plan *plan,
                     const struct store_file *old, bool *taken, struct docfs_err *err)
{
    struct ingest_run *run = b->run;
    char note[INCLUDE_NOTE];
    int64_t t = old->has_sha && old->ok ? find_moved(env, plan, old, taken, note) : -1;
    if (t < 0) {
        run->report->removed++;
        return store_remove_file(b->w, run->source, old->path, err);
    }
    taken[t] = true;
    run->report->renamed++;
    const struct source_file *f = &plan->files.item[plan->todo[t]];
    int rc = store_rename_file(b->w, run->source, old->path, f->path, err);
    if (rc == 0)
        rc = store_put_file(b->w, run->source, f->path, f->size, f->mtime_ns, old->sha256,
                            f->version, "ok", note, err);
    return rc;
}

/* Renamed files need no conversion: they leave the list of work. */
static void drop_taken(struct plan *plan, const bool *taken)
{
    size_t n = 0;
    for (size_t t = 0; t < plan->n_todo; t++) {
        if (taken[t])
            plan->todo_bytes -= plan->files.item[plan->todo[t]].size;
        else
            plan->todo[n++] = plan->todo[t];
    }
    plan->n_todo = n;
}

int run_leave(struct ingest_run *run, const struct work_env *env, struct plan *plan,
              struct docfs_err *err)
{
    struct batch b;
    batch_init(&b, run);
    _cleanup_free_ bool *taken = calloc(plan->n_todo + 1, sizeof(*taken));
    int rc = taken ? 0 : err_oom(err);
    for (size_t i = 0; i < plan->n_gone && rc == 0; i++) {
        rc = batch_open(&b, err);
        if (rc == 0)
            rc = leave_one(&b, env, plan, &plan->old.item[plan->gone[i]], taken, err);
        if (rc == 0 && batch_full(&b))
            rc = batch_commit(&b, err);
    }
    for (size_t i = 0; i < plan->files.n && rc == 0; i++) {
        const struct source_file *f = &plan->files.item[i];
        if (plan->action[i] != PLAN_REFUSED)
            continue;
        run->report->skipped++;
        rc = batch_open(&b, err);
        if (rc == 0)
            rc = store_trim_parts(b.w, run->source, f->path, NULL, 0, err);
        if (rc == 0)
            rc = store_put_file(b.w, run->source, f->path, f->size, f->mtime_ns, NULL, f->version,
                                "skipped", f->refused, err);
    }
    if (rc == 0)
        rc = batch_commit(&b, err);
    batch_drop(&b);
    if (rc == 0)
        drop_taken(plan, taken);
    return rc;
}
