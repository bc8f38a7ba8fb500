/* SPDX-License-Identifier: MIT
 * Pairs of a question and its passage from what the cache holds anyway: a heading and its section,
 * a title and its first passage, the text of a link and where it leads, a question and the document
 * that somebody found helpful for it. */
#include "core/docfs_feedback.h"
#include "core/docfs_tune.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/tune.h"
#include "core/ingest/ingest.h"
#include "core/store/tunings.h"
#include "core/util/clock.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

#define PASSAGES_MAX 200000 /* of a larger cache every n-th document is read */
#define QUESTION_MAX 300    /* bytes */
#define LINKS_MAX 8         /* of one passage */
#define FEEDBACK_MAX 20000
#define COMMON 3 /* a heading that occurs more often ("Examples") needs the title */

/* Open addressing by a hash that counts as the key itself. */
struct table {
    struct slot {
        uint64_t key;
        int64_t value;
    } * slot;
    size_t mask, used;
};

static struct slot *table_at(struct table *t, uint64_t key)
{
    if (!t->slot || 2 * t->used > t->mask) {
        struct table bigger = {.mask = t->slot ? 2 * t->mask + 1 : 4095};
        bigger.slot = calloc(bigger.mask + 1, sizeof(*bigger.slot));
        if (!bigger.slot)
            return NULL;
        for (size_t i = 0; t->slot && i <= t->mask; i++)
            if (t->slot[i].key)
                *table_at(&bigger, t->slot[i].key) = t->slot[i];
        bigger.used = t->used;
        free(t->slot);
        *t = bigger;
    }
    key = key ? key : 1;
    size_t i = key & t->mask;
    while (t->slot[i].key && t->slot[i].key != key)
        i = (i + 1) & t->mask;
    if (!t->slot[i].key) {
        t->slot[i] = (struct slot){.key = key, .value = -1};
        t->used++;
    }
    return &t->slot[i];
}

struct link {
    char *text; /* owned */
    uint64_t target;
};

struct harvest {
    struct docfs *d;
    struct tuner *tuner;
    size_t every; /* n-th document */
    struct table headings, places, documents;
    struct link *link;
    size_t n_links;
    int64_t document; /* of the passage before */
    size_t n_documents;
    bool counting, skip;
    docfs_progress_fn *progress;
    void *arg;
    struct docfs_progress shown;
    int64_t shown_ns;
    int rc;
};

static int show(struct harvest *h)
{
    int64_t now = clock_mono_ns();
    if (!h->progress || now - h->shown_ns < 100000000)
        return 0;
    h->shown_ns = now;
    return h->progress(h->arg, &h->shown);
}

static const char *last_part(const char *heading)
{
    const char *at = heading, *next;
    while ((next = strstr(at, " > ")))
        at = next + 3;
    return at;
}

/* A passage without the heading lines it begins with: the question must not stand in the answer. */
static void skip_heading(const char **text, size_t *len)
{
    while (*len && (**text == '#' || **text == '\n')) {
        const char *end = memchr(*text, '\n', *len);
        size_t n = end ? (size_t)(end - *text) + 1 : *len;
        *text += n;
        *len -= n;
    }
}

/* "Event loop — asyncio" as links write it behind '#'. */
static uint64_t slug_hash(const char *s, size_t len, uint64_t seed)
{
    char slug[QUESTION_MAX];
    size_t n = 0;
    for (size_t i = 0; i < len && n < sizeof(slug); i++) {
        unsigned char c = (unsigned char)s[i];
        if (isalnum(c) || c >= 0x80)
            slug[n++] = (char)tolower(c);
        else if (n && slug[n - 1] != '-')
            slug[n++] = '-';
    }
    while (n && slug[n - 1] == '-')
        n--;
    return hash64(slug, n, seed);
}

/* The page that a path names, by its last component without extension. */
static uint64_t page_hash(int64_t collection, const char *path, size_t len)
{
    size_t start = len;
    while (start && path[start - 1] != '/')
        start--;
    const char *dot = memrchr(path + start, '.', len - start);
    size_t n = dot ? (size_t)(dot - path) - start : len - start;
    return hash64(path + start, n, (uint64_t)collection * 2 + 1);
}

/* Two of one name: links to it say nothing. */
static int remember(struct harvest *h, uint64_t key, int64_t passage)
{
    struct slot *s = table_at(&h->places, key);
    if (!s)
        return -ENOMEM;
    s->value = s->value == -1 || s->value == passage ? passage : -2;
    return 0;
}

