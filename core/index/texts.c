/* SPDX-License-Identifier: MIT
 * Reading the words of a row in their order. */
#include <stdlib.h>
#include <string.h>
#include "core/index/checksum.h"
#include "core/index/ids.h"
#include "core/index/postings_read.h"

int64_t postings_find(const struct postings *p, int64_t passage)
{
    size_t n, low, high;
    const struct postings_row *row = postings_rows(p, &n);
    if (n == 0)
        return -1;
    ids_bounds(row[0].passage, row[n - 1].passage, n, passage, &low, &high);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (row[middle].passage < passage)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && row[low].passage == passage ? (int64_t)low : -1;
}

static int features(const unsigned char *at, const unsigned char *end,
                    const struct postings_reader *r)
{
    uint32_t feature[POSTINGS_FEATURES], title, step;
    size_t n = 0;
    if (at == end)
        return r->features(r->arg, feature, 0, 0);
    if (!(at = postings_get(at, end, &title)))
        return -EBADMSG;
    for (uint32_t last = UINT32_MAX; at < end; n++) {
        if (n == title)
            last = UINT32_MAX;
        if (n == POSTINGS_FEATURES || !(at = postings_get(at, end, &step)) || !step ||
            step > UINT32_MAX - 1 - (last + 1))
            return -EBADMSG;
        feature[n] = last += step;
    }
    return title > n ? -EBADMSG : r->features(r->arg, feature, title, n);
}

static int tokens(const struct postings *p, const unsigned char *at, const unsigned char *end,
                  const struct postings_reader *r)
{
    uint32_t left[2], v, names = (uint32_t)p->h.names;
    for (int i = 0; i < 2; i++)
        if (!(at = postings_get(at, end, &left[i])))
            return -EBADMSG;
    while (at < end) {
        if (!(at = postings_get(at, end, &v)) || v >> 1 > names)
            return -EBADMSG;
        struct postings_token t = {.name = (v >> 1) - 1, .part = v & 1, .field = POSTINGS_TEXT};
        if (v >= 2) {
            t.stem = p->stem[t.name];
        } else { /* its text stands here */
            t.name = POSTINGS_NO_NAME;
            t.len = at < end ? *at++ : 0;
            if (!t.len || t.len > (size_t)(end - at))
                return -EBADMSG;
            t.text = (const char *)at;
            at += t.len;
        }
        for (int i = 0; i < 2 && t.field == POSTINGS_TEXT; i++)
            if (left[i]) {
                left[i]--;
                t.field = (enum postings_field)i;
            }
        int rc = r->token(r->arg, &t);
        if (rc)
            return rc;
    }
    return 0;
}

int postings_read(const struct postings *p, size_t i, const struct postings_reader *reader)
{
    size_t n;
    const struct postings_row *row = postings_rows(p, &n) + i;
    unsigned char small[8192];
    _cleanup_free_ unsigned char *large = NULL;
    unsigned char *data = small;
    uint32_t sum, size;
    if (row->size < sizeof(sum))
        return -EBADMSG;
    if (row->size > sizeof(small) && !(data = large = malloc(row->size)))
        return -ENOMEM;
    int r = postings_read_text(p, row, data);
    if (r < 0)
        return r;
    memcpy(&sum, data, sizeof(sum));
    if ((uint32_t)checksum_of(data + sizeof(sum), row->size - sizeof(sum)) != sum)
        return -EBADMSG;
    const unsigned char *end = data + row->size, *at = postings_get(data + sizeof(sum), end, &size);
    if (!at || size > (size_t)(end - at))
        return -EBADMSG;
    r = features(at, at + size, reader);
    return r ? r : tokens(p, at + size, end, reader);
}
