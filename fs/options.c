/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>
#include "core/util/cleanup.h"
#include "fs/mount.h"

#define THREADS_MAX 256

void docfs_mount_options_fini(struct docfs_mount_options *o)
{
    free(o->cache);
    free(o->mountpoint);
    free(o->log);
}

const char *docfs_mount_options_help(void)
{
    return "cache=DIR        the cache to show\n"
           "allow_other      all users may read (others than root: needs user_allow_other in "
           "/etc/fuse.conf)\n"
           "uid=N, gid=N     owner shown for all files\n"
           "results=symlink  results are symbolic links into docs/ (default: results=file)\n"
           "xattr            extended attributes user.docfs.*; makes ls -l slower\n"
           "threads=N        requests answered at the same time\n"
           "log=FILE         messages go there\n"
           "foreground       do not go into the background\n"
           "debug            show every request\n";
}

/* What mount(8), fstab and systemd add; the mount is read-only, nosuid, nodev and noexec anyway. */
static const char *const ignored[] = {
    "rw",
    "ro",
    "dev",
    "nodev",
    "suid",
    "nosuid",
    "exec",
    "noexec",
    "async",
    "sync",
    "atime",
    "noatime",
    "relatime",
    "norelatime",
    "diratime",
    "nodiratime",
    "lazytime",
    "nolazytime",
    "auto",
    "noauto",
    "user",
    "nouser",
    "users",
    "owner",
    "group",
    "defaults",
    "nofail",
    "_netdev",
    "default_permissions",
};

static bool is_ignored(const char *key, const char *value)
{
    static const char *const with_value[] = {"fsname", "subtype", "user", "comment"};
    if (!strncmp(key, "x-", 2))
        return true;
    for (size_t i = 0; value && i < sizeof(with_value) / sizeof(with_value[0]); i++)
        if (!strcmp(key, with_value[i]))
            return true;
    for (size_t i = 0; !value && i < sizeof(ignored) / sizeof(ignored[0]); i++)
        if (!strcmp(key, ignored[i]))
            return true;
    return false;
}

enum kind { FLAG, TEXT, NUMBER, RESULTS };

static const struct option {
    const char *key;
    enum kind kind;
    size_t field, has; /* offsets; has: of the bool beside a number, 0 = none */
    unsigned long max;
} options[] = {
#define AT(f) offsetof(struct docfs_mount_options, f)
    {"cache", TEXT, AT(cache), 0, 0},
    {"log", TEXT, AT(log), 0, 0},
    {"allow_other", FLAG, AT(allow_other), 0, 0},
    {"xattr", FLAG, AT(xattr), 0, 0},
    {"foreground", FLAG, AT(foreground), 0, 0},
    {"debug", FLAG, AT(debug), 0, 0},
    {"results", RESULTS, AT(symlinks), 0, 0},
    {"uid", NUMBER, AT(uid), AT(has_uid), 0xfffffffe},
    {"gid", NUMBER, AT(gid), AT(has_gid), 0xfffffffe},
    {"threads", NUMBER, AT(threads), 0, THREADS_MAX},
};

static int set_number(const struct option *opt, const char *value, unsigned *field,
                      struct docfs_err *err)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    if (errno || *end || *value < '0' || *value > '9' || n > opt->max)
        return err_set(err, -EINVAL, "mount option %s=%s: a number from 0 to %lu is needed",
                       opt->key, value, opt->max);
    *field = (unsigned)n;
    return 0;
}

static int set_option(struct docfs_mount_options *o, const struct option *opt, const char *value,
                      struct docfs_err *err)
{
    char *field = (char *)o + opt->field;
    if (opt->kind == FLAG && value)
        return err_set(err, -EINVAL, "mount option %s takes no value", opt->key);
    if (opt->kind != FLAG && (!value || !*value))
        return err_set(err, -EINVAL, "mount option %s needs a value: %s=...", opt->key, opt->key);
    switch (opt->kind) {
    case FLAG:
        *(bool *)field = true;
        return 0;
    case TEXT: {
        char *copy = strdup(value);
        if (!copy)
            return err_oom(err);
        free(*(char **)field);
        *(char **)field = copy;
        return 0;
    }
    case RESULTS:
        if (strcmp(value, "file") && strcmp(value, "symlink"))
            return err_set(err, -EINVAL, "mount option results=%s: file or symlink is needed",
                           value);
        *(bool *)field = !strcmp(value, "symlink");
        return 0;
    case NUMBER:
        if (opt->has)
            *((bool *)((char *)o + opt->has)) = true;
        return set_number(opt, value, (unsigned *)field, err);
    }
    return 0;
}

static int add_option(struct docfs_mount_options *o, char *text, struct docfs_err *err)
{
    char *value = strchr(text, '=');
    if (value)
        *value++ = '\0';
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (!strcmp(options[i].key, text))
            return set_option(o, &options[i], value, err);
    if (is_ignored(text, value))
        return 0;
    return err_set(err, -EINVAL,
                   "unknown mount option %s (known: cache= allow_other uid= gid= results= xattr "
                   "threads= log= foreground debug)",
                   text);
}

int docfs_mount_options_add(struct docfs_mount_options *o, const char *list, struct docfs_err *err)
{
    _cleanup_free_ char *one = malloc(strlen(list) + 1);
    if (!one)
        return err_oom(err);
    while (*list) {
        size_t n = 0;
        for (; *list && *list != ','; list++) {
            if (*list == '\\' && list[1])
                list++;
            one[n++] = *list;
        }
        one[n] = '\0';
        int r = n ? add_option(o, one, err) : 0;
        if (r < 0)
            return r;
        list += *list == ',';
    }
    return 0;
}
