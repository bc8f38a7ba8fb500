/* SPDX-License-Identifier: MIT */
#include "core/text/robots.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/util/buf.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

#define PATTERN_MAX 2048
#define SITEMAPS_MAX 100

struct rule {
    char *pattern; /* normal form */
    size_t len;    /* of the pattern: the longest match wins */
    bool allow;
};

struct robots {
    struct rule *rule;
    size_t n;
    char **sitemap; /* NULL-terminated */
    size_t n_sitemaps;
    double delay;
};

/* Percent-encoding in one form on both sides of the comparison. */
static void normal(struct buf *b, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        bool escaped =
            c == '%' && i + 2 < len && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0;
        if (escaped) {
            c = (unsigned char)(hex_value(s[i + 1]) << 4 | hex_value(s[i + 2]));
            i += 2;
        }
        bool plain = isalnum(c) || (c && strchr("-._~", c));
        if (c >= 0x80 || c <= ' ' || (escaped && !plain))
            buf_addf(b, "%%%02X", c);
        else
            buf_addc(b, (char)c);
    }
}

static bool matches(const char *pattern, const char *path)
{
    const char *star = NULL, *mark = NULL;
    for (;;) {
        if (*pattern == '*') {
            star = ++pattern;
            mark = path;
        } else if (*pattern == '$' && !pattern[1] && !*path) {
            return true;
        } else if (!*pattern) {
            return true; /* a pattern is a prefix */
        } else if (*path && *pattern == *path && !(*pattern == '$' && !pattern[1])) {
            pattern++;
            path++;
        } else if (star && *mark) {
            path = ++mark;
            pattern = star;
        } else {
            return false;
        }
    }
}

bool robots_allowed(const struct robots *r, const char *path)
{
    if (strncmp(path, "/robots.txt", 11) == 0 && (!path[11] || path[11] == '?'))
        return true;
    struct buf b = {0};
    normal(&b, path, strlen(path));
    size_t best = 0;
    bool allowed = true;
    for (size_t i = 0; b.data && i < r->n; i++) {
        const struct rule *u = &r->rule[i];
        if ((u->len > best || (u->len == best && u->allow)) && matches(u->pattern, b.data)) {
            best = u->len;
            allowed = u->allow;
        }
    }
    buf_fini(&b);
    return allowed;
}

double robots_delay(const struct robots *r)
{
    return r->delay;
}

const char *const *robots_sitemaps(const struct robots *r)
{
    static const char *const none[] = {NULL};
    return r->sitemap ? (const char *const *)r->sitemap : none;
}

void robots_free(struct robots *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        free(r->rule[i].pattern);
    for (size_t i = 0; i < r->n_sitemaps; i++)
        free(r->sitemap[i]);
    free(r->rule);
    free(r->sitemap);
    free(r);
}

static bool add_rule(struct robots *r, const char *v, size_t len, bool allow)
{
    if (len == 0 || len > PATTERN_MAX) /* "Disallow:" alone allows everything */
        return true;
    struct buf b = {0};
    normal(&b, v, len);
    if (buf_status(&b) < 0 || !grow(&r->rule, r->n, sizeof(*r->rule))) {
        buf_fini(&b);
        return false;
    }
    size_t n = b.len;
    r->rule[r->n++] = (struct rule){.pattern = buf_steal(&b, NULL), .len = n, .allow = allow};
    return true;
}

static bool add_sitemap(struct robots *r, const char *v, size_t len)
{
    if (len == 0 || r->n_sitemaps >= SITEMAPS_MAX || memchr(v, 0, len))
        return true;
    char **list = reallocarray(r->sitemap, r->n_sitemaps + 2, sizeof(*list));
    if (!list)
        return false;
    r->sitemap = list;
    list[r->n_sitemaps] = strndup(v, len);
    list[r->n_sitemaps + 1] = NULL;
    return list[r->n_sitemaps] && ++r->n_sitemaps;
}

static bool is_key(const char *key, size_t len, const char *name)
{
    return len == strlen(name) && strncasecmp(key, name, len) == 0;
}

/* The group a User-agent line opens: 2 = ours, 1 = everybody's, 0 = another's. */
static int whose(const char *v, size_t len, const char *agent)
{
    if (len && *v == '*')
        return 1;
    size_t n = 0;
    while (n < len && (isalpha((unsigned char)v[n]) || v[n] == '_' || v[n] == '-'))
        n++;
    return n == strlen(agent) && strncasecmp(v, agent, n) == 0 ? 2 : 0;
}

/* One pass for the groups of a rank; false when memory is out. *found: there was such a group. */
static bool read_groups(struct robots *r, const char *text, size_t len, const char *agent, int rank,
                        bool *found)
{
    bool in_agents = false, ours = false;
    for (const char *p = text, *end = text + len; p < end;) {
        const char *eol = p + 1;
        while (eol < end && *eol != '\n' && *eol != '\r')
            eol++;
        if (*p == '\n' || *p == '\r')
            eol = p;
        const char *line = p, *stop = memchr(p, '#', (size_t)(eol - p));
        stop = stop ? stop : eol;
        p = eol + 1;
        const char *colon = memchr(line, ':', (size_t)(stop - line));
        if (!colon)
            continue;
        while (line < colon && isspace((unsigned char)*line))
            line++;
        const char *key_end = colon, *v = colon + 1;
        while (key_end > line && isspace((unsigned char)key_end[-1]))
            key_end--;
        while (v < stop && isspace((unsigned char)*v))
            v++;
        while (stop > v && isspace((unsigned char)stop[-1]))
            stop--;
        size_t key = (size_t)(key_end - line), n = (size_t)(stop - v);
        if (is_key(line, key, "user-agent")) {
            ours = (in_agents && ours) || whose(v, n, agent) == rank;
            in_agents = true;
            *found = *found || ours;
        } else if (is_key(line, key, "sitemap")) {
            if (rank == 2 && !add_sitemap(r, v, n))
                return false;
        } else if (is_key(line, key, "allow") || is_key(line, key, "disallow")) {
            in_agents = false;
            if (ours && !add_rule(r, v, n, key == 5))
                return false;
        } else if (is_key(line, key, "crawl-delay")) {
            in_agents = false;
            char number[32] = "";
            memcpy(number, v, n < sizeof(number) - 1 ? n : sizeof(number) - 1);
            double d = strtod(number, NULL);
            if (ours && isfinite(d) && d > r->delay)
                r->delay = d;
        }
    }
    return true;
}

struct robots *robots_parse(const char *text, size_t len, const char *agent)
{
    struct robots *r = calloc(1, sizeof(*r));
    bool found = false;
    if (len > ROBOTS_MAX)
        len = ROBOTS_MAX;
    if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
        text += 3;
        len -= 3;
    }
    if (r && (!read_groups(r, text, len, agent, 2, &found) ||
              (!found && !read_groups(r, text, len, agent, 1, &found)))) {
        robots_free(r);
        return NULL;
    }
    return r;
}

struct robots *robots_refuse_all(void)
{
    return robots_parse("User-agent: *\nDisallow: /\n", 26, "docfs");
}