static int keep_link(struct harvest *h, const char *text, size_t len, uint64_t target)
{
    if (!grow(&h->link, h->n_links, sizeof(*h->link)))
        return -ENOMEM;
    char *copy = strndup(text, len);
    if (!copy)
        return -ENOMEM;
    h->link[h->n_links++] = (struct link){copy, target};
    return 0;
}

/* [text](page.md#part) to a page of the same collection. */
static int find_links(struct harvest *h, const struct store_text *t)
{
    const char *at = t->text, *end = t->text + t->len;
    for (int n = 0; n < LINKS_MAX;) {
        const char *mid = at < end ? memmem(at, (size_t)(end - at), "](", 2) : NULL;
        if (!mid)
            return 0;
        const char *open = memrchr(at, '[', (size_t)(mid - at));
        const char *target = mid + 2, *close = memchr(target, ')', (size_t)(end - target));
        at = target;
        if (!open || !close || mid - open < 4 || mid - open > QUESTION_MAX ||
            memmem(target, (size_t)(close - target), "://", 3))
            continue;
        const char *part = memchr(target, '#', (size_t)(close - target));
        const char *stop = part ? part : close;
        uint64_t page = stop == target ? page_hash(t->collection, t->path, strlen(t->path))
                                       : page_hash(t->collection, target, (size_t)(stop - target));
        if (part && part + 1 < close)
            page = slug_hash(part + 1, (size_t)(close - part - 1), page);
        int rc = keep_link(h, open + 1, (size_t)(mid - open - 1), page);
        if (rc < 0)
            return rc;
        n++;
    }
    return 0;
}

/* The question of a heading: itself, with the title when many sections are called so. */
static int ask_heading(struct harvest *h, const struct store_text *t, const char *heading,
                       int64_t passage)
{
    char question[2 * QUESTION_MAX];
    struct slot *s = table_at(&h->headings, hash64(heading, strlen(heading), 3));
    if (!s)
        return -ENOMEM;
    bool common = s->value > COMMON;
    snprintf(question, sizeof(question), "%.*s%s%.*s", common ? QUESTION_MAX - 2 : 0, t->title,
             common ? " " : "", QUESTION_MAX, heading);
    return tuner_pair(h->tuner, question, strlen(question), passage);
}

static int take(struct harvest *h, const struct store_text *t, bool first)
{
    const char *text = t->text, *heading = last_part(t->heading);
    size_t len = t->len;
    int64_t passage;
    skip_heading(&text, &len);
    int rc = find_links(h, t);
    if (rc == 0)
        rc = tuner_passage(h->tuner, text, len, t->document, &passage);
    if (rc < 0 || passage < 0)
        return rc;
    struct slot *speaker = table_at(&h->documents, (uint64_t)t->document * 0x9e3779b97f4a7c15u);
    if (!speaker)
        return -ENOMEM;
    if (speaker->value < 0)
        speaker->value = passage;
    uint64_t page = page_hash(t->collection, t->path, strlen(t->path));
    if (first && *t->title) {
        rc = tuner_pair(h->tuner, t->title, strlen(t->title), passage);
        if (rc == 0)
            rc = remember(h, page, passage);
    }
    if (rc == 0 && *heading && !(first && strcmp(heading, t->title) == 0)) {
        rc = ask_heading(h, t, heading, passage);
        if (rc == 0)
            rc = remember(h, slug_hash(heading, strlen(heading), page), passage);
    }
    return rc;
}

static int on_passage(void *arg, const struct store_text *t)
{
    struct harvest *h = arg;
    bool first = t->document != h->document;
    h->document = t->document;
    if (first)
        h->skip = h->n_documents++ % h->every != 0;
    if (h->skip)
        return 0;
    if (show(h))
        return -ECANCELED;
    if (!h->counting)
        return take(h, t, first);
    const char *heading = last_part(t->heading);
    struct slot *s = table_at(&h->headings, hash64(heading, strlen(heading), 3));
    if (!s)
        return -ENOMEM;
    s->value++;
    return 0;
}

/* What people said or did counts like a heading, with the passage that speaks for the document. */
static int read_feedback(struct harvest *h, struct docfs_err *err)
{
    struct docfs_feedbacks *f = NULL;
    int rc = docfs_feedback_list(h->d, 0, NULL, false, FEEDBACK_MAX, &f, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < f->n && rc == 0; i++) {
        const struct docfs_feedback_row *x = &f->item[i];
        if ((x->signal != SIGNAL_HELPFUL && x->signal != SIGNAL_OPENED &&
             x->signal != SIGNAL_DWELL) ||
            !x->query || !*x->query)
            continue;
        struct slot *s = table_at(&h->documents, (uint64_t)x->document * 0x9e3779b97f4a7c15u);
        if (!s)
            rc = -ENOMEM;
        else if (s->value >= 0)
            rc = tuner_pair(h->tuner, x->query, strlen(x->query), s->value);
    }
    docfs_feedbacks_free(f);
    return rc == -ENOMEM ? err_oom(err) : rc;
}

