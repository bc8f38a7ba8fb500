/* SPDX-License-Identifier: MIT */
#include "core/index/ids.h"
#include "core/index/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include "core/index/index.h"

size_t vindex_code_size(unsigned dim)
{
    return ((size_t)dim + 63) / 64 * 64;
}

/* Scaled by the largest value, not by 127: at 256 dimensions the values of a unit vector are
 * around 1/16, and 127 * x would leave them eight steps. The length is put back by the norms. */
void vindex_encode(const float *v, unsigned dim, int8_t *code)
{
    memset(code, 0, vindex_code_size(dim));
    float max = 0;
    for (unsigned i = 0; i < dim; i++)
        if (isfinite(v[i]) && fabsf(v[i]) > max)
            max = fabsf(v[i]);
    if (max < 1e-30f)
        return;
    for (unsigned i = 0; i < dim; i++)
        if (isfinite(v[i]))
            code[i] = (int8_t)lrint(127.0 * v[i] / max);
}

int vindex_new(unsigned dim, struct vindex **ret, struct docfs_err *err)
{
    if (!dim || dim > VINDEX_MAX_DIM)
        return err_set(err, -EINVAL, "vectors of %u dimensions cannot be indexed: 1 to %d can", dim,
                       VINDEX_MAX_DIM);
    struct vindex *x = calloc(1, sizeof(*x));
    if (!x)
        return err_oom(err);
    x->dim = dim;
    x->code_size = vindex_code_size(dim);
    x->dot = kernel_best();
    x->estimate = signs_best();
    x->graph_fd = -1;
    pthread_rwlockattr_t a;
    pthread_rwlockattr_init(&a);
    /* A stream of searches must not keep an append waiting for ever. No search takes it twice. */
    pthread_rwlockattr_setkind_np(&a, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&x->lock, &a);
    pthread_rwlockattr_destroy(&a);
    spares_init(&x->narrow);
    *ret = x;
    return 0;
}

int vindex_open(int dirfd, unsigned dim, const char *fingerprint, struct vindex **ret,
                struct docfs_err *err)
{
    _cleanup_(vindex_freep) struct vindex *x = NULL;
    int r = vindex_new(dim, &x, err);
    if (r)
        return r;
    _cleanup_close_ int fd =
        openat(dirfd, BASE_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "index/" BASE_FILE ": %s", strerror(errno));
    r = base_map(fd, dim, fingerprint, &x->base, err);
    if (r)
        return r;
    x->graph_fd = graph_open(dirfd, &x->base);
    x->graph_state = x->graph_fd >= 0 ? GRAPH_FILE : GRAPH_NONE;
    *ret = steal_ptr(x);
    return 0;
}

void vindex_free(struct vindex *x)
{
    if (!x)
        return;
    loader_join(x);
    graph_free(x->graph);
    closep(&x->graph_fd);
    for (size_t i = 0; i < x->chunks; i++)
        free(x->tail[i]);
    free(x->tail);
    free(x->dead);
    base_unmap(&x->base);
    pthread_rwlock_destroy(&x->lock);
    spares_fini(&x->narrow, free);
    free(x);
}

struct span vindex_base_span(const struct vindex *x)
{
    return (struct span){x->base.rows,  x->base.norms, x->base.codes,
                         x->base.signs, x->dead,       x->base.n};
}

static uint8_t *chunk_signs(const struct vindex *x, const struct chunk *c)
{
    return (uint8_t *)c->codes + CHUNK_ROWS * x->code_size;
}

static size_t chunk_size(const struct vindex *x)
{
    return sizeof(struct chunk) + CHUNK_ROWS * x->code_size + signs_size(CHUNK_ROWS, x->code_size);
}

struct span vindex_chunk_span(const struct vindex *x, size_t chunk)
{
    const struct chunk *c = x->tail[chunk];
    size_t left = x->tail_n - chunk * CHUNK_ROWS;
    return (struct span){c->rows,           c->norms, c->codes,
                         chunk_signs(x, c), c->dead,  left < CHUNK_ROWS ? left : CHUNK_ROWS};
}

struct place vindex_place(const struct vindex *x, size_t i)
{
    bool in_base = i < x->base.n;
    size_t t = in_base ? i : i - x->base.n;
    struct span s = in_base ? vindex_base_span(x) : vindex_chunk_span(x, t / CHUNK_ROWS);
    if (!in_base)
        t %= CHUNK_ROWS;
    return (struct place){&s.rows[t], s.codes + t * x->code_size, s.norms[t],
                          s.dead && bit_get(s.dead, t)};
}

static int64_t last_locked(const struct vindex *x)
{
    size_t n = x->base.n + x->tail_n;
    return n ? vindex_place(x, n - 1).row->passage : 0;
}

