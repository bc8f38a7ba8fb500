/* SPDX-License-Identifier: MIT
 * Makes the file index/words from the texts of the passages. While passages are taken in it grows
 * with them: made at the end, by one thread, it would take a fifth of the time. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "core/search/features.h"
#include "core/search/words.h"
#include "core/text/token.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

/* Of what token_each() and token_stem() make of a text. */
#define WORDS_FORMAT "2"
#define BUILD_MEMORY ((size_t)64 << 20)

/* Rows that the file may be behind before it is made again, and one in so many of all. */
struct bound {
    int64_t rows, share;
};
static const struct bound at_work = {4096, 5}, at_rest = {0, 100}, at_long_rest = {0, INT64_MAX};

/* Passage numbers of two caches may be equal: their identities tell them apart. */
int words_stamp(struct store_read *r, char ret[POSTINGS_STAMP], struct docfs_err *err)
{
    char made[40];
    int rc = store_meta(r, "identity", made, sizeof(made), err);
    if (rc == 0 && !made[0]) /* of a cache that an earlier docfs made */
        rc = store_meta(r, "created_at", made, sizeof(made), err);
    if (rc == 0)
        snprintf(ret, POSTINGS_STAMP, "%s/" WORDS_FORMAT, made);
    return rc;
}

int words_measure(struct store_read *r, const struct postings *p, struct words_lag *ret,
                  struct docfs_err *err)
{
    int64_t passages, last;
    size_t n;
    postings_rows(p, &n);
    int rc = store_passage_count(r, &passages, &last, err);
    if (rc == 0)
        rc = store_text_totals(r, &ret->rows, &ret->words, err);
    if (rc == 0)
        rc = store_passages_after(r, postings_last(p), &ret->later, err);
    if (rc < 0)
        return rc;
    ret->gone = (int64_t)n - (passages - ret->later);
    /* Not of this store after all, or the full text is damaged, which verify finds. */
    if (ret->gone < 0 || ret->rows != passages ||
        (!ret->gone && !ret->later && ret->words != (int64_t)postings_words(p)))
        return -ESTALE;
    return 0;
}

/* ---- writing ---- */

struct words_making {
    struct postings_writer *w;
    struct feature_names names; /* without an embedder when there is none that compares words */
    struct features features;   /* of the present passage */
    enum postings_field field;
    int64_t rows, last; /* passages that were taken in; the number of the last one */
    int rc;             /* why it was given up */
    struct docfs_err *err;
    const atomic_bool *stop; /* NULL: nobody wants it given up */
};

static size_t stem(char *word, size_t len)
{
    return token_stem(word, len);
}

static int add_feature(struct words_making *m, const struct token *t, uint32_t name)
{
    struct embed_word word;
    int rc = feature_names_get(&m->names, name, t, &word);
    return rc < 0 ? rc : features_word(&m->features, &word, t->part);
}

static int add_word(void *arg, const struct token *t)
{
    struct words_making *m = arg;
    uint32_t name;
    m->rc = postings_writer_word(m->w, t->text, t->len, m->field, t->part, &name, m->err);
    if (m->rc == 0 && m->names.e && add_feature(m, t, name) < 0)
        m->rc = err_oom(m->err);
    return m->rc;
}

static int end_features(struct words_making *m)
{
    struct features *f = &m->features;
    if (m->rc < 0 || !m->names.e)
        return m->rc;
    if (features_end(f) < 0 || features_order(f) < 0)
        return err_oom(m->err);
    return postings_writer_features(m->w, f->row, f->title, f->n, m->err);
}

static int add_passage(void *arg, int64_t passage, int64_t document, const char *title,
                       const char *heading, const char *text, size_t len)
{
    struct words_making *m = arg;
    if (m->stop && atomic_load(m->stop))
        return m->rc = -ECANCELED;
    m->rc = postings_writer_row(m->w, passage, document, m->err);
    m->rows++;
    m->last = passage;
    features_begin(&m->features);
    m->field = POSTINGS_TITLE;
    if (m->rc == 0)
        token_each(title, strlen(title), add_word, m);
    m->field = POSTINGS_HEADING;
    if (m->rc == 0)
        token_each(heading, strlen(heading), add_word, m);
    if (m->rc == 0 && features_title(&m->features) < 0)
        m->rc = err_oom(m->err);
    m->field = POSTINGS_TEXT;
    if (m->rc == 0)
        token_each(text, len, add_word, m);
    return m->rc = end_features(m);
}

/* NULL when there is none, or it compares no words: features are left away. */
static struct embedder *comparing(struct docfs *d)
{
    struct embedder *e = NULL;
    if (embedding_any(d, &e, NULL) == 0 && e->near)
        return e;
    embedder_free(e);
    return NULL;
}

static int making_new(struct docfs *d, struct store_read *r, struct words_making **ret,
                      struct docfs_err *err)
{
    char stamp[POSTINGS_STAMP];
    struct words_making *m = calloc(1, sizeof(*m));
    int rc = m ? words_stamp(r, stamp, err) : err_oom(err);
    if (rc == 0) {
        m->names.e = comparing(d);
        const struct embedder *e = m->names.e;
        uint64_t vocabulary = e ? e->near->vocabulary(e->ctx) : 0;
        rc = postings_writer_new(d->index_dirfd, stamp, vocabulary, BUILD_MEMORY, stem, &m->w, err);
    }
    if (rc < 0)
        words_making_free(m);
    else
        *ret = m;
    return rc;
}

void words_making_free(struct words_making *m)
{
    if (!m)
        return;
    postings_writer_free(m->w);
    features_fini(&m->features);
    feature_names_fini(&m->names);
    free(m);
}

