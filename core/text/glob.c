/* SPDX-License-Identifier: MIT */
#include "core/text/name.h"

#include <string.h>

#include "core/util/utf8.h"

/* Backtracking over several '*' is exponential or at least cubic for hostile patterns. Instead all
 * places of the pattern that the path read so far may have reached are kept as a set: time is
 * pattern length times path length, whatever they hold. */
#define GLOB_MAX 1024 /* bytes of a pattern; a longer one matches nothing */

enum glob_kind {
    G_CHAR,
    G_ANY,
    G_STAR,
    G_DEEP /* two stars */,
    G_DEEP_DIR /* two stars and '/' */,
    G_CLASS
};

struct glob_item {
    uint8_t kind;
    uint16_t from, to; /* G_CLASS: range of the pattern between the brackets */
    uint32_t c;
};

/* Malformed bytes get numbers of their own, so that they match only themselves. */
static size_t glob_char(const char *s, size_t len, uint32_t *ret)
{
    size_t n = utf8_decode(s, len, ret);
    if (*ret == 0xfffd && n == 1)
        *ret = 0x110000u + (unsigned char)*s;
    return n;
}

/* End of the class that begins after '[' at i (the position of ']'), or 0 when it is not closed. */
static size_t class_end(const char *p, size_t len, size_t i)
{
    if (i < len && (p[i] == '!' || p[i] == '^'))
        i++;
    if (i < len && p[i] == ']')
        i++;
    for (; i < len; i++) {
        if (p[i] == '\\')
            i++;
        else if (p[i] == ']')
            return i;
    }
    return 0;
}

static size_t class_char(const char *p, size_t len, uint32_t *ret)
{
    if (*p == '\\' && len > 1)
        return 1 + glob_char(p + 1, len - 1, ret);
    return glob_char(p, len, ret);
}

static bool class_matches(const char *p, size_t len, uint32_t c)
{
    bool negate = len && (*p == '!' || *p == '^'), hit = false;
    for (size_t i = negate; i < len;) {
        uint32_t lo, hi;
        i += class_char(p + i, len - i, &lo);
        hi = lo;
        if (i + 1 < len && p[i] == '-') {
            i++;
            i += class_char(p + i, len - i, &hi);
        }
        hit |= c >= lo && c <= hi;
    }
    return hit != negate && c != '/';
}

static size_t glob_compile(const char *p, size_t len, struct glob_item item[static GLOB_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < len;) {
        struct glob_item g = {.kind = G_CHAR};
        size_t end;
        if (p[i] == '*' && i + 1 < len && p[i + 1] == '*') {
            bool at_start = !i || p[i - 1] == '/';
            while (i < len && p[i] == '*')
                i++;
            g.kind = G_DEEP;
            if (at_start && i < len && p[i] == '/') {
                g.kind = G_DEEP_DIR;
                i++;
            }
        } else if (p[i] == '*' || p[i] == '?') {
            g.kind = p[i++] == '*' ? G_STAR : G_ANY;
        } else if (p[i] == '[' && (end = class_end(p, len, i + 1))) {
            g.kind = G_CLASS;
            g.from = (uint16_t)(i + 1);
            g.to = (uint16_t)end;
            i = end + 1;
        } else {
            if (p[i] == '\\' && i + 1 < len)
                i++;
            i += glob_char(p + i, len - i, &g.c);
        }
        item[n++] = g;
    }
    return n;
}

/* Adds place i and those reached from it without reading anything. */
static void glob_reach(const struct glob_item *item, size_t n, bool *set, size_t i)
{
    set[i] = true;
    while (i < n && item[i].kind >= G_STAR && item[i].kind <= G_DEEP_DIR)
        set[++i] = true;
}

static bool glob_one(const struct glob_item *g, const char *pattern, uint32_t c)
{
    switch ((enum glob_kind)g->kind) {
    case G_CHAR:
        return c == g->c;
    case G_CLASS:
        return class_matches(pattern + g->from, g->to - g->from, c);
    case G_DEEP:
    case G_DEEP_DIR:
        return true;
    default:
        return c != '/';
    }
}

bool name_glob(const char *pattern, const char *path)
{
    if (!strchr(pattern, '/')) {
        const char *slash = strrchr(path, '/');
        path = slash ? slash + 1 : path;
    }
    pattern += *pattern == '/'; /* "/x" is x at the top; paths have no leading '/' */
    size_t len = strlen(pattern), path_len = strlen(path);
    struct glob_item item[GLOB_MAX];
    bool set[2][GLOB_MAX + 1] = {0};
    if (len > GLOB_MAX)
        return false;
    size_t n = glob_compile(pattern, len, item);
    bool *now = set[0], *next = set[1];
    glob_reach(item, n, now, 0);
    for (size_t at = 0; at < path_len;) {
        uint32_t c;
        at += glob_char(path + at, path_len - at, &c);
        bool alive = false;
        memset(next, 0, n + 1);
        for (size_t i = 0; i < n; i++) {
            if (!now[i] || !glob_one(&item[i], pattern, c))
                continue;
            alive = true;
            if (item[i].kind ==
                G_DEEP_DIR) { /* whole components: stay inside, or begin after '/' */
                next[i] = true;
                if (c == '/')
                    glob_reach(item, n, next, i + 1);
            } else {
                glob_reach(item, n, next,
                           item[i].kind == G_STAR || item[i].kind == G_DEEP ? i : i + 1);
            }
        }
        if (!alive)
            return false;
        bool *swap = now;
        now = next;
        next = swap;
    }
    return now[n];
}
