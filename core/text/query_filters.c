/* SPDX-License-Identifier: MIT */
#include "core/text/query_filters.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/text/convert.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/order.h"

#define VALUE_MAX 1024 /* bytes; more is no glob that name_glob() takes */
#define NAME_VALUE_MAX 255
#define MIN_SCALE 10000 /* min= has four decimals, so that its canonical form is exact */

static const char *const mode_names[] = {
    [MODE_HYBRID] = "hybrid", [MODE_LEX] = "lex", [MODE_VEC] = "vec", [MODE_EXACT] = "exact"};

const char *query_mode_name(enum query_mode m)
{
    return mode_names[m];
}

/* Takes over value on success only. */
static int replace(char **slot, const char *value, size_t len)
{
    char *copy = strndup(value, len);
    if (!copy)
        return -ENOMEM;
    free(*slot);
    *slot = copy;
    return 0;
}

static bool parse_digits(const char *s, size_t len, unsigned max, unsigned *ret)
{
    unsigned v = 0;
    if (!len || len > 9)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s[i] - '0');
    }
    *ret = v;
    return v <= max;
}

/* ---- one function per kind of value: 0, -EINVAL, -ENOMEM ---- */

static int set_k(struct query *q, const char *v, size_t len)
{
    unsigned k;
    if (!parse_digits(v, len, QUERY_K_MAX, &k) || !k)
        return -EINVAL;
    q->k = k;
    return 0;
}

/* strtod() would depend on the locale. */
static int set_min(struct query *q, const char *v, size_t len)
{
    const char *dot = memchr(v, '.', len);
    size_t whole = dot ? (size_t)(dot - v) : len, decimals = dot ? len - whole - 1 : 0;
    unsigned units = 0, fraction = 0;
    if (decimals > 4)
        decimals = 4;
    if (len < 1 || len > 12 || (whole && !parse_digits(v, whole, 1, &units)) ||
        (dot && len - whole - 1 && !parse_digits(dot + 1, len - whole - 1, 999999999, &fraction)) ||
        (dot && !whole && !decimals))
        return -EINVAL;
    fraction = 0;
    if (decimals)
        parse_digits(dot + 1, decimals, 9999, &fraction);
    for (size_t i = decimals; i < 4; i++)
        fraction *= 10;
    unsigned total = units * MIN_SCALE + fraction;
    if (total > MIN_SCALE)
        return -EINVAL;
    q->min = (double)total / MIN_SCALE;
    return 0;
}

static int set_mode(struct query *q, const char *v, size_t len)
{
    for (size_t i = 0; i < sizeof(mode_names) / sizeof(*mode_names); i++) {
        if (strlen(mode_names[i]) == len && !strncasecmp(mode_names[i], v, len)) {
            q->mode = (enum query_mode)i;
            return 0;
        }
    }
    return -EINVAL;
}

static int set_copies(struct query *q, const char *v, size_t len)
{
    bool all = len == 3 && !strncasecmp(v, "all", 3);
    if (!all && !(len == 3 && !strncasecmp(v, "one", 3)))
        return -EINVAL;
    q->all_copies = all;
    return 0;
}

static int add_collection(struct query *q, const char *v, size_t len)
{
    if (!len || len > NAME_VALUE_MAX || q->n_in >= QUERY_TERMS_MAX || memchr(v, '/', len) ||
        memchr(v, '"', len))
        return -EINVAL;
    for (size_t i = 0; i < q->n_in; i++)
        if (strlen(q->in[i]) == len && !memcmp(q->in[i], v, len))
            return 0;
    char **grown = realloc(q->in, (q->n_in + 1) * sizeof(*grown));
    if (!grown)
        return -ENOMEM;
    q->in = grown;
    q->in[q->n_in] = strndup(v, len);
    if (!q->in[q->n_in])
        return -ENOMEM;
    q->n_in++;
    return 0;
}

