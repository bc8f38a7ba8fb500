/* SPDX-License-Identifier: MIT */
#include "fs/mountpoint.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "fs/mount.h"

#define TYPE "fuse.docfs"

/* ---- the kernel's table -------------------------------------------------------------------------
 */

/* \040 and the like back into bytes, in place. */
static void unescape(char *s)
{
    char *out = s;
    for (; *s; s++) {
        if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' &&
            s[3] >= '0' && s[3] <= '7') {
            *out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
            s += 3;
        } else {
            *out++ = *s;
        }
    }
    *out = '\0';
}

/* "36 35 98:0 /root /mount/point options [fields] - type source superoptions" */
static bool parse_line(char *line, char **ret_path, char **ret_type)
{
    char *save = NULL, *path = NULL;
    int i = 0;
    for (char *w = strtok_r(line, " \n", &save); w; w = strtok_r(NULL, " \n", &save), i++) {
        if (i == 4)
            path = w;
        if (i > 5 && !strcmp(w, "-")) {
            *ret_type = strtok_r(NULL, " \n", &save);
            if (!path || !*ret_type)
                return false;
            unescape(path);
            *ret_path = path;
            return true;
        }
    }
    return false;
}

bool mountpoint_type(const char *path, char type[64])
{
    _cleanup_(fclosep) FILE *f = fopen("/proc/self/mountinfo", "re");
    _cleanup_free_ char *line = NULL;
    size_t cap = 0;
    bool found = false;
    while (f && getline(&line, &cap, f) >= 0) {
        char *p, *t;
        if (parse_line(line, &p, &t) && !strcmp(p, path)) {
            snprintf(type, 64, "%s", t);
            found = true;
        }
    }
    return found;
}

char *mountpoint_path(const char *path)
{
    char *real = realpath(path, NULL);
    if (real || (errno != ENOTCONN && errno != ENOENT && errno != EACCES && errno != EIO))
        return real;
    /* The last component is dead or missing: only its parent can be asked. */
    _cleanup_free_ char *copy = strdup(path);
    if (!copy)
        return NULL;
    size_t n = strlen(copy);
    while (n > 1 && copy[n - 1] == '/')
        copy[--n] = '\0';
    char *slash = strrchr(copy, '/');
    const char *name = slash ? slash + 1 : copy;
    if (slash && slash != copy)
        *slash = '\0';
    _cleanup_free_ char *parent = realpath(!slash ? "." : slash == copy ? "/" : copy, NULL);
    if (!parent || !*name || !strcmp(name, ".") || !strcmp(name, ".."))
        return NULL;
    return asprintf(&real, "%s/%s", strcmp(parent, "/") ? parent : "", name) < 0 ? NULL : real;
}

/* ---- unmounting ---------------------------------------------------------------------------------
 */

static int run_fusermount(const char *path, bool lazy)
{
    const char *argv[] = {"fusermount3", "-u", "-q", path, NULL, NULL};
    if (lazy) {
        argv[3] = "-z";
        argv[4] = path;
    }
    extern char **environ;
    pid_t pid;
    posix_spawn_file_actions_t files;
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
    int r = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)argv, environ);
    posix_spawn_file_actions_destroy(&files);
    if (r)
        return -r;
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -errno;
    return WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EBUSY;
}

