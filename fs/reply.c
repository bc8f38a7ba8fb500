/* SPDX-License-Identifier: MIT */
#include "fs/reply.h"
#include <errno.h>
#include <string.h>
#include "fs/log.h"

void reply_stat(const struct mount *m, const struct node_attr *attr, struct stat *ret)
{
    struct timespec t = {.tv_sec = attr->mtime_ns / 1000000000,
                         .tv_nsec = attr->mtime_ns % 1000000000};
    if (t.tv_nsec < 0) {
        t.tv_nsec += 1000000000;
        t.tv_sec--;
    }
    *ret = (struct stat){
        .st_ino = attr->ino,
        .st_mode = attr->mode,
        /* 1 for directories, too: it says "not counted", where 2 would tell find that there are
         * no directories below. */
        .st_nlink = 1,
        .st_uid = m->uid,
        .st_gid = m->gid,
        .st_size = attr->size,
        .st_blksize = 4096,
        .st_blocks = (attr->size + 511) / 512,
        .st_mtim = t,
        .st_atim = t,
        .st_ctim = t,
    };
}

void reply_entry_param(const struct mount *m, const struct found *f, struct fuse_entry_param *ret)
{
    memset(ret, 0, sizeof(*ret));
    ret->ino = f->node ? node_id(f->node) : 0;
    ret->entry_timeout = f->entry_s;
    ret->attr_timeout = f->attr_s;
    reply_stat(m, &f->attr, &ret->attr);
}

void reply_failure(fuse_req_t req, int r, const char *what, const struct docfs_err *err)
{
    switch (-r) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EINTR:
    case ESTALE:
    case EILSEQ:
    case ENAMETOOLONG:
    case ENODATA:
        break;
    default:
        log_line("%s: %s", what, err->text[0] ? err->text : strerror(-r));
    }
    fuse_reply_err(req, -r);
}

bool reply_interrupted(void *req)
{
    return fuse_req_interrupted(req);
}
