/* SPDX-License-Identifier: MIT
 * HTML -> markdown on arbitrary bytes: no crash, no control bytes, no blank at a line's end. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "core/text/convert.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *html, size_t len, bool main_only)
{
    struct convert_limits limits = CONVERT_LIMITS_DEFAULT;
    limits.max_output = 4u << 20;
    limits.max_depth = main_only ? 64 : 256;
    struct buf out = {.limit = limits.max_output};
    char *title = NULL, *url = NULL, *lang = NULL;
    int r = html_to_markdown(html, len, main_only, &limits, &out, &title, &url, &lang, NULL);
    for (size_t i = 0; r == 0 && i < out.len; i++) {
        unsigned char c = (unsigned char)out.data[i];
        if ((c < ' ' && c != '\n' && c != '\t') || c == 0x7f)
            abort();
        if (c == '\n' && i && (out.data[i - 1] == ' ' || out.data[i - 1] == '\t'))
            abort();
    }
    free(title);
    free(url);
    free(lang);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((const char *)data, size, true);
    check((const char *)data, size, false);
    return 0;
}
