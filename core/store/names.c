/* SPDX-License-Identifier: MIT
 * From the path of a source to the names that are shown in the tree. */
#include "core/store/internal.h"

#include <stdio.h>
#include <strings.h>
#include "core/util/utf8.h"

#define CUT 224 /* a longer stem is shortened to this, plus '~' and a hash: room for -N.md */

static const char *const packed[] = {".gz", ".xz", ".zst", ".bz2"};
static const char *const known[] = {".html",     ".htm",   ".xhtml", ".md",       ".mdx",
                                    ".markdown", ".rst",   ".adoc",  ".txt",      ".pdf",
                                    ".json",     ".ipynb", ".yaml",  ".asciidoc", ".yml"};

bool name_next(const char **path, const char **ret, size_t *ret_len)
{
    for (;;) {
        const char *p = *path + strspn(*path, "/");
        size_t n = strcspn(p, "/");
        *path = p + n;
        if (n == 0)
            return false;
        if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
            continue;
        *ret = p;
        *ret_len = n;
        return true;
    }
}

/* Length without one of the suffixes; a name is never only a suffix. */
static size_t without(const char *s, size_t len, const char *const *suffix, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t m = strlen(suffix[i]);
        if (len > m && strncasecmp(s + len - m, suffix[i], m) == 0)
            return len - m;
    }
    return len;
}

#define WITHOUT(s, len, table) without(s, len, table, sizeof(table) / sizeof((table)[0]))

/* base[0..len), a number from attempt 2 on, and the suffix. A base that does not fit is cut and
 * marked with its hash, so that different long names stay different. */
static size_t compose(const char *base, size_t len, unsigned attempt, const char *suffix, char *out)
{
    char number[16] = "";
    if (attempt >= 2)
        snprintf(number, sizeof(number), "-%u", attempt);
    char mark[16] = "";
    size_t keep = len;
    if (len + strlen(suffix) > NAME_MAX_LEN ||
        (attempt >= 2 && len + strlen(number) + strlen(suffix) > NAME_MAX_LEN)) {
        keep = utf8_cut(base, len, CUT);
        snprintf(mark, sizeof(mark), "~%08x", (unsigned)hash64(base, len, 0));
    }
    memcpy(out, base, keep);
    int n = snprintf(out + keep, NAME_MAX_LEN + 1 - keep, "%s%s%s", mark, number, suffix);
    return keep + (n > 0 ? (size_t)n : 0);
}

static size_t stem_len(const char *base, size_t len)
{
    return WITHOUT(base, WITHOUT(base, len, packed), known);
}

size_t name_document(const char *base, size_t len, unsigned attempt, char *out)
{
    return compose(base, attempt == 1 ? len : stem_len(base, len), attempt, ".md", out);
}

size_t name_part(const char *part, unsigned attempt, char *out)
{
    size_t n = compose(part, strlen(part), attempt, ".md", out);
    for (char *p = out; *p; p++)
        if (*p == '/')
            *p = '-';
    return n;
}

size_t name_stem(const char *base, size_t len, char *out)
{
    return compose(base, stem_len(base, len), 0, "", out);
}

size_t name_directory(const char *base, size_t len, unsigned attempt, char *out)
{
    return compose(base, len, attempt, "", out);
}

size_t name_extension(const char *path, const char **ret)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash ? slash + 1 : path;
    size_t len = WITHOUT(base, strlen(base), packed);
    size_t i = len;
    while (i > 0 && base[i - 1] != '.')
        i--;
    *ret = base + i;
    return i > 1 ? len - i : 0;
}
