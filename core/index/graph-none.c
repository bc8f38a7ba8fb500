/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include "core/index/graph.h"

bool graph_supported(void)
{
    return false;
}

int graph_open(int dirfd, const struct base *b)
{
    return -ENOTSUP;
}

int graph_load(int fd, const struct base *b, struct graph **ret)
{
    return -ENOTSUP;
}

void graph_free(struct graph *g) {}

int graph_search(const struct graph *g, const float *v, size_t k, int64_t *rows)
{
    return -ENOTSUP;
}

size_t graph_bytes(const struct graph *g)
{
    return 0;
}

int graph_build(const struct base *b, int dirfd, struct docfs_err *err)
{
    return err_set(err, -ENOTSUP, "this docfs was built without FAISS");
}
