/* SPDX-License-Identifier: MIT */
#include "core/source/sitemap.h"

#include <stdint.h>

static int on_url(void *arg, const char *url, bool is_map)
{
    return ++*(unsigned *)arg > 1000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned n = 0;
    sitemap_read((const char *)data, size, on_url, &n);
    return 0;
}
