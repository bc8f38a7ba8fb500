/* SPDX-License-Identifier: MIT
 * Figures that more than one resource shows. */
#pragma once
#include "tools/sidecar/internal.h"

struct search_figures {
    unsigned long long total, failed, hits, misses;
    double average_ms, p50_ms, p95_ms, p99_ms, hit_rate;
};
void search_figures(const struct server *s, struct search_figures *ret);
/* What GET /api/v1/stats says; NULL with err set. */
json_t *stats_object(struct request *q, struct docfs_err *err);
