/* SPDX-License-Identifier: MIT
 * Kept answers come from a file or a peer: any bytes must be refused or give sound results. */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "core/search/search.h"
#include "core/util/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct docfs_results *r = results_unpack(data, size);
    if (!r)
        return 0;
    _cleanup_buf_ struct buf again = {0};
    assert(results_pack(r, &again) == 0);
    assert(again.len == size && memcmp(again.data, data, size) == 0);
    docfs_results_unref(r);
    return 0;
}
