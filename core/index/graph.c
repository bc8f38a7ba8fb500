/* SPDX-License-Identifier: MIT
 * The only user of the FAISS C API (its headers put unprefixed names such as OK and idx_t into
 * every file that includes them). */
#include "core/index/graph.h"

#include <errno.h>
#include <fcntl.h>
#include <omp.h>
#include <string.h>
#include <faiss/c_api/AutoTune_c.h>
#include <faiss/c_api/Index_c.h>
#include <faiss/c_api/error_c.h>
#include <faiss/c_api/index_factory_c.h>
#include <faiss/c_api/index_io_c.h>
#include "core/index/graph_file.h"
#include "core/util/cleanup.h"

#define EF_CONSTRUCTION 100
#define EF_SEARCH 128
#define LINKS 32
#define ADD_ROWS 16384

struct graph {
    FaissIndex *index;
    size_t rows;
    unsigned dim;
};

DEFINE_CLEANUP(struct graph, graph_free)
DEFINE_CLEANUP(FaissParameterSpace, faiss_ParameterSpace_free)

bool graph_supported(void)
{
    return true;
}

int graph_open(int dirfd, const struct base *b)
{
    _cleanup_close_ int fd =
        openat(dirfd, GRAPH_FILE_NAME, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    struct graph_header h;
    int r = graph_header_read(fd, b, &h);
    return r ? r : steal_fd(&fd);
}

static int set_parameter(FaissIndex *index, const char *name, double value)
{
    _cleanup_(faiss_ParameterSpace_freep) FaissParameterSpace *space = NULL;
    int r = faiss_ParameterSpace_new(&space);
    return r ? r : faiss_ParameterSpace_set_index_parameter(space, index, name, value);
}

int graph_load(int fd, const struct base *b, struct graph **ret)
{
    struct graph_header h;
    int r = graph_header_read(fd, b, &h);
    if (r)
        return r;
    _cleanup_(graph_freep) struct graph *g = calloc(1, sizeof(*g));
    if (!g)
        return -ENOMEM;
    _cleanup_(fclosep) FILE *f = graph_reader(fd, &h);
    if (!f)
        return errno ? -errno : -ENOMEM;
    if (faiss_read_index(f, 0, &g->index))
        return -EBADMSG;
    if (faiss_Index_ntotal(g->index) != (int64_t)b->n ||
        faiss_Index_d(g->index) != (int)b->header->dim ||
        faiss_Index_metric_type(g->index) != METRIC_INNER_PRODUCT)
        return -EBADMSG;
    /* The breadth of every search: it belongs to the index, so it is set once, before searches of
     * several threads share it. */
    if (set_parameter(g->index, "efSearch", EF_SEARCH))
        return -EIO;
    g->rows = b->n;
    g->dim = b->header->dim;
    *ret = steal_ptr(g);
    return 0;
}

void graph_free(struct graph *g)
{
    if (g && g->index)
        faiss_Index_free(g->index);
    free(g);
}

int graph_search(const struct graph *g, const float *v, size_t k, int64_t *rows)
{
    _cleanup_free_ float *distance = malloc((k ? k : 1) * sizeof(*distance));
    if (!distance)
        return -ENOMEM;
    /* One query is one task; FAISS would wake a team of threads for it. The setting is the
     * calling thread's own. */
    int threads = omp_get_max_threads();
    omp_set_num_threads(1);
    int r = faiss_Index_search(g->index, 1, v, (idx_t)k, distance, rows);
    omp_set_num_threads(threads);
    if (r)
        return -EIO;
    size_t n = 0;
    for (size_t i = 0; i < k; i++)
        if (rows[i] >= 0 && (uint64_t)rows[i] < g->rows)
            rows[n++] = rows[i];
    return (int)n;
}

size_t graph_bytes(const struct graph *g)
{
    return g->rows * (g->dim * sizeof(float) + 2 * LINKS * sizeof(int32_t) + 16);
}

static int faiss_error(struct docfs_err *err)
{
    return err_set(err, -EIO, "cannot build index/" GRAPH_FILE_NAME ": FAISS says: %s",
                   faiss_get_last_error());
}

static int add_rows(FaissIndex *index, const struct base *b, struct docfs_err *err)
{
    unsigned dim = b->header->dim;
    _cleanup_free_ float *v = malloc((size_t)ADD_ROWS * dim * sizeof(*v));
    if (!v)
        return err_oom(err);
    for (size_t at = 0; at < b->n; at += ADD_ROWS) {
        size_t n = b->n - at < ADD_ROWS ? b->n - at : ADD_ROWS;
        for (size_t i = 0; i < n; i++) {
            const int8_t *code = b->codes + (at + i) * b->header->code_size;
            for (unsigned j = 0; j < dim; j++)
                v[i * dim + j] = (float)code[j] * b->norms[at + i];
        }
        if (faiss_Index_add(index, (idx_t)n, v))
            return faiss_error(err);
    }
    return 0;
}

static int make(const struct base *b, struct graph *g, struct docfs_err *err)
{
    char kind[16];
    snprintf(kind, sizeof(kind), "HNSW%d", LINKS);
    if (faiss_index_factory(&g->index, (int)b->header->dim, kind, METRIC_INNER_PRODUCT) ||
        set_parameter(g->index, "efConstruction", EF_CONSTRUCTION))
        return faiss_error(err);
    return add_rows(g->index, b, err);
}

static int write_file(const struct graph *g, const struct base *b, struct newfile *f,
                      struct docfs_err *err)
{
    struct graph_writer *w = NULL;
    FILE *stream = NULL;
    int r = graph_writer_new(f, &w, &stream);
    if (r)
        return err_set(err, r, "cannot write index/" GRAPH_FILE_NAME ": %s", strerror(-r));
    errno = 0;
    bool failed = faiss_write_index(g->index, stream);
    failed |= fclose(stream) != 0;
    if (failed) {
        int e = errno ? errno : EIO;
        r = err_set(err, -e, "cannot write index/" GRAPH_FILE_NAME ": %s", strerror(e));
    } else {
        r = graph_writer_end(w, b, err);
    }
    graph_writer_free(w);
    return r;
}

/* Whether b is the base file in place. */
static bool current(const struct base *b, int dirfd)
{
    struct base_header h;
    _cleanup_close_ int fd = openat(dirfd, BASE_FILE, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && pread(fd, &h, sizeof(h), 0) == sizeof(h) && !memcmp(&h, b->header, sizeof(h));
}

int graph_build(const struct base *b, int dirfd, struct docfs_err *err)
{
    _cleanup_(graph_freep) struct graph *g = calloc(1, sizeof(*g));
    if (!g)
        return err_oom(err);
    int r = make(b, g, err);
    if (r)
        return r;
    _cleanup_newfile_ struct newfile f;
    r = newfile_open(&f, dirfd, GRAPH_FILE_NAME, err);
    if (!r)
        r = write_file(g, b, &f, err);
    if (r || !current(b, dirfd))
        return r;
    return newfile_publish(&f, err);
}
