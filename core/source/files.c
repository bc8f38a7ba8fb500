/* SPDX-License-Identifier: MIT
 * Lists of files and what a user wants of them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/source/source.h"
#include "core/text/name.h"
#include "core/util/grow.h"

static void file_fini(struct source_file *f)
{
    free(f->path);
    free(f->version);
    free(f->url);
    free(f->title);
}

void source_files_fini(struct source_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        file_fini(&f->item[i]);
    free(f->item);
    *f = (struct source_files){0};
}

struct source_file *source_files_add(struct source_files *f, const char *path)
{
    char *copy = grow(&f->item, f->n, sizeof(*f->item)) ? strdup(path) : NULL;
    if (!copy)
        return NULL;
    f->item[f->n] = (struct source_file){.path = copy};
    return &f->item[f->n++];
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct source_file *)a)->path, ((const struct source_file *)b)->path);
}

void source_files_sort(struct source_files *f)
{
    if (f->n == 0)
        return;
    qsort(f->item, f->n, sizeof(*f->item), by_path);
    size_t n = 1;
    for (size_t i = 1; i < f->n; i++)
        if (strcmp(f->item[i].path, f->item[n - 1].path) == 0)
            file_fini(&f->item[i]);
        else
            f->item[n++] = f->item[i];
    f->n = n;
}

void source_files_drop_markers(struct source_files *f, const struct source_filter *filter)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (source_is_marker(f->item[i].path) && !source_filter_accepts(filter, f->item[i].path))
            file_fini(&f->item[i]);
        else
            f->item[n++] = f->item[i];
    f->n = n;
}

struct source_file *source_files_find(const struct source_files *f, const char *path)
{
    struct source_file key = {.path = (char *)path};
    return f->n ? bsearch(&key, f->item, f->n, sizeof(key), by_path) : NULL;
}

static bool matches_any(const char *const *globs, const char *path)
{
    for (; globs && *globs; globs++)
        if (name_glob(*globs, path))
            return true;
    return false;
}

bool source_filter_accepts(const struct source_filter *f, const char *path)
{
    return (!f->include || matches_any(f->include, path)) && !matches_any(f->exclude, path);
}

int source_filter_room(const struct source_filter *f, size_t n, struct docfs_err *err)
{
    if (n < f->max_files)
        return 0;
    return err_set(
        err, -EFBIG,
        "more than %zu files (setting sources.max_files): add a smaller directory or use "
        "--include and --exclude",
        f->max_files);
}
