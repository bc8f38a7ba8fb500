/* SPDX-License-Identifier: MIT */
#include "core/embed/embed.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/words.h"
#include "core/text/token.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

/* Random indexing: every feature of a text has a fixed pseudo-random direction with few non-zero
 * components, and the text is their weighted sum. Texts that share features get similar vectors,
 * others are nearly orthogonal. Features are the stems of words, pieces of identifiers, groups of
 * words that mean the same, pairs of neighbours, and the letter groups of each stem, which bring
 * "config" near to "configuration". No training, no data file, the same vector on every machine.
 *
 * The weights below were chosen on documentation and abstract collections by nDCG@10 of the exact
 * cosine; the optimum is flat. More dimensions are better (mean over six sets .406 at 256, .423 at
 * 384, .434 at 512, .454 at 1,024), but each costs a byte per passage in memory.
 *
 * Any change that alters vectors needs a new name in the fingerprint. */
#define DIM 512
#define FINGERPRINT "docfs/hash/512/l2"
_Static_assert(DIM == 512, "the fingerprint names the dimension");

#define TITLE_FACTOR 3.0f /* a word of the title or the headings counts like three */
#define PART_FACTOR 0.5f  /* "join" of "os.path.join" */
#define GROUP_FACTOR 0.5f
#define PAIR_FACTOR 0.15f
#define SIGN_PAIR_FACTOR 1.0f /* neighbours in scripts of one token per character are the words */
#define GRAMS_FACTOR 1.0f     /* all letter groups of a stem together, against the stem */
#define RARITY_EXPONENT 0.4f  /* below 1: common words still tell texts apart at this dimension */
#define GRAM_SHORTEST 4
#define GRAM_LONGEST 5
#define WORD_COMPONENTS 8 /* non-zero ones of a direction */
#define GRAM_COMPONENTS 4

#define BATCH 64
#define FLOOR 0.25f       /* of the cosine between unrelated texts */
#define SLOTS 4096        /* a power of two */
#define FEATURES_MAX 2048 /* different ones of one text; a passage has some two hundred */
#define STEMS_MAX (12u << 10)

struct feature {
    uint64_t hash; /* 0 = free slot */
    float count, weight;
    uint16_t stem, stem_len; /* in bag.stems; no letter groups when stem_len is 0 */
};

struct model {
    struct word_weights weights;
    struct word_groups groups;
};

/* The features of one text. */
struct bag {
    const struct model *model;
    struct feature slot[SLOTS];
    uint16_t used[FEATURES_MAX];
    size_t n;
    char stems[STEMS_MAX];
    size_t stems_len;
    float field; /* of the part of the text being read */
    uint64_t before;
    float before_weight; /* of the word before; its hash is 0 at the beginning */
    bool before_sign;
};

static struct feature *bag_add(struct bag *b, uint64_t hash, float count, float weight)
{
    size_t i = hash % SLOTS;
    while (b->slot[i].hash && b->slot[i].hash != hash)
        i = (i + 1) % SLOTS;
    struct feature *f = &b->slot[i];
    if (!f->hash) {
        if (b->n == FEATURES_MAX)
            return NULL;
        b->used[b->n++] = (uint16_t)i;
        *f = (struct feature){.hash = hash, .weight = weight};
    }
    f->count += count;
    return f;
}

static void bag_clear(struct bag *b)
{
    for (size_t i = 0; i < b->n; i++)
        b->slot[b->used[i]].hash = 0;
    b->n = b->stems_len = 0;
}

static void bag_add_pair(struct bag *b, uint64_t hash, float weight, bool sign)
{
    if (b->before) {
        float factor = sign && b->before_sign ? SIGN_PAIR_FACTOR : PAIR_FACTOR;
        bag_add(b, (b->before * 3 ^ hash) | 1, b->field, factor * (weight + b->before_weight) / 2);
    }
    b->before = hash;
    b->before_weight = weight;
    b->before_sign = sign;
}

