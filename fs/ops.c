/* SPDX-License-Identifier: MIT
 * Why it is fast: the mount is read-only (reads do not change atime), open answers ENOSYS (the
 * kernel opens files itself), listings bring all attributes with them, and what comes from docs/
 * is kept for an hour, with watch.c telling of changes. Therefore nothing here may depend on an
 * open or a release of a file, and sizes are right when a name is looked up. */
#include "fs/ops.h"
#include <limits.h>
#include <string.h>
#include <sys/statvfs.h>
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "fs/dirs.h"
#include "fs/log.h"
#include "fs/reply.h"

/* ---- connection ---------------------------------------------------------------------------------
 */

static void op_init(void *data, struct fuse_conn_info *conn)
{
    struct mount *m = data;
    m->no_open = conn->capable & FUSE_CAP_NO_OPEN_SUPPORT;
    conn->want &= ~(unsigned)FUSE_CAP_READDIRPLUS_AUTO;
    conn->want |= conn->capable & (FUSE_CAP_READDIRPLUS | FUSE_CAP_CACHE_SYMLINKS |
                                   FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_EXPLICIT_INVAL_DATA);
    /* The bytes of a node never change: a changed document is a new node. */
    if (conn->want & FUSE_CAP_EXPLICIT_INVAL_DATA)
        conn->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
    conn->max_background = 64;
    conn->congestion_threshold = 48;
    conn->time_gran = 1;
    m->ready(m->ready_arg);
}

/* ---- names and attributes
 * ------------------------------------------------------------------------ */

static void op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
    struct mount *m = fuse_req_userdata(req);
    struct node *dir = tree_node(m->tree, parent);
    if (!dir) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    struct call call = {reply_interrupted, req};
    struct docfs_err err = {0};
    struct found found = {0};
    int r = tree_lookup(m->tree, &call, dir, name, strlen(name), &found, &err);
    tree_unref(m->tree, dir);
    if (r < 0 && (r != -ENOENT || found.entry_s <= 0)) {
        reply_failure(req, r, "lookup", &err);
        return;
    }
    /* Node 0 is a name that does not exist, to be remembered. */
    struct fuse_entry_param e;
    reply_entry_param(m, &found, &e);
    if (found.node)
        tree_looked_up(m->tree, found.node);
    if (fuse_reply_entry(req, &e) < 0 && found.node)
        tree_forget(m->tree, e.ino, 1);
    tree_unref(m->tree, found.node);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
    struct mount *m = fuse_req_userdata(req);
    tree_forget(m->tree, ino, n);
    fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
    struct mount *m = fuse_req_userdata(req);
    for (size_t i = 0; i < count; i++)
        tree_forget(m->tree, forgets[i].ino, forgets[i].nlookup);
    fuse_reply_none(req);
}

static void op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);
    struct node *n = tree_node(m->tree, ino);
    struct docfs_err err = {0};
    struct node_attr attr;
    int r = n ? tree_attr(m->tree, n, &attr, &err) : -ESTALE;
    tree_unref(m->tree, n);
    if (r < 0) {
        reply_failure(req, r, "getattr", &err);
        return;
    }
    struct stat st;
    reply_stat(m, &attr, &st);
    fuse_reply_attr(req, &st, 3600);
}

static void op_readlink(fuse_req_t req, fuse_ino_t ino)
{
    struct mount *m = fuse_req_userdata(req);
    struct node *n = tree_node(m->tree, ino);
    struct docfs_err err = {0};
    char target[PATH_MAX];
    int64_t r = n ? tree_read(m->tree, n, target, sizeof(target) - 1, 0, &err) : -ESTALE;
    tree_unref(m->tree, n);
    if (r < 0) {
        reply_failure(req, (int)r, "readlink", &err);
        return;
    }
    target[r] = '\0';
    fuse_reply_readlink(req, target);
}

/* ---- files
 * --------------------------------------------------------------------------------------- */

