/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "core/ingest/ingest.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"
#include "core/util/order.h"

#define WISHES_MAX 50000 /* paths that one round asks a source for */

static int read_beside(void *arg, const char *path, size_t max, struct buf *out)
{
    return source_beside(arg, path, max, out);
}

static void describe(const struct include_report *r, char note[INCLUDE_NOTE])
{
    size_t n = (size_t)snprintf(note, INCLUDE_NOTE, "includes %zu file%s", r->files,
                                r->files == 1 ? "" : "s");
    if (r->missed)
        snprintf(note + n, INCLUDE_NOTE - n, "; %zu left out: %s", r->missed, r->why);
}

/* 1 when the file includes others: their text is in out. */
static int expand(const struct work_env *env, const char *path, const struct buf *raw,
                  include_read_fn *read, void *arg, struct buf *out, struct include_report *ret)
{
    const char *within = source_within(env->from);
    if (!within || !raw->len)
        return 0;
    struct include_limits lim = env->includes;
    size_t room = env->limits.max_input - raw->len; /* the page must not become too large to read */
    lim.max_bytes = lim.max_bytes < room ? lim.max_bytes : room;
    _cleanup_buf_ struct buf name = {0};
    buf_addf(&name, "%s%s%s", within, *within ? "/" : "", path);
    return buf_status(&name) < 0
               ? -ENOMEM
               : include_expand(name.data, raw->data, raw->len, &lim, read, arg, out, ret);
}

int include_read(const struct work_env *env, const struct source_file *file, struct buf *raw,
                 int64_t *ret_mtime_ns, char note[INCLUDE_NOTE], struct docfs_err *err)
{
    struct buf whole = {0};
    struct include_report report;
    note[0] = '\0';
    int r = source_read(env->from, file->path, env->limits.max_input, raw, ret_mtime_ns, err);
    if (r < 0)
        return r;
    r = expand(env, file->path, raw, read_beside, env->from, &whole, &report);
    if (r <= 0) {
        buf_fini(&whole);
        return r < 0 ? err_oom(err) : 0;
    }
    buf_fini(raw);
    *raw = whole;
    describe(&report, note);
    return 0;
}

/* ---- fetching ---- */

struct wishes {
    struct source *from;
    char **path;
    size_t n;
    bool oom;
};

static void wishes_fini(struct wishes *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->path[i]);
    free(w->path);
    *w = (struct wishes){.from = w->from};
}

/* A page is read as if what is not at hand did not exist, so that every place it may be at is
 * asked for. */
static int wish(void *arg, const char *path, size_t max, struct buf *out)
{
    struct wishes *w = arg;
    int r = source_beside(w->from, path, max, out);
    if (r != -ENODATA)
        return r;
    if (w->n < WISHES_MAX) {
        char *copy = grow(&w->path, w->n, sizeof(*w->path)) ? strdup(path) : NULL;
        w->oom |= !copy;
        if (copy)
            w->path[w->n++] = copy;
    }
    return -ENOENT;
}

static void drop_repeated(struct wishes *w)
{
    size_t kept = w->n > 0;
    qsort(w->path, w->n, sizeof(*w->path), by_text);
    for (size_t i = 1; i < w->n; i++)
        if (strcmp(w->path[i], w->path[kept - 1]) == 0)
            free(w->path[i]);
        else
            w->path[kept++] = w->path[i];
    w->n = kept;
}

/* What the pages that are not done miss. A page that misses nothing is done. */
static int gather(struct ingest_run *run, const struct work_env *env, const struct plan *plan,
                  bool *done, struct wishes *w, struct docfs_err *err)
{
    for (size_t t = 0; t < plan->n_todo; t++) {
        _cleanup_buf_ struct buf raw = {0}, whole = {0};
        struct include_report report;
        const char *path = plan->files.item[plan->todo[t]].path;
        size_t before = w->n;
        int64_t mtime;
        if (done[t])
            continue;
        if (run_progress(run, false) < 0)
            return err_set(err, -ECANCELED, "stopped before the first file");
        if (source_read(env->from, path, env->limits.max_input, &raw, &mtime, NULL) == 0 &&
            expand(env, path, &raw, wish, w, &whole, &report) < 0)
            return err_oom(err);
        done[t] = w->n == before;
    }
    return w->oom ? err_oom(err) : 0;
}

int include_fetch(struct ingest_run *run, const struct work_env *env, const struct plan *plan,
                  struct docfs_err *err)
{
    if (!source_fetches(env->from) || !source_within(env->from) || !plan->n_todo)
        return 0;
    _cleanup_free_ bool *done = calloc(plan->n_todo, sizeof(*done));
    if (!done)
        return err_oom(err);
    int r = 0;
    for (unsigned depth = 0; r == 0 && depth < env->includes.max_depth; depth++) {
        _cleanup_(wishes_fini) struct wishes w = {.from = env->from};
        r = gather(run, env, plan, done, &w, err);
        if (r < 0 || w.n == 0)
            break;
        drop_repeated(&w);
        r = source_want(env->from, (const char *const *)w.path, w.n, err);
        if (r != -ECANCELED && r != -ENOMEM && r < 0)
            return 0;
    }
    return r;
}
