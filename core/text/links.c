/* SPDX-License-Identifier: MIT */
#include "core/text/links.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/util/buf.h"

#define VALUE_MAX 4096

enum { HREF, SRC, REL, TYPE, NAME, CONTENT, LANG, EQUIV, N_ATTRS };
static const char *const attr_names[N_ATTRS] = {"href", "src",     "rel",  "type",
                                                "name", "content", "lang", "http-equiv"};

struct attr {
    const char *p;
    size_t len;
};

static bool is(const char *s, size_t len, const char *word)
{
    return len == strlen(word) && strncasecmp(s, word, len) == 0;
}

/* One of the blank- or comma-separated words of an attribute. */
static bool has_word(const struct attr *a, const char *word)
{
    for (size_t i = 0; a->p && i < a->len;) {
        size_t n = i;
        while (n < a->len && !isspace((unsigned char)a->p[n]) && a->p[n] != ',')
            n++;
        if (is(a->p + i, n - i, word))
            return true;
        i = n + 1;
    }
    return false;
}

static bool attr_is(const struct attr *a, const char *word)
{
    return a->p && is(a->p, a->len, word);
}

/* Entities as they occur in addresses. */
static void decode(const char *s, size_t len, struct buf *out)
{
    static const struct {
        const char *name;
        char c;
    } named[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};
    buf_clear(out);
    buf_add(out, "", 0);
    for (size_t i = 0; i < len; i++) {
        if (s[i] != '&') {
            buf_addc(out, s[i] ? s[i] : ' ');
            continue;
        }
        size_t left = len - i - 1, k;
        const char *e = s + i + 1;
        for (k = 0; k < sizeof(named) / sizeof(*named); k++) {
            size_t n = strlen(named[k].name);
            if (left >= n && memcmp(e, named[k].name, n) == 0) {
                buf_addc(out, named[k].c);
                i += n;
                break;
            }
        }
        if (k < sizeof(named) / sizeof(*named))
            continue;
        if (left >= 2 && *e == '#') {
            bool hexed = (e[1] | 32) == 'x';
            uint32_t cp = 0;
            size_t n = hexed ? 2 : 1, from = n;
            for (; n < left && n < from + 7 && isxdigit((unsigned char)e[n]); n++) {
                if (!hexed && !isdigit((unsigned char)e[n]))
                    break;
                uint32_t d = isdigit((unsigned char)e[n]) ? (uint32_t)(e[n] - '0')
                                                          : (uint32_t)((e[n] | 32) - 'a' + 10);
                cp = cp * (hexed ? 16 : 10) + d;
            }
            if (n > from) {
                buf_addcp(out, cp ? cp : 0xfffd);
                i += n + (n < left && e[n] == ';');
                continue;
            }
        }
        buf_addc(out, '&');
    }
}

struct scan {
    link_fn *fn;
    void *arg;
    struct buf value;
};

static int say(struct scan *s, enum link_kind kind, const struct attr *a)
{
    if (!a->p || a->len > VALUE_MAX)
        return 0;
    decode(a->p, a->len, &s->value);
    return buf_status(&s->value) < 0 ? 0 : s->fn(s->arg, kind, s->value.data);
}

/* "5; url=there" */
static int say_refresh(struct scan *s, const struct attr *a)
{
    for (size_t i = 0; a->p && i + 4 <= a->len; i++)
        if (strncasecmp(a->p + i, "url=", 4) == 0) {
            struct attr to = {a->p + i + 4, a->len - i - 4};
            if (to.len >= 2 && (*to.p == '\'' || *to.p == '"')) {
                to.p++;
                to.len -= 2;
            }
            return say(s, LINK_PAGE, &to);
        }
    return 0;
}

static int element(struct scan *s, const char *tag, size_t len, const struct attr *a)
{
    int r = 0;
    if (is(tag, len, "a") || is(tag, len, "area"))
        return has_word(&a[REL], "nofollow") ? 0 : say(s, LINK_PAGE, &a[HREF]);
    if (is(tag, len, "iframe") || is(tag, len, "frame"))
        return say(s, LINK_PAGE, &a[SRC]);
    if (is(tag, len, "base"))
        return say(s, LINK_BASE, &a[HREF]);
    if (is(tag, len, "html"))
        return say(s, LINK_LANG, &a[LANG]);
    if (is(tag, len, "link")) {
        if (has_word(&a[REL], "canonical"))
            return say(s, LINK_CANONICAL, &a[HREF]);
        if (has_word(&a[REL], "alternate") && attr_is(&a[TYPE], "text/markdown"))
            return say(s, LINK_MARKDOWN, &a[HREF]);
        if (has_word(&a[REL], "next") || has_word(&a[REL], "prev"))
            return say(s, LINK_PAGE, &a[HREF]);
        return 0;
    }
    if (is(tag, len, "meta")) {
        if (attr_is(&a[EQUIV], "refresh"))
            return say_refresh(s, &a[CONTENT]);
        if (!attr_is(&a[NAME], "robots") && !attr_is(&a[NAME], "docfs"))
            return 0;
        bool none = has_word(&a[CONTENT], "none");
        if (none || has_word(&a[CONTENT], "noindex"))
            r = s->fn(s->arg, LINK_NOINDEX, "");
        if (r == 0 && (none || has_word(&a[CONTENT], "nofollow")))
            r = s->fn(s->arg, LINK_NOFOLLOW, "");
    }
    return r;
}