static int on_token(void *arg, const struct token *t)
{
    struct bag *b = arg;
    if (token_is_stopword(t->text, t->len))
        return 0;
    char stem[TOKEN_MAX];
    memcpy(stem, t->text, t->len);
    size_t len = token_stem(stem, t->len);
    uint64_t hash = word_hash(stem, len);
    float weight = word_weight(&b->model->weights, hash);
    float count = b->field * (t->part ? PART_FACTOR : 1);

    struct feature *f = bag_add(b, hash, count, weight);
    if (f && !f->stem_len && b->stems_len + len <= STEMS_MAX) {
        f->stem = (uint16_t)b->stems_len;
        f->stem_len = (uint16_t)len;
        memcpy(b->stems + b->stems_len, stem, len);
        b->stems_len += len;
    }
    unsigned group = word_group(&b->model->groups, hash);
    if (group) {
        unsigned char name[3] = {0, (unsigned char)group, (unsigned char)(group >> 8)};
        bag_add(b, word_hash((char *)name, sizeof(name)), count, GROUP_FACTOR * weight);
    }
    if (!t->part)
        bag_add_pair(b, hash, weight, (unsigned char)t->text[0] >= 0xe0 && t->len <= 4);
    return 0;
}

/* Adds weight, with a sign, to `components` places that follow from the hash. SplitMix64 (Vigna)
 * gives 64 bits at a time: four places of nine bits and their signs. */
static inline void add_direction(float *v, uint64_t hash, float weight, unsigned components)
{
    for (unsigned i = 0; i < components; i += 4) {
        hash += 0x9e3779b97f4a7c15u;
        uint64_t z = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        z ^= z >> 31;
        for (unsigned k = 0; k < 4; k++, z >>= 16)
            v[(z >> 1) % DIM] += z & 1 ? weight : -weight;
    }
}

static void add_grams(float *v, const char *stem, size_t len, float weight)
{
    char w[TOKEN_MAX + 2]; /* with marks at both ends */
    size_t n = len + 2, grams = 0;
    w[0] = '^';
    memcpy(w + 1, stem, len);
    w[len + 1] = '$';
    for (size_t g = GRAM_SHORTEST; g <= GRAM_LONGEST && g <= n; g++)
        grams += n - g + 1;
    if (!grams)
        return;
    float each = weight / sqrtf((float)grams * GRAM_COMPONENTS);
    for (size_t g = GRAM_SHORTEST; g <= GRAM_LONGEST && g <= n; g++)
        for (size_t i = 0; i + g <= n; i++)
            add_direction(v, hash64(w + i, g, g), each, GRAM_COMPONENTS);
}

static void read_field(struct bag *b, const char *text, size_t len, float field)
{
    b->field = field;
    b->before = 0;
    token_each(text, len, on_token, b);
}

static void embed_one(struct bag *b, const struct embed_text *t, float *v)
{
    memset(v, 0, DIM * sizeof(*v));
    bag_clear(b);
    read_field(b, t->title, t->title_len, TITLE_FACTOR);
    read_field(b, t->body, t->body_len, 1);
    for (size_t i = 0; i < b->n; i++) {
        const struct feature *f = &b->slot[b->used[i]];
        float weight = f->weight * logf(1 + f->count);
        add_direction(v, f->hash, weight / sqrtf(WORD_COMPONENTS), WORD_COMPONENTS);
        if (f->stem_len)
            add_grams(v, b->stems + f->stem, f->stem_len, weight * GRAMS_FACTOR);
    }
    double sum = 0;
    for (size_t i = 0; i < DIM; i++)
        sum += (double)v[i] * (double)v[i];
    float scale = sum > 0 ? (float)(1 / sqrt(sum)) : 0;
    for (size_t i = 0; i < DIM; i++)
        v[i] *= scale;
}

/* Queries and passages are treated alike: what they share is what counts. */
static int builtin_embed(void *ctx, enum embed_kind kind, const struct embed_text *texts, size_t n,
                         float *out, struct docfs_err *err)
{
    _cleanup_free_ struct bag *b = calloc(1, sizeof(*b));
    if (!b)
        return err_oom(err);
    b->model = ctx;
    for (size_t i = 0; i < n; i++)
        embed_one(b, &texts[i], out + i * DIM);
    return 0;
}

int embed_hash_new(struct embedder **ret, struct docfs_err *err)
{
    _cleanup_free_ struct embedder *e = calloc(1, sizeof(*e));
    _cleanup_free_ struct model *m = calloc(1, sizeof(*m));
    if (!e || !m)
        return err_oom(err);
    word_weights_init(&m->weights, RARITY_EXPONENT);
    word_groups_init(&m->groups);
    *e = (struct embedder){.ctx = steal_ptr(m),
                           .dim = DIM,
                           .fingerprint = FINGERPRINT,
                           .batch = BATCH,
                           .floor = FLOOR,
                           .embed = builtin_embed,
                           .free = free};
    *ret = steal_ptr(e);
    return 0;
}
