/* SPDX-License-Identifier: MIT
 * Directives of Sphinx that describe a function, a class, an option: headings with the names that a
 * reader would type, as the HTML of Sphinx has them. */
#include <string.h>

#include "core/text/rst.h"

#define SIGNATURE_MAX 160 /* longer ones are cut in the heading and stand in full below */

/* Those that Python puts into modules and classes. */
static const char python[] =
    "function class method attribute data exception decorator classmethod staticmethod property "
    "abstractmethod coroutinefunction coroutinemethod cofunction comethod decoratormethod";

static struct span without_domain(struct span name, struct span *ret_domain)
{
    const char *colon = memchr(name.s, ':', name.len);
    *ret_domain = (struct span){name.s, colon ? (size_t)(colon - name.s) : 0};
    return colon ? span_skip(name, ret_domain->len + 1) : name;
}

static bool is_python(struct span name)
{
    struct span domain, kind = without_domain(name, &domain);
    return (!domain.len || span_eq(domain, "py")) && rst_is(kind, python);
}

bool rst_is_signature(struct span name)
{
    struct span domain, kind = without_domain(name, &domain);
    if (span_eq(domain, "rst"))
        return rst_is(kind, "directive role directive:option");
    return rst_is(kind, python) ||
           rst_is(kind, "option envvar cmdoption macro type member struct union enum enumerator "
                        "var describe object opcode program command variable setting confval "
                        "signature hook fixture event signal pdbcommand field templatetag "
                        "2to3fixer templatefilter django-admin django-admin-option alias concept");
}

/* What Sphinx writes before the name. */
static const char *words_before(struct span name, struct span s)
{
    static const char *const words[][2] = {
        {"class py:class cpp:class js:class", "class "},
        {"exception py:exception", "exception "},
        {"classmethod py:classmethod", "classmethod "},
        {"staticmethod py:staticmethod", "static "},
        {"abstractmethod py:abstractmethod", "abstractmethod "},
        {"property py:property", "property "},
        {"coroutinefunction coroutinemethod cofunction comethod", "coroutine "},
        {"decorator py:decorator decoratormethod", "@"},
        {"c:type cpp:type", "type "},
        {"c:struct cpp:struct", "struct "},
        {"c:union cpp:union", "union "},
        {"c:enum cpp:enum", "enum "},
        {"c:enumerator cpp:enumerator", "enumerator "},
        {"rst:directive", ".. "},
        {"rst:role rst:directive:option", ":"},
    };
    if (rst_is(name, "c:type cpp:type") && memchr(s.s, ' ', s.len))
        return span_has(s, " = ") ? "using " : "typedef ";
    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (rst_is(name, words[i][0]))
            return words[i][1];
    return "";
}

/* Options below the signatures that Sphinx shows beside the name. */
struct shown {
    struct span type, value;
    bool async, class_method, static_method, abstract, final;
};

static void read_option(struct shown *o, struct span line)
{
    struct span name, l = span_trim(line);
    size_t mark = rst_field(l, &name);
    struct span value = span_trim(span_skip(l, mark));
    if (!mark)
        return;
    if (value.len > 4 && span_starts(value, "``") && span_ends(value, "``"))
        value = (struct span){value.s + 2, value.len - 4}; /* all of it will be code */
    o->async |= span_eq(name, "async");
    o->class_method |= span_eq(name, "classmethod");
    o->static_method |= span_eq(name, "staticmethod");
    o->abstract |= span_eq(name, "abstractmethod");
    o->final |= span_eq(name, "final");
    if (span_eq(name, "type"))
        o->type = value;
    else if (span_eq(name, "value"))
        o->value = value;
}

static bool begins_with_name(struct span s, struct span name)
{
    return s.len > name.len && s.s[name.len] == '.' && memcmp(s.s, name.s, name.len) == 0;
}

static void add_name(struct buf *out, struct span name)
{
    if (name.len) {
        buf_add_span(out, name);
        buf_addc(out, '.');
    }
}

/* Is what looks like the module the class of a method that has the same name? "aifc.close()" */
static bool class_only(struct span name, const struct rst *r, struct span s)
{
    struct span rest = span_skip(s, r->module.len + 1);
    rest.len = strcspn(rest.s, "( ") < rest.len ? strcspn(rest.s, "( ") : rest.len;
    return !r->owner.len && rst_is(name, "method attribute property py:method py:attribute") &&
           !memchr(rest.s, '.', rest.len);
}

