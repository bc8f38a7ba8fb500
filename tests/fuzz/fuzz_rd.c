/* SPDX-License-Identifier: MIT */
#include "core/text/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct convert_limits limits = CONVERT_LIMITS_DEFAULT;
    struct convert_input in = {
        .data = (const char *)data, .len = size, .name = "fuzz", .format = FORMAT_RD};
    struct pages pages = {0};
    convert(&in, &limits, &pages, NULL);
    pages_fini(&pages);
    return 0;
}
