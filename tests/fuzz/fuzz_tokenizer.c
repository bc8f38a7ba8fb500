/* SPDX-License-Identifier: MIT
 * A tokenizer.json, a NUL byte, and a text for it. */
#include <string.h>

#include "core/embed/tokenizer.h"
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *nul = size ? memchr(data, 0, size) : NULL;
    size_t json = nul ? (size_t)(nul - data) : size;
    const char *text = nul ? (const char *)nul + 1 : "some text: naïve 中文 <s> 12";
    struct tokenizer *t = NULL;
    struct token_ids ids = {0};
    if (tokenizer_new((const char *)data, json, "fuzz", &t, NULL) < 0)
        return 0;
    if (tokenizer_encode(t, text, nul ? size - json - 1 : strlen(text), &ids) == 0)
        for (size_t i = 0; i < ids.n; i++)
            if (ids.id[i] >= tokenizer_size(t))
                __builtin_trap();
    free(ids.id);
    tokenizer_free(t);
    return 0;
}
