/* SPDX-License-Identifier: MIT */
#include "core/text/snippet.h"

#include <stdlib.h>
#include <string.h>

#include "core/text/heading.h"
#include "core/text/token.h"
#include "core/util/hash.h"
#include "core/util/utf8.h"

#define TERMS_MAX 64
#define HITS_MAX 512
#define TEXT_MAX (64u << 10) /* bytes looked at; passages are far shorter */
#define EMPHASIS_MAX 200     /* bytes between the two '_' of emphasis */
#define LINK_MAX 400         /* bytes from '[' to the end of its target */

/* ---- where the query words are ---- */

struct terms {
    uint64_t hash[TERMS_MAX];
    size_t n;
    bool stopwords;  /* the query has nothing else */
    bool first[256]; /* bytes that they begin with: a stem begins as its word does */
};

struct hit {
    size_t start, end;
    unsigned term;
};

struct hits {
    const struct terms *terms;
    struct hit item[HITS_MAX];
    size_t n;
};

static uint64_t stem_hash(const struct token *t)
{
    char word[TOKEN_MAX + 1];
    memcpy(word, t->text, t->len);
    return hash64(word, token_stem(word, t->len), 0);
}

static int add_term(void *arg, const struct token *t)
{
    struct terms *q = arg;
    if (!q->stopwords && token_is_stopword(t->text, t->len))
        return 0;
    uint64_t h = stem_hash(t);
    for (size_t i = 0; i < q->n; i++)
        if (q->hash[i] == h)
            return 0;
    q->hash[q->n++] = h;
    q->first[(unsigned char)*t->text] = true;
    return q->n == TERMS_MAX;
}

static int add_hit(void *arg, const struct token *t)
{
    struct hits *hits = arg;
    if (!hits->terms->first[(unsigned char)*t->text])
        return 0;
    uint64_t h = stem_hash(t);
    for (unsigned i = 0; i < hits->terms->n; i++) {
        if (hits->terms->hash[i] != h)
            continue;
        hits->item[hits->n++] = (struct hit){.start = t->start, .end = t->end, .term = i};
        return hits->n == HITS_MAX;
    }
    return 0;
}

/* The run of hits within span bytes that has the most different words, then the most words; the
 * first such. Returns its first hit and the end of its last one. */
static void densest(const struct hits *hits, size_t span, size_t *ret_start, size_t *ret_end)
{
    unsigned best = 0, count[TERMS_MAX] = {0}, different = 0;
    for (size_t first = 0, last = 0; first < hits->n; first++) {
        const struct hit *f = &hits->item[first];
        while (last < hits->n &&
               (last == first || hits->item[last].end <= f->start + span)) /* parts may go back */
            different += !count[hits->item[last++].term]++;
        unsigned words = (unsigned)(last - first);
        unsigned score = different * HITS_MAX + (words < HITS_MAX ? words : HITS_MAX - 1);
        if (score > best) {
            best = score;
            *ret_start = f->start;
            *ret_end = hits->item[last - 1].end;
        }
        different -= !--count[f->term];
    }
}

/* ---- where to begin ---- */

static size_t line_start(const char *s, size_t at)
{
    while (at && s[at - 1] != '\n')
        at--;
    return at;
}

/* The best readable beginning in [from, to]: a line after a blank line or at the top, a line, a
 * sentence, a word; the earliest of the best kind but for words, where it is the first. */
static size_t readable_start(const char *s, size_t from, size_t to)
{
    size_t sentence = to + 1, word = to + 1, line = to + 1;
    for (size_t i = from; i <= to; i++) {
        if (!i || (s[i - 1] == '\n' && (i < 2 || s[i - 2] == '\n')))
            return i;
        if (s[i - 1] == '\n' && line > to)
            line = i;
        if (s[i - 1] == ' ' && i > 1 && strchr(".!?", s[i - 2]) && s[i - 2] && sentence > to)
            sentence = i;
        if (blank_byte(s[i - 1]) && word > to)
            word = i;
    }
    return sentence <= to ? sentence : line <= to ? line : word <= to ? word : to;
}

