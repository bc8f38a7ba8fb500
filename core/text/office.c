/* SPDX-License-Identifier: MIT
 * Office documents through pandoc, where it is installed: a limited child that reads nothing but
 * its standard input (--sandbox). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/text/mdutil.h"
#include "core/util/child.h"
#include "core/util/cleanup.h"

int convert_office(const char *text, size_t len, const char *name,
                   const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    struct span ext = path_ext(name);
    const char *from = span_eq_nocase(ext, "odt")   ? "odt"
                       : span_eq_nocase(ext, "rtf") ? "rtf"
                                                    : "docx";
    char heap[32];
    snprintf(heap, sizeof(heap), "-M%zuk", limits->child_memory / 1024);
    /* Its runtime reserves address space by the terabyte, so its own limit bounds the heap. */
    const char *const argv[] = {"pandoc", "--sandbox", "-f",   from, "-t",   "html", "-s",
                                "-o",     "-",         "+RTS", heap, "-RTS", NULL};
    struct child_limits lim = {.timeout_ms = limits->timeout_ms,
                               .max_output = 4 * limits->max_output,
                               .cpu_seconds = limits->timeout_ms / 1000 + 1};
    _cleanup_buf_ struct buf html = {0};
    struct buf body = {0};
    int r = child_run(argv, text, len, &lim, &html, err);
    if (r == -ENOENT)
        return err_set(err, r,
                       "office documents are read with pandoc, which is not installed: "
                       "apt install pandoc");
    if (r == -EIO)
        return err_prefix(err, -EINVAL, "pandoc cannot read it");
    if (r < 0)
        return r;
    char *title = NULL, *url = NULL, *lang = NULL;
    r = html_to_markdown(buf_text(&html), html.len, false, limits, &body, &title, &url, &lang, err);
    free(url);
    if (r < 0) {
        buf_fini(&body);
        free(title);
        free(lang);
        return r;
    }
    if (title && strcmp(title, "-") == 0) { /* pandoc's name for standard input */
        free(title);
        title = NULL;
    }
    return pages_add(ret, NULL, title, &body, NULL, lang, name) < 0 ? err_oom(err) : 0;
}
