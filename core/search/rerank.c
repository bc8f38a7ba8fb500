/* SPDX-License-Identifier: MIT
 * The order of the first documents by a server that reads question and passage together. */
#include "core/search/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TOP_MAX 200

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->score != y->score)
        return x->score > y->score ? -1 : 1;
    return (x->document > y->document) - (x->document < y->document);
}

/* The scores of the reranked documents lie above those of the others, whose order stays. */
static void apply(struct candidate *list, size_t n, size_t total, const double *score)
{
    for (size_t i = 0; i < n; i++)
        list[i].score = (1 + score[i]) / 2;
    for (size_t i = n; i < total; i++)
        list[i].score /= 2;
    qsort(list, n, sizeof(*list), by_score);
}

int search_rerank(struct docfs *d, struct store_read *r, const char *query, struct candidate *list,
                  size_t n, struct docfs_err *why, struct docfs_err *err)
{
    size_t top = (size_t)setting_int(d, "rerank.top"), got = 0;
    if (top > n)
        top = n;
    if (top > TOP_MAX)
        top = TOP_MAX;
    *why = (struct docfs_err){0};
    struct store_passage passage[TOP_MAX];
    struct embed_text text[TOP_MAX];
    struct candidate first[TOP_MAX];
    double score[TOP_MAX];
    size_t gone = 0;
    int rc = 0;
    for (size_t i = 0; i < top && rc == 0; i++) {
        rc = store_passage(r, list[i].passage, &passage[got], err);
        if (rc == -ENOENT) { /* deleted since the index was made: left to collect() */
            gone++;
            rc = 0;
            continue;
        }
        if (rc < 0)
            break;
        struct store_passage *p = &passage[got];
        text[got] = (struct embed_text){.title = p->heading,
                                        .title_len = strlen(p->heading),
                                        .body = p->text,
                                        .body_len = p->text_len};
        if (!*p->heading)
            text[got] = (struct embed_text){.title = p->title,
                                            .title_len = strlen(p->title),
                                            .body = p->text,
                                            .body_len = p->text_len};
        first[got++] = list[i];
    }
    /* With deleted ones among them the search is repeated without them anyway. */
    if (rc == 0 && got > 1 && !gone && embedding_rerank(d, query, text, got, score, why) == 0) {
        memcpy(list, first, got * sizeof(*list));
        apply(list, got, n, score);
    }
    for (size_t i = 0; i < got; i++)
        store_passage_fini(&passage[i]);
    return why->code == -ENOMEM ? err_oom(err) : rc;
}
