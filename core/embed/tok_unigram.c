/* SPDX-License-Identifier: MIT
 * Unigram: of all ways to spell a word with tokens, the one with the largest sum of scores
 * (Viterbi). What no token covers costs a penalty per character and becomes the unknown token. */
#include "core/embed/tok_internal.h"

#include <errno.h>
#include <math.h>

#define UNKNOWN_PENALTY 10.0
#define WORD_MAX 65536 /* bytes; a longer one is cut into parts of this size */

struct unigram {
    struct trie trie;
    double *score; /* by id */
    double lowest;
    bool bytes;
};

struct cell {
    double score;
    size_t from, next; /* where the token that ends here began; end of the one that begins here */
    int64_t id;        /* -2 = not reached, -1 = unknown character */
};

static void unigram_free(void *ctx)
{
    struct unigram *u = ctx;
    if (!u)
        return;
    trie_fini(&u->trie);
    free(u->score);
    free(u);
}

static void offer(struct cell *c, double score, size_t from, int64_t id)
{
    if (c->id == -2 || score > c->score)
        *c = (struct cell){.score = score, .from = from, .id = id};
}

static void fill(const struct unigram *u, const char *s, size_t len, struct cell *cell)
{
    for (size_t i = 0; i <= len; i++)
        cell[i] = (struct cell){.id = -2};
    cell[0] = (struct cell){.id = -1};
    for (size_t at = 0, n; at < len; at += n) {
        uint32_t cp, node = 0;
        n = utf8_decode(s + at, len - at, &cp);
        bool single = false;
        for (size_t end = at; end < len; end++) {
            node = trie_step(&u->trie, node, (unsigned char)s[end]);
            if (!node)
                break;
            int64_t id = u->trie.value[node];
            if (id < 0)
                continue;
            offer(&cell[end + 1], cell[at].score + u->score[id], at, id);
            single = single || end + 1 == at + n;
        }
        if (!single)
            offer(&cell[at + n], cell[at].score + u->lowest - UNKNOWN_PENALTY, at, -1);
    }
}

static void add_unknown(const struct model *m, const char *s, size_t len, struct token_ids *out,
                        bool *oom)
{
    const struct unigram *u = m->ctx;
    int64_t id = vocab_get(&m->vocab, s, len); /* a run of unknown ones may be a token */
    if (id >= 0) {
        ids_add(out, (uint32_t)id, oom);
        return;
    }
    if (u->bytes && byte_fallback(m, s, len, out, oom))
        return;
    if (m->unknown >= 0)
        ids_add(out, (uint32_t)m->unknown, oom);
}

static void emit(const struct model *m, const char *s, size_t len, struct cell *cell,
                 struct token_ids *out, bool *oom)
{
    for (size_t end = len; end > 0; end = cell[end].from)
        cell[cell[end].from].next = end;
    size_t run = SIZE_MAX; /* begin of a run of unknown characters */
    for (size_t at = 0; at < len; at = cell[at].next) {
        int64_t id = cell[cell[at].next].id;
        if (id < 0) {
            run = run == SIZE_MAX ? at : run;
            continue;
        }
        if (run != SIZE_MAX)
            add_unknown(m, s + run, at - run, out, oom);
        run = SIZE_MAX;
        ids_add(out, (uint32_t)id, oom);
    }
    if (run != SIZE_MAX)
        add_unknown(m, s + run, len - run, out, oom);
}

static void unigram_tokenize(const struct model *m, const char *word, size_t len,
                             struct token_ids *out, bool *oom)
{
    while (len) {
        size_t n = utf8_cut(word, len, WORD_MAX);
        struct cell *cell = reallocarray(NULL, n + 1, sizeof(*cell));
        if (!cell) {
            *oom = true;
            return;
        }
        fill(m->ctx, word, n, cell);
        emit(m, word, n, cell, out, oom);
        free(cell);
        word += n;
        len -= n;
    }
}

int unigram_load(json_t *j, struct model *m, struct docfs_err *err)
{
    json_t *vocab = json_object_get(j, "vocab"), *pair, *id = json_object_get(j, "unk_id");
    size_t n = json_array_size(vocab), bytes = 0, i;
    struct unigram *u = calloc(1, sizeof(*u));
    m->ctx = u;
    m->free = unigram_free;
    m->tokenize = unigram_tokenize;
    if (!u)
        return err_oom(err);
    if (!n || n > TOK_VOCAB_MAX)
        return err_set(err, -EINVAL, "the vocabulary is missing, empty or too large");
    json_array_foreach(vocab, i, pair)
    {
        json_t *token = json_array_get(pair, 0);
        double score = json_number_value(json_array_get(pair, 1));
        if (!json_is_string(token) || json_string_length(token) > TOK_TOKEN_MAX ||
            !json_is_number(json_array_get(pair, 1)) || !isfinite(score))
            return err_set(err, -EINVAL, "entry %zu of the vocabulary is no token with a score", i);
        bytes += json_string_length(token);
    }
    u->score = calloc(n, sizeof(*u->score));
    if (!u->score || vocab_init(&m->vocab, n, bytes) < 0)
        return err_oom(err);
    u->lowest = INFINITY;
    json_array_foreach(vocab, i, pair)
    {
        json_t *token = json_array_get(pair, 0);
        u->score[i] = json_number_value(json_array_get(pair, 1));
        if (u->score[i] < u->lowest)
            u->lowest = u->score[i];
        vocab_put(&m->vocab, json_string_value(token), json_string_length(token), (uint32_t)i);
        if (json_string_length(token) &&
            trie_add(&u->trie, json_string_value(token), json_string_length(token), (int64_t)i) < 0)
            return err_oom(err);
    }
    u->bytes = tok_flag(j, "byte_fallback", false);
    m->unknown = json_is_integer(id) ? json_integer_value(id) : -1;
    if (m->unknown >= (int64_t)n || m->unknown < -1)
        return err_set(err, -EINVAL, "unk_id is not in the vocabulary");
    return 0;
}
