/* SPDX-License-Identifier: MIT
 * AsciiDoc: marks and macros inside a paragraph -> HTML. */
#include "core/text/asciidoc.h"

#include "core/util/cleanup.h"

/* What was looked for in vain stands nowhere behind either: no text is searched twice for it. */
enum {
    FIND_BRACKET,
    FIND_PAREN2,
    FIND_PAREN3,
    FIND_PLUS2,
    FIND_PLUS3,
    FIND_QUOTE,
    FIND_SINGLE,
    FIND_DOUBLE /* and the marks that stand twice, one bit each */
};

struct inliner {
    struct adoc *a;
    struct buf *out;
    struct span t;
    unsigned depth;
    uint64_t none;      /* FIND_* */
    bool none_one[128]; /* marks that stand once */
};

static bool is_word(char c)
{
    return is_alnum(c) || c == '_' || (unsigned char)c >= 0x80;
}

static char at(const struct inliner *in, size_t i)
{
    return i < in->t.len ? in->t.s[i] : 0;
}

/* Where needle stands from `from` on, or SIZE_MAX. */
static size_t find(struct inliner *in, unsigned slot, size_t from, const char *needle)
{
    const char *p = NULL;
    if (from < in->t.len && !(in->none & UINT64_C(1) << slot))
        p = memmem(in->t.s + from, in->t.len - from, needle, strlen(needle));
    if (p)
        return (size_t)(p - in->t.s);
    if (from < in->t.len)
        in->none |= UINT64_C(1) << slot;
    return SIZE_MAX;
}

/* Where "]" ends the text that begins at `from`; one behind a backslash does not. */
static size_t bracket(struct inliner *in, size_t from)
{
    size_t end = find(in, FIND_BRACKET, from, "]");
    while (end != SIZE_MAX && end > from && in->t.s[end - 1] == '\\')
        end = find(in, FIND_BRACKET, end + 1, "]");
    if (end == SIZE_MAX)
        in->none |= UINT64_C(1) << FIND_BRACKET;
    return end;
}

/* Where needle stands in the next bytes, or SIZE_MAX. */
static size_t near(const struct inliner *in, size_t from, size_t max, const char *needle)
{
    size_t n = from < in->t.len ? in->t.len - from : 0;
    const char *p = n ? memmem(in->t.s + from, n < max ? n : max, needle, strlen(needle)) : NULL;
    return p ? (size_t)(p - in->t.s) : SIZE_MAX;
}

static struct span part(const struct inliner *in, size_t from, size_t to)
{
    return (struct span){in->t.s + from, to - from};
}

/* A macro or an address that begins at i, where a word begins; where it ends, or i. */
static size_t macro(struct inliner *in, size_t i)
{
    struct span t = in->t;
    size_t n = i;
    while (n < t.len && n - i < 16 && is_alnum(t.s[n]))
        n++;
    if (at(in, n) != ':' || n == i)
        return i;
    struct span name = part(in, i, n);
    bool url = adoc_is_address(name);
    if (!adoc_is_macro(name) || (url && !span_starts(span_skip(t, n), "://")))
        return i;
    size_t target = n + 1 + (span_eq(name, "image") && at(in, n + 1) == ':'), end = target;
    bool bare = span_starts(span_skip(t, target), "++"); /* a target with marks in it */
    if (bare) {
        end = find(in, FIND_PLUS2, target + 2, "++");
        end = end == SIZE_MAX ? target : end + 2;
    }
    while (end < t.len && end - target < ADOC_TARGET_MAX && t.s[end] != '[' &&
           (!is_blank(t.s[end]) || (t.s[end] == ' ' && span_eq(name, "image"))) &&
           !(url && strchr("<>\"`|", t.s[end])))
        end++;
    size_t close = at(in, end) == '[' ? bracket(in, end + 1) : SIZE_MAX;
    if (url) {
        if (close != SIZE_MAX) {
            adoc_link(in->a, part(in, i, end), adoc_shown(part(in, end + 1, close)), in->depth);
            return close + 1;
        }
        while (end > target + 2 && strchr(".,;:!?)'*_", t.s[end - 1]))
            end--;
        html_escape(in->out, part(in, i, end));
        return end;
    }
    if (close == SIZE_MAX)
        return i;
    struct span text = part(in, end + 1, close);
    _cleanup_buf_ struct buf plain = {.limit = in->out->limit};
    if (memchr(text.s, '\\', text.len)) { /* "a\]" */
        for (size_t k = 0; k < text.len; k++)
            if (text.s[k] != '\\' || k + 1 == text.len || text.s[k + 1] != ']')
                buf_addc(&plain, text.s[k]);
        text = buf_span(&plain);
    }
    adoc_macro(in->a, name, part(in, target, end), text, in->depth);
    return close + 1;
}

