/* SPDX-License-Identifier: MIT */
#include "core/text/token.h"

#include <endian.h>
#include <libstemmer.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Sorted. "do" and "use" are here because nearly every question about software has them. Halves
 * of contractions ("doesn") too, since the tokeniser drops what follows the apostrophe. */
static const char stopwords[][8] = {
    "a",       "about",   "after",   "again",   "all",     "also",  "am",      "an",      "and",
    "any",     "are",     "aren",    "as",      "at",      "be",    "because", "been",    "before",
    "being",   "between", "both",    "but",     "by",      "can",   "could",   "couldn",  "did",
    "didn",    "do",      "does",    "doesn",   "doing",   "don",   "done",    "down",    "during",
    "each",    "either",  "else",    "etc",     "ever",    "every", "few",     "for",     "from",
    "further", "get",     "gets",    "getting", "give",    "given", "gives",   "go",      "goes",
    "going",   "got",     "had",     "hadn",    "has",     "hasn",  "have",    "haven",   "having",
    "he",      "her",     "here",    "hers",    "him",     "his",   "how",     "however", "i",
    "if",      "in",      "into",    "is",      "isn",     "it",    "its",     "itself",  "just",
    "know",    "let",     "like",    "ll",      "made",    "make",  "makes",   "making",  "many",
    "may",     "me",      "might",   "mine",    "more",    "most",  "much",    "must",    "mustn",
    "my",      "need",    "needs",   "no",      "nor",     "not",   "now",     "of",      "off",
    "on",      "once",    "only",    "onto",    "or",      "other", "our",     "ours",    "out",
    "over",    "own",     "please",  "quite",   "rather",  "re",    "really",  "same",    "shall",
    "she",     "should",  "shouldn", "so",      "some",    "still", "such",    "than",    "thanks",
    "that",    "the",     "their",   "theirs",  "them",    "then",  "there",   "these",   "they",
    "this",    "those",   "through", "thus",    "to",      "too",   "under",   "until",   "up",
    "upon",    "us",      "use",     "used",    "uses",    "using", "ve",      "very",    "via",
    "want",    "wanted",  "wants",   "was",     "wasn",    "way",   "we",      "were",    "weren",
    "what",    "when",    "where",   "whether", "which",   "while", "who",     "whom",    "whose",
    "why",     "will",    "with",    "within",  "without", "won",   "would",   "wouldn",  "yet",
    "you",     "your",    "yours",
};
#define N_STOPWORDS (sizeof(stopwords) / sizeof(*stopwords))
#define STOPWORD_MAX 7

/* As numbers words compare like their letters, eight at once. */
static uint64_t number_of(const char word[static 8])
{
    uint64_t n;
    memcpy(&n, word, sizeof(n));
    return be64toh(n);
}

bool token_is_stopword(const char *text, size_t len)
{
    if (!len || len > STOPWORD_MAX)
        return false;
    char padded[8] = "";
    memcpy(padded, text, len);
    uint64_t word = number_of(padded);
    size_t lo = 0;
    for (size_t n = N_STOPWORDS; n > 1; n -= n / 2)
        lo += number_of(stopwords[lo + n / 2]) <= word ? n / 2 : 0;
    return number_of(stopwords[lo]) == word;
}

/* Snowball needs about a microsecond a word and an object that only one thread may use. Text
 * repeats its words, so each thread keeps its stemmer and a small direct-mapped cache before it. */
#define STEM_MAX 23 /* longer words are stemmed without the cache */
#define STEM_SLOTS 8192

struct stem_key {
    uint64_t part[3]; /* the word, zero padded */
};

struct stem_slot {
    struct stem_key word;
    char stem[STEM_MAX];
    uint8_t len; /* of stem; 0 = empty slot */
};
_Static_assert(TOKEN_MAX >= sizeof(struct stem_key), "a key can be read from a word's array");

