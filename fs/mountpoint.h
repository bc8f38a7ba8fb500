/* SPDX-License-Identifier: MIT
 * The kernel's table of mounts, and what must be right before one is added. */
#pragma once
#include <stdbool.h>
#include <sys/stat.h>
#include "core/util/err.h"

/* Absolute path of a mount point, without touching what is mounted there (it may be dead). New
 * string, caller frees; NULL with errno set. */
char *mountpoint_path(const char *path);

/* stat that notices a dead mount. -1 and errno. */
int mountpoint_stat(const char *path, struct stat *ret);

/* The file system mounted last on an absolute path: type[64]; false when there is none. */
bool mountpoint_type(const char *path, char type[64]);

/* Makes the directory if it is missing, unmounts a dead docfs left there by a crash, refuses a
 * living one (-EBUSY). */
int mountpoint_prepare(const char *path, struct docfs_err *err);

/* Root, or a service with CAP_SYS_ADMIN: needs no fusermount3. */
bool mountpoint_privileged(void);
/* Is there a line user_allow_other in /etc/fuse.conf? */
bool mountpoint_user_allow_other(void);
bool mountpoint_in_path(const char *program, char ret[4096]);

/* Can this process mount at all? The message says what is missing and how to get it. */
int mountpoint_check_fuse(bool allow_other, struct docfs_err *err);
