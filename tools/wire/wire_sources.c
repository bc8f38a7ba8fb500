/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

json_t *wire_technologies(const struct docfs_technologies *t)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < t->n; i++) {
        const struct docfs_technology *x = &t->item[i];
        json_t *o = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name",
                              wire_text(x->name), "title", wire_text(x->title), "aliases",
                              wire_text(x->aliases), "category", wire_text(x->category), "repo",
                              wire_text(x->repo), "path", wire_text(x->path), "licence",
                              wire_text(x->licence), "versions", wire_text(x->versions));
        if (json_array_append_new(list, o) < 0) {
            json_decref(list);
            return NULL;
        }
    }
    return wire_message("technologies", json_pack("{s:o}", "technologies", list));
}