/* Takes in what the reader sees and m has not. */
static int making_add(struct words_making *m, struct store_read *r, struct docfs_err *err)
{
    m->err = err;
    if (m->rc == 0)
        m->rc = store_texts(r, m->last, add_passage, m, err);
    return m->rc;
}

/* ---- when ---- */

bool words_mean(const struct postings *p, const struct embedder *e)
{
    return !e || !e->near || e->near->vocabulary(e->ctx) == postings_vocabulary(p);
}

/* To the embedder of the vectors that there are: nobody compares without them, and to look for
 * another one may be a request to a server. */
static bool suits(struct docfs *d, struct store_read *r, const struct postings *p)
{
    struct embedder *e = NULL;
    struct docfs_err why;
    embedding_serving(d, r, &e, &why, NULL);
    bool suits = words_mean(p, e);
    embedder_free(e);
    return suits;
}

/* *ret_gone: passages of the present file that went. */
static int wanted(struct docfs *d, struct store_read *r, struct bound most, bool *ret,
                  int64_t *ret_gone, struct docfs_err *err)
{
    char stamp[POSTINGS_STAMP];
    int64_t n, last;
    int rc = words_stamp(r, stamp, err);
    if (rc == 0)
        rc = store_passage_count(r, &n, &last, err);
    if (rc < 0)
        return rc;
    struct postings *p = NULL;
    struct words_lag lag = {0};
    int opened = postings_open(d->index_dirfd, stamp, &p, NULL);
    if (opened == 0) {
        rc = words_measure(r, p, &lag, NULL);
        int64_t behind = rc == 0 ? lag.later + lag.gone : 0;
        *ret = rc < 0 || (behind > most.rows && behind > n / most.share) || !suits(d, r, p);
    } else {
        *ret = opened != -ENOENT || n >= setting_int(d, "index.words_min");
    }
    *ret_gone = lag.gone;
    postings_free(p);
    return 0;
}

void words_follow(struct docfs *d, struct words_making **m)
{
    _cleanup_read_ struct store_read *r = NULL;
    bool want = *m != NULL;
    int64_t gone = 0;
    int rc = d->index_dirfd < 0 ? -ENOENT : store_read_begin(d->store, &r, NULL);
    if (rc == 0 && !want)
        rc = wanted(d, r, at_work, &want, &gone, NULL);
    /* Where passages go, some of those taken in now may go as well. */
    if (rc == 0 && want && !gone && !*m)
        rc = making_new(d, r, m, NULL);
    if (rc == 0 && *m)
        making_add(*m, r, NULL);
}

bool words_publish(struct docfs *d, struct words_making *m)
{
    _cleanup_read_ struct store_read *r = NULL;
    int64_t n, last;
    return m && store_read_begin(d->store, &r, NULL) == 0 && making_add(m, r, NULL) == 0 &&
           store_passage_count(r, &n, &last, NULL) == 0 && n == m->rows &&
           postings_writer_publish(m->w, NULL) == 0;
}

int words_rebuild(struct docfs *d, struct store_read *r, bool force, bool *ret_rebuilt,
                  struct docfs_err *err)
{
    bool want = false;
    int64_t gone;
    int rc = d->index_dirfd < 0 ? 0 : wanted(d, r, at_work, &want, &gone, err);
    if (rc < 0 || d->index_dirfd < 0 || (!want && !force))
        return rc;
    struct words_making *m;
    rc = making_new(d, r, &m, err);
    if (rc < 0)
        return rc;
    rc = making_add(m, r, err);
    if (rc == 0)
        rc = postings_writer_publish(m->w, err);
    words_making_free(m);
    *ret_rebuilt |= rc == 0;
    return rc;
}

/* Dropped when something was published meanwhile: an ingest may have made a better one. */
static int renew(struct docfs *d, struct store_read *r, const atomic_bool *stop,
                 struct docfs_err *err)
{
    struct words_making *m;
    uint64_t now;
    int rc = making_new(d, r, &m, err);
    if (rc < 0)
        return rc;
    m->stop = stop;
    rc = making_add(m, r, err);
    if (rc == 0)
        rc = store_generation(d->store, &now, err);
    if (rc == 0 && now == store_read_generation(r))
        rc = postings_writer_publish(m->w, err);
    words_making_free(m);
    return rc;
}

int words_renew(struct docfs *d, bool long_rest, const atomic_bool *stop, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    bool want = false;
    int64_t gone;
    if (d->read_only || d->index_dirfd < 0)
        return 0;
    _cleanup_close_ int lock = openat(d->index_dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0)
        return err_set(err, -errno, "cannot lock the directory of the index: %m");
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = wanted(d, r, long_rest ? at_long_rest : at_rest, &want, &gone, err);
    return rc < 0 || !want ? rc : renew(d, r, stop, err);
}

int words_verify(struct docfs *d, struct store_read *r, char *ret_why, size_t size,
                 struct docfs_err *err)
{
    char stamp[POSTINGS_STAMP];
    struct postings *p = NULL;
    struct docfs_err why = {0};
    struct words_lag lag;
    int rc = words_stamp(r, stamp, err);
    if (rc < 0 || d->index_dirfd < 0)
        return rc;
    rc = postings_open(d->index_dirfd, stamp, &p, &why);
    if (rc == -ENOENT)
        return 0;
    if (rc == 0)
        rc = postings_verify(p, &why);
    if (rc == 0 && (rc = words_measure(r, p, &lag, &why)) == -ESTALE && !why.code)
        err_set(&why, rc, "index/words does not hold what the full text holds");
    postings_free(p);
    if (rc == 0)
        return 0;
    snprintf(ret_why, size, "%s", why.text);
    return 1;
}
