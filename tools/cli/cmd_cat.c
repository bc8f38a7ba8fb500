/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"
#include "tools/wire/ask.h"

struct cat_args {
    const char *lines;
};

static const struct opt options[] = {
    {'n', "lines", OPT_STRING, "A[-B]", "Only these lines, counted from 1",
     offsetof(struct cat_args, lines)},
    {0},
};

static int run(struct cmd_context *c)
{
    const struct cat_args *a = c->args;
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_lines_ struct wire_lines lines = {0};
    struct docfs_err err = {0};
    int64_t id = 0, first = 1, last = 0;
    int r = docfs_resolve_lines(c->d, c->word[0], &id, &first, &last, &err);
    if (r == 0 && a->lines && !docfs_parse_lines(a->lines, &first, &last))
        return cmd_fail_with(c, CMD_USAGE, "lines %s: give A, A-B or A-, counted from 1", a->lines);
    if (r == 0)
        r = docfs_document(c->d, id, &doc, &err);
    if (r == 0)
        r = wire_read_lines(c->d, doc->content, doc->size, first, last, 0, &lines, &err);
    if (r < 0)
        return cmd_fail(c, &err);

    const char *text = buf_text(&lines.text);
    size_t len = lines.text.len;
    int exit = lines.count || first == 1 ? CMD_OK : CMD_NOTHING;
    if (c->out.json)
        return cmd_json(c, wire_document_text(doc, text, len, first, lines.count), exit);
    if (doc->signs)
        out_note(&c->out, "%s/%s is flagged: docfs list --flagged %s", doc->collection, doc->path,
                 doc->collection);
    out_content(&c->out, text, len);
    if (len && text[len - 1] != '\n' && c->out.tty)
        out_printf(&c->out, "\n");
    if (exit == CMD_NOTHING)
        out_note(&c->out, "%s/%s has only %lld lines", doc->collection, doc->path,
                 (long long)doc->lines);
    return exit;
}

const struct cmd cmd_cat = {
    .name = "cat",
    .run = run,
    .needs = NEEDS_CACHE,
    .min_words = 1,
    .max_words = 1,
    .summary = "Print a document, or lines of it",
    .usage = "DOCUMENT[:LINES] [--lines A-B]",
    .text =
        "DOCUMENT is COLLECTION/PATH, an id, a result name or a path in a mount; with the line\n"
        "range that docfs search prints, only those lines.",
    .examples = "  docfs cat python@3.11/library/os.md\n"
                "  docfs cat python@3.11/library/os.md:120-160\n",
    .options = options,
    .args_size = sizeof(struct cat_args),
};
