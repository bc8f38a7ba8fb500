/* SPDX-License-Identifier: MIT
 * Pure parts of core/text on standard input, for tests that compare them with other programs:
 *   text_tool robots AGENT PATH...   1 or 0 a line: may AGENT fetch PATH?
 *   text_tool hygiene [RAW]          one "sign<TAB>line<TAB>what" a finding; RAW: the original */
#include <stdio.h>
#include <string.h>

#include "core/text/hygiene.h"
#include "core/text/robots.h"
#include "core/util/buf.h"

static int robots(int argc, char **argv, const struct buf *in)
{
    struct robots *r = robots_parse(buf_text(in), in->len, argv[2]);
    for (int i = 3; r && i < argc; i++)
        printf("%d\n", robots_allowed(r, argv[i]));
    printf("delay %g\n", r ? robots_delay(r) : -1);
    robots_free(r);
    return 0;
}

static int hygiene(int argc, char **argv, const struct buf *in)
{
    struct hygiene h;
    struct buf raw = {0};
    FILE *f = argc > 2 ? fopen(argv[2], "re") : NULL;
    if (f && buf_read_fd(&raw, fileno(f), 1u << 30) < 0)
        return 2;
    hygiene_check(buf_text(in), in->len, f ? raw.data : NULL, raw.len, &h);
    for (size_t i = 0; i < h.n; i++)
        printf("%s\t%u\t%s\n", hygiene_name(h.finding[i].sign), h.finding[i].line,
               h.finding[i].what);
    buf_fini(&raw);
    if (f)
        fclose(f);
    return 0;
}

int main(int argc, char **argv)
{
    struct buf in = {0};
    if (argc < 2 || buf_read_fd(&in, 0, 1u << 30) < 0)
        return 2;
    int r = strcmp(argv[1], "robots") == 0 && argc > 2 ? robots(argc, argv, &in)
            : strcmp(argv[1], "hygiene") == 0          ? hygiene(argc, argv, &in)
                                                       : 2;
    buf_fini(&in);
    return r;
}
