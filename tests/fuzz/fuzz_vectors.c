/* SPDX-License-Identifier: MIT
 * What an embedding or rerank server answers: any bytes give vectors of unit length and the asked
 * size, finite scores, or a failure with a text; nothing is written beside the room for them. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/remote_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_vectors(const char *body, size_t len, size_t n, bool cut, unsigned dim)
{
    struct docfs_err err = {0};
    unsigned want = dim;
    float *out = dim ? malloc(n * dim * sizeof(*out)) : NULL;
    int r = remote_vectors(body, len, n, cut, &dim, out, &err);
    assert(r == 0 || (r < 0 && err.text[0]));
    assert(!want || dim == want);
    assert(r < 0 || dim > 0);
    for (size_t i = 0; r == 0 && out && i < n; i++) {
        double sum = 0;
        for (unsigned j = 0; j < dim; j++)
            sum += (double)out[i * dim + j] * (double)out[i * dim + j];
        assert(sum == 0 || fabs(sum - 1) < 1e-3);
    }
    free(out);
}

static void check_scores(const char *body, size_t len, size_t n)
{
    struct docfs_err err = {0};
    double *out = malloc(n * sizeof(*out));
    int r = remote_scores(body, len, n, out, &err);
    assert(r == 0 || (r == -EBADMSG && err.text[0]));
    for (size_t i = 0; r == 0 && i < n; i++)
        assert(isfinite(out[i]));
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const char *body = (const char *)data + 1;
    size_t n = data[0] % 4 + 1, len = size - 1;
    char message[64];
    check_vectors(body, len, n, data[0] & 16, data[0] / 32);
    check_scores(body, len, n);
    remote_message(body, len, message, sizeof(message));
    assert(memchr(message, '\0', sizeof(message)));
    return 0;
}
