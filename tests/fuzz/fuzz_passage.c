/* SPDX-License-Identifier: MIT
 * Passages: every non-blank byte is in one, none is longer than the maximum, lines are exact. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/passage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t newlines(const char *s, size_t len)
{
    uint32_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += s[i] == '\n';
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    struct passage_options opt = {.target = 32u + data[0], .max = 32u + data[0] + 4u * data[1]};
    size_t len = size - 2;
    char *md = malloc(len ? len : 1); /* exact size: an overrun is seen */
    assert(md);
    memcpy(md, data + 2, len);
    struct passages p = {0};
    assert(!passages_split(md, len, &opt, &p));
    size_t covered = 0, last = 0;
    for (size_t i = 0; i < p.n; i++) {
        const struct passage *q = &p.item[i];
        assert(q->len && q->len <= opt.max && q->start + q->len <= len);
        assert(!i || q->start > last);
        for (; covered < q->start; covered++)
            assert(strchr(" \t\n\v\f\r", md[covered]) && md[covered]);
        if (q->start + q->len > covered)
            covered = q->start + q->len;
        assert(q->line == 1 + newlines(md, q->start));
        assert(q->lines == 1 + newlines(md + q->start, q->len));
        assert(q->heading);
        last = q->start;
    }
    for (; covered < len; covered++)
        assert(strchr(" \t\n\v\f\r", md[covered]) && md[covered]);
    passages_fini(&p);
    free(md);
    return 0;
}
