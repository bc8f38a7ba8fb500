/* SPDX-License-Identifier: MIT
 * Model files of any bytes: refused, or every text has a vector. The checksums are made right, or
 * nothing behind them would be reached. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/static.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seal(unsigned char *image, size_t size)
{
    struct static_head *h = (struct static_head *)image;
    if (size < sizeof(*h))
        return;
    memcpy(h->magic, STATIC_MAGIC, sizeof(h->magic));
    h->version = STATIC_VERSION;
    h->head_size = sizeof(*h);
    h->file_size = size;
    if (h->row_at >= sizeof(*h) && h->row_at <= size) {
        h->table_sum = static_sum(image + sizeof(*h), h->row_at - sizeof(*h));
        h->row_sum = static_sum(image + h->row_at, size - h->row_at);
    }
    h->head_sum = 0;
    h->head_sum = static_sum(h, sizeof(*h));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char text[] = "open the file os.path.join unknownword";
    size_t room = (size + 63) / 64 * 64;
    unsigned char *image = aligned_alloc(64, room ? room : 64);
    struct static_bag *b = calloc(1, sizeof(*b));
    assert(image && b);
    memcpy(image, data, size);
    seal(image, size);
    struct static_model m;
    struct docfs_err err;
    if (static_check(image, size, "fuzz", &m, &err) == 0) {
        volatile long sum = 0;
        static_bag_add(&m, b, text, sizeof(text) - 1, 1);
        static_bag_add(&m, b, (const char *)data, size, 1);
        for (size_t i = 0; i < b->n; i++)
            sum += m.row[(size_t)b->item[i].row * m.head->dim + m.head->dim - 1];
    }
    free(image);
    free(b);
    return 0;
}
