/* SPDX-License-Identifier: MIT
 * The base file index/vectors: the rows of the index at one moment, memory-mapped.
 *
 *   0     header, 256 bytes (struct base_header)
 *   256   rows       struct vindex_row each: passage, document; passages ascending, > 0 and
 *              below INT64_MAX
 *   ...   norms      float each: 1 / length of the code, 0 for the zero code
 *   ...   zero bytes up to a multiple of 4096
 *   ...   codes      code_size bytes each
 *   ...   signs      of the codes (signs.h), up to the end of the file
 *
 * Numbers are in host order; `order` tells a file from a machine of the other kind. A file never
 * changes: it is replaced by rename, so a mapping stays valid for as long as it is held. (Were it
 * truncated in place, touching the mapping would raise SIGBUS. Nothing in docfs does that.) */
#pragma once
#include "core/index/index.h"

#define BASE_FILE "vectors"
#define BASE_MAGIC "docfsvec"
#define BASE_VERSION 2
#define FILE_ORDER 0x01020304u
#define BASE_FINGERPRINT 128
#define BASE_ALIGN 4096
#define BASE_MAX_ROWS INT32_MAX /* what the graph can number */

struct base_header {
    char magic[8];
    uint32_t version, order;
    uint32_t dim, code_size;
    uint64_t rows, file_size;
    uint64_t table_sum;                 /* of rows and norms */
    uint64_t codes_sum;                 /* and signs; not checked at open: see vindex_verify */
    char fingerprint[BASE_FINGERPRINT]; /* zero-padded */
    char unused[64];
    uint64_t header_sum; /* of all above */
};
_Static_assert(sizeof(struct base_header) == 256, "the header is part of the file format");

/* Where the parts of a file with n rows lie. */
struct base_layout {
    size_t rows, norms, codes, signs, end;
};
/* False when that many rows are not possible. */
bool base_layout(uint64_t n, uint32_t code_size, struct base_layout *ret);

/* A checked file. The pointers are borrowed from the bytes checked. */
struct base {
    const struct base_header *header;
    const struct vindex_row *rows;
    const float *norms;
    const int8_t *codes;
    const uint8_t *signs;
    size_t n;
    void *map; /* owned, NULL when the bytes belong to somebody else */
    size_t map_len;
};

/* Checks a file in memory (8-byte aligned). fingerprint NULL: any. -ESTALE, -EBADMSG. */
int base_check(const void *data, size_t len, unsigned dim, const char *fingerprint,
               struct base *ret, struct docfs_err *err);
/* Maps and checks an open file; the descriptor is not kept. */
int base_map(int fd, unsigned dim, const char *fingerprint, struct base *ret,
             struct docfs_err *err);
void base_unmap(struct base *b);
/* Compares the checksum of codes and signs: reads them all. 0 or -EBADMSG. */
int base_verify(const struct base *b, struct docfs_err *err);
