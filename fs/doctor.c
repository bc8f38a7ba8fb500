/* SPDX-License-Identifier: MIT
 * What a mount needs, checked without mounting. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/util/cleanup.h"
#include "fs/mount.h"
#include "fs/mountpoint.h"

struct report {
    docfs_check_fn *fn;
    void *arg;
    enum docfs_level worst;
};

#define TELL(r, name, level, remedy, ...)                      \
    ((r)->worst = (level) > (r)->worst ? (level) : (r)->worst, \
     docfs_check_tell((r)->fn, (r)->arg, name, level, remedy, __VA_ARGS__))

static void device(struct report *r)
{
    _cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        TELL(r, "fuse-device", DOCFS_PASS, "", "/dev/fuse can be opened");
    else if (errno == EACCES || errno == EPERM)
        TELL(r, "fuse-device", DOCFS_FAILURE,
             "sudo chmod 666 /dev/fuse; in a container: --device /dev/fuse --cap-add SYS_ADMIN",
             "/dev/fuse may not be opened: %s", strerror(errno));
    else
        TELL(r, "fuse-device", DOCFS_FAILURE,
             "sudo modprobe fuse; in a container: --device /dev/fuse --cap-add SYS_ADMIN",
             "/dev/fuse is missing or no FUSE device: %s", strerror(errno));
}

static void helper(struct report *r)
{
    char path[4096];
    struct stat st;
    if (!mountpoint_in_path("fusermount3", path))
        TELL(r, "fusermount3", mountpoint_privileged() ? DOCFS_WARNING : DOCFS_FAILURE,
             "sudo apt install fuse3",
             "fusermount3 is not in PATH; only root can mount without it");
    else if (stat(path, &st) < 0 || !(st.st_mode & S_ISUID) || st.st_uid != 0)
        TELL(r, "fusermount3", mountpoint_privileged() ? DOCFS_WARNING : DOCFS_FAILURE,
             "sudo apt install --reinstall fuse3, or sudo chown root PATH && sudo chmod u+s PATH",
             "%s is not setuid root: users cannot mount with it", path);
    else
        TELL(r, "fusermount3", DOCFS_PASS, "", "%s", path);
}

static void sharing(struct report *r, bool wanted)
{
    bool allowed = mountpoint_privileged() || mountpoint_user_allow_other();
    if (allowed)
        TELL(r, "allow-other", DOCFS_PASS, "", "mounts may be opened to other users");
    else if (wanted)
        TELL(r, "allow-other", DOCFS_FAILURE, "echo user_allow_other | sudo tee -a /etc/fuse.conf",
             "allow_other is asked for, and /etc/fuse.conf does not say user_allow_other");
    else
        TELL(r, "allow-other", DOCFS_PASS, "",
             "mounts are for this user only (/etc/fuse.conf does not say user_allow_other)");
}

static void point_check(struct report *r, const char *given)
{
    char type[64], remedy[512];
    struct stat st;
    _cleanup_free_ char *path = mountpoint_path(given);
    if (!path) {
        TELL(r, "mount-point", DOCFS_FAILURE, "mkdir -p the directory, or name another one",
             "%s: %s", given, strerror(errno));
        return;
    }
    bool mounted = mountpoint_type(path, type) && !strcmp(type, "fuse.docfs");
    if (mountpoint_stat(path, &st) < 0 && errno == ENOTCONN && mounted)
        TELL(r, "mount-point", DOCFS_WARNING,
             "nothing: docfs mount removes it; by hand: fusermount3 -uz DIR",
             "a dead docfs lies on %s", path);
    else if (mountpoint_stat(path, &st) < 0 && errno == ENOENT)
        TELL(r, "mount-point", DOCFS_PASS, "", "%s does not exist yet; docfs mount makes it", path);
    else if (mountpoint_stat(path, &st) < 0)
        TELL(r, "mount-point", DOCFS_FAILURE, "use another directory, or fusermount3 -uz DIR",
             "%s cannot be looked at: %s", path, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        TELL(r, "mount-point", DOCFS_FAILURE, "name a directory", "%s is not a directory", path);
    else if (mounted) {
        snprintf(remedy, sizeof(remedy), "use it as it is, or docfs umount %s first", path);
        TELL(r, "mount-point", DOCFS_WARNING, remedy, "docfs is already mounted on %s", path);
    } else if (!mountpoint_privileged() && st.st_uid != geteuid())
        TELL(r, "mount-point", DOCFS_FAILURE, "name a directory of your own, such as ~/docs",
             "%s belongs to another user", path);
    else
        TELL(r, "mount-point", DOCFS_PASS, "", "%s", path);
}

enum docfs_level docfs_mount_doctor(const char *point, bool allow_other, docfs_check_fn *fn,
                                    void *arg)
{
    struct report r = {fn, arg, DOCFS_PASS};
    device(&r);
    helper(&r);
    sharing(&r, allow_other);
    if (point)
        point_check(&r, point);
    return r.worst;
}
