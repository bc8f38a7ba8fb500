/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "core/util/buf.h"
#include "core/util/clock.h"
#include "core/util/grow.h"
#include "core/util/hash.h"
#include "core/util/order.h"
#include "tools/cli/eval.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/lines.h"

#define BATCH_DOCS 512
#define BATCH_BYTES (4u << 20)
#define PER_DIRECTORY 1000 /* keeps directories of the tree small */
#define STAMP "eval-corpus"

/* ---- the directory ---- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    return remove(path);
}

void eval_cache_close(struct eval_cache *ec)
{
    docfs_close(ec->d);
    ec->d = NULL;
    if (ec->temporary && ec->dir)
        nftw(ec->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    free(ec->dir);
    ec->dir = NULL;
}

static int make_directory(struct eval_cache *ec, const char *keep, struct docfs_err *err)
{
    const char *tmp = getenv("TMPDIR");
    if (keep) {
        ec->dir = strdup(keep);
        return ec->dir ? 0 : err_oom(err);
    }
    if (asprintf(&ec->dir, "%s/docfs-eval-XXXXXX", tmp && *tmp ? tmp : "/tmp") < 0) {
        ec->dir = NULL;
        return err_oom(err);
    }
    if (!mkdtemp(ec->dir)) {
        int r = err_set(err, -errno,
                        "cannot make a temporary cache %s: %s; TMPDIR names another "
                        "place, --keep DIR a lasting one",
                        ec->dir, strerror(errno));
        free(ec->dir);
        ec->dir = NULL;
        return r;
    }
    ec->temporary = true;
    return 0;
}

/* ---- the corpus ---- */

static void document_path(size_t number, char out[48])
{
    snprintf(out, 48, "%06zu/%09zu.md", number / PER_DIRECTORY, number);
}

size_t eval_number(const char *path)
{
    const char *slash = strchr(path, '/');
    char *end = NULL;
    errno = 0;
    unsigned long long n = slash ? strtoull(slash + 1, &end, 10) : 0;
    return slash && end > slash + 1 && !errno && strcmp(end, ".md") == 0 ? (size_t)n : SIZE_MAX;
}

static int add_id(struct eval_ids *ids, const char *id, struct docfs_err *err)
{
    if (!grow(&ids->id, ids->n, sizeof(*ids->id)) || !(ids->id[ids->n] = strdup(id)))
        return err_oom(err);
    ids->n++;
    return 0;
}

/* An id given twice would be counted twice. */
static int check_unique(const struct eval_ids *ids, const char *corpus, struct docfs_err *err)
{
    _cleanup_free_ char **sorted = calloc(ids->n + 1, sizeof(*sorted));
    if (!sorted)
        return err_oom(err);
    if (ids->n)
        memcpy(sorted, ids->id, ids->n * sizeof(*sorted));
    qsort(sorted, ids->n, sizeof(*sorted), by_text);
    for (size_t i = 1; i < ids->n; i++)
        if (strcmp(sorted[i - 1], sorted[i]) == 0)
            return err_set(err, -EINVAL, "%s: two documents have the id '%s'", corpus, sorted[i]);
    return 0;
}

struct batch {
    struct eval_doc doc[BATCH_DOCS];
    size_t n, bytes;
    size_t first; /* number of doc[0] */
};

static void batch_clear(struct batch *b)
{
    for (size_t i = 0; i < b->n; i++)
        eval_doc_fini(&b->doc[i]);
    b->first += b->n;
    b->n = b->bytes = 0;
}

static int batch_write(struct batch *b, struct docfs *d, struct docfs_err *err)
{
    struct docfs_raw raw[BATCH_DOCS];
    char path[BATCH_DOCS][48];
    for (size_t i = 0; i < b->n; i++) {
        document_path(b->first + i, path[i]);
        raw[i] = (struct docfs_raw){.path = path[i],
                                    .title = b->doc[i].title,
                                    .url = "",
                                    .markdown = b->doc[i].markdown,
                                    .len = b->doc[i].len};
    }
    int r = b->n ? docfs_add_raw(d, EVAL_COLLECTION, raw, b->n, err) : 0;
    batch_clear(b);
    return r;
}

static void show(struct progress *p, struct lines *l, const struct eval_ids *ids)
{
    struct progress_step step = {.label = "ingesting", .unit = "documents", .done = ids->n};
    lines_position(l, &step.bytes, &step.bytes_total);
    progress_update(p, &step);
}