struct stem_state {
    struct sb_stemmer *stemmer;
    struct stem_slot slot[STEM_SLOTS];
};

static pthread_once_t stem_once = PTHREAD_ONCE_INIT;
static pthread_key_t stem_key;
static bool stem_key_made;
static _Thread_local struct stem_state *stem_mine;

static void stem_state_free(void *p)
{
    struct stem_state *st = p;
    sb_stemmer_delete(st->stemmer);
    free(st);
    stem_mine = NULL;
}

static void stem_key_make(void)
{
    stem_key_made = !pthread_key_create(&stem_key, stem_state_free);
}

static struct stem_state *stem_state(void)
{
    if (stem_mine)
        return stem_mine;
    pthread_once(&stem_once, stem_key_make);
    struct stem_state *st = stem_key_made ? calloc(1, sizeof(*st)) : NULL;
    if (!st)
        return NULL;
    st->stemmer = sb_stemmer_new("english", "UTF_8");
    if (!st->stemmer || pthread_setspecific(stem_key, st)) {
        if (st->stemmer)
            sb_stemmer_delete(st->stemmer);
        free(st);
        return NULL;
    }
    return stem_mine = st;
}

static size_t stem_slow(struct stem_state *st, char *word, size_t len)
{
    const sb_symbol *stem = sb_stemmer_stem(st->stemmer, (const sb_symbol *)word, (int)len);
    size_t n = stem ? (size_t)sb_stemmer_length(st->stemmer) : 0;
    if (!n || n > len)
        return len;
    memcpy(word, stem, n);
    return n;
}

#define BYTES(c) (UINT64_C(0x0101010101010101) * (c))

/* Are all 8 bytes of x in a..z? */
static bool lower(uint64_t x)
{
    uint64_t high = BYTES(0x80);
    return !(x & high) && ((x + BYTES(0x80 - 'a')) & high) == high &&
           !((x + BYTES(0x7f - 'z')) & high);
}

/* False for a word with other bytes than a..z. */
static bool make_key(const char *word, size_t len, struct stem_key *key)
{
    memcpy(key->part, word, sizeof(key->part));
    bool ok = true;
    for (size_t i = 0; i < 3; i++) {
        size_t n = len > 8 * i ? len - 8 * i : 0;
        uint64_t mask = n >= 8 ? UINT64_MAX : (UINT64_C(1) << 8 * n) - 1;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        mask = __builtin_bswap64(mask);
#endif
        key->part[i] &= mask;
        ok = ok && lower(key->part[i] | (BYTES('a') & ~mask));
    }
    return ok;
}

static size_t stem_long(char *word, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (word[i] < 'a' || word[i] > 'z')
            return len;
    struct stem_state *st = stem_state();
    return st ? stem_slow(st, word, len) : len;
}

size_t token_stem(char word[static TOKEN_MAX], size_t len)
{
    if (len < 3 || len > TOKEN_MAX)
        return len;
    if (len > STEM_MAX)
        return stem_long(word, len);
    struct stem_key key;
    if (!make_key(word, len, &key))
        return len;
    struct stem_state *st = stem_state();
    if (!st) /* out of memory: an unstemmed word is still a word */
        return len;
    const uint64_t *k = key.part;
    uint64_t h =
        (k[0] ^ k[1] * 0x9e3779b97f4a7c15u ^ k[2] * 0xc2b2ae3d27d4eb4fu) * 0xff51afd7ed558ccdu;
    struct stem_slot *slot = &st->slot[(h >> 40) % STEM_SLOTS];
    const uint64_t *s = slot->word.part;
    if (!slot->len || ((s[0] ^ k[0]) | (s[1] ^ k[1]) | (s[2] ^ k[2]))) {
        slot->len = (uint8_t)stem_slow(st, word, len);
        memcpy(slot->stem, word, slot->len);
        slot->word = key;
        return slot->len;
    }
    memcpy(word, slot->stem, sizeof(slot->stem));
    return slot->len;
}
