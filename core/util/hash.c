/* SPDX-License-Identifier: MIT */
#include "core/util/hash.h"

#include <errno.h>
#include <fcntl.h>
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

/* The disk starts on it at once, not when somebody waits for fsync. */
static int put(int fd, const char *data, size_t n, int64_t at)
{
    for (size_t done = 0; done < n;) {
        ssize_t w = pwrite(fd, data + done, n - done, at + (int64_t)done);
        if (w < 0 && errno != EINTR)
            return -errno;
        done += w > 0 ? (size_t)w : 0;
    }
    sync_file_range(fd, at, (off_t)n, SYNC_FILE_RANGE_WRITE);
    return 0;
}

int sha256_file(int fd, int64_t len, int copy, int (*fn)(void *arg, int64_t done), void *arg,
                unsigned char out[SHA256_LEN], bool *ret_writing)
{
    _cleanup_free_ char *b = malloc(CHUNK);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    int r = b && c && EVP_DigestInit_ex(c, EVP_sha256(), NULL) ? 0 : -ENOMEM, w = 0;
    for (int64_t done = 0; r == 0 && done < len;) {
        int64_t want = len - done < CHUNK ? len - done : CHUNK;
        ssize_t n = pread(fd, b, (size_t)want, done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || !EVP_DigestUpdate(c, b, (size_t)n)) {
            r = n < 0 ? -errno : -EIO;
            break;
        }
        if (copy >= 0)
            r = w = put(copy, b, (size_t)n, done);
        done += n;
        if (r == 0 && fn && fn(arg, done) != 0)
            r = -ECANCELED;
    }
    if (r == 0 && !EVP_DigestFinal_ex(c, out, NULL))
        r = -ENOMEM;
    EVP_MD_CTX_free(c);
    if (ret_writing)
        *ret_writing = w < 0;
    return r;
}
