/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>
#include "tools/cli/commands.h"

struct feedback_args {
    const char *query, *comment;
    unsigned max, rank, part;
    bool explicit_only, yes;
};

static const struct opt options[] = {
    {0, "query", OPT_STRING, "QUERY", "The question the document was an answer to",
     offsetof(struct feedback_args, query)},
    {'m', "comment", OPT_STRING, "TEXT", "What you want to say about it",
     offsetof(struct feedback_args, comment)},
    {0, "rank", OPT_COUNT, "N", "Its place in the answer", offsetof(struct feedback_args, rank), 1,
     1000},
    {'n', "max", OPT_COUNT, "N", "list: at most this many (default 100)",
     offsetof(struct feedback_args, max), 1, 100000},
    {0, "explicit", OPT_FLAG, NULL, "list: only what somebody said",
     offsetof(struct feedback_args, explicit_only)},
    {0, "part", OPT_COUNT, "PERCENT", "replay: learn from this part (default 50)",
     offsetof(struct feedback_args, part), 1, 99},
    {'y', "yes", OPT_FLAG, NULL, "reset: all feedback, without a name",
     offsetof(struct feedback_args, yes)},
    {0},
};

static int list(struct cmd_context *c)
{
    const struct feedback_args *a = c->args;
    _cleanup_(docfs_feedbacks_freep) struct docfs_feedbacks *all = NULL;
    struct docfs_err err = {0};
    struct out *o = &c->out;
    const char *name = c->n_words > 1 ? c->word[1] : NULL;
    if (docfs_feedback_list(c->d, 0, name, a->explicit_only, a->max, &all, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_feedbacks(all), CMD_OK);
    for (size_t i = 0; i < all->n && !out_broken(o); i++) {
        const struct docfs_feedback_row *f = &all->item[i];
        char when[32];
        out_printf(o, "%s  %-11s %s  ", out_date(f->at, when), docfs_signal_name(f->signal),
                   f->public_id);
        out_text(o, STYLE_PATH, f->collection);
        out_text(o, STYLE_PATH, "/");
        out_text(o, STYLE_PATH, f->path);
        if (*f->query) {
            out_printf(o, "  for ");
            out_text(o, STYLE_NONE, f->query);
        }
        if (*f->comment) {
            out_printf(o, "  ");
            out_text(o, STYLE_DIM, f->comment);
        }
        out_printf(o, "\n");
    }
    if (all->n == 0)
        out_note(o, "no feedback yet; docfs feedback helpful DOCUMENT --query QUERY gives some");
    return CMD_OK;
}

static int reset(struct cmd_context *c)
{
    const struct feedback_args *a = c->args;
    struct docfs_err err = {0};
    int64_t document = 0;
    const char *collection = NULL;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    if (c->n_words < 2 && !a->yes)
        return cmd_fail_with(
            c, CMD_USAGE,
            "docfs feedback reset needs a collection or a document, or --yes for all");
    if (c->n_words > 1) {
        const struct docfs_collection *one;
        int r = docfs_collections(c->d, &all, &err);
        if (r == 0 && docfs_collection_find(all, c->word[1], false, &one, NULL) == 0)
            collection = one->name;
        else if (r == 0)
            r = docfs_resolve(c->d, c->word[1], &document, &err);
        if (r < 0)
            return cmd_fail(c, &err);
    }
    int64_t n = docfs_feedback_reset(c->d, document, collection, &err);
    if (n < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_message("reset", json_pack("{s:I}", "forgotten", (json_int_t)n)),
                        CMD_OK);
    out_printf(&c->out, "%" PRId64 " signal%s forgotten\n", n, out_plural((uint64_t)n));
    return CMD_OK;
}

static int replay(struct cmd_context *c)
{
    const struct feedback_args *a = c->args;
    struct docfs_replay r;
    struct docfs_err err = {0};
    if (docfs_feedback_replay(c->d, (a->part ? a->part : 50) / 100.0, &r, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_replay(&r), CMD_OK);
    out_printf(&c->out,
               "learned from %zu signal%s, asked %zu question%s again\n"
               "mean reciprocal rank %.3f without, %.3f with feedback; %zu better, %zu worse, %zu "
               "the same\n",
               r.learned, out_plural(r.learned), r.asked, out_plural(r.asked), r.mrr_before,
               r.mrr_after, r.better, r.worse, r.same);
    return CMD_OK;
}

static int give(struct cmd_context *c)
{
    const struct feedback_args *a = c->args;
    struct docfs_feedback f = {
        .query = a->query, .comment = a->comment, .door = "cli", .rank = a->rank};
    struct docfs_err err = {0};
    if (c->n_words < 2)
        return cmd_fail_with(c, CMD_USAGE, "docfs feedback %s needs a document", c->word[0]);
    for (unsigned i = 1; i < c->n_words; i++) {
        int r = docfs_signal_parse(c->word[0], &f.signal, &err);
        if (r == 0)
            r = docfs_resolve(c->d, c->word[i], &f.document, &err);
        if (r == 0)
            r = docfs_feedback_add(c->d, &f, &err);
        if (r < 0)
            return cmd_fail(c, &err);
    }
    return CMD_OK;
}

static int run(struct cmd_context *c)
{
    const char *verb = c->n_words ? c->word[0] : "list";
    bool list_it = strcmp(verb, "list") == 0, replay_it = strcmp(verb, "replay") == 0;
    bool reset_it = strcmp(verb, "reset") == 0;
    enum docfs_signal s;
    struct docfs_err err = {0};
    if (!list_it && !replay_it && !reset_it && docfs_signal_parse(verb, &s, &err) < 0)
        return cmd_fail(c, &err);
    int r = cmd_open(c, list_it || replay_it ? NEEDS_CACHE : NEEDS_WRITABLE);
    if (r)
        return r;
    return list_it ? list(c) : replay_it ? replay(c) : reset_it ? reset(c) : give(c);
}

const struct cmd cmd_feedback = {
    .name = "feedback",
    .run = run,
    .needs = NEEDS_NOTHING,
    .max_words = CMD_MANY,
    .summary = "Say what helped and what is wrong; searches learn from it",
    .usage = "SIGNAL DOCUMENT... [--query QUERY] | [list] [COLLECTION] | replay | reset [NAME]",
    .text = "SIGNAL is helpful, not_helpful, outdated, incorrect or flag. With --query it counts "
            "for that\n"
            "question most of all. Scores move by at most 0.2, and less as feedback ages; docfs "
            "search\n"
            "--explain shows by how much, docfs feedback replay whether it would have helped.",
    .examples = "  docfs feedback helpful python@3.11/library/os.md --query 'list a directory'\n"
                "  docfs feedback outdated k5vq2m3a --comment 'describes version 2'\n"
                "  docfs feedback reset python@3.11\n",
    .options = options,
    .args_size = sizeof(struct feedback_args),
};
