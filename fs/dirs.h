/* SPDX-License-Identifier: MIT
 * The requests on open directories. */
#pragma once
#include "fs/ops.h"

void dirs_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void dirs_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
               struct fuse_file_info *fi);
void dirs_read_plus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t offset,
                    struct fuse_file_info *fi);
void dirs_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
/* At the end of a session: the kernel closes late, and an unmount does not wait for it. */
void dirs_release_all(struct mount *m);
