/* SPDX-License-Identifier: MIT
 * Reading an exported collection. Nothing in it is believed: sizes, paths and checksums are
 * compared before a single document is handed out, so a damaged file changes nothing. */
#include "core/source/bundle.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/source/source.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

#define MANIFEST_MAX (1 << 20)
#define INDEX_MAX (256 << 20)
#define LINE_MAX_BYTES 65536

struct item {
    char *path, *url, *title;
    char sha256[65];
    int64_t size, mtime_ns, offset;
};

struct bundle {
    const struct source_env *env;
    char *location;
    struct archive *a;
    int spool; /* the documents one after the other; no name */
    struct item *item;
    size_t n;
    json_t *manifest;
    char *revision;
};

static void bundle_free(void *handle)
{
    struct bundle *b = handle;
    if (!b)
        return;
    for (size_t i = 0; i < b->n; i++) {
        free(b->item[i].path);
        free(b->item[i].url);
        free(b->item[i].title);
    }
    free(b->item);
    if (b->a)
        archive_read_free(b->a);
    if (b->spool >= 0)
        close(b->spool);
    json_decref(b->manifest);
    free(b->revision);
    free(b->location);
    free(b);
}

static int damaged(const struct bundle *b, const char *what, struct docfs_err *err)
{
    return err_set(err, -EBADMSG, "%s is damaged (%s): get it again", b->location, what);
}

static int archive_failed(struct bundle *b, struct docfs_err *err)
{
    const char *what = archive_error_string(b->a);
    return damaged(b, what ? what : "it ends early", err);
}

/* The whole of the current entry. */
static int whole(struct bundle *b, size_t max, struct buf *out, struct docfs_err *err)
{
    char chunk[65536];
    for (;;) {
        la_ssize_t n = archive_read_data(b->a, chunk, sizeof(chunk));
        if (n < 0)
            return archive_failed(b, err);
        if (n == 0)
            return buf_status(out) < 0 ? err_oom(err) : 0;
        if (out->len + (size_t)n > max)
            return damaged(b, "its description is too large", err);
        buf_add(out, chunk, (size_t)n);
    }
}

/* Moves to the next entry, which must be a plain file of that name. */
static int next_named(struct bundle *b, const char *name, struct docfs_err *err)
{
    struct archive_entry *e;
    int rc = archive_read_next_header(b->a, &e);
    if (rc != ARCHIVE_OK && rc != ARCHIVE_WARN)
        return archive_failed(b, err);
    const char *is = archive_entry_pathname(e);
    if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) || !is ||
        strcmp(is, name) != 0)
        return damaged(b, "its parts are not in order", err);
    return 0;
}

static int start(struct bundle *b, struct docfs_err *err)
{
    b->a = archive_read_new();
    if (!b->a)
        return err_oom(err);
    archive_read_support_filter_zstd(b->a);
    archive_read_support_format_tar(b->a);
    if (archive_read_open_filename(b->a, b->location, 1 << 17) != ARCHIVE_OK) {
        int e = archive_errno(b->a);
        if (e == ENOENT || e == EACCES)
            return err_set(err, -e, "cannot read %s: %s", b->location, strerror(e));
        return err_set(err, -EBADMSG, "%s is no collection exported by docfs", b->location);
    }
    return 0;
}

static int read_manifest(struct bundle *b, struct docfs_err *err)
{
    _cleanup_buf_ struct buf text = {0};
    if (next_named(b, BUNDLE_MANIFEST, NULL) < 0)
        return err_set(err, -EBADMSG, "%s is no collection exported by docfs", b->location);
    int r = whole(b, MANIFEST_MAX, &text, err);
    if (r < 0)
        return r;
    b->manifest = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES, NULL);
    json_int_t format = 0, documents = -1;
    const char *collection = NULL, *exported = "", *version = "", *kind = "", *location = "",
               *revision = "";
    if (!b->manifest || json_unpack(b->manifest, "{s:I}", "format", &format) < 0 || format < 1)
        return damaged(b, "its description cannot be read", err);
    if (format > BUNDLE_FORMAT)
        return err_set(err, -EPROTO,
                       "%s has format %d and this docfs knows up to %d: install a newer docfs",
                       b->location, (int)format, BUNDLE_FORMAT);
    if (json_unpack(b->manifest, "{s:s, s:I, s?s, s?s, s?{s?s, s?s, s?s}}", "collection",
                    &collection, "documents", &documents, "exported_at", &exported, "docfs",
                    &version, "origin", "kind", &kind, "location", &location, "revision",
                    &revision) < 0 ||
        documents < 0 || documents > 100000000)
        return damaged(b, "its description is not complete", err);
    _cleanup_buf_ struct buf rev = {0};
    buf_addf(&rev, "exported %s by docfs %s from %s %s%s%s", exported, version, kind, location,
             *revision ? " at " : "", revision);
    b->revision = buf_status(&rev) < 0 ? NULL : buf_steal(&rev, NULL);
    return b->revision ? 0 : err_oom(err);
}

