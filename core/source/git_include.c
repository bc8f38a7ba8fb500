/* SPDX-License-Identifier: MIT
 * Files of the repository that pages include, from anywhere in the commit. Trees are here as a
 * whole, blobs only as far as they were wanted: git_want() fetches the missing ones in one go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/source/git.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

/* The directory that the paths of the listing are relative to; see below(). */
int git_find_within(struct git *g, struct docfs_err *err)
{
    const char *subdir = g->target.subdir ? g->target.subdir : "";
    const char *tab = strchr(g->tree.data, '\t'), *slash = strrchr(subdir, '/');
    bool file = tab && strcmp(tab + 1, subdir) == 0;
    g->within = strndup(subdir, file ? (slash ? (size_t)(slash - subdir) : 0) : strlen(subdir));
    return g->within ? 0 : err_oom(err);
}

/* Every plain file of the commit, ordered by path. */
static int read_files(struct git *g, struct docfs_err *err)
{
    if (g->files_read)
        return 0;
    _cleanup_buf_ struct buf whole = {0};
    const struct buf *tree = g->target.subdir ? &whole : &g->tree;
    int r = g->target.subdir
                ? git_do(g, false, &whole, NULL, 0,
                         GIT_ARGS("ls-tree", "-r", "-z", "--full-tree", g->commit), err)
                : 0;
    for (size_t i = 0; r == 0 && i < tree->len; i += strlen(tree->data + i) + 1) {
        const char *line = tree->data + i, *oid = strncmp(line, "100", 3) == 0 ? line + 12 : NULL;
        size_t n = oid ? strcspn(oid, "\t") : 0; /* "100644 blob OID<tab>PATH" */
        if (n < 40 || n > 64 || !oid[n])
            continue;
        if (!grow(&g->file, g->n_files, sizeof(*g->file)))
            return err_oom(err);
        struct git_entry *e = &g->file[g->n_files];
        *e = (struct git_entry){.path = strdup(oid + n + 1)};
        memcpy(e->oid, oid, n);
        if (!e->path)
            return err_oom(err);
        g->n_files++;
    }
    if (g->n_files)
        qsort(g->file, g->n_files, sizeof(*g->file), git_by_path);
    if (r == 0)
        r = git_find_missing(g, err);
    g->files_read = r == 0;
    return r;
}

static const struct git_entry *find_file(const struct git *g, const char *path)
{
    struct git_entry key = {.path = (char *)path};
    return g->n_files ? bsearch(&key, g->file, g->n_files, sizeof(key), git_by_path) : NULL;
}

const char *git_within(void *handle)
{
    return ((struct git *)handle)->within;
}

int git_beside(void *handle, const char *path, size_t max, struct buf *out)
{
    struct git *g = handle;
    pthread_mutex_lock(&g->lock);
    int r = read_files(g, NULL);
    const struct git_entry *e = r == 0 ? find_file(g, path) : NULL;
    if (r == 0)
        r = !e ? -ENOENT : !git_is_here(g, e) ? -ENODATA : git_cat(g, e->oid, max, out, NULL);
    pthread_mutex_unlock(&g->lock);
    return r;
}

int git_want(void *handle, const char *const *paths, size_t n, struct docfs_err *err)
{
    struct git *g = handle;
    _cleanup_buf_ struct buf want = {0};
    int r = read_files(g, err);
    for (size_t i = 0; r == 0 && i < n; i++) {
        const struct git_entry *e = find_file(g, paths[i]);
        if (e && !git_is_here(g, e))
            buf_addf(&want, "%s\n", e->oid);
    }
    return r < 0 ? r : git_fetch_missing(g, &want, err);
}
