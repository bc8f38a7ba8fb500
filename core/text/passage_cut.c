/* SPDX-License-Identifier: MIT */
#include "core/text/passage_cut.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/heading.h"
#include "core/util/grow.h"
#include "core/util/utf8.h"

/* What a cut at such a place costs, in units of "as bad as a piece twice the ideal length". Within
 * code and tables only the maximum forces a cut. */
#define COST_PARAGRAPH 0.0
#define COST_AFTER_CODE 0.1
#define COST_ITEM 0.15
#define COST_INDENTED 0.3 /* a list item goes on */
#define COST_COLON 0.4    /* the line before announces what comes */
#define COST_NAME 0.1     /* what follows is defined there, and a sentence ends before it */
#define COST_LINE 0.4     /* a sentence ends before it */
#define COST_SENTENCE 0.9
#define COST_BLANK 2.5
#define COST_AFTER_HEADING 6.0
#define COST_TABLE 12.0
#define COST_CODE 14.0
#define COST_CODE_BLANK 30.0

#define INDENT_KEPT 32 /* bytes */
#define NAME_LONGEST 300

/* ---- passages out ---- */

static void count_to(struct cutter *c, size_t at)
{
    for (; c->counted > at; c->counted--)
        c->newlines -= c->md[c->counted - 1] == '\n';
    while (c->counted < at) {
        const char *nl = memchr(c->md + c->counted, '\n', at - c->counted);
        c->newlines += nl != NULL;
        c->counted = nl ? (size_t)(nl - c->md) + 1 : at;
    }
}

static int add_passage(struct cutter *c, size_t start, size_t end, const char *heading)
{
    while (end > start && blank_byte(c->md[end - 1]))
        end--;
    size_t text = start;
    while (text < end && blank_byte(c->md[text]))
        text++;
    if (text == end)
        return 0;
    while (text > start && c->md[text - 1] != '\n') /* keep the indentation of the first line */
        text--;
    if (!grow(&c->out->item, c->out->n, sizeof(*c->out->item)))
        return -ENOMEM;
    struct passage p = {.heading = strdup(heading), .start = text, .len = end - text};
    if (!p.heading)
        return -ENOMEM;
    count_to(c, text);
    p.line = c->newlines + 1;
    count_to(c, end);
    p.lines = c->newlines + 2 - p.line;
    c->out->item[c->out->n++] = p;
    return 0;
}

/* ---- where to cut ---- */

/* State of the walk over the lines of one piece. */
struct walk {
    const struct cutter *c;
    size_t start, least; /* the piece begins at start; its cut lies beyond least */
    double ideal;
    struct fence fence;
    size_t best;
    double best_score;
    struct fence best_fence;
};

static double length_cost(const struct walk *w, size_t at)
{
    double len = (double)(at - w->start);
    return len < w->ideal ? w->ideal / len - 1 : len / w->ideal - 1;
}

static void candidate(struct walk *w, size_t at, double cost)
{
    if (at <= w->least)
        return;
    double score = cost + length_cost(w, at);
    if (w->best <= w->least || score < w->best_score) {
        w->best = at;
        w->best_score = score;
        w->best_fence = w->fence;
    }
}

/* Nothing from here on can beat the best: only length counts, and it grows. */
static bool settled(const struct walk *w, size_t at)
{
    return w->best > w->least && (double)(at - w->start) > w->ideal &&
           length_cost(w, at) > w->best_score;
}

static bool is_item(const char *line, size_t len)
{
    size_t i = line_indent(line, len), from = i;
    if (i + 1 >= len)
        return false;
    if (strchr("-*+", line[i]))
        return line[i + 1] == ' ';
    while (i < len && line[i] >= '0' && line[i] <= '9')
        i++;
    return i > from && i + 1 < len && (line[i] == '.' || line[i] == ')') && line[i + 1] == ' ';
}

struct line {
    const char *s;
    size_t len;
    bool table, code_end, heading, colon;
    bool stop; /* it ends a sentence */
    bool name; /* of what the lines after it define */
};

static double line_cost(const struct line *before, const struct line *now, bool gap,
                        const struct fence *fence, bool opens)
{
    if (fence->mark)
        return COST_CODE;
    if (before->heading)
        return COST_AFTER_HEADING;
    if (gap && now->heading)
        return COST_PARAGRAPH;
    double extra = before->colon ? COST_COLON : 0;
    size_t indent = line_indent(now->s, now->len);
    if (gap)
        return extra + (indent >= 2 ? COST_INDENTED : COST_PARAGRAPH);
    if (before->table && now->table)
        return COST_TABLE;
    if (is_item(now->s, now->len))
        return extra + (indent >= 2 ? COST_INDENTED : COST_ITEM);
    if (before->code_end)
        return COST_AFTER_CODE;
    if (opens)
        return extra + COST_COLON;
    if (before->name || !before->stop)
        return extra + COST_SENTENCE;
    return extra + (now->name ? COST_NAME : COST_LINE);
}

/* Places inside a long line: ends of sentences and blanks. */
static void inline_candidates(struct walk *w, size_t from, size_t to, bool protect)
{
    const char *md = w->c->md;
    for (size_t i = from + 1; i < to && !settled(w, i); i++) {
        if (md[i] != ' ')
            continue;
        char before = md[i - 1], after = i + 1 < to ? md[i + 1] : 'a';
        bool sentence = strchr(".!?", before) && before && !(after >= 'a' && after <= 'z');
        candidate(w, i + 1, protect ? COST_CODE_BLANK : sentence ? COST_SENTENCE : COST_BLANK);
    }
}

