/* SPDX-License-Identifier: MIT */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util/clock.h"

static unsigned thread_count(struct docfs *d, unsigned wanted)
{
    long n = wanted ? wanted : setting_int(d, "ingest.threads");
    if (n <= 0)
        n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 64 ? 64 : (unsigned)n;
}

/* Key of the version of docfs's converters that last ran over a source. */
static void version_key(int64_t source, char key[40])
{
    snprintf(key, 40, "ingest_version.%lld", (long long)source);
}

/* True when everything has to be converted again because docfs itself converts differently now. */
static bool converter_changed(struct store_read *r, int64_t source)
{
    char key[40], v[16];
    version_key(source, key);
    return store_meta(r, key, v, sizeof(v), NULL) == 0 && *v && strcmp(v, INGEST_VERSION) != 0;
}

/* Ends job and source rows. A source that was typed wrong, or is not there, leaves nothing behind.
 * Keeps rc and err of a failed run. */
static int finish(struct ingest_run *run, int rc, struct docfs_err *err)
{
    struct docfs *d = run->d;
    struct docfs_err local;
    struct store_write *w;
    int r = store_write_begin(d->store, &w, rc < 0 ? &local : err);
    if (r < 0)
        return rc < 0 ? rc : r;
    const char *text = rc < 0 && err ? err->text : "";
    struct docfs_err *e = rc < 0 ? &local : err;
    struct store_job_progress p = run_figures(run);
    r = store_job_progress(w, run->job, &p, e);
    if (r == 0 && !run->queued)
        r = store_job_end(w, run->job,
                          &(struct store_job_end){.state = rc == 0            ? "done"
                                                           : rc == -ECANCELED ? "cancelled"
                                                                              : "failed",
                                                  .message = text},
                          e);
    bool forgotten = false;
    if (r == 0 && rc < 0 && rc != -ECANCELED && !run->refresh) {
        r = store_forget_source(w, run->source, run->new_collection, e);
        forgotten = r > 0;
        r = r > 0 ? 0 : r;
    }
    if (r == 0 && rc != -ECANCELED && !forgotten)
        r = store_source_done(w, run->source, rc < 0 ? text : "ok", run->revision,
                              fresh_window(d, &run->fresh), e);
    if (r == 0 && rc == 0) {
        char key[40];
        version_key(run->source, key);
        r = store_set_meta(w, key, INGEST_VERSION, e);
    }
    if (r == 0)
        r = store_sweep(w, setting_int(d, "content.keep_seconds"), e);
    r = store_write_end(w, r, e);
    return rc < 0 ? rc : r;
}

/* Passages that wait are no failure of the ingest: they are found by their words. */
static int bring_vectors(struct ingest_run *run, struct docfs_err *err)
{
    struct embed_outcome out;
    int rc = reembed(run->d, run, &out, err);
    report_embedding(run->report, &out);
    return rc;
}

/* Work on an opened source whose rows exist. */
static int run_source(struct ingest_run *run, const struct work_env *env,
                      const struct source_filter *filter, bool force, unsigned threads,
                      struct docfs_err *err)
{
    struct docfs *d = run->d;
    struct plan plan = {0};
    struct store_read *r;
    run->progress.phase = INGEST_SCAN;
    run_progress(run, true);
    /* Before the read begins: a listing may take as long as a network does. */
    int rc = source_list(env->from, filter, &plan.files, err);
    if (rc == 0)
        rc = store_read_begin(d->store, &r, err);
    if (rc < 0) {
        plan_fini(&plan);
        return rc;
    }
    force = force || converter_changed(r, run->source);
    rc = plan_make(r, run->source, force, &plan, err);
    store_read_end(r);
    if (rc < 0)
        return rc;

    run->plan = &plan;
    run->report->files += plan.files.n;
    for (size_t i = 0; i < plan.files.n; i++)
        run->report->unchanged += plan.action[i] == PLAN_UNCHANGED;
    rc = include_fetch(run, env, &plan, err);
    if (rc == 0)
        rc = run_leave(run, env, &plan, err);
    if (rc == 0 && plan.n_todo) {
        run->progress.phase = INGEST_CONVERT;
        run->progress.files = plan.n_todo;
        run->progress.bytes = plan.todo_bytes;
        run_progress(run, true);
        struct pipeline *p = NULL;
        rc = pipeline_start(env, &plan, force, threads, &p, err);
        if (rc == 0)
            rc = run_write(run, p, err);
        if (p)
            pipeline_stop(p);
    }
    plan_fini(&plan);
    if (rc < 0)
        return rc;
    run->progress.phase = INGEST_INDEX;
    run_progress(run, true);
    rc = bring_vectors(run, err);
    bool published = rc == 0 && words_publish(d, run->words), rebuilt = false;
    if (rc == 0)
        rc = search_rebuild_index(d, false, &rebuilt, err);
    run->report->rebuilt_index = run->report->rebuilt_index || rebuilt || published;
    return rc;
}

