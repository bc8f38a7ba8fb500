/* SPDX-License-Identifier: MIT
 * Keeps the vectors complete, and changes their model: those of the new one are made beside the
 * old, which answer until all are there; one transaction exchanges them. */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>

#include "core/util/clock.h"

/* One process embeds at a time: two would send the same texts. Waits, as long as nobody cancels. */
static int lock(struct docfs *d, struct ingest_run *run, int *ret_fd, struct docfs_err *err)
{
    *ret_fd = openat(d->dirfd, "embed.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    while (*ret_fd >= 0 && flock(*ret_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            break; /* no locks here: the work is done twice at worst */
        if (run && run_progress(run, false) < 0)
            return err_set(err, -ECANCELED, "stopped while another process was embedding");
        nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    }
    return 0;
}

static int set_model(struct store_write *w, const struct embedder *e, const char *spec,
                     struct docfs_err *err)
{
    char dim[16];
    snprintf(dim, sizeof(dim), "%u", e->dim);
    int rc = store_set_meta(w, "fingerprint", e->fingerprint, err);
    if (rc == 0)
        rc = store_set_meta(w, "dimension", dim, err);
    return rc < 0 ? rc : store_set_meta(w, "embedder", spec, err);
}

/* What a transaction does with the vectors before the model is named. */
typedef int change_fn(struct store_write *w, struct docfs_err *err);

static int write_model(struct docfs *d, const struct embedder *e, const char *spec,
                       change_fn *change, struct docfs_err *err)
{
    struct store_write *w;
    int rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    if (change)
        rc = change(w, err);
    if (rc == 0)
        rc = set_model(w, e, spec, err);
    if (rc == 0)
        rc = store_set_meta(w, "next_fingerprint", "", err);
    return store_write_end(w, rc, err);
}

static int read_model(struct docfs *d, char fingerprint[128], char next[128], char spec[4096],
                      struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_meta(r, "fingerprint", fingerprint, 128, err);
    if (rc == 0)
        rc = store_meta(r, "next_fingerprint", next, 128, err);
    return rc < 0 ? rc : store_meta(r, "embedder", spec, 4096, err);
}

/* Begins the vectors of e anew when those there are of a third model. */
static int begin_next(struct docfs *d, const struct embedder *e, const char *next,
                      struct docfs_err *err)
{
    if (strcmp(next, e->fingerprint) == 0)
        return 0;
    struct store_write *w;
    int rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    rc = store_clear_next(w, err);
    if (rc == 0)
        rc = store_set_meta(w, "next_fingerprint", e->fingerprint, err);
    return store_write_end(w, rc, err);
}

/* The cache goes over to the model e when every passage has its vector. */
static int change_model(struct docfs *d, struct embedder *e, const char *spec, const char *next,
                        struct ingest_run *run, struct embed_outcome *out, struct docfs_err *err)
{
    int rc = begin_next(d, e, next, err);
    if (rc == 0)
        rc = embed_waiting(d, e, true, run, out, err);
    if (rc < 0 || out->failed)
        return rc;
    return write_model(d, e, spec, store_switch_vectors, err);
}

static void count_waiting(struct docfs *d, struct embed_outcome *out)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_counts c;
    if (store_read_begin(d->store, &r, NULL) == 0 && store_counts(r, &c, NULL) == 0)
        out->waiting = c.passages > c.vectors ? c.passages - c.vectors : 0;
}

static int trim(struct docfs *d, struct docfs_err *err)
{
    struct store_write *w;
    int rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    return store_write_end(w, store_trim_vector_cache(w, setting_int(d, "embed.cache"), err), err);
}

/* The embedder of the vectors as they are now. */
static int serving(struct docfs *d, struct embedder **ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct docfs_err why;
    int rc = store_read_begin(d->store, &r, err);
    return rc < 0 ? rc : embedding_serving(d, r, ret, &why, err);
}

