/* SPDX-License-Identifier: MIT
 * Query grammar: any bytes parse or are refused, and the canonical form is a fixed point. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/text/query.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const char *text = (const char *)data + 1; /* the first byte chooses the spelling */
    struct query *q = NULL, *again = NULL;
    struct docfs_err err = {0};
    if (query_parse(text, size - 1, data[0] & 1, &q, &err)) {
        assert(!q && err.text[0]);
        return 0;
    }
    assert(q->text && q->canonical && *q->canonical);
    assert(q->n_phrase + q->n_exclude <= QUERY_TERMS_MAX && q->n_in <= QUERY_TERMS_MAX);
    size_t len = strlen(q->canonical);
    if (len <= QUERY_MAX) {
        assert(!query_parse(q->canonical, len, false, &again, &err));
        assert(!strcmp(q->canonical, again->canonical));
        assert(q->n_phrase == again->n_phrase && q->n_in == again->n_in && q->k == again->k);
        assert(q->after == again->after && q->before == again->before && q->mode == again->mode);
    }
    query_free(again);
    query_free(q);
    return 0;
}