/* The first row whose passage is not below this one: rows are in the order of their passages. */
static size_t first_from(const struct vindex *x, int64_t passage)
{
    size_t n = x->base.n + x->tail_n, lo, hi;
    if (n == 0)
        return 0;
    ids_bounds(vindex_place(x, 0).row->passage, vindex_place(x, n - 1).row->passage, n, passage,
               &lo, &hi);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (vindex_place(x, mid).row->passage < passage)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* Row number of a live passage, or -1. */
static ssize_t find(const struct vindex *x, int64_t passage)
{
    size_t row = first_from(x, passage);
    if (row == x->base.n + x->tail_n)
        return -1;
    struct place p = vindex_place(x, row);
    return p.row->passage != passage || p.dead ? -1 : (ssize_t)row;
}

int64_t vindex_last(const struct vindex *cx)
{
    struct vindex *x = (struct vindex *)cx; /* for the lock */
    pthread_rwlock_rdlock(&x->lock);
    int64_t last = last_locked(x);
    pthread_rwlock_unlock(&x->lock);
    return last;
}

/* Room for n more rows, or nothing changed. */
static int grow(struct vindex *x, size_t n)
{
    size_t need = (x->tail_n + n + CHUNK_ROWS - 1) / CHUNK_ROWS;
    if (need > x->tail_cap) {
        size_t cap = x->tail_cap * 2 > need ? x->tail_cap * 2 : need;
        struct chunk **tail = reallocarray(x->tail, cap, sizeof(*tail));
        if (!tail)
            return -ENOMEM;
        x->tail = tail;
        x->tail_cap = cap;
    }
    for (; x->chunks < need; x->chunks++) {
        struct chunk *c = malloc(chunk_size(x));
        if (!c)
            return -ENOMEM;
        memset(c->dead, 0, sizeof(c->dead));
        memset(chunk_signs(x, c), 0, signs_size(CHUNK_ROWS, x->code_size));
        x->tail[x->chunks] = c;
    }
    return 0;
}

static int append_locked(struct vindex *x, const struct vindex_row *rows, const int8_t *codes,
                         size_t n)
{
    int64_t last = last_locked(x);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].passage <= last || rows[i].passage == INT64_MAX)
            return -EINVAL;
        last = rows[i].passage;
    }
    if (n > BASE_MAX_ROWS - x->base.n - x->tail_n)
        return -EOVERFLOW;
    int r = grow(x, n);
    if (r)
        return r;
    for (size_t i = 0; i < n; i++, codes += x->code_size) {
        size_t t = x->tail_n + i;
        struct chunk *c = x->tail[t / CHUNK_ROWS];
        t %= CHUNK_ROWS;
        c->rows[t] = rows[i];
        c->norms[t] = kernel_inverse_norm(codes, x->code_size);
        memcpy(c->codes + t * x->code_size, codes, x->code_size);
        signs_put(chunk_signs(x, c), t, codes, x->code_size);
    }
    x->tail_n += n;
    return 0;
}

int vindex_append(struct vindex *x, const struct vindex_row *rows, const int8_t *codes, size_t n)
{
    pthread_rwlock_wrlock(&x->lock);
    int r = append_locked(x, rows, codes, n);
    pthread_rwlock_unlock(&x->lock);
    return r;
}

static int kill_locked(struct vindex *x, const int64_t *passages, size_t n)
{
    if (x->base.n && !x->dead) {
        x->dead = calloc((x->base.n + 63) / 64, sizeof(*x->dead));
        if (!x->dead)
            return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        ssize_t row = find(x, passages[i]);
        if (row < 0)
            continue;
        size_t t = (size_t)row;
        if (t < x->base.n) {
            x->dead[t / 64] |= (uint64_t)1 << (t % 64);
            x->dead_base++;
        } else {
            t -= x->base.n;
            x->tail[t / CHUNK_ROWS]->dead[t % CHUNK_ROWS / 64] |= (uint64_t)1 << (t % 64);
            x->dead_tail++;
        }
    }
    return 0;
}

int vindex_kill(struct vindex *x, const int64_t *passages, size_t n)
{
    if (!n)
        return 0;
    pthread_rwlock_wrlock(&x->lock);
    int r = kill_locked(x, passages, n);
    pthread_rwlock_unlock(&x->lock);
    return r;
}

void vindex_stats(struct vindex *x, struct vindex_stats *ret)
{
    bool graph = atomic_load(&x->graph_state) == GRAPH_READY;
    pthread_rwlock_rdlock(&x->lock);
    *ret = (struct vindex_stats){
        .base = x->base.n,
        .tail = x->tail_n,
        .dead = x->dead_base + x->dead_tail,
        .graph = graph,
        .bytes = x->base.map_len + (x->dead ? x->base.n / 8 : 0) + x->chunks * chunk_size(x) +
                 (graph ? graph_bytes(x->graph) : 0),
    };
    pthread_rwlock_unlock(&x->lock);
}

