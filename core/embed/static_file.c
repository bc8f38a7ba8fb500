/* SPDX-License-Identifier: MIT */
#include "core/embed/static.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "core/util/cleanup.h"

_Static_assert(__BYTE_ORDER == __LITTLE_ENDIAN, "the model file is read in place");

uint64_t static_sum(const void *data, size_t len)
{
    const unsigned char *p = data;
    uint64_t lane[4] = {0x9e3779b97f4a7c15u, 0xc2b2ae3d27d4eb4fu, 0x165667b19e3779f9u, len};
    for (; len >= 32; p += 32, len -= 32) {
        uint64_t w[4];
        memcpy(w, p, sizeof(w));
        for (int i = 0; i < 4; i++) {
            lane[i] = (lane[i] ^ w[i]) * 0xff51afd7ed558ccdu;
            lane[i] ^= lane[i] >> 29;
        }
    }
    for (; len; p++, len--)
        lane[len & 3] = (lane[len & 3] ^ *p) * 0x100000001b3u;
    uint64_t h = 0;
    for (int i = 0; i < 4; i++)
        h = ((h ^ lane[i]) * 0xc4ceb9fe1a85ec53u) ^ h >> 32;
    return h ^ h >> 33;
}

static int bad(const char *name, const char *what, struct docfs_err *err)
{
    return err_set(err, -EBADMSG,
                   "%s is no usable embedding model: %s; install docfs again, or name another one "
                   "with DOCFS_MODEL",
                   name, what);
}

/* A section of n items lies at `at`, on a multiple of 64, before `end`; *end moves to its start. */
static bool fits(uint64_t at, uint64_t n, uint64_t size, uint64_t *end)
{
    if (at % 64 || at > *end || n > (*end - at) / size)
        return false;
    *end = at;
    return true;
}

static bool layout_fits(const struct static_head *h)
{
    uint64_t end = h->file_size, rows = (uint64_t)h->words + h->buckets;
    return fits(h->row_at, rows, h->dim, &end) && fits(h->query_at, rows, 4, &end) &&
           fits(h->passage_at, rows, 4, &end) && fits(h->text_at, h->text_size, 1, &end) &&
           fits(h->name_at, (uint64_t)h->words + 1, 4, &end) &&
           fits(h->slot_at, h->slots, 4, &end) && end >= sizeof(*h);
}

static const char *head_fault(const struct static_head *h, size_t len)
{
    struct static_head zero = *h;
    zero.head_sum = 0;
    if (h->file_size != len)
        return "its size is not the one it was written with";
    if (static_sum(&zero, sizeof(zero)) != h->head_sum)
        return "its head is damaged";
    if (h->dim == 0 || h->dim > STATIC_DIM_MAX || h->dim % 16 || h->words == 0 ||
        h->words > 1u << 24 || h->buckets > 1u << 24 || h->slots <= h->words ||
        h->slots & (h->slots - 1) || h->flags & ~(uint32_t)STATIC_FLAGS)
        return "its numbers make no sense";
    if (h->buckets && (h->gram_min < 2 || h->gram_max < h->gram_min || h->gram_max > 16))
        return "its letter groups make no sense";
    if (!(h->title_factor > 0 && h->title_factor < 100 && h->part_factor >= 0 &&
          h->part_factor < 100))
        return "its factors make no sense";
    if (!memchr(h->name, '\0', sizeof(h->name)) || !*h->name)
        return "it has no name";
    for (const char *c = h->name; *c; c++)
        if (*c <= ' ' || *c > '~' || *c == '/')
            return "its name makes no sense";
    return layout_fits(h) ? NULL : "its parts do not fit into it";
}

static const char *table_fault(const struct static_model *m)
{
    const struct static_head *h = m->head;
    uint32_t used = 0;
    for (uint32_t i = 0; i < h->words; i++)
        if (m->name[i] > m->name[i + 1] || m->name[i + 1] - m->name[i] > STATIC_WORD_MAX)
            return "its vocabulary is damaged";
    if (m->name[h->words] > h->text_size)
        return "its vocabulary is damaged";
    for (uint32_t i = 0; i < h->slots; i++) {
        used += m->slot[i] != 0;
        if (m->slot[i] > h->words)
            return "its vocabulary is damaged";
    }
    if (used >= h->slots) /* a search in it would not end */
        return "its vocabulary is damaged";
    for (uint32_t i = 0; i < h->words + h->buckets; i++)
        if (!(m->passage[i] >= 0 && m->passage[i] < 1e6f && m->query[i] >= 0 && m->query[i] < 1e6f))
            return "its weights are damaged";
    return NULL;
}

int static_check(const void *data, size_t len, const char *name, struct static_model *ret,
                 struct docfs_err *err)
{
    const struct static_head *h = data;
    if (len < sizeof(*h) || memcmp(h->magic, STATIC_MAGIC, sizeof(h->magic)) != 0)
        return bad(name, "it is another kind of file", err);
    if (h->version != STATIC_VERSION || h->head_size != sizeof(*h))
        return err_set(err, -ENOTSUP,
                       "%s is an embedding model of format %u, this docfs reads format %d; install "
                       "the model that belongs to it",
                       name, h->version, STATIC_VERSION);
    const char *fault = head_fault(h, len);
    if (fault)
        return bad(name, fault, err);
    const char *base = data;
    struct static_model m = {.head = h,
                             .slot = (const uint32_t *)(base + h->slot_at),
                             .name = (const uint32_t *)(base + h->name_at),
                             .text = base + h->text_at,
                             .passage = (const float *)(base + h->passage_at),
                             .query = (const float *)(base + h->query_at),
                             .row = (const int8_t *)(base + h->row_at),
                             .len = len};
    fault = table_fault(&m);
    if (!fault && (static_sum(base + sizeof(*h), h->row_at - sizeof(*h)) != h->table_sum ||
                   static_sum(m.row, len - h->row_at) != h->row_sum))
        fault = "its checksum is wrong";
    if (fault)
        return bad(name, fault, err);
    *ret = m;
    return 0;
}

int static_open(const char *path, struct static_model *ret, struct docfs_err *err)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0)
        return err_set(err, -errno, "cannot read the embedding model %s: %m", path);
    if (!S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof(struct static_head))
        return bad(path, "it is another kind of file", err);
    size_t len = (size_t)st.st_size;
    void *map = mmap(NULL, len, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
    if (map == MAP_FAILED)
        return err_set(err, -errno, "cannot map the embedding model %s: %m", path);
    struct static_model m;
    int r = static_check(map, len, path, &m, err);
    if (r < 0) {
        munmap(map, len);
        return r;
    }
    m.map = map;
    *ret = m;
    return 0;
}

void static_close(struct static_model *m)
{
    if (m->map)
        munmap(m->map, m->len);
    *m = (struct static_model){0};
}
