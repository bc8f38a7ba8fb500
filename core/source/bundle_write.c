/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/source/bundle.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"

struct bundle_writer {
    struct archive *a;
    struct archive_entry *entry;
    char *file;
    int fd;
};

char *bundle_encode(const char *path)
{
    _cleanup_buf_ struct buf b = {0};
    size_t len = strlen(path);
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        size_t n = utf8_decode(path + i, len - i, &cp);
        unsigned char c = (unsigned char)path[i];
        bool good = n > 0 && cp != 0xfffd && c >= ' ' && c != 0x7f && c != '%';
        if (good)
            buf_add(&b, path + i, n);
        else
            buf_addf(&b, "%%%02X", c);
        i += good ? n : 1;
    }
    return buf_status(&b) < 0 ? NULL : buf_steal(&b, NULL);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool bundle_decode(char *path)
{
    char *out = path;
    for (const char *p = path; *p; p++) {
        if (*p != '%') {
            *out++ = *p;
            continue;
        }
        int high = digit(p[1]), low = high < 0 ? -1 : digit(p[2]);
        if (low < 0 || (high == 0 && low == 0))
            return false;
        *out++ = (char)(high << 4 | low);
        p += 2;
    }
    *out = '\0';
    return true;
}

static int failed(struct bundle_writer *w, struct docfs_err *err)
{
    int e = archive_errno(w->a);
    return err_set(err, e > 0 ? -e : -EIO, "cannot write %s: %s", w->file,
                   archive_error_string(w->a));
}

static int put(struct bundle_writer *w, const char *name, const char *data, size_t len,
               int64_t mtime_ns, struct docfs_err *err)
{
    struct archive_entry *e = archive_entry_clear(w->entry);
    archive_entry_set_pathname(e, name);
    archive_entry_set_filetype(e, AE_IFREG);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)len);
    archive_entry_set_mtime(e, (time_t)(mtime_ns / 1000000000), (long)(mtime_ns % 1000000000));
    if (archive_write_header(w->a, e) != ARCHIVE_OK ||
        archive_write_data(w->a, data, len) != (la_ssize_t)len)
        return failed(w, err);
    return 0;
}

int bundle_create(const char *file, json_t *manifest, const char *index, size_t len,
                  struct bundle_writer **ret, struct docfs_err *err)
{
    struct bundle_writer *w = calloc(1, sizeof(*w));
    if (!w)
        return err_oom(err);
    char threads[24]; /* each holds some 20 MB */
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    snprintf(threads, sizeof(threads), "%ld", cores > 4 ? 4 : cores);
    w->fd = -1;
    w->file = strdup(file);
    w->a = archive_write_new();
    w->entry = archive_entry_new();
    _cleanup_free_ char *text = json_dumps(manifest, JSON_INDENT(1) | JSON_SORT_KEYS);
    int r = w->file && w->a && w->entry && text ? 0 : err_oom(err);
    if (r == 0) {
        w->fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (w->fd < 0)
            r = err_set(err, -errno, "cannot make %s: %m", file);
    }
    if (r == 0 &&
        (archive_write_add_filter_zstd(w->a) != ARCHIVE_OK ||
         archive_write_set_filter_option(w->a, "zstd", "threads", threads) < ARCHIVE_WARN ||
         archive_write_set_format_pax_restricted(w->a) != ARCHIVE_OK ||
         archive_write_set_bytes_in_last_block(w->a, 1) != ARCHIVE_OK ||
         archive_write_open_fd(w->a, w->fd) != ARCHIVE_OK))
        r = failed(w, err);
    if (r == 0)
        r = put(w, BUNDLE_MANIFEST, text, strlen(text), 0, err);
    if (r == 0)
        r = put(w, BUNDLE_INDEX, index, len, 0, err);
    if (r < 0) {
        bundle_abort(w);
        return r;
    }
    *ret = w;
    return 0;
}

int bundle_add(struct bundle_writer *w, const char *path, const char *data, size_t len,
               int64_t mtime_ns, struct docfs_err *err)
{
    _cleanup_buf_ struct buf name = {0};
    buf_addf(&name, "docs/%s", path);
    return buf_status(&name) < 0 ? err_oom(err) : put(w, name.data, data, len, mtime_ns, err);
}

static void release(struct bundle_writer *w)
{
    if (w->a)
        archive_write_free(w->a);
    archive_entry_free(w->entry);
    if (w->fd >= 0)
        close(w->fd);
    free(w->file);
    free(w);
}

int bundle_close(struct bundle_writer *w, struct docfs_err *err)
{
    int r = archive_write_close(w->a) == ARCHIVE_OK ? 0 : failed(w, err);
    if (r == 0 && fsync(w->fd) < 0)
        r = err_set(err, -errno, "cannot write %s: %m", w->file);
    if (r < 0)
        unlink(w->file);
    release(w);
    return r;
}

void bundle_abort(struct bundle_writer *w)
{
    if (!w)
        return;
    if (w->a)
        archive_write_fail(w->a);
    if (w->fd >= 0)
        unlink(w->file);
    release(w);
}
