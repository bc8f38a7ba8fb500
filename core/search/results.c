/* SPDX-License-Identifier: MIT */
#include "core/search/search.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/snippet.h"
#include "core/util/buf.h"

#define SNIPPET_MAX 320

/* What a caller sees, with what it does not. */
struct results {
    struct docfs_results pub;
    atomic_uint refs;
    size_t cap;
};

struct docfs_results *results_new(const char *query, uint64_t generation)
{
    struct results *r = calloc(1, sizeof(*r));
    char *text = strdup(query), *note = strdup(""), *unknown = strdup("");
    if (!r || !text || !note || !unknown) {
        free(r);
        free(text);
        free(note);
        free(unknown);
        return NULL;
    }
    atomic_init(&r->refs, 1);
    r->pub.query = text;
    r->pub.note = note;
    r->pub.unknown = unknown;
    r->pub.sufficiency = 1;
    r->pub.generation = generation;
    return &r->pub;
}

struct docfs_results *docfs_results_ref(struct docfs_results *r)
{
    atomic_fetch_add(&((struct results *)r)->refs, 1);
    return r;
}

static void also_fini(struct docfs_also *a)
{
    free((char *)a->collection);
    free((char *)a->path);
}

static void hit_fini(struct docfs_hit *h)
{
    free((char *)h->collection);
    free((char *)h->path);
    free((char *)h->title);
    free((char *)h->url);
    free((char *)h->heading);
    free((char *)h->snippet);
    for (size_t i = 0; i < h->n_also; i++)
        also_fini(&h->also[i]);
    free(h->also);
}

void docfs_results_unref(struct docfs_results *pub)
{
    struct results *r = (struct results *)pub;
    if (!r || atomic_fetch_sub(&r->refs, 1) != 1)
        return;
    for (size_t i = 0; i < pub->n; i++)
        hit_fini(&pub->hit[i]);
    free(pub->hit);
    free((char *)pub->query);
    free((char *)pub->note);
    free((char *)pub->unknown);
    free(r);
}

static void result_name(struct docfs_hit *h, size_t rank, int digits)
{
    char slug[SLUG_MAX + 1];
    const char *slash = strrchr(h->path, '/');
    /* A title that says nothing gives way to the file name. */
    name_slug(h->title, strlen(h->title), slug);
    if (strcmp(slug, "untitled") == 0)
        name_slug(slash ? slash + 1 : h->path, strlen(slash ? slash + 1 : h->path), slug);
    snprintf(h->name, sizeof(h->name), "%0*zu-%s.%s.md", digits, rank, slug, h->public_id);
}

static bool room(struct docfs_results *pub)
{
    struct results *r = (struct results *)pub;
    if (pub->n < r->cap)
        return true;
    size_t cap = r->cap ? r->cap * 2 : 10; /* as many as most ask for */
    struct docfs_hit *grown = reallocarray(pub->hit, cap, sizeof(*grown));
    if (!grown)
        return false;
    pub->hit = grown;
    r->cap = cap;
    return true;
}

/* Replaces the borrowed list of h by one of its own. */
static int copy_also(struct docfs_hit *h)
{
    const struct docfs_also *from = h->also;
    size_t n = h->n_also;
    h->n_also = 0;
    h->also = n ? calloc(n, sizeof(*h->also)) : NULL;
    if (n && !h->also)
        return -1;
    for (size_t i = 0; i < n; i++) {
        struct docfs_also *a = &h->also[h->n_also++];
        *a = from[i];
        a->collection = strdup(from[i].collection);
        a->path = strdup(from[i].path);
        if (!a->collection || !a->path)
            return -1;
    }
    return 0;
}

int results_copy(struct docfs_results *pub, const struct docfs_hit *h)
{
    if (!room(pub))
        return -1;
    struct docfs_hit copy = *h;
    copy.collection = strdup(h->collection);
    copy.path = strdup(h->path);
    copy.title = strdup(h->title);
    copy.url = strdup(h->url);
    copy.heading = strdup(h->heading);
    copy.snippet = strdup(h->snippet);
    int rc = copy_also(&copy);
    if (rc < 0 || !copy.collection || !copy.path || !copy.title || !copy.url || !copy.heading ||
        !copy.snippet) {
        hit_fini(&copy);
        return -1;
    }
    pub->hit[pub->n++] = copy;
    return 0;
}

