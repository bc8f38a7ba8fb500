/* SPDX-License-Identifier: MIT */
#include "core/text/hygiene.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/text/hygiene_internal.h"
#include "core/util/buf.h"
#include "core/util/utf8.h"

const char *hygiene_name(unsigned sign)
{
    switch (sign) {
    case HYGIENE_AGENT:
        return "agent";
    case HYGIENE_HIDDEN:
        return "hidden";
    case HYGIENE_INVISIBLE:
        return "invisible";
    case HYGIENE_BIDI:
        return "bidi";
    case HYGIENE_SECRET:
        return "secret";
    default:
        return NULL;
    }
}

void hygiene_found(struct hygiene *h, enum hygiene_sign sign, uint32_t line, const char *what)
{
    h->signs |= sign;
    for (size_t i = 0; i < h->n; i++)
        if (h->finding[i].sign == sign && (h->finding[i].line == line || !line) &&
            strcmp(h->finding[i].what, what) == 0)
            return;
    if (h->n == HYGIENE_MAX)
        return;
    struct hygiene_finding *f = &h->finding[h->n++];
    f->sign = sign;
    f->line = line;
    size_t len = utf8_cut(what, strlen(what), sizeof(f->what) - 1);
    memcpy(f->what, what, len);
    f->what[len] = '\0';
}

/* ---- characters that are not seen ---- */

/* Has the text letters that are written from right to left? There direction marks are at home. */
static bool right_to_left(uint32_t c)
{
    return (c >= 0x590 && c <= 0x8ff) || (c >= 0xfb1d && c <= 0xfdff) ||
           (c >= 0xfe70 && c <= 0xfefc) || (c >= 0x10800 && c <= 0x10fff);
}

static bool zero_width(uint32_t c)
{
    return (c >= 0x200b && c <= 0x200d) || c == 0x2060 || c == 0xfeff;
}

static bool word_byte(unsigned char c)
{
    return isalnum(c);
}

/* Between two bytes of an ASCII word. U+200B is also where long numbers and names may be broken, so
 * it counts in short words only. */
static bool splits_word(const char *md, size_t len, size_t at, size_t n, uint32_t c)
{
    size_t before = 0, after = 0;
    while (before < 8 && before < at && word_byte((unsigned char)md[at - before - 1]))
        before++;
    while (after < 8 && at + n + after < len && word_byte((unsigned char)md[at + n + after]))
        after++;
    return before && after && (c != 0x200b || (before < 8 && after < 8 && before + after > 3));
}

static void characters(const char *md, size_t len, struct hygiene *h)
{
    uint32_t line = 1, tag_line = 0;
    size_t in_words = 0, tags = 0, marks = 0;
    uint32_t word_line = 0, mark_line = 0;
    bool rtl = false;
    for (size_t i = 0; i < len;) {
        unsigned char b = (unsigned char)md[i];
        if (b < 0x80) {
            line += b == '\n';
            i++;
            continue;
        }
        uint32_t c;
        size_t n = utf8_decode(md + i, len - i, &c);
        if (c >= 0xe0000 && c <= 0xe007f) {
            tags++;
            tag_line = tag_line ? tag_line : line;
        } else if (c == 0x202d || c == 0x202e) {
            hygiene_found(h, HYGIENE_BIDI, line, "writing direction overridden");
        } else if (c == 0x202a || c == 0x202b || (c >= 0x2066 && c <= 0x2068)) {
            marks++;
            mark_line = mark_line ? mark_line : line;
        } else if (zero_width(c) && splits_word(md, len, i, n, c)) {
            in_words++;
            word_line = word_line ? word_line : line;
        }
        rtl = rtl || right_to_left(c);
        i += n;
    }
    /* The flags of England, Scotland and Wales are written with six tag characters. */
    if (tags > 7)
        hygiene_found(h, HYGIENE_INVISIBLE, tag_line, "text in invisible tag characters");
    if (in_words)
        hygiene_found(h, HYGIENE_INVISIBLE, word_line, "zero-width characters inside words");
    if (marks && !rtl)
        hygiene_found(h, HYGIENE_BIDI, mark_line, "writing direction embedded without need");
}

/* ---- words addressed to a program ---- */

/* Each pattern is a sequence of items: alternatives with '|'; '?' before one: may be missing; '*':
 * any of them, up to four. */
struct pattern {
    const char *what;
    const char *item[10]; /* NULL-terminated */
};

#define DETERMINER "all|any|the|your|of|my|these|those|every|each|and|and/or|other"
#define EARLIER \
    "previous|previously|prior|above|earlier|preceding|foregoing|existing|initial|system"
