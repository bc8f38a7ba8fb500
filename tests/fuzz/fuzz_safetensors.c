/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"embeddings", "weights", "mapping"};
    unsigned char *copy = malloc(size ? size : 1); /* its end is the end of the memory */
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size);
    for (size_t i = 0; i < 3; i++) {
        struct tensor t;
        if (safetensors_find(copy, size, "fuzz", names[i], &t, NULL) < 0)
            continue;
        size_t n = 1;
        for (size_t k = 0; k < t.dims; k++)
            n *= t.dim[k];
        float last;
        volatile double sum = 0;
        if (n && t.type != TENSOR_OTHER) {
            tensor_read(&t, n - 1, 1, &last);
            sum += last + tensor_at(&t, n - 1);
        }
    }
    free(copy);
    return 0;
}
