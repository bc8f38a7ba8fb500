/* SPDX-License-Identifier: MIT */
#include "core/source/pathset.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/util/cleanup.h"
#include "core/util/grow.h"

void pathset_fini(struct pathset *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->item[i].name);
        free(p->item[i].file);
    }
    free(p->item);
    *p = (struct pathset){0};
}

int pathset_add(struct pathset *p, const char *name, const char *file)
{
    if (!grow(&p->item, p->n, sizeof(*p->item)))
        return -ENOMEM;
    struct pathset_entry e = {strdup(name), strdup(file)};
    if (!e.name || !e.file) {
        free(e.name);
        free(e.file);
        return -ENOMEM;
    }
    p->item[p->n++] = e;
    return 0;
}

int pathset_add_tree(struct pathset *p, const char *prefix, const char *dir, unsigned depth)
{
    static const struct source_filter docs = {.include = source_doc_globs};
    DIR *d = opendir(dir);
    int r = 0;
    struct dirent *e;
    while (d && r == 0 && (e = readdir(d))) {
        struct stat st;
        if (e->d_name[0] == '.' || fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        _cleanup_free_ char *name = NULL, *file = NULL;
        if (asprintf(&name, "%s/%s", prefix, e->d_name) < 0 ||
            asprintf(&file, "%s/%s", dir, e->d_name) < 0)
            r = -ENOMEM;
        else if (S_ISDIR(st.st_mode) && depth && !source_pruned(e->d_name))
            r = pathset_add_tree(p, name, file, depth - 1);
        else if (S_ISREG(st.st_mode) && source_filter_accepts(&docs, name))
            r = pathset_add(p, name, file);
    }
    if (d)
        closedir(d);
    return r;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct pathset_entry *)a)->name, ((const struct pathset_entry *)b)->name);
}

const struct pathset_entry *pathset_find(const struct pathset *p, const char *name)
{
    struct pathset_entry key = {.name = (char *)name};
    return p->n ? bsearch(&key, p->item, p->n, sizeof(key), by_name) : NULL;
}

int pathset_list(struct pathset *p, const struct source_filter *filter, struct source_files *ret,
                 struct docfs_err *err)
{
    if (p->n)
        qsort(p->item, p->n, sizeof(*p->item), by_name);
    for (size_t i = 0; i < p->n; i++) {
        struct stat st;
        const struct pathset_entry *e = &p->item[i];
        if (!source_filter_accepts(filter, e->name) || lstat(e->file, &st) < 0 ||
            S_ISDIR(st.st_mode))
            continue;
        int r = source_filter_room(filter, ret->n, err);
        struct source_file *f = r == 0 ? source_files_add(ret, e->name) : NULL;
        if (!f)
            return r < 0 ? r : err_oom(err);
        f->size = st.st_size;
        f->mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
        f->refused = S_ISLNK(st.st_mode)    ? "symbolic link (not followed)"
                     : !S_ISREG(st.st_mode) ? "not a regular file"
                                            : NULL;
        if (asprintf(&f->url, "file://%s", e->file) < 0)
            return err_oom(err);
    }
    return 0;
}

int pathset_read(const struct pathset *p, const char *name, size_t max, struct buf *out,
                 int64_t *ret_mtime_ns, struct docfs_err *err)
{
    const struct pathset_entry *e = pathset_find(p, name);
    if (!e)
        return err_set(err, -ENOENT, "not in the source");
    _cleanup_close_ int fd = open(e->file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, -errno, "cannot read: %m");
    if (!S_ISREG(st.st_mode))
        return err_set(err, -ENOTSUP, "not a regular file");
    *ret_mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;
    int r = buf_read_fd(out, fd, max);
    return r == -EFBIG ? err_set(err, r, "larger than %zu bytes (setting ingest.max_file)", max)
           : r < 0     ? err_set(err, r, "cannot read: %s", strerror(-r))
                       : 0;
}
