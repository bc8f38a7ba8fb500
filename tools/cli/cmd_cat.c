/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/buf.h"
#include "tools/cli/commands.h"

struct cat_args {
    const char *lines;
};

static const struct opt options[] = {
    {'n', "lines", OPT_STRING, "A[-B]", "Only these lines, counted from 1",
     offsetof(struct cat_args, lines)},
    {0},
};

static int read_all(struct docfs *d, const struct docfs_document *doc, struct buf *text,
                    struct docfs_err *err)
{
    for (int64_t at = 0; at < doc->size;) {
        size_t want = doc->size - at > (1 << 20) ? 1 << 20 : (size_t)(doc->size - at);
        if (!buf_reserve(text, want + 1))
            return err_oom(err);
        int64_t n = docfs_read(d, doc->content, text->data + text->len, want, at, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        text->len += (size_t)n;
        text->data[text->len] = '\0';
        at += n;
    }
    return 0;
}

/* Narrows *text, *len to a range of lines; returns how many lines there are in it. */
static int64_t cut_lines(const char **text, size_t *len, int64_t first, int64_t last)
{
    const char *p = *text, *end = *text + *len, *start = NULL;
    int64_t line = 1, count = 0;
    for (; p < end && (!last || line <= last); line++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        if (line >= first) {
            start = start ? start : p;
            count++;
        }
        p = nl ? nl + 1 : end;
    }
    *len = start ? (size_t)(p - start) : 0;
    *text = start ? start : end;
    return count;
}

static int run(struct cmd_context *c)
{
    const struct cat_args *a = c->args;
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_buf_ struct buf body = {0};
    struct docfs_err err = {0};
    int64_t id = 0, first = 1, last = 0;
    int r = docfs_resolve_lines(c->d, c->word[0], &id, &first, &last, &err);
    if (r == 0 && a->lines && !docfs_parse_lines(a->lines, &first, &last))
        return cmd_fail_with(c, CMD_USAGE, "lines %s: give A, A-B or A-, counted from 1", a->lines);
    if (r == 0)
        r = docfs_document(c->d, id, &doc, &err);
    if (r == 0)
        r = read_all(c->d, doc, &body, &err);
    if (r < 0)
        return cmd_fail(c, &err);

    const char *text = body.data ? body.data : "";
    size_t len = body.len;
    int64_t lines = cut_lines(&text, &len, first, last);
    int exit = lines || first == 1 ? CMD_OK : CMD_NOTHING;
    if (c->out.json)
        return cmd_json(c, wire_document_text(doc, text, len, first, lines), exit);
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
