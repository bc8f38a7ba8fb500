/* SPDX-License-Identifier: MIT
 * Links of pages and of llms.txt, and what becomes of them as URLs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/remote/url.h"
#include "core/text/links.h"

static int on_link(void *arg, enum link_kind kind, const char *value)
{
    char *url = NULL, *again = NULL;
    if (strlen(value) > 4096 + 4)
        __builtin_trap();
    if (url_resolve("http://example.org/a/b?c", value, &url, NULL, NULL) == 0 &&
        (url_normal(url, &again, NULL) < 0 || strcmp(url, again) != 0))
        __builtin_trap(); /* the normal form is its own normal form */
    free(url);
    free(again);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    links_html((const char *)data, size, on_link, NULL);
    links_markdown((const char *)data, size, on_link, NULL);
    return 0;
}
