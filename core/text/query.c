/* SPDX-License-Identifier: MIT */
#include "core/text/query.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "core/text/query_filters.h"
#include "core/text/token.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"
#include "core/util/hash.h"
#include "core/util/order.h"

struct parse {
    const char *s; /* NFC, single blanks between words, none at the ends */
    size_t len;
    struct query *q;
    struct buf text;  /* what is embedded */
    struct buf shown; /* the same with its quotes, for the canonical form */
    struct docfs_err *err;
};

static void parse_fini(struct parse *p)
{
    buf_fini(&p->text);
    buf_fini(&p->shown);
}

static bool alnum_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c & 0x80;
}

/* ---- the bytes of a directory name -> query text ---- */

static bool all_escapes_valid(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (s[i] == '%' && (i + 2 >= len || hex_value(s[i + 1]) < 0 || hex_value(s[i + 2]) < 0))
            return false;
    return true;
}

/* A shell that finds no match passes its glob on as it is; but a glob at the end of path= is
 * meant. */
static size_t drop_glob(const char *s, size_t len)
{
    if (len < 2 || (s[len - 1] != '*' && s[len - 1] != '?'))
        return len;
    size_t word = len;
    while (word && s[word - 1] != ' ')
        word--;
    bool path = len - word > 5 && !memcmp(s + word, "path", 4) &&
                (s[word + 4] == '=' || s[word + 4] == ':');
    return path ? len : len - 1;
}

static void decode_name(const char *s, size_t len, struct buf *out)
{
    len = drop_glob(s, len);
    bool escapes = memchr(s, '%', len) && all_escapes_valid(s, len);
    bool plus = !memchr(s, ' ', len) && !(escapes && memmem(s, len, "%20", 3));
    for (size_t i = 0; i < len; i++) {
        if (escapes && s[i] == '%') {
            buf_addc(out, (char)(hex_value(s[i + 1]) << 4 | hex_value(s[i + 2])));
            i += 2;
        } else if (plus && s[i] == '+' && i && i + 1 < len && alnum_byte(s[i - 1]) &&
                   alnum_byte(s[i + 1])) {
            buf_addc(out, ' ');
        } else {
            buf_addc(out, s[i]);
        }
    }
}

/* ---- normal form ---- */

static bool is_blank(uint32_t c)
{
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return false;
    }
}

/* Blanks and control characters collapse; typographic quotes become plain ones. */
static void collapse(const char *s, size_t len, bool quotes, struct buf *out)
{
    bool gap = false;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = utf8_decode(s + i, len - i, &c);
        if (c == 0xfeff || is_blank(c)) {
            gap = out->len > 0;
        } else {
            if (gap)
                buf_addc(out, ' ');
            gap = false;
            if (quotes && (c == 0x201c || c == 0x201d))
                buf_addc(out, '"');
            else
                buf_add(out, s + i, n);
        }
        i += n;
    }
}

static char *fold(const char *s, size_t len)
{
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, &out,
                                      UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
    if (n < 0) {
        free(out);
        return NULL;
    }
    return (char *)out;
}

/* ---- terms ---- */

static int any_word(void *arg, const struct token *t)
{
    return 1;
}

/* Signs alone ("&&") are in no index: they can be neither asked for nor left out. */
static int add_term(struct parse *p, char ***list, size_t *n, const char *s, size_t len)
{
    if (!token_each(s, len, any_word, NULL))
        return 0;
    if (p->q->n_phrase + p->q->n_exclude >= QUERY_TERMS_MAX)
        return err_set(p->err, -EINVAL, "more than %d phrases and exclusions in one query",
                       QUERY_TERMS_MAX);
    char **grown = realloc(*list, (*n + 1) * sizeof(*grown));
    if (!grown)
        return err_oom(p->err);
    *list = grown;
    if (!(grown[*n] = strndup(s, len)))
        return err_oom(p->err);
    ++*n;
    return 0;
}

static void add_text(struct parse *p, const char *s, size_t len, const char *quote)
{
    if (p->text.len) {
        buf_addc(&p->text, ' ');
        buf_addc(&p->shown, ' ');
    }
    buf_add(&p->text, s, len);
    buf_adds(&p->shown, quote);
    buf_add(&p->shown, s, len);
    buf_adds(&p->shown, quote);
}

/* Content of the quotes that open at i; *ret_end is after the closing one. False: not closed. */
static bool quoted(const struct parse *p, size_t i, size_t *ret_from, size_t *ret_len,
                   size_t *ret_end)
{
    const char *close = memchr(p->s + i + 1, '"', p->len - i - 1);
    if (!close)
        return false;
    size_t from = i + 1, to = (size_t)(close - p->s);
    *ret_end = to + 1;
    while (from < to && p->s[from] == ' ')
        from++;
    while (to > from && p->s[to - 1] == ' ')
        to--;
    *ret_from = from;
    *ret_len = to - from;
    return true;
}

