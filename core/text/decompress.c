/* SPDX-License-Identifier: MIT */
#include "core/text/decompress.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>

#include "core/text/mdutil.h"
#include "core/util/cleanup.h"

DEFINE_CLEANUP(struct archive, archive_read_free)

/* Only the filter that the magic names is registered: bidding over all filters costs more than
 * unpacking a small man page (24 against 15 microseconds). */
static const struct packing {
    const char *name, *magic;
    size_t magic_len;
    int (*support)(struct archive *);
} packings[] = {
    {"gzip", "\x1f\x8b\x08", 3, archive_read_support_filter_gzip},
    {"xz",
     "\xfd"
     "7zXZ\0",
     6, archive_read_support_filter_xz},
    {"zstd", "\x28\xb5\x2f\xfd", 4, archive_read_support_filter_zstd},
    {"bzip2", "BZh", 3, archive_read_support_filter_bzip2},
};

static const struct packing *packing_of(const char *data, size_t len)
{
    for (size_t i = 0; i < sizeof(packings) / sizeof(packings[0]); i++)
        if (len >= packings[i].magic_len &&
            memcmp(data, packings[i].magic, packings[i].magic_len) == 0)
            return &packings[i];
    return NULL;
}

/* "BZh" can begin a text; the block magic after it cannot. */
static bool is_packed(const struct packing *p, const char *data, size_t len)
{
    if (strcmp(p->name, "bzip2") != 0)
        return true;
    return len >= 10 && (memcmp(data + 4, "\x31\x41\x59\x26\x53\x59", 6) == 0 ||
                         memcmp(data + 4, "\x17\x72\x45\x38\x50\x90", 6) == 0);
}

static char *inner_name(const char *name)
{
    static const char *const suffixes[] = {".gz", ".xz", ".zst", ".bz2"};
    struct span n = span_of(name);
    for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
        if (path_base(name).len > strlen(suffixes[i]) && span_ends(n, suffixes[i])) {
            n.len -= strlen(suffixes[i]);
            break;
        }
    return span_dup(n);
}

static int fail(struct archive *a, const struct packing *p, struct docfs_err *err)
{
    const char *why = archive_error_string(a);
    return err_set(err, -EINVAL, "damaged %s data: %s", p->name, why ? why : "unknown reason");
}

/* libarchive's buffer is read directly: no copy besides the one into out. */
static int read_all(struct archive *a, const struct packing *p, size_t max, struct buf *out,
                    struct docfs_err *err)
{
    for (;;) {
        const void *block;
        size_t n;
        la_int64_t offset;
        int r = archive_read_data_block(a, &block, &n, &offset);
        if (r == ARCHIVE_EOF)
            return 0;
        if (r < ARCHIVE_OK)
            return fail(a, p, err);
        if (n > max - out->len)
            return err_set(err, -EFBIG,
                           "decompresses to more than %zu bytes (setting ingest.max_file)", max);
        buf_add(out, block, n);
        if (buf_status(out) < 0)
            return err_oom(err);
    }
}

int decompress(const char *data, size_t len, size_t max, const char *name, struct buf *out,
               char **ret_inner_name, struct docfs_err *err)
{
    const struct packing *p = packing_of(data, len);
    if (!p || !is_packed(p, data, len))
        return 1;
    _cleanup_(archive_read_freep) struct archive *a = archive_read_new();
    _cleanup_free_ char *inner = inner_name(name);
    if (!a || !inner || p->support(a) < ARCHIVE_WARN ||
        archive_read_support_format_raw(a) != ARCHIVE_OK ||
        archive_read_support_format_empty(a) != ARCHIVE_OK)
        return err_oom(err);
    if (archive_read_open_memory(a, data, len) != ARCHIVE_OK)
        return fail(a, p, err);
    /* The filter is tried again on its own output; layers multiply the cost of a small file. */
    if (archive_filter_count(a) > 2)
        return err_set(err, -EINVAL, "compressed more than once with %s: unpack it first", p->name);
    struct archive_entry *entry;
    int r = archive_read_next_header(a, &entry);
    if (r < ARCHIVE_WARN)
        return fail(a, p, err);
    if (r != ARCHIVE_EOF) {
        r = read_all(a, p, max, out, err);
        if (r < 0)
            return r;
    }
    *ret_inner_name = steal_ptr(inner);
    return 0;
}
