/* SPDX-License-Identifier: MIT
 * How values are written, and what to say when one is not. */
#include "core/config/config.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/util/buf.h"
#include "core/util/suggest.h"

static int by_key(const void *key, const void *row)
{
    return strcmp(key, ((const struct config_def *)row)->key);
}

int config_find(const char *key)
{
    const struct config_def *row =
        bsearch(key, config_table, config_count, sizeof(*config_table), by_key);
    return row ? (int)(row - config_table) : -1;
}

int config_unknown(const char *key, struct docfs_err *err)
{
    struct suggest s = suggest_start(key);
    for (size_t i = 0; i < config_count; i++)
        suggest_offer(&s, config_table[i].key);
    const char *best = suggest_best(&s);
    if (best)
        return err_set(err, -ENOENT, "no setting is called %s; did you mean %s?", key, best);
    return err_set(err, -ENOENT, "no setting is called %s (docfs config list shows them)", key);
}

static double switch_number(const char *v)
{
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true"};
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcasecmp(v, words[i]) == 0)
            return (double)(i & 1);
    return NAN;
}

static double choice_number(const char *choices, const char *v)
{
    size_t len = strlen(v);
    for (unsigned i = 0; *choices; i++) {
        size_t n = strcspn(choices, "|");
        if (n == len && memcmp(choices, v, n) == 0)
            return i;
        choices += n + (choices[n] == '|');
    }
    return NAN;
}

static double unit(const char *v, const char *const names[], const double factors[])
{
    char *end;
    errno = 0;
    double n = strtod(v, &end);
    if (end == v || errno || !isfinite(n) || !(isdigit((unsigned char)*v) || *v == '.'))
        return NAN;
    while (*end == ' ')
        end++;
    for (size_t i = 0; names[i]; i++)
        if (strcasecmp(end, names[i]) == 0)
            return n * factors[i];
    return NAN;
}

static double size_number(const char *v)
{
    static const char *const names[] = {"",  "B",  "K",   "KB", "KiB", "M",   "MB", "MiB",
                                        "G", "GB", "GiB", "T",  "TB",  "TiB", NULL};
    static const double factors[] = {1,       1,      1024,   1024,   1024,   1048576, 1048576,
                                     1048576, 0x1p30, 0x1p30, 0x1p30, 0x1p40, 0x1p40,  0x1p40};
    double n = unit(v, names, factors);
    return n == floor(n) ? n : NAN;
}

static double duration_number(const char *v)
{
    static const char *const names[] = {"", "ms", "s", "m", "min", "h", "d", "w", NULL};
    static const double factors[] = {1000, 1, 1000, 60000, 60000, 3600000, 86400000, 604800000};
    return unit(v, names, factors);
}

static double plain_number(enum config_kind kind, const char *v)
{
    char *end;
    errno = 0;
    double n = kind == INTEGER ? (double)strtoll(v, &end, 10) : strtod(v, &end);
    return *v && !isspace((unsigned char)*v) && !*end && errno == 0 ? n : NAN;
}

double config_number(const struct config_def *def, const char *v)
{
    double n = NAN;
    switch (def->kind) {
    case INTEGER:
    case REAL:
        n = plain_number(def->kind, v);
        break;
    case SWITCH:
        return switch_number(v);
    case CHOICE:
        return choice_number(def->choices, v);
    case SIZE:
        n = size_number(v);
        break;
    case DURATION:
        n = duration_number(v);
        break;
    case TEXT:
    case SECRET:
        n = (double)strlen(v);
        for (const char *p = v; *p; p++)
            if ((unsigned char)*p < ' ' || *p == 0x7f)
                return NAN;
        if (n == 0 && strcmp(v, def->fallback) == 0)
            return 0;
        break;
    }
    return n >= def->low && n <= def->high ? n : NAN;
}

static void range_text(const struct config_def *def, struct buf *b)
{
    double low = def->low, high = def->high;
    switch (def->kind) {
    case INTEGER:
    case REAL:
        buf_addf(b, "use %s from %.15g to %.15g",
                 def->kind == INTEGER ? "a whole number" : "a number", low, high);
        break;
    case SWITCH:
        buf_adds(b, "use on or off");
        break;
    case CHOICE: {
        buf_adds(b, "use ");
        for (const char *c = def->choices; *c; c++)
            if (*c == '|')
                buf_adds(b, strchr(c + 1, '|') ? ", " : " or ");
            else
                buf_addc(b, *c);
        break;
    }
    case SIZE:
        buf_addf(b, "use bytes such as 65536, 512K, 64M or 2G, from %.15g to %.15g", low, high);
        break;
    case DURATION:
        buf_addf(b, "use a time such as 250ms, 30s, 5m or 7d, from %.15gms to %.15gms", low, high);
        break;
    case TEXT:
    case SECRET:
        buf_addf(b, "use %s of %.15g to %.15g bytes without control characters",
                 def->kind == TEXT ? "a text" : "the path of a file", low, high);
        break;
    }
}

int config_check(const struct config_def *def, const char *value, struct docfs_err *err)
{
    if (strlen(value) > CONFIG_VALUE_MAX)
        return err_set(err, -EINVAL, "%s: the value is longer than %d bytes", def->key,
                       CONFIG_VALUE_MAX);
    if (!isnan(config_number(def, value)))
        return 0;
    _cleanup_buf_ struct buf b = {0};
    range_text(def, &b);
    return err_set(err, -EINVAL, "%s: bad value \"%.60s\": %s", def->key, value, buf_text(&b));
}
