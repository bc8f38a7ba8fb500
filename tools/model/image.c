/* SPDX-License-Identifier: MIT */
#include "tools/model/model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/util/hash.h"

static uint64_t place(uint64_t *end, uint64_t size)
{
    uint64_t at = *end;
    *end = (at + size + 63) / 64 * 64;
    return at;
}

void image_new(struct image *im, const struct options *o, char *const *word, size_t n)
{
    size_t text = 0;
    for (size_t i = 0; i < n; i++)
        text += strlen(word[i]);
    struct static_head h = {.version = STATIC_VERSION,
                            .head_size = sizeof(h),
                            .dim = o->dim,
                            .words = (uint32_t)n,
                            .buckets = o->buckets,
                            .slots = 64,
                            .gram_min = 4,
                            .gram_max = 5,
                            .flags = STATIC_STEM | (o->keep_stop ? 0 : STATIC_DROP_STOP),
                            .title_factor = o->title_factor,
                            .part_factor = o->part_factor,
                            .text_size = text};
    memcpy(h.magic, STATIC_MAGIC, sizeof(h.magic));
    snprintf(h.name, sizeof(h.name), "%s", o->name);
    while (h.slots < 2 * n)
        h.slots *= 2;
    uint64_t end = sizeof(h), rows = n + o->buckets;
    h.slot_at = place(&end, 4 * (uint64_t)h.slots);
    h.name_at = place(&end, 4 * (n + 1));
    h.text_at = place(&end, text);
    h.passage_at = place(&end, 4 * rows);
    h.query_at = place(&end, 4 * rows);
    h.row_at = place(&end, rows * o->dim);
    h.file_size = h.row_at + rows * o->dim;
    im->len = h.file_size;
    im->data = aligned_alloc(64, end);
    if (!im->data)
        abort();
    memset(im->data, 0, end);
    memcpy(im->data, &h, sizeof(h));
    uint32_t *slot = (uint32_t *)(im->data + h.slot_at), *name = (uint32_t *)(im->data + h.name_at);
    char *to = (char *)im->data + h.text_at;
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(word[i]);
        memcpy(to + name[i], word[i], len);
        name[i + 1] = name[i] + (uint32_t)len;
        uint32_t k = (uint32_t)hash64(word[i], len, 0) & (h.slots - 1);
        while (slot[k])
            k = (k + 1) & (h.slots - 1);
        slot[k] = (uint32_t)i + 1;
    }
    im->m = (struct static_model){.head = (const struct static_head *)im->data,
                                  .slot = slot,
                                  .name = name,
                                  .text = to,
                                  .passage = (const float *)(im->data + h.passage_at),
                                  .query = (const float *)(im->data + h.query_at),
                                  .row = (const int8_t *)(im->data + h.row_at)};
}

int image_write(struct image *im, const float *row, const float *query, const float *passage,
                const char *path)
{
    struct static_head *h = (struct static_head *)im->data;
    size_t dim = h->dim, rows = h->words + h->buckets;
    float *q = (float *)(im->data + h->query_at), *p = (float *)(im->data + h->passage_at);
    int8_t *to = (int8_t *)(im->data + h->row_at);
    for (size_t i = 0; i < rows; i++) {
        float max = 0;
        for (size_t d = 0; d < dim; d++)
            max = fmaxf(max, fabsf(row[i * dim + d]));
        float scale = max > 0 ? 127 / max : 0;
        for (size_t d = 0; d < dim; d++)
            to[i * dim + d] = (int8_t)lrintf(row[i * dim + d] * scale);
        q[i] = max / 127 * expf(query[i]);
        p[i] = max / 127 * expf(passage[i]);
    }
    h->table_sum = static_sum(im->data + sizeof(*h), h->row_at - sizeof(*h));
    h->row_sum = static_sum(to, rows * dim);
    h->head_sum = 0;
    h->head_sum = static_sum(h, sizeof(*h));
    struct static_model checked;
    struct docfs_err err;
    if (static_check(im->data, im->len, path, &checked, &err) < 0) {
        say("%s", err.text);
        return 1;
    }
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(im->data, 1, im->len, f) != im->len || fclose(f) != 0) {
        say("cannot write %s", path);
        return 1;
    }
    say("%s: %zu words, %u letter-group buckets, %zu dimensions, %.1f MB", path, (size_t)h->words,
        h->buckets, dim, (double)im->len / 1e6);
    return 0;
}