int embedding_begin(struct docfs *d, struct embedder **ret, struct docfs_err *err)
{
    char now[128], next[128], spec[4096];
    *ret = NULL;
    int rc = read_model(d, now, next, spec, err);
    if (rc < 0)
        return rc;
    if (*now)
        return serving(d, ret, err);
    char *wanted = NULL;
    struct docfs_err why;
    if (embedding_wanted(d, ret, &wanted, &why) < 0)
        return why.code == -ENOMEM ? err_oom(err) : 0; /* passages wait; reembed() says why */
    rc = write_model(d, *ret, wanted, NULL, err);
    free(wanted);
    if (rc < 0) {
        embedder_free(*ret);
        *ret = NULL;
    }
    return rc;
}

static int run_all(struct docfs *d, struct ingest_run *run, struct embed_outcome *out,
                   struct docfs_err *err)
{
    char now[128], next[128], spec[4096];
    _cleanup_(embedder_freep) struct embedder *e = NULL;
    _cleanup_(embedder_freep) struct embedder *wanted = NULL;
    _cleanup_free_ char *wanted_spec = NULL;
    struct docfs_err why = {0};
    int rc = embedding_begin(d, &e, err);
    if (rc == 0)
        rc = read_model(d, now, next, spec, err);
    if (rc < 0)
        return rc;
    int asked = embedding_wanted(d, &wanted, &wanted_spec, &why);
    if (asked == -ENOMEM)
        return err_oom(err);
    if (asked == 0 && strcmp(now, wanted->fingerprint) != 0)
        rc = change_model(d, wanted, wanted_spec, next, run, out, err);
    else if (asked == 0 && (*next || strcmp(spec, wanted_spec) != 0)) /* or only its address */
        rc = write_model(d, wanted, wanted_spec, store_clear_next, err);
    if (rc < 0)
        return rc;
    struct embed_outcome change = *out;
    embedder_free(e);
    e = NULL;
    rc = serving(d, &e, err);
    if (rc == 0 && e)
        rc = embed_waiting(d, e, false, run, out, err);
    if (rc == 0 && e && (e->costly || (wanted && wanted->costly)))
        rc = trim(d, err);
    out->embedded += change.embedded;
    out->kept += change.kept;
    out->refused += change.refused;
    if (change.failed || asked < 0) { /* the settings are not yet what the cache is made with */
        out->failed = asked < 0 ? asked : change.failed;
        out->why = asked < 0 ? why : change.why;
    }
    return rc;
}

void report_embedding(struct docfs_report *report, const struct embed_outcome *out)
{
    report->embedded += out->embedded + out->kept;
    report->reused += out->kept;
    report->waiting = out->waiting;
    snprintf(report->waiting_why, sizeof(report->waiting_why), "%.255s", out->why.text);
}

int reembed(struct docfs *d, struct ingest_run *run, struct embed_outcome *ret,
            struct docfs_err *err)
{
    _cleanup_close_ int fd = -1;
    *ret = (struct embed_outcome){0};
    int rc = lock(d, run, &fd, err);
    if (rc == 0)
        rc = run_all(d, run, ret, err);
    if (rc == 0)
        count_waiting(d, ret);
    return rc;
}

int docfs_reembed(struct docfs *d, docfs_progress_fn *progress, void *arg, struct docfs_report *ret,
                  struct docfs_err *err)
{
    struct docfs_report local, *report = ret ? ret : &local;
    *report = (struct docfs_report){0};
    if (d->read_only)
        return err_set(err, -EROFS, "the cache %s is opened read-only", d->path);
    struct embed_outcome out;
    struct ingest_run run = {.d = d,
                             .fn = progress,
                             .arg = arg,
                             .report = report,
                             .started_ns = clock_mono_ns(),
                             .progress = {.phase = INGEST_INDEX, .source = ""}};
    int rc = reembed(d, &run, &out, err);
    if (rc == 0)
        rc = search_rebuild_index(d, false, &report->rebuilt_index, err);
    report_embedding(report, &out);
    report->seconds = (double)(clock_mono_ns() - run.started_ns) / 1e9;
    if (rc == 0 && out.failed)
        return err_set(err, out.failed, "%s (%zu passages embedded, %zu wait)", out.why.text,
                       out.embedded + out.kept, out.waiting);
    if (rc == 0 && out.refused)
        return err_set(err, -EINVAL, "%zu passages cannot be embedded: %s", out.refused,
                       out.why.text);
    return rc;
}
