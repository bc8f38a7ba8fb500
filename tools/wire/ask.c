/* SPDX-License-Identifier: MIT */
#include "tools/wire/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/utf8.h"

#define CHUNK (256u << 10)
#define WALK_DEPTH 64

/* A value in quotes, so that blanks and keywords in it stay text. */
static int add_filter(struct buf *b, const char *key, const char *value, struct docfs_err *err)
{
    if (strchr(value, '"'))
        return err_set(err, -EINVAL, "no %s can be called '%s'",
                       strcmp(key, "in") == 0 ? "collection" : key, value);
    buf_addf(b, " %s=\"%s\"", key, value);
    return 0;
}

static int filters(struct buf *b, const struct wire_ask *a, struct docfs_err *err)
{
    int r = 0;
    if (a->k)
        buf_addf(b, " k=%u", a->k);
    if (a->mode)
        r = add_filter(b, "mode", a->mode, err);
    for (size_t i = 0; r == 0 && a->in && a->in[i]; i++)
        r = add_filter(b, "in", a->in[i], err);
    return r < 0 ? r : buf_status(b) < 0 ? err_oom(err) : 0;
}

static int parse(const struct wire_ask *a, struct query **ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf text = {0}, with = {0};
    size_t len = strlen(a->query);
    if (a->words) {
        buf_addc(&text, '=');
        len = utf8_cut(a->query, len, QUERY_MAX - 1);
    }
    buf_add(&text, a->query, len);
    int r = filters(&with, a, err);
    if (r == 0 && buf_status(&text) < 0)
        r = err_oom(err);
    return r < 0 ? r : query_parse_with(buf_text(&text), text.len, buf_text(&with), ret, err);
}

int wire_ask(struct docfs *d, const struct wire_ask *a, struct docfs_results **ret,
             struct docfs_err *err)
{
    _cleanup_(query_freep) struct query *q = NULL;
    int64_t start = clock_mono_ns();
    int r = parse(a, &q, err);
    if (r == 0)
        r = docfs_search(d, q, 0, ret, err);
    if (r == 0 && a->door)
        docfs_log_query(d, a->door, a->words ? a->query : q->canonical, (*ret)->n - (*ret)->below,
                        (double)(clock_mono_ns() - start) / 1e9);
    return r;
}

/* ---- walking ---- */

static int walk(struct docfs *d, int64_t directory, const char *path, unsigned depth,
                wire_walk_fn *fn, void *arg, struct docfs_err *err)
{
    _cleanup_(docfs_listing_freep) struct docfs_listing *l = NULL;
    int r = docfs_list(d, directory, &l, err);
    for (size_t i = 0; r == 0 && i < l->n; i++) {
        const struct docfs_entry *e = &l->item[i];
        _cleanup_buf_ struct buf b = {0};
        buf_addf(&b, "%s%s%s", path, e->name, e->is_dir ? "/" : "");
        if (buf_status(&b) < 0)
            return err_oom(err);
        if (!e->is_dir)
            r = fn(arg, e, b.data);
        else if (depth < WALK_DEPTH)
            r = walk(d, e->id, b.data, depth + 1, fn, arg, err);
    }
    return r;
}

int wire_walk(struct docfs *d, int64_t directory, wire_walk_fn *fn, void *arg,
              struct docfs_err *err)
{
    return walk(d, directory, "", 0, fn, arg, err);
}

/* ---- lines ---- */

/* Where in a stream of chunks the wanted lines are. */
struct cutter {
    struct wire_lines *out;
    int64_t last, line; /* line: the one that the next byte belongs to */
    size_t max, kept;   /* kept: bytes of whole lines in out */
    bool done;
};

static void end_line(struct cutter *c)
{
    if (c->line >= c->out->first) {
        c->kept = c->out->text.len;
        c->out->count++;
    }
    c->line++;
    c->done = c->last && c->line > c->last;
}

static void take(struct cutter *c, const char *data, size_t len)
{
    while (len && !c->done) {
        const char *nl = memchr(data, '\n', len);
        size_t n = nl ? (size_t)(nl - data) + 1 : len;
        if (c->line >= c->out->first) {
            if (c->max && c->out->text.len + n > c->max) {
                buf_add(&c->out->text, data, c->max - c->out->text.len + 1); /* see the cut */
                c->out->next = c->line;
                c->done = true;
                return;
            }
            buf_add(&c->out->text, data, n);
        }
        if (nl)
            end_line(c);
        data += n;
        len -= n;
    }
}

int wire_read_lines(struct docfs *d, int64_t content, int64_t size, int64_t first, int64_t last,
                    size_t max_bytes, struct wire_lines *ret, struct docfs_err *err)
{
    *ret = (struct wire_lines){.first = first};
    struct cutter c = {.out = ret, .last = last, .line = 1, .max = max_bytes};
    size_t chunk = size < CHUNK ? (size_t)(size > 0 ? size : 1) : CHUNK;
    _cleanup_free_ char *data = malloc(chunk);
    if (!data)
        return err_oom(err);
    for (int64_t at = 0; at < size && !c.done;) {
        int64_t n = docfs_read(d, content, data, chunk, at, err);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        take(&c, data, (size_t)n);
        at += n;
    }
    if (!c.done && ret->text.len > c.kept) /* a last line without its end */
        end_line(&c);
    if (ret->next && ret->count == 0) {
        ret->cut = true;
        if (ret->text.data)
            buf_truncate(&ret->text, utf8_cut(ret->text.data, ret->text.len, max_bytes));
        ret->next = ret->first + 1;
    } else if (ret->next) {
        buf_truncate(&ret->text, c.kept);
    }
    return buf_status(&ret->text) < 0 ? err_oom(err) : 0;
}
