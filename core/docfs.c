/* SPDX-License-Identifier: MIT
 * Opening and closing: which directory, and how the parts are put together. */
#include "core/docfs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/docfs_doctor.h"
#include "core/internal.h"
#include "core/util/buf.h"

const char *docfs_version(void)
{
    return DOCFS_VERSION;
}

static const char *env(const char *name)
{
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

/* The directory that the options and the environment name, absolute. *why says who named it. */
static int choose(const struct docfs *d, const char *given, struct buf *path, const char **why,
                  struct docfs_err *err)
{
    const char *v, *where;
    if (given) {
        *why = "option --cache";
        buf_adds(path, given);
    } else if ((v = env("DOCFS_CACHE"))) {
        *why = "environment variable DOCFS_CACHE";
        buf_adds(path, v);
    } else if ((v = env("STORAGE_DIR"))) {
        *why = "environment variable STORAGE_DIR";
        buf_adds(path, v);
    } else if ((v = config_cache(d->config, &where))) {
        *why = where;
        buf_adds(path, v);
    } else if ((v = env("XDG_DATA_HOME"))) {
        *why = "environment variable XDG_DATA_HOME";
        buf_addf(path, "%s/docfs", v);
    } else if ((v = env("HOME"))) {
        *why = "the default";
        buf_addf(path, "%s/.local/share/docfs", v);
    } else {
        return err_set(err, -EINVAL,
                       "no cache directory: HOME is not set; name one with --cache "
                       "DIR or DOCFS_CACHE");
    }
    if (path->len && path->data[0] != '/') {
        char *cwd = getcwd(NULL, 0);
        char *rest = buf_steal(path, NULL);
        if (cwd && rest)
            buf_addf(path, "%s/%s", cwd, rest);
        free(cwd);
        free(rest);
    }
    while (path->len > 1 && buf_last(path) == '/')
        buf_truncate(path, path->len - 1);
    return path->len && buf_status(path) == 0 ? 0 : err_set(err, -EINVAL, "--cache is empty");
}

int docfs_where(const struct docfs_options *opt, char **ret_path, char **ret_why,
                struct docfs_err *err)
{
    struct docfs d = {0};
    _cleanup_buf_ struct buf path = {0};
    const char *why = "";
    int r = settings_open(&d, opt->set, err);
    if (r == 0)
        r = choose(&d, opt->cache, &path, &why, err);
    char *copy = r == 0 ? strdup(why) : NULL;
    settings_close(&d);
    if (r == 0 && !copy)
        r = err_oom(err);
    if (r < 0)
        return r;
    *ret_why = copy;
    *ret_path = buf_steal(&path, NULL);
    return 0;
}

/* Like mkdir -p; new directories belong to the user alone. */
static int make_path(char *path)
{
    for (char *p = path + 1; *p; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        int r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
        *p = '/';
        if (r < 0)
            return r;
    }
    return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int docfs_make_directory(char *path, const char *why, struct docfs_err *err)
{
    int r = make_path(path);
    return r < 0 ? err_set(err, r,
                           "cannot create the cache directory %s (%s): %s; name another one with "
                           "--cache DIR or DOCFS_CACHE",
                           path, why, strerror(-r))
                 : 0;
}

static int open_directory(struct docfs *d, const struct docfs_options *opt, struct docfs_err *err)
{
    _cleanup_buf_ struct buf path = {0};
    const char *why = "";
    int r = choose(d, opt->cache, &path, &why, err);
    if (r < 0)
        return r;
    if (!opt->must_exist && !opt->read_only && (r = docfs_make_directory(path.data, why, err)) < 0)
        return r;
    d->dirfd = open(path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->dirfd < 0 && errno == ENOENT)
        return err_set(err, -ENOENT,
                       "there is no cache at %s (%s): docfs add DIRECTORY makes one, --cache DIR "
                       "names another",
                       path.data, why);
    if (d->dirfd < 0)
        return err_set(err, -errno,
                       "cannot open the cache directory %s (%s): %m; name another one with "
                       "--cache DIR or DOCFS_CACHE",
                       path.data, why);
    d->path = realpath(path.data, NULL);
    return d->path ? 0 : err_set(err, -errno, "cannot read the path %s: %m", path.data);
}

int docfs_open(const struct docfs_options *opt, struct docfs **ret, struct docfs_err *err)
{
    static const struct docfs_options none;
    if (!opt)
        opt = &none;
    struct docfs *d = calloc(1, sizeof(*d));
    if (!d)
        return err_oom(err);
    d->dirfd = d->index_dirfd = -1;
    pthread_mutex_init(&d->priors_lock, NULL);
    int r = settings_open(d, opt->set, err);
    if (r == 0)
        r = open_directory(d, opt, err);
    if (r == 0)
        r = store_open(d->path, opt->read_only, opt->must_exist || opt->read_only, &d->store, err);
    if (r == 0) {
        store_set_busy(d->store, (unsigned)setting_int(d, "db.busy_ms"));
        d->read_only = store_is_read_only(d->store);
        if (!d->read_only)
            mkdirat(d->dirfd, "index", 0700); /* when it fails, the index lives in memory */
        d->index_dirfd = openat(d->dirfd, "index", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = embedding_new(&d->embedding, err);
    }
    if (r == 0)
        r = search_state_new(d, &d->search, err);
    if (r == 0)
        r = words_new(&d->words, err);
    if (r == 0)
        r = models_new(&d->models, err);
    if (r < 0) {
        docfs_close(d);
        return r;
    }
    shared_open(d);
    *ret = d;
    return 0;
}

int cache_writable(const struct docfs *d, struct docfs_err *err)
{
    return d->read_only ? err_set(err, -EROFS, "the cache %s is opened read-only", d->path) : 0;
}

int cache_write(struct docfs *d, struct store_write **ret, struct docfs_err *err)
{
    int rc = cache_writable(d, err);
    return rc < 0 ? rc : store_write_begin(d->store, ret, err);
}

int docfs_open_settings(const char *const *set, struct docfs **ret, struct docfs_err *err)
{
    struct docfs *d = calloc(1, sizeof(*d));
    if (!d)
        return err_oom(err);
    d->dirfd = d->index_dirfd = -1;
    d->read_only = true;
    pthread_mutex_init(&d->priors_lock, NULL);
    int r = settings_open(d, set, err);
    if (r == 0)
        r = embedding_new(&d->embedding, err);
    if (r == 0)
        r = models_new(&d->models, err);
    if (r == 0)
        shared_open(d);
    if (r == 0)
        *ret = d;
    else
        docfs_close(d);
    return r;
}

void docfs_close(struct docfs *d)
{
    if (!d)
        return;
    search_state_free(d->search);
    words_free(d->words);
    models_free(d->models);
    priors_unref(d->priors);
    pthread_mutex_destroy(&d->priors_lock);
    embedding_free(d->embedding);
    if (d->store)
        store_close(d->store);
    if (d->index_dirfd >= 0)
        close(d->index_dirfd);
    if (d->dirfd >= 0)
        close(d->dirfd);
    shared_close(d);
    settings_close(d);
    free(d->path);
    free(d);
}

const char *docfs_path(const struct docfs *d)
{
    return d->path;
}

bool docfs_replaced(struct docfs *d)
{
    return store_replaced(d->store);
}

int docfs_generation(struct docfs *d, uint64_t *ret, struct docfs_err *err)
{
    return store_generation(d->store, ret, err);
}