#define SCORES_ASKED 32 /* codes on their way from memory at once */

static void scores(const struct vindex *x, const struct kquery *q, const int64_t *passage, size_t n,
                   float *ret)
{
    struct place place[SCORES_ASKED];
    for (size_t i = 0; i < n; i++) {
        ssize_t row = find(x, passage[i]);
        place[i] = row < 0 ? (struct place){0} : vindex_place(x, (size_t)row);
        for (size_t at = 0; row >= 0 && at < x->code_size; at += 64)
            __builtin_prefetch(place[i].code + at);
    }
    for (size_t i = 0; i < n; i++) {
        int32_t dot;
        if (place[i].code)
            x->dot(q->q, place[i].code, x->code_size, 1, &dot);
        ret[i] = place[i].code ? kernel_score(dot, place[i].norm, q->scale) : NAN;
    }
}

void vindex_scores(struct vindex *x, const float *query, const int64_t *passage, size_t n,
                   float *ret)
{
    struct kquery q;
    kquery_init(&q, query, x->dim, x->code_size);
    pthread_rwlock_rdlock(&x->lock);
    for (size_t i = 0; i < n; i += SCORES_ASKED)
        scores(x, &q, passage + i, n - i < SCORES_ASKED ? n - i : SCORES_ASKED, ret + i);
    pthread_rwlock_unlock(&x->lock);
}

size_t vindex_passages(struct vindex *x, size_t from, int64_t *ret, size_t n)
{
    size_t got = 0;
    pthread_rwlock_rdlock(&x->lock);
    for (size_t rows = x->base.n + x->tail_n; got < n && from + got < rows; got++)
        ret[got] = vindex_place(x, from + got).row->passage;
    pthread_rwlock_unlock(&x->lock);
    return got;
}

/* The living row that follows a passage number. Passages are picked by number, so that where they
 * lie and what is dead beside them, which differ between processes, change nothing. */
static ssize_t living_from(const struct vindex *x, int64_t passage)
{
    size_t rows = x->base.n + x->tail_n;
    for (size_t row = first_from(x, passage); row < rows; row++)
        if (!vindex_place(x, row).dead)
            return (ssize_t)row;
    return -1;
}

float vindex_mean(struct vindex *x, const float *query, size_t n)
{
    struct kquery q;
    kquery_init(&q, query, x->dim, x->code_size);
    float sum = 0;
    size_t counted = 0;
    pthread_rwlock_rdlock(&x->lock);
    size_t last = x->base.n + x->tail_n, living = last - x->dead_base - x->dead_tail;
    while (living && vindex_place(x, last - 1).dead)
        last--;
    ssize_t row = living_from(x, INT64_MIN);
    int64_t first = row < 0 ? 0 : vindex_place(x, (size_t)row).row->passage;
    int64_t step =
        living > n && n ? (vindex_place(x, last - 1).row->passage - first + 1) / (int64_t)n : 1;
    for (; row >= 0 && counted < n; counted++) {
        struct place p = vindex_place(x, (size_t)row);
        int32_t dot;
        x->dot(q.q, p.code, x->code_size, 1, &dot);
        sum += kernel_score(dot, p.norm, q.scale);
        row =
            living_from(x, living > n ? first + (int64_t)(counted + 1) * step : p.row->passage + 1);
    }
    pthread_rwlock_unlock(&x->lock);
    return counted ? sum / (float)counted : 0;
}

int vindex_vector(struct vindex *x, int64_t passage, float *out)
{
    pthread_rwlock_rdlock(&x->lock);
    ssize_t row = find(x, passage);
    if (row >= 0) {
        struct place p = vindex_place(x, (size_t)row);
        for (unsigned i = 0; i < x->dim; i++)
            out[i] = (float)p.code[i] * p.norm;
    }
    pthread_rwlock_unlock(&x->lock);
    return row < 0 ? -ENOENT : 0;
}

int vindex_verify(struct vindex *x, struct docfs_err *err)
{
    return base_verify(&x->base, err);
}

/* Below a few thousand rows the tail costs nothing, and rewriting would follow every change. */
#define FEW_ROWS 4096

bool vindex_needs_rebuild(struct vindex *x)
{
    struct vindex_stats s;
    vindex_stats(x, &s);
    return s.tail + s.dead > FEW_ROWS && (s.tail > s.base / 5 || s.dead > (s.base + s.tail) / 5);
}
