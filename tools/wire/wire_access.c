/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

json_t *wire_tokens(const struct docfs_tokens *t)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < t->n; i++) {
        const struct docfs_token *x = &t->item[i];
        json_t *o =
            json_pack("{s:o, s:s, s:o, s:o, s:o}", "name", wire_text(x->name), "scope",
                      docfs_scope_name(x->scopes), "created_at", wire_time(x->created_at),
                      "expires_at", wire_time(x->expires_at), "used_at", wire_time(x->used_at));
        if (json_array_append_new(list, o) < 0) {
            json_decref(list);
            list = NULL;
        }
    }
    return wire_message("tokens", json_pack("{s:o}", "tokens", list));
}
