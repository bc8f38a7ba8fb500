/* SPDX-License-Identifier: MIT
 * The synopsis of a manual as a block of code: one line for each form, folded when it is long. */
#include "core/text/man_html.h"

#include <string.h>

#define SYNOPSIS_WIDTH 92

void man_synopsis_line_end(struct buf *synopsis)
{
    buf_rtrim(synopsis, " ");
    if (synopsis->len && buf_last(synopsis) != '\n')
        buf_addc(synopsis, '\n');
}

void man_synopsis_write(struct buf *synopsis, struct buf *out)
{
    buf_rtrim(synopsis, " \n");
    struct span rest = {synopsis->data, synopsis->len}, line;
    if (rest.len == 0)
        return;
    bool is_c = memmem(rest.s, rest.len, "#include", 8) != NULL;
    buf_adds(out, is_c ? "<pre><code class=\"language-c\">" : "<pre><code>");
    while (line_next(&rest, &line)) {
        size_t room = SYNOPSIS_WIDTH, cut;
        while (line.len > room) {
            const char *blank = memrchr(line.s, ' ', room);
            cut = blank ? (size_t)(blank - line.s) : 0;
            /* A single word as long as the line, or one that is nothing but its indent. */
            if (span_run(line, ' ') >= cut)
                break;
            html_escape(out, (struct span){line.s, cut});
            buf_adds(out, "\n        ");
            line = span_skip(line, cut + 1);
            room = SYNOPSIS_WIDTH - 8;
        }
        html_escape(out, line);
        buf_addc(out, '\n');
    }
    buf_adds(out, "</code></pre>\n");
    synopsis->len = 0;
}

void man_synopsis_tag(struct buf *synopsis, struct span name, bool closing)
{
    if (span_eq(name, "p") && !closing && synopsis->len) {
        man_synopsis_line_end(synopsis);
        struct span all = {synopsis->data, synopsis->len};
        if (!span_ends(all, "\n\n") && all.len)
            buf_addc(synopsis, '\n');
    } else if (span_eq(name, "td") && closing) {
        if (synopsis->len && !strchr(" \n", buf_last(synopsis)))
            buf_addc(synopsis, ' ');
    } else if (span_eq(name, "pre")) {
        man_synopsis_line_end(synopsis);
    } else if (!span_eq(name, "span") && !span_eq(name, "td")) {
        man_synopsis_line_end(synopsis);
    }
}