#define ORDERS "instructions|instruction|prompt|prompts|directions|directives|guidelines|orders"
#define MODELS "ai|llm|llms|gpt|chatgpt|claude|copilot|gemini|chatbot|assistant|assistants"
#define MODEL_NOUNS "model|models|assistant|assistants|agent|agents|bot|bots|system|systems"

static const struct pattern patterns[] = {
    {"asks to ignore earlier instructions",
     {"ignore|disregard|forget|override|bypass|discard", "*" DETERMINER, EARLIER,
      "*given|" EARLIER "|" DETERMINER, ORDERS}},
    {"asks to ignore its instructions",
     {"ignore|disregard|forget", "*all|of|everything", "your", "*" EARLIER "|original|own|safety",
      ORDERS "|training|programming|rules"}},
    {"asks for the system prompt",
     {"reveal|print|show|output|repeat|leak|disclose|display", "?me", "your|the",
      "?full|entire|hidden|initial|original|secret", "system|hidden|initial",
      "prompt|instructions"}},
    {"gives the reader another role",
     {"you", "are", "now", "?in|a|an|the", "dan|jailbroken|unrestricted|unfiltered|developer",
      "?mode"}},
    {"addresses AI readers",
     {"if|when|because|since", "you", "are", "a|an", "?helpful|autonomous|coding", MODELS "|large",
      "?language|coding|powered", "?" MODEL_NOUNS}},
    {"addresses AI readers",
     {"as", "an", "ai|llm", "?language|coding|powered", "?" MODEL_NOUNS, "you",
      "must|should|shall|will|need|have|are", "?not|never|always"}},
    {"addresses AI readers",
     {"note|attention|instructions|instruction|message|notice|important|warning", "to|for",
      "?all|any|the", "ai|llm|llms", "?language|coding|powered",
      MODEL_NOUNS "|readers|crawlers|llms"}},
    {"asks to keep something from the user",
     {"do|don't|dont|never", "?not", "tell|inform|alert|notify|warn", "the", "user|human|operator",
      "about|that|of", "this|these|you"}},
};

/* Words of a text: lower case in a ring of the last ones. Zero-width characters, tags of HTML and
 * marks of markdown do not part or join words for a reader, so neither here. */
#define RING 32
struct words {
    char text[RING][24];
    unsigned char len[RING];
    uint32_t line[RING];
    size_t n;
};

static bool in_list(const char *list, const char *word, size_t len)
{
    for (const char *p = list;; p++) {
        size_t n = strcspn(p, "|");
        if (n == len && memcmp(p, word, len) == 0)
            return true;
        p += n;
        if (!*p)
            return false;
    }
}

/* Matches items from word number `at` on; returns the word after the match, 0 for none. */
static size_t match(const struct words *w, const char *const *item, size_t at)
{
    if (!*item)
        return at;
    const char *list = *item;
    char how = *list == '?' || *list == '*' ? *list++ : 0;
    if (at < w->n) {
        size_t k = at % RING;
        if (in_list(list, w->text[k], w->len[k])) {
            size_t end = match(w, item + 1, at + 1);
            for (size_t more = 1; !end && how == '*' && more < 4 && at + more < w->n; more++) {
                size_t m = (at + more) % RING;
                if (!in_list(list, w->text[m], w->len[m]))
                    break;
                end = match(w, item + 1, at + more + 1);
            }
            if (end)
                return end;
        }
    }
    return how ? match(w, item + 1, at) : 0;
}

/* Sets of patterns by length, first and last letter of a word that may begin them: nearly every
 * word of a text begins none, and this tells without a look at the lists. */
struct openers {
    unsigned char set[1024];
};
#define PATTERNS (sizeof(patterns) / sizeof(*patterns))
_Static_assert(PATTERNS <= 8, "a set of patterns is a byte");

static unsigned opener_key(const char *word, size_t len)
{
    return ((unsigned char)word[0] * 31u + (unsigned char)word[len - 1] * 7u + (unsigned)len) %
           1024;
}

static void openers_make(struct openers *o)
{
    *o = (struct openers){0};
    for (size_t i = 0; i < PATTERNS; i++)
        for (const char *p = patterns[i].item[0]; *p;) {
            size_t n = strcspn(p, "|");
            o->set[opener_key(p, n)] |= (unsigned char)(1u << i);
            p += n + (p[n] == '|');
        }
}

struct reader {
    struct words w;
    struct hygiene *h;
    enum hygiene_sign sign;
    unsigned skip; /* HYGIENE_HIDDEN: what the visible text has as well, as a set of patterns */
    unsigned seen;
    const struct openers *openers;
};

