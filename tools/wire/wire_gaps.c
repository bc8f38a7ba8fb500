/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

/* Appends item (taken) to list; on failure frees the list and clears it. */
static void append(json_t **list, json_t *item)
{
    if (json_array_append_new(*list, item) < 0) {
        json_decref(*list);
        *list = NULL;
    }
}

json_t *wire_gaps(const struct docfs_gaps *g)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < g->n; i++) {
        const struct docfs_gap *x = &g->item[i];
        append(&list,
               json_pack("{s:I, s:o, s:o, s:o, s:s, s:f, s:I, s:o, s:o, s:o}", "id",
                         (json_int_t)x->id, "query", wire_text(x->query), "topic",
                         wire_text(x->topic), "group", wire_text(x->group), "state", x->state,
                         "sufficiency", x->sufficiency, "asked", (json_int_t)x->asked, "first_at",
                         wire_time(x->first_at), "last_at", wire_time(x->last_at), "job",
                         x->job ? json_integer(x->job) : json_null()));
    }
    return wire_message("gaps", json_pack("{s:o}", "gaps", list));
}

json_t *wire_candidates(const struct docfs_candidates *c)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < c->n; i++) {
        const struct docfs_candidate *x = &c->item[i];
        append(&list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "name", wire_text(x->name),
                                "title", wire_text(x->title), "location", wire_text(x->location),
                                "why", wire_text(x->why), "licence", wire_text(x->licence),
                                "network", (int)x->network, "present", (int)x->present));
    }
    return wire_message("candidates", json_pack("{s:o}", "candidates", list));
}

json_t *wire_consents(const struct docfs_consents *c)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < c->n; i++) {
        const struct docfs_consent *x = &c->item[i];
        append(&list, json_pack("{s:o, s:I, s:I, s:o, s:s, s:o, s:o}", "at", wire_time(x->at),
                                "gap", (json_int_t)x->gap, "job", (json_int_t)x->job, "who",
                                wire_text(x->who), "policy", x->policy, "location",
                                wire_text(x->location), "query", wire_text(x->query)));
    }
    return wire_message("consents", json_pack("{s:o}", "consents", list));
}
