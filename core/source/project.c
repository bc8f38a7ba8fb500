/* SPDX-License-Identifier: MIT
 * A project of pip, npm or cargo: the documentation of what its lock file names, from where the
 * packages are installed on this machine. Nothing is fetched. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/source/pathset.h"
#include "core/util/cleanup.h"

#define LOCK_MAX (64u << 20)
#define DEPTH 6

struct project {
    struct pathset files;
    size_t named, found;
};

typedef int read_lock_fn(struct project *p, const char *dir, char *text, size_t len,
                         struct docfs_err *err);
static read_lock_fn read_npm, read_cargo, read_requirements, read_toml_python;

static const struct {
    const char *file;
    read_lock_fn *read;
} locks[] = {
    {"package-lock.json", read_npm},
    {"npm-shrinkwrap.json", read_npm},
    {"Cargo.lock", read_cargo},
    {"poetry.lock", read_toml_python},
    {"uv.lock", read_toml_python},
    {"pdm.lock", read_toml_python},
    {"requirements.txt", read_requirements},
};
#define N_LOCKS (sizeof(locks) / sizeof(*locks))

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What a project is described by: its lock file lies beside it. */
static bool is_manifest(const char *path)
{
    static const char *const files[] = {"package.json", "Cargo.toml", "pyproject.toml"};
    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (strcmp(base_of(path), files[i]) == 0)
            return true;
    return false;
}

static bool project_claims(const struct source_request *req)
{
    struct stat st;
    if (is_manifest(req->arg))
        return stat(req->arg, &st) == 0 && S_ISREG(st.st_mode);
    for (size_t i = 0; i < N_LOCKS; i++)
        if (strcmp(base_of(req->arg), locks[i].file) == 0)
            return stat(req->arg, &st) == 0 && S_ISREG(st.st_mode);
    return false;
}

static int project_resolve(const struct source_env *env, const struct source_request *req,
                           struct source_place *ret, struct docfs_err *err)
{
    struct stat st;
    if (stat(req->arg, &st) < 0)
        return err_set(err, -errno, "cannot read %s: %m", req->arg);
    _cleanup_free_ char *file = NULL, *folder = NULL;
    bool manifest = is_manifest(req->arg);
    size_t n = manifest ? (size_t)(base_of(req->arg) - req->arg) : strlen(req->arg);
    if (!(folder = n ? strndup(req->arg, n) : strdup(".")))
        return err_oom(err);
    for (size_t i = 0; (manifest || S_ISDIR(st.st_mode)) && i < N_LOCKS; i++) {
        free(file);
        file = NULL;
        if (asprintf(&file, "%s/%s", folder, locks[i].file) < 0)
            return err_oom(err);
        if (access(file, R_OK) == 0)
            break;
        if (i + 1 == N_LOCKS)
            return err_set(
                err, -ENOENT,
                "%s has no lock file (package-lock.json, Cargo.lock, poetry.lock, "
                "uv.lock, requirements.txt): npm install, cargo generate-lockfile or pip "
                "freeze make one",
                folder);
    }
    ret->location = realpath(file ? file : req->arg, NULL);
    if (!ret->location)
        return err_set(err, -errno, "cannot read %s: %m", req->arg);
    /* Of the project's directory, not of the lock file. */
    _cleanup_free_ char *dir =
        strndup(ret->location, (size_t)(base_of(ret->location) - ret->location));
    if (!dir ||
        asprintf(&ret->name, "%.*s-deps", (int)(strlen(dir) ? strlen(dir) - 1 : 0), dir) < 0)
        return err_oom(err);
    return 0;
}

static void project_close(void *handle)
{
    struct project *p = handle;
    pathset_fini(&p->files);
    free(p);
}

static int project_open(const struct source_env *env, const char *location, void **ret,
                        struct docfs_err *err)
{
    _cleanup_buf_ struct buf text = {0};
    _cleanup_close_ int fd = open(location, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "cannot read %s: %m", location);
    int r = buf_read_fd(&text, fd, LOCK_MAX);
    buf_addc(&text, '\0');
    if (r < 0 || buf_status(&text) < 0)
        return err_set(err, r < 0 ? r : -ENOMEM, "cannot read %s", location);
    _cleanup_free_ char *dir = strndup(location, (size_t)(base_of(location) - location));
    struct project *p = calloc(1, sizeof(*p));
    if (!p || !dir) {
        free(p);
        return err_oom(err);
    }
    read_lock_fn *read = read_requirements;
    for (size_t i = 0; i < N_LOCKS; i++)
        if (strcmp(base_of(location), locks[i].file) == 0)
            read = locks[i].read;
    r = read(p, dir, text.data, text.len - 1, err);
    if (r == 0 && p->named == 0)
        r = err_set(err, -EINVAL, "%s names no packages", location);
    else if (r == 0 && p->found == 0)
        r = err_set(err, -ENOENT,
                    "none of the %zu packages that %s names is installed here: install the project "
                    "first (npm ci, cargo fetch, pip install -r)",
                    p->named, location);
    if (r < 0) {
        project_close(p);
        return r == -ENOMEM ? err_oom(err) : r;
    }
    *ret = p;
    return 0;
}

