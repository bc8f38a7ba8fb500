/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tools/cli/commands.h"
#include "tools/cli/interrupt.h"

struct ask_args {
    struct opt_list in;
    unsigned k;
    bool extract, evaluate;
};

static const struct opt options[] = {
    {'c', "collection", OPT_LIST, "COLLECTION", "Only from this collection; may be given again",
     offsetof(struct ask_args, in)},
    {'k', "limit", OPT_COUNT, "N", "How many passages to read (default 6)",
     offsetof(struct ask_args, k), 1, 50},
    {0, "evaluate", OPT_FLAG, NULL, "Let the model judge the passages before it answers",
     offsetof(struct ask_args, evaluate)},
    {0, "extract", OPT_FLAG, NULL, "Show the passages themselves; ask no model",
     offsetof(struct ask_args, extract)},
    {0},
};

static int on_delta(void *arg, const char *text, size_t len)
{
    struct cmd_context *c = arg;
    out_content(&c->out, text, len);
    fflush(c->out.f);
    return out_broken(&c->out);
}

static int on_poll(void *arg)
{
    return interrupt_seen();
}

static void sources(struct cmd_context *c, const struct docfs_answer *a)
{
    out_printf(&c->out, "\n");
    for (size_t i = 0; i < a->n; i++) {
        const struct docfs_hit *h = &a->results->hit[a->evidence[i].hit];
        if (!a->evidence[i].cited)
            continue;
        out_printf(&c->out, "\n[%zu] ", i + 1);
        out_text(&c->out, STYLE_PATH, h->collection);
        out_printf(&c->out, "/");
        out_text(&c->out, STYLE_PATH, h->path);
        out_printf(&c->out, ":%u-%u", h->line, h->line + (h->lines ? h->lines - 1 : 0));
    }
    out_printf(&c->out, "\n");
}

static int run(struct cmd_context *c)
{
    const struct ask_args *a = c->args;
    _cleanup_free_ char *text = cmd_join(c, 0);
    _cleanup_(docfs_answer_freep) struct docfs_answer *answer = NULL;
    struct docfs_err err = {0};
    if (!text)
        return cmd_fail_with(c, CMD_SYSTEM, "out of memory");
    interrupt_watch(false);
    struct docfs_question q = {.text = text,
                               .in = a->in.item,
                               .k = a->k,
                               .evaluate = a->evaluate,
                               .extract = a->extract,
                               .door = "cli",
                               .delta = c->out.json ? NULL : on_delta,
                               .cancelled = on_poll,
                               .arg = c};
    if (docfs_answer(c->d, &q, &answer, &err) < 0)
        return cmd_fail(c, &err);
    int exit = answer->found ? CMD_OK : CMD_NOTHING;
    if (c->out.json)
        return cmd_json(c, wire_answer(answer), exit);
    if (answer->generated)
        sources(c, answer);
    else
        out_printf(&c->out, "\n");
    if (*answer->note)
        out_note(&c->out, "%s", answer->note);
    else if (!answer->found && answer->results && *answer->results->note)
        out_note(&c->out, "%s", answer->results->note);
    else if (!answer->generated && answer->found && !a->extract)
        out_note(&c->out, "these are the passages that answer; with a chat model (docfs config "
                          "set chat.url URL) docfs writes an answer from them");
    return exit;
}

const struct cmd cmd_ask = {
    .name = "ask",
    .run = run,
    .needs = NEEDS_CACHE,
    .min_words = 1,
    .max_words = CMD_MANY,
    .summary = "Answer a question from the documentation, with its sources",
    .usage = "QUESTION... [-c COLLECTION] [-k N] [--evaluate] [--extract]",
    .text = "With a chat model (setting chat.url) it writes the answer and cites the passages as\n"
            "[1], [2]; without one, the passages are the answer.",
    .examples = "  docfs ask how do I cancel a task\n"
                "  docfs ask -c python@3.11 --json what does asyncio.timeout do\n",
    .options = options,
    .args_size = sizeof(struct ask_args),
};
