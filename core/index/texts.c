/* SPDX-License-Identifier: MIT
 * Reading the words of a row in their order. */
#include <stdlib.h>
#include <string.h>
#include "core/index/checksum.h"
#include "core/index/postings_file.h"

int64_t postings_find(const struct postings *p, int64_t passage)
{
    size_t n, low = 0;
    const struct postings_row *row = postings_rows(p, &n);
    for (size_t high = n; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (row[middle].passage < passage)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && row[low].passage == passage ? (int64_t)low : -1;
}

static int each(const unsigned char *at, const unsigned char *end, uint32_t names,
                postings_token_fn *fn, void *arg)
{
    uint32_t left[2], v;
    for (int i = 0; i < 2; i++)
        if (!(at = postings_get(at, end, &left[i])))
            return -EBADMSG;
    while (at < end) {
        if (!(at = postings_get(at, end, &v)) || v >> 1 > names)
            return -EBADMSG;
        struct postings_token t = {.name = (v >> 1) - 1, .part = v & 1, .field = POSTINGS_TEXT};
        if (v < 2) { /* its text stands here */
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
        int r = fn(arg, &t);
        if (r)
            return r;
    }
    return 0;
}

int postings_tokens(const struct postings *p, size_t i, postings_token_fn *fn, void *arg)
{
    size_t n;
    const struct postings_row *row = postings_rows(p, &n) + i;
    unsigned char small[8192];
    _cleanup_free_ unsigned char *large = NULL;
    unsigned char *data = small;
    uint32_t sum;
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
    return each(data + sizeof(sum), data + row->size, postings_names(p), fn, arg);
}