/* "<<id,text>>", "[[anchor]]", "[role]#text#", "((term))"; where it ends, or i. */
static size_t bracketed(struct inliner *in, size_t i)
{
    char c = in->t.s[i];
    size_t end;
    if (c == '<' && at(in, i + 1) == '<' && at(in, i + 2) != '<') {
        end = near(in, i + 2, ADOC_TARGET_MAX, ">>");
        if (end == SIZE_MAX)
            return i;
        struct span id = part(in, i + 2, end), text = {"", 0};
        const char *comma = memchr(id.s, ',', id.len);
        if (comma) {
            text = span_trim(span_skip(id, (size_t)(comma + 1 - id.s)));
            id.len = (size_t)(comma - id.s);
        }
        adoc_cross_reference(in->a, span_trim(id), text, in->depth);
        return end + 2;
    }
    if (c == '[' && at(in, i + 1) == '[' && at(in, i + 2) == '[') { /* of a bibliography */
        end = near(in, i + 3, 200, "]]]");
        if (end == SIZE_MAX)
            return i;
        html_escape(in->out, part(in, i + 2, end + 1));
        return end + 3;
    }
    if (c == '[') {
        end = near(in, i + 1, 200, "]");
        if (end == SIZE_MAX)
            return i;
        if (at(in, i + 1) == '[')
            return at(in, end + 1) == ']' ? end + 2 : i;
        char next = at(in, end + 1);
        return next && strchr("#*_`", next) && strchr(".#", at(in, i + 1)) ? end + 1 : i;
    }
    if (c == '(' && at(in, i + 1) == '(') {
        bool hidden = at(in, i + 2) == '(';
        end = find(in, hidden ? FIND_PAREN3 : FIND_PAREN2, i + 2, hidden ? ")))" : "))");
        if (end == SIZE_MAX)
            return i;
        if (hidden)
            return end + 3;
        adoc_inline_at(in->a, part(in, i + 2, end), in->depth + 1);
        return end + 2;
    }
    return i;
}

/* ---- marks ---- */

static const char *const tags[128] = {
    ['*'] = "strong", ['_'] = "em", ['`'] = "code", ['^'] = "sup", ['~'] = "sub", ['\''] = "em",
};

/* Where the mark that opens at i closes when it stands once: a word neither begins nor ends inside
 * it. SIZE_MAX: nowhere. */
static size_t close_one(struct inliner *in, size_t i, char c)
{
    char before = i ? in->t.s[i - 1] : ' ';
    char next = at(in, i + 1);
    bool tight = c == '^' || c == '~';
    if (!next || is_blank(next) || next == c || in->none_one[(int)c] ||
        (!tight && (is_word(before) || strchr(";:}", before))))
        return SIZE_MAX;
    for (size_t k = i + 2; k < in->t.len; k++) {
        if (tight && is_blank(in->t.s[k]))
            return SIZE_MAX;
        if (in->t.s[k] != c || is_blank(in->t.s[k - 1]))
            continue;
        if (tight || (!is_word(at(in, k + 1)) && !(c == '`' && at(in, k + 1) == '`')))
            return k;
    }
    if (!tight)
        in->none_one[(int)c] = true;
    return SIZE_MAX;
}

/* An entity that is written as such. */
static size_t entity(const struct inliner *in, size_t i)
{
    size_t n = i + 1;
    if (at(in, n) == '#')
        n++;
    while (n < in->t.len && n - i < 12 && is_alnum(in->t.s[n]))
        n++;
    return n > i + 1 && at(in, n) == ';' ? n + 1 : i;
}

/* Inside of `code`: only attributes, "+" around it, entities and macros count,
 * the last as their text. */
static void write_code(struct inliner *in, struct span t)
{
    bool literal = false;
    while (t.len > 2 && t.s[0] == '+' && t.s[t.len - 1] == '+') {
        t = (struct span){t.s + 1, t.len - 2};
        literal = true;
    }
    buf_adds(in->out, "<code>");
    struct inliner code = {.a = in->a, .out = in->out, .t = t, .depth = in->depth + 1};
    if (literal)
        html_escape(in->out, t);
    for (size_t i = 0; i < t.len && !literal;) {
        size_t end = i;
        char c = t.s[i];
        if (is_alpha(c) && (i == 0 || !is_word(t.s[i - 1]))) {
            end = macro(&code, i);
        } else if (c == '<') {
            end = bracketed(&code, i);
        } else if (c == '&' && (end = entity(&code, i)) > i) {
            buf_add_span(in->out, part(&code, i, end));
        } else if (c == '\\' && i + 1 < t.len && strchr("{<*_`#&", t.s[i + 1])) {
            end = ++i; /* what follows stands for itself */
        }
        if (end == i)
            html_escape(in->out, part(&code, i, ++end));
        i = end;
    }
    buf_adds(in->out, "</code>");
}

/* Marks around text at i; where that ends, or i. */
static size_t marks(struct inliner *in, size_t i)
{
    char c = in->t.s[i];
    char twice[] = {c, c, 0};
    size_t n = 1, end = SIZE_MAX;
    static const char doubled[] = "*_`#";
    const char *d = at(in, i + 1) == c ? strchr(doubled, c) : NULL;
    if (in->depth >= ADOC_MARKS_MAX)
        return i;
    if (d) {
        end = find(in, FIND_DOUBLE + (unsigned)(d - doubled), i + 3, twice);
        n = 2;
    }
    if (end == SIZE_MAX) {
        end = close_one(in, i, c);
        n = 1;
    }
    if (end == SIZE_MAX)
        return i;
    struct span inner = part(in, i + n, end);
    if (c == '`') {
        write_code(in, inner);
    } else {
        if (tags[(int)c])
            buf_addf(in->out, "<%s>", tags[(int)c]);
        adoc_inline_at(in->a, inner, in->depth + 1);
        if (tags[(int)c])
            buf_addf(in->out, "</%s>", tags[(int)c]);
    }
    return end + n;
}

