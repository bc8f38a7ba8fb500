/* SPDX-License-Identifier: MIT
 * Byte pair encoding: characters become tokens, then the pair with the lowest rank is joined,
 * leftmost first, until no pair has one. */
#include "core/embed/tok_internal.h"

#include <errno.h>

#define MERGES_MAX 8000000
#define WORD_MAX 65536 /* bytes; a longer one is cut into parts of this size */

struct merge {
    uint64_t pair; /* left << 32 | right, + 1; 0 = free */
    uint32_t rank, joined;
};

struct bpe {
    struct merge *merge; /* open addressing */
    size_t mask;
    char *prefix, *suffix; /* owned; "" when there is none */
    bool fuse, bytes, whole;
};

static void bpe_free(void *ctx)
{
    struct bpe *b = ctx;
    if (!b)
        return;
    free(b->merge);
    free(b->prefix);
    free(b->suffix);
    free(b);
}

static struct merge *find(const struct bpe *b, uint32_t left, uint32_t right)
{
    uint64_t pair = ((uint64_t)left << 32 | right) + 1;
    size_t i = (pair * 0x9e3779b97f4a7c15u >> 20) & b->mask;
    while (b->merge[i].pair && b->merge[i].pair != pair)
        i = (i + 1) & b->mask;
    return &b->merge[i];
}

/* ---- joining ---- */

struct symbol {
    uint32_t id;
    int32_t before, after; /* -1 at the ends */
    bool gone;
};

struct join {
    uint32_t rank, joined;
    int32_t at;
};

/* The symbols of a word, and a heap of joins by rank, then place. A join never lengthens the word,
 * so the heap holds at most three entries per symbol. */
struct word {
    struct symbol *sym;
    struct join *heap;
    size_t n, joins;
};

static bool less(const struct join *a, const struct join *b)
{
    return a->rank != b->rank ? a->rank < b->rank : a->at < b->at;
}

static void push(struct word *w, struct join j)
{
    size_t i = w->joins++;
    while (i && less(&j, &w->heap[(i - 1) / 2])) {
        w->heap[i] = w->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    w->heap[i] = j;
}

static struct join pop(struct word *w)
{
    struct join top = w->heap[0], last = w->heap[--w->joins];
    size_t i = 0;
    for (size_t k; (k = 2 * i + 1) < w->joins; i = k) {
        if (k + 1 < w->joins && less(&w->heap[k + 1], &w->heap[k]))
            k++;
        if (!less(&w->heap[k], &last))
            break;
        w->heap[i] = w->heap[k];
    }
    w->heap[i] = last;
    return top;
}

static void consider(const struct bpe *b, struct word *w, int32_t left, int32_t right)
{
    if (left < 0 || right < 0)
        return;
    const struct merge *m = find(b, w->sym[left].id, w->sym[right].id);
    if (m->pair)
        push(w, (struct join){.rank = m->rank, .joined = m->joined, .at = left});
}

static void join_all(const struct bpe *b, struct word *w)
{
    for (size_t i = 0; i + 1 < w->n; i++)
        consider(b, w, (int32_t)i, (int32_t)i + 1);
    while (w->joins) {
        struct join j = pop(w);
        struct symbol *s = &w->sym[j.at];
        if (s->gone || s->after < 0)
            continue;
        struct symbol *next = &w->sym[s->after];
        const struct merge *m = find(b, s->id, next->id);
        if (!m->pair || m->joined != j.joined) /* one of the two became something else */
            continue;
        s->id = j.joined;
        next->gone = true;
        s->after = next->after;
        if (s->after >= 0)
            w->sym[s->after].before = j.at;
        consider(b, w, s->before, j.at);
        consider(b, w, j.at, s->after);
    }
}

/* ---- characters -> symbols ---- */

static int64_t char_id(const struct model *m, const char *s, size_t len, bool first, bool last)
{
    const struct bpe *b = m->ctx;
    if ((first || !*b->prefix) && (!last || !*b->suffix))
        return vocab_get(&m->vocab, s, len);
    char key[2 * TOK_TOKEN_MAX + 8];
    int n = snprintf(key, sizeof(key), "%s%.*s%s", first ? "" : b->prefix, (int)len, s,
                     last ? b->suffix : "");
    return vocab_get(&m->vocab, key, (size_t)n);
}

/* Ids before joining. Unknown characters are the unknown token, one for each or for all in a row,
 * or nothing when there is none. */
static void first_ids(const struct model *m, const char *s, size_t len, struct token_ids *ids,
                      bool *oom)
{
    const struct bpe *b = m->ctx;
    bool waiting = false; /* an unknown token that the next one may fuse with */
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t cp;
        n = utf8_decode(s + at, len - at, &cp);
        int64_t id = char_id(m, s + at, n, at == 0, at + n == len);
        if (id >= 0) {
            ids_add(ids, (uint32_t)id, oom);
            waiting = false;
            continue;
        }
        if (b->bytes && byte_fallback(m, s + at, n, ids, oom))
            continue;
        if (m->unknown >= 0 && !(waiting && b->fuse))
            ids_add(ids, (uint32_t)m->unknown, oom);
        waiting = m->unknown >= 0;
    }
}

