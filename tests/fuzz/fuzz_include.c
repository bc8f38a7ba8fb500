/* SPDX-License-Identifier: MIT
 * Pages and the files that they include are both from outside: the input is cut at NUL bytes into a
 * page and up to seven files, named 1 to 7. */
#include <errno.h>
#include <string.h>

#include "core/text/include.h"

struct files {
    const char *at[8];
    size_t len[8];
};

static int read_file(void *arg, const char *path, size_t max, struct buf *out)
{
    const struct files *f = arg;
    size_t i = path[0] && !path[1] ? (size_t)(path[0] - '0') : 8;
    if (i == 0 || i > 7 || !f->at[i])
        return -ENOENT;
    if (f->len[i] > max)
        return -EFBIG;
    buf_add(out, f->at[i], f->len[i]);
    return buf_status(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"page.md", "page.rst", "page.adoc"};
    const struct include_limits limits = {.max_depth = 4, .max_files = 50, .max_bytes = 20000};
    struct files f = {0};
    const char *p = (const char *)data, *end = p + size;
    for (size_t i = 0; i < 8 && p < end; i++) {
        const char *nul = memchr(p, 0, (size_t)(end - p));
        f.at[i] = p;
        f.len[i] = (size_t)((nul ? nul : end) - p);
        p = nul ? nul + 1 : end;
    }
    for (size_t i = 0; i < 3 && f.at[0]; i++) {
        struct buf out = {0};
        struct include_report report;
        int r = include_expand(names[i], f.at[0], f.len[0], &limits, read_file, &f, &out, &report);
        /* The page itself, a line end, fences that grew, and what was included. */
        if (r == 1 && out.len > 2 * f.len[0] + limits.max_bytes + 100000)
            __builtin_trap();
        buf_fini(&out);
    }
    return 0;
}