static void op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
    const struct mount *m = fuse_req_userdata(req);
    if (m->no_open) {
        fuse_reply_err(req, ENOSYS);
        return;
    }
    fi->keep_cache = 1;
    fi->noflush = 1;
    fuse_reply_open(req, fi);
}

static void op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *fi)
{
    struct mount *m = fuse_req_userdata(req);
    struct node *n = tree_node(m->tree, ino);
    if (!n) {
        fuse_reply_err(req, ESTALE);
        return;
    }
    struct docfs_err err = {0};
    struct node_attr attr;
    int64_t r = tree_attr(m->tree, n, &attr, &err);
    /* The kernel asks for whole pages beyond the end. */
    int64_t rest = r < 0 || offset >= attr.size ? 0 : attr.size - offset;
    if ((uint64_t)rest < size)
        size = (size_t)rest;
    _cleanup_free_ char *data = malloc(size ? size : 1);
    if (!data)
        r = -ENOMEM;
    else if (r >= 0)
        r = tree_read(m->tree, n, data, size, offset, &err);
    tree_unref(m->tree, n);
    if (r < 0)
        reply_failure(req, (int)r, "read", &err);
    else
        fuse_reply_buf(req, data, (size_t)r);
}

/* ---- the rest
 * ------------------------------------------------------------------------------------- */

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
    struct mount *m = fuse_req_userdata(req);
    struct docfs_err err = {0};
    struct docfs_status s;
    int r = docfs_status(m->docfs, &s, &err);
    if (r < 0) {
        reply_failure(req, r, "statfs", &err);
        return;
    }
    struct statvfs st = {
        .f_bsize = 4096,
        .f_frsize = 4096,
        .f_blocks = (fsblkcnt_t)(s.bytes > 0 ? s.bytes / 4096 + 1 : 1),
        .f_files = s.documents + 1,
        .f_namemax = 255,
        .f_flag = ST_RDONLY | ST_NOSUID,
    };
    fuse_reply_statfs(req, &st);
}

static void reply_value(fuse_req_t req, const struct buf *value, size_t size)
{
    if (!size)
        fuse_reply_xattr(req, value->len);
    else if (value->len > size)
        fuse_reply_err(req, ERANGE);
    else
        fuse_reply_buf(req, value->data, value->len);
}

static void op_getxattr(fuse_req_t req, fuse_ino_t ino, const char *name, size_t size)
{
    struct mount *m = fuse_req_userdata(req);
    struct node *n = tree_node(m->tree, ino);
    struct docfs_err err = {0};
    _cleanup_buf_ struct buf value = {0};
    int r = n ? tree_xattr(m->tree, n, name, &value, &err) : -ESTALE;
    tree_unref(m->tree, n);
    if (r < 0)
        reply_failure(req, r, "getxattr", &err);
    else
        reply_value(req, &value, size);
}

static void op_listxattr(fuse_req_t req, fuse_ino_t ino, size_t size)
{
    struct mount *m = fuse_req_userdata(req);
    struct node *n = tree_node(m->tree, ino);
    struct docfs_err err = {0};
    _cleanup_buf_ struct buf names = {0};
    int r = n ? tree_xattr_names(m->tree, n, &names, &err) : -ESTALE;
    tree_unref(m->tree, n);
    if (r < 0)
        reply_failure(req, r, "listxattr", &err);
    else
        reply_value(req, &names, size);
}

void ops_table(struct fuse_lowlevel_ops *ret, bool xattr)
{
    *ret = (struct fuse_lowlevel_ops){
        .init = op_init,
        .lookup = op_lookup,
        .forget = op_forget,
        .forget_multi = op_forget_multi,
        .getattr = op_getattr,
        .readlink = op_readlink,
        .open = op_open,
        .read = op_read,
        .opendir = dirs_open,
        .readdir = dirs_read,
        .readdirplus = dirs_read_plus,
        .releasedir = dirs_release,
        .statfs = op_statfs,
        .getxattr = xattr ? op_getxattr : NULL,
        .listxattr = xattr ? op_listxattr : NULL,
    };
}
