/* SPDX-License-Identifier: MIT
 * Is a passage the definition of what is asked for? Lists of contents and indexes name an
 * identifier as well, many times, and together with its neighbours; only its own heading begins
 * with it. */
#include <ctype.h>
#include <string.h>

#include "core/search/search.h"

static bool in_name(unsigned char c)
{
    return isalnum(c) || c == '_' || c >= 0x80;
}

/* "os.path.join", "lru_cache", "std::sort": words that are no words of a language. */
static bool is_identifier(const char *s)
{
    size_t n = strlen(s);
    return n > 2 && (memchr(s + 1, '.', n - 2) || memchr(s, '_', n) || strstr(s, "::"));
}

/* name(...), module.name(...), class name, but not name.other, other_name or "about name": what
 * comes before the name belongs to it, or says what it is. */
static bool names(const char *heading, const char *name, bool identifier)
{
    size_t n = strlen(name);
    for (const char *p = heading; (p = strcasestr(p, name)); p++) {
        const char *end = p + n, *from = p;
        if ((p > heading && in_name((unsigned char)p[-1])) || in_name((unsigned char)*end) ||
            ((*end == '.' || *end == ':') && in_name((unsigned char)end[1])))
            continue;
        while (from > heading && (in_name((unsigned char)from[-1]) || strchr(".:", from[-1])))
            from--;
        while (*end == '`')
            end++;
        if (*end == '(' || (from == heading && (!*end || (identifier && *end == ' '))))
            return true;
    }
    return false;
}

static bool one_word(const struct lexical *l)
{
    size_t words = 0;
    for (size_t i = 0; i < l->n; i++)
        words += !l->term[i].part;
    return words == 1;
}

static bool asked(const struct lex_term *t, bool alone)
{
    return !t->part && !t->stop && (alone || is_identifier(t->text));
}

bool defines_asked(const struct lexical *l)
{
    bool alone = one_word(l), found = false;
    for (size_t i = 0; i < l->n; i++)
        found = found || asked(&l->term[i], alone);
    return found;
}

int defines(struct store_read *r, const struct lexical *l, int64_t passage, bool *ret,
            struct docfs_err *err)
{
    _cleanup_free_ char *path = NULL;
    bool alone = one_word(l);
    int rc = store_passage_heading(r, passage, &path, err);
    *ret = false;
    if (rc < 0 || !path)
        return rc;
    const char *heading = path;
    for (const char *p; (p = strstr(heading, " > "));) /* the last one is its own */
        heading = p + 3;
    for (size_t i = 0; i < l->n && !*ret; i++)
        *ret = asked(&l->term[i], alone) &&
               names(heading, l->term[i].text, is_identifier(l->term[i].text));
    return 0;
}