static int unmount(const char *path, bool lazy)
{
    if (umount2(path, (lazy ? MNT_DETACH : 0) | UMOUNT_NOFOLLOW) == 0)
        return 0;
    return errno == EPERM ? run_fusermount(path, lazy) : -errno;
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

static int busy(const char *path, struct docfs_err *err)
{
    return err_set(err, -EBUSY,
                   "%s is in use (fuser -vm %s shows by whom); leave it, or detach it with "
                   "docfs umount --lazy",
                   path, path);
}

int docfs_umount(const char *mountpoint, bool lazy, struct docfs_err *err)
{
    _cleanup_free_ char *path = mountpoint_path(mountpoint);
    char type[64];
    if (!path)
        return err_set(err, -errno, "%s: %s", mountpoint, strerror(errno));
    if (!mountpoint_type(path, type))
        return err_set(err, -EINVAL, "%s: nothing is mounted there", path);
    if (strcmp(type, TYPE))
        return err_set(err, -EINVAL, "%s is a mount of type %s, not docfs: use umount", path, type);
    int r = unmount(path, lazy);
    if (r == -EBUSY)
        return busy(path, err);
    if (r == -ENOENT)
        return err_set(err, r, "cannot unmount %s: fusermount3 is missing (apt install fuse3)",
                       path);
    if (r < 0)
        return err_set(err, r, "cannot unmount %s: %s", path, strerror(-r));
    for (int64_t end = clock_mono_ns() + 5000000000; clock_mono_ns() < end; pause_ms(5))
        if (!mountpoint_type(path, type) || strcmp(type, TYPE))
            return 0;
    return err_set(err, -EBUSY, "%s is still mounted: another docfs was mounted below it", path);
}

/* ---- before mounting ----------------------------------------------------------------------------
 */

int mountpoint_stat(const char *path, struct stat *ret)
{
    struct statfs
        fs; /* always asks the mount, unlike stat, which the kernel may know the answer of */
    return statfs(path, &fs) < 0 ? -1 : stat(path, ret);
}

int mountpoint_prepare(const char *path, struct docfs_err *err)
{
    struct stat st;
    char type[64];
    /* One crash leaves one dead mount; several may lie on each other. */
    for (int tries = 0; mountpoint_stat(path, &st) < 0 && errno != ENOENT; tries++) {
        int e = errno;
        if (e != ENOTCONN || tries == 16 || !mountpoint_type(path, type) || strcmp(type, TYPE))
            return err_set(err, -e, "cannot use %s as mount point: %s%s", path, strerror(e),
                           e == ENOTCONN ? " (a dead mount: fusermount3 -uz it)" : "");
        int r = unmount(path, true);
        if (r < 0)
            return err_set(err, r,
                           "a dead docfs mount is at %s and cannot be removed: %s (as its owner "
                           "or root: fusermount3 -uz %s)",
                           path, strerror(-r), path);
    }
    if (stat(path, &st) < 0 && mkdir(path, 0755) < 0)
        return err_set(err, -errno, "cannot make the mount point %s: %s", path, strerror(errno));
    if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode))
        return err_set(err, -ENOTDIR, "the mount point %s is not a directory", path);
    if (mountpoint_type(path, type) && !strcmp(type, TYPE))
        return err_set(err, -EBUSY,
                       "docfs is already mounted on %s; unmount it first: docfs umount %s", path,
                       path);
    return 0;
}

bool mountpoint_in_path(const char *program, char ret[4096])
{
    const char *path = getenv("PATH");
    _cleanup_free_ char *copy = strdup(path ? path : "/usr/bin:/bin");
    char *save = NULL;
    for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir;
         dir = strtok_r(NULL, ":", &save))
        if (snprintf(ret, 4096, "%s/%s", dir, program) < 4096 && access(ret, X_OK) == 0)
            return true;
    return false;
}

static bool in_path(const char *program)
{
    char where[4096];
    return mountpoint_in_path(program, where);
}

bool mountpoint_user_allow_other(void)
{
    _cleanup_(fclosep) FILE *f = fopen("/etc/fuse.conf", "re");
    _cleanup_free_ char *line = NULL;
    size_t cap = 0;
    while (f && getline(&line, &cap, f) >= 0) {
        size_t from = strspn(line, " \t"), n = strcspn(line + from, " \t\n#");
        if (n == strlen("user_allow_other") && !strncmp(line + from, "user_allow_other", n))
            return true;
    }
    return false;
}

bool mountpoint_privileged(void)
{
    if (geteuid() == 0)
        return true;
    struct __user_cap_header_struct h = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[_LINUX_CAPABILITY_U32S_3] = {0};
    return syscall(SYS_capget, &h, d) == 0 && (d[0].effective & (1u << CAP_SYS_ADMIN));
}

int mountpoint_check_fuse(bool allow_other, struct docfs_err *err)
{
    _cleanup_close_ int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);
    int e = errno;
    if (fd < 0 && (e == ENOENT || e == ENODEV || e == ENXIO))
        return err_set(err, -ENODEV,
                       "/dev/fuse is missing: load the kernel module (modprobe fuse); in a "
                       "container, start it with --device /dev/fuse --cap-add SYS_ADMIN");
    if (fd < 0 && (e == EACCES || e == EPERM))
        return err_set(err, -e,
                       "no permission to open /dev/fuse: as root, chmod 666 /dev/fuse; in a "
                       "container, start it with --device /dev/fuse --cap-add SYS_ADMIN");
    if (fd < 0)
        return err_set(err, -e, "cannot open /dev/fuse: %s", strerror(e));
    if (mountpoint_privileged())
        return 0;
    if (!in_path("fusermount3"))
        return err_set(err, -ENOENT,
                       "fusermount3 is missing, which users other than root need: apt install "
                       "fuse3");
    if (allow_other && !mountpoint_user_allow_other())
        return err_set(err, -EPERM,
                       "allow_other: root must write the line user_allow_other into "
                       "/etc/fuse.conf first");
    return 0;
}
