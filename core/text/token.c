/* SPDX-License-Identifier: MIT */
#include "core/text/token.h"

#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include "core/util/utf8.h"

/* ASCII is table driven and never reaches libutf8proc: that is where nearly all bytes are. */
enum { LOWER = 1, UPPER = 2, DIGIT = 4, UNDER = 8, JOIN = 16, HIGH = 32, OPENER = 64 };
#define ALNUM (LOWER | UPPER | DIGIT)

static const uint8_t class_of[256] = {
    ['a' ... 'z'] = LOWER,
    ['A' ... 'Z'] = UPPER,
    ['0' ... '9'] = DIGIT,
    [0x80 ... 0xff] = HIGH,
    ['_'] = UNDER,
    ['.'] = JOIN,
    ['-'] = JOIN,
    [':'] = JOIN,
    /* a sign before a word counts only after one of these */
    ['\t'] = OPENER,
    ['\n'] = OPENER,
    ['\r'] = OPENER,
    [' '] = OPENER,
    ['('] = OPENER,
    ['['] = OPENER,
    ['{'] = OPENER,
    ['<'] = OPENER,
    ['|'] = OPENER,
    [','] = OPENER,
    ['='] = OPENER,
    ['/'] = OPENER,
    ['*'] = OPENER,
    ['"'] = OPENER,
    ['\''] = OPENER,
    ['`'] = OPENER,
};

enum high_kind { HIGH_OTHER, HIGH_WORD, HIGH_SINGLE /* a script written without blanks */ };

struct scan {
    const unsigned char *s;
    size_t len;
    token_fn *fn;
    void *arg;
    size_t whole_len;
    unsigned parts;
    bool has_high; /* the present identifier has non-ASCII letters */
    char whole[TOKEN_MAX + 1];
    char part[TOKEN_MAX + 1];
};

static bool single_script(uint32_t c)
{
    return (c >= 0x0e00 && c <= 0x0eff) || /* Thai, Lao */
           (c >= 0x1000 && c <= 0x109f) || /* Myanmar */
           (c >= 0x1780 && c <= 0x17ff) || /* Khmer */
           (c >= 0x3005 && c <= 0x30ff) || /* kana */
           (c >= 0x31f0 && c <= 0x31ff) || /* kana extensions */
           (c >= 0x3400 && c <= 0x9fff) || /* Han */
           (c >= 0xf900 && c <= 0xfaff) || /* Han compatibility */
           (c >= 0x20000 && c <= 0x3ffff); /* Han extensions */
}

/* Soft hyphen and the joiners live inside words and mean nothing. */
static bool ignorable(uint32_t c)
{
    return c == 0xad || c == 0x200c || c == 0x200d;
}

static bool mark(uint32_t c)
{
    utf8proc_category_t k = utf8proc_category((utf8proc_int32_t)c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ME;
}

static enum high_kind high_kind(uint32_t c)
{
    if (ignorable(c))
        return HIGH_WORD;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return single_script(c) ? HIGH_SINGLE : HIGH_WORD;
    default:
        return HIGH_OTHER;
    }
}

/* Folds one code point into out (room for the longest folding); returns the bytes written. */
static size_t fold_high(uint32_t c, char out[static 32])
{
    if (ignorable(c))
        return 0;
    /* Accents only go where they are decoration; in Indic or Cyrillic words marks are letters. */
    bool strip = (c >= 0xc0 && c <= 0x3ff) || (c >= 0x1e00 && c <= 0x1fff) || c >= 0xfb00;
    unsigned opt = UTF8PROC_CASEFOLD | (strip ? UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT : 0);
    utf8proc_int32_t cps[8];
    int last_class = 0;
    utf8proc_ssize_t n =
        utf8proc_decompose_char((utf8proc_int32_t)c, cps, 8, (utf8proc_option_t)opt, &last_class);
    size_t len = 0;
    for (utf8proc_ssize_t i = 0; i < n && i < 8; i++)
        if (cps[i] < 0x300 || cps[i] > 0x36f)
            len += (size_t)utf8proc_encode_char(cps[i], (utf8proc_uint8_t *)out + len);
    return len;
}

static size_t fold_mixed(const unsigned char *s, size_t len, char out[static TOKEN_MAX + 1])
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < TOKEN_MAX;) {
        char piece[32];
        size_t add = 1;
        if (class_of[s[i]] & HIGH) {
            uint32_t c;
            i += utf8_decode((const char *)s + i, len - i, &c);
            add = fold_high(c, piece);
        } else {
            piece[0] = (char)(class_of[s[i]] & UPPER ? s[i] | 0x20 : s[i]);
            i++;
        }
        if (n + add > TOKEN_MAX)
            break;
        memcpy(out + n, piece, add);
        n += add;
    }
    out[n] = '\0';
    return n;
}

static inline size_t fold_ascii(const unsigned char *s, size_t len, char out[static TOKEN_MAX + 1])
{
    size_t n = len < TOKEN_MAX ? len : TOKEN_MAX;
    for (size_t i = 0; i < n; i++)
        out[i] = (char)(s[i] | (class_of[s[i]] & UPPER ? 0x20 : 0));
    out[n] = '\0';
    return n;
}

