/* SPDX-License-Identifier: MIT */
#include "core/text/robots.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* The first line is the path that is asked for, the rest the file. */
    const uint8_t *eol = memchr(data, '\n', size);
    char path[256] = "/";
    size_t n = eol ? (size_t)(eol - data) : 0;
    memcpy(path + 1, data, n < 250 ? n : 250);
    struct robots *r = robots_parse((const char *)data + n, size - n, "docfs");
    if (r && robots_delay(r) < 0)
        __builtin_trap();
    if (r)
        robots_allowed(r, path);
    robots_free(r);
    return 0;
}
