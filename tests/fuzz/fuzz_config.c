/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>
#include "core/config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config_entries e = {0};
    struct docfs_err err;
    if (config_parse("fuzz", (const char *)data, size, &e, &err) < 0)
        return 0;
    for (size_t i = 0; i < e.n; i++) {
        int row = config_find(e.item[i].key);
        if (row >= 0)
            config_check(&config_table[row], e.item[i].value, &err);
    }
    config_entries_fini(&e);
    return 0;
}
