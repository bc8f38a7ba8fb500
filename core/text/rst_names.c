/* SPDX-License-Identifier: MIT */
#include "core/text/rst_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define PLACE_LINES 20 /* from the name of a place to its title */

struct name {
    char *key, *value; /* the key begins with its kind */
};

struct rst_names {
    struct name *v;
    size_t n;
    char **anonymous;
    size_t n_anonymous, next_anonymous;
    unsigned *footnote; /* numbers of those without a label */
    size_t n_footnotes, next_used, next_defined;
    bool oom;
};

/* Case and blanks do not count in names. False: too long. */
static bool key_of(char kind, struct span name, char key[RST_NAME_LEN + 2])
{
    size_t n = 0;
    key[n++] = kind;
    name = span_trim(name);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.s[i];
        if (is_blank(c) && is_blank(key[n - 1]))
            continue;
        if (n > RST_NAME_LEN)
            return false;
        key[n++] = is_blank(c) ? ' ' : (char)(is_upper(c) ? c | 0x20 : c);
    }
    key[n] = '\0';
    return n > 1;
}

static void add(struct rst_names *names, char kind, struct span name, struct span value)
{
    char key[RST_NAME_LEN + 2];
    if (names->n >= RST_NAMES_MAX || value.len > RST_VALUE_LEN || !key_of(kind, name, key))
        return;
    struct name added = {strdup(key), span_dup(value)};
    if (!added.key || !added.value || !grow(&names->v, names->n, sizeof(*names->v))) {
        free(added.key);
        free(added.value);
        names->oom = true;
        return;
    }
    names->v[names->n++] = added;
}

static void add_anonymous(struct rst_names *names, struct span address)
{
    if (names->n_anonymous >= RST_NAMES_MAX || address.len > RST_VALUE_LEN)
        address = (struct span){"", 0};
    char *copy = span_dup(address);
    if (!copy || !grow(&names->anonymous, names->n_anonymous, sizeof(char *))) {
        free(copy);
        names->oom = true;
        return;
    }
    names->anonymous[names->n_anonymous++] = copy;
}

static unsigned indent_of(struct span l)
{
    return (unsigned)(span_trim(l).s - l.s);
}

/* What stands behind a mark and in the lines below it that are indented more. */
static void value_of(const struct span *line, size_t n, size_t i, struct span first, bool blanks,
                     struct buf *out)
{
    unsigned base = indent_of(line[i]);
    buf_clear(out);
    buf_add_span(out, span_trim(first));
    while (++i < n && line[i].len && indent_of(line[i]) > base && out->len <= RST_VALUE_LEN) {
        if (blanks && out->len)
            buf_addc(out, ' ');
        buf_add_span(out, span_trim(line[i]));
    }
}

/* "0xA9", "U+00A9", "&#xA9;" as UTF-8; other words are text. */
static void add_unicode(struct span words, struct buf *out)
{
    struct span comment = words;
    const char *dots = memmem(words.s, words.len, " ..", 3);
    if (dots)
        comment.len = (size_t)(dots - words.s);
    for (size_t i = 0; i < comment.len;) {
        size_t end = i;
        while (end < comment.len && !is_blank(comment.s[end]))
            end++;
        struct span w = {comment.s + i, end - i};
        char digits[12] = "";
        size_t skip = span_starts(w, "0x") || span_starts(w, "U+") || span_starts(w, "u+") ? 2
                      : span_starts(w, "x") || span_starts(w, "\\x") ? 1 + (w.s[0] == '\\')
                      : span_starts(w, "&#x")                        ? 3
                                                                     : 0;
        char *stop = digits;
        if (skip && w.len > skip && w.len - skip < sizeof(digits)) {
            memcpy(digits, w.s + skip, w.len - skip);
            unsigned long cp = strtoul(digits, &stop, 16);
            if (stop > digits && (*stop == '\0' || *stop == ';'))
                buf_addcp(out, (uint32_t)cp);
            else
                stop = digits;
        }
        if (stop == digits)
            buf_add_span(out, w);
        for (i = end; i < comment.len && is_blank(comment.s[i]);)
            i++;
    }
}

