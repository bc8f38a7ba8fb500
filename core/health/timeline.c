/* SPDX-License-Identifier: MIT */
#include "core/health/timeline.h"

void timeline_settle(struct moment *m, size_t n)
{
    int64_t age = 0;
    for (size_t i = n; i-- > 0;) {
        if (m[i].age_ms < age)
            m[i].age_ms = age;
        age = m[i].age_ms;
    }
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void timeline_window(const struct moment *m, size_t n, int64_t span_ms, struct docfs_window *ret)
{
    *ret = (struct docfs_window){.availability = 1, .recovery_ms = -1};
    if (!n)
        return;
    ret->ms = least(span_ms, m[0].age_ms);
    enum { UP, DOWN, STOPPED } state = STOPPED;
    unsigned degraded = 0;
    int64_t crashed_at = -1, recovery = 0;
    for (size_t i = 0; i < n; i++) {
        /* A start while it is up is a second process at the same place; an end without a start is
         * one whose start was trimmed. */
        switch (m[i].kind) {
        case MOMENT_START:
            if (crashed_at >= 0 && state == DOWN && m[i].age_ms <= span_ms) {
                int64_t took = crashed_at - m[i].age_ms;
                ret->recoveries++;
                recovery += took;
                if (took > ret->recovery_max_ms)
                    ret->recovery_max_ms = took;
            }
            state = UP;
            degraded = 0;
            crashed_at = -1;
            break;
        case MOMENT_STOP:
            state = STOPPED;
            degraded = 0;
            break;
        case MOMENT_CRASH:
            state = DOWN;
            degraded = 0;
            crashed_at = m[i].age_ms;
            ret->crashes += m[i].age_ms <= span_ms;
            break;
        case MOMENT_DEGRADED:
            degraded++;
            break;
        case MOMENT_RECOVERED:
            degraded -= degraded > 0;
            break;
        }
        int64_t from = least(m[i].age_ms, span_ms);
        int64_t to = i + 1 < n ? least(m[i + 1].age_ms, span_ms) : 0;
        if (state == DOWN)
            ret->down_ms += from - to;
        else if (state == STOPPED)
            ret->stopped_ms += from - to;
        else if (degraded)
            ret->degraded_ms += from - to;
    }
    if (ret->recoveries)
        ret->recovery_ms = recovery / ret->recoveries;
    int64_t meant = ret->ms - ret->stopped_ms;
    if (meant > 0)
        ret->availability = (double)(meant - ret->down_ms) / (double)meant;
}
