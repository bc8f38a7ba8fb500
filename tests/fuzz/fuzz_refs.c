/* SPDX-License-Identifier: MIT
 * What a hostile git server may answer, and what may be pasted as an address. */
#include <stdlib.h>
#include <string.h>

#include "core/source/git.h"
#include "core/source/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct git_location l = {(char *)"https://h/r", (char *)"1.2", (char *)"a/b"};
    struct git_target t = {0};
    if (git_target_choose(text, &l, &t, NULL) == 0)
        git_target_fini(&t);
    l.ref = NULL;
    if (git_target_choose(text, &l, &t, NULL) == 0)
        git_target_fini(&t);
    struct git_location pasted = {0};
    if (git_url_parse(text, &pasted, NULL) >= 0)
        git_location_fini(&pasted);
    version_of_tag(text);
    struct context7 *c = context7_parse(text, size);
    if (c)
        context7_accepts(c, "docs/a/b.md");
    context7_free(c);
    free(text);
    return 0;
}