/* ".. |name| replace:: text" */
static void substitution(struct rst_names *names, const struct span *line, size_t n, size_t i,
                         struct span t)
{
    const char *bar = memchr(t.s, '|', t.len);
    if (!bar)
        return;
    struct span name = {t.s, (size_t)(bar - t.s)}, rest = span_skip(t, name.len + 1);
    rest = span_trim(rest);
    _cleanup_buf_ struct buf value = {0};
    if (span_starts(rest, "replace::")) {
        value_of(line, n, i, span_skip(rest, 9), true, &value);
        add(names, '|', name, buf_span(&value));
    } else if (span_starts(rest, "unicode::")) {
        add_unicode(span_trim(span_skip(rest, 9)), &value);
        add(names, '|', name, buf_span(&value));
    } else if (span_starts(rest, "image::")) { /* what is written where it cannot be shown */
        struct span alt = {"", 0};
        for (size_t k = i + 1; k < n && line[k].len && indent_of(line[k]) > indent_of(line[i]); k++)
            if (span_starts(span_trim(line[k]), ":alt:"))
                alt = span_trim(span_skip(span_trim(line[k]), 5));
        add(names, '|', name, alt);
    }
    names->oom |= value.oom;
}

/* A title is a name too, for a place in the page. */
static bool is_title(struct span l, struct span under)
{
    return l.len && !is_blank(l.s[0]) && under.len >= 3 && !is_alnum(under.s[0]) &&
           span_run(under, under.s[0]) == under.len;
}

/* What stands at a place: the title below it, behind blank lines and further places. */
static struct span title_below(const struct span *line, size_t n, size_t i)
{
    size_t end = i + PLACE_LINES < n ? i + PLACE_LINES : n;
    while (++i < end && (!line[i].len || span_starts(line[i], ".. _")))
        ;
    if (i + 2 < n && is_title(line[i + 1], line[i + 2]) && line[i].len >= 3 &&
        span_run(line[i], line[i + 2].s[0]) == line[i].len)
        i++; /* it is overlined */
    return i + 1 < n && is_title(line[i], line[i + 1]) ? line[i] : (struct span){"", 0};
}

/* ".. _name: address", ".. _`a name`: address" and ".. __: address" */
static void target(struct rst_names *names, const struct span *line, size_t n, size_t i,
                   struct span t)
{
    _cleanup_buf_ struct buf value = {0};
    size_t end = 0;
    if (t.len && t.s[0] == '`') {
        const char *close = memmem(t.s + 1, t.len - 1, "`:", 2);
        if (!close)
            return;
        struct span name = {t.s + 1, (size_t)(close - t.s - 1)};
        value_of(line, n, i, span_skip(t, name.len + 3), false, &value);
        add(names, '_', name, buf_span(&value));
        return;
    }
    while (end < t.len && !(t.s[end] == ':' && (end + 1 == t.len || is_blank(t.s[end + 1]))))
        end += t.s[end] == '\\' ? 2 : 1;
    if (end >= t.len)
        return;
    value_of(line, n, i, span_skip(t, end + 1), false, &value);
    _cleanup_buf_ struct buf name = {0};
    for (size_t k = 0; k < end; k++)
        if (t.s[k] != '\\')
            buf_addc(&name, t.s[k]);
    if (end == 1 && t.s[0] == '_')
        add_anonymous(names, buf_span(&value));
    else
        add(names, '_', buf_span(&name), buf_span(&value));
    struct span title = value.len ? (struct span){"", 0} : title_below(line, n, i);
    if (title.len)
        add(names, ':', buf_span(&name), span_trim(title));
    names->oom |= value.oom | name.oom;
}

/* ".. [#label] text" */
static void footnote(struct rst_names *names, struct span t, unsigned *count)
{
    const char *close = memchr(t.s, ']', t.len);
    if (!close || *count >= RST_NAMES_MAX)
        return;
    struct span label = {t.s, (size_t)(close - t.s)};
    ++*count;
    if (label.len) {
        char number[12];
        snprintf(number, sizeof(number), "%u", *count);
        add(names, '#', label, span_of(number));
    } else if (grow(&names->footnote, names->n_footnotes, sizeof(unsigned))) {
        names->footnote[names->n_footnotes++] = *count;
    } else {
        names->oom = true;
    }
}