/* One signature with all that belongs to its name. */
static void complete(const struct rst *r, struct span name, struct span s, const struct shown *o,
                     struct buf *out)
{
    bool member = is_python(name);
    struct span class = member && !begins_with_name(s, r->owner) ? r->owner : (struct span){"", 0};
    struct span outermost = class.len ? class : s;
    buf_adds(out, o->final ? "final " : "");
    buf_adds(out, o->abstract ? "abstractmethod " : "");
    buf_adds(out, o->async ? "async " : "");
    buf_adds(out, o->class_method ? "classmethod " : o->static_method ? "static " : "");
    buf_adds(out, words_before(name, s));
    if (member && r->module.len &&
        !(begins_with_name(outermost, r->module) && !class_only(name, r, outermost)))
        add_name(out, r->module);
    add_name(out, class);
    buf_add_span(out, s);
    if (rst_is(name, "rst:directive") && !span_has(s, "::"))
        buf_adds(out, "::");
    else if (rst_is(name, "rst:role rst:directive:option"))
        buf_adds(out, ":");
    if (o->type.len) {
        buf_adds(out, ": ");
        buf_add_span(out, o->type);
    }
    if (o->value.len) {
        buf_adds(out, " = ");
        buf_add_span(out, o->value);
    }
}

/* The first one is the heading, those that mean the same stand below it. */
static void write_signature(struct rst *r, struct span s, bool first)
{
    bool is_long = s.len > SIGNATURE_MAX;
    unsigned level = r->level + 1;
    rst_blank_line(r);
    if (first && !r->boxed) {
        const char *paren = memchr(s.s, '(', s.len);
        struct span head = s;
        if (is_long)
            head.len = paren && paren - s.s < SIGNATURE_MAX ? (size_t)(paren - s.s) : SIGNATURE_MAX;
        while (head.len && ((unsigned char)head.s[head.len - 1] & 0xc0) == 0x80 && is_long)
            head.len--; /* no half of a character */
        buf_addf(r->out, "%.*s ", (int)(level > 6 ? 6 : level), "######");
        md_code(r->out, head, false);
        buf_adds(r->out, "\n\n");
    }
    if (!first || is_long || r->boxed) {
        md_code(r->out, s, false);
        buf_adds(r->out, "\n\n");
    }
}

/* ".. setting:: name" above the section that describes it: the title says the same. */
static bool is_next_title(const struct rst *r, size_t i, struct span arg)
{
    while (i < r->n && !r->line[i].len)
        i++;
    struct span t = span_trim(rst_at(r, i));
    while (t.len > 1 && t.s[0] == '`' && t.s[t.len - 1] == '`')
        t = (struct span){t.s + 1, t.len - 2};
    return t.len == arg.len && memcmp(t.s, arg.s, t.len) == 0 && rst_adornment(rst_at(r, i + 1));
}

/* The signature that begins with `first` and goes on while its lines end with a backslash. */
static void joined(const struct rst *r, struct span first, size_t *at, size_t end, struct buf *out)
{
    struct span name;
    for (struct span s = first;; s = span_trim(r->line[(*at)++])) {
        bool more = s.len && s.s[s.len - 1] == '\\';
        buf_add(out, s.s, s.len - more);
        if (!more || *at >= end || !r->line[*at].len || rst_field(span_trim(r->line[*at]), &name))
            return;
    }
}

void rst_signature(struct rst *r, struct span name, struct span arg, size_t from, size_t end)
{
    _cleanup_buf_ struct buf owner = {0};
    struct shown options = {0};
    struct span field, outer = r->owner;
    size_t last = from; /* where the options begin, and where they end */
    while (last < end && r->line[last].len && !rst_field(span_trim(r->line[last]), &field))
        last++;
    size_t body = last;
    for (; body < end && r->line[body].len; body++)
        read_option(&options, r->line[body]);
    bool said = is_next_title(r, end, arg);
    for (size_t at = from, first = 1; arg.len && !said; first = 0) {
        _cleanup_buf_ struct buf one = {0}, whole = {0}, line = {0};
        joined(r, first ? arg : span_trim(r->line[at++]), &at, last, &one);
        struct span s = buf_span(&one);
        if (rst_is(name, "class exception py:class py:exception")) {
            buf_clear(&owner); /* the last one counts */
            if (!begins_with_name(s, outer) && outer.len)
                add_name(&owner, outer);
            buf_add(&owner, s.s, strcspn(s.s, "( :"));
        }
        complete(r, name, s, &options, &whole);
        md_one_line(&line, buf_span(&whole), false);
        if (line.len)
            write_signature(r, buf_span(&line), first);
        r->out->oom |= one.oom || whole.oom || line.oom;
        if (at >= last)
            break;
    }
    rst_blank_line(r);
    unsigned level = r->level;
    if (!r->boxed && !said)
        r->level = level + 1;
    if (owner.len)
        r->owner = (struct span){owner.data, owner.len};
    rst_body(r, (struct span){"", 0}, body, end);
    r->level = level;
    r->owner = outer;
}