static size_t word_end(const struct parse *p, size_t i)
{
    const char *blank = memchr(p->s + i, ' ', p->len - i);
    return blank ? (size_t)(blank - p->s) : p->len;
}

/* A filter at *at? 1 = taken, 0 = no, or an error. With ':' a value that does not fit is prose
 * ("type: ignore", "after:effects", "path::new"); with '=' or quotes it is a mistake to tell. */
static int take_filter(struct parse *p, size_t *at)
{
    size_t i = *at, k = i;
    while (k < p->len && k - i < 8 && alnum_byte(p->s[k]))
        k++;
    if (k >= p->len || (p->s[k] != '=' && p->s[k] != ':'))
        return 0;
    int f = query_filter_find(p->s + i, k - i);
    if (f < 0)
        return 0;
    size_t from = k + 1, len, end;
    bool in_quotes = from < p->len && p->s[from] == '"';
    if (in_quotes) {
        if (!quoted(p, from, &from, &len, &end))
            return err_set(p->err, -EINVAL, "%.*s: the quote after it is not closed",
                           (int)(k + 1 - i), p->s + i);
    } else {
        end = word_end(p, i);
        len = end - from;
    }
    bool prose = p->s[k] == ':' && !in_quotes;
    int r = prose && (!len || p->s[from] == ':')
                ? -EINVAL
                : query_filter_set(p->q, f, p->s + from, len, prose ? NULL : p->err);
    if (r == -EINVAL && prose)
        return 0;
    if (r)
        return r;
    *at = end;
    return 1;
}

/* An exclusion at *at? "-word" has two letters at least and no second '-': documentation is full
 * of options. */
static int take_exclusion(struct parse *p, size_t *at)
{
    size_t from = *at + 1, len, end;
    if (p->s[*at] != '-' || from >= p->len)
        return 0;
    if (p->s[from] == '"') {
        if (!quoted(p, from, &from, &len, &end))
            return 0;
    } else {
        end = word_end(p, from);
        len = end - from;
        if (!alnum_byte(p->s[from]) || len < 2)
            return 0;
    }
    *at = end;
    if (!len)
        return 1;
    int r = add_term(p, &p->q->exclude, &p->q->n_exclude, p->s + from, len);
    return r ? r : 1;
}

static int take_term(struct parse *p, size_t *at)
{
    size_t i = *at, from, len, end;
    int r = take_filter(p, at);
    if (!r)
        r = take_exclusion(p, at);
    if (r)
        return r < 0 ? r : 0;
    if (p->s[i] == '"' && quoted(p, i, &from, &len, &end)) {
        *at = end;
        if (!len)
            return 0;
        add_text(p, p->s + from, len, "\"");
        return add_term(p, &p->q->phrase, &p->q->n_phrase, p->s + from, len);
    }
    /* An unclosed quote is noise, and so is a '=' that would make the rest raw when the canonical
     * form is parsed again. */
    if (p->s[i] == '"' || (p->s[i] == '=' && !p->text.len)) {
        *at = i + 1;
        return 0;
    }
    if (p->s[i] == '-' && i + 1 < p->len && p->s[i + 1] == '"') {
        *at = i + 2;
        return 0;
    }
    *at = word_end(p, i);
    add_text(p, p->s + i, *at - i, "");
    return 0;
}

/* Folded text, folded exclusions in order and without doubles, filters in order. */
static int write_canonical(struct parse *p, struct buf *out)
{
    struct query *q = p->q;
    _cleanup_free_ char *shown = fold(buf_text(&p->shown), p->shown.len);
    if (!shown)
        return err_oom(p->err);
    if (q->raw) /* what comes behind the '=' is all text */
        query_filters_write(q, out);
    buf_adds(out, !q->raw ? "" : out->len ? " =" : "=");
    buf_adds(out, shown);
    char *folded[QUERY_TERMS_MAX];
    size_t n = 0;
    for (; n < q->n_exclude; n++)
        if (!(folded[n] = fold(q->exclude[n], strlen(q->exclude[n]))))
            break;
    bool complete = n == q->n_exclude;
    qsort(folded, n, sizeof(*folded), by_text);
    for (size_t i = 0; i < n; i++) {
        const char *quote = strchr(folded[i], '"') ? "" : "\"";
        if (!i || strcmp(folded[i], folded[i - 1]))
            buf_addf(out, " -%s%s%s", quote, folded[i], quote);
    }
    for (size_t i = 0; i < n; i++)
        free(folded[i]);
    if (!q->raw)
        query_filters_write(q, out);
    return complete && !buf_status(out) ? 0 : err_oom(p->err);
}