/* The documentation below the first directory that the pattern finds. */
static int take(struct project *p, const char *name, const char *pattern)
{
    glob_t g;
    int r = 0;
    if (glob(pattern, GLOB_NOSORT, NULL, &g) == 0 && g.gl_pathc) {
        size_t before = p->files.n;
        r = pathset_add_tree(&p->files, name, g.gl_pathv[0], DEPTH);
        p->found += r == 0 && p->files.n > before;
    }
    globfree(&g);
    return r;
}

/* Only what may stand in a name, so that nothing leads out of the folder of packages. */
static bool plain_name(const char *s, bool scoped)
{
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@/+");
    const char *slash = strchr(s, '/');
    return n && !s[n] && n < 200 && *s != '.' && *s != '/' && !strstr(s, "..") &&
           (!slash || (scoped && *s == '@' && !strchr(slash + 1, '/')));
}

static int read_npm(struct project *p, const char *dir, char *text, size_t len,
                    struct docfs_err *err)
{
    json_error_t e;
    json_t *lock = json_loadb(text, len, 0, &e);
    if (!json_is_object(lock)) {
        json_decref(lock);
        return err_set(err, -EINVAL, "%spackage-lock.json is no JSON: line %d: %s", dir, e.line,
                       e.text);
    }
    const char *key;
    json_t *v;
    int r = 0;
    bool old = !json_object_get(lock, "packages");
    json_object_foreach(json_object_get(lock, old ? "dependencies" : "packages"), key, v)
    {
        const char *name = old ? key : strncmp(key, "node_modules/", 13) == 0 ? key + 13 : "";
        if (r < 0 || !plain_name(name, true))
            continue; /* packages inside packages are their parents' business */
        p->named++;
        _cleanup_free_ char *path = NULL;
        r = asprintf(&path, "%snode_modules/%s", dir, name) < 0 ? -ENOMEM : take(p, name, path);
    }
    json_decref(lock);
    return r;
}

/* "name" and "version" of each [[package]] of a TOML lock file. */
static int each_toml(char *text, struct project *p, const char *dir,
                     int (*fn)(struct project *p, const char *dir, const char *name,
                               const char *version))
{
    char *save = NULL, name[201] = "", version[101] = "";
    int r = 0;
    for (char *l = strtok_r(text, "\n", &save);; l = strtok_r(NULL, "\n", &save)) {
        if (!l || l[0] == '[') {
            if (*name && *version && plain_name(name, false) && plain_name(version, false)) {
                p->named++;
                r = fn(p, dir, name, version);
            }
            if (!l || r < 0)
                return r;
            *name = *version = '\0';
        } else if (sscanf(l, "name = \"%200[^\"]", name) != 1) {
            sscanf(l, "version = \"%100[^\"]", version);
        }
    }
}

static int take_crate(struct project *p, const char *dir, const char *name, const char *version)
{
    const char *home = getenv("CARGO_HOME"), *user = getenv("HOME");
    _cleanup_free_ char *cache = NULL, *vendor = NULL, *as = NULL;
    if (asprintf(&cache, "%s%s/registry/src/*/%s-%s",
                 home   ? home
                 : user ? user
                        : "",
                 home ? "" : "/.cargo", name, version) < 0 ||
        asprintf(&vendor, "%svendor/%s", dir, name) < 0 ||
        asprintf(&as, "%s-%s", name, version) < 0)
        return -ENOMEM;
    size_t before = p->found;
    int r = take(p, as, vendor);
    return r == 0 && p->found == before ? take(p, as, cache) : r;
}

static int read_cargo(struct project *p, const char *dir, char *text, size_t len,
                      struct docfs_err *err)
{
    return each_toml(text, p, dir, take_crate);
}

/* ---- Python ---- */

/* PEP 503: case and "-_." do not matter in names of distributions. */
static bool same_distribution(const char *a, const char *b, size_t b_len)
{
    for (; *a && b_len; a++, b++, b_len--) {
        char x = (char)(*a == '_' || *a == '.' ? '-' : *a >= 'A' && *a <= 'Z' ? *a + 32 : *a);
        char y = (char)(*b == '_' || *b == '.' ? '-' : *b >= 'A' && *b <= 'Z' ? *b + 32 : *b);
        if (x != y)
            return false;
    }
    return !*a && !b_len;
}

