/* SPDX-License-Identifier: MIT
 * Why filters let nothing through: mostly a collection that is called otherwise. */
#include "core/search/search.h"

#include <string.h>
#include "core/util/suggest.h"

/* "python" and "python@3.11" both mean the collection python@3.11. */
static bool means(const char *asked, const char *name)
{
    size_t len = strlen(asked);
    return strncmp(asked, name, len) == 0 && (!name[len] || name[len] == '@');
}

void unknown_collections(struct store_read *r, const struct query *q, struct buf *note)
{
    struct store_collections all = {0};
    if (q->n_in == 0 || store_list_collections(r, &all, NULL) < 0)
        return;
    for (size_t i = 0; i < q->n_in; i++) {
        struct suggest near = suggest_start(q->in[i]);
        size_t n = 0;
        for (; n < all.n && !means(q->in[i], all.item[n].name); n++)
            suggest_offer_versioned(&near, all.item[n].name);
        if (n < all.n)
            continue;
        const char *best = suggest_best(&near);
        buf_addf(note, "%sNo collection is called %s (%s%s).", note->len ? " " : "", q->in[i],
                 best ? "nearest: " : "docfs list shows them", best ? best : "");
    }
    store_collections_fini(&all);
}