static int parse_terms(struct parse *p, const char *s)
{
    p->s = s;
    p->len = strlen(s);
    for (size_t at = 0; at < p->len;) {
        if (p->s[at] == ' ') {
            at++;
            continue;
        }
        int r = take_term(p, &at);
        if (r)
            return r;
    }
    return 0;
}

static int check_any(const struct parse *p)
{
    _cleanup_buf_ struct buf filters = {0};
    query_filters_write(p->q, &filters); /* min=0 selects nothing */
    if (p->text.len || (filters.len && !p->q->raw))
        return 0;
    return err_set(p->err, -EINVAL,
                   p->q->raw         ? "the query is empty: '=' must be followed by text"
                   : p->q->n_exclude ? "the query only excludes words: add one to look for"
                                     : "the query is empty");
}

static int parse_normal(struct query *q, const char *s, const char *filters, struct docfs_err *err)
{
    _cleanup_(parse_fini) struct parse p = {.q = q, .err = err};
    int r = 0;
    if (q->raw)
        add_text(&p, s, strlen(s), "");
    else
        r = parse_terms(&p, s);
    if (!r)
        r = parse_terms(&p, filters);
    if (!r)
        r = check_any(&p);
    if (r)
        return r;
    _cleanup_buf_ struct buf canonical = {0};
    r = write_canonical(&p, &canonical);
    if (r)
        return r;
    if (buf_status(&p.text) || buf_status(&p.shown))
        return err_oom(err);
    q->text = buf_steal(&p.text, NULL);
    char *all = buf_steal(&canonical, NULL);
    q->canonical = all ? strdup(all + (*all == ' ')) : NULL;
    free(all);
    return q->text && q->canonical ? 0 : err_oom(err);
}

/* NFC, blanks collapsed. */
static int normal(const char *s, size_t len, bool quotes, char **ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf plain = {0};
    if (!utf8_valid(s, len))
        return err_set(err, -EILSEQ, "the query is not valid UTF-8");
    collapse(s, len, quotes, &plain);
    *ret = buf_status(&plain) ? NULL : utf8_nfc(buf_text(&plain), plain.len);
    return *ret ? 0 : err_oom(err);
}

#define PASTED_LINES 3 /* fewer may be a question that was wrapped */

/* Text such as a stack trace: its quotes, signs and colons are no grammar. */
static bool was_pasted(const char *s, size_t len)
{
    size_t lines = 0;
    bool blank = true;
    for (size_t i = 0; i < len; i++) {
        lines += blank && (unsigned char)s[i] > ' ';
        blank = s[i] == '\n' || (blank && (unsigned char)s[i] <= ' ');
    }
    return lines >= PASTED_LINES;
}

static int parse(const char *text, size_t len, const char *filters, bool from_name,
                 struct query **ret, struct docfs_err *err)
{
    size_t filters_len = strlen(filters), most = len > filters_len ? len : filters_len;
    if (most > QUERY_MAX)
        return err_set(err, -ENAMETOOLONG, "the query has %zu bytes, at most %d are taken", most,
                       QUERY_MAX);
    _cleanup_buf_ struct buf decoded = {0};
    if (from_name)
        decode_name(text, len, &decoded);
    else
        buf_add(&decoded, text, len);
    if (buf_status(&decoded))
        return err_oom(err);

    size_t i = 0;
    while (i < decoded.len && (unsigned char)decoded.data[i] <= ' ')
        i++;
    _cleanup_(query_freep) struct query *q = calloc(1, sizeof(*q));
    if (!q)
        return err_oom(err);
    bool mark = i < decoded.len && decoded.data[i] == '=';
    i += mark;
    q->raw = mark || was_pasted(buf_text(&decoded) + i, decoded.len - i);
    _cleanup_free_ char *words = NULL, *more = NULL;
    int r = normal(buf_text(&decoded) + i, decoded.len - i, !q->raw, &words, err);
    if (!r)
        r = normal(filters, filters_len, true, &more, err);
    if (!r)
        r = parse_normal(q, words, more, err);
    if (r)
        return r;
    *ret = steal_ptr(q);
    return 0;
}

int query_parse(const char *text, size_t len, bool from_name, struct query **ret,
                struct docfs_err *err)
{
    return parse(text, len, "", from_name, ret, err);
}

int query_parse_with(const char *text, size_t len, const char *filters, struct query **ret,
                     struct docfs_err *err)
{
    return parse(text, len, filters, false, ret, err);
}

static void free_list(char **list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        free(list[i]);
    free(list);
}

void query_free(struct query *q)
{
    if (!q)
        return;
    free_list(q->phrase, q->n_phrase);
    free_list(q->exclude, q->n_exclude);
    free_list(q->in, q->n_in);
    free(q->text);
    free(q->path);
    free(q->lang);
    free(q->ext);
    free(q->type);
    free(q->canonical);
    free(q);
}