int results_add(struct docfs_results *pub, const struct candidate *c, const struct store_passage *p,
                const char *query_text, struct docfs_err *err)
{
    if (!room(pub))
        return err_oom(err);
    _cleanup_buf_ struct buf snippet = {0};
    uint32_t line;
    snippet_make(p->text, p->text_len, query_text, SNIPPET_MAX, &snippet, &line);
    struct docfs_hit h = {.document = p->document,
                          .content = p->content,
                          .passage = p->passage,
                          .directory = p->directory,
                          .collection = strdup(p->collection),
                          .path = strdup(p->path),
                          .title = strdup(p->title),
                          .url = strdup(p->url),
                          .heading = strdup(p->heading),
                          .snippet = buf_steal(&snippet, NULL),
                          .line = p->line,
                          .lines = p->lines,
                          .signs = p->signs,
                          .size = p->size,
                          .mtime_ns = p->mtime_ns,
                          .checked_at = p->checked_at,
                          .stale_at = p->stale_at,
                          .score = c->score,
                          .lex_rank = c->lex_rank,
                          .vec_rank = c->vec_rank,
                          .lex_score = c->lex,
                          .vec_score = c->vec,
                          .boost = c->boost,
                          .prior = c->prior,
                          .matches = c->matches};
    if (!h.collection || !h.path || !h.title || !h.url || !h.heading || !h.snippet) {
        hit_fini(&h);
        return err_oom(err);
    }
    name_doc_id(h.document, h.public_id);
    result_name(&h, pub->n + 1, 2);
    pub->hit[pub->n++] = h;
    return 0;
}

int results_also(struct docfs_hit *h, size_t at, struct docfs_also *a)
{
    struct docfs_also *grown = NULL;
    if (a->collection && a->path && at < DOCFS_ALSO_MAX)
        grown = h->n_also < DOCFS_ALSO_MAX ? reallocarray(h->also, h->n_also + 1, sizeof(*h->also))
                                           : h->also;
    if (!grown) {
        bool full = a->collection && a->path && at == DOCFS_ALSO_MAX;
        also_fini(a);
        return full ? 0 : -1;
    }
    h->also = grown;
    if (h->n_also == DOCFS_ALSO_MAX)
        also_fini(&grown[--h->n_also]);
    memmove(&grown[at + 1], &grown[at], (h->n_also++ - at) * sizeof(*grown));
    grown[at] = *a;
    return 0;
}

int results_renew(struct docfs_results *pub, size_t at)
{
    struct docfs_hit *old = &pub->hit[at], *newer = &pub->hit[pub->n - 1];
    struct docfs_also a = {
        .document = old->document, .collection = old->collection, .path = old->path};
    memcpy(a.public_id, old->public_id, sizeof(a.public_id));
    old->collection = old->path = NULL; /* of a now */
    newer->also = old->also;
    newer->n_also = old->n_also;
    newer->score = old->score; /* that of the best of them */
    old->also = NULL;
    old->n_also = 0;
    hit_fini(old);
    *old = *newer;
    pub->n--;
    result_name(old, at + 1, 2);
    return results_also(old, 0, &a);
}

void results_number(struct docfs_results *pub)
{
    for (size_t i = 0; i < pub->n && pub->n > 99; i++)
        result_name(&pub->hit[i], i + 1, pub->n > 999 ? 4 : 3);
}

static bool names(const struct docfs_hit *h, int64_t document)
{
    bool found = h->document == document;
    for (size_t i = 0; i < h->n_also && !found; i++)
        found = h->also[i].document == document;
    return found;
}

static bool known(const struct docfs_results *r, const struct docfs_hit *h)
{
    bool found = false;
    for (size_t i = 0; i < r->n && !found; i++) {
        found = names(&r->hit[i], h->document);
        for (size_t k = 0; k < h->n_also && !found; k++)
            found = names(&r->hit[i], h->also[k].document);
    }
    return found;
}

int results_more(struct docfs_results *pub, const struct docfs_results *from, size_t k)
{
    size_t found = from->n - from->below;
    if (pub->n == pub->below && found) { /* better than neighbours */
        for (size_t i = 0; i < pub->n; i++)
            hit_fini(&pub->hit[i]);
        pub->n = pub->below = 0;
        if (results_note(pub, from->note) < 0)
            return -1;
    }
    for (size_t i = 0; i < found && pub->n < k; i++) {
        if (known(pub, &from->hit[i]))
            continue;
        if (results_copy(pub, &from->hit[i]) < 0)
            return -1;
        struct docfs_hit *h = &pub->hit[pub->n - 1];
        if (pub->n > 1 && h->score > h[-1].score)
            h->score = h[-1].score;
        result_name(h, pub->n, 2);
    }
    pub->candidates = from->candidates;
    return 0;
}

void results_neighbours(struct docfs_results *pub, struct docfs_results *from)
{
    struct results *r = (struct results *)pub, *f = (struct results *)from;
    free(pub->hit);
    pub->hit = from->hit;
    pub->n = pub->below = from->n;
    pub->candidates = from->candidates;
    r->cap = f->cap;
    from->hit = NULL;
    from->n = f->cap = 0;
}

/* As a whole, or a piece between signs: "join" and "path.join" of os.path.join. */
static bool shows(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; (p = strcasestr(p, word)); p++)
        if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
            return true;
    return false;
}

bool results_show(const struct docfs_results *r, const char *word)
{
    for (size_t i = 0; i < r->n; i++)
        if (shows(r->hit[i].heading, word) || shows(r->hit[i].snippet, word))
            return true;
    return false;
}

int results_note(struct docfs_results *r, const char *note)
{
    char *copy = strdup(note);
    if (!copy)
        return -1;
    free((char *)r->note);
    r->note = copy;
    return 0;
}
