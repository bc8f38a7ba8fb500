/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/source/git.h"
#include "core/source/version.h"
#include "core/util/cleanup.h"
#include "core/util/suggest.h"

void git_target_fini(struct git_target *t)
{
    free(t->refname);
    free(t->subdir);
    *t = (struct git_target){0};
}

/* One line "OID<tab>NAME" of ls-remote. */
struct ref {
    const char *oid, *name;
    size_t oid_len, name_len;
};

static bool next_ref(const char **at, struct ref *ret)
{
    while (**at) {
        const char *line = *at, *end = strchrnul(line, '\n');
        *at = *end ? end + 1 : end;
        const char *tab = memchr(line, '\t', (size_t)(end - line));
        if (!tab)
            continue;
        *ret = (struct ref){line, tab + 1, (size_t)(tab - line), (size_t)(end - tab - 1)};
        return true;
    }
    return false;
}

static bool is_oid(const char *s, size_t n)
{
    return (n == 40 || n == 64) && strspn(s, "0123456789abcdef") >= n;
}

static bool name_is(const struct ref *r, const char *prefix, const char *name)
{
    size_t p = strlen(prefix), n = strlen(name);
    return r->name_len == p + n && memcmp(r->name, prefix, p) == 0 &&
           memcmp(r->name + p, name, n) == 0;
}

/* The ref of that full name; a tag's peeled line wins, because it names the commit. */
static bool find(const char *refs, const char *prefix, const char *name, struct git_target *t)
{
    struct ref r;
    char peeled[300];
    bool found = false;
    snprintf(peeled, sizeof(peeled), "%s^{}", name);
    while (next_ref(&refs, &r)) {
        bool plain = name_is(&r, prefix, name), deep = name_is(&r, prefix, peeled);
        if ((!plain && !deep) || !is_oid(r.oid, r.oid_len))
            continue;
        if (deep || !*t->commit || !found)
            snprintf(t->commit, sizeof(t->commit), "%.*s", (int)r.oid_len, r.oid);
        found = true;
    }
    if (found && asprintf(&t->refname, "%s%s", prefix, name) < 0)
        t->refname = NULL;
    return found;
}

static bool find_any(const char *refs, const char *name, struct git_target *t)
{
    if (strlen(name) > 200)
        return false;
    return find(refs, "refs/heads/", name, t) || find(refs, "refs/tags/", name, t) ||
           (strncmp(name, "refs/", 5) == 0 && find(refs, "", name, t));
}

/* The newest tag whose version is wanted (NULL: any that is no preview). */
static char *best_tag(const char *refs, const char *wanted)
{
    struct ref r;
    char *best = NULL;
    const char *best_version = NULL;
    while (next_ref(&refs, &r)) {
        if (r.name_len <= 10 || r.name_len > 200 || memcmp(r.name, "refs/tags/", 10) != 0 ||
            r.name[r.name_len - 1] == '}')
            continue;
        char *tag = strndup(r.name + 10, r.name_len - 10);
        const char *v = tag ? version_of_tag(tag) : NULL;
        bool exact = v && wanted && strcmp(v, wanted) == 0;
        bool fits =
            v && (exact || ((!wanted || version_matches(v, wanted)) && !version_is_preview(v)));
        if (fits && (!best || exact || version_compare(v, best_version) > 0)) {
            free(best);
            best = tag;
            best_version = v;
            if (exact)
                break;
        } else {
            free(tag);
        }
    }
    return best;
}

