/* SPDX-License-Identifier: MIT
 * What this machine's package manager knows: Debian packages by name (deb:NAME: the installed
 * files, or the package fetched by apt), and the manual pages (man). */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/source/pathset.h"
#include "core/util/child.h"
#include "core/util/cleanup.h"

#define MAN_DIR "/usr/share/man"

struct package {
    char *name;
    char *version;
    struct pathset files; /* of the installed package */
    const struct source_env *env;
    void *archive; /* handle of source_archive, when it is not installed */
};

static bool name_ok(const char *s)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+.-");
    return n > 1 && !s[n] && n < 200 && *s != '-' && *s != '.';
}

static bool package_claims(const struct source_request *req)
{
    return strncmp(req->arg, "deb:", 4) == 0;
}

static int package_resolve(const struct source_env *env, const struct source_request *req,
                           struct source_place *ret, struct docfs_err *err)
{
    const char *name = strncmp(req->arg, "deb:", 4) == 0 ? req->arg + 4 : req->arg;
    if (!name_ok(name))
        return err_set(err, -EINVAL, "%s is no name of a Debian package: write deb:python3-doc",
                       req->arg);
    if (req->ref)
        return err_set(err, -EINVAL, "%s: --ref is for git repositories; apt decides the version",
                       req->arg);
    ret->name = strdup(name);
    return asprintf(&ret->location, "deb:%s", name) < 0 || !ret->name ? err_oom(err) : 0;
}

static void package_close(void *handle)
{
    struct package *p = handle;
    if (p->archive)
        source_archive.close(p->archive);
    pathset_fini(&p->files);
    free(p->name);
    free(p->version);
    free(p);
}

/* Where packages put what people read. */
static bool is_documentation(const char *path)
{
    static const char *const dirs[] = {"/usr/share/doc/",     "/usr/share/man/",
                                       "/usr/share/gtk-doc/", "/usr/share/devhelp/",
                                       "/usr/share/help/",    "/usr/share/info/"};
    for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
        if (strncmp(path, dirs[i], strlen(dirs[i])) == 0)
            return true;
    return false;
}

/* 1: installed, with its files; 0: not. */
static int installed(struct package *p, struct docfs_err *err)
{
    _cleanup_buf_ struct buf out = {0};
    struct child_limits lim = {.timeout_ms = 60000, .max_output = 64 << 20};
    int r =
        child_run((const char *const[]){"dpkg-query", "-W", "-f",
                                        "${db:Status-Abbrev} ${Version}\n", "--", p->name, NULL},
                  NULL, 0, &lim, &out, err);
    if (r == -ENOENT)
        return err_set(err, -ENOSYS,
                       "packages by name need dpkg, which this machine does not have");
    if (r == -EIO || (r == 0 && (!out.data || strncmp(out.data, "ii ", 3) != 0)))
        return 0;
    if (r < 0)
        return r;
    const char *v = strchr(out.data + 3, ' ') ? strchr(out.data + 3, ' ') + 1 : out.data + 3;
    v += strspn(v, " ");
    p->version = strndup(v, strcspn(v, " \n"));
    buf_clear(&out);
    r = child_run((const char *const[]){"dpkg-query", "-L", "--", p->name, NULL}, NULL, 0, &lim,
                  &out, err);
    if (r < 0)
        return r;
    char *save = NULL;
    for (char *l = out.data ? strtok_r(out.data, "\n", &save) : NULL; l;
         l = strtok_r(NULL, "\n", &save))
        if (is_documentation(l) && pathset_add(&p->files, l + strlen("/usr/share/"), l) < 0)
            return err_oom(err);
    return p->version ? 1 : err_oom(err);
}

static int open_downloaded(struct package *p, const char *dir, struct docfs_err *err)
{
    DIR *d = opendir(dir);
    struct dirent *e;
    int r = -ENOENT;
    while (d && r == -ENOENT && (e = readdir(d))) {
        size_t n = strlen(e->d_name);
        char *file = NULL;
        if (n < 5 || strcmp(e->d_name + n - 4, ".deb") != 0)
            continue;
        if (asprintf(&file, "%s/%s", dir, e->d_name) < 0) {
            r = err_oom(err);
            break;
        }
        p->version = strndup(e->d_name, n - 4);
        r = source_archive.open(p->env, file, &p->archive, err);
        unlink(file); /* it is open; what is kept is only derived */
        free(file);
    }
    if (d)
        closedir(d);
    return r == -ENOENT ? err_set(err, r, "apt fetched nothing for %s", p->name) : r;
}

