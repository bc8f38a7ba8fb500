/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/mount.h"
#include "tools/cli/commands.h"
#include "tools/cli/preflight.h"

struct mount_args {
    struct opt_list options;
    bool foreground, debug;
};

static const struct opt mount_options[] = {
    {'o', "options", OPT_LIST, "OPTIONS", "Mount options, separated by commas: docfs-mount(1)",
     offsetof(struct mount_args, options)},
    {'f', "foreground", OPT_FLAG, NULL, "Serve until unmounted instead of in the background",
     offsetof(struct mount_args, foreground)},
    {'d', "debug", OPT_FLAG, NULL, "Write every request to standard error; in the foreground",
     offsetof(struct mount_args, debug)},
    {0},
};

static int run_mount(struct cmd_context *c)
{
    const struct mount_args *a = c->args;
    struct docfs_err err = {0};
    _cleanup_(docfs_mount_options_fini) struct docfs_mount_options o = {0};
    for (size_t i = 0; i < a->options.n; i++)
        if (docfs_mount_options_add(&o, a->options.item[i], &err) < 0)
            return cmd_fail_with(c, CMD_USAGE, "%s", err.text);
    o.foreground = o.foreground || a->foreground || a->debug;
    o.debug = o.debug || a->debug;
    o.set = c->set;
    if (c->cache) {
        free(o.cache);
        o.cache = strdup(c->cache);
    }
    o.mountpoint = strdup(c->word[0]);
    if (!o.mountpoint || (c->cache && !o.cache))
        return cmd_fail_with(c, CMD_SYSTEM, "out of memory");
    preflight(c, o.cache);
    int r = docfs_mount_main(&o, &err);
    return r == 0 ? CMD_OK
                  : cmd_fail_with(c, r == -EINVAL ? CMD_USAGE : CMD_SYSTEM, "%s", err.text);
}

const struct cmd cmd_mount = {
    .name = "mount",
    .run = run_mount,
    .needs = NEEDS_NOTHING,
    .min_words = 1,
    .max_words = 1,
    .summary = "Show the cache as a directory tree",
    .usage = "MOUNTPOINT [-o OPTIONS] [--foreground]",
    .text = "Returns once the mount answers; a background process serves it until docfs umount.\n"
            "For /etc/fstab see docfs-mount(1).",
    .examples = "  docfs mount /mnt/docs\n"
                "  ls \"/mnt/docs/search/how do I open a file\"\n"
                "  docfs mount /mnt/docs -o allow_other,xattr\n",
    .options = mount_options,
    .args_size = sizeof(struct mount_args),
};

struct umount_args {
    bool lazy;
};

static const struct opt umount_options[] = {
    {'l', "lazy", OPT_FLAG, NULL, "Detach now, although somebody uses it",
     offsetof(struct umount_args, lazy)},
    {0},
};

static int run_umount(struct cmd_context *c)
{
    const struct umount_args *a = c->args;
    struct docfs_err err = {0};
    return docfs_umount(c->word[0], a->lazy, &err) < 0
               ? cmd_fail_with(c, CMD_SYSTEM, "%s", err.text)
               : CMD_OK;
}

const struct cmd cmd_umount = {
    .name = "umount",
    .run = run_umount,
    .needs = NEEDS_NOTHING,
    .min_words = 1,
    .max_words = 1,
    .summary = "Undo docfs mount",
    .usage = "MOUNTPOINT [--lazy]",
    .text = "Works on a mount that a crash left behind, too.",
    .examples = "  docfs umount /mnt/docs\n",
    .options = umount_options,
    .args_size = sizeof(struct umount_args),
};
