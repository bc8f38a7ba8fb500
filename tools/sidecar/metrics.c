/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/internal.h"

const double metrics_bounds[METRIC_BUCKETS] = {.0001, .0005, .001, .0025, .005, .01, .025,
                                               .05,   .1,    .25,  .5,    1,    2.5, 10};

void metrics_count(struct metrics *m, size_t index, int status, int64_t us, size_t bytes)
{
    struct route_metrics *r = &m->route[index < m->n ? index : m->n];
    if (status >= 100 && status < 600)
        atomic_fetch_add_explicit(&r->status[status / 100], 1, memory_order_relaxed);
    for (int i = 0; i < METRIC_BUCKETS; i++)
        if ((double)us <= metrics_bounds[i] * 1e6) {
            atomic_fetch_add_explicit(&r->bucket[i], 1, memory_order_relaxed);
            break;
        }
    atomic_fetch_add_explicit(&r->sum_us, (unsigned long long)us, memory_order_relaxed);
    atomic_fetch_add_explicit(&m->bytes_out, bytes, memory_order_relaxed);
}
