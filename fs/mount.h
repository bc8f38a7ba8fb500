/* SPDX-License-Identifier: MIT
 * The mount as a library: what `docfs mount`, `docfs umount` and the fstab helper call. */
#pragma once
#include <stdbool.h>
#include <sys/types.h>
#include "core/docfs_doctor.h"
#include "core/util/err.h"

struct docfs_mount_options {
    char *cache;            /* NULL: as docfs_open() */
    char *mountpoint;       /* made when it is missing (its parent must be there) */
    char *log;              /* file for messages; NULL: standard error when in the foreground, else
                               syslog */
    bool must_exist;        /* do not make an empty cache */
    const char *const *set; /* as in struct docfs_options; borrowed */
    bool foreground;
    bool debug;       /* every request on standard error; implies foreground */
    bool allow_other; /* all users may read */
    bool xattr;       /* user.docfs.* extended attributes; makes ls -l slower */
    bool symlinks;    /* results are symbolic links into docs/ */
    bool has_uid, has_gid;
    uid_t uid; /* shown owner; default: who mounts */
    gid_t gid;
    unsigned threads; /* 0 = default */
};

/* A zero-initialised struct has the defaults. */
void docfs_mount_options_fini(struct docfs_mount_options *o);
/* Takes the argument of one -o: "allow_other,results=symlink,cache=/srv/docs" (a comma in a value
 * is written "\,"). Options of mount(8) that mean nothing here (rw, nofail, _netdev, ...) are
 * accepted. -EINVAL names an unknown option or a bad value. */
int docfs_mount_options_add(struct docfs_mount_options *o, const char *list, struct docfs_err *err);
/* The accepted options, one per line, for help texts. */
const char *docfs_mount_options_help(void);

/* Mounts and serves. In the foreground it returns after the unmount. Otherwise it returns once the
 * mount answers (a background process serves it), or with the reason why it does not. -EBUSY: a
 * docfs is mounted there already. */
int docfs_mount_main(const struct docfs_mount_options *o, struct docfs_err *err);

/* Unmounts and waits until the mount is gone. lazy: detach now, although it is in use. -EINVAL: no
 * docfs is mounted there; -EBUSY: somebody uses it. Works on a dead mount, too. */
int docfs_umount(const char *mountpoint, bool lazy, struct docfs_err *err);

/* The checks of docfs doctor that concern mounts: device, fusermount3, allow_other, and (point not
 * NULL) the mount point. Changes nothing. Returns the worst level. */
enum docfs_level docfs_mount_doctor(const char *point, bool allow_other, docfs_check_fn *fn,
                                    void *arg);
