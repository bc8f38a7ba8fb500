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
        suggest_offer(&s, c->name);
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
