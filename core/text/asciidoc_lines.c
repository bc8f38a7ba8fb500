/* SPDX-License-Identifier: MIT
 * AsciiDoc: conditionals and the names of sections. */
#include "core/text/asciidoc.h"

#include <stdlib.h>

#include "core/util/cleanup.h"
#include "core/util/grow.h"

/* ---- conditionals ---- */

/* "a,b" is set when one of them is, "a+b" when both are. */
static bool is_set(const struct adoc *a, struct span names)
{
    bool all = memchr(names.s, '+', names.len) != NULL, one = false;
    while (names.len) {
        const char *end = memchr(names.s, all ? '+' : ',', names.len);
        struct span name = {names.s, end ? (size_t)(end - names.s) : names.len};
        bool has = adoc_attribute(&a->attributes, name) != NULL;
        if (all && !has)
            return false;
        one |= has;
        names = span_skip(names, name.len + (end != NULL));
    }
    return one;
}

/* A side of a comparison, its quotes taken off. */
static void operand(const struct adoc *a, struct span side, struct buf *out)
{
    side = span_trim(side);
    if (side.len > 1 && (side.s[0] == '"' || side.s[0] == '\'') &&
        side.s[side.len - 1] == side.s[0])
        side = (struct span){side.s + 1, side.len - 2};
    adoc_expand(&a->attributes, side, out);
}

/* "{a}" == "b"; what is no comparison is true. */
static bool compares(const struct adoc *a, struct span e)
{
    static const char *const operators[] = {"==", "!=", "<=", ">=", "<", ">"};
    for (size_t i = 0; i < sizeof(operators) / sizeof(*operators); i++) {
        size_t n = strlen(operators[i]);
        const char *at = memmem(e.s, e.len, operators[i], n);
        if (!at)
            continue;
        _cleanup_buf_ struct buf l = {.limit = ADOC_TARGET_MAX}, r = {.limit = ADOC_TARGET_MAX};
        operand(a, (struct span){e.s, (size_t)(at - e.s)}, &l);
        operand(a, span_skip(e, (size_t)(at - e.s) + n), &r);
        const char *left = buf_text(&l), *right = buf_text(&r);
        bool number = is_digit(left[0]) && is_digit(right[0]);
        long x = number ? strtol(left, NULL, 10) : strcmp(left, right);
        long y = number ? strtol(right, NULL, 10) : 0;
        return i == 0   ? strcmp(left, right) == 0
               : i == 1 ? strcmp(left, right) != 0
               : i == 2 ? x <= y
               : i == 3 ? x >= y
               : i == 4 ? x < y
                        : x > y;
    }
    return true;
}

void adoc_preprocess(struct adoc *a, struct span text, struct buf *out)
{
    struct span l;
    size_t hidden = 0; /* conditionals that are open in one that does not hold */
    while (line_next(&text, &l) && buf_status(out) == 0) {
        l = span_rtrim(l);
        bool def = span_starts(l, "ifdef::"), ndef = span_starts(l, "ifndef::");
        bool eval = span_starts(l, "ifeval::");
        const char *open = memchr(l.s, '[', l.len);
        if (span_ends(l, "]") && open && (def || ndef || eval)) {
            size_t prefix = def ? 7 : 8;
            struct span names = {l.s + prefix, (size_t)(open - l.s) - prefix};
            struct span inner = {open + 1, (size_t)(l.s + l.len - open) - 2};
            bool holds = hidden == 0 && (eval  ? compares(a, inner)
                                         : def ? is_set(a, names)
                                               : !is_set(a, names));
            if (eval || !inner.len) {
                hidden += !holds;
                continue;
            }
            if (!holds)
                continue;
            l = inner; /* "ifdef::name[this line]" */
        } else if (span_starts(l, "endif::")) {
            hidden -= hidden > 0;
            continue;
        }
        if (hidden)
            continue;
        if (span_starts(l, "\\ifdef::") || span_starts(l, "\\ifndef::") ||
            span_starts(l, "\\endif::") || span_starts(l, "\\include::"))
            l = span_skip(l, 1);
        size_t from = out->len;
        buf_add_span(out, l);
        while (l.len && l.s[0] == ':' && span_ends(l, " \\") && line_next(&text, &l)) {
            buf_rtrim(out, "\\ "); /* a value goes on in the next line */
            buf_addc(out, ' ');
            l = span_trim(l);
            buf_add_span(out, l);
            if (span_ends(l, " \\"))
                l = (struct span){": \\", 3};
        }
        if (out->len > from && out->data[from] == ':')
            adoc_set_attribute(&a->attributes, (struct span){out->data + from, out->len - from});
        buf_addc(out, '\n');
    }
    adoc_forget(&a->attributes); /* the blocks set them again, in turn */
}

