/* SPDX-License-Identifier: MIT */
#include "core/text/rst.h"

#include <string.h>

#include "core/text/rst_inline.h"

void rst_list_table(struct rst *r, size_t from, size_t to)
{
    bool open = false, first = true;
    size_t columns = 0;
    rst_blank_line(r);
    for (size_t i = from; i <= to; i++) {
        struct span l = i < to ? span_trim(r->line[i]) : (struct span){"* -", 3};
        bool row = l.len >= 3 && l.s[0] == '*' && l.s[1] == ' ' && l.s[2] == '-';
        bool cell = !row && l.len >= 1 && l.s[0] == '-' && (l.len == 1 || l.s[1] == ' ');
        if (row && open) {
            buf_adds(r->out, " |\n");
            if (first)
                for (size_t k = 0; k < columns; k++)
                    buf_adds(r->out, k + 1 < columns ? "|---" : "|---|\n");
            first = false;
        }
        if (i == to || l.len == 0)
            continue;
        if (row || cell) {
            l.s += row ? 3 : 1;
            l.len -= row ? 3 : 1;
            buf_adds(r->out, row ? "| " : " | ");
            columns += first;
            open = true;
        } else if (open) {
            buf_addc(r->out, ' ');
        }
        if (open)
            rst_inline(r->out, span_trim(l));
    }
    rst_blank_line(r);
}

/* Columns are where the first rule has '='. */
void rst_simple_table(struct rst *r)
{
    struct span rule = r->line[r->i];
    size_t column[32][2], n = 0;
    for (size_t i = 0; i < rule.len && n < 32;) {
        while (i < rule.len && rule.s[i] != '=')
            i++;
        column[n][0] = i;
        while (i < rule.len && rule.s[i] == '=')
            i++;
        if (i > column[n][0])
            column[n++][1] = i;
    }
    rst_blank_line(r);
    size_t rows = 0;
    for (r->i++; r->i < r->n; r->i++) {
        struct span l = r->line[r->i];
        if (l.len && l.s[0] == '=' && strspn(l.s, "= ") >= l.len) {
            if (rst_at(r, r->i + 1).len == 0) { /* the last rule; the others end the head */
                r->i++;
                break;
            }
            continue;
        }
        if (l.len == 0 || (l.s[0] == '-' && strspn(l.s, "- ") >= l.len))
            continue;
        for (size_t k = 0; k < n; k++) {
            size_t from = column[k][0], to = k + 1 < n ? column[k + 1][0] : l.len;
            from = from < l.len ? from : l.len;
            to = to < l.len ? to : l.len;
            buf_adds(r->out, k ? " | " : "| ");
            rst_inline(r->out, span_trim((struct span){l.s + from, to > from ? to - from : 0}));
        }
        buf_adds(r->out, " |\n");
        if (rows++ == 0) {
            for (size_t k = 0; k < n; k++)
                buf_adds(r->out, k + 1 < n ? "|---" : "|---|\n");
        }
    }
    rst_blank_line(r);
}
