/* SPDX-License-Identifier: MIT */
#include "tools/cli/hits.h"

#include <stdio.h>
#include <string.h>
#include "core/util/buf.h"

static void rank_text(char out[16], int rank)
{
    if (rank > 0)
        snprintf(out, 16, "#%d", rank);
    else
        snprintf(out, 16, "-");
}

#define ALSO_SHOWN 3

/* Where else the same text stands. */
static void print_also(struct out *o, const struct docfs_hit *h)
{
    unsigned at = 11;
    size_t shown = h->n_also < ALSO_SHOWN ? h->n_also : ALSO_SHOWN;
    if (h->n_also)
        out_printf(o, "    also in");
    for (size_t i = 0; i < shown; i++) {
        _cleanup_buf_ struct buf b = {0};
        buf_addf(&b, " %s", h->also[i].collection);
        if (strcmp(h->also[i].path, h->path) != 0)
            buf_addf(&b, "/%s", h->also[i].path);
        buf_adds(&b, i + 1 < shown ? "," : "");
        at = out_wrapped(o, STYLE_PATH, buf_text(&b), at);
    }
    if (h->n_also > shown)
        out_wrapped(o, STYLE_NONE, " and more (copies=all)", at);
    if (h->n_also)
        out_printf(o, "\n");
}

static void print_hit(struct out *o, const struct docfs_hit *h, size_t rank, bool below,
                      bool explain)
{
    char when[32];
    out_printf(o, "%2zu. %.3f  ", rank, h->score);
    out_text(o, STYLE_PATH, h->collection);
    out_printf(o, "/");
    out_text(o, STYLE_PATH, h->path);
    if (h->line)
        out_printf(o, ":%u-%u", h->line, h->line + (h->lines ? h->lines - 1 : 0));
    out_printf(o, "%s", below ? "  (below min)" : "");
    if (docfs_is_stale(h->stale_at))
        out_printf(o, "  (stale: last checked %s)", out_date(h->checked_at, when));
    for (unsigned i = 0, n = 0; i < DOCFS_SIGNS; i++)
        if (h->signs & 1u << i)
            out_printf(o, "%s%s", n++ ? ", " : "  flagged: ", docfs_sign_name(1u << i));
    out_printf(o, "\n    ");
    unsigned at = out_wrapped(o, STYLE_TITLE, h->title, 4);
    /* The heading path of most documents begins with their title. */
    size_t len = strlen(h->title);
    bool same = strncmp(h->heading, h->title, len) == 0;
    if (same && strncmp(h->heading + len, " > ", 3) == 0) {
        out_wrapped(o, STYLE_NONE, h->heading + len, at);
    } else if (*h->heading && !(same && !h->heading[len])) {
        at = out_wrapped(o, STYLE_NONE, " >", at);
        out_printf(o, " ");
        out_wrapped(o, STYLE_NONE, h->heading, at + 1);
    }
    out_printf(o, "\n    ");
    out_wrapped(o, STYLE_DIM, h->snippet, 4);
    out_printf(o, "\n");
    print_also(o, h);
    if (explain) {
        char lex[16], vec[16];
        rank_text(lex, h->lex_rank);
        rank_text(vec, h->vec_rank);
        out_printf(o,
                   "    words %s (%.2f), meaning %s (%.3f), boost %.3f, feedback %+.3f, %u "
                   "passages, id %s, "
                   "checked %s\n",
                   lex, h->lex_score, vec, h->vec_score, h->boost, h->prior, h->matches,
                   h->public_id, out_date(h->checked_at, when));
    }
}

int hits_print(struct cmd_context *c, const struct docfs_results *r, bool explain)
{
    struct out *o = &c->out;
    size_t above = r->n - r->below;
    int exit = above ? CMD_OK : CMD_NOTHING;
    if (o->json)
        return cmd_json(c, wire_results(r, explain), exit);
    for (size_t i = 0; i < r->n && !out_broken(o); i++)
        print_hit(o, &r->hit[i], i + 1, i >= above, explain);
    if (*r->note)
        out_note(o, "%s", r->note);
    else if (r->n == 0)
        out_note(o, "nothing found");
    if (explain) {
        char n[32];
        out_printf(o, "query: ");
        out_text(o, STYLE_NONE, r->query);
        out_printf(o, "\n%s documents considered in %.1f ms, generation %llu\n",
                   out_count(r->candidates, n), r->seconds * 1e3,
                   (unsigned long long)r->generation);
    }
    if (r->pending)
        out_note(o, "%zu files are still being indexed", r->pending);
    return exit;
}
