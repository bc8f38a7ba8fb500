/* SPDX-License-Identifier: MIT
 * Tokens, stems, snippets, slugs, ids and globs over any bytes: in bounds, folded, ordered. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/name.h"
#include "core/text/snippet.h"
#include "core/text/token.h"
#include "core/util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct check {
    size_t len, start, end;
    unsigned parts;
    bool any;
};

static int on_token(void *arg, const struct token *t)
{
    struct check *c = arg;
    assert(t->len && t->len <= TOKEN_MAX && strlen(t->text) == t->len);
    assert(utf8_valid(t->text, t->len));
    assert(t->start < t->end && t->end <= c->len);
    if (t->part) {
        assert(c->any && t->start >= c->start && t->end <= c->end);
        assert(++c->parts <= TOKEN_PARTS_MAX);
    } else {
        assert(!c->any || t->start >= c->end);
        c->start = t->start;
        c->end = t->end;
        c->parts = 0;
        c->any = true;
    }
    token_is_stopword(t->text, t->len);
    char word[TOKEN_MAX + 1];
    memcpy(word, t->text, t->len);
    size_t n = token_stem(word, t->len);
    assert(n && n <= t->len);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size ? size : 1); /* exact size: an overrun is seen */
    assert(text);
    memcpy(text, data, size);
    struct check c = {.len = size};
    assert(!token_each(text, size, on_token, &c));

    char slug[SLUG_MAX + 1], again[SLUG_MAX + 1];
    name_slug(text, size, slug);
    assert(*slug && *slug != '-' && *slug != '.' && !strchr(slug, '/') &&
           utf8_valid(slug, strlen(slug)));
    name_slug(slug, strlen(slug), again);
    assert(!strcmp(slug, again));

    if (size >= 8) {
        int64_t row = name_doc_row(text, 8);
        char id[DOC_ID_LEN + 1];
        assert(row >= 0);
        if (row) {
            name_doc_id(row, id);
            assert(name_doc_row(id, DOC_ID_LEN) == row);
        }
    }
    size_t half = size / 2;
    char *a = strndup(text, half), *b = strndup(text + half, size - half);
    assert(a && b);
    name_glob(a, b);
    struct buf out = {0};
    uint32_t line;
    snippet_make(text + half, size - half, a, 50, &out, &line);
    assert(out.len <= 50 && (!out.len || utf8_valid(out.data, out.len)));
    buf_fini(&out);
    free(a);
    free(b);
    free(text);
    return 0;
}
