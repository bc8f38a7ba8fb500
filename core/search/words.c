/* SPDX-License-Identifier: MIT
 * The file index/words: candidates by bm25, and the words of a passage in their order.
 *
 * It holds passages up to a number. For a snapshot of the store it is right when
 *  - nothing came later or went: its own figures are those of the full text, which is compared;
 *  - passages came later: the full text answers for those, words are counted there;
 *  - passages went: they are known by their numbers, and words are counted in the full text.
 * BM25 counts with the rows and words of the whole full text in all three, so the scores are the
 * same and do not depend on when a process opened which file. */
#include "core/search/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/index/postings.h"
#include "core/text/token.h"
#include "core/util/buf.h"

struct words {
    pthread_rwlock_t lock; /* searches hold it shared */
    struct postings *p;
    struct postings_id seen; /* the file that was opened, or could not be */
    bool looked;
    uint64_t generation;        /* of the snapshot that the rest is about; 0 = none */
    bool usable, whole;         /* whole: the file is all there is */
    uint64_t *dead;             /* a bit per row, or NULL */
    int64_t rows, words;        /* of the full text */
    _Atomic bool broken;        /* p turned out to be damaged */
    pthread_mutex_t names_lock; /* of nearby: of the names in p; NULL: nobody asked yet */
    struct nearby *nearby;
};

int words_new(struct words **ret, struct docfs_err *err)
{
    struct words *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    pthread_rwlock_init(&w->lock, NULL);
    pthread_mutex_init(&w->names_lock, NULL);
    *ret = w;
    return 0;
}

void words_free(struct words *w)
{
    if (!w)
        return;
    postings_free(w->p);
    free(w->nearby);
    free(w->dead);
    pthread_mutex_destroy(&w->names_lock);
    pthread_rwlock_destroy(&w->lock);
    free(w);
}

/* ---- in step with the store ---- */

struct marking {
    const struct postings_row *row;
    size_t n, at;
    int64_t marked;
    uint64_t *dead;
};

static void mark(void *arg, int64_t passage)
{
    struct marking *m = arg;
    while (m->at < m->n && m->row[m->at].passage < passage)
        m->at++;
    m->dead[m->at / 64] |= (uint64_t)1 << (m->at % 64);
    m->marked++;
}

static int mark_dead(struct store_read *r, const struct postings *p, int64_t gone, uint64_t **ret)
{
    struct marking m = {0};
    m.row = postings_rows(p, &m.n);
    m.dead = calloc(m.n / 64 + 1, sizeof(*m.dead));
    int64_t *ids = malloc(m.n * sizeof(*ids));
    int rc = m.dead && ids ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < m.n; i++)
        ids[i] = m.row[i].passage;
    if (rc == 0)
        rc = store_dead_passages(r, ids, m.n, mark, &m, NULL);
    free(ids);
    if (rc == 0 && m.marked != gone)
        rc = -ESTALE;
    if (rc < 0)
        free(m.dead);
    else
        *ret = m.dead;
    return rc;
}

static void look(struct docfs *d, struct store_read *r, struct words *w)
{
    struct postings_id id = {0};
    char stamp[POSTINGS_STAMP];
    if (d->index_dirfd < 0 || postings_look(d->index_dirfd, &id) < 0)
        id = (struct postings_id){0};
    if (w->looked && memcmp(&id, &w->seen, sizeof(id)) == 0)
        return;
    w->looked = true;
    w->seen = id;
    postings_free(w->p);
    w->p = NULL;
    free(w->nearby);
    w->nearby = NULL;
    atomic_store(&w->broken, false);
    if (id.size && words_stamp(r, stamp, NULL) == 0)
        postings_open(d->index_dirfd, stamp, &w->p, NULL); /* no error: see words_acquire */
}

static void follow(struct docfs *d, struct store_read *r)
{
    struct words *w = d->words;
    uint64_t generation = store_read_generation(r);
    struct words_lag lag;
    pthread_rwlock_wrlock(&w->lock);
    if (generation >= w->generation) {
        look(d, r, w);
        free(w->dead);
        w->dead = NULL;
        w->usable = w->p && !atomic_load(&w->broken) && words_measure(r, w->p, &lag, NULL) == 0 &&
                    (!lag.gone || mark_dead(r, w->p, lag.gone, &w->dead) == 0);
        w->whole = w->usable && !lag.gone && !lag.later;
        if (w->usable) {
            w->rows = lag.rows;
            w->words = lag.words;
        }
        w->generation = generation;
    }
    pthread_rwlock_unlock(&w->lock);
}

/* A file that was made after the generation was published is worth having. */
static bool newer_file(struct docfs *d, const struct words *w)
{
    struct postings_id id = {0};
    return !w->whole && d->index_dirfd >= 0 && postings_look(d->index_dirfd, &id) == 0 &&
           memcmp(&id, &w->seen, sizeof(id)) != 0;
}

