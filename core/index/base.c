/* SPDX-License-Identifier: MIT */
#include "core/index/base.h"

#include <errno.h>
#include <math.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "core/index/checksum.h"
#include "core/index/signs.h"

#define REBUILT "it is rebuilt from the database"

bool base_layout(uint64_t n, uint32_t code_size, struct base_layout *ret)
{
    if (n > BASE_MAX_ROWS || code_size > VINDEX_MAX_DIM)
        return false;
    ret->rows = sizeof(struct base_header);
    ret->norms = ret->rows + n * sizeof(struct vindex_row);
    size_t end = ret->norms + n * sizeof(float);
    ret->codes = (end + BASE_ALIGN - 1) / BASE_ALIGN * BASE_ALIGN;
    ret->signs = ret->codes + n * code_size;
    ret->end = ret->signs + signs_size(n, code_size);
    return true;
}

static int check_header(const struct base_header *h, size_t len, unsigned dim,
                        const char *fingerprint, struct base_layout *ret, struct docfs_err *err)
{
    if (memcmp(h->magic, BASE_MAGIC, sizeof(h->magic)))
        return err_set(err, -EBADMSG, "index/" BASE_FILE " is not a docfs index; " REBUILT);
    if (h->version != BASE_VERSION || h->order != FILE_ORDER)
        return err_set(err, -ESTALE, "index/" BASE_FILE " has another format; " REBUILT);
    if (h->header_sum != checksum_of(h, offsetof(struct base_header, header_sum)))
        return err_set(err, -EBADMSG, "the header of index/" BASE_FILE " is damaged; " REBUILT);
    char want[BASE_FINGERPRINT] = {0};
    if (fingerprint && strlen(fingerprint) < sizeof(want))
        memcpy(want, fingerprint, strlen(fingerprint));
    if (h->dim != dim || h->code_size != vindex_code_size(dim) ||
        (fingerprint && memcmp(h->fingerprint, want, sizeof(want))))
        return err_set(err, -ESTALE,
                       "index/" BASE_FILE " belongs to another embedding model; " REBUILT);
    if (!base_layout(h->rows, h->code_size, ret) || h->file_size != ret->end || len != ret->end)
        return err_set(err, -EBADMSG, "index/" BASE_FILE " has the wrong size; " REBUILT);
    return 0;
}

/* The searches rely on this order and on these numbers being finite. */
static bool sound_table(const struct base *b)
{
    bool sound = true;
    int64_t last = 0;
    for (size_t i = 0; i < b->n; i++) {
        sound &= b->rows[i].passage > last && b->rows[i].passage < INT64_MAX;
        last = b->rows[i].passage;
    }
    for (size_t i = 0; i < b->n; i++)
        sound &= b->norms[i] >= 0 && b->norms[i] <= 1;
    return sound;
}

int base_check(const void *data, size_t len, unsigned dim, const char *fingerprint,
               struct base *ret, struct docfs_err *err)
{
    const struct base_header *h = data;
    if (len < sizeof(*h))
        return err_set(err, -EBADMSG, "index/" BASE_FILE " is cut short; " REBUILT);
    struct base_layout at = {0};
    int r = check_header(h, len, dim, fingerprint, &at, err);
    if (r)
        return r;
    const char *p = data;
    struct base b = {
        .header = h,
        .rows = (const void *)(p + at.rows),
        .norms = (const void *)(p + at.norms),
        .codes = (const void *)(p + at.codes),
        .signs = (const void *)(p + at.signs),
        .n = h->rows,
    };
    if (h->table_sum != checksum_of(p + at.rows, b.n * (sizeof(*b.rows) + sizeof(*b.norms))) ||
        !sound_table(&b))
        return err_set(err, -EBADMSG, "the rows of index/" BASE_FILE " are damaged; " REBUILT);
    *ret = b;
    return 0;
}

int base_map(int fd, unsigned dim, const char *fingerprint, struct base *ret, struct docfs_err *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return err_set(err, -errno, "index/" BASE_FILE ": %s", strerror(errno));
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct base_header))
        return err_set(err, -EBADMSG, "index/" BASE_FILE " is cut short; " REBUILT);
    size_t len = (size_t)st.st_size;
    void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        return err_set(err, -errno, "index/" BASE_FILE ": %s", strerror(errno));
    int r = base_check(map, len, dim, fingerprint, ret, err);
    if (r) {
        munmap(map, len);
        return r;
    }
    ret->map = map;
    ret->map_len = len;
    return 0;
}

void base_unmap(struct base *b)
{
    if (b->map)
        munmap(b->map, b->map_len);
    *b = (struct base){0};
}

int base_verify(const struct base *b, struct docfs_err *err)
{
    size_t size = b->header ? b->header->code_size : 0;
    if (!size ||
        b->header->codes_sum == checksum_of(b->codes, b->n * size + signs_size(b->n, size)))
        return 0;
    return err_set(err, -EBADMSG, "the vectors in index/" BASE_FILE " are damaged; " REBUILT);
}