static int read_line(struct bundle *b, const char *line, size_t len, struct item *ret,
                     struct docfs_err *err)
{
    json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
    const char *path = NULL, *title = "", *url = "", *sha = NULL;
    json_int_t size = -1, mtime = 0;
    int r = 0;
    if (!o ||
        json_unpack(o, "{s:s, s:s, s:I, s?s, s?s, s?I}", "path", &path, "sha256", &sha, "size",
                    &size, "title", &title, "url", &url, "mtime_ns", &mtime) < 0 ||
        strlen(sha) != 64 || size < 0)
        r = damaged(b, "its list of documents cannot be read", err);
    if (r == 0) {
        *ret = (struct item){.path = strdup(path),
                             .url = *url ? strdup(url) : NULL,
                             .title = *title ? strdup(title) : NULL,
                             .size = size,
                             .mtime_ns = mtime};
        memcpy(ret->sha256, sha, 65);
        if (!ret->path || (*url && !ret->url) || (*title && !ret->title))
            r = err_oom(err);
        else if (!bundle_decode(ret->path) || source_path_refused(ret->path))
            r = damaged(b, "a path in it is not allowed", err);
    }
    json_decref(o);
    return r;
}

static int read_index(struct bundle *b, struct docfs_err *err)
{
    _cleanup_buf_ struct buf text = {0};
    json_int_t documents = json_integer_value(json_object_get(b->manifest, "documents"));
    if (documents > b->env->limits.max_entries)
        return err_set(err, -EFBIG,
                       "%s holds %lld documents, more than setting sources.max_entries",
                       b->location, (long long)documents);
    int r = next_named(b, BUNDLE_INDEX, err);
    if (r == 0)
        r = whole(b, INDEX_MAX, &text, err);
    for (size_t at = 0; r == 0 && at < text.len;) {
        const char *line = text.data + at, *end = memchr(line, '\n', text.len - at);
        size_t len = end ? (size_t)(end - line) : text.len - at;
        if (len > LINE_MAX_BYTES || (json_int_t)b->n == documents)
            return damaged(b, "its list of documents is too long", err);
        if (!b->item && !(b->item = calloc((size_t)documents, sizeof(*b->item))))
            return err_oom(err);
        r = read_line(b, line, len, &b->item[b->n++], err);
        at += len + 1;
    }
    if (r == 0 && (json_int_t)b->n != documents)
        r = damaged(b, "documents are missing from its list", err);
    return r;
}

static int make_spool(struct bundle *b, struct docfs_err *err)
{
    const char *dir = b->env->cache_dir ? b->env->cache_dir : "/tmp";
    b->spool = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    return b->spool < 0 ? err_set(err, -errno, "cannot make a temporary file in %s: %m", dir) : 0;
}

/* One document into the spool, checked. */
static int read_document(struct bundle *b, struct item *x, int64_t *used, struct docfs_err *err)
{
    _cleanup_free_ char *encoded = bundle_encode(x->path);
    _cleanup_buf_ struct buf name = {0}, body = {0};
    buf_addf(&name, "docs/%s", encoded ? encoded : "");
    if (!encoded || buf_status(&name) < 0)
        return err_oom(err);
    if (x->size > b->env->limits.max_bytes - *used)
        return err_set(err, -EFBIG,
                       "%s unpacks to more than %" PRId64 " bytes (setting sources.max_bytes)",
                       b->location, b->env->limits.max_bytes);
    int r = next_named(b, name.data, err);
    if (r == 0)
        r = whole(b, (size_t)x->size + 1, &body, err);
    if (r < 0)
        return r;
    unsigned char sha[SHA256_LEN];
    char hex[2 * SHA256_LEN + 1];
    sha256(buf_text(&body), body.len, sha);
    hex_encode(sha, sizeof(sha), hex);
    if (body.len != (size_t)x->size || strcmp(hex, x->sha256) != 0)
        return damaged(b, "the checksum of a document is wrong", err);
    for (size_t at = 0; at < body.len;) {
        ssize_t n = write(b->spool, body.data + at, body.len - at);
        if (n < 0 && errno != EINTR)
            return err_set(err, -errno, "cannot unpack %s: %m", b->location);
        at += n > 0 ? (size_t)n : 0;
    }
    x->offset = *used;
    *used += x->size;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct item *)a)->path, ((const struct item *)b)->path);
}

static int sort(struct bundle *b, struct docfs_err *err)
{
    if (b->n)
        qsort(b->item, b->n, sizeof(*b->item), by_path);
    for (size_t i = 1; i < b->n; i++)
        if (strcmp(b->item[i - 1].path, b->item[i].path) == 0)
            return damaged(b, "a path comes twice", err);
    return 0;
}