static void tokenize_part(const struct model *m, const char *word, size_t len,
                          struct token_ids *out, bool *oom)
{
    const struct bpe *b = m->ctx;
    int64_t whole = b->whole ? vocab_get(&m->vocab, word, len) : -1;
    if (whole >= 0) {
        ids_add(out, (uint32_t)whole, oom);
        return;
    }
    size_t first = out->n;
    first_ids(m, word, len, out, oom);
    struct word w = {.n = out->n - first};
    if (*oom || w.n < 2)
        return;
    w.sym = reallocarray(NULL, w.n, sizeof(*w.sym));
    w.heap = reallocarray(NULL, w.n, 3 * sizeof(*w.heap));
    if (w.sym && w.heap) {
        for (size_t i = 0; i < w.n; i++)
            w.sym[i] = (struct symbol){.id = out->id[first + i],
                                       .before = (int32_t)i - 1,
                                       .after = i + 1 < w.n ? (int32_t)i + 1 : -1};
        join_all(b, &w);
        out->n = first;
        for (size_t i = 0; i < w.n; i++)
            if (!w.sym[i].gone)
                out->id[out->n++] = w.sym[i].id;
    } else {
        *oom = true;
    }
    free(w.sym);
    free(w.heap);
}

static void bpe_tokenize(const struct model *m, const char *word, size_t len, struct token_ids *out,
                         bool *oom)
{
    while (len && !*oom) {
        size_t n = utf8_cut(word, len, WORD_MAX);
        tokenize_part(m, word, n, out, oom);
        word += n;
        len -= n;
    }
}

/* ---- loading ---- */

/* "left right" or ["left", "right"] */
static bool merge_parts(json_t *j, const char *part[2], size_t len[2])
{
    if (json_is_string(j)) {
        const char *s = json_string_value(j);
        size_t n = json_string_length(j);
        const char *space = n > 1 ? memchr(s + 1, ' ', n - 1) : NULL;
        if (!space)
            return false;
        part[0] = s;
        len[0] = (size_t)(space - s);
        part[1] = space + 1;
        len[1] = n - len[0] - 1;
        return true;
    }
    for (size_t i = 0; i < 2; i++) {
        json_t *p = json_array_get(j, i);
        if (!json_is_string(p))
            return false;
        part[i] = json_string_value(p);
        len[i] = json_string_length(p);
    }
    return true;
}

static int add_merge(const struct model *m, struct bpe *b, json_t *j, size_t rank,
                     struct docfs_err *err)
{
    const char *part[2];
    size_t len[2], skip = strlen(b->prefix);
    char joined[2 * TOK_TOKEN_MAX];
    if (!merge_parts(j, part, len) || len[0] > TOK_TOKEN_MAX || len[1] > TOK_TOKEN_MAX)
        return err_set(err, -EINVAL, "merge %zu is no pair of tokens", rank);
    int64_t left = vocab_get(&m->vocab, part[0], len[0]);
    int64_t right = vocab_get(&m->vocab, part[1], len[1]);
    if (len[1] < skip)
        skip = len[1];
    memcpy(joined, part[0], len[0]);
    memcpy(joined + len[0], part[1] + skip, len[1] - skip);
    int64_t to = vocab_get(&m->vocab, joined, len[0] + len[1] - skip);
    if (left < 0 || right < 0 || to < 0)
        return err_set(err, -EINVAL, "merge %zu names a token that the vocabulary lacks", rank);
    struct merge *x = find(b, (uint32_t)left, (uint32_t)right);
    *x = (struct merge){.pair = ((uint64_t)left << 32 | (uint64_t)right) + 1,
                        .rank = (uint32_t)rank,
                        .joined = (uint32_t)to};
    return 0;
}

int bpe_load(json_t *j, struct model *m, struct docfs_err *err)
{
    int rc = model_vocab(j, m, err);
    if (rc == 0)
        rc = model_unknown(j, "unk_token", m, err);
    if (rc < 0)
        return rc;
    json_t *merges = json_object_get(j, "merges"), *one;
    const char *prefix = tok_text(j, "continuing_subword_prefix", "");
    const char *suffix = tok_text(j, "end_of_word_suffix", "");
    struct bpe *b = calloc(1, sizeof(*b));
    m->ctx = b;
    m->free = bpe_free;
    m->tokenize = bpe_tokenize;
    if (!b)
        return err_oom(err);
    size_t n = json_array_size(merges), slots = 16, i;
    if (n > MERGES_MAX || !prefix || !suffix || strlen(prefix) > 64 || strlen(suffix) > 64)
        return err_set(err, -EINVAL, "BPE: too many merges, or a bad prefix or suffix");
    while (slots < 2 * n)
        slots *= 2;
    b->mask = slots - 1;
    b->merge = calloc(slots, sizeof(*b->merge));
    b->prefix = strdup(prefix);
    b->suffix = strdup(suffix);
    b->fuse = tok_flag(j, "fuse_unk", false);
    b->bytes = tok_flag(j, "byte_fallback", false);
    b->whole = tok_flag(j, "ignore_merges", false);
    if (!b->merge || !b->prefix || !b->suffix)
        return err_oom(err);
    json_array_foreach(merges, i, one)
    {
        if (rc == 0)
            rc = add_merge(m, b, one, i, err);
    }
    return rc;
}
