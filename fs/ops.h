/* SPDX-License-Identifier: MIT
 * The FUSE requests: each decodes, asks the tree, replies. The only place where errno values of
 * the core meet the kernel. */
#pragma once
#define FUSE_USE_VERSION 312
#include <fuse_lowlevel.h>
#include <pthread.h>
#include <stdbool.h>
#include "core/docfs.h"
#include "fs/tree.h"

/* The user data of the session. */
struct mount {
    struct docfs *docfs;
    struct tree *tree;
    uid_t uid;
    gid_t gid;
    bool no_open; /* the kernel can open files itself; set by INIT */
    pthread_mutex_t open_lock;
    struct handle *open; /* directories (dirs.c) */
    /* Called once, when the kernel has accepted the mount. */
    void (*ready)(void *arg);
    void *ready_arg;
};

/* Without xattr the kernel learns at its first question that there are none, and never asks again
 * (a handler that says so each time makes ls -l ten times slower). */
void ops_table(struct fuse_lowlevel_ops *ret, bool xattr);