static int load(struct bundle *b, struct docfs_err *err)
{
    int64_t used = 0;
    int r = start(b, err);
    if (r == 0)
        r = read_manifest(b, err);
    if (r == 0)
        r = read_index(b, err);
    if (r == 0)
        r = make_spool(b, err);
    for (size_t i = 0; r == 0 && i < b->n; i++) {
        r = read_document(b, &b->item[i], &used, err);
        if (r == 0 && source_stopped(b->env))
            r = err_set(err, -ECANCELED, "cancelled");
    }
    struct archive_entry *e;
    if (r == 0 && archive_read_next_header(b->a, &e) != ARCHIVE_EOF)
        r = damaged(b, "there is something behind its last document", err);
    if (r == 0)
        r = sort(b, err);
    if (b->a)
        archive_read_free(b->a);
    b->a = NULL;
    return r;
}

static struct bundle *bundle_new(const struct source_env *env, const char *location)
{
    struct bundle *b = calloc(1, sizeof(*b));
    if (!b)
        return NULL;
    b->env = env;
    b->spool = -1;
    b->location = strdup(location);
    if (!b->location) {
        free(b);
        return NULL;
    }
    return b;
}

/* ---- the vtable ---- */

static bool claims(const struct source_request *req)
{
    size_t n = strlen(req->arg), s = strlen(BUNDLE_SUFFIX);
    struct stat st;
    return n > s && strcmp(req->arg + n - s, BUNDLE_SUFFIX) == 0 && stat(req->arg, &st) == 0 &&
           S_ISREG(st.st_mode);
}

static int resolve(const struct source_env *env, const struct source_request *req,
                   struct source_place *ret, struct docfs_err *err)
{
    if (req->ref || req->subdir)
        return err_set(err, -EINVAL, "%s: an exported collection has no --ref and no --subdir",
                       req->arg);
    ret->location = realpath(req->arg, NULL);
    if (!ret->location)
        return err_set(err, -errno, "cannot read %s: %m", req->arg);
    struct bundle *b = bundle_new(env, ret->location);
    if (!b)
        return err_oom(err);
    int r = start(b, err);
    if (r == 0)
        r = read_manifest(b, err);
    if (r == 0) {
        const char *full = json_string_value(json_object_get(b->manifest, "collection"));
        const char *at = strrchr(full, '@');
        ret->name = at ? strndup(full, (size_t)(at - full)) : strdup(full);
        ret->version = at && at[1] ? strdup(at + 1) : NULL;
        if (!ret->name || (at && at[1] && !ret->version))
            r = err_oom(err);
    }
    bundle_free(b);
    return r;
}

static int open_bundle(const struct source_env *env, const char *location, void **ret,
                       struct docfs_err *err)
{
    struct bundle *b = bundle_new(env, location);
    if (!b)
        return err_oom(err);
    int r = load(b, err);
    if (r < 0) {
        bundle_free(b);
        return r;
    }
    *ret = b;
    return 0;
}

static int list(void *handle, const struct source_filter *filter, struct source_files *ret,
                struct docfs_err *err)
{
    struct bundle *b = handle;
    for (size_t i = 0; i < b->n; i++) {
        const struct item *x = &b->item[i];
        if (!source_filter_accepts(filter, x->path))
            continue;
        int r = source_filter_room(filter, ret->n, err);
        if (r < 0)
            return r;
        struct source_file *f = source_files_add(ret, x->path);
        if (!f)
            return err_oom(err);
        f->size = x->size;
        f->mtime_ns = x->mtime_ns;
        f->version = strdup(x->sha256);
        f->url = x->url ? strdup(x->url) : NULL;
        f->title = x->title ? strdup(x->title) : NULL;
        if (!f->version || (x->url && !f->url) || (x->title && !f->title))
            return err_oom(err);
    }
    return 0;
}

static int read_file(void *handle, const char *path, size_t max, struct buf *out,
                     int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct bundle *b = handle;
    const struct item key = {.path = (char *)path};
    const struct item *x = b->n ? bsearch(&key, b->item, b->n, sizeof(*b->item), by_path) : NULL;
    if (!x)
        return err_set(err, -ENOENT, "%s is not in %s", path, b->location);
    if ((size_t)x->size > max)
        return err_set(err, -EFBIG, "%s is larger than %zu bytes", path, max);
    if (!buf_reserve(out, (size_t)x->size))
        return err_oom(err);
    char chunk[65536];
    for (int64_t done = 0; done < x->size;) {
        size_t want =
            x->size - done < (int64_t)sizeof(chunk) ? (size_t)(x->size - done) : sizeof(chunk);
        ssize_t n = pread(b->spool, chunk, want, x->offset + done);
        if (n <= 0)
            return err_set(err, n < 0 ? -errno : -EIO, "cannot read what was unpacked of %s",
                           b->location);
        buf_add(out, chunk, (size_t)n);
        done += n;
    }
    *ret_mtime_ns = x->mtime_ns;
    return buf_status(out) < 0 ? err_oom(err) : 0;
}

static const char *revision(void *handle)
{
    return ((struct bundle *)handle)->revision;
}

const struct source_kind source_bundle = {
    .name = "bundle",
    .local = true,
    .claims = claims,
    .resolve = resolve,
    .open = open_bundle,
    .list = list,
    .read = read_file,
    .revision = revision,
    .close = bundle_free,
};
