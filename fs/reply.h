/* SPDX-License-Identifier: MIT
 * Answers to the kernel, in its own structures. */
#pragma once
#include "fs/ops.h"

void reply_stat(const struct mount *m, const struct node_attr *attr, struct stat *ret);
void reply_entry_param(const struct mount *m, const struct found *f, struct fuse_entry_param *ret);
/* Replies with the error r (-errno) and logs it when it is a trouble of the cache. */
void reply_failure(fuse_req_t req, int r, const char *what, const struct docfs_err *err);
/* struct call over a request. */
bool reply_interrupted(void *req);
