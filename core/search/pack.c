/* SPDX-License-Identifier: MIT
 * Results as bytes and back: what the store (and a cache shared between machines) keeps of an
 * answer. Little-endian, strings with their length and a NUL. Whoever reads them trusts nothing:
 * a row may have been written by another version of docfs or damaged. */
#include "core/search/search.h"

#include <endian.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/buf.h"

/* Grows with every change of the layout: an answer of another layout counts as none. */
#define PACK_MAGIC 0x36524644u /* "DFR6" */
#define PACK_MAX (16u << 20)

/* ---- writing ---- */

static void put64(struct buf *b, uint64_t v)
{
    v = htole64(v);
    buf_add(b, &v, sizeof(v));
}

static void put_real(struct buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    put64(b, bits);
}

static void put_text(struct buf *b, const char *s)
{
    size_t len = strlen(s);
    put64(b, len);
    buf_add(b, s, len + 1);
}

static void put_hit(struct buf *b, const struct docfs_hit *h)
{
    const int64_t number[] = {h->document, h->content,    h->passage,  h->directory, h->size,
                              h->mtime_ns, h->line,       h->lines,    h->lex_rank,  h->vec_rank,
                              h->matches,  h->checked_at, h->stale_at, h->signs};
    const double real[] = {h->score, h->lex_score, h->vec_score, h->boost, h->prior};
    const char *text[] = {h->collection, h->path,    h->title, h->url,
                          h->heading,    h->snippet, h->name};
    for (size_t i = 0; i < sizeof(number) / sizeof(*number); i++)
        put64(b, (uint64_t)number[i]);
    for (size_t i = 0; i < sizeof(real) / sizeof(*real); i++)
        put_real(b, real[i]);
    for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
        put_text(b, text[i]);
    put64(b, h->n_also);
    for (size_t i = 0; i < h->n_also; i++) {
        put64(b, (uint64_t)h->also[i].document);
        put_text(b, h->also[i].collection);
        put_text(b, h->also[i].path);
    }
}

int results_pack(const struct docfs_results *r, struct buf *out)
{
    out->limit = out->len + PACK_MAX;
    put64(out, PACK_MAGIC);
    put64(out, r->generation);
    put64(out, r->candidates);
    put64(out, r->below);
    put64(out, r->n);
    put_text(out, r->query);
    put_text(out, r->note);
    put_text(out, r->unknown);
    put_real(out, r->sufficiency);
    for (size_t i = 0; i < r->n; i++)
        put_hit(out, &r->hit[i]);
    return buf_status(out);
}

/* ---- reading ---- */

struct in {
    const char *at, *end;
    bool bad; /* sticky */
};

static uint64_t get64(struct in *in)
{
    uint64_t v = 0;
    if ((size_t)(in->end - in->at) < sizeof(v)) {
        in->bad = true;
        return 0;
    }
    memcpy(&v, in->at, sizeof(v));
    in->at += sizeof(v);
    return le64toh(v);
}

static int64_t get_int(struct in *in, int64_t max)
{
    int64_t v = (int64_t)get64(in);
    if (v < 0 || v > max)
        in->bad = true;
    return in->bad ? 0 : v;
}

static double get_real(struct in *in)
{
    uint64_t bits = get64(in);
    double v;
    memcpy(&v, &bits, sizeof(v));
    return v;
}

/* A string inside the bytes, "" when they are not sound. */
static const char *get_text(struct in *in)
{
    uint64_t len = get64(in);
    if (in->bad || len >= (size_t)(in->end - in->at) || in->at[len] != '\0' ||
        memchr(in->at, '\0', len)) {
        in->bad = true;
        return "";
    }
    const char *s = in->at;
    in->at += len + 1;
    return s;
}

/* The list is the caller's to free, its strings lie in the bytes. */
static void get_also(struct in *in, struct docfs_hit *h)
{
    uint64_t n = get64(in);
    /* Each takes 26 bytes at least. */
    if (in->bad || n > (size_t)(in->end - in->at) / 26) {
        in->bad = true;
        return;
    }
    h->also = n ? calloc(n, sizeof(*h->also)) : NULL;
    in->bad = n && !h->also;
    for (uint64_t i = 0; i < n && !in->bad; i++) {
        struct docfs_also *a = &h->also[h->n_also++];
        a->document = (int64_t)get64(in);
        a->collection = get_text(in);
        a->path = get_text(in);
        name_doc_id(a->document, a->public_id);
    }
}

static void get_hit(struct in *in, struct docfs_hit *h)
{
    h->document = (int64_t)get64(in);
    h->content = (int64_t)get64(in);
    h->passage = (int64_t)get64(in);
    h->directory = (int64_t)get64(in);
    h->size = (int64_t)get64(in);
    h->mtime_ns = (int64_t)get64(in);
    h->line = (uint32_t)get_int(in, UINT32_MAX);
    h->lines = (uint32_t)get_int(in, UINT32_MAX);
    h->lex_rank = (int)get_int(in, INT_MAX);
    h->vec_rank = (int)get_int(in, INT_MAX);
    h->matches = (unsigned)get_int(in, UINT_MAX);
    h->checked_at = (int64_t)get64(in);
    h->stale_at = (int64_t)get64(in);
    h->signs = (unsigned)get_int(in, UINT_MAX);
    h->score = get_real(in);
    h->lex_score = get_real(in);
    h->vec_score = get_real(in);
    h->boost = get_real(in);
    h->prior = get_real(in);
    h->collection = get_text(in);
    h->path = get_text(in);
    h->title = get_text(in);
    h->url = get_text(in);
    h->heading = get_text(in);
    h->snippet = get_text(in);
    const char *name = get_text(in);
    if (strlen(name) >= sizeof(h->name) || strchr(name, '/'))
        in->bad = true;
    else
        strcpy(h->name, name);
    name_doc_id(h->document, h->public_id);
    get_also(in, h);
}

struct docfs_results *results_unpack(const void *data, size_t len)
{
    struct in in = {.at = data, .end = (const char *)data + len};
    if (get64(&in) != PACK_MAGIC)
        return NULL;
    uint64_t generation = get64(&in), candidates = get64(&in), below = get64(&in), n = get64(&in);
    const char *query = get_text(&in), *note = get_text(&in), *unknown = get_text(&in);
    double sufficiency = get_real(&in);
    if (in.bad || n > QUERY_K_MAX || below > n)
        return NULL;
    struct docfs_results *r = results_new(query, generation);
    int rc = r ? results_note(r, note) : -1;
    char *words = rc == 0 ? strdup(unknown) : NULL;
    if (words) {
        free((char *)r->unknown);
        r->unknown = words;
        r->sufficiency = sufficiency >= 0 && sufficiency <= 1 ? sufficiency : 0;
    } else {
        rc = -1;
    }
    for (uint64_t i = 0; i < n && rc == 0; i++) {
        struct docfs_hit h = {0};
        get_hit(&in, &h);
        rc = in.bad ? -1 : results_copy(r, &h);
        free(h.also);
    }
    if (rc < 0 || in.at != in.end) {
        docfs_results_unref(r);
        return NULL;
    }
    r->candidates = candidates;
    r->below = below;
    return r;
}
