/* SPDX-License-Identifier: MIT
 * One file of the web, kept below the cache directory with the mark it came with, so that a refresh
 * costs one question when it did not change. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/remote/address.h"
#include "core/remote/url.h"
#include "core/source/archive.h"
#include "core/source/client.h"
#include "core/source/git.h"
#include "core/source/token.h"
#include "core/util/cleanup.h"

struct download {
    const struct source_env *env;
    int fd;
    int64_t got;
    int code;
};

static int take(void *arg, const char *data, size_t len)
{
    struct download *d = arg;
    d->got += (int64_t)len;
    if (d->got > d->env->limits.max_bytes)
        return d->code = -EFBIG;
    while (len) {
        ssize_t n = write(d->fd, data, len);
        if (n < 0 && errno != EINTR)
            return d->code = -errno;
        if (n > 0)
            data += n, len -= (size_t)n;
    }
    return 0;
}

static int poll_stop(void *arg)
{
    struct download *d = arg;
    return source_stopped(d->env);
}

static char *read_mark(const char *path)
{
    struct buf b = {0};
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || buf_read_fd(&b, fd, 4096) < 0)
        buf_clear(&b);
    return buf_steal(&b, NULL);
}

static void write_mark(const char *path, const char *text)
{
    _cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        unlink(path); /* without a mark it is fetched again */
}

static int ask(const struct source_env *env, const char *url, const char *mark, struct download *d,
               struct http_response *resp, struct docfs_err *err)
{
    _cleanup_(http_freep) struct http *h = NULL;
    char *header = NULL;
    /* Whoever types a private address means it; a name or a redirect that leads to one does not. */
    struct url parts = {0};
    bool named = !env->remote_caller && url_parse(url, &parts, NULL) == 0 &&
                 address_special_host(parts.host);
    url_fini(&parts);
    int r = token_header(url, env->token_file, &header, err);
    if (r >= 0)
        r = source_client(env,
                          &(struct source_client){.allow_private = env->allow_private || named,
                                                  .body = (size_t)env->limits.max_bytes},
                          &h, err);
    if (r == 0) {
        bool date = *mark && *mark != '"' && *mark != 'W';
        struct http_request req = {.url = url,
                                   .headers = (const char *const[]){header, NULL},
                                   .etag = date ? NULL : mark,
                                   .last_modified = date ? mark : NULL,
                                   .data = take,
                                   .poll = poll_stop,
                                   .arg = d};
        r = http_do(h, &req, resp, err);
    }
    bool token = header != NULL;
    token_free(header);
    if (r < 0 && d->code == -EFBIG)
        return err_set(err, -EFBIG, "%s is larger than %lld bytes (setting sources.max_bytes)", url,
                       (long long)env->limits.max_bytes);
    if (r < 0 && d->code < 0)
        return err_set(err, d->code, "cannot write what %s sent: %s", url, strerror(-d->code));
    return r < 0 ? r : source_status_err(resp, token, err);
}

int fetch_file(const struct source_env *env, const char *url, int *ret_fd, char **ret_revision,
               struct docfs_err *err)
{
    _cleanup_free_ char *dir = NULL;
    int r = source_work_dir(env, "file", url, &dir, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *body = NULL, *part = NULL, *mark_path = NULL;
    if (asprintf(&body, "%s/body", dir) < 0 || asprintf(&part, "%s/part", dir) < 0 ||
        asprintf(&mark_path, "%s/mark", dir) < 0)
        return err_oom(err);
    _cleanup_free_ char *mark = access(body, R_OK) == 0 ? read_mark(mark_path) : strdup("");
    struct download d = {.env = env};
    d.fd = open(part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    _cleanup_close_ int fd = d.fd;
    if (!mark)
        return err_oom(err);
    if (fd < 0)
        return err_set(err, -errno, "cannot write %s: %m", part);
    _cleanup_response_ struct http_response resp = {0};
    r = ask(env, url, mark, &d, &resp, err);
    if (r < 0) {
        unlink(part);
        return r;
    }
    if (resp.status == 304) {
        unlink(part);
        close(fd);
        fd = open(body, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
            return err_set(err, -errno, "cannot read %s: %m", body);
    } else {
        unlink(mark_path);
        if (rename(part, body) < 0)
            return err_set(err, -errno, "cannot keep %s: %m", body);
        free(mark);
        mark = strdup(resp.etag && *resp.etag ? resp.etag
                                              : (resp.last_modified ? resp.last_modified : ""));
        if (!mark)
            return err_oom(err);
        if (*mark)
            write_mark(mark_path, mark);
    }
    *ret_fd = steal_fd(&fd);
    *ret_revision = steal_ptr(mark);
    return 0;
}
