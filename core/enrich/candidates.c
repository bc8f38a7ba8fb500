/* SPDX-License-Identifier: MIT
 * What could fill a gap. A word of the question has to be the name of a technology, exactly: what
 * merely sounds alike would fill the cache with strangers. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/enrich/gaps.h"
#include "core/util/buf.h"

#define WORDS_MAX 12
#define WORD_MAX 60

struct finding {
    struct docfs *d;
    struct docfs_candidates *c;
    const struct docfs_collections *have;
};

static bool is_present(const struct finding *f, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < f->have->n; i++) {
        const char *c = f->have->item[i].name;
        if (strncasecmp(c, name, n) == 0 && (c[n] == '\0' || c[n] == '@'))
            return true;
    }
    return false;
}

static int add(struct finding *f, const char *name, const char *title, const char *location,
               const char *licence, const char *why, bool network)
{
    for (size_t i = 0; i < f->c->n; i++)
        if (strcmp(f->c->item[i].location, location) == 0)
            return 0;
    if (!grow(&f->c->item, f->c->n, sizeof(*f->c->item)))
        return -ENOMEM;
    struct docfs_candidate *x = &f->c->item[f->c->n++];
    *x = (struct docfs_candidate){.name = strdup(name),
                                  .title = strdup(title),
                                  .location = strdup(location),
                                  .why = strdup(why),
                                  .licence = strdup(licence),
                                  .network = network,
                                  .present = is_present(f, name)};
    return x->name && x->title && x->location && x->why && x->licence ? 0 : -ENOMEM;
}

void docfs_candidates_free(struct docfs_candidates *c)
{
    for (size_t i = 0; c && i < c->n; i++) {
        free((char *)c->item[i].name);
        free((char *)c->item[i].title);
        free((char *)c->item[i].location);
        free((char *)c->item[i].why);
        free((char *)c->item[i].licence);
    }
    if (c)
        free(c->item);
    free(c);
}

static bool named(const struct docfs_technology *t, const char *word)
{
    if (strcasecmp(t->name, word) == 0)
        return true;
    size_t n = strlen(word);
    for (const char *p = t->aliases; p && *p;) {
        size_t len = strcspn(p, ",");
        if (len == n && strncasecmp(p, word, n) == 0)
            return true;
        p += len;
        p += strspn(p, ", ");
    }
    return false;
}

static int from_catalogue(struct finding *f, const char *word, const char *why,
                          struct docfs_err *err)
{
    struct docfs_technologies *t = NULL;
    int rc = docfs_catalogue(f->d, word, &t, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < t->n && rc == 0; i++)
        if (named(&t->item[i], word))
            rc = add(f, t->item[i].name, t->item[i].title, t->item[i].name, t->item[i].licence, why,
                     true);
    docfs_technologies_free(t);
    return rc < 0 ? err_oom(err) : 0;
}

/* Setting enrich.sources: places with {name} in them, separated by commas. */
static int from_settings(struct finding *f, const char *word, struct docfs_err *err)
{
    _cleanup_free_ char *all = setting_text(f->d, "enrich.sources");
    char *save = NULL, why[160];
    int rc = all ? 0 : -ENOMEM;
    for (char *p = all ? strtok_r(all, ", ", &save) : NULL; p && rc == 0;
         p = strtok_r(NULL, ", ", &save)) {
        _cleanup_buf_ struct buf place = {0};
        char *at = strstr(p, "{name}");
        if (!at)
            continue;
        buf_add(&place, p, (size_t)(at - p));
        buf_adds(&place, word);
        buf_adds(&place, at + strlen("{name}"));
        bool network = strstr(p, "://") != NULL;
        if (buf_status(&place) < 0)
            rc = -ENOMEM;
        else if (network || access(place.data, R_OK) == 0) {
            snprintf(why, sizeof(why), "setting enrich.sources, for \"%.60s\"", word);
            rc = add(f, word, word, place.data, "", why, network);
        }
    }
    return rc < 0 ? err_oom(err) : 0;
}

/* Words of a question that could be names, lower case. */
static size_t words_of(const char *text, char word[WORDS_MAX][WORD_MAX + 1])
{
    size_t n = 0, len = 0;
    for (const char *p = text; n < WORDS_MAX; p++) {
        unsigned char c = (unsigned char)*p;
        if (isalnum(c) || c >= 0x80 || (len && strchr("+#_-.", c) && c)) {
            if (len < WORD_MAX)
                word[n][len++] = (char)tolower(c);
            continue;
        }
        while (len && strchr("_-.", word[n][len - 1]))
            len--;
        word[n][len] = '\0';
        n += len > 1;
        len = 0;
        if (!c)
            break;
    }
    return n;
}

static int find(struct finding *f, const char *text, struct docfs_err *err)
{
    char word[WORDS_MAX][WORD_MAX + 1], why[160];
    size_t n = words_of(text, word);
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        snprintf(why, sizeof(why), "the catalogue knows \"%.60s\"", word[i]);
        rc = from_catalogue(f, word[i], why, err);
        if (rc == 0)
            rc = from_settings(f, word[i], err);
    }
    return rc;
}

static int by_use(const void *a, const void *b)
{
    const struct docfs_candidate *x = a, *y = b;
    if (x->present != y->present)
        return x->present ? 1 : -1;
    return x->network == y->network ? strcmp(x->name, y->name) : x->network ? 1 : -1;
}

int gap_candidates_named(struct docfs *d, const char *name, const char *by,
                         struct docfs_candidates *c, struct docfs_err *err)
{
    struct docfs_collections *have = NULL;
    char why[160];
    if (!*name || strlen(name) > WORD_MAX)
        return 0;
    int rc = docfs_collections(d, &have, err);
    if (rc < 0)
        return rc;
    struct finding f = {.d = d, .c = c, .have = have};
    snprintf(why, sizeof(why), "named by %.100s", by);
    rc = from_catalogue(&f, name, why, err);
    docfs_collections_free(have);
    return rc;
}

int docfs_gap_candidates(struct docfs *d, int64_t id, struct docfs_candidates **ret,
                         struct docfs_err *err)
{
    struct docfs_gaps *gap = NULL;
    struct docfs_collections *have = NULL;
    struct finding f = {.d = d, .c = calloc(1, sizeof(*f.c))};
    int rc = f.c ? gap_get(d, id, &gap, err) : err_oom(err);
    if (rc == 0)
        rc = docfs_collections(d, &have, err);
    f.have = have;
    if (rc == 0) /* the words that nothing holds say best what is missing */
        rc = find(&f, gap->item[0].topic, err);
    if (rc == 0 && f.c->n == 0)
        rc = find(&f, gap->item[0].query, err);
    if (rc == 0 && f.c->n)
        qsort(f.c->item, f.c->n, sizeof(*f.c->item), by_use);
    if (gap)
        docfs_gaps_free(gap);
    docfs_collections_free(have);
    if (rc < 0)
        docfs_candidates_free(f.c);
    else
        *ret = f.c;
    return rc;
}