/* A word alone, or a call: "math.exp(x)", "class Lock(name)". In text without any marks they begin
 * a definition or a section. */
static bool is_name(const char *s, size_t len)
{
    size_t words = 1, i = 0;
    if (!len || len > NAME_LONGEST || blank_byte(s[0]) || strchr(".,;:!?", s[len - 1]))
        return false;
    for (; i < len && (s[i] != '(' || blank_byte(s[i ? i - 1 : 0])); i++)
        words += s[i] == ' ';
    return i < len ? i > 0 && words <= 4 && s[len - 1] == ')' : words == 1;
}

static struct line look_at(const char *s, size_t len)
{
    struct line l = {.s = s, .len = len};
    size_t from, n;
    l.table = memchr(s, '|', len) != NULL;
    l.heading = heading_atx(s, len, &from, &n) || heading_underline(s, len) == 1;
    while (len && blank_byte(s[len - 1]))
        len--;
    l.colon = len && s[len - 1] == ':';
    l.stop = len && strchr(".!?", s[len - 1]);
    l.name = is_name(s, len);
    return l;
}

/* Finds the end of the piece [w->start, ?) inside limit, not beyond start + max. */
static void find_cut(struct walk *w, size_t from, size_t limit)
{
    const char *md = w->c->md;
    size_t window = limit - w->start > w->c->max ? w->start + w->c->max : limit;
    struct line before = {.heading = false};
    bool gap = false, first = true;
    for (size_t at = from; at < window;) {
        const char *nl = memchr(md + at, '\n', window - at);
        size_t end = nl ? (size_t)(nl - md) : window, next = nl ? end + 1 : window;
        size_t len = end - at;
        if (line_indent(md + at, len) == len) {
            gap = true;
            at = next;
            continue;
        }
        if (settled(w, at))
            return;
        struct line now = look_at(md + at, len);
        struct fence old = w->fence;
        bool marks = fence_line(&w->fence, md + at, len), opens = marks && w->fence.mark;
        if (!first) {
            struct fence after = w->fence;
            w->fence = old; /* the state at the cut */
            candidate(w, at, line_cost(&before, &now, gap, &old, opens));
            w->fence = after;
        }
        bool whole = nl || window == limit; /* else its end lies outside */
        if (!marks && (!whole || ((double)len > w->ideal / 2 && !now.table && !w->fence.mark)))
            inline_candidates(w, at, end, now.table || w->fence.mark);
        now.code_end = marks && !opens;
        now.heading &= !w->fence.mark;
        before = now;
        first = gap = false;
        at = next;
    }
    if (window == limit) {
        candidate(w, limit, COST_PARAGRAPH);
    } else if (w->best <= w->least) { /* one unbroken word */
        size_t n = utf8_cut(md + w->start, limit - w->start, w->c->max);
        w->best = w->start + n > w->least ? w->start + n : window;
        w->best_fence = w->fence;
    }
}

/* Start of the whole lines before cut that the next piece repeats; cut when there are none. */
static size_t overlap_start(const struct cutter *c, size_t start, size_t cut)
{
    if (c->out->n && c->out->item[c->out->n - 1].start > start)
        start = c->out->item[c->out->n - 1].start; /* starts ascend */
    size_t most = c->target / 10, found = cut;
    if (cut - start <= most || c->md[cut - 1] != '\n')
        return cut;
    for (size_t at = cut - 1; at > start && cut - at <= most; at--) {
        if (c->md[at - 1] != '\n')
            continue;
        size_t i = at + line_indent(c->md + at, cut - at);
        if (strchr("`~|#", c->md[i])) /* half a code block or table would mislead */
            break;
        if (c->md[i] != '\n')
            found = at;
    }
    return found;
}

/* Moves a piece that begins with blank lines to its first text, keeping that line's indentation. */
static void skip_blank(const struct cutter *c, size_t end, size_t *start, size_t *fresh)
{
    size_t at = *fresh;
    while (at < end && blank_byte(c->md[at]))
        at++;
    size_t indent = at;
    while (indent > *fresh && at - indent < INDENT_KEPT && c->md[indent - 1] != '\n')
        indent--;
    if (*start == *fresh)
        *start = indent;
    *fresh = indent;
}

int cut_range(struct cutter *c, size_t start, size_t end, const char *heading)
{
    while (end > start && blank_byte(c->md[end - 1]))
        end--;
    size_t whole = c->target + c->target / 4 < c->max ? c->target + c->target / 4 : c->max;
    bool overlap = end - start > c->max;
    struct fence fence = {0};
    size_t fresh = start; /* what no piece holds yet */
    while (fresh < end) {
        if (!fence.mark)
            skip_blank(c, end, &start, &fresh);
        size_t left = end - start;
        if (left <= whole)
            return add_passage(c, start, end, heading);
        size_t pieces = (left + c->target / 2) / c->target;
        struct walk w = {.c = c,
                         .start = start,
                         .least = fresh,
                         .ideal = (double)left / (double)(pieces ? pieces : 1),
                         .fence = fence};
        w.best = fresh;
        find_cut(&w, fresh, end);
        int r = add_passage(c, start, w.best, heading);
        if (r)
            return r;
        fence = w.best_fence;
        fresh = w.best;
        start = overlap && !fence.mark && fresh < end ? overlap_start(c, start, fresh) : fresh;
    }
    return 0;
}
