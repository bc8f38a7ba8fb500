/* SPDX-License-Identifier: MIT
 * Copies: the same page in other versions of a collection, on a mirror, or twice in one collection
 * is one hit that names the other places.
 *
 * Equal text is a copy wherever it is. Text that is only nearly equal is one where the original is
 * of another format, as of a page that lies there as HTML and as its source; else only in another
 * collection or version, and under the same title or file name: pages of one collection that are
 * made from one mould differ in little, and in exactly what people look for. The newest version is
 * the one that is shown. */
#include "core/search/search.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/heading.h"
#include "core/text/sketch.h"
#include "core/util/utf8.h"

#define LIKENESS 0.8
/* Two formats, each with marks, quotes and line breaks of its own, share less of their words. In
 * Python's documentation as HTML and as Info, pages under one title have from .4 to .8 where they
 * are the same page, and below .3 where they are not. */
#define LIKENESS_TITLED 0.4

void copies_init(struct copies *c, size_t k)
{
    *c = (struct copies){.item = calloc(k + 1, sizeof(*c->item)), .cap = k};
}

void copies_fini(struct copies *c)
{
    free(c->item);
    *c = (struct copies){0};
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Of both the next letter, digit or sign that is no punctuation; 0 at the end. */
static uint32_t next_sign(const char **s)
{
    uint32_t c;
    while (**s) {
        *s += utf8_decode(*s, strlen(*s), &c);
        bool quote = c >= 0x2010 && c <= 0x201f; /* dashes, too */
        if (c < 0x80 ? isalnum((int)c) : !quote)
            return c < 0x80 ? (uint32_t)tolower((int)c) : c;
    }
    return 0;
}

/* "5.14.1 ‘csv’ — CSV File Reading" and "csv — CSV File Reading". */
static bool same_title(const char *a, const char *b)
{
    uint32_t x, y, signs = 0;
    a += heading_number(a, strlen(a));
    b += heading_number(b, strlen(b));
    do {
        x = next_sign(&a);
        y = next_sign(&b);
    } while (x == y && x && ++signs);
    return x == y && signs;
}

static bool is_copy(const struct docfs_hit *h, const struct store_identity *known,
                    const struct store_passage *p, const struct store_identity *id)
{
    if (known->has_sha && id->has_sha && memcmp(known->sha256, id->sha256, SHA256_LEN) == 0)
        return true;
    if (!known->has_sketch || !id->has_sketch)
        return false;
    double likeness = sketch_likeness(known->sketch, id->sketch);
    if (strcmp(known->format, id->format) != 0)
        return likeness >= (same_title(h->title, p->title) ? LIKENESS_TITLED : LIKENESS);
    int order;
    if (strcmp(h->collection, p->collection) == 0 &&
        !editions(h->collection, h->path, p->collection, p->path, &order))
        return false;
    if (strcmp(h->title, p->title) != 0 && strcmp(file_name(h->path), file_name(p->path)) != 0)
        return false;
    return likeness >= LIKENESS;
}

/* Newer versions come first. */
static int add_also(struct docfs_hit *h, const struct store_passage *p)
{
    struct docfs_also a = {
        .document = p->document, .collection = strdup(p->collection), .path = strdup(p->path)};
    size_t at = h->n_also;
    int order;
    name_doc_id(p->document, a.public_id);
    while (
        a.collection && a.path && at > 0 &&
        editions(h->also[at - 1].collection, h->also[at - 1].path, a.collection, a.path, &order) &&
        order < 0)
        at--;
    return results_also(h, at, &a);
}

/* 0: the passage is to be the next hit; 1: its document is a copy of a hit, which names it now; 2:
 * of an older version, *ret_hit, in whose place it is to be. */
static int fold(struct copies *c, struct store_read *r, struct docfs_results *res,
                const struct store_passage *p, size_t *ret_hit, struct docfs_err *err)
{
    if (!c->item)
        return 0;
    struct store_identity id = {0};
    int rc = store_identity(r, p->document, &id, err);
    if (rc < 0)
        return rc == -ENOENT ? 0 : rc;
    for (size_t i = 0; i < res->n && i < c->cap; i++) {
        struct docfs_hit *h = &res->hit[i];
        int order;
        if (!is_copy(h, &c->item[i], p, &id))
            continue;
        *ret_hit = i;
        if (!editions(h->collection, h->path, p->collection, p->path, &order) || order >= 0)
            return add_also(h, p) < 0 ? err_oom(err) : 1;
        c->item[i] = id;
        return 2;
    }
    if (res->n < c->cap) /* it becomes the next hit */
        c->item[res->n] = id;
    return 0;
}

int copies_add(struct copies *c, struct store_read *r, struct docfs_results *res, size_t k,
               const struct candidate *from, const struct store_passage *p, const char *query_text,
               struct docfs_err *err)
{
    size_t older;
    int rc = fold(c, r, res, p, &older, err);
    if (rc < 0 || rc == 1)
        return rc < 0 ? rc : 0;
    bool renews = rc == 2;
    if (!renews && res->n >= k)
        return 0;
    rc = results_add(res, from, p, query_text, err);
    return rc == 0 && renews && results_renew(res, older) < 0 ? err_oom(err) : rc;
}