/* The row of a run in the foreground; its arguments are those with which it could be queued. */
static int begin_job(struct ingest_run *run, struct store_write *w, const char *collection,
                     const char *location, const struct docfs_ingest_options *opt,
                     struct docfs_err *err)
{
    struct docfs_ingest_options o = opt ? *opt : (struct docfs_ingest_options){0};
    o.collection = collection;
    _cleanup_free_ char *args = run->refresh ? NULL : docfs_job_args_add(location, &o);
    if (!args && asprintf(&args, "{\"source\":%lld}", (long long)run->source) < 0) {
        args = NULL;
        return err_oom(err);
    }
    return store_job_begin(w, run->refresh ? "refresh" : "add", collection, args, run->source,
                           &run->job, err);
}

static int put_policy(struct ingest_run *run, struct store_write *w, const char *text,
                      struct docfs_err *err)
{
    enum docfs_policy p;
    int64_t every;
    int rc = docfs_policy_parse(text, &p, &every, err);
    if (rc < 0)
        return rc;
    run->fresh.interval = p == POLICY_INTERVAL;
    run->fresh.every = every;
    return store_set_policy(w, run->source, p == POLICY_DEFAULT ? "" : docfs_policy_name(p), every,
                            err);
}

/* Makes the rows of collection, source and job in one transaction. */
static int begin_rows(struct ingest_run *run, const char *collection, const char *kind,
                      const char *location, const char *options,
                      const struct docfs_ingest_options *opt, struct docfs_err *err)
{
    int64_t c;
    struct store_write *w;
    int rc = store_write_begin(run->d->store, &w, err);
    if (rc < 0)
        return rc;
    rc = store_put_collection(w, collection, &c, err);
    run->new_collection = rc > 0;
    if (rc >= 0)
        rc = store_put_source(w, c, kind, location, options, &run->source, err);
    if (rc == 0 && opt && opt->policy)
        rc = put_policy(run, w, opt->policy, err);
    if (rc == 0)
        rc = run->queued ? store_job_source(w, run->job, run->source, err)
                         : begin_job(run, w, collection, location, opt, err);
    return store_write_end(w, rc, err);
}

/* Sources ask while they list; only the calling thread may report. */
static int stop_scan(void *arg)
{
    return run_progress(arg, false) < 0;
}

/* A known source that cannot be reached says so in the list of collections. */
static void note_failure(struct docfs *d, const struct ingest_ask *ask, const struct docfs_err *why)
{
    struct store_write *w;
    if (store_write_begin(d->store, &w, NULL) < 0)
        return;
    int rc = store_source_done(w, ask->source, why->text, "", fresh_window(d, &ask->fresh), NULL);
    store_write_end(w, rc, NULL);
}

int ingest_source(struct docfs *d, const struct ingest_ask *ask, struct docfs_report *report,
                  struct docfs_err *err)
{
    const struct docfs_ingest_options *opt = ask->opt;
    _cleanup_(source_options_fini) struct source_options so = {0};
    _cleanup_(ingest_env_fini) struct source_env senv = {0};
    int rc = source_options_load(&so, ask->stored_options, !ask->refresh, opt, err);
    if (rc == 0)
        rc = ingest_env(d, opt, &senv, err);
    if (rc < 0)
        return rc;
    senv.remote_caller = so.remote;
    senv.options = (const char *const *)so.options;
    if (ask->root) {
        free(so.root);
        if (!(so.root = strdup(ask->root)))
            return err_oom(err);
    }
    senv.root = so.root;
    struct ingest_run run = {.d = d,
                             .fn = ask->progress,
                             .arg = ask->arg,
                             .report = report,
                             .job = opt ? opt->job : 0,
                             .queued = opt && opt->job,
                             .refresh = ask->refresh,
                             .fresh = ask->fresh,
                             .started_ns = clock_mono_ns(),
                             .progress.source = ask->location};
    senv.stop = ask->progress ? stop_scan : NULL;
    senv.stop_arg = &run;
    struct work_env env = {.limits = CONVERT_LIMITS_DEFAULT};
    rc = source_open(ask->kind, &senv, ask->location, &env.from, err);
    if (rc < 0) {
        if (ask->refresh && rc != -ECANCELED)
            note_failure(d, ask, err);
        return rc;
    }

