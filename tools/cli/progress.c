/* SPDX-License-Identifier: MIT */
#include "tools/cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "core/util/buf.h"
#include "core/util/clock.h"
#include "core/util/utf8.h"
#include "tools/cli/wrap.h"

#define BAR_EVERY_NS 100000000   /* 0.1 s */
#define LINE_EVERY_NS 5000000000 /* 5 s */

void progress_init(struct progress *p, const struct out *o)
{
    *p = (struct progress){
        .off = o->quiet || o->json, .tty = o->err_tty, .last_ns = clock_mono_ns()};
}

/* "1,200/5,000 files, 24.1 MB/s, 0:12 left" */
static void figures(struct buf *b, const struct progress_step *s, double elapsed)
{
    char a[32], c[32];
    if (s->total)
        buf_addf(b, "%s/%s %s", out_count(s->done, a), out_count(s->total, c), s->unit);
    else
        buf_addf(b, "%s %s", out_count(s->done, a), s->unit);
    if (elapsed < 0.5)
        return;
    if (s->bytes > 0)
        buf_addf(b, ", %s/s", out_size((int64_t)((double)s->bytes / elapsed), a));
    else if (s->done)
        buf_addf(b, ", %s/s", out_count((uint64_t)((double)s->done / elapsed), a));

    double part = 0;
    if (s->bytes_total > 0)
        part = (double)s->bytes / (double)s->bytes_total;
    else if (s->total)
        part = (double)s->done / (double)s->total;
    if (part > 0.01 && part <= 1)
        buf_addf(b, ", %s left", out_span(elapsed / part - elapsed, a));
}

static void draw_bar(const struct progress_step *s, double elapsed)
{
    _cleanup_buf_ struct buf text = {0}, all = {0};
    figures(&text, s, elapsed);
    unsigned width = wrap_columns(STDERR_FILENO, 80) - 1;
    unsigned cells = width > 70 ? 24 : 10;
    double part = s->bytes_total > 0 ? (double)s->bytes / (double)s->bytes_total
                  : s->total         ? (double)s->done / (double)s->total
                                     : 0;
    unsigned full = part >= 1 ? cells : (unsigned)(part * cells);

    buf_addf(&all, "%-10s ", s->label);
    if (s->total || s->bytes_total) {
        buf_addc(&all, '[');
        for (unsigned i = 0; i < cells; i++)
            buf_addc(&all, i < full ? '#' : '.');
        buf_adds(&all, "] ");
    }
    if (text.data)
        buf_adds(&all, text.data);
    if (s->detail && *s->detail && all.len + 8 < width) {
        buf_adds(&all, "  ");
        for (const char *c = s->detail; *c; c++) /* a file name must not reach the terminal raw */
            buf_addc(&all, (unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f ? '?' : *c);
    }
    buf_truncate(&all, width);
    if (buf_status(&all) == 0)
        fprintf(stderr, "\r%s\033[K", all.data);
}

void progress_update(struct progress *p, const struct progress_step *s)
{
    if (p->off)
        return;
    int64_t now = clock_mono_ns();
    if (!p->label || strcmp(p->label, s->label) != 0) {
        p->label = s->label;
        p->start_ns = now;
    }
    if (now - p->last_ns < (p->tty ? BAR_EVERY_NS : LINE_EVERY_NS))
        return;
    p->last_ns = now;
    double elapsed = (double)(now - p->start_ns) / 1e9;
    if (p->tty) {
        draw_bar(s, elapsed);
        p->shown = true;
        return;
    }
    _cleanup_buf_ struct buf text = {0};
    figures(&text, s, elapsed);
    if (text.data)
        fprintf(stderr, "docfs: %s: %s\n", s->label, text.data);
}

void progress_end(struct progress *p)
{
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
}