static int take_distribution_in(struct project *p, const char *site, const char *name)
{
    DIR *d = opendir(site);
    struct dirent *e;
    int r = 0;
    while (d && r == 0 && (e = readdir(d))) {
        const char *dash = strchr(e->d_name, '-'), *end = strstr(e->d_name, ".dist-info");
        if (!end)
            end = strstr(e->d_name, ".egg-info");
        if (!end || !same_distribution(name, e->d_name,
                                       dash && dash < end ? (size_t)(dash - e->d_name)
                                                          : (size_t)(end - e->d_name)))
            continue;
        _cleanup_free_ char *as = NULL, *meta = NULL, *pkg = NULL, *low = strdup(name);
        for (char *c = low; c && *c; c++)
            *c = *c == '-' || *c == '.' ? '_' : *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
        bool egg = strncmp(end, ".egg", 4) == 0;
        if (!low || asprintf(&as, "%s/DESCRIPTION.md", name) < 0 ||
            asprintf(&meta, "%s/%s/%s", site, e->d_name, egg ? "PKG-INFO" : "METADATA") < 0 ||
            asprintf(&pkg, "%s/%s", site, low) < 0)
            r = -ENOMEM;
        else if (access(meta, R_OK) == 0 && (r = pathset_add(&p->files, as, meta)) == 0)
            p->found++;
        if (r == 0)
            r = pathset_add_tree(&p->files, name, pkg, DEPTH);
    }
    if (d)
        closedir(d);
    return r;
}

static int take_distribution(struct project *p, const char *dir, const char *name,
                             const char *version)
{
    const char *venv = getenv("VIRTUAL_ENV");
    _cleanup_free_ char *own = NULL, *dot = NULL, *env = NULL;
    if (asprintf(&dot, "%s.venv/lib/python3*/site-packages", dir) < 0 ||
        asprintf(&own, "%svenv/lib/python3*/site-packages", dir) < 0 ||
        asprintf(&env, "%s/lib/python3*/site-packages", venv ? venv : "/nonexistent") < 0)
        return -ENOMEM;
    const char *const places[] = {dot,
                                  own,
                                  env,
                                  "/usr/local/lib/python3*/dist-packages",
                                  "/usr/local/lib/python3*/site-packages",
                                  "/usr/lib/python3/dist-packages"};
    size_t before = p->found;
    int r = 0;
    for (size_t i = 0; i < sizeof(places) / sizeof(*places) && r == 0 && p->found == before; i++) {
        glob_t g;
        if (glob(places[i], 0, NULL, &g) == 0)
            for (size_t k = 0; k < g.gl_pathc && r == 0 && p->found == before; k++)
                r = take_distribution_in(p, g.gl_pathv[k], name);
        globfree(&g);
    }
    return r;
}

static int read_toml_python(struct project *p, const char *dir, char *text, size_t len,
                            struct docfs_err *err)
{
    return each_toml(text, p, dir, take_distribution);
}

static int read_requirements(struct project *p, const char *dir, char *text, size_t len,
                             struct docfs_err *err)
{
    char *save = NULL;
    int r = 0;
    for (char *l = strtok_r(text, "\r\n", &save); l && r == 0; l = strtok_r(NULL, "\r\n", &save)) {
        l += strspn(l, " \t");
        l[strcspn(l, " \t<>=!~;[#@(")] = '\0';
        if (!*l || *l == '-' || !plain_name(l, false))
            continue;
        p->named++;
        r = take_distribution(p, dir, l, "");
    }
    return r;
}

/* ---- the kind ---- */

static int project_list(void *handle, const struct source_filter *filter, struct source_files *ret,
                        struct docfs_err *err)
{
    return pathset_list(&((struct project *)handle)->files, filter, ret, err);
}

/* The description of a Python distribution follows its headers. */
static int project_read(void *handle, const char *path, size_t max, struct buf *out,
                        int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct project *p = handle;
    int r = pathset_read(&p->files, path, max, out, ret_mtime_ns, err);
    if (r < 0 || strcmp(base_of(path), "DESCRIPTION.md") != 0 || !out->data)
        return r;
    const struct pathset_entry *e = pathset_find(&p->files, path);
    const char *base = base_of(e->file);
    char *body = strstr(out->data, "\n\n");
    if ((strcmp(base, "METADATA") != 0 && strcmp(base, "PKG-INFO") != 0))
        return 0;
    struct buf text = {0};
    char *summary = strstr(out->data, "\nSummary: ");
    buf_addf(&text, "# %.*s\n\n", (int)strcspn(path, "/"), path);
    if (summary && (!body || summary < body))
        buf_addf(&text, "%.*s\n\n", (int)strcspn(summary + 10, "\n"), summary + 10);
    if (body)
        buf_adds(&text, body + 2);
    buf_clear(out);
    buf_add(out, text.data, text.len);
    buf_fini(&text);
    return buf_status(out) < 0 ? err_oom(err) : 0;
}

const struct source_kind source_project = {
    .name = "project",
    .local = true,
    .claims = project_claims,
    .resolve = project_resolve,
    .open = project_open,
    .list = project_list,
    .read = project_read,
    .close = project_close,
};