static int no_such_ref(const char *refs, const char *ref, const char *url, struct docfs_err *err)
{
    struct ref r;
    struct buf names = {0}, few = {0};
    size_t n = 0;
    const char *at = refs;
    while (next_ref(&at, &r)) {
        size_t skip = strncmp(r.name, "refs/heads/", 11) == 0  ? 11
                      : strncmp(r.name, "refs/tags/", 10) == 0 ? 10
                                                               : 0;
        if (!skip || r.name[r.name_len - 1] == '}')
            continue;
        buf_add(&names, r.name + skip, r.name_len - skip);
        buf_add(&names, "", 1);
        if (n++ < 6)
            buf_addf(&few, "%s%.*s", n > 1 ? ", " : "", (int)(r.name_len - skip), r.name + skip);
    }
    struct suggest s = suggest_start(ref);
    for (size_t i = 0; buf_status(&names) == 0 && i < names.len; i += strlen(names.data + i) + 1)
        suggest_offer(&s, names.data + i);
    const char *best = suggest_best(&s);
    int rc = best
                 ? err_set(err, -ENOENT, "%s has no branch, tag or version %s: did you mean %s?",
                           url, ref, best)
                 : err_set(err, -ENOENT, "%s has no branch, tag or version %s; there are %zu: %s%s",
                           url, ref, n, few.data ? few.data : "none", n > 6 ? ", ..." : "");
    buf_fini(&names);
    buf_fini(&few);
    return rc;
}

/* "feature" and "x/docs" may be the branch feature/x and the directory docs. */
static int longer_ref(const char *refs, const struct git_location *l, struct git_target *t)
{
    const char *rest = l->subdir;
    while (rest && *rest) {
        size_t n = strcspn(rest, "/");
        size_t used = (size_t)(rest - l->subdir) + n;
        struct buf name = {0};
        buf_addf(&name, "%s/%.*s", l->ref, (int)used, l->subdir);
        bool found = buf_status(&name) == 0 && find_any(refs, name.data, t);
        buf_fini(&name);
        if (found) {
            const char *left = l->subdir + used + (l->subdir[used] == '/');
            if (*left && !(t->subdir = strdup(left)))
                return -ENOMEM;
            return 1;
        }
        rest += n + (rest[n] == '/');
    }
    return 0;
}

static int head(const char *refs, const char *url, struct git_target *t, struct docfs_err *err)
{
    struct ref r;
    for (const char *at = refs; next_ref(&at, &r);)
        if (r.name_len == 4 && memcmp(r.name, "HEAD", 4) == 0 && is_oid(r.oid, r.oid_len)) {
            snprintf(t->commit, sizeof(t->commit), "%.*s", (int)r.oid_len, r.oid);
            t->refname = strdup("HEAD");
            return t->refname ? 0 : err_oom(err);
        }
    /* A bare repository whose HEAD names a branch that is not there. */
    if (find_any(refs, "main", t) || find_any(refs, "master", t))
        return t->refname ? 0 : err_oom(err);
    return *refs ? err_set(err, -ENOENT, "%s has no default branch: name one with --ref", url)
                 : err_set(err, -ENOENT, "%s is an empty repository: there is nothing to add", url);
}

static int choose(const char *refs, const struct git_location *l, struct git_target *t,
                  struct docfs_err *err)
{
    if (l->subdir && !(t->subdir = strdup(l->subdir)))
        return err_oom(err);
    if (!l->ref)
        return head(refs, l->url, t, err);
    if (find_any(refs, l->ref, t))
        return t->refname ? 0 : err_oom(err);
    if (is_oid(l->ref, strlen(l->ref))) {
        snprintf(t->commit, sizeof(t->commit), "%s", l->ref);
        return (t->refname = strdup(l->ref)) ? 0 : err_oom(err);
    }
    free(t->subdir);
    t->subdir = NULL;
    int r = longer_ref(refs, l, t);
    if (r)
        return r < 0 || !t->refname ? err_oom(err) : 0;
    if (l->subdir && !(t->subdir = strdup(l->subdir)))
        return err_oom(err);
    const char *wanted = strcmp(l->ref, "latest") == 0 ? NULL : version_of_tag(l->ref);
    _cleanup_free_ char *tag =
        wanted || strcmp(l->ref, "latest") == 0 ? best_tag(refs, wanted) : NULL;
    if (tag && find(refs, "refs/tags/", tag, t))
        return t->refname ? 0 : err_oom(err);
    return no_such_ref(refs, l->ref, l->url, err);
}

int git_target_choose(const char *refs, const struct git_location *l, struct git_target *ret,
                      struct docfs_err *err)
{
    struct git_target t = {0};
    int r = choose(refs, l, &t, err);
    if (r < 0)
        git_target_fini(&t);
    else
        *ret = t;
    return r;
}
