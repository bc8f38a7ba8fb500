/* SPDX-License-Identifier: MIT
 * What a tree of files is besides files: a docset, a DevDocs bundle, the output of Sphinx. A layout
 * looks at the listing of any kind of source and changes it: paths, titles, pages out of one file.
 *
 *   layout_docset.c   X.docset/Contents/Resources/{docSet.dsidx, Documents/, tarix.tgz}
 *   layout_devdocs.c  index.json and db.json: every member of db.json is a page
 *   layout_sphinx.c   objects.inv: the titles of the pages */
#pragma once
#include "core/source/source.h"

struct layout {
    const struct layout_type *type;
    void *state;
};

struct layout_type {
    const char *name;
    /* 1: it is one, files are changed and *ret filled; 0: it is none, nothing was touched; or
     * -errno. files are in order. */
    int (*apply)(struct source *s, struct source_files *files, void **ret, struct docfs_err *err);
    /* Reads a file of the changed listing; NULL: as listed. -ENOSYS: not one of ours. */
    int (*read)(void *state, struct source *s, const char *path, size_t max, struct buf *out,
                int64_t *ret_mtime_ns, struct docfs_err *err);
    void (*free)(void *state);
};

extern const struct layout_type layout_docset, layout_devdocs, layout_sphinx;

/* Refuses files that only repeat pages beside them: their data, all of them in one (repeats.c). */
void layout_refuse_repeats(struct source_files *files);

/* For layouts: a file of the source as it was listed, whatever layout is in force. */
int source_read_raw(struct source *s, const char *path, size_t max, struct buf *out,
                    int64_t *ret_mtime_ns, struct docfs_err *err);
const struct source_env *source_environment(const struct source *s);
const struct source_filter *source_current_filter(const struct source *s);
