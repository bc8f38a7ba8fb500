/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

static json_t *row(const struct docfs_feedback_row *f)
{
    json_t *o =
        json_pack("{s:I, s:o, s:s, s:b, s:f, s:s, s:o, s:o, s:s, s:o}", "number", (json_int_t)f->id,
                  "at", wire_time(f->at), "signal", docfs_signal_name(f->signal), "explicit",
                  (int)docfs_signal_explicit(f->signal), "value", f->value, "id", f->public_id,
                  "collection", wire_text(f->collection), "query", wire_text(f->query), "door",
                  f->door, "comment", wire_text(f->comment));
    if (o && wire_set_path(o, "path", f->path) < 0) {
        json_decref(o);
        o = NULL;
    }
    return o;
}

json_t *wire_feedbacks(const struct docfs_feedbacks *f)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < f->n; i++)
        if (json_array_append_new(list, row(&f->item[i])) < 0) {
            json_decref(list);
            list = NULL;
        }
    return wire_message("feedback", json_pack("{s:o}", "feedback", list));
}

json_t *wire_replay(const struct docfs_replay *r)
{
    return wire_message("replay",
                        json_pack("{s:I, s:I, s:I, s:I, s:I, s:f, s:f}", "learned",
                                  (json_int_t)r->learned, "asked", (json_int_t)r->asked, "better",
                                  (json_int_t)r->better, "worse", (json_int_t)r->worse, "same",
                                  (json_int_t)r->same, "mrr_before", r->mrr_before, "mrr_after",
                                  r->mrr_after));
}