bool words_acquire(struct docfs *d, struct store_read *r)
{
    struct words *w = d->words;
    uint64_t generation = store_read_generation(r);
    pthread_rwlock_rdlock(&w->lock);
    if (generation > w->generation || (generation == w->generation && newer_file(d, w))) {
        pthread_rwlock_unlock(&w->lock);
        follow(d, r);
        pthread_rwlock_rdlock(&w->lock);
    }
    if (generation == w->generation && w->usable && !atomic_load(&w->broken))
        return true;
    pthread_rwlock_unlock(&w->lock);
    return false;
}

void words_release(struct docfs *d)
{
    pthread_rwlock_unlock(&d->words->lock);
}

/* ---- searching ---- */

int64_t words_df(struct docfs *d, struct store_read *r, const char *word, const char *stem,
                 size_t len)
{
    struct words *w = d->words;
    if (w->dead || (!w->whole && !lexical_reads_alike(word)))
        return -1;
    int64_t later = w->whole ? 0 : store_term_df_after(r, word, postings_last(w->p));
    int64_t df = later < 0 ? -1 : postings_df(w->p, stem, len);
    if (df < 0 && later >= 0)
        atomic_store(&w->broken, true);
    return df < 0 ? -1 : df + later;
}

static int search_file(struct words *w, const struct lexical *l, const struct store_lex_query *q,
                       const struct docset *allowed, size_t limit, struct best *out)
{
    struct postings_word word[LEX_TERMS_MAX];
    char stem[LEX_TERMS_MAX][TOKEN_MAX + 8];
    for (size_t i = 0; i < l->n_part; i++) {
        const char *text = l->term[l->part[i].term].text;
        size_t len = strlen(text);
        memcpy(stem[i], text, len + 1);
        word[i] = (struct postings_word){.text = stem[i],
                                         .len = token_stem(stem[i], len),
                                         .idf = store_text_idf(w->rows, l->part[i].df)};
    }
    struct postings_query ask = {.word = word,
                                 .n = l->n_part,
                                 .must = l->n_must,
                                 .weight = {q->weight[0], q->weight[1], q->weight[2]},
                                 .mean = (double)w->words / (double)w->rows,
                                 .dead = w->dead,
                                 .allowed = allowed};
    int n = postings_search(w->p, &ask, limit, out);
    if (n == -EBADMSG || n == -EIO)
        atomic_store(&w->broken, true);
    return n;
}

int words_search(struct docfs *d, struct store_read *r, const struct lexical *l,
                 const struct store_lex_query *q, const struct docset *allowed, size_t limit,
                 struct best *out, struct docfs_err *err)
{
    struct words *w = d->words;
    for (size_t i = 0; i < l->n_part; i++)
        if (l->part[i].term < 0 || l->part[i].df < 0)
            return -EAGAIN;
    if (l->n_part > LEX_TERMS_MAX || w->rows <= 0)
        return -EAGAIN;
    int found = search_file(w, l, q, allowed, limit, out);
    if (found < 0)
        return found == -ENOMEM ? err_oom(err) : -EAGAIN;
    if (w->whole)
        return found;
    struct store_lex_query later = *q;
    later.after = postings_last(w->p);
    _cleanup_free_ struct best *more = calloc(limit, sizeof(*more));
    if (!more)
        return err_oom(err);
    int n = store_lex_search(r, &later, limit, more, err);
    return n < 0 ? n : (int)best_merge(out, (size_t)found, limit, more, (size_t)n);
}

/* ---- reading ---- */

int64_t words_row(struct docfs *d, int64_t passage)
{
    const struct words *w = d->words;
    int64_t row = postings_find(w->p, passage);
    if (row < 0)
        return -EAGAIN;
    return w->dead && w->dead[row / 64] >> (row % 64) & 1 ? -ENOENT : row;
}

int words_read(struct docfs *d, int64_t row, const struct postings_reader *reader)
{
    struct words *w = d->words;
    int r = postings_read(w->p, (size_t)row, reader);
    if (r != -EBADMSG && r != -EIO)
        return r;
    atomic_store(&w->broken, true);
    return -EAGAIN;
}

const char *words_name(struct docfs *d, uint32_t name, size_t *ret_len)
{
    return postings_name(d->words->p, name, ret_len);
}

bool words_suit(struct docfs *d, const struct embedder *e)
{
    return words_mean(d->words->p, e);
}

bool words_nearby(struct docfs *d, const char *word, size_t len, unsigned most,
                  void (*fn)(void *arg, const char *name, size_t len), void *arg)
{
    struct words *w = d->words;
    if (!w->whole)
        return false;
    pthread_mutex_lock(&w->names_lock);
    if (!w->nearby)
        w->nearby = nearby_new(w->p);
    const struct nearby *n = w->nearby;
    pthread_mutex_unlock(&w->names_lock);
    if (n)
        nearby_each(n, w->p, word, len, most, fn, arg);
    return n;
}