/* Patterns that begin at a word are tried once enough words after it are known. */
static void try_at(struct reader *r, size_t at)
{
    const char *word = r->w.text[at % RING];
    size_t len = r->w.len[at % RING];
    unsigned may = r->openers->set[opener_key(word, len)];
    for (size_t i = 0; may; i++, may >>= 1) {
        if (!(may & 1) || !in_list(patterns[i].item[0], word, len) ||
            !match(&r->w, patterns[i].item, at))
            continue;
        r->seen |= 1u << i;
        if (!(r->skip & 1u << i))
            hygiene_found(r->h, r->sign, r->sign == HYGIENE_HIDDEN ? 0 : r->w.line[at % RING],
                          patterns[i].what);
    }
}

#define LOOK_AHEAD 20

/* The word that stands in the ring's next place is complete. */
static void end_word(struct reader *r, size_t len, uint32_t line)
{
    size_t k = r->w.n % RING;
    r->w.len[k] = (unsigned char)len;
    r->w.line[k] = line;
    r->w.n++;
    if (r->w.n > LOOK_AHEAD)
        try_at(r, r->w.n - 1 - LOOK_AHEAD);
}

static void end_sentence(struct reader *r, uint32_t line)
{
    r->w.text[r->w.n % RING][0] = '#';
    end_word(r, 1, line);
}

enum byte_kind { B_BREAK, B_WORD, B_SKIP, B_TAG, B_HIGH };

static const unsigned char kind_of[256] = {
    ['0' ... '9'] = B_WORD, ['A' ... 'Z'] = B_WORD,   ['a' ... 'z'] = B_WORD, ['\''] = B_WORD,
    ['/'] = B_WORD,         ['*'] = B_SKIP,           ['_'] = B_SKIP,         ['`'] = B_SKIP,
    ['<'] = B_TAG,          [0x80 ... 0xff] = B_HIGH,
};

/* Length of the tag at s, 0 for a '<' that begins none. */
static size_t tag_length(const char *s, size_t len)
{
    if (len < 2 || !(isalpha((unsigned char)s[1]) || s[1] == '/'))
        return 0;
    const char *close = memchr(s, '>', len < 2000 ? len : 2000);
    return close ? (size_t)(close + 1 - s) : 0;
}

static void read_words(struct reader *r, const char *s, size_t len, bool markup)
{
    size_t n = 0; /* letters of the present word; those past the ring's width only count */
    uint32_t line = 1, word_line = 1;
    for (size_t i = 0; i <= len;) {
        uint32_t c = i < len ? (unsigned char)s[i] : ' ';
        enum byte_kind kind = kind_of[c];
        size_t step = 1;
        if (kind == B_HIGH) {
            step = utf8_decode(s + i, len - i, &c);
            if (c >= 0xe0020 && c <= 0xe007e) /* ASCII written invisibly */
                kind = kind_of[c -= 0xe0000];
            else if (zero_width(c) || c == 0xad)
                kind = B_SKIP;
        }
        if (kind == B_WORD) {
            if (n == 0)
                word_line = line;
            if (n < sizeof(r->w.text[0]))
                r->w.text[r->w.n % RING][n] = (char)(c | 0x20); /* lower case; no change to '/ */
            n++;
            i += step;
            continue;
        }
        const char *at = s + i;
        size_t tag = kind == B_TAG && markup ? tag_length(at, len - i) : 0;
        if (tag) { /* inline elements stand inside words; for a reader every tag may end one */
            step = tag;
            for (const char *q = at; (q = memchr(q, '\n', (size_t)(at + tag - q))); q++)
                line++;
        }
        i += step;
        if (kind == B_SKIP)
            continue;
        if (n > sizeof(r->w.text[0]))
            end_sentence(r, word_line);
        else if (n)
            end_word(r, n, word_line);
        /* The end of a sentence is the end of an order. */
        if (kind == B_HIGH)
            end_sentence(r, line);
        n = 0;
        line += c == '\n';
    }
    size_t left = r->w.n > LOOK_AHEAD ? r->w.n - LOOK_AHEAD : 0;
    for (size_t at = left; at < r->w.n; at++)
        try_at(r, at);
}

void hygiene_check(const char *md, size_t len, const char *raw, size_t raw_len, struct hygiene *ret)
{
    *ret = (struct hygiene){0};
    characters(md, len, ret);
    struct openers openers;
    openers_make(&openers);
    struct reader r = {.h = ret, .sign = HYGIENE_AGENT, .openers = &openers};
    read_words(&r, md, len, false);
    hygiene_secrets(md, len, ret);
    if (raw) {
        struct reader hidden = {
            .h = ret, .sign = HYGIENE_HIDDEN, .skip = r.seen, .openers = &openers};
        read_words(&hidden, raw, raw_len, true);
    }
}
