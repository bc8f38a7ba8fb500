/* SPDX-License-Identifier: MIT
 * What lies beside pages and only says them again, whoever built them. */
#include <stdlib.h>
#include <string.h>

#include "core/source/layout.h"
#include "core/util/cleanup.h"

/* Is there DIR + NAME + END? */
static bool there(const struct source_files *files, const char *path, size_t n, const char *end)
{
    _cleanup_buf_ struct buf name = {0};
    buf_add(&name, path, n);
    buf_adds(&name, end);
    return buf_status(&name) == 0 && source_files_find(files, name.data);
}

/* Is there a file of the directory, the first n bytes of path, that begins like this? */
static bool there_like(const struct source_files *files, const char *path, size_t n,
                       const char *start)
{
    for (size_t i = 0; i < files->n; i++)
        if (strncmp(files->item[i].path, path, n) == 0 &&
            strncmp(files->item[i].path + n, start, strlen(start)) == 0)
            return true;
    return false;
}

static const char *why(const struct source_files *files, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    size_t dir = (size_t)(base - path), len = strlen(base);
    if (strcmp(base, "print.html") == 0 && there(files, path, dir, "index.html") &&
        there_like(files, path, dir, "ayu-highlight")) /* a style that mdBook always brings */
        return "all pages of the book in one, for printing";
    bool all = there(files, path, dir, "all.json") || there(files, path, dir, "all.json.gz");
    if (strcmp(base, "all.html") == 0 && all && there(files, path, dir, "index.html"))
        return "all pages in one"; /* as Node.js has it */
    /* Node.js builds each page twice and keeps what it was made of. */
    size_t stem = dir + len - (len > 3 ? 3 : 0);
    if (len > 3 && strcmp(base + len - 3, ".md") == 0 && there(files, path, stem, ".html") &&
        (there(files, path, stem, ".json") || there(files, path, stem, ".json.gz")))
        return "the source text of a page that is here";
    size_t end = len > 8 && strcmp(base + len - 8, ".json.gz") == 0 ? 8
                 : len > 5 && strcmp(base + len - 5, ".json") == 0  ? 5
                                                                    : 0;
    if (end && there(files, path, dir + len - end, ".html"))
        return "the data of a page that is here";
    return NULL;
}

void layout_refuse_repeats(struct source_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        if (!files->item[i].refused)
            files->item[i].refused = why(files, files->item[i].path);
}
