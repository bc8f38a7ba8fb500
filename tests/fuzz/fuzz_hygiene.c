/* SPDX-License-Identifier: MIT */
#include "core/text/hygiene.h"
#include "core/util/utf8.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct hygiene h;
    hygiene_check((const char *)data, size / 2, (const char *)data + size / 2, size - size / 2, &h);
    for (size_t i = 0; i < h.n; i++)
        if (!(h.signs & h.finding[i].sign) || !hygiene_name(h.finding[i].sign))
            __builtin_trap();
    return 0;
}
