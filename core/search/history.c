/* SPDX-License-Identifier: MIT
 * Release notes and change logs name everything that ever changed, often in plainer words than the
 * page that explains it. To a question that is about no version and no change they count a little
 * less. */
#include <ctype.h>
#include <string.h>

#include "core/search/search.h"

static bool listed(const char *const *list, const char *s)
{
    while (*list && strcmp(*list, s) != 0)
        list++;
    return *list != NULL;
}

/* "3.12", "v2": a version. */
static bool is_version(const char *s)
{
    bool v = *s == 'v';
    s += v;
    size_t digits = strspn(s, "0123456789");
    return digits && (s[digits] == '.' ? isdigit((unsigned char)s[digits + 1]) : v && !s[digits]);
}

static bool asked(const struct lexical *l)
{
    static const char *const word[] = {
        "added",        "breaking", "changed", "changelog",  "changes",   "deprecated",
        "deprecations", "fixed",    "history", "introduced", "migrate",   "migrating",
        "migration",    "new",      "news",    "release",    "released",  "releases",
        "removed",      "since",    "upgrade", "upgrades",   "upgrading", "version",
        "versions",     NULL};
    for (size_t i = 0; i < l->n; i++)
        if (listed(word, l->term[i].text) || is_version(l->term[i].text))
            return true;
    return false;
}

/* Begins with the word, and not with a longer one. */
static bool begins(const char *s, const char *word)
{
    size_t n = strlen(word);
    return strncasecmp(s, word, n) == 0 && !isalpha((unsigned char)s[n]);
}

static bool begins_with_any(const char *s, const char *const *list)
{
    while (*list && !begins(s, *list))
        list++;
    return *list != NULL;
}

/* Begins with the word, and a number follows at once. */
static bool numbered(const char *s, const char *word)
{
    size_t n = strlen(word);
    return strncasecmp(s, word, n) == 0 && isdigit((unsigned char)s[n]);
}

/* whatsnew/3.9.html, release-notes/index.md, releases/v2.md, release-15-2.html, CHANGES.rst; but
 * not release-process.md, nor history.3, which tells of a shell. */
static bool path_tells(const char *path)
{
    static const char *const part[] = {
        "changelog",     "changelogs", "change-log", "change_log", "release-notes",
        "release_notes", "relnotes",   "whatsnew",   "whats-new",  NULL};
    const char *name = path, *folder = "";
    for (const char *p; (p = strchr(name, '/')); name = p + 1) {
        if (begins_with_any(name, part))
            return true;
        folder = name;
    }
    if (begins(folder, "release") || begins(folder, "releases"))
        return numbered(name, "") || numbered(name, "v");
    return begins_with_any(name, part) || numbered(name, "release-") ||
           strncasecmp(name, "changes.", 8) == 0 || strncmp(name, "HISTORY.", 8) == 0 ||
           strncmp(name, "NEWS.", 5) == 0;
}

static bool title_tells(const char *title)
{
    static const char *const begin[] = {"change history", "change log", "changelog",
                                        "what's new",     "what’s new", NULL};
    return begins_with_any(title, begin) || strcasestr(title, "release notes");
}

bool history_tells(const struct work *w, const struct store_passage *p)
{
    return (path_tells(p->path) || title_tells(p->title)) && !asked(&w->lex);
}