/* One pass over the corpus: ids always, documents into d unless it is NULL. The digest tells a
 * kept cache whether it holds this corpus. */
static int read_corpus(const char *corpus, struct docfs *d, struct eval_ids *ids,
                       struct progress *p, struct docfs_err *err)
{
    _cleanup_(lines_closep) struct lines *l = NULL;
    _cleanup_free_ struct batch *b = calloc(1, sizeof(*b));
    size_t len;
    char *line;
    int r = b ? lines_open(corpus, &l, err) : err_oom(err);
    while (r >= 0 && (r = lines_next(l, &line, &len, err)) > 0) {
        if (len == 0)
            continue;
        struct eval_doc *doc = &b->doc[b->n];
        r = eval_doc_parse(line, len, corpus, lines_number(l), doc, err);
        if (r < 0)
            break;
        b->n++;
        b->bytes += doc->len;
        r = add_id(ids, doc->id, err);
        if (!d)
            batch_clear(b);
        else if (r == 0 && (b->n == BATCH_DOCS || b->bytes > BATCH_BYTES))
            r = batch_write(b, d, err);
        show(p, l, ids);
        if (r == 0 && interrupt_seen())
            r = err_set(err, -ECANCELED, "interrupted");
    }
    if (r == 0 && d)
        r = batch_write(b, d, err);
    if (b)
        batch_clear(b);
    return r < 0 ? r : check_unique(ids, corpus, err);
}

/* ---- what a kept cache holds ---- */

static int digest(const char *corpus, char out[2 * SHA256_LEN + 1], struct docfs_err *err)
{
    _cleanup_buf_ struct buf b = {0};
    _cleanup_close_ int fd = open(corpus, O_RDONLY | O_CLOEXEC);
    unsigned char sum[SHA256_LEN];
    int r = fd < 0 ? -errno : buf_read_fd(&b, fd, SIZE_MAX / 2);
    if (r < 0)
        return err_set(err, r, "%s: %s", corpus, strerror(-r));
    sha256(buf_text(&b), b.len, sum);
    hex_encode(sum, sizeof(sum), out);
    return 0;
}

static bool stamp_is(const char *path, const char *want)
{
    char have[2 * SHA256_LEN + 1] = "";
    _cleanup_(fclosep) FILE *f = fopen(path, "re");
    return f && fread(have, 1, sizeof(have) - 1, f) == sizeof(have) - 1 && strcmp(have, want) == 0;
}

static int stamp_write(const char *path, const char *text, struct docfs_err *err)
{
    FILE *f = fopen(path, "we");
    bool bad = !f || fputs(text, f) < 0;
    if (f && fclose(f) != 0)
        bad = true;
    return bad ? err_set(err, -errno, "%s: %s", path, strerror(errno)) : 0;
}

/* The stamp is written last: an interrupted fill is done again. */
static int fill_kept(struct eval_cache *ec, const char *corpus, struct eval_ids *ids,
                     struct progress *p, struct docfs_err *err)
{
    char want[2 * SHA256_LEN + 1];
    _cleanup_free_ char *stamp = NULL;
    if (asprintf(&stamp, "%s/%s", ec->dir, STAMP) < 0) {
        stamp = NULL;
        return err_oom(err);
    }
    int r = digest(corpus, want, err);
    if (r < 0)
        return r;
    ec->reused = stamp_is(stamp, want);
    if (ec->reused) { /* the model may be another one by now */
        r = docfs_reembed(ec->d, NULL, NULL, NULL, err);
        return r < 0 ? r : read_corpus(corpus, NULL, ids, p, err);
    }
    remove(stamp);
    r = docfs_remove(ec->d, EVAL_COLLECTION, err);
    if (r == 0 || r == -ENOENT)
        r = read_corpus(corpus, ec->d, ids, p, err);
    return r == 0 ? stamp_write(stamp, want, err) : r;
}

int eval_cache_open(struct eval_cache *ec, const char *keep, const char *const *set,
                    const char *corpus, struct eval_ids *ids, struct progress *p,
                    struct docfs_err *err)
{
    int64_t start = clock_mono_ns();
    int r = make_directory(ec, keep, err);
    if (r == 0)
        r = docfs_open(&(struct docfs_options){.cache = ec->dir, .set = set}, &ec->d, err);
    if (r == 0)
        r = keep ? fill_kept(ec, corpus, ids, p, err) : read_corpus(corpus, ec->d, ids, p, err);
    progress_end(p);
    ec->seconds = (double)(clock_mono_ns() - start) / 1e9;
    return r;
}