static int fetch(struct package *p, struct docfs_err *err)
{
    _cleanup_free_ char *dir = NULL;
    _cleanup_buf_ struct buf out = {0};
    _cleanup_buf_ struct buf complaints = {0};
    int r = source_work_dir(p->env, "deb", p->name, &dir, err);
    if (r < 0)
        return r;
    static const char *const passed[] = {"APT_CONFIG", "http_proxy", "https_proxy", "no_proxy"};
    char *vars[5] = {0};
    for (size_t i = 0, n = 0; i < 4; i++)
        if (getenv(passed[i]) && asprintf(&vars[n], "%s=%s", passed[i], getenv(passed[i])) >= 0)
            n++;
        else
            vars[n] = NULL; /* asprintf leaves it undefined */
    struct child_limits lim = {.timeout_ms = p->env->limits.timeout_ms,
                               .env = (const char *const *)vars,
                               .max_output = 1 << 20,
                               .max_file = p->env->limits.max_bytes,
                               .cwd = dir,
                               .stderr_text = &complaints,
                               .stop = p->env->stop,
                               .stop_arg = p->env->stop_arg};
    r = child_run((const char *const[]){"apt-get", "download", "-q", "--", p->name, NULL}, NULL, 0,
                  &lim, &out, err);
    for (size_t i = 0; i < 4; i++)
        free(vars[i]);
    if (r == -ENOENT)
        return err_set(err, -ENOSYS,
                       "the package %s is not installed, and there is no apt-get to "
                       "fetch it",
                       p->name);
    if (r == -EIO && complaints.data && strstr(complaints.data, "Unable to locate"))
        return err_set(err, -ENOENT,
                       "no package is called %s: apt-cache search finds names, apt-get "
                       "update renews the list",
                       p->name);
    if (r < 0)
        return err_prefix(err, r, "the package %s is not installed and cannot be fetched", p->name);
    return open_downloaded(p, dir, err);
}

static char *package_kept(const char *location)
{
    return strdup(location + (strncmp(location, "deb:", 4) == 0 ? 4 : 0));
}

static int package_open(const struct source_env *env, const char *location, void **ret,
                        struct docfs_err *err)
{
    struct package *p = calloc(1, sizeof(*p));
    if (!p)
        return err_oom(err);
    p->env = env;
    p->name = package_kept(location);
    int r = !p->name ? err_oom(err) : name_ok(p->name) ? installed(p, err) : -EINVAL;
    if (r == 0)
        r = fetch(p, err);
    if (r >= 0 && !p->archive && p->files.n == 0)
        r = err_set(err, -ENOENT,
                    "the package %s is installed but has no documentation; often it is "
                    "in %s-doc",
                    p->name, p->name);
    if (r < 0) {
        package_close(p);
        return r;
    }
    *ret = p;
    return 0;
}

static int package_list(void *handle, const struct source_filter *filter, struct source_files *ret,
                        struct docfs_err *err)
{
    struct package *p = handle;
    return p->archive ? source_archive.list(p->archive, filter, ret, err)
                      : pathset_list(&p->files, filter, ret, err);
}

static int package_read(void *handle, const char *path, size_t max, struct buf *out,
                        int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct package *p = handle;
    return p->archive ? source_archive.read(p->archive, path, max, out, ret_mtime_ns, err)
                      : pathset_read(&p->files, path, max, out, ret_mtime_ns, err);
}

static const char *package_revision(void *handle)
{
    struct package *p = handle;
    return p->version ? p->version : "";
}

const struct source_kind source_package = {
    .name = "deb",
    .local = true,
    .claims = package_claims,
    .resolve = package_resolve,
    .open = package_open,
    .list = package_list,
    .read = package_read,
    .revision = package_revision,
    .close = package_close,
    .kept = package_kept,
};

/* ---- manual pages: a directory with the patterns of its pages ---- */

static bool man_claims(const struct source_request *req)
{
    return strcmp(req->arg, "man:") == 0 ||
           (strcmp(req->arg, "man") == 0 && access("man", F_OK) != 0);
}

static int man_resolve(const struct source_env *env, const struct source_request *req,
                       struct source_place *ret, struct docfs_err *err)
{
    static const char *const pages[] = {"man[1-9n]*/**", NULL};
    if (access(MAN_DIR, R_OK) < 0)
        return err_set(err, -errno, "this machine has no manual pages in " MAN_DIR ": %m");
    ret->kind = &source_directory;
    ret->location = strdup(MAN_DIR);
    ret->name = strdup("man");
    ret->include = source_strings_dup(pages);
    return ret->location && ret->name && ret->include ? 0 : err_oom(err);
}

static int man_open(const struct source_env *env, const char *location, void **ret,
                    struct docfs_err *err)
{
    return err_set(err, -EINVAL, "%s is not a source of its own", location);
}

const struct source_kind source_man = {
    .name = "man",
    .claims = man_claims,
    .resolve = man_resolve,
    .open = man_open,
};
