/* SPDX-License-Identifier: MIT */
#include "core/util/utf8.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

size_t utf8_decode(const char *s, size_t len, uint32_t *ret_cp)
{
    unsigned char c = (unsigned char)*s;
    if (c < 0x80) { /* the common case, kept out of the library call */
        *ret_cp = c;
        return 1;
    }
    utf8proc_int32_t cp;
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, &cp);
    if (n <= 0) {
        *ret_cp = 0xfffd;
        return 1;
    }
    *ret_cp = (uint32_t)cp;
    return (size_t)n;
}

unsigned utf8_width(uint32_t cp)
{
    if (cp < 0xa0) /* control characters, which others show as one */
        return 1;
    return (unsigned)utf8proc_charwidth((utf8proc_int32_t)cp);
}

bool utf8_valid(const char *data, size_t len)
{
    for (size_t i = 0; i < len;) {
        if ((unsigned char)data[i] < 0x80) {
            i++;
            continue;
        }
        utf8proc_int32_t cp;
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)data + i, (utf8proc_ssize_t)(len - i), &cp);
        if (n <= 0)
            return false;
        i += (size_t)n;
    }
    return true;
}

size_t utf8_cut(const char *s, size_t len, size_t max)
{
    if (len <= max)
        return len;
    size_t n = max;
    while (n && ((unsigned char)s[n] & 0xc0) == 0x80)
        n--;
    return n;
}

char *utf8_nfc(const char *s, size_t len)
{
    utf8proc_uint8_t *out = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, &out,
                                      UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n < 0) {
        free(out);
        return NULL;
    }
    return (char *)out;
}

void utf8_lower(const char *s, size_t len, char *out, size_t size)
{
    size_t at = 0;
    uint32_t cp;
    for (size_t i = 0, n; i < len; i += n) {
        utf8proc_uint8_t small[4];
        n = utf8_decode(s + i, len - i, &cp);
        utf8proc_ssize_t bytes =
            utf8proc_encode_char(utf8proc_tolower((utf8proc_int32_t)cp), small);
        if (at + (size_t)bytes >= size)
            break;
        memcpy(out + at, small, (size_t)bytes);
        at += (size_t)bytes;
    }
    out[at] = '\0';
}
