/* SPDX-License-Identifier: MIT */
#include "core/source/version.h"

#include <ctype.h>
#include <string.h>

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *version_of_tag(const char *tag)
{
    /* The last place where a number begins a word; "k8s-1.2" names 1.2, not 8s. */
    const char *best = NULL;
    for (const char *p = tag; *p; p++) {
        if (!digit(*p))
            continue;
        bool word = p == tag || (!digit(p[-1]) && !letter(p[-1]) && p[-1] != '.');
        bool v = p > tag && (p[-1] == 'v' || p[-1] == 'V' || p[-1] == 'r') &&
                 (p - 1 == tag || !letter(p[-2]));
        if (word || v) {
            if (best && ((strpbrk(best, ".") && strpbrk(best, ".") < p) ||
                         best + strspn(best, "0123456789._-") >= p))
                break; /* "1.2-rc3", "16_2": what follows belongs to it */
            best = p;
        }
    }
    if (!best && letter(*tag)) { /* "go1.21", "php8": a name, then its number */
        const char *p = tag;
        while (letter(*p))
            p++;
        if (digit(*p))
            best = p;
    }
    return best;
}

bool version_is_preview(const char *v)
{
    static const char *const words[] = {"alpha", "beta",    "rc",       "dev",  "pre", "canary",
                                        "next",  "nightly", "snapshot", "test", NULL};
    for (int i = 0; words[i]; i++)
        for (const char *p = v; *p; p++)
            if (strncasecmp(p, words[i], strlen(words[i])) == 0 && (p == v || !letter(p[-1])))
                return true;
    for (const char *p = v; *p; p++) /* 3.13a1, 3.13b2 */
        if (p > v && digit(p[-1]) && (*p == 'a' || *p == 'b') && digit(p[1]))
            return true;
    return false;
}

int version_compare(const char *a, const char *b)
{
    const char *a0 = a, *b0 = b;
    for (;;) {
        while (*a && !digit(*a) && *a != '-' && *a != '+' && !letter(*a))
            a++;
        while (*b && !digit(*b) && *b != '-' && *b != '+' && !letter(*b))
            b++;
        if (!digit(*a) || !digit(*b))
            break;
        while (*a == '0' && digit(a[1]))
            a++;
        while (*b == '0' && digit(b[1]))
            b++;
        size_t n = strspn(a, "0123456789"), m = strspn(b, "0123456789");
        if (n != m)
            return n < m ? -1 : 1;
        int c = strncmp(a, b, n);
        if (c)
            return c;
        a += n;
        b += m;
    }
    if (digit(*a) != digit(*b))
        return digit(*a) ? 1 : -1;
    bool pa = version_is_preview(a0), pb = version_is_preview(b0);
    if (pa != pb)
        return pa ? -1 : 1;
    return strverscmp(a, b);
}

static char plain(char c)
{
    return c == '_' || c == '-' ? '.' : c; /* REL_16_2 is 16.2 */
}

bool version_matches(const char *version, const char *wanted)
{
    size_t n = 0;
    while (wanted[n] && plain(version[n]) == plain(wanted[n]))
        n++;
    return !wanted[n] &&
           (version[n] == '\0' || (plain(version[n]) == '.' && n && wanted[n - 1] != '.'));
}
