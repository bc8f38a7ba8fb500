/* SPDX-License-Identifier: MIT */
#include "core/text/html_scan.h"

#include <string.h>

/* Text of MathML with the tags taken out. */
static void math_text(const char *p, const char *end, struct buf *out)
{
    while (p < end) {
        const char *lt = memchr(p, '<', (size_t)(end - p));
        html_scan_text(p, lt ? lt : end, false, out);
        if (!lt)
            break;
        const char *gt = memchr(lt, '>', (size_t)(end - lt));
        p = gt ? gt + 1 : end;
    }
}

/* <annotation encoding="application/x-tex">, as KaTeX, pandoc and MathJax write it. */
static bool find_tex(const char *p, const char *end, const char **ret, size_t *ret_len)
{
    const char *at = memmem(p, (size_t)(end - p), "<annotation", 11);
    const char *gt = at ? memchr(at, '>', (size_t)(end - at)) : NULL;
    if (!gt || !memmem(at, (size_t)(gt - at), "tex", 3))
        return false;
    const char *stop = memmem(gt, (size_t)(end - gt), "</annotation", 12);
    if (!stop)
        return false;
    *ret = gt + 1;
    *ret_len = (size_t)(stop - gt - 1);
    return true;
}

void html_scan_math(const char *p, const char *end, const struct html_attrs *a, struct buf *out)
{
    bool block = a->present & 1u << ATTR_DISPLAY && a->value[ATTR_DISPLAY].len == 5 &&
                 memcmp(a->value[ATTR_DISPLAY].data, "block", 5) == 0;
    const char *tex = NULL;
    size_t tex_len = 0;
    if (!find_tex(p, end, &tex, &tex_len) && a->present & 1u << ATTR_ALTTEXT) {
        tex = a->value[ATTR_ALTTEXT].data;
        tex_len = a->value[ATTR_ALTTEXT].len;
    }
    buf_adds(out, block ? "<span class=\"math\">\\[" : "<span class=\"math\">\\(");
    if (tex)
        math_text(tex, tex + tex_len, out);
    else
        math_text(p, end, out);
    buf_adds(out, block ? "\\]</span>" : "\\)</span>");
}
