/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include "tools/cli/cmd.h"
#include "core/util/suggest.h"

int catalog_find(const struct docfs_collections *all, const char *name, bool exact,
                 const struct docfs_collection **ret, struct docfs_err *err)
{
    size_t len = strlen(name), found = 0;
    const struct docfs_collection *base = NULL;
    struct suggest s = suggest_start(name);
    for (size_t i = 0; i < all->n; i++) {
        const struct docfs_collection *c = &all->item[i];
        if (strcmp(c->name, name) == 0) {
            *ret = c;
            return 0;
        }
        if (strncmp(c->name, name, len) == 0 && c->name[len] == '@') {
            found++;
            base = c;
        }
        suggest_offer_versioned(&s, c->name);
    }
    if (found == 1 && !exact) {
        *ret = base;
        return 0;
    }
    if (found > 1)
        return err_set(err, -ENOENT, "collection '%s' has %zu versions; give one, such as '%s'",
                       name, found, base->name);
    const char *best = base ? base->name : suggest_best(&s);
    if (best)
        return err_set(err, -ENOENT, "no collection '%s'; did you mean '%s'?", name, best);
    return err_set(err, -ENOENT, "no collection '%s'; docfs list shows what there is", name);
}

int catalog_document(struct docfs *d, const char *what, int64_t *ret, struct docfs_err *err)
{
    int r = docfs_resolve(d, what, ret, err);
    const char *slash = strchr(what, '/');
    if (r != -ENOENT || !slash || slash == what)
        return r;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *found;
    struct docfs_err other = {0};
    _cleanup_free_ char *name = strndup(what, (size_t)(slash - what)), *whole = NULL;
    if (!name || docfs_collections(d, &all, NULL) < 0)
        return r;
    if (catalog_find(all, name, false, &found, &other) < 0) {
        if (err && strchr(other.text, '?'))
            *err = other;
        return r;
    }
    if (strcmp(found->name, name) == 0 || asprintf(&whole, "%s%s", found->name, slash) < 0)
        return r;
    return docfs_resolve(d, whole, ret, err);
}
