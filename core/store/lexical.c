/* SPDX-License-Identifier: MIT
 * Lexical candidates and the frequency of terms. */
#include "core/store/internal.h"

struct collect {
    struct store_read *r;
    const struct store_lex_query *q;
    struct best *heap;
    size_t n, limit;
};

/* 1 with the document; 0 when there is no such passage: left over by damage, verify finds it. */
static int find_document(struct store_read *r, struct best *hit, struct docfs_err *err)
{
    int e = db_int(r->c, &hit->document, err, "SELECT document FROM passages WHERE id = ?1", "i",
                   hit->passage);
    return e == 0 ? 1 : e == -ENOENT ? 0 : e;
}

/* Only a row that would make it into the list costs a look at its document, and without a filter
 * only one that stays in it: find_documents(). */
static int consider(struct collect *k, struct best *hit, struct docfs_err *err)
{
    if (best_refuses(k->heap, k->n, k->limit, hit))
        return 0;
    if (k->q->allow) {
        int e = find_document(k->r, hit, err);
        if (e <= 0 || !k->q->allow(k->q->arg, hit->document))
            return e < 0 ? e : 0;
    }
    best_offer(k->heap, &k->n, k->limit, hit);
    return 0;
}

static int find_documents(struct collect *k, struct docfs_err *err)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        int e = find_document(k->r, &k->heap[i], err);
        if (e < 0)
            return e;
        if (e)
            k->heap[n++] = k->heap[i];
    }
    k->n = n;
    return 0;
}

/* FTS5 reports a bad expression as a plain SQLITE_ERROR. */
static int step_match(struct conn *c, sqlite3_stmt *st, struct docfs_err *err)
{
    int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_ERROR)
        return err_set(err, -EINVAL, "the full text query is not valid: %s", sqlite3_errmsg(c->db));
    return rc == SQLITE_DONE ? 0 : db_fail(c, rc, err);
}

int store_lex_search(struct store_read *r, const struct store_lex_query *q, size_t limit,
                     struct best *out, struct docfs_err *err)
{
    if (limit == 0)
        return 0;
    struct conn *c = r->c;
    struct collect k = {r, q, out, 0, limit};
    struct rank rank = {.df = q->df, .n_df = q->n_df};
    memcpy(rank.weight, q->weight, sizeof(rank.weight));
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(c, &st, err,
                     "SELECT rowid, docfs_rank(fulltext, ?3) FROM fulltext "
                     "WHERE fulltext MATCH ?1 AND rowid > ?2",
                     "ti", q->match, q->after);
    if (e >= 0)
        sqlite3_bind_pointer(st, 3, &rank, RANK_POINTER, NULL);
    c->deadline = q->deadline_ns;
    while (e >= 0 && (e = step_match(c, st, err)) == 1) {
        struct best hit = {sqlite3_column_int64(st, 0), 0, sqlite3_column_double(st, 1)};
        e = consider(&k, &hit, err);
    }
    c->deadline = 0;
    if (e == 0 && !q->allow)
        e = find_documents(&k, err);
    if (e < 0)
        return e;
    best_sort(out, k.n);
    return (int)k.n;
}

int store_text_totals(struct store_read *r, int64_t *ret_rows, int64_t *ret_words,
                      struct docfs_err *err)
{
    if (memo_get(r, MEMO_TEXT_ROWS, ret_rows) && memo_get(r, MEMO_TEXT_WORDS, ret_words))
        return 0;
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err,
                     "SELECT docfs_totals(fulltext, 0), docfs_totals(fulltext, 1) "
                     "FROM fulltext LIMIT 1",
                     "");
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    *ret_rows = e ? sqlite3_column_int64(st, 0) : 0;
    *ret_words = e ? sqlite3_column_int64(st, 1) : 0;
    memo_put(r, MEMO_TEXT_ROWS, *ret_rows);
    memo_put(r, MEMO_TEXT_WORDS, *ret_words);
    return 0;
}

int64_t store_term_df(struct store_read *r, const char *term)
{
    uint64_t key = memo_key(MEMO_DF, term, strlen(term));
    int64_t df;
    if (memo_get(r, key, &df))
        return df;
    if (db_int(r->c, &df, NULL, "SELECT doc FROM fulltext_terms WHERE term = ?1", "t", term) < 0)
        df = 0;
    memo_put(r, key, df);
    return df;
}

int64_t store_term_df_after(struct store_read *r, const char *word, int64_t after)
{
    uint64_t key = memo_key(MEMO_DF_AFTER, word, strlen(word)) ^ (uint64_t)after << 8;
    int64_t df;
    if (memo_get(r, key, &df))
        return df;
    int e = db_int(r->c, &df, NULL,
                   "SELECT count(*) FROM fulltext WHERE rowid > ?2 AND "
                   "fulltext MATCH '\"' || replace(?1, '\"', '\"\"') || '\"'",
                   "ti", word, after);
    if (e < 0)
        return -1;
    memo_put(r, key, df);
    return df;
}

struct term {
    char *text;
    int64_t df;
};

struct terms {
    struct term *item;
    size_t n;
};

static void terms_fini(struct terms *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->item[i].text);
    free(t->item);
}

int store_terms(struct store_read *r, const char *prefix, size_t n,
                void (*fn)(void *arg, const char *term, int64_t df), void *arg,
                struct docfs_err *err)
{
    _cleanup_(terms_fini) struct terms terms = {0};
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    /* The upper end of the range: no UTF-8 text holds a byte 0xff. */
    _cleanup_free_ char *end = NULL;
    if (asprintf(&end, "%s\xff", prefix) < 0) {
        end = NULL;
        return err_oom(err);
    }
    int e = db_query(r->c, &st, err,
                     "SELECT term, doc FROM fulltext_terms WHERE term >= ?1 AND term < ?2 "
                     "ORDER BY doc DESC, term LIMIT ?3",
                     "tti", prefix, end, n > INT64_MAX ? INT64_MAX : (int64_t)n);
    while (e >= 0 && (e = db_step(r->c, st, err)) == 1) {
        if (!grow(&terms.item, terms.n, sizeof(*terms.item)))
            return err_oom(err);
        struct term *t = &terms.item[terms.n++];
        *t = (struct term){db_strdup(st, 0), sqlite3_column_int64(st, 1)};
        if (!t->text)
            return err_oom(err);
    }
    for (size_t i = 0; e == 0 && i < terms.n; i++)
        fn(arg, terms.item[i].text, terms.item[i].df);
    return e;
}
