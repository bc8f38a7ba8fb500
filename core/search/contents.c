/* SPDX-License-Identifier: MIT
 * A table of contents holds the words of every heading below it and says nothing about any of them.
 * The pages that it leads to are there as well: to a question it counts less than they do. */
#include "core/search/search.h"
#include "core/text/mdutil.h"

#define LINKS_MIN 5    /* fewer are no table */
#define OTHERS_SHARE 8 /* one line of text among so many links is still one */

/* The rest of a line after "- ", "* " or "12. ". */
static struct span behind_mark(struct span line)
{
    line = span_trim(line);
    size_t n = 0;
    while (n < line.len && is_digit(line.s[n]))
        n++;
    bool mark = n ? n < line.len && (line.s[n] == '.' || line.s[n] == ')')
                  : line.len && strchr("-*+", line.s[0]);
    return mark && n + 1 < line.len && is_blank(line.s[n + 1]) ? span_trim(span_skip(line, n + 2))
                                                               : line;
}

/* Is all of it one link to somewhere in the same documentation? */
static bool is_link(struct span line)
{
    if (line.len < 5 || line.s[0] != '[' || line.s[line.len - 1] != ')')
        return false;
    const char *target = memmem(line.s, line.len, "](", 2);
    if (!target)
        return false;
    struct span to = span_skip(line, (size_t)(target + 2 - line.s));
    return !memchr(to.s, ' ', to.len) && memchr(to.s, ')', to.len) == to.s + to.len - 1 &&
           !span_has(to, "://");
}

bool contents_only(const struct store_passage *p)
{
    struct span text = {p->text, p->text_len};
    size_t links = 0, others = 0;
    struct span line;
    while (line_next(&text, &line)) {
        struct span rest = behind_mark(line);
        if (rest.len == 0 || rest.s[0] == '#')
            continue;
        if (is_link(rest))
            links++;
        else
            others++;
    }
    return links >= LINKS_MIN && others * OTHERS_SHARE <= links;
}
