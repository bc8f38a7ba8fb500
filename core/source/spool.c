/* SPDX-License-Identifier: MIT */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/source/archive.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

#define BLOCK 65536
#define RATIO_FROM (8 << 20) /* a small archive may well be nearly empty text */

DEFINE_CLEANUP(struct archive, archive_read_free)

static const char *const suffixes[] = {
    ".zip",  ".tar",     ".tar.gz", ".tgz",     ".tar.xz", ".txz",   ".tar.bz2", ".tbz",
    ".tbz2", ".tar.zst", ".tzst",   ".tar.lz4", ".7z",     ".deb",   ".whl",     ".crate",
    ".jar",  ".nupkg",   ".gem",    ".cbt",     ".cpio",   ".tar.Z", ".tar.lzma"};

bool archive_name(const char *name, size_t len)
{
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
        size_t n = strlen(suffixes[i]);
        if (len > n && strncasecmp(name + len - n, suffixes[i], n) == 0)
            return true;
    }
    return false;
}

int spool_init(struct spool *s, const char *dir, struct docfs_err *err)
{
    int fd = dir ? open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;
    if (fd < 0)
        fd = memfd_create("docfs-archive", MFD_CLOEXEC);
    if (fd < 0)
        return err_set(err, -errno, "cannot make a temporary file: %m");
    *s = (struct spool){.fd = fd};
    return 0;
}

void spool_fini(struct spool *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->entry[i].path);
    free(s->entry);
    if (s->fd >= 0)
        close(s->fd);
    *s = (struct spool){.fd = -1};
}

/* ---- libarchive over a range of a file ---- */

struct range {
    int fd;
    int64_t start, size, at;
    char block[BLOCK];
};

static la_ssize_t range_read(struct archive *a, void *data, const void **ret)
{
    struct range *r = data;
    size_t n = r->size - r->at < BLOCK ? (size_t)(r->size - r->at) : BLOCK;
    ssize_t got = pread(r->fd, r->block, n, r->start + r->at);
    if (got < 0) {
        archive_set_error(a, errno, "cannot read");
        return -1;
    }
    r->at += got;
    *ret = r->block;
    return got;
}

static la_int64_t range_skip(struct archive *a, void *data, la_int64_t n)
{
    struct range *r = data;
    if (n > r->size - r->at)
        n = r->size - r->at;
    r->at += n;
    return n;
}

static la_int64_t range_seek(struct archive *a, void *data, la_int64_t offset, int whence)
{
    struct range *r = data;
    int64_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? r->at : r->size;
    if (offset < -base || base + offset > r->size)
        return ARCHIVE_FATAL;
    return r->at = base + offset;
}

/* ---- one archive ---- */

struct job {
    struct spool *s;
    const struct spool_read *in;
    struct docfs_err *err;
};

static int too_much(const struct job *j, int64_t unpacked)
{
    const struct source_limits *lim = &j->in->env->limits;
    if (unpacked > lim->max_bytes)
        return err_set(j->err, -EFBIG,
                       "%s unpacks to more than %lld bytes (setting sources.max_bytes)",
                       j->in->label, (long long)lim->max_bytes);
    if (unpacked > RATIO_FROM && unpacked / lim->max_ratio > j->in->size)
        return err_set(j->err, -EFBIG,
                       "%s unpacks to more than %lld times its size: it looks like an archive "
                       "bomb (setting sources.max_ratio)",
                       j->in->label, (long long)lim->max_ratio);
    return 0;
}

static struct spool_entry *add_entry(struct job *j, const char *path)
{
    if (!grow(&j->s->entry, j->s->n, sizeof(*j->s->entry)))
        return NULL;
    struct spool_entry *e = &j->s->entry[j->s->n];
    *e = (struct spool_entry){.path = strdup(path), .order = j->s->n};
    if (!e->path)
        return NULL;
    j->s->n++;
    return e;
}

/* Why an entry that is no plain file is left out; "" for a directory, NULL for a file. */
static const char *kind_refused(struct archive_entry *e)
{
    if (archive_entry_hardlink(e))
        return "hard link (not followed)";
    switch (archive_entry_filetype(e)) {
    case AE_IFREG:
    case 0: /* ar and some zip files do not say */
        return archive_entry_is_encrypted(e) ? "encrypted" : NULL;
    case AE_IFDIR:
        return "";
    case AE_IFLNK:
        return "symbolic link (not followed)";
    case AE_IFCHR:
    case AE_IFBLK:
        return "device file";
    case AE_IFIFO:
        return "named pipe";
    case AE_IFSOCK:
        return "socket";
    default:
        return "not a regular file";
    }
}

