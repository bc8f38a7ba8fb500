/* SPDX-License-Identifier: MIT */
#include "core/util/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/util/cleanup.h"

#define CHUNK (1 << 20)

void sha256(const void *data, size_t len, unsigned char out[SHA256_LEN])
{
    SHA256(data, len, out);
}

void hex_encode(const unsigned char *data, size_t len, char *out)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < len; i++) {
        *out++ = digit[data[i] >> 4];
        *out++ = digit[data[i] & 15];
    }
    *out = '\0';
}

int sha256_file(int fd, int64_t from, int64_t len, int (*fn)(void *arg, int64_t done), void *arg,
                unsigned char out[SHA256_LEN])
{
    _cleanup_free_ char *b = malloc(CHUNK);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    int r = b && c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) ? 0 : -ENOMEM;
    for (int64_t done = 0; r == 0 && done < len;) {
        int64_t want = len - done < CHUNK ? len - done : CHUNK;
        ssize_t n = pread(fd, b, (size_t)want, from + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || !EVP_DigestUpdate(c, b, (size_t)n)) {
            r = n < 0 ? -errno : -EIO;
            break;
        }
        done += n;
        if (fn && fn(arg, done) != 0)
            r = -ECANCELED;
    }
    if (r == 0 && !EVP_DigestFinal_ex(c, out, NULL))
        r = -ENOMEM;
    EVP_MD_CTX_free(c);
    return r;
}
