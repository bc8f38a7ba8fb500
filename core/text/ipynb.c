/* SPDX-License-Identifier: MIT
 * Jupyter notebooks (nbformat 3 and 4): markdown cells as they are, code and its text output
 * fenced. Pictures and other data in outputs are left out. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/util/cleanup.h"

#define OUTPUT_MAX 2000 /* bytes kept of one output */

/* A string, or an array of strings that belong together. */
static void add_source(struct buf *b, json_t *v)
{
    size_t i;
    json_t *part;
    if (json_is_string(v))
        buf_add(b, json_string_value(v), json_string_length(v));
    json_array_foreach(v, i, part) if (json_is_string(part))
        buf_add(b, json_string_value(part), json_string_length(part));
}

/* A fence longer than any run of backticks in the text. */
static void add_fenced(struct buf *out, const char *lang, const struct buf *text)
{
    size_t run = 0, longest = 2;
    for (size_t i = 0; i < text->len; i++) {
        run = text->data[i] == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    size_t n = text->len;
    while (n && (text->data[n - 1] == '\n' || text->data[n - 1] == ' '))
        n--;
    if (n == 0)
        return;
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i <= longest; i++)
            buf_addc(out, '`');
        if (side == 0) {
            buf_addf(out, "%s\n", lang);
            buf_add(out, text->data, n);
            buf_addc(out, '\n');
        }
    }
    buf_adds(out, "\n\n");
}

/* Text of an output: stream, result or error. */
static void output_text(json_t *output, struct buf *text, bool *ret_markdown)
{
    json_t *data = json_object_get(output, "data");
    json_t *markdown = json_object_get(data, "text/markdown");
    json_t *ename = json_object_get(output, "ename");
    *ret_markdown = markdown != NULL;
    if (markdown)
        add_source(text, markdown);
    else if (data)
        add_source(text, json_object_get(data, "text/plain"));
    else if (json_is_string(ename)) {
        const char *value = json_string_value(json_object_get(output, "evalue"));
        buf_addf(text, "%s: %s", json_string_value(ename), value ? value : "");
    } else {
        add_source(text, json_object_get(output, "text"));
    }
    if (text->len > OUTPUT_MAX) {
        size_t n = OUTPUT_MAX;
        while (n && (text->data[n] & 0xc0) == 0x80)
            n--;
        buf_truncate(text, n);
        buf_adds(text, " ...");
    }
}

static void add_cell(struct buf *out, json_t *cell, const char *lang)
{
    const char *type = json_string_value(json_object_get(cell, "cell_type"));
    json_t *source = json_object_get(cell, "source");
    _cleanup_buf_ struct buf text = {.limit = out->limit};
    add_source(&text, source ? source : json_object_get(cell, "input"));
    if (!type || strcmp(type, "code") != 0) {
        buf_add(out, text.data, text.len);
        buf_adds(out, "\n\n");
        return;
    }
    if (text.len)
        add_fenced(out, lang, &text);
    size_t i;
    json_t *output;
    json_array_foreach(json_object_get(cell, "outputs"), i, output)
    {
        bool markdown;
        buf_clear(&text);
        output_text(output, &text, &markdown);
        if (markdown && text.len) {
            buf_add(out, text.data, text.len);
            buf_adds(out, "\n\n");
        } else if (text.len) {
            add_fenced(out, "text", &text);
        }
    }
}

/* Language of the code: a short word that cannot break out of the info string of a fence. */
static const char *language(json_t *root)
{
    json_t *meta = json_object_get(root, "metadata");
    const char *s =
        json_string_value(json_object_get(json_object_get(meta, "language_info"), "name"));
    if (!s)
        s = json_string_value(json_object_get(json_object_get(meta, "kernelspec"), "language"));
    return s && *s && strlen(s) < 32 &&
                   strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
                             "WXYZ0123456789+#-_.") == strlen(s)
               ? s
               : "";
}

static void add_cells(struct buf *out, json_t *cells, const char *lang)
{
    size_t i;
    json_t *cell;
    json_array_foreach(cells, i, cell) add_cell(out, cell, lang);
}

int convert_ipynb(const char *text, size_t len, const char *name,
                  const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    json_error_t why;
    json_t *root = json_loadb(text, len, 0, &why); /* jansson bounds the depth at 2048 */
    if (!root)
        return err_set(err, -EINVAL, "not valid JSON: %s (line %d)", why.text, why.line);
    _cleanup_buf_ struct buf out = {.limit = limits->max_output};
    const char *lang = language(root);
    add_cells(&out, json_object_get(root, "cells"), lang);
    size_t i;
    json_t *sheet;
    json_array_foreach(json_object_get(root, "worksheets"), i, sheet)
        add_cells(&out, json_object_get(sheet, "cells"), lang);
    json_decref(root);
    if (buf_status(&out) < 0)
        return err_set(err, buf_status(&out), "more text than %zu bytes", limits->max_output);
    if (out.len == 0)
        return err_set(err, -ENOTSUP, "no cells in this notebook");
    /* The markdown converter finds the title and cleans what notebooks put into their cells. */
    return convert_markdown(out.data, out.len, name, limits, ret, err);
}
