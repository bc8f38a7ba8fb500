/* SPDX-License-Identifier: MIT
 * Stored gaps and consents. */
#pragma once
#include "core/store/store.h"

struct store_gap {
    int64_t id, job, asked, first_at, last_at, group_asked;
    double sufficiency;
    const char *query, *topic, *state; /* borrowed */
};
/* The answer to a question was judged: insufficient makes or reopens a gap, sufficient closes one.
 * Never waits and never fails, like store_log_query. */
void store_log_judgement(struct store *s, int64_t question, const char *query, const char *topic,
                         double sufficiency, bool gap);
/* Whether a gap of that question is there and not closed. */
bool store_gap_open(struct store_read *r, int64_t question);
/* id 0 = all that were asked; groups (topic, else query) by how often they were asked about. */
int store_list_gaps(struct store_read *r, int64_t id, bool all, size_t max,
                    void (*fn)(void *arg, const struct store_gap *g), void *arg,
                    struct docfs_err *err);
/* -ENOENT when there is none. */
int store_set_gap(struct store_write *w, int64_t id, const char *state, int64_t job,
                  struct docfs_err *err);
struct store_consent {
    int64_t at, gap, job;
    const char *who, *policy, *location, *query;
};
int store_put_consent(struct store_write *w, const struct store_consent *c, struct docfs_err *err);
int store_list_consents(struct store_read *r, size_t max,
                        void (*fn)(void *arg, const struct store_consent *c), void *arg,
                        struct docfs_err *err);