/* Attributes of a start tag; returns past its '>'. */
static const char *attributes(const char *p, const char *end, struct attr a[N_ATTRS])
{
    while (p < end && *p != '>') {
        while (p < end && (isspace((unsigned char)*p) || *p == '/'))
            p++;
        const char *name = p;
        while (p < end && !isspace((unsigned char)*p) && !strchr("=>/", *p))
            p++;
        size_t name_len = (size_t)(p - name);
        while (p < end && isspace((unsigned char)*p))
            p++;
        struct attr v = {"", 0};
        if (p < end && *p == '=') {
            p++;
            while (p < end && isspace((unsigned char)*p))
                p++;
            if (p < end && (*p == '"' || *p == '\'')) {
                const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
                v.p = p + 1;
                v.len = (size_t)((close ? close : end) - v.p);
                p = close ? close + 1 : end;
            } else {
                v.p = p;
                while (p < end && !isspace((unsigned char)*p) && *p != '>')
                    p++;
                v.len = (size_t)(p - v.p);
            }
        } else if (name_len == 0 && p < end && *p != '>') {
            p++; /* a byte that is no name: NUL, or a stray sign */
        }
        for (size_t i = 0; i < N_ATTRS; i++)
            if (!a[i].p && is(name, name_len, attr_names[i]))
                a[i] = v;
    }
    return p < end ? p + 1 : end;
}

/* Past the end tag of an element whose content is no markup. */
static const char *skip_raw(const char *p, const char *end, const char *tag, size_t len)
{
    for (; (p = memchr(p, '<', (size_t)(end - p))); p++)
        if ((size_t)(end - p) > len + 1 && p[1] == '/' && strncasecmp(p + 2, tag, len) == 0)
            return p;
    return end;
}

int links_html(const char *html, size_t len, link_fn *fn, void *arg)
{
    struct scan s = {.fn = fn, .arg = arg};
    const char *p = html, *end = html + len;
    int r = 0;
    while (r == 0 && p < end && (p = memchr(p, '<', (size_t)(end - p)))) {
        p++;
        if (end - p >= 3 && memcmp(p, "!--", 3) == 0) {
            const char *close = memmem(p + 1, (size_t)(end - p - 1), "-->", 3);
            p = close ? close + 3 : p + 3;
            continue;
        }
        if (p == end || !isalpha((unsigned char)*p))
            continue;
        const char *tag = p;
        while (p < end && (isalnum((unsigned char)*p) || *p == '-'))
            p++;
        size_t n = (size_t)(p - tag);
        struct attr a[N_ATTRS] = {{0}};
        p = attributes(p, end, a);
        r = element(&s, tag, n, a);
        if (is(tag, n, "script") || is(tag, n, "style") || is(tag, n, "textarea") ||
            is(tag, n, "title"))
            p = skip_raw(p, end, tag, n);
    }
    buf_fini(&s.value);
    return r;
}

/* ---- markdown ---- */

static int say_target(struct scan *s, const char *p, const char *end)
{
    struct attr a = {p, 0};
    if (p < end && *p == '<') {
        const char *close = memchr(p, '>', (size_t)(end - p));
        a.p = p + 1;
        a.len = close ? (size_t)(close - a.p) : 0;
    } else {
        int depth = 0;
        while (p < end && !isspace((unsigned char)*p) && !(*p == ')' && depth == 0)) {
            depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
            p++;
        }
        a.len = (size_t)(p - a.p);
    }
    return a.len ? say(s, LINK_PAGE, &a) : 0;
}

static int line_links(struct scan *s, const char *p, const char *end)
{
    int r = 0;
    const char *start = p;
    for (; r == 0 && p < end; p++) {
        if (*p == '`') { /* a code span ends with as many backticks */
            size_t n = 0, k;
            while (p + n < end && p[n] == '`')
                n++;
            const char *q = p + n;
            for (; q < end; q += k ? k : 1) {
                for (k = 0; q + k < end && q[k] == '`';)
                    k++;
                if (k == n)
                    break;
            }
            p = q < end ? q + n - 1 : p + n - 1;
        } else if (*p == '\\') {
            p++;
        } else if (*p == ']' && p + 1 < end && p[1] == '(') {
            r = say_target(s, p + 2, end);
        } else if (*p == ']' && p + 1 < end && p[1] == ':' && *start == '[') {
            p += 2;
            while (p < end && isspace((unsigned char)*p))
                p++;
            return say_target(s, p, end);
        } else if (*p == '<' && end - p > 8 && strncasecmp(p + 1, "http", 4) == 0) {
            r = say_target(s, p, end);
        }
    }
    return r;
}

int links_markdown(const char *md, size_t len, link_fn *fn, void *arg)
{
    struct scan s = {.fn = fn, .arg = arg};
    char fence = 0;
    int r = 0;
    for (const char *p = md, *end = md + len; r == 0 && p < end;) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        eol = eol ? eol : end;
        const char *q = p;
        while (q < eol && q < p + 3 && *q == ' ')
            q++;
        bool mark = eol - q >= 3 && (*q == '`' || *q == '~') && q[1] == *q && q[2] == *q;
        if (mark && (!fence || fence == *q))
            fence = fence ? 0 : *q;
        else if (!fence)
            r = line_links(&s, q, eol);
        p = eol + 1;
    }
    buf_fini(&s.value);
    return r;
}