static int read_all(struct harvest *h, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    int64_t n, last;
    int rc = store_read_begin(h->d->store, &r, err);
    if (rc == 0)
        rc = store_passage_count(r, &n, &last, err);
    if (rc < 0)
        return rc;
    h->every = (size_t)n / PASSAGES_MAX + 1;
    for (int pass = 0; pass < 2 && rc == 0; pass++) {
        h->counting = pass == 0;
        h->document = 0;
        h->n_documents = 0;
        rc = store_each_passage(r, on_passage, h, err);
    }
    for (size_t i = 0; i < h->n_links && rc == 0; i++) {
        struct slot *s = table_at(&h->places, h->link[i].target);
        if (!s)
            rc = -ENOMEM;
        else if (s->value >= 0)
            rc = tuner_pair(h->tuner, h->link[i].text, strlen(h->link[i].text), s->value);
    }
    if (rc == -ENOMEM)
        return err_oom(err);
    if (rc == -ECANCELED)
        return err_set(err, rc, "stopped while reading; nothing changed");
    return rc < 0 ? rc : read_feedback(h, err);
}

static void harvest_fini(struct harvest *h)
{
    for (size_t i = 0; i < h->n_links; i++)
        free(h->link[i].text);
    free(h->link);
    free(h->headings.slot);
    free(h->places.slot);
    free(h->documents.slot);
    tuner_free(h->tuner);
}

static int on_learned(void *arg, double done)
{
    struct harvest *h = arg;
    h->shown.passages = (size_t)(done * 100);
    return show(h);
}

/* Only the built-in model can be adapted. */
static int check_model(struct docfs *d, struct docfs_err *err)
{
    struct embedder *e = NULL;
    char *spec = NULL;
    int rc = embedding_wanted(d, &e, &spec, err);
    if (rc < 0)
        return rc;
    bool built_in = !e->costly && strncmp(e->fingerprint, "docfs/", 6) == 0;
    embedder_free(e);
    free(spec);
    return built_in ? 0
                    : err_set(err, -ENOTSUP,
                              "only the built-in model can be adapted, and the settings embed.* "
                              "ask for another");
}

static int keep(struct docfs *d, const struct tuner_report *r, struct buf *factors,
                struct docfs_err *err)
{
    struct store_tuning t = {
        .pairs = (int64_t)r->pairs, .before = r->before, .after = r->after, .factors = *factors};
    tuning_name(factors->data, factors->len, t.name);
    struct store_write *w;
    int rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    return store_write_end(w, store_put_tuning(w, &t, err), err);
}

int docfs_tune(struct docfs *d, docfs_progress_fn *progress, void *arg, struct docfs_tuning *ret,
               struct docfs_err *err)
{
    int64_t start = clock_mono_ns();
    _cleanup_buf_ struct buf factors = {0};
    struct tuner_report report;
    _cleanup_(harvest_fini) struct harvest h = {
        .d = d, .progress = progress, .arg = arg, .shown = {.phase = INGEST_INDEX, .source = ""}};
    *ret = (struct docfs_tuning){0};
    int rc = cache_writable(d, err);
    if (rc == 0)
        rc = check_model(d, err);
    if (rc == 0)
        rc = tuner_new(&h.tuner, err);
    if (rc == 0)
        rc = read_all(&h, err);
    if (rc == 0)
        rc = tuner_run(h.tuner, on_learned, &h, &report, &factors, err);
    if (rc < 0)
        return rc;
    *ret = (struct docfs_tuning){.pairs = report.pairs,
                                 .held_out = report.held_out,
                                 .before = report.before,
                                 .after = report.after,
                                 .kept = report.better};
    if (report.better) {
        rc = keep(d, &report, &factors, err);
        if (rc == 0)
            rc = docfs_reembed(d, progress, arg, NULL, err);
    }
    ret->seconds = (double)(clock_mono_ns() - start) / 1e9;
    return rc;
}

int docfs_untune(struct docfs *d, docfs_progress_fn *progress, void *arg, struct docfs_err *err)
{
    struct store_write *w;
    int rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    rc = store_write_end(w, store_undo_tuning(w, err), err);
    if (rc == -ENOENT)
        return err_set(err, rc, "the model was not adapted: nothing to undo");
    return rc < 0 ? rc : docfs_reembed(d, progress, arg, NULL, err);
}
