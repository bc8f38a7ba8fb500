/* SPDX-License-Identifier: MIT
 * Hashes: a fast seeded 64-bit one for tables and features, SHA-256 (libcrypto) for content. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

#define SHA256_LEN 32

/* FNV-1a with a final avalanche (Fowler/Noll/Vo; finaliser of MurmurHash3, Appleby). Stable
 * across versions: the built-in embedding depends on it. */
static inline uint64_t hash64(const void *data, size_t len, uint64_t seed)
{
    const unsigned char *p = data;
    uint64_t h = 0xcbf29ce484222325u ^ seed;
    for (size_t i = 0; i < len; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ h >> 33;
}

DOCFS_API void sha256(const void *data, size_t len, unsigned char out[SHA256_LEN]);
/* Of the first len bytes of a file, which are copied to the start of the file `copy` unless that
 * is -1. fn (may be NULL) is told how many are done; non-zero gives up with -ECANCELED. -EIO when
 * the file ends early, -errno; *ret_writing tells (may be NULL) whether the copy is to blame. */
DOCFS_API int sha256_file(int fd, int64_t len, int copy, int (*fn)(void *arg, int64_t done),
                          void *arg, unsigned char out[SHA256_LEN], bool *ret_writing);
/* Value of a hexadecimal digit of either case, -1 of another byte. */
static inline int hex_value(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}
/* Lower-case hex; out holds 2 * len + 1 bytes. */
DOCFS_API void hex_encode(const unsigned char *data, size_t len, char *out);
