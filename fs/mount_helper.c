/* SPDX-License-Identifier: MIT
 * mount.fuse.docfs, which is also mount.docfs: called by mount(8) for a line of fstab like
 *     /var/lib/docfs  /mnt/docfs  fuse.docfs  allow_other,nofail  0 0
 * The source is the cache directory, "none" the default one. */
#include <getopt.h>
#include <string.h>
#include "core/util/cleanup.h"
#include "fs/mount.h"

/* mount(8) */
enum { EX_OK = 0, EX_USAGE = 1, EX_FAIL = 32 };

static int usage(FILE *to)
{
    fprintf(to,
            "usage: mount.fuse.docfs CACHE MOUNTPOINT [-o OPTION[,OPTION...]]\n"
            "Called by mount -t fuse.docfs (or docfs); CACHE may be none for the default one.\n"
            "\n%s",
            docfs_mount_options_help());
    return to == stderr ? EX_USAGE : EX_OK;
}

static int complain(const struct docfs_err *err, int status)
{
    fprintf(stderr, "mount.fuse.docfs: %s\n", err->text);
    return status;
}

static int take_source(struct docfs_mount_options *o, const char *source, struct docfs_err *err)
{
    static const char prefix[] = "docfs:"; /* as /proc/mounts shows it */
    if (!strncmp(source, prefix, strlen(prefix)))
        source += strlen(prefix);
    if (o->cache || !*source || !strcmp(source, "none") || !strcmp(source, "docfs"))
        return 0;
    o->cache = strdup(source);
    o->must_exist = true; /* a typing error in fstab must not make a new cache */
    return o->cache ? 0 : err_oom(err);
}

int main(int argc, char **argv)
{
    _cleanup_(docfs_mount_options_fini) struct docfs_mount_options o = {0};
    struct docfs_err err = {0};
    static const struct option help[] = {{"help", no_argument, NULL, 'h'}, {0}};
    bool fake = false;
    for (int c; (c = getopt_long(argc, argv, "o:t:N:sfnvh", help, NULL)) != -1;) {
        if (c == 'h')
            return usage(stdout);
        if (c == '?')
            return usage(stderr);
        if (c == 'f')
            fake = true;
        if (c == 'o' && !strncmp(optarg, "remount", strlen("remount"))) {
            err_set(&err, -EINVAL, "docfs cannot be remounted: unmount it and mount it again");
            return complain(&err, EX_USAGE);
        }
        if (c == 'o' && docfs_mount_options_add(&o, optarg, &err) < 0)
            return complain(&err, EX_USAGE);
    }
    if (argc - optind != 2)
        return usage(stderr);
    o.mountpoint = strdup(argv[optind + 1]);
    if (!o.mountpoint || take_source(&o, argv[optind], &err) < 0)
        return complain(&err, EX_FAIL);
    if (fake)
        return EX_OK;
    return docfs_mount_main(&o, &err) < 0 ? complain(&err, EX_FAIL) : EX_OK;
}
