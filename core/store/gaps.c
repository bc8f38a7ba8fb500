/* SPDX-License-Identifier: MIT */
#include "core/store/gaps.h"

#include "core/store/internal.h"
#include "core/util/clock.h"

#define GAPS_KEPT 5000

void store_log_judgement(struct store *s, int64_t question, const char *query, const char *topic,
                         double sufficiency, bool gap)
{
    if (store_is_read_only(s))
        return;
    struct log_entry e = {.kind = gap ? LOG_GAP : LOG_FILLED,
                          .door = strdup(topic),
                          .query = strdup(query),
                          .question = question,
                          .at = clock_wall_ns() / 1000000000,
                          .micros = (int64_t)(sufficiency * 1e6)};
    log_add(s, &e);
}

int gaps_write(struct conn *c, const struct log_entry *e)
{
    switch (e->kind) {
    case LOG_GAP:
        return db_run(c, NULL,
                      "INSERT INTO gaps(query, topic, sufficiency, first_at, last_at, question) "
                      "VALUES (?1, ?2, ?3, ?4, ?4, ?5) ON CONFLICT(question) DO UPDATE SET "
                      "  topic = excluded.topic, sufficiency = excluded.sufficiency, "
                      "  state = CASE WHEN state = 'filled' THEN 'open' ELSE state END",
                      "ttdii", e->query, e->door, (double)e->micros / 1e6, e->at, e->question);
    case LOG_FILLED:
        return db_run(c, NULL,
                      "UPDATE gaps SET state = 'filled', sufficiency = ?2 WHERE question = ?1 "
                      "AND state <> 'dismissed'",
                      "id", e->question, (double)e->micros / 1e6);
    default:
        return db_run(c, NULL,
                      "UPDATE gaps SET asked = asked + 1, last_at = max(last_at, ?2) "
                      "WHERE question = ?1",
                      "ii", e->question, e->at);
    }
}

bool store_gap_open(struct store_read *r, int64_t question)
{
    int64_t one;
    return db_int(r->c, &one, NULL,
                  "SELECT 1 FROM gaps WHERE question = ?1 AND state IN ('open', 'queued')", "i",
                  question) == 0;
}

int store_list_gaps(struct store_read *r, int64_t id, bool all, size_t max,
                    void (*fn)(void *arg, const struct store_gap *g), void *arg,
                    struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e =
        db_query(r->c, &st, err,
                 "SELECT id, query, topic, sufficiency, asked, first_at, last_at, state, job, "
                 "  sum(asked) OVER (PARTITION BY CASE topic WHEN '' THEN query ELSE topic END) "
                 "  AS together FROM gaps "
                 "WHERE (?1 = 0 OR id = ?1) "
                 "AND (?1 <> 0 OR asked > 0) AND (?2 OR ?1 <> 0 OR state IN ('open', 'queued')) "
                 "ORDER BY together DESC, CASE topic WHEN '' THEN query ELSE topic END, "
                 "  asked DESC, id LIMIT ?3",
                 "iii", id, (int64_t)all, (int64_t)(max > INT32_MAX ? INT32_MAX : max));
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        struct store_gap g = {.id = sqlite3_column_int64(st, 0),
                              .query = db_text(st, 1),
                              .topic = db_text(st, 2),
                              .sufficiency = sqlite3_column_double(st, 3),
                              .asked = sqlite3_column_int64(st, 4),
                              .first_at = sqlite3_column_int64(st, 5),
                              .last_at = sqlite3_column_int64(st, 6),
                              .state = db_text(st, 7),
                              .job = sqlite3_column_int64(st, 8),
                              .group_asked = sqlite3_column_int64(st, 9)};
        fn(arg, &g);
    }
    return e;
}

int store_set_gap(struct store_write *w, int64_t id, const char *state, int64_t job,
                  struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r == 0)
        r = db_run(w->c, err, "UPDATE gaps SET state = ?2, job = ?3 WHERE id = ?1", "iti", id,
                   state, job);
    if (r == 0 && sqlite3_changes(w->c->db) == 0)
        return err_set(err, -ENOENT, "there is no gap %lld (docfs gaps shows them)", (long long)id);
    if (r == 0)
        r = db_run(w->c, err, "DELETE FROM gaps WHERE id <= (SELECT max(id) FROM gaps) - ?1", "i",
                   (int64_t)GAPS_KEPT);
    return r;
}

int store_put_consent(struct store_write *w, const struct store_consent *c, struct docfs_err *err)
{
    int r = write_check(w, err);
    return r < 0 ? r
                 : db_run(w->c, err,
                          "INSERT INTO consents(at, gap, job, who, policy, location, query) "
                          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                          "iiitttt", w->now, c->gap, c->job, c->who, c->policy, c->location,
                          c->query);
}

int store_list_consents(struct store_read *r, size_t max,
                        void (*fn)(void *arg, const struct store_consent *c), void *arg,
                        struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT at, gap, job, who, policy, location, query FROM consents "
                     "ORDER BY id DESC LIMIT ?1",
                     "i", (int64_t)(max > INT32_MAX ? INT32_MAX : max));
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        struct store_consent c = {.at = sqlite3_column_int64(st, 0),
                                  .gap = sqlite3_column_int64(st, 1),
                                  .job = sqlite3_column_int64(st, 2),
                                  .who = db_text(st, 3),
                                  .policy = db_text(st, 4),
                                  .location = db_text(st, 5),
                                  .query = db_text(st, 6)};
        fn(arg, &c);
    }
    return e;
}
