/* SPDX-License-Identifier: MIT
 * Which of two places of a page is that of the newer version: "lang@3.9" and "lang@3.11", or
 * "docs/v0.47.x/a.md" and "docs/v1.0.x/a.md" in one collection. */
#include "core/search/search.h"

#include <ctype.h>
#include <string.h>

/* Names of versions that are no numbers: what is not released yet, and what is new by name. */
static const char *const early[] = {"dev",  "devel",   "main",    "master",
                                    "next", "nightly", "unstable"};
static const char *const late[] = {"current", "latest", "stable"};

struct edition {
    const char *s;
    size_t len;
};

static bool is_one_of(struct edition e, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i]) == e.len && strncasecmp(list[i], e.s, e.len) == 0)
            return true;
    return false;
}

/* "3.9", "v2", "0.47.x", "release-3.4": digits somewhere, and a dot or a 'v' that says what they
 * are. */
static bool is_number(struct edition e)
{
    static const char prefix[] = "release-";
    size_t i = e.len > sizeof(prefix) && strncasecmp(e.s, prefix, sizeof(prefix) - 1) == 0
                   ? sizeof(prefix) - 1
                   : 0;
    bool says = i > 0;
    if (i < e.len && (e.s[i] | 0x20) == 'v') {
        says = true;
        i++;
    }
    if (i == e.len || !isdigit((unsigned char)e.s[i]))
        return false;
    for (; i < e.len; i++) {
        says |= e.s[i] == '.';
        if (!isdigit((unsigned char)e.s[i]) && e.s[i] != '.' && e.s[i] != 'x')
            return false;
    }
    return says;
}

/* "18", "15-rc1": behind the '@' of a collection stands a version and nothing else. */
static bool begins_with_number(struct edition e)
{
    size_t i = e.len > 1 && (e.s[0] | 0x20) == 'v';
    return i < e.len && isdigit((unsigned char)e.s[i]);
}

/* How new by its kind: -1: it names no version. sure: it does. */
static int kind(struct edition e, bool sure)
{
    return is_one_of(e, early, sizeof(early) / sizeof(*early)) ? 0
           : is_number(e) || (sure && begins_with_number(e))   ? 1
           : is_one_of(e, late, sizeof(late) / sizeof(*late))  ? 2
                                                               : -1;
}

static int compare(struct edition a, struct edition b, bool sure)
{
    int x = kind(a, sure), y = kind(b, sure);
    if (x != y || x != 1)
        return (x > y) - (x < y);
    char s[2][32] = {{0}};
    size_t skip = strcspn(a.s, "0123456789"), other = strcspn(b.s, "0123456789");
    for (size_t i = 0; i + skip < a.len && i < sizeof(s[0]) - 1; i++)
        s[0][i] = a.s[i + skip];
    for (size_t i = 0; i + other < b.len && i < sizeof(s[1]) - 1; i++)
        s[1][i] = b.s[i + other];
    return strverscmp(s[0], s[1]);
}

/* Paths that differ in what names a version and in nothing else. */
static bool paths(const char *a, const char *b, int *ret)
{
    *ret = 0;
    while (*a && *b) {
        struct edition x = {a, strcspn(a, "/")}, y = {b, strcspn(b, "/")};
        if (x.len != y.len || memcmp(a, b, x.len) != 0) {
            if (kind(x, false) < 0 || kind(y, false) < 0)
                return false;
            *ret = *ret ? *ret : compare(x, y, false);
        }
        a += x.len + (a[x.len] == '/');
        b += y.len + (b[y.len] == '/');
    }
    return !*a && !*b;
}

bool editions(const char *collection, const char *path, const char *other_collection,
              const char *other_path, int *ret)
{
    const char *a = strchr(collection, '@'), *b = strchr(other_collection, '@');
    if (strcmp(collection, other_collection) == 0)
        return paths(path, other_path, ret);
    if (!a || !b || a - collection != b - other_collection ||
        strncmp(collection, other_collection, (size_t)(a - collection)) != 0)
        return false;
    *ret = compare((struct edition){a + 1, strlen(a + 1)}, (struct edition){b + 1, strlen(b + 1)},
                   true);
    return true;
}

bool editions_in(const char *path)
{
    bool found = false;
    for (size_t n; !found && *path; path += n + (path[n] == '/'))
        found = kind((struct edition){path, n = strcspn(path, "/")}, false) >= 0;
    return found;
}
