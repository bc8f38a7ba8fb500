/* SPDX-License-Identifier: MIT
 * What stands in quotes must be there, what is excluded must not. The full text sees to that for
 * what it finds; what the vectors bring is looked at here, before passages of one document are put
 * together: the best of them may lack the phrase that another one holds. */
#include "core/search/reading.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/token.h"
#include "core/util/grow.h"

/* ---- from the text ---- */

struct folded {
    struct buf text; /* " word word word " with stems */
};

static int add_word(void *arg, const struct token *t)
{
    struct folded *f = arg;
    if (t->part)
        return 0;
    char stem[TOKEN_MAX + 8];
    memcpy(stem, t->text, t->len);
    size_t n = token_stem(stem, t->len);
    buf_add(&f->text, stem, n);
    buf_addc(&f->text, ' ');
    return buf_status(&f->text) < 0;
}

static void fold(struct folded *f, const char *s, size_t len)
{
    if (f->text.len == 0)
        buf_addc(&f->text, ' ');
    token_each(s, len, add_word, f);
}

static bool holds(const struct folded *f, const char *phrase)
{
    struct folded p = {0};
    fold(&p, phrase, strlen(phrase));
    bool found = p.text.len > 1 && f->text.data && strstr(f->text.data, p.text.data);
    buf_fini(&p.text);
    return found;
}

bool phrases_admit(const struct query *q, const char *title, const char *heading, const char *text,
                   size_t len)
{
    if (q->n_phrase == 0 && q->n_exclude == 0)
        return true;
    struct folded f = {0};
    fold(&f, title, strlen(title));
    fold(&f, heading, strlen(heading));
    fold(&f, text, len);
    bool ok = true;
    for (size_t i = 0; ok && i < q->n_phrase; i++)
        ok = holds(&f, q->phrase[i]);
    for (size_t i = 0; ok && i < q->n_exclude; i++)
        ok = !holds(&f, q->exclude[i]);
    buf_fini(&f.text);
    return ok;
}

/* ---- from index/words ---- */

/* Words in their order, parts left out, each as the hash of its stem: what has the hashes of a
 * phrase nearly always is the phrase, and what is shown is compared word by word in the end. */
struct stems {
    uint32_t *item;
    size_t n;
};

static void stems_fini(struct stems *s)
{
    free(s->item);
}

static int push(struct stems *s, uint32_t stem)
{
    if (!grow(&s->item, s->n, sizeof(*s->item)))
        return -ENOMEM;
    s->item[s->n++] = stem;
    return 0;
}

static int push_text(struct stems *s, const char *word, size_t len)
{
    char stem[TOKEN_MAX + 8];
    if (len > TOKEN_MAX)
        return -EBADMSG;
    memcpy(stem, word, len);
    return push(s, reading_stem(stem, token_stem(stem, len)));
}

static int on_token(void *arg, const struct token *t)
{
    return t->part ? 0 : push_text(arg, t->text, t->len);
}

static int on_word(void *arg, const struct postings_token *t)
{
    return t->part                       ? 0
           : t->name == POSTINGS_NO_NAME ? push_text(arg, t->text, t->len)
                                         : push(arg, t->stem);
}

static int no_features(void *arg, const uint32_t *feature, size_t title, size_t n)
{
    return 0;
}

static bool stands_in(const struct stems *text, const struct stems *phrase)
{
    for (size_t i = 0; phrase->n && i + phrase->n <= text->n; i++)
        if (memcmp(text->item + i, phrase->item, phrase->n * sizeof(*phrase->item)) == 0)
            return true;
    return false;
}

/* 1, 0, or -errno. */
static int all_as(bool wanted, char *const *phrase, size_t n, const struct stems *text)
{
    int rc = 1;
    for (size_t i = 0; i < n && rc == 1; i++) {
        _cleanup_(stems_fini) struct stems p = {0};
        rc = token_each(phrase[i], strlen(phrase[i]), on_token, &p);
        rc = rc < 0 ? rc : stands_in(text, &p) == wanted;
    }
    return rc;
}

/* 1, 0, -EAGAIN: the text has to tell, or -errno. */
static int row_admits(const struct work *w, int64_t passage)
{
    _cleanup_(stems_fini) struct stems text = {0};
    struct postings_reader reader = {no_features, on_word, &text};
    int64_t row = words_row(w->d, passage);
    if (row == -ENOENT) /* deleted since: left to search_collect() */
        return 1;
    int rc = row < 0 ? (int)row : words_read(w->d, row, &reader);
    if (rc == 0)
        rc = all_as(true, w->q->phrase, w->q->n_phrase, &text);
    return rc == 1 ? all_as(false, w->q->exclude, w->q->n_exclude, &text) : rc;
}

/* ---- both ---- */

static int text_admits(const struct work *w, int64_t passage, struct docfs_err *err)
{
    struct store_passage p = {0};
    int rc = store_passage_texts(w->r, &passage, 1, &p, err);
    if (rc == 0)
        rc = !p.passage || phrases_admit(w->q, p.title, p.heading, p.text, p.text_len);
    store_passage_fini(&p);
    return rc;
}

int phrases_keep(struct work *w, struct docfs_err *err)
{
    if (w->q->n_phrase == 0 && w->q->n_exclude == 0)
        return 0;
    bool held = words_acquire(w->d, w->r);
    size_t kept = 0;
    int rc = 0;
    for (size_t i = 0; i < w->n && rc >= 0; i++) {
        rc = held ? row_admits(w, w->list[i].passage) : -EAGAIN;
        if (rc == -EAGAIN)
            rc = text_admits(w, w->list[i].passage, err);
        else if (rc == -ENOMEM)
            err_oom(err);
        if (rc == 1)
            w->list[kept++] = w->list[i];
    }
    if (held)
        words_release(w->d);
    w->n = kept;
    return rc < 0 ? rc : 0;
}
