/* SPDX-License-Identifier: MIT
 * The known settings: one table with type, default, range and help. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"

enum kind { INTEGER, REAL, SWITCH };

static const struct {
    const char *key;
    enum kind kind;
    const char *fallback;
    double low, high;
    const char *help;
} table[] = {
    {"content.keep_seconds", INTEGER, "900", 0, 1e9,
     "how long old versions of documents stay readable"},
    {"db.busy_ms", INTEGER, "30000", 0, 3600000, "longest wait for another writing process"},
    {"index.graph_min", INTEGER, "0", 0, 1e12,
     "passages from which an HNSW graph is built; 0 = the measured default"},
    {"ingest.max_file", INTEGER, "67108864", 1024, 4294967296.0,
     "bytes of the largest file read, after decompression"},
    {"ingest.threads", INTEGER, "0", 0, 64, "threads that convert; 0 = all cores"},
    {"ingest.timeout_ms", INTEGER, "20000", 100, 3600000,
     "longest run of a helper program on one file"},
    {"mount.results", INTEGER, "10", 1, 1000, "documents in a query directory"},
    {"query_log", SWITCH, "on", 0, 1, "remember queries for .docfs/recent"},
    {"search.candidates", INTEGER, "200", 10, 1000, "passages considered per list"},
    {"search.k", INTEGER, "10", 1, 1000, "documents that a search returns"},
    {"search.lex_weight", REAL, "1.0", 0, 100, "weight of the full-text score"},
    {"search.min", REAL, "0", 0, 1, "smallest score shown"},
    {"search.timeout_ms", INTEGER, "2000", 0, 600000,
     "longest full-text search before similarity alone decides; 0 = no limit"},
    {"search.vec_weight", REAL, "0.5", 0, 100, "weight of the vector score"},
};
#define N (sizeof(table) / sizeof(*table))

static int find(const char *key)
{
    for (size_t i = 0; i < N; i++)
        if (strcmp(table[i].key, key) == 0)
            return (int)i;
    return -1;
}

/* The number a text stands for, or NaN. */
static double parse(enum kind kind, const char *text)
{
    if (kind == SWITCH)
        return strcmp(text, "on") == 0 ? 1 : strcmp(text, "off") == 0 ? 0 : NAN;
    char *end;
    errno = 0;
    double v = kind == INTEGER ? (double)strtoll(text, &end, 10) : strtod(text, &end);
    return *text && !*end && errno == 0 ? v : NAN;
}

/* A stored value that this version does not accept counts as not set. */
double setting_real(struct docfs *d, const char *key)
{
    int i = find(key);
    if (i < 0)
        return 0;
    char text[64];
    double v = store_setting_now(d->store, key, text, sizeof(text), NULL) == 0 && *text
                   ? parse(table[i].kind, text)
                   : NAN;
    return v >= table[i].low && v <= table[i].high ? v : parse(table[i].kind, table[i].fallback);
}

int64_t setting_int(struct docfs *d, const char *key)
{
    return (int64_t)setting_real(d, key);
}

int docfs_settings(struct docfs *d, struct docfs_settings **ret, struct docfs_err *err)
{
    struct docfs_settings *s = calloc(1, sizeof(*s));
    if (s)
        s->item = calloc(N, sizeof(*s->item));
    if (!s || !s->item) {
        free(s);
        return err_oom(err);
    }
    for (size_t i = 0; i < N; i++) {
        char text[64] = "";
        store_setting_now(d->store, table[i].key, text, sizeof(text), NULL);
        s->item[i] = (struct docfs_setting){.key = table[i].key,
                                            .value = strdup(*text ? text : table[i].fallback),
                                            .fallback = table[i].fallback,
                                            .help = table[i].help,
                                            .is_set = *text != '\0'};
        s->n++;
        if (!s->item[i].value) {
            docfs_settings_free(s);
            return err_oom(err);
        }
    }
    *ret = s;
    return 0;
}

void docfs_settings_free(struct docfs_settings *s)
{
    for (size_t i = 0; s && i < s->n; i++)
        free((char *)s->item[i].value);
    if (s)
        free(s->item);
    free(s);
}

int docfs_set(struct docfs *d, const char *key, const char *value, struct docfs_err *err)
{
    int i = find(key);
    if (i < 0)
        return err_set(err, -ENOENT, "no setting is called %s (docfs config list shows them)", key);
    if (value && strlen(value) > 60)
        return err_set(err, -EINVAL, "%s: the value is too long", key);
    double v = value ? parse(table[i].kind, value) : 0;
    if (value && !(v >= table[i].low && v <= table[i].high)) {
        if (table[i].kind == SWITCH)
            return err_set(err, -EINVAL, "%s: bad value \"%s\": use on or off", key, value);
        return err_set(err, -EINVAL, "%s: bad value \"%s\": use %s from %.15g to %.15g", key, value,
                       table[i].kind == INTEGER ? "a whole number" : "a number", table[i].low,
                       table[i].high);
    }
    if (d->read_only)
        return err_set(err, -EROFS, "the cache %s is read-only", d->path);
    struct store_write *w;
    int rc = store_write_begin(d->store, &w, err);
    if (rc < 0)
        return rc;
    rc = store_set_setting(w, key, value, err);
    if (rc < 0) {
        store_write_abort(w);
        return rc;
    }
    return store_write_commit(w, err);
}