/* Hits in the headings at the top count only when there are no others. */
static void drop_hits_before(struct hits *hits, size_t body)
{
    size_t n = 0;
    for (size_t i = 0; i < hits->n; i++)
        if (hits->item[i].start >= body)
            hits->item[n++] = hits->item[i];
    if (n)
        hits->n = n;
}

/* After the headings that stand at the top: the hit shows them already. */
static size_t skip_headings(const char *s, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *nl = memchr(s + at, '\n', len - at);
        size_t end = nl ? (size_t)(nl - s) : len, from, n;
        if (!heading_atx(s + at, end - at, &from, &n) && line_indent(s + at, end - at) < end - at)
            return at;
        at = end + 1;
    }
    return 0; /* nothing but headings */
}

/* ---- writing ---- */

struct writer {
    struct buf *out;
    size_t base, max;
    size_t word_end; /* length of out after its last whole word */
    bool gap, full;
};

static void put(struct writer *w, const char *s, size_t n)
{
    size_t used = w->out->len - w->base;
    if (w->full || used + n + (w->gap && used) > w->max) {
        w->full = true;
        return;
    }
    if (w->gap && used)
        buf_addc(w->out, ' ');
    w->gap = false;
    buf_add(w->out, s, n);
}

/* Letters and digits in a row, of which as many are shown as there is room for. */
static void put_run(struct writer *w, const char *s, size_t n)
{
    size_t used = w->out->len - w->base, room = w->max > used ? w->max - used : 0,
           blank = w->gap && used;
    put(w, s, n + blank > room && room > blank ? room - blank : n);
    w->full |= n + blank > room;
}

static void put_blank(struct writer *w)
{
    if (!w->gap && !w->full)
        w->word_end = w->out->len;
    w->gap = true;
}