/* "`text <address>`_" in a line gives its text as a name to the address. */
static void embedded(struct rst_names *names, struct span l)
{
    for (const char *p; (p = memmem(l.s, l.len, ">`_", 3));) {
        struct span before = {l.s, (size_t)(p - l.s)};
        l = span_skip(l, before.len + 3);
        const char *open = memrchr(before.s, '<', before.len);
        const char *tick = open ? memrchr(before.s, '`', (size_t)(open - before.s)) : NULL;
        if (tick && !(l.len && l.s[0] == '_'))
            add(names, '_', (struct span){tick + 1, (size_t)(open - tick - 1)},
                (struct span){open + 1, (size_t)(p - open - 1)});
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->key, ((const struct name *)b)->key);
}

/* Of equal names the one that stands for most counts. */
static void sort(struct rst_names *names)
{
    size_t kept = 0;
    if (names->n)
        qsort(names->v, names->n, sizeof(*names->v), by_key);
    for (size_t i = 0; i < names->n; i++) {
        struct name *last = kept ? &names->v[kept - 1] : NULL, *v = &names->v[i];
        if (!last || strcmp(last->key, v->key) != 0) {
            names->v[kept++] = *v;
            continue;
        }
        if (!last->value[0]) {
            char *swap = last->value;
            last->value = v->value;
            v->value = swap;
        }
        free(v->key);
        free(v->value);
    }
    names->n = kept;
}

struct rst_names *rst_names_new(const struct span *line, size_t n)
{
    struct rst_names *names = calloc(1, sizeof(*names));
    unsigned footnotes = 0;
    if (!names)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        struct span t = span_trim(line[i]);
        if (span_starts(t, ".. |"))
            substitution(names, line, n, i, span_skip(t, 4));
        else if (span_starts(t, ".. _"))
            target(names, line, n, i, span_skip(t, 4));
        else if (span_starts(t, "__ "))
            add_anonymous(names, span_trim(span_skip(t, 3)));
        else if (span_starts(t, ".. [#"))
            footnote(names, span_skip(t, 5), &footnotes);
        else if (i + 1 < n && is_title(line[i], line[i + 1]))
            add(names, '_', t, (struct span){"", 0});
        else
            embedded(names, t);
    }
    sort(names);
    if (names->oom) {
        rst_names_free(names);
        return NULL;
    }
    return names;
}

void rst_names_free(struct rst_names *names)
{
    if (!names)
        return;
    for (size_t i = 0; i < names->n; i++) {
        free(names->v[i].key);
        free(names->v[i].value);
    }
    for (size_t i = 0; i < names->n_anonymous; i++)
        free(names->anonymous[i]);
    free(names->v);
    free(names->anonymous);
    free(names->footnote);
    free(names);
}

const char *rst_name(const struct rst_names *names, char kind, struct span name)
{
    /* Those of docutils' isonum.txt that pages use. */
    static const char *const common[][2] = {
        {"copy", "©"},   {"reg", "®"},    {"trade", "™"}, {"mdash", "—"}, {"ndash", "–"},
        {"rarr", "→"},   {"larr", "←"},   {"deg", "°"},   {"micro", "µ"}, {"times", "×"},
        {"plusmn", "±"}, {"hellip", "…"}, {"nbsp", " "},
    };
    char key[RST_NAME_LEN + 2];
    if (!names || !key_of(kind, name, key))
        return NULL;
    struct name wanted = {.key = key};
    const struct name *found =
        names->n ? bsearch(&wanted, names->v, names->n, sizeof(wanted), by_key) : NULL;
    for (size_t i = 0; !found && kind == '|' && i < sizeof(common) / sizeof(*common); i++)
        if (strcmp(key + 1, common[i][0]) == 0)
            return common[i][1];
    return found ? found->value : NULL;
}

const char *rst_next_anonymous(struct rst_names *names)
{
    return names->next_anonymous < names->n_anonymous ? names->anonymous[names->next_anonymous++]
                                                      : "";
}

unsigned rst_next_footnote(struct rst_names *names, bool defined)
{
    size_t *next = defined ? &names->next_defined : &names->next_used;
    return *next < names->n_footnotes ? names->footnote[(*next)++] : 0;
}
