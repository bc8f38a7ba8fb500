/* SPDX-License-Identifier: MIT
 * Availability and recovery out of made-up histories. */
#undef NDEBUG
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include "core/health/timeline.h"

#define N(a) (sizeof(a) / sizeof(*(a)))
#define S INT64_C(1000)

static struct docfs_window window(const struct moment *m, size_t n, int64_t span)
{
    struct docfs_window w;
    timeline_window(m, n, span, &w);
    return w;
}

static void nothing(void)
{
    struct docfs_window w = window(NULL, 0, 100 * S);
    assert(w.availability == 1 && w.ms == 0 && w.recovery_ms == -1);
}

static void crash_and_back(void)
{
    static const struct moment m[] = {
        {MOMENT_START, 1000 * S}, {MOMENT_CRASH, 500 * S}, {MOMENT_START, 400 * S}};
    struct docfs_window w = window(m, N(m), 10000 * S);
    assert(w.ms == 1000 * S && w.down_ms == 100 * S && fabs(w.availability - 0.9) < 1e-9);
    assert(w.crashes == 1 && w.recoveries == 1 && w.recovery_ms == 100 * S);
    /* The window cuts the outage in half. */
    w = window(m, N(m), 450 * S);
    assert(w.ms == 450 * S && w.down_ms == 50 * S && w.crashes == 0);
    w = window(m, N(m), 300 * S);
    assert(w.down_ms == 0 && w.availability == 1 && w.recoveries == 0);
}

static void stops_do_not_count(void)
{
    static const struct moment m[] = {{MOMENT_START, 1000 * S},
                                      {MOMENT_STOP, 900 * S},
                                      {MOMENT_START, 100 * S},
                                      {MOMENT_CRASH, 50 * S}};
    struct docfs_window w = window(m, N(m), 10000 * S);
    assert(w.stopped_ms == 800 * S && w.down_ms == 50 * S);
    assert(fabs(w.availability - 0.75) < 1e-9 && w.recovery_ms == -1);
}

static void degraded_is_up(void)
{
    static const struct moment m[] = {{MOMENT_START, 100 * S},    {MOMENT_DEGRADED, 80 * S},
                                      {MOMENT_DEGRADED, 70 * S},  {MOMENT_RECOVERED, 60 * S},
                                      {MOMENT_RECOVERED, 50 * S}, {MOMENT_DEGRADED, 10 * S}};
    struct docfs_window w = window(m, N(m), 10000 * S);
    assert(w.degraded_ms == 40 * S && w.availability == 1);
}

static void clock_steps(void)
{
    struct moment m[] = {{MOMENT_START, 10 * S}, {MOMENT_CRASH, 500 * S}, {MOMENT_START, 400 * S}};
    timeline_settle(m, N(m));
    assert(m[0].age_ms == 500 * S && m[1].age_ms == 500 * S);
    struct docfs_window w = window(m, N(m), 10000 * S);
    assert(w.ms == 500 * S && w.down_ms == 100 * S);
}

int main(void)
{
    nothing();
    crash_and_back();
    stops_do_not_count();
    degraded_is_up();
    clock_steps();
    puts("5 passed, 0 failed");
    return 0;
}