    int64_t max = so.max_file ? so.max_file : setting_int(d, "ingest.max_file");
    env.limits.max_input = (size_t)max;
    if (env.limits.max_output < (size_t)max)
        env.limits.max_output = (size_t)max;
    env.limits.max_pages = (unsigned)setting_int(d, "ingest.max_pages");
    env.limits.max_ratio = (unsigned)senv.limits.max_ratio;
    env.limits.max_entries = (size_t)senv.limits.max_entries;
    env.limits.timeout_ms = (unsigned)setting_int(d, "ingest.timeout_ms");
    env.includes =
        (struct include_limits){.max_depth = (unsigned)setting_int(d, "ingest.include_depth"),
                                .max_files = (size_t)setting_int(d, "ingest.include_files"),
                                .max_bytes = (size_t)setting_int(d, "ingest.include_bytes")};
    struct source_filter filter = {.include = (const char *const *)so.include,
                                   .exclude = (const char *const *)so.exclude,
                                   .max_files = (size_t)setting_int(d, "sources.max_files"),
                                   .max_file = (size_t)max};
    snprintf(report->collection, sizeof(report->collection), "%s", ask->collection);
    _cleanup_free_ char *json = source_options_dump(&so);
    rc = json ? begin_rows(&run, ask->collection, ask->kind->name, ask->location, json, opt, err)
              : err_oom(err);
    _cleanup_(embedder_freep) struct embedder *e = NULL;
    if (rc == 0)
        rc = embedding_begin(d, &e, err);
    if (rc == 0) {
        if (e && !e->costly)
            run.embedder = env.embedder = e;
        rc = run_source(&run, &env, &filter, opt && opt->force,
                        thread_count(d, opt ? opt->threads : 0), err);
        words_making_free(run.words);
        run.revision = rc == 0 ? source_revision(env.from) : "";
        rc = finish(&run, rc, err);
    }
    source_close(env.from);
    report->seconds += (double)(clock_mono_ns() - run.started_ns) / 1e9;
    return rc;
}

int docfs_refresh(struct docfs *d, const char *collection, const struct docfs_ingest_options *opt,
                  docfs_progress_fn *progress, void *arg, struct docfs_report *ret,
                  struct docfs_err *err)
{
    *ret = (struct docfs_report){0};
    int rc = cache_writable(d, err);
    if (rc < 0)
        return rc;
    struct store_sources s = {0};
    struct store_read *r;
    rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = store_list_sources(r, collection, &s, err);
    store_read_end(r);
    if (rc < 0)
        return rc;
    int worst = 0;
    bool found = !opt || !opt->source;
    for (size_t i = 0; i < s.n && rc != -ECANCELED; i++) {
        const struct source_kind *kind = source_kind_named(s.item[i].kind);
        if (!kind) /* documents put in directly have no place to refresh from */
            continue;
        if (opt && opt->source && s.item[i].id != opt->source)
            continue;
        found = true;
        struct docfs_err e;
        rc = ingest_source(d,
                           &(struct ingest_ask){.refresh = true,
                                                .source = s.item[i].id,
                                                .collection = s.item[i].collection_name,
                                                .location = s.item[i].location,
                                                .kind = kind,
                                                .stored_options = s.item[i].options,
                                                .fresh = s.item[i].fresh,
                                                .opt = opt,
                                                .progress = progress,
                                                .arg = arg},
                           ret, &e);
        if (rc < 0 && worst != -ECANCELED) {
            worst = rc;
            err_set(err, rc, "%s: %s", s.item[i].collection_name, e.text);
        }
    }
    store_sources_fini(&s);
    if (!found)
        return err_set(err, -ENOENT, "there is no source %lld any more", (long long)opt->source);
    return worst;
}

static char *kept_of(const struct store_source *s)
{
    const struct source_kind *kind = source_kind_named(s->kind);
    return kind && kind->kept ? kind->kept(s->location) : NULL;
}

static bool kept_by(const struct store_sources *all, const char *kept, const char *collection)
{
    for (size_t i = 0; i < all->n; i++) {
        _cleanup_free_ char *other = kept_of(&all->item[i]);
        if (other && strcmp(other, kept) == 0 &&
            strcmp(all->item[i].collection_name, collection) != 0)
            return true;
    }
    return false;
}

/* Clones and downloads that only the sources of a collection use. No more than space is at stake.
 */
static void forget_kept(struct docfs *d, const struct store_sources *all, const char *collection)
{
    for (size_t i = 0; i < all->n; i++) {
        _cleanup_free_ char *kept =
            strcmp(all->item[i].collection_name, collection) == 0 ? kept_of(&all->item[i]) : NULL;
        if (kept && !kept_by(all, kept, collection))
            source_forget(d->path, kept);
    }
}

int docfs_remove(struct docfs *d, const char *collection, struct docfs_err *err)
{
    _cleanup_(store_sources_fini) struct store_sources all = {0};
    struct store_read *r;
    struct store_write *w;
    int rc = cache_writable(d, err);
    if (rc == 0)
        rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = store_list_sources(r, NULL, &all, err);
    store_read_end(r);
    if (rc == 0)
        rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    rc = store_write_end(w, store_remove_collection(w, collection, err), err);
    bool rebuilt;
    if (rc == 0)
        forget_kept(d, &all, collection);
    return rc < 0 ? rc : search_rebuild_index(d, false, &rebuilt, err);
}