/* "+a+", "++a++" as it is; "+++a+++" as HTML. */
static size_t passthrough(struct inliner *in, size_t i)
{
    size_t run = span_run(span_skip(in->t, i), '+'), end = SIZE_MAX;
    if (run == 3 && (end = find(in, FIND_PLUS3, i + 3, "+++")) != SIZE_MAX) {
        buf_add_span(in->out, part(in, i + 3, end));
        return end + 3;
    }
    if (run == 2 && (end = find(in, FIND_PLUS2, i + 3, "++")) != SIZE_MAX) {
        html_escape(in->out, part(in, i + 2, end));
        return end + 2;
    }
    if (run == 1 && (end = close_one(in, i, '+')) != SIZE_MAX) {
        if (in->a->compat)
            write_code(in, part(in, i + 1, end));
        else
            html_escape(in->out, part(in, i + 1, end));
        return end + 1;
    }
    return i;
}

/* A backslash in front of what would be a mark or a macro. */
static size_t escaped(struct inliner *in, size_t i)
{
    char c = at(in, i + 1), next = at(in, i + 2);
    size_t n = i + 1;
    bool mark = false;
    if (c && strchr("*_`#^~+", c))
        mark = next == c || close_one(in, i + 1, c) != SIZE_MAX;
    else if (c == '<' || c == '[' || c == '(' || c == '-')
        mark = next == c;
    else if (c == '{')
        mark = is_alpha(next) && near(in, n, 64, "}") != SIZE_MAX;
    else if (c == '&')
        mark = entity(in, n) > n;
    while (is_alnum(at(in, n)) && n - i < 16)
        n++;
    mark |= n > i + 1 && adoc_is_macro(part(in, i + 1, n)) && at(in, n) == ':';
    if (!mark)
        return i;
    n = n > i + 1 ? n : i + 2;
    html_escape(in->out, part(in, i + 1, n));
    return n;
}

static size_t element(struct inliner *in, size_t i)
{
    char c = in->t.s[i], next = at(in, i + 1);
    size_t end;
    switch (c) {
    case '*':
    case '_':
    case '`':
    case '#':
    case '^':
    case '~':
        return marks(in, i);
    case '+':
        if (next == '\n' && i && in->t.s[i - 1] == ' ') {
            buf_adds(in->out, "<br>\n");
            return i + 2;
        }
        return passthrough(in, i);
    case '"':
    case '\'':
        if (c == '\'' && next != '`' && in->a->compat)
            return marks(in, i);
        if (next != '`')
            return i;
        end = find(in, c == '"' ? FIND_QUOTE : FIND_SINGLE, i + 2, c == '"' ? "`\"" : "`'");
        if (end == SIZE_MAX || in->depth >= ADOC_MARKS_MAX)
            return i;
        buf_addc(in->out, c);
        adoc_inline_at(in->a, part(in, i + 2, end), in->depth + 1);
        buf_addc(in->out, c);
        return end + 2;
    case '<':
    case '[':
    case '(':
        return bracketed(in, i);
    case '&':
        end = entity(in, i);
        buf_add_span(in->out, part(in, i, end));
        return end;
    case '-':
        if (next == '-' && at(in, i + 2) == ' ' && i && in->t.s[i - 1] == ' ') {
            buf_adds(in->out, "—");
            return i + 2;
        }
        return i;
    case '\\':
        return escaped(in, i);
    default:
        return i;
    }
}

void adoc_inline_at(struct adoc *a, struct span t, unsigned depth)
{
    struct inliner in = {.a = a, .out = a->out, .t = t, .depth = depth};
    if (depth > ADOC_MARKS_MAX) {
        html_escape(a->out, t);
        return;
    }
    for (size_t i = 0; i < t.len && buf_status(a->out) == 0;) {
        size_t end = i;
        if (is_alpha(t.s[i]) && (i == 0 || !is_word(t.s[i - 1])))
            end = macro(&in, i);
        else if (!is_alnum(t.s[i]))
            end = element(&in, i);
        if (end == i) {
            while (end < t.len && is_alnum(t.s[end]))
                end++;
            end += end == i;
            html_escape(a->out, part(&in, i, end));
        }
        i = end;
    }
}

void adoc_inline(struct adoc *a, struct span t)
{
    _cleanup_buf_ struct buf text = {.limit = a->out->limit};
    if (!t.len)
        return;
    adoc_expand(&a->attributes, t, &text);
    adoc_inline_at(a, buf_span(&text), 0);
    a->out->oom |= text.oom;
    a->out->full |= text.full;
}
