/* SPDX-License-Identifier: MIT
 * SQL functions over the full text: docfs_rank(), which gives the numbers of FTS5's bm25() without
 * walking the rows of every word once more to count them, and docfs_totals(). */
#include "core/store/internal.h"

#include <math.h>

#define K1 1.2
#define B 0.75

struct totals {
    int64_t rows, words;
};

static int read_totals(const Fts5ExtensionApi *api, Fts5Context *text, struct totals *ret)
{
    sqlite3_int64 rows = 0, words = 0;
    int rc = api->xRowCount(text, &rows);
    if (rc == SQLITE_OK)
        rc = api->xColumnTotalSize(text, -1, &words);
    *ret = (struct totals){rows, words};
    return rc;
}

static int count_row(const Fts5ExtensionApi *api, Fts5Context *text, void *arg)
{
    ++*(int64_t *)arg;
    return SQLITE_OK;
}

double store_text_idf(int64_t rows, int64_t df)
{
    double idf = log(((double)(rows - df) + 0.5) / ((double)df + 0.5));
    return idf > 0 ? idf : 1e-6;
}

static int begin(const Fts5ExtensionApi *api, Fts5Context *text, struct rank *k)
{
    struct totals t;
    int rc = read_totals(api, text, &t);
    k->n = api->xPhraseCount(text);
    if (rc == SQLITE_OK && k->n > RANK_PHRASES)
        rc = SQLITE_TOOBIG;
    k->mean = t.rows > 0 ? (double)t.words / (double)t.rows : 1;
    for (int i = 0; rc == SQLITE_OK && i < k->n; i++) {
        int64_t df = k->df && k->n_df == (size_t)k->n ? k->df[i] : -1;
        if (df < 0) {
            df = 0;
            rc = api->xQueryPhrase(text, i, &df, count_row);
        }
        k->idf[i] = store_text_idf(t.rows, df);
    }
    k->ready = rc == SQLITE_OK;
    return rc;
}

/* Occurrences of phrase i in the row, by the weights of their columns. */
static int occurrences(const Fts5ExtensionApi *api, Fts5Context *text, const struct rank *k, int i,
                       double *ret)
{
    Fts5PhraseIter at;
    int column = -1, offset = 0;
    int rc = api->xPhraseFirst(text, i, &at, &column, &offset);
    *ret = 0;
    for (; rc == SQLITE_OK && column >= 0; api->xPhraseNext(text, &at, &column, &offset))
        *ret += column < 3 ? k->weight[column] : 1;
    return rc;
}

static void rank_row(const Fts5ExtensionApi *api, Fts5Context *text, sqlite3_context *out, int n,
                     sqlite3_value **arg)
{
    struct rank *k = n == 1 ? sqlite3_value_pointer(arg[0], RANK_POINTER) : NULL;
    int rc = k ? SQLITE_OK : SQLITE_MISUSE, words = 0;
    if (k && !k->ready)
        rc = begin(api, text, k);
    if (rc == SQLITE_OK)
        rc = api->xColumnSize(text, -1, &words);
    double score = 0;
    for (int i = 0; rc == SQLITE_OK && i < k->n; i++) {
        double f;
        rc = occurrences(api, text, k, i, &f);
        /* Written as FTS5 has it: the same operations give the same digits. */
        score += k->idf[i] * ((f * (K1 + 1.0)) / (f + K1 * (1 - B + B * (double)words / k->mean)));
    }
    if (rc == SQLITE_OK)
        sqlite3_result_double(out, score);
    else
        sqlite3_result_error_code(out, rc);
}

/* "rows words" of the whole index. */
static void totals(const Fts5ExtensionApi *api, Fts5Context *text, sqlite3_context *out, int n,
                   sqlite3_value **arg)
{
    struct totals t;
    int rc = read_totals(api, text, &t);
    if (rc == SQLITE_OK)
        sqlite3_result_int64(out, n == 1 && sqlite3_value_int(arg[0]) ? t.words : t.rows);
    else
        sqlite3_result_error_code(out, rc);
}

int rank_register(fts5_api *api)
{
    int rc = api->xCreateFunction(api, "docfs_rank", NULL, rank_row, NULL);
    return rc == SQLITE_OK ? api->xCreateFunction(api, "docfs_totals", NULL, totals, NULL) : rc;
}