static int emit_whole(struct scan *z, size_t start, size_t end)
{
    z->whole_len = z->has_high ? fold_mixed(z->s + start, end - start, z->whole)
                               : fold_ascii(z->s + start, end - start, z->whole);
    if (!z->whole_len)
        return 0;
    struct token t = {.text = z->whole, .len = z->whole_len, .start = start, .end = end};
    return z->fn(z->arg, &t);
}

static int emit_part(struct scan *z, size_t start, size_t end)
{
    if (end - start < 2 || z->parts >= TOKEN_PARTS_MAX)
        return 0;
    if (end - start < 3) {
        size_t i = start;
        while (i < end && class_of[z->s[i]] & DIGIT)
            i++;
        if (i == end)
            return 0;
    }
    size_t n = z->has_high ? fold_mixed(z->s + start, end - start, z->part)
                           : fold_ascii(z->s + start, end - start, z->part);
    if (n < 2 || (n == z->whole_len && !memcmp(z->part, z->whole, n)))
        return 0;
    z->parts++;
    struct token t = {.text = z->part, .len = n, .start = start, .end = end, .part = true};
    return z->fn(z->arg, &t);
}

/* True when a new word of a camelCase or HTTPServer identifier begins at i. */
static bool camel_boundary(const unsigned char *s, size_t i, size_t end)
{
    if (!(class_of[s[i]] & UPPER))
        return false;
    if (class_of[s[i - 1]] & (LOWER | DIGIT))
        return true;
    /* two lower-case letters must follow, else the plural "URLs" would be cut */
    return class_of[s[i - 1]] & UPPER && i + 2 < end && class_of[s[i + 1]] & LOWER &&
           class_of[s[i + 2]] & LOWER;
}

static int emit_camel(struct scan *z, size_t start, size_t end)
{
    size_t from = start;
    int r = 0;
    for (size_t i = start + 1; i < end && !r && z->parts < TOKEN_PARTS_MAX; i++) {
        if (camel_boundary(z->s, i, end)) {
            r = emit_part(z, from, i);
            from = i;
        }
    }
    return r || from == start ? r : emit_part(z, from, end);
}

/* The parts of the identifier [start, end); whole is its token's range, wider by its signs. */
static int emit_parts(struct scan *z, size_t start, size_t end, bool is_signed, bool upper)
{
    int r = is_signed ? emit_part(z, start, end) : 0;
    unsigned seen = 0;
    for (size_t i = start; i < end && !(seen & (LOWER | UPPER | HIGH)); i++)
        seen |= class_of[z->s[i]];
    if (!(seen & (LOWER | UPPER | HIGH)) && memchr(z->s + start, '.', end - start))
        return r; /* 3.11.2 */
    for (size_t from = start; from < end && !r && z->parts < TOKEN_PARTS_MAX;) {
        size_t to = from;
        while (to < end && !(class_of[z->s[to]] & (JOIN | UNDER)))
            to++;
        if (from != start || to != end) /* else it is the whole, or its bare form above */
            r = emit_part(z, from, to);
        if (!r && upper)
            r = emit_camel(z, from, to);
        from = to + 1;
    }
    return r;
}

static bool word_at(const struct scan *z, size_t i)
{
    if (i >= z->len)
        return false;
    unsigned c = class_of[z->s[i]];
    if (!(c & HIGH))
        return c & (ALNUM | UNDER);
    uint32_t cp;
    utf8_decode((const char *)z->s + i, z->len - i, &cp);
    return high_kind(cp) == HIGH_WORD && !ignorable(cp);
}

/* End of the identifier at i; *ret_seen gets the classes met after its first byte. */
static size_t identifier_end(struct scan *z, size_t i, unsigned *ret_seen)
{
    const unsigned char *s = z->s;
    size_t e = i;
    unsigned seen = 0;
    for (;;) {
        while (e < z->len && class_of[s[e]] & (ALNUM | UNDER))
            seen |= e++ == i ? 0 : class_of[s[e - 1]];
        if (e >= z->len)
            break;
        unsigned c = class_of[s[e]];
        if (c & HIGH) {
            uint32_t cp;
            size_t n = utf8_decode((const char *)s + e, z->len - e, &cp);
            if (high_kind(cp) != HIGH_WORD)
                break;
            z->has_high = true;
            seen |= HIGH;
            e += n;
            continue;
        }
        size_t n = s[e] == ':' ? 2 : 1;
        if (!(c & JOIN) || e == i || (n == 2 && (e + 1 >= z->len || s[e + 1] != ':')) ||
            !word_at(z, e + n))
            break;
        seen |= JOIN;
        e += n;
    }
    *ret_seen = seen;
    return e;
}

