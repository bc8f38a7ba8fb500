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
    /* Flags have one spelling once they were read, so the second packing is the fixed point. */
    _cleanup_buf_ struct buf first = {0}, second = {0};
    assert(results_pack(r, &first) == 0);
    struct docfs_results *again = results_unpack(first.data, first.len);
    assert(again && results_pack(again, &second) == 0);
    assert(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    docfs_results_unref(again);
    docfs_results_unref(r);
    return 0;
}
