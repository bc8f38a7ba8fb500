/* SPDX-License-Identifier: MIT
 * The layers below the cache: files, then the environment. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/config/config.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/suggest.h"

#define FILE_MAX (1 << 20) /* bytes of a settings file */

struct item {
    char *value, *where;
    double number;
    bool from_environment;
};

struct config {
    struct item *item; /* one per row of the table */
    struct item cache;
};

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

void config_free(struct config *c)
{
    if (!c)
        return;
    for (size_t i = 0; c->item && i < config_count; i++) {
        free(c->item[i].value);
        free(c->item[i].where);
    }
    free(c->cache.value);
    free(c->cache.where);
    free(c->item);
    free(c);
}
DEFINE_CLEANUP(struct config, config_free)

static int put(struct item *x, char *value, char *where, double number, bool from_environment)
{
    if (!value || !where) {
        free(value);
        free(where);
        return -ENOMEM;
    }
    free(x->value);
    free(x->where);
    *x = (struct item){value, where, number, from_environment};
    return 0;
}

static char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static char *format(const char *fmt, ...)
{
    _cleanup_buf_ struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    return buf_status(&b) < 0 ? NULL : buf_steal(&b, NULL);
}

/* A path in a file means: from where the file is. */
static char *path_from(const char *file, const char *value)
{
    const char *home = env("HOME");
    if (*value == '/' || !*value)
        return strdup(value);
    if (strncmp(value, "~/", 2) == 0 && home)
        return format("%s%s", home, value + 1);
    const char *slash = strrchr(file, '/');
    return slash ? format("%.*s/%s", (int)(slash - file), file, value) : strdup(value);
}

static int take_entry(struct config *c, const char *file, const struct config_entry *e,
                      struct docfs_err *err)
{
    bool is_cache = strcmp(e->key, "cache") == 0;
    int row = is_cache ? -1 : config_find(e->key), r = 0;
    if (is_cache)
        r = *e->value ? 0 : err_set(err, -EINVAL, "cache: no directory is given");
    else if (row < 0)
        r = config_unknown(e->key, err);
    else
        r = config_check(&config_table[row], e->value, err);
    if (r < 0)
        return err_prefix(err, -EINVAL, "%s:%u", file, e->line);
    const struct config_def *def = is_cache ? NULL : &config_table[row];
    char *value = is_cache || def->kind == SECRET ? path_from(file, e->value) : strdup(e->value);
    r = put(is_cache ? &c->cache : &c->item[row], value, format("%s:%u", file, e->line),
            def && value ? config_number(def, e->value) : 0, false);
    return r < 0 ? err_oom(err) : 0;
}

static int read_file(struct config *c, const char *path, struct docfs_err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0)
        return err_set(err, -errno, "cannot read the settings file %s: %m", path);
    if (fstat(fd, &st) < 0 || S_ISDIR(st.st_mode))
        return err_set(err, -EISDIR, "the settings file %s is a directory", path);
    _cleanup_buf_ struct buf text = {0};
    int r = buf_read_fd(&text, fd, FILE_MAX);
    if (r < 0)
        return err_set(err, r, "cannot read the settings file %s: %s", path, strerror(-r));
    struct config_entries found = {0};
    r = config_parse(path, buf_text(&text), text.len, &found, err);
    for (size_t i = 0; r == 0 && i < found.n; i++)
        r = take_entry(c, path, &found.item[i], err);
    config_entries_fini(&found);
    return r;
}

int config_files(config_file_fn *fn, void *arg, struct docfs_err *err)
{
    const char *named = env("DOCFS_CONFIG"), *v;
    if (named) {
        fn(arg, named, access(named, F_OK) == 0);
        return 0;
    }
    static const char site[] = "/etc/docfs/docfs.yaml";
    fn(arg, site, access(site, F_OK) == 0);
    _cleanup_free_ char *user = NULL;
    if ((v = env("XDG_CONFIG_HOME")))
        user = format("%s/docfs/docfs.yaml", v);
    else if ((v = env("HOME")))
        user = format("%s/.config/docfs/docfs.yaml", v);
    else
        return 0;
    if (!user)
        return err_oom(err);
    fn(arg, user, access(user, F_OK) == 0);
    return 0;
}

struct reading {
    struct config *c;
    bool required;
    int r;
    struct docfs_err *err;
};

static void read_one(void *arg, const char *path, bool exists)
{
    struct reading *x = arg;
    if (x->r == 0 && (exists || x->required))
        x->r = read_file(x->c, path, x->err);
}

void config_variable(const char *key, char *ret, size_t size)
{
    size_t n = 0;
    for (const char *p = "DOCFS_"; *p && n + 1 < size; p++)
        ret[n++] = *p;
    for (const char *p = key; *p && n + 1 < size; p++)
        ret[n++] = *p == '.' ? '_' : (char)toupper((unsigned char)*p);
    ret[n] = '\0';
}