static int set_in(struct query *q, const char *v, size_t len)
{
    size_t before = q->n_in;
    int r = 0;
    for (size_t i = 0; !r && i <= len;) {
        const char *comma = memchr(v + i, ',', len - i);
        size_t end = comma ? (size_t)(comma - v) : len;
        size_t from = i, to = end; /* "a, b" */
        while (from < to && v[from] == ' ')
            from++;
        while (to > from && v[to - 1] == ' ')
            to--;
        r = add_collection(q, v + from, to - from);
        i = end + 1;
    }
    while (r && q->n_in > before)
        free(q->in[--q->n_in]);
    return r;
}

static int set_path(struct query *q, const char *v, size_t len)
{
    return len && len <= VALUE_MAX ? replace(&q->path, v, len) : -EINVAL;
}

/* A short word in lower case: letters and digits, and signs but not at the front. */
static int set_word(char **slot, const char *v, size_t len, const char *signs, size_t max)
{
    char word[64];
    if (!len || len > max || len >= sizeof(word))
        return -EINVAL;
    for (size_t i = 0; i < len; i++) {
        char c = (char)(v[i] >= 'A' && v[i] <= 'Z' ? v[i] | 0x20 : v[i]);
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (i && c && strchr(signs, c))))
            return -EINVAL;
        word[i] = c;
    }
    return replace(slot, word, len);
}

static int set_lang(struct query *q, const char *v, size_t len)
{
    return set_word(&q->lang, v, len, "-", 35); /* BCP 47 asks for room for 35 */
}

static int set_ext(struct query *q, const char *v, size_t len)
{
    size_t dot = len && *v == '.';
    return set_word(&q->ext, v + dot, len - dot, "+-_.", 16);
}

static int set_type(struct query *q, const char *v, size_t len)
{
    _cleanup_free_ char *name = NULL;
    int r = set_word(&name, v, len, "-", 16);
    if (r)
        return r;
    if (format_from_name(name) == FORMAT_UNKNOWN)
        return -EINVAL;
    free(q->type);
    q->type = steal_ptr(name);
    return 0;
}

/* 30d, 2w, 6m, 1y: counted back from the beginning of today (UTC), so that the canonical query, and
 * with it the cached result, changes once a day and not every second. */
static int parse_ago(const char *v, size_t len, int64_t *ret)
{
    unsigned n;
    if (len > 4 && !memcmp(v + len - 4, " ago", 4))
        len -= 4;
    if (len < 2 || !parse_digits(v, len - 1, 9999, &n))
        return -EINVAL;
    time_t now = (time_t)(clock_wall_ns() / 1000000000);
    struct tm tm;
    if (!gmtime_r(&now, &tm))
        return -EINVAL;
    tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
    switch (v[len - 1] | 0x20) {
    case 'd':
        tm.tm_mday -= (int)n;
        break;
    case 'w':
        tm.tm_mday -= 7 * (int)n;
        break;
    case 'm':
        tm.tm_mon -= (int)n;
        break;
    case 'y':
        tm.tm_year -= (int)n;
        break;
    default:
        return -EINVAL;
    }
    *ret = (int64_t)timegm(&tm);
    return 0;
}

static int parse_time(const char *v, size_t len, int64_t *ret)
{
    unsigned year, month = 1, day = 1;
    int64_t t;
    if ((len == 4 || len == 7 || len == 10) && parse_digits(v, 4, 9999, &year)) {
        if ((len > 4 && (v[4] != '-' || !parse_digits(v + 5, 2, 12, &month) || !month)) ||
            (len > 7 && (v[7] != '-' || !parse_digits(v + 8, 2, 31, &day) || !day)) || year < 1970)
            return -EINVAL;
        struct tm tm = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day};
        t = (int64_t)timegm(&tm);
        if (tm.tm_mday != (int)day) /* timegm turns 30 February into 2 March */
            return -EINVAL;
    } else if (parse_ago(v, len, &t)) {
        return -EINVAL;
    }
    *ret = t > 0 ? t : 1; /* 0 means no filter */
    return 0;
}

