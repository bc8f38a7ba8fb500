/* SPDX-License-Identifier: MIT
 * Availability and time to recovery of one service out of its events. Pure. */
#pragma once
#include "core/docfs_health.h"

enum moment_kind { MOMENT_START, MOMENT_STOP, MOMENT_CRASH, MOMENT_DEGRADED, MOMENT_RECOVERED };

struct moment {
    enum moment_kind kind;
    int64_t age_ms; /* before now */
};

/* Makes ages grow towards the past, whatever the clocks did. Moments are in the order in which
 * they were recorded. */
void timeline_settle(struct moment *m, size_t n);
/* The last span_ms. */
void timeline_window(const struct moment *m, size_t n, int64_t span_ms, struct docfs_window *ret);
