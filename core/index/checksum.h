/* SPDX-License-Identifier: MIT
 * 64-bit checksum of index files: finds accidents (a torn write, a bad sector, another program's
 * bytes) at memory speed. It is no defence against someone who can write into the cache. */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct checksum {
    uint64_t lane[4];
    uint64_t len;
    unsigned char part[32]; /* bytes not yet mixed: len % 32 */
};

void checksum_init(struct checksum *c);
/* In any pieces; the result depends on the bytes only. */
void checksum_add(struct checksum *c, const void *data, size_t len);
uint64_t checksum_end(const struct checksum *c);
uint64_t checksum_of(const void *data, size_t len);
