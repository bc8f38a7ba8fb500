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

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/sketch.h"

#define LIKENESS 0.8

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

static bool is_copy(const struct docfs_hit *h, const struct store_identity *known,
                    const struct store_passage *p, const struct store_identity *id)
{
    if (known->has_sha && id->has_sha && memcmp(known->sha256, id->sha256, SHA256_LEN) == 0)
        return true;
    if (!known->has_sketch || !id->has_sketch)
        return false;
    int order;
    if (strcmp(known->format, id->format) == 0) {
        if (strcmp(h->collection, p->collection) == 0 &&
            !editions(h->collection, h->path, p->collection, p->path, &order))
            return false;
        if (strcmp(h->title, p->title) != 0 && strcmp(file_name(h->path), file_name(p->path)) != 0)
            return false;
    }
    return sketch_likeness(known->sketch, id->sketch) >= LIKENESS;
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

int copies_fold(struct copies *c, struct store_read *r, struct docfs_results *res,
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