static int damaged(const struct job *j, struct archive *a)
{
    const char *why = archive_error_string(a);
    if (why && (strstr(why, "ncrypted") || strstr(why, "assphrase")))
        return err_set(j->err, -EACCES, "%s is encrypted: unpack it first", j->in->label);
    return err_set(j->err, -EINVAL, "%s is no archive, or damaged: %s%s", j->in->label,
                   why ? why : "unknown reason",
                   strstr(j->in->label, "://") ? "; a web page is added with --kind web" : "");
}

/* The data of the current entry to the end of the spool. 1 when it is larger than a file may be. */
static int copy_data(struct job *j, struct archive *a, struct spool_entry *e)
{
    _cleanup_buf_ struct buf data = {0};
    unsigned char sha[SHA256_LEN];
    for (;;) {
        const void *block;
        size_t n;
        la_int64_t offset;
        int r = archive_read_data_block(a, &block, &n, &offset);
        if (r == ARCHIVE_EOF)
            break;
        if (r < ARCHIVE_WARN)
            return damaged(j, a);
        if (offset < (la_int64_t)data.len || offset + (la_int64_t)n > (la_int64_t)j->in->max_file)
            return 1;
        if (buf_reserve(&data, (size_t)offset - data.len + n))
            for (size_t gap = (size_t)offset - data.len; gap; gap--)
                buf_addc(&data, '\0'); /* sparse */
        buf_add(&data, block, n);
        if (buf_status(&data) < 0)
            return err_oom(j->err);
        r = too_much(j, j->s->end + (int64_t)data.len);
        if (r < 0)
            return r;
        if (source_stopped(j->in->env))
            return err_set(j->err, -ECANCELED, "stopped while reading %s", j->in->label);
    }
    for (size_t done = 0; done < data.len;) {
        ssize_t n =
            pwrite(j->s->fd, data.data + done, data.len - done, (off_t)(j->s->end + (int64_t)done));
        if (n < 0 && errno != EINTR)
            return err_set(j->err, -errno, "cannot write the temporary file of %s: %m",
                           j->in->label);
        done += n > 0 ? (size_t)n : 0;
    }
    sha256(buf_text(&data), data.len, sha);
    hex_encode(sha, 16, e->version);
    e->at = j->s->end;
    e->size = (int64_t)data.len;
    j->s->end += (int64_t)data.len;
    return 0;
}

static int read_range(struct job *j, int fd, int64_t at, int64_t size, const char *prefix,
                      unsigned nested, bool deb);

/* "./docs//a/" -> "docs/a"; what is really wrong with a name stays to be refused. */
static void clean_path(const char *name, struct buf *out)
{
    while (name[0] == '.' && name[1] == '/')
        for (name += 2; *name == '/'; name++)
            ;
    buf_adds(out, name);
    buf_rtrim(out, "/");
}

/* An archive inside: its entries come below its own name; those of a .deb where they would be
 * installed. Ends the entry itself either way. */
static int open_nested(struct job *j, struct spool_entry *e, unsigned nested, bool deb)
{
    _cleanup_free_ char *path = strdup(e->path);
    int64_t at = e->at, size = e->size;
    if (!path)
        return err_oom(j->err);
    bool data = deb && strncmp(path, "data.tar", 8) == 0;
    if (deb && !data) {
        free(e->path);
        j->s->n--; /* the control part is no documentation */
        return 0;
    }
    if (!data && nested >= (unsigned)j->in->env->limits.max_nesting) {
        e->refused = "archive inside an archive (setting sources.max_nesting)";
        return 0;
    }
    free(e->path);
    j->s->n--;
    bool inner_deb = strlen(path) > 4 && strcmp(path + strlen(path) - 4, ".deb") == 0;
    return read_range(j, j->s->fd, at, size, data ? "" : path, nested + !data, inner_deb);
}

static int one_entry(struct job *j, struct archive *a, struct archive_entry *ae, const char *prefix,
                     unsigned nested, bool deb)
{
    _cleanup_buf_ struct buf path = {0};
    const char *name = archive_entry_pathname(ae);
    if (!name)
        name = archive_entry_pathname_utf8(ae);
    buf_addf(&path, "%s%s", prefix, *prefix ? "/" : "");
    if (name)
        clean_path(name, &path);
    else
        buf_addf(&path, "entry-%lld", (long long)j->s->seen);
    if (buf_status(&path) < 0)
        return err_oom(j->err);
    const char *refused = kind_refused(ae);
    if (refused && !*refused)
        return 0;
    if (!refused)
        refused = name ? source_path_refused(path.data) : "name in an unknown encoding";
    bool marker = source_is_marker(path.data);
    bool archive = !marker && (archive_name(path.data, path.len) || deb);
    if (!archive && !j->in->wanted(j->in->arg, path.data) && !refused)
        return 0;
    struct spool_entry *e = add_entry(j, path.data);
    if (!e)
        return err_oom(j->err);
    e->refused = refused;
    e->mtime_ns = (int64_t)archive_entry_mtime(ae) * 1000000000 + archive_entry_mtime_nsec(ae);
    e->size = archive_entry_size_is_set(ae) ? archive_entry_size(ae) : 0;
    if (refused)
        return 0;
    struct spool_read wide = *j->in;
    struct job whole = *j;
    if (archive || marker) { /* bounded by what may be unpacked in all */
        wide.max_file = (size_t)j->in->env->limits.max_bytes;
        whole.in = &wide;
    }
    int r = copy_data(archive || marker ? &whole : j, a, e);
    if (r == 1) {
        e->refused = "larger than a file may be (setting ingest.max_file)";
        return 0;
    }
    return r == 0 && archive ? open_nested(j, e, nested, deb) : r;
}