/* ---- names of sections ---- */

static int by_id(const void *x, const void *y)
{
    const struct adoc_id *a = x, *b = y;
    size_t n = a->id.len < b->id.len ? a->id.len : b->id.len;
    int c = memcmp(a->id.s, b->id.s, n);
    return c ? c : (a->id.len > b->id.len) - (a->id.len < b->id.len);
}

/* "[[id]]", "[#id.role]", "[id=x]", "[[id,text]]" */
static struct span explicit_id(struct span l)
{
    struct span in = {l.s + 1, l.len - 2};
    if (span_starts(in, "[") || span_starts(in, "#"))
        in = span_skip(in, 1);
    else if (span_starts(in, "id="))
        in = span_skip(in, in.len > 3 && in.s[3] == '"' ? 4 : 3);
    else
        in.len = 0;
    size_t n = 0;
    while (n < in.len && !strchr(",.%]\"", in.s[n]))
        n++;
    in.len = n;
    return in;
}

static void made_id(struct span title, struct buf *out)
{
    buf_addc(out, '_');
    for (size_t i = 0; i < title.len; i++) {
        char c = title.s[i];
        if (is_alnum(c) || (unsigned char)c >= 0x80)
            buf_addc(out, is_upper(c) ? (char)(c | 0x20) : c);
        else if ((c == ' ' || c == '-' || c == '.' || c == '_') && buf_last(out) != '_')
            buf_addc(out, '_');
    }
    buf_rtrim(out, "_");
}

static bool note_id(struct adoc *a, struct span id, struct span title)
{
    if (!id.len)
        return true;
    if (!grow(&a->id, a->n_ids, sizeof(*a->id)))
        return false;
    a->id[a->n_ids++] = (struct adoc_id){id, title};
    return true;
}

bool adoc_find_ids(struct adoc *a, struct buf *names)
{
    struct span id = {"", 0}, text;
    size_t room = 0;
    for (size_t i = 0; i < a->n; i++)
        room += a->line[i].len + 1;
    if (!buf_reserve(names, room)) /* ids point into it: it must not move */
        return false;
    for (size_t i = 0; i < a->n; i++) {
        struct span l = a->line[i];
        if (l.len == 0)
            continue;
        if (adoc_is_style(l)) {
            struct span own = explicit_id(l);
            id = own.len ? own : id;
            continue;
        }
        bool section = adoc_heading(l, &text) > 0;
        if (!section && i + 1 < a->n && adoc_underlined(l, a->line[i + 1])) {
            section = true;
            text = l;
        }
        if (section) {
            size_t from = names->len;
            made_id(text, names);
            if (!note_id(a, id, text) ||
                !note_id(a, (struct span){names->data + from, names->len - from}, text))
                return false;
        } else if (id.len && l.s[0] == '.' && l.len > 1 && is_alnum(l.s[1])) {
            if (!note_id(a, id, span_skip(l, 1)))
                return false;
        }
        id.len = 0;
    }
    if (a->n_ids)
        qsort(a->id, a->n_ids, sizeof(*a->id), by_id);
    return true;
}

struct span adoc_title_of(const struct adoc *a, struct span id)
{
    struct adoc_id key = {id, {"", 0}};
    const struct adoc_id *hit =
        a->n_ids ? bsearch(&key, a->id, a->n_ids, sizeof(key), by_id) : NULL;
    return hit ? hit->title : ADOC_NOTHING;
}
