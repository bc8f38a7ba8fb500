/* SPDX-License-Identifier: MIT */
#include "core/text/passage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/heading.h"
#include "core/text/passage_cut.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"

#define LEVELS 6
#define PATH_LIMIT 500 /* bytes of a heading path */
#define SEPARATOR " > "

/* One section, or several small ones that will share a passage. Only this and the section being
 * read are held: memory does not grow with the document. */
struct group {
    bool any;
    size_t start, end;
    int level;       /* of its first heading; 0 above the first one */
    int last;        /* of the heading that path ends with */
    bool bare;       /* headings without text of their own */
    struct buf path; /* "A > B", or "A > B, C" after siblings joined */
};

struct splitter {
    struct cutter cut;
    char level_text[LEVELS][HEADING_MAX + 1]; /* headings in force */
    int level;                                /* of the section being read */
    size_t start;                             /* of it, heading included */
    size_t body;                              /* where its text begins */
    struct group group;
};

static bool has_text(const char *md, size_t from, size_t to)
{
    for (; from < to; from++)
        if (!blank_byte(md[from]))
            return true;
    return false;
}

static void add_path(struct buf *b, const char *separator, const char *text)
{
    size_t n = strlen(text);
    if (!n || b->len + strlen(separator) + n > PATH_LIMIT)
        return;
    if (b->len)
        buf_adds(b, separator);
    buf_add(b, text, n);
}

static void section_path(const struct splitter *s, struct buf *out)
{
    for (int i = 0; i < s->level; i++)
        add_path(out, SEPARATOR, s->level_text[i]);
}

static int flush(struct splitter *s)
{
    struct group *g = &s->group;
    if (!g->any)
        return 0;
    g->any = false;
    if (buf_status(&g->path))
        return -ENOMEM;
    return cut_range(&s->cut, g->start, g->end, buf_text(&g->path));
}

/* May the section that ends at end share a passage with the group before it? */
static bool joins(const struct splitter *s, size_t end, bool bare)
{
    const struct group *g = &s->group;
    if (!g->any || s->level < g->level)
        return false;
    if (g->bare && s->level > g->level)
        return true;
    size_t tiny = s->cut.target / 5, sum = end - g->start;
    return sum < s->cut.target &&
           (bare || g->bare || g->end - g->start < tiny || end - s->start < tiny);
}

/* Ends the section being read at end and decides which passage it belongs to. */
static int end_section(struct splitter *s, size_t end)
{
    struct group *g = &s->group;
    bool bare = !has_text(s->cut.md, s->body, end);
    if (bare && s->level == 0)
        return 0;
    if (joins(s, end, bare)) {
        /* A child's path holds its parent's; a sibling adds its own heading to the list. */
        if (s->level > g->level && (g->bare || g->level == 0)) {
            buf_clear(&g->path);
            section_path(s, &g->path);
        } else {
            add_path(&g->path, s->level > g->last ? SEPARATOR : ", ",
                     s->level ? s->level_text[s->level - 1] : "");
        }
        g->last = s->level;
        if (g->bare && s->level > g->level)
            g->level = s->level; /* the bare heading is only its introduction */
        g->end = end;
        g->bare &= bare;
        return 0;
    }
    int r = flush(s);
    if (r)
        return r;
    g->any = true;
    g->start = s->start;
    g->end = end;
    g->level = g->last = s->level;
    g->bare = bare;
    buf_clear(&g->path);
    section_path(s, &g->path);
    return 0;
}

static int begin_section(struct splitter *s, int level, size_t start, size_t body, const char *text,
                         size_t len)
{
    int r = end_section(s, start);
    if (r)
        return r;
    heading_clean(text, len, s->level_text[level - 1]);
    for (int i = level; i < LEVELS; i++)
        s->level_text[i][0] = '\0';
    s->level = level;
    s->start = start;
    s->body = body;
    return 0;
}

static int read_sections(struct splitter *s, size_t len)
{
    const char *md = s->cut.md;
    struct fence fence = {0};
    size_t before = 0, before_len = 0; /* the line before, when it may become a heading */
    bool alone = true;                 /* nothing or a blank line stands above it */
    bool gap = true;
    for (size_t at = 0; at < len;) {
        const char *nl = memchr(md + at, '\n', len - at);
        size_t end = nl ? (size_t)(nl - md) : len, next = nl ? end + 1 : len, n = end - at;
        size_t from, text_len;
        int level, r = 0;
        bool code = fence_line(&fence, md + at, n) || fence.mark;
        if (!code && (level = heading_atx(md + at, n, &from, &text_len))) {
            r = begin_section(s, level, at, next, md + at + from, text_len);
            before_len = 0;
            gap = true; /* what follows starts afresh */
        } else if (!code && before_len && alone && (level = heading_underline(md + at, n))) {
            r = begin_section(s, level, before, next, md + before, before_len);
            before_len = 0;
            gap = true;
        } else {
            bool blank = line_indent(md + at, n) == n;
            alone = gap;
            before = at;
            before_len = !code && !blank && heading_candidate(md + at, n) ? n : 0;
            gap = blank;
        }
        if (r)
            return r;
        at = next;
    }
    int r = end_section(s, len);
    return r ? r : flush(s);
}

int passages_split(const char *md, size_t len, const struct passage_options *opt,
                   struct passages *ret)
{
    _cleanup_passages_ struct passages made = {0};
    _cleanup_free_ struct splitter *s = calloc(1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    /* Below these nothing sensible can be cut. */
    size_t target = opt->target < 32 ? 32 : opt->target;
    s->cut = (struct cutter){
        .md = md, .target = target, .max = opt->max < target ? target : opt->max, .out = &made};
    int r = read_sections(s, len);
    buf_fini(&s->group.path);
    if (r)
        return r;
    *ret = made;
    made = (struct passages){0};
    return 0;
}

void passages_fini(struct passages *p)
{
    for (size_t i = 0; i < p->n; i++)
        free(p->item[i].heading);
    free(p->item);
    *p = (struct passages){0};
}
