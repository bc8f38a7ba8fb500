/* SPDX-License-Identifier: MIT */
#include "core/text/html.h"

#include <string.h>
#include <strings.h>

/* Longer values are not worth their parse: data: URIs, generated class lists. */
#define VALUE_MAX 8192

static const struct {
    const char *name;
    enum html_attr attr;
} attr_names[] = {
    {"class", ATTR_CLASS},
    {"id", ATTR_ID},
    {"href", ATTR_HREF},
    {"src", ATTR_SRC},
    {"role", ATTR_ROLE},
    {"hidden", ATTR_HIDDEN},
    {"style", ATTR_STYLE},
    {"alt", ATTR_ALT},
    {"start", ATTR_START},
    {"value", ATTR_VALUE},
    {"type", ATTR_TYPE},
    {"checked", ATTR_CHECKED},
    {"colspan", ATTR_COLSPAN},
    {"rowspan", ATTR_ROWSPAN},
    {"name", ATTR_NAME},
    {"property", ATTR_PROPERTY},
    {"content", ATTR_CONTENT},
    {"rel", ATTR_REL},
    {"lang", ATTR_LANG},
    {"data-lang", ATTR_DATA_LANG},
    {"itemprop", ATTR_ITEMPROP},
    {"data-language", ATTR_DATA_LANGUAGE},
    {"alttext", ATTR_ALTTEXT},
    {"display", ATTR_DISPLAY},
    {"aria-hidden", ATTR_ARIA_HIDDEN},
};

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

static int attr_find(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof attr_names / sizeof *attr_names; i++)
        if ((attr_names[i].name[0] | 0x20) == (name[0] | 0x20) &&
            strlen(attr_names[i].name) == len && strncasecmp(attr_names[i].name, name, len) == 0)
            return (int)attr_names[i].attr;
    return -1;
}

/* "display: none" and "visibility:hidden", blanks allowed. */
static bool style_hides(const char *s, size_t len)
{
    const char *end = s + len;
    for (; s < end; s++) {
        bool display = end - s > 8 && strncasecmp(s, "display:", 8) == 0;
        bool visible = end - s > 11 && strncasecmp(s, "visibility:", 11) == 0;
        if (!display && !visible)
            continue;
        const char *v = s + (display ? 8 : 11), *want = display ? "none" : "hidden";
        while (v < end && is_space(*v))
            v++;
        if ((size_t)(end - v) >= strlen(want) && strncasecmp(v, want, strlen(want)) == 0)
            return true;
    }
    return false;
}

const char *html_attrs_read(const char *p, const char *end, struct html_attrs *a)
{
    a->present = 0;
    a->hidden = false;
    while (p < end) {
        while (p < end && (is_space(*p) || *p == '/'))
            p++;
        if (p == end || *p == '>')
            break;
        const char *name = p++;
        while (p < end && !is_space(*p) && *p != '/' && *p != '>' && *p != '=')
            p++;
        size_t name_len = (size_t)(p - name);
        while (p < end && is_space(*p))
            p++;
        const char *value = "";
        size_t len = 0;
        if (p < end && *p == '=') {
            p++;
            while (p < end && is_space(*p))
                p++;
            if (p < end && (*p == '"' || *p == '\'')) {
                char quote = *p++;
                value = p;
                p = memchr(p, quote, (size_t)(end - p));
                if (!p)
                    return end;
                len = (size_t)(p++ - value);
            } else {
                value = p;
                while (p < end && !is_space(*p) && *p != '>')
                    p++;
                len = (size_t)(p - value);
            }
        }
        int attr = attr_find(name, name_len);
        if (attr < 0 || (a->present & 1u << attr) || len > VALUE_MAX)
            continue;
        a->present |= 1u << attr;
        a->value[attr].data = value;
        a->value[attr].len = len;
    }
    if (a->present & 1u << ATTR_HIDDEN)
        a->hidden = true;
    if (a->present & 1u << ATTR_STYLE)
        a->hidden |= style_hides(a->value[ATTR_STYLE].data, a->value[ATTR_STYLE].len);
    if (a->present & 1u << ATTR_ARIA_HIDDEN)
        a->hidden |= a->value[ATTR_ARIA_HIDDEN].len == 4 &&
                     strncasecmp(a->value[ATTR_ARIA_HIDDEN].data, "true", 4) == 0;
    return p < end ? p + 1 : end;
}

void html_attrs_write(const struct html_attrs *a, uint32_t mask, struct html_aside *aside,
                      struct buf *out)
{
    if (a->hidden)
        buf_adds(out, " hidden");
    for (size_t i = 0; i < sizeof attr_names / sizeof *attr_names; i++) {
        enum html_attr at = attr_names[i].attr;
        if (!(a->present & mask & 1u << at))
            continue;
        buf_addc(out, ' ');
        buf_adds(out, attr_names[i].name);
        buf_add(out, "=\"", 2);
        const char *s = a->value[at].data, *end = s + a->value[at].len;
        if (aside && html_aside_value(aside, s, (size_t)(end - s), out))
            s = end;
        while (s < end) {
            const char *q = memchr(s, '"', (size_t)(end - s));
            buf_add(out, s, (size_t)((q ? q : end) - s));
            if (!q)
                break;
            buf_adds(out, "&quot;");
            s = q + 1;
        }
        buf_addc(out, '"');
    }
}
