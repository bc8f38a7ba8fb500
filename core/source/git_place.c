/* SPDX-License-Identifier: MIT
 * Which repository, ref and directory a person means; the network is not asked. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/source/git.h"
#include "core/source/version.h"
#include "core/util/cleanup.h"

bool git_claims(const struct source_request *req)
{
    struct git_location l = {0};
    /* A checkout is a directory of files first: its history is meant when a ref is named. */
    bool scheme = source_url_scheme(req->arg) > 0;
    size_t path = strcspn(req->arg, "#");
    char *plain = strndup(req->arg, path);
    bool checkout = !scheme && plain && !git_is_bare(plain) && git_is_checkout(plain);
    free(plain);
    int r = git_url_parse(req->arg, &l, NULL);
    bool mine = r == 1 && (!checkout || req->ref || l.ref);
    git_location_fini(&l);
    return mine || r == -ENOENT || (r == -EINVAL && scheme && strstr(req->arg, ".git"));
}

static int join_subdir(struct git_location *l, const char *subdir)
{
    while (*subdir == '/')
        subdir++;
    char *joined = NULL;
    if (asprintf(&joined, "%s%s%s", l->subdir ? l->subdir : "", l->subdir ? "/" : "", subdir) < 0)
        return -ENOMEM;
    size_t n = strlen(joined);
    while (n && joined[n - 1] == '/')
        joined[--n] = '\0';
    free(l->subdir);
    l->subdir = joined;
    return 0;
}

static char *repository_name(const char *url)
{
    size_t n = strlen(url);
    while (n && url[n - 1] == '/')
        n--;
    if (n > 4 && strncmp(url + n - 4, ".git", 4) == 0)
        n -= 4;
    if (n && url[n - 1] == '/') /* DIR/.git */
        n--;
    return strndup(url, n);
}

int git_resolve(const struct source_env *env, const struct source_request *req,
                struct source_place *ret, struct docfs_err *err)
{
    _cleanup_(git_location_fini) struct git_location l = {0};
    int r = git_url_parse(req->arg, &l, err);
    if (r < 0)
        return r;
    if (!l.url)
        return err_set(err, -EINVAL,
                       "%s is no address of a git repository: use https://..., ssh://..., "
                       "user@host:path or the path of a repository",
                       req->arg);
    for (const char *p = l.url; *p; p++)
        if ((unsigned char)*p <= 32 || *p == 127 || *l.url == '-')
            return err_set(err, -EINVAL, "bad character in the address of the repository");
    if (env->remote_caller && strncasecmp(l.url, "http", 4) != 0)
        return err_set(err, -EACCES,
                       "%s: over the network only http and https repositories can be added", l.url);
    if (req->ref) {
        if (*req->ref == '-' || strpbrk(req->ref, ":#^~?*[\\ "))
            return err_set(err, -EINVAL, "bad name of a branch, tag or commit: %s", req->ref);
        free(l.ref);
        if (!(l.ref = strdup(req->ref)))
            return err_oom(err);
    }
    if (req->subdir && join_subdir(&l, req->subdir) < 0)
        return err_oom(err);
    if (l.subdir && source_path_refused(l.subdir))
        return err_set(err, -EINVAL, "bad directory %s: %s", l.subdir,
                       source_path_refused(l.subdir));
    ret->location = git_location_text(&l);
    ret->name = repository_name(l.url);
    ret->include = source_strings_dup(source_doc_globs);
    ret->exclude = source_strings_dup(source_test_globs);
    const char *v = l.ref && strlen(l.ref) < 40 ? version_of_tag(l.ref) : NULL;
    if (v)
        ret->version = strdup(v);
    return !ret->location || !ret->name || !ret->include || !ret->exclude || (v && !ret->version)
               ? err_oom(err)
               : 0;
}