static int read_range(struct job *j, int fd, int64_t at, int64_t size, const char *prefix,
                      unsigned nested, bool deb)
{
    _cleanup_(archive_read_freep) struct archive *a = archive_read_new();
    _cleanup_free_ struct range *range = calloc(1, sizeof(*range));
    if (!a || !range)
        return err_oom(j->err);
    *range = (struct range){.fd = fd, .start = at, .size = size};
    archive_read_support_filter_all(a);
    archive_read_support_format_tar(a);
    archive_read_support_format_zip(a);
    archive_read_support_format_7zip(a);
    archive_read_support_format_ar(a);
    archive_read_support_format_cpio(a);
    archive_read_set_callback_data(a, range);
    archive_read_set_read_callback(a, range_read);
    archive_read_set_skip_callback(a, range_skip);
    archive_read_set_seek_callback(a, range_seek);
    if (archive_read_open1(a) != ARCHIVE_OK)
        return damaged(j, a);
    if (archive_filter_count(a) > 3)
        return err_set(j->err, -EINVAL, "%s is compressed several times over: unpack it first",
                       j->in->label);
    for (;;) {
        struct archive_entry *ae;
        int r = archive_read_next_header(a, &ae);
        if (r == ARCHIVE_EOF)
            return 0;
        if (r < ARCHIVE_WARN)
            return damaged(j, a);
        if (++j->s->seen > j->in->env->limits.max_entries)
            return err_set(j->err, -EFBIG,
                           "%s has more than %lld entries (setting sources.max_entries)",
                           j->in->label, (long long)j->in->env->limits.max_entries);
        /* What was unpacked only to be skipped counts as well. */
        r = too_much(j, archive_filter_bytes(a, 0));
        if (r == 0 && source_stopped(j->in->env))
            r = err_set(j->err, -ECANCELED, "stopped while reading %s", j->in->label);
        if (r == 0)
            r = one_entry(j, a, ae, prefix, nested, deb);
        if (r < 0)
            return r;
    }
}

static int by_path_then_last(const void *a, const void *b)
{
    const struct spool_entry *x = a, *y = b;
    int c = strcmp(x->path, y->path);
    return c ? c : x->order < y->order ? 1 : -1;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct spool_entry *)a)->path, ((const struct spool_entry *)b)->path);
}

int spool_archive(struct spool *s, const struct spool_read *in, struct docfs_err *err)
{
    struct job j = {.s = s, .in = in, .err = err};
    size_t n = strcspn(in->label, "!?#");
    bool deb = n > 4 && strncmp(in->label + n - 4, ".deb", 4) == 0;
    int r = read_range(&j, in->fd, in->at, in->size, "", 0, deb);
    if (s->n == 0)
        return r;
    qsort(s->entry, s->n, sizeof(*s->entry), by_path_then_last);
    size_t kept = 1;
    for (size_t i = 1; i < s->n; i++)
        if (strcmp(s->entry[i].path, s->entry[kept - 1].path) == 0)
            free(s->entry[i].path);
        else
            s->entry[kept++] = s->entry[i];
    s->n = kept;
    return r;
}

struct spool_entry *spool_find(const struct spool *s, const char *path)
{
    struct spool_entry key = {.path = (char *)path};
    return s->n ? bsearch(&key, s->entry, s->n, sizeof(key), by_path) : NULL;
}

int spool_entry_read(const struct spool *s, const struct spool_entry *e, size_t max,
                     struct buf *out, struct docfs_err *err)
{
    if ((uint64_t)e->size > max)
        return err_set(err, -EFBIG, "larger than %zu bytes (setting ingest.max_file)", max);
    if (!buf_reserve(out, (size_t)e->size + 1))
        return err_oom(err);
    for (int64_t done = 0; done < e->size;) {
        char block[BLOCK];
        int64_t left = e->size - done;
        ssize_t n = pread(s->fd, block, left < BLOCK ? (size_t)left : BLOCK, e->at + done);
        if (n <= 0)
            return err_set(err, n < 0 ? -errno : -EIO, "cannot read the temporary file");
        buf_add(out, block, (size_t)n);
        done += n;
    }
    return buf_status(out) < 0 ? err_oom(err) : 0;
}