static int read_environment(struct config *c, struct docfs_err *err)
{
    for (size_t i = 0; i < config_count; i++) {
        char name[128];
        config_variable(config_table[i].key, name, sizeof(name));
        const char *v = env(name);
        if (!v)
            continue;
        int r = config_check(&config_table[i], v, err);
        if (r < 0)
            return err_prefix(err, r, "environment variable %s", name);
        if (put(&c->item[i], strdup(v), strdup(name), config_number(&config_table[i], v), true) < 0)
            return err_oom(err);
    }
    return 0;
}

int config_load(struct config **ret, struct docfs_err *err)
{
    _cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));
    if (!c || !(c->item = calloc(config_count, sizeof(*c->item))))
        return err_oom(err);
    struct reading x = {.c = c, .required = env("DOCFS_CONFIG") != NULL, .err = err};
    int r = config_files(read_one, &x, err);
    if (r == 0)
        r = x.r;
    if (r == 0)
        r = read_environment(c, err);
    if (r < 0)
        return r;
    *ret = steal_ptr(c);
    return 0;
}

int config_check_file(const char *path, struct docfs_err *err)
{
    _cleanup_(config_freep) struct config *c = calloc(1, sizeof(*c));
    if (!c || !(c->item = calloc(config_count, sizeof(*c->item))))
        return err_oom(err);
    return read_file(c, path, err);
}

struct config_value config_get(const struct config *c, size_t row)
{
    const struct item *x = &c->item[row];
    return (struct config_value){x->value, x->number, x->from_environment, x->where};
}

const char *config_cache(const struct config *c, const char **where)
{
    *where = c->cache.where;
    return c->cache.value;
}

/* Names that belong to the program itself, its build and its tests. */
static bool reserved(const char *name)
{
    static const char *const names[] = {"DOCFS_CACHE",        "DOCFS_CONFIG",       "DOCFS_BUILD",
                                        "DOCFS_CI",           "DOCFS_COUNTS",       "DOCFS_MESON",
                                        "DOCFS_FUZZ_SECONDS", "DOCFS_FAULT_SECONDS"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

extern char **environ;

void config_strangers(config_stranger_fn *fn, void *arg)
{
    for (char **e = environ; *e; e++) {
        size_t n = strcspn(*e, "=");
        char name[128], known[128], near[128] = "";
        if (strncmp(*e, "DOCFS_", 6) != 0 || n >= sizeof(name))
            continue;
        memcpy(name, *e, n);
        name[n] = '\0';
        bool is_known = reserved(name);
        for (size_t i = 0; i < config_count && !is_known; i++) {
            config_variable(config_table[i].key, known, sizeof(known));
            is_known = strcmp(known, name) == 0;
            if (!is_known && config_table[i].kind == SECRET) { /* the secret itself */
                known[strlen(known) - strlen("_FILE")] = '\0';
                is_known = strcmp(known, name) == 0;
            }
            struct suggest s = suggest_start(name);
            suggest_offer(&s, known);
            if (suggest_best(&s))
                strcpy(near, known);
        }
        if (!is_known)
            fn(arg, name, *near ? near : NULL);
    }
}

int config_secret(const struct config_def *def, const char *path, char **ret, struct docfs_err *err)
{
    char name[128];
    config_variable(def->key, name, sizeof(name));
    name[strlen(name) - strlen("_FILE")] = '\0';
    const char *direct = env(name);
    if (direct || !path || !*path) {
        *ret = strdup(direct ? direct : "");
        return *ret ? 0 : err_oom(err);
    }
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, -errno, "%s: cannot read the secret file %s: %m", def->key, path);
    if (!S_ISREG(st.st_mode))
        return err_set(err, -EINVAL, "%s: %s is not a file", def->key, path);
    /* Container engines and systemd hand secrets over in directories that they guard themselves. */
    const char *credentials = env("CREDENTIALS_DIRECTORY");
    bool guarded = strncmp(path, "/run/secrets/", 13) == 0 ||
                   (credentials && strncmp(path, credentials, strlen(credentials)) == 0);
    if ((st.st_mode & 077) && !guarded)
        return err_set(err, -EPERM, "%s: others may read the secret file %s: chmod 600 %s",
                       def->key, path, path);
    _cleanup_buf_ struct buf text = {0};
    int r = buf_read_fd(&text, fd, 65536);
    if (r < 0)
        return err_set(err, r, "%s: cannot read the secret file %s: %s", def->key, path,
                       strerror(-r));
    buf_rtrim(&text, "\r\n");
    if (text.len && (memchr(text.data, '\n', text.len) || memchr(text.data, '\0', text.len)))
        return err_set(err, -EINVAL, "%s: the secret file %s holds more than one line", def->key,
                       path);
    *ret = buf_steal(&text, NULL);
    return *ret ? 0 : err_oom(err);
}