/* Control characters and those that change the direction of text are for nobody's terminal. */
static bool hidden(uint32_t c)
{
    return c == 0x7f || (c >= 0x80 && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
           (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff ||
           c == 0xfffd;
}

/* s[0] is '[': the lengths of the link's text and of the whole link, or false. */
static bool link_at(const char *s, size_t len, size_t *ret_text, size_t *ret_all)
{
    if (len > LINK_MAX)
        len = LINK_MAX;
    const char *close = memchr(s, ']', len);
    if (!close || (size_t)(close - s) + 1 >= len || close[1] != '(')
        return false;
    const char *end = memchr(close, ')', len - (size_t)(close - s));
    if (!end)
        return false;
    *ret_text = (size_t)(close - s) - 1;
    *ret_all = (size_t)(end - s) + 1;
    return true;
}

/* Is the '*' at i emphasis, not a product, a list mark or a pointer standing alone? */
static bool is_emphasis(const char *s, size_t len, size_t i)
{
    return (i && !blank_byte(s[i - 1])) || (i + 1 < len && !blank_byte(s[i + 1]));
}

static bool word_byte(unsigned char c)
{
    return c == '_' || c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

/* s[i] is '_': where the emphasis ends that it begins; 0 in names (snake_case, __init__). */
static size_t emphasis_end(const char *s, size_t len, size_t i)
{
    if ((i && word_byte((unsigned char)s[i - 1])) || i + 2 >= len || blank_byte(s[i + 1]) ||
        s[i + 1] == '_')
        return 0;
    for (size_t end = i + 2; end < len && end < i + EMPHASIS_MAX && s[end] != '`'; end++)
        if (s[end] == '_' && !blank_byte(s[end - 1]) &&
            (end + 1 == len || !word_byte((unsigned char)s[end + 1])))
            return end;
    return 0;
}

static size_t letters_at(const char *s, size_t len)
{
    size_t n = 0;
    while (n < len && ((s[n] >= '0' && s[n] <= '9') || ((s[n] | 32) >= 'a' && (s[n] | 32) <= 'z')))
        n++;
    return n;
}

/* links: there may be some; none stands within another one */
static void write_text(struct writer *w, const char *s, size_t len, bool code, bool links)
{
    bool span = false;  /* in `code` */
    size_t close = len; /* the '_' that ends emphasis */
    for (size_t i = 0; i < len && !w->full;) {
        uint32_t c;
        size_t n = letters_at(s + i, len - i), text, all, end;
        if (n) {
            put_run(w, s + i, n);
            i += n;
            continue;
        }
        n = utf8_decode(s + i, len - i, &c);
        if (c <= ' ' || c == 0xa0) {
            put_blank(w);
        } else if (links && !code && !span && c == '[' && link_at(s + i, len - i, &text, &all)) {
            write_text(w, s + i + 1, text, false, false);
            n = all;
        } else if (!code && !span && c == '*' && is_emphasis(s, len, i)) {
            n = 1;
        } else if (!code && !span && c == '_' && i == close) {
            close = len;
        } else if (!code && !span && c == '_' && close == len && (end = emphasis_end(s, len, i))) {
            close = end;
        } else if (!code && !span && c == '\\' && i + 1 < len &&
                   strchr("\\`*_{}[]<>()#+-.!|~&", s[i + 1]) && s[i + 1]) {
            put(w, s + i + 1, 1);
            n = 2;
        } else if (!hidden(c)) {
            span ^= c == '`';
            put(w, s + i, n);
        }
        i += n;
    }
}

/* Rules, table delimiters and heading underlines. */
static bool is_drawing(const char *s, size_t len)
{
    size_t i = line_indent(s, len), from = i;
    while (i < len && strchr("-=|: \t\r", s[i]) && s[i])
        i++;
    return i == len && i > from;
}

/* Bytes of "## " and "> " before the text of a line. */
static size_t line_marks(const char *s, size_t len)
{
    size_t from, n, i = line_indent(s, len);
    if (heading_atx(s, len, &from, &n))
        return from;
    while (i < len && s[i] == '>')
        i += 1 + line_indent(s + i + 1, len - i - 1);
    return i;
}

/* Writes from start on; returns where the first byte shown stands. */
static size_t write_lines(struct writer *w, const char *s, size_t len, size_t start)
{
    struct fence fence = {0};
    size_t shown = start;
    for (size_t at = 0; at < len && !w->full;) {
        const char *nl = memchr(s + at, '\n', len - at);
        size_t end = nl ? (size_t)(nl - s) : len, n = end - at;
        bool marks = fence_line(&fence, s + at, n);
        if (end > start && !marks && (fence.mark || !is_drawing(s + at, n))) {
            size_t from = at + (fence.mark ? 0 : line_marks(s + at, n));
            if (from < start)
                from = start;
            bool empty = w->out->len == w->base;
            put_blank(w);
            write_text(w, s + from, end - from, fence.mark, true);
            if (empty && w->out->len > w->base)
                shown = from;
        }
        at = end + 1;
    }
    return shown;
}

void snippet_make(const char *text, size_t len, const char *query, size_t max, struct buf *out,
                  uint32_t *ret_line)
{
    *ret_line = 0;
    if (len > TEXT_MAX)
        len = utf8_cut(text, len, TEXT_MAX);
    struct terms terms = {.n = 0};
    token_each(query, strlen(query), add_term, &terms);
    if (!terms.n) {
        terms.stopwords = true;
        token_each(query, strlen(query), add_term, &terms);
    }
    struct hits hits = {.terms = &terms};
    if (terms.n)
        token_each(text, len, add_hit, &hits);

    size_t start = skip_headings(text, len);
    drop_hits_before(&hits, start);
    if (hits.n && len > max) {
        size_t first = 0, last = 0;
        densest(&hits, max - max / 5, &first, &last);
        size_t span = last > first ? last - first : 0, before = span < max ? (max - span) / 2 : 0;
        size_t from = first > before ? first - before : 0;
        if (len - from < max) /* near the end: show what comes before instead of nothing */
            from = len - max;
        start = readable_start(text, from > start || first < start ? from : start, first);
    } else if (hits.n) {
        start = hits.item[0].start < start ? line_start(text, hits.item[0].start) : start;
    }
    struct writer w = {.out = out, .base = out->len, .max = max, .word_end = out->len};
    size_t shown = write_lines(&w, text, len, start);
    if (w.full && w.word_end > w.base)
        buf_truncate(out, w.word_end);
    for (size_t i = 0; i < shown; i++)
        *ret_line += text[i] == '\n';
}
