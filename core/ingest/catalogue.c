/* SPDX-License-Identifier: MIT */
#include "core/source/catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "core/docfs_sources.h"
#include "core/ingest/ingest.h"

struct found {
    const json_t *entry;
    int score;
};

static int best_first(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return strcmp(json_string_value(json_object_get(x->entry, "name")),
                  json_string_value(json_object_get(y->entry, "name")));
}

static char *copy(const json_t *e, const char *key)
{
    const char *s = json_string_value(json_object_get(e, key));
    return strdup(s ? s : "");
}

static char *join(const json_t *list)
{
    struct buf b = {0};
    size_t i;
    const json_t *v;
    json_array_foreach(list, i, v) if (json_is_string(v))
        buf_addf(&b, "%s%s", b.len ? ", " : "", json_string_value(v));
    return buf_steal(&b, NULL);
}

static int fill(struct docfs_technology *t, const json_t *e)
{
    *t = (struct docfs_technology){.name = copy(e, "name"),
                                   .title = copy(e, "title"),
                                   .aliases = join(json_object_get(e, "aliases")),
                                   .category = copy(e, "category"),
                                   .repo = copy(e, "repo"),
                                   .path = copy(e, "path"),
                                   .licence = copy(e, "licence"),
                                   .versions = copy(e, "versions")};
    return t->name && t->title && t->aliases && t->category && t->repo && t->path && t->licence &&
                   t->versions
               ? 0
               : -ENOMEM;
}

int docfs_catalogue(struct docfs *d, const char *words, struct docfs_technologies **ret,
                    struct docfs_err *err)
{
    _cleanup_free_ char *file = setting_text(d, "sources.catalogue");
    json_t *all = NULL;
    int rc = file ? catalogue_load(file, &all, err) : err_oom(err);
    if (rc < 0)
        return rc;
    _cleanup_free_ struct found *f = calloc(json_array_size(all) + 1, sizeof(*f));
    struct docfs_technologies *t = calloc(1, sizeof(*t));
    size_t n = 0, i;
    const json_t *e;
    if (t)
        t->item = calloc(json_array_size(all) + 1, sizeof(*t->item));
    if (!f || !t || !t->item)
        rc = err_oom(err);
    json_array_foreach(all, i, e)
    {
        int score = rc == 0 ? catalogue_match(e, words) : 0;
        /* An entry of the user hides the built-in one of its name. */
        if (score && catalogue_find(all, json_string_value(json_object_get(e, "name"))) == e)
            f[n++] = (struct found){e, score};
    }
    if (rc == 0)
        qsort(f, n, sizeof(*f), best_first);
    for (; rc == 0 && t->n < n; t->n++)
        if (fill(&t->item[t->n], f[t->n].entry) < 0) {
            t->n++;
            rc = err_oom(err);
            break;
        }
    json_decref(all);
    if (rc < 0)
        docfs_technologies_free(t);
    else
        *ret = t;
    return rc;
}

void docfs_technologies_free(struct docfs_technologies *t)
{
    for (size_t i = 0; t && t->item && i < t->n; i++) {
        struct docfs_technology *x = &t->item[i];
        free((char *)x->name);
        free((char *)x->title);
        free((char *)x->aliases);
        free((char *)x->category);
        free((char *)x->repo);
        free((char *)x->path);
        free((char *)x->licence);
        free((char *)x->versions);
    }
    if (t)
        free(t->item);
    free(t);
}
