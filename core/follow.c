/* SPDX-License-Identifier: MIT
 * Where links lead. Pages of a site call each other as the site does: without ".md", with ".html",
 * as directories, and from the top of the site, which need not be the top of the collection. */
#include <errno.h>
#include <string.h>

#include "core/internal.h"

#define TOPS_MAX 4 /* components that a site can have above the collection */

/* Appends the components of a link to a path; "." and ".." never leave what the first `floor`
 * bytes name. What begins with '#' or '?' is no path. */
static void join(struct buf *b, size_t floor, const char *to)
{
    size_t left = strcspn(to, "#?");
    while (left) {
        size_t n = strcspn(to, "/#?");
        if (n == 2 && memcmp(to, "..", 2) == 0) {
            const char *slash = b->len > floor ? memrchr(b->data, '/', b->len) : NULL;
            buf_truncate(b, slash && (size_t)(slash - b->data) > floor ? (size_t)(slash - b->data)
                                                                       : floor);
        } else if (n && !(n == 1 && *to == '.')) {
            if (b->len)
                buf_addc(b, '/');
            buf_add(b, to, n);
        }
        n += n < left; /* the '/' */
        to += n;
        left -= n;
    }
}

/* 0 with the entry and in *path what it is really called. A directory is the page that stands for
 * it, when it has one. */
static int look(struct store_read *r, struct buf *path, struct store_entry *ret)
{
    static const char *const pages[] = {"", ".md", "/index.md", "/_index.md", "/README.md"};
    size_t whole = path->len, len = whole;
    struct store_entry e;
    bool dir = false;
    for (int cut = 0; cut < 2; cut++) {
        for (size_t i = 0; i < sizeof(pages) / sizeof(*pages) && len; i++) {
            buf_truncate(path, len);
            buf_adds(path, pages[i]);
            if (buf_status(path) < 0)
                return -ENOMEM;
            int rc = store_lookup_path(r, path->data, &e, NULL);
            if (rc < 0 && rc != -ENOENT)
                return rc;
            if (rc == 0 && !e.is_dir) {
                *ret = e;
                return 0;
            }
            if (rc == 0 && i == 0 && cut == 0) {
                dir = true;
                *ret = e;
            }
        }
        buf_truncate(path, whole);
        const char *dot = whole ? memrchr(path->data, '.', whole) : NULL;
        if (!dot || strcspn(dot, "/:") != (size_t)(path->data + whole - dot))
            break; /* no ending; in "page.md:3" the lines are none */
        len = (size_t)(dot - path->data);
    }
    return dir ? 0 : -ENOENT;
}

int follow_path(struct store_read *r, const char *path, struct store_entry *ret)
{
    _cleanup_buf_ struct buf b = {0};
    join(&b, strcspn(path, "/#?"), path);
    return look(r, &b, ret);
}

static int relative(struct store_read *r, const struct docfs_document *from, const char *to,
                    struct buf *path, struct store_entry *ret)
{
    size_t ends[2] = {0, strlen(from->path)}, n = 0;
    const char *slash = strrchr(from->path, '/'), *dot = strrchr(from->path, '.');
    ends[0] = slash ? (size_t)(slash - from->path) : 0;
    if (dot && (!slash || dot > slash)) /* "/page/" is what the site calls page.md */
        ends[1] = (size_t)(dot - from->path);
    int rc = -ENOENT;
    for (; rc == -ENOENT && n < 2; n++) {
        buf_clear(path);
        buf_addf(path, "%s%s%.*s", from->collection, ends[n] ? "/" : "", (int)ends[n], from->path);
        join(path, strlen(from->collection), to);
        rc = look(r, path, ret);
    }
    return rc;
}

static int from_the_top(struct store_read *r, const struct docfs_document *from, const char *to,
                        struct buf *path, struct store_entry *ret)
{
    int rc = -ENOENT;
    for (size_t i = 0; rc == -ENOENT && i <= TOPS_MAX && *to; i++) {
        buf_clear(path);
        buf_adds(path, from->collection);
        join(path, path->len, to);
        if (i && path->len == strlen(from->collection))
            break;
        rc = look(r, path, ret);
        to += strspn(to, "/");
        to += strcspn(to, "/#?");
    }
    return rc;
}

int docfs_follow(struct docfs *d, int64_t from, const char *to, char **ret, bool *ret_is_dir,
                 struct docfs_err *err)
{
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_read_ struct store_read *r = NULL;
    _cleanup_buf_ struct buf path = {0};
    struct store_entry e;
    int rc = docfs_document(d, from, &doc, err);
    if (rc == 0)
        rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = *to == '/' ? from_the_top(r, doc, to, &path, &e) : relative(r, doc, to, &path, &e);
    if (rc == -ENOENT)
        return err_set(err, rc, "%s of %s/%s leads to no document of this cache", to,
                       doc->collection, doc->path);
    if (rc < 0)
        return rc == -ENOMEM ? err_oom(err) : rc;
    *ret_is_dir = e.is_dir;
    *ret = buf_steal(&path, NULL);
    return *ret ? 0 : err_oom(err);
}