static int set_after(struct query *q, const char *v, size_t len)
{
    return parse_time(v, len, &q->after);
}

static int set_before(struct query *q, const char *v, size_t len)
{
    return parse_time(v, len, &q->before);
}

#define ACCEPTS_TIME "YYYY, YYYY-MM, YYYY-MM-DD or an age like 30d, 2w, 6m, 1y"

static const struct filter {
    const char *key;
    int (*set)(struct query *q, const char *value, size_t len);
    const char *accepts;
} filters[] = {
    {"after", set_after, ACCEPTS_TIME},
    {"before", set_before, ACCEPTS_TIME},
    {"ext", set_ext, "an extension like html"},
    {"in", set_in, "collection names, NAME or NAME@VERSION, separated by commas"},
    {"copies", set_copies, "one or all"},
    {"k", set_k, "a number from 1 to 1000"},
    {"lang", set_lang, "a language tag like en or pt-BR"},
    {"min", set_min, "a score from 0 to 1"},
    {"mode", set_mode, "hybrid, lex, vec or exact"},
    {"path", set_path, "a glob of at most 1024 bytes like library/**"},
    {"type", set_type,
     "a format like markdown, html, man, text, rst, asciidoc, ipynb, openapi, pdf, epub, office, "
     "pod, rd"},
};
#define N_FILTERS (sizeof(filters) / sizeof(*filters))

int query_filter_find(const char *key, size_t len)
{
    for (size_t i = 0; i < N_FILTERS; i++)
        if (strlen(filters[i].key) == len && !strncasecmp(filters[i].key, key, len))
            return (int)i;
    return -1;
}

int query_filter_set(struct query *q, int i, const char *value, size_t len, struct docfs_err *err)
{
    int r = filters[i].set(q, value, len);
    if (r == -ENOMEM)
        return err_oom(err);
    if (r)
        return err_set(err, r, "%s=%.*s: the filter %s= takes %s; in quotes it is text",
                       filters[i].key, (int)(len < 80 ? len : 80), value, filters[i].key,
                       filters[i].accepts);
    return 0;
}

/* ---- canonical form ---- */

static void write_text(struct buf *out, const char *key, const char *value)
{
    if (!value)
        return;
    const char *quote = strchr(value, ' ') ? "\"" : "";
    buf_addf(out, " %s=%s%s%s", key, quote, value, quote);
}

static void write_time(struct buf *out, const char *key, int64_t t)
{
    time_t clock = (time_t)t;
    struct tm tm;
    if (t && gmtime_r(&clock, &tm))
        buf_addf(out, " %s=%04d-%02d-%02d", key, tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
}

void query_filters_write(const struct query *q, struct buf *out)
{
    write_time(out, "after", q->after);
    write_time(out, "before", q->before);
    write_text(out, "ext", q->ext);
    char *sorted[QUERY_TERMS_MAX];
    if (q->n_in) {
        memcpy(sorted, q->in, q->n_in * sizeof(*sorted));
        qsort(sorted, q->n_in, sizeof(*sorted), by_text);
    }
    for (size_t i = 0; i < q->n_in; i++)
        write_text(out, "in", sorted[i]);
    if (q->k)
        buf_addf(out, " k=%u", q->k);
    write_text(out, "lang", q->lang);
    unsigned min = (unsigned)(q->min * MIN_SCALE + 0.5);
    if (min) {
        buf_addf(out, " min=%u.%04u", min / MIN_SCALE, min % MIN_SCALE);
        buf_rtrim(out, "0");
        buf_rtrim(out, ".");
    }
    if (q->all_copies)
        buf_adds(out, " copies=all");
    if (q->mode != MODE_HYBRID)
        buf_addf(out, " mode=%s", query_mode_name(q->mode));
    write_text(out, "path", q->path);
    write_text(out, "type", q->type);
}