/* "c++", "c++11", "f#": the end including the sign, or e. */
static size_t sign_suffix(const struct scan *z, size_t start, size_t e)
{
    const unsigned char *s = z->s;
    if (e >= z->len || !(class_of[s[e - 1]] & (LOWER | UPPER)))
        return e;
    if (s[e] == '#' && e - start == 1 && !word_at(z, e + 1))
        return e + 1;
    if (s[e] != '+' || e + 1 >= z->len || s[e + 1] != '+')
        return e;
    if (!word_at(z, e + 2))
        return e + 2 < z->len && s[e + 2] == '+' ? e : e + 2;
    size_t n = e + 2;
    if (e - start != 1 || !(class_of[s[n]] & DIGIT))
        return e;
    while (n < z->len && class_of[s[n]] & (LOWER | DIGIT))
        n++;
    return n;
}

/* Start of the token whose first letter is at i, with "--", "-" or "." in front when they are part
 * of a name. */
static size_t sign_prefix(const struct scan *z, size_t i)
{
    const unsigned char *s = z->s;
    if (!i || (s[i - 1] != '-' && s[i - 1] != '.') || class_of[s[i]] & (DIGIT | UNDER))
        return i;
    size_t p = i - 1;
    if (s[p] == '-' && p && s[p - 1] == '-')
        p--;
    return !p || class_of[s[p - 1]] & OPENER ? p : i;
}

/* Skips "'s", "n't", "'ll" ... at i. */
static size_t skip_contraction(const struct scan *z, size_t i)
{
    const unsigned char *s = z->s;
    size_t n = i;
    if (i < z->len && s[i] == '\'')
        n = i + 1;
    else if (i + 2 < z->len && !memcmp(s + i, "\xe2\x80\x99", 3))
        n = i + 3;
    if (n == i || n >= z->len)
        return i;
    size_t e = n;
    while (e < z->len && e - n < 3 && class_of[s[e]] & (LOWER | UPPER))
        e++;
    char a = (char)(s[n] | 0x20), b = (char)(e - n == 2 ? s[n + 1] | 0x20 : 0);
    bool is = e - n == 1 ? strchr("stdm", a) != NULL
                         : (a == 'l' && b == 'l') || ((a == 'r' || a == 'v') && b == 'e');
    return is && e > n && !word_at(z, e) ? e : i;
}

static int identifier(struct scan *z, size_t *at)
{
    const unsigned char *s = z->s;
    size_t first = *at;
    if (s[first] == '_') { /* "_em_" loses it, "__init__" does not */
        size_t n = first;
        while (n < z->len && s[n] == '_')
            n++;
        if (n - first == 1 || !word_at(z, n)) {
            *at = n;
            return 0;
        }
    }
    unsigned seen;
    z->has_high = class_of[s[first]] & HIGH;
    size_t e = identifier_end(z, first, &seen), next = e;
    if (!(seen & ~(unsigned)LOWER) && !z->has_high && (e >= z->len || class_of[s[e]] & OPENER) &&
        (!first || class_of[s[first - 1]] & OPENER)) { /* a plain word, before anything else */
        *at = e < z->len && s[e] == '\'' ? skip_contraction(z, e) : e;
        return emit_whole(z, first, e);
    }
    if (s[e - 1] == '_' && e - first > 1 && s[e - 2] != '_')
        e--;
    while (e > first && class_of[s[e - 1]] & JOIN)
        e--;
    size_t start = sign_prefix(z, first), end = e;
    if (e == next)
        next = end = sign_suffix(z, first, e);
    *at = skip_contraction(z, next);
    int r = emit_whole(z, start, end);
    bool is_signed = start != first || end != e, upper = seen & UPPER;
    if (r || !z->whole_len || (!is_signed && !upper && !(seen & (JOIN | UNDER))))
        return r;
    z->parts = 0;
    if (end > e + 2) /* c++ of c++11 */
        r = emit_part(z, first, e + 2);
    return r ? r : emit_parts(z, first, e, is_signed, upper);
}

static int high_start(struct scan *z, size_t *at)
{
    uint32_t cp;
    size_t n = utf8_decode((const char *)z->s + *at, z->len - *at, &cp);
    switch (high_kind(cp)) {
    case HIGH_WORD:
        return identifier(z, at);
    case HIGH_OTHER:
        *at += n;
        return 0;
    default:
        break;
    }
    size_t start = *at, e = start + n;
    while (e < z->len && class_of[z->s[e]] & HIGH) { /* vowel signs and tone marks */
        size_t m = utf8_decode((const char *)z->s + e, z->len - e, &cp);
        if (!mark(cp))
            break;
        e += m;
    }
    z->has_high = true;
    *at = e;
    return emit_whole(z, start, e);
}

int token_each(const char *text, size_t len, token_fn *fn, void *arg)
{
    struct scan z = {.s = (const unsigned char *)text, .len = len, .fn = fn, .arg = arg};
    for (size_t i = 0; i < len;) {
        unsigned c = class_of[z.s[i]];
        int r = 0;
        if (c & (ALNUM | UNDER))
            r = identifier(&z, &i);
        else if (c & HIGH)
            r = high_start(&z, &i);
        else
            i++;
        if (r)
            return r;
    }
    return 0;
}
