/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/source/git.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

void git_location_fini(struct git_location *l)
{
    free(l->url);
    free(l->ref);
    free(l->subdir);
    *l = (struct git_location){0};
}

static char *dup_or_null(const char *s, size_t n)
{
    return n ? strndup(s, n) : NULL;
}

int git_location_parse(const char *location, struct git_location *ret, struct docfs_err *err)
{
    const char *hash = strchr(location, '#');
    size_t n = hash ? (size_t)(hash - location) : strlen(location);
    struct git_location l = {.url = strndup(location, n)};
    if (hash) {
        size_t ref = strcspn(hash + 1, ":");
        const char *colon = hash + 1 + ref;
        l.ref = dup_or_null(hash + 1, ref);
        l.subdir = *colon ? dup_or_null(colon + 1, strlen(colon + 1)) : NULL;
    }
    if (!l.url)
        return err_oom(err);
    *ret = l;
    return 0;
}

char *git_location_text(const struct git_location *l)
{
    struct buf b = {0};
    buf_adds(&b, l->url);
    if (l->ref || l->subdir)
        buf_addf(&b, "#%s", l->ref ? l->ref : "");
    if (l->subdir)
        buf_addf(&b, ":%s", l->subdir);
    return buf_steal(&b, NULL);
}

/* ---- forges ---- */

enum forge { NO_FORGE, GITHUB, GITLAB, GITEA, BITBUCKET, SOURCEHUT };

/* True for the forge itself; docs.gitlab.com and NAME.gitlab.io are web sites. */
static bool first_label_has(const char *host, const char *word)
{
    const char *at = strcasestr(host, word);
    return at && (size_t)(at - host) < strcspn(host, ".");
}

static enum forge forge_of_host(const char *host)
{
    if (strcasecmp(host, "github.com") == 0 || strcasecmp(host, "www.github.com") == 0)
        return GITHUB;
    if (strcasecmp(host, "bitbucket.org") == 0)
        return BITBUCKET;
    if (strcasecmp(host, "git.sr.ht") == 0)
        return SOURCEHUT;
    if (first_label_has(host, "gitlab") || strcasecmp(host, "salsa.debian.org") == 0 ||
        strcasecmp(host, "framagit.org") == 0 || strcasecmp(host, "invent.kde.org") == 0)
        return GITLAB;
    if (strcasecmp(host, "forgejo.org") == 0) /* the site of the program */
        return NO_FORGE;
    if (first_label_has(host, "gitea") || first_label_has(host, "forgejo") ||
        strcasecmp(host, "codeberg.org") == 0 || strcasecmp(host, "code.forgejo.org") == 0)
        return GITEA;
    return NO_FORGE;
}

void git_url_host(const char *url, char *out, size_t size)
{
    size_t scheme = source_url_scheme(url);
    const char *p = scheme ? url + scheme + 3 : url;
    size_t n = strcspn(p, scheme ? "/?#" : ":/");
    if (!scheme && p[n] != ':')
        n = 0; /* a path */
    const char *at = memrchr(p, '@', n);
    if (at) {
        n -= (size_t)(at + 1 - p);
        p = at + 1;
    }
    snprintf(out, size, "%.*s", (int)n, p);
}

static bool http_url(const char *url)
{
    return strncasecmp(url, "https://", 8) == 0 || strncasecmp(url, "http://", 7) == 0;
}

char *git_file_url(const char *url, const char *commit, const char *path)
{
    static const char *const view[] = {[GITHUB] = "/blob/%s/",
                                       [GITLAB] = "/-/blob/%s/",
                                       [GITEA] = "/src/commit/%s/",
                                       [BITBUCKET] = "/src/%s/",
                                       [SOURCEHUT] = "/tree/%s/item/"};
    char host[300], part[128];
    git_url_host(url, host, sizeof(host));
    enum forge f = http_url(url) ? forge_of_host(host) : NO_FORGE;
    struct buf b = {0};
    size_t n = strlen(url);
    if (f == NO_FORGE) {
        buf_addf(&b, "%s#%s:%s", url, commit, path);
        return buf_steal(&b, NULL);
    }
    if (n > 4 && strcmp(url + n - 4, ".git") == 0)
        n -= 4;
    buf_add(&b, url, n);
    const char *hole = strchr(view[f], '%');
    snprintf(part, sizeof(part), "%.*s%s%s", (int)(hole - view[f]), view[f], commit, hole + 2);
    buf_adds(&b, part);
    for (const char *p = path; *p; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= 32 || c >= 127 || strchr("%?#\"<>\\^`{|}", c))
            buf_addf(&b, "%%%02X", c);
        else
            buf_addc(&b, (char)c);
    }
    return buf_steal(&b, NULL);
}

/* ---- what people paste ---- */

static bool is_there(const char *dir, const char *name, bool want_dir)
{
    struct buf p = {0};
    struct stat st;
    buf_addf(&p, "%s/%s", dir, name);
    bool ok = buf_status(&p) == 0 && stat(p.data, &st) == 0 && S_ISDIR(st.st_mode) == want_dir;
    buf_fini(&p);
    return ok;
}

bool git_is_bare(const char *path)
{
    return is_there(path, "HEAD", false) && is_there(path, "objects", true) &&
           is_there(path, "refs", true);
}

bool git_is_checkout(const char *path)
{
    return is_there(path, ".git", true) || is_there(path, ".git", false);
}

struct cut { /* components of the path of a URL */
    const char *s[64];
    size_t len[64], n;
};

static void cut_path(const char *path, struct cut *c)
{
    c->n = 0;
    for (const char *p = path; *p && *p != '?' && c->n < 64;) {
        size_t n = strcspn(p, "/?");
        if (n) {
            c->s[c->n] = p;
            c->len[c->n++] = n;
        }
        p += n;
        if (*p == '/')
            p++;
    }
}

static bool is_part(const struct cut *c, size_t i, const char *word)
{
    return i < c->n && c->len[i] == strlen(word) && strncmp(c->s[i], word, c->len[i]) == 0;
}

static bool ends_git(const struct cut *c, size_t i)
{
    return i < c->n && c->len[i] > 4 && strncmp(c->s[i] + c->len[i] - 4, ".git", 4) == 0;
}

/* Components first..n joined, percent-decoded. */
static char *join(const struct cut *c, size_t first)
{
    struct buf b = {0};
    for (size_t i = first; i < c->n; i++) {
        if (i > first)
            buf_addc(&b, '/');
        for (size_t k = 0; k < c->len[i]; k++) {
            const char *p = c->s[i] + k;
            if (*p == '%' && k + 2 < c->len[i] && strchr("0123456789abcdefABCDEF", p[1]) &&
                strchr("0123456789abcdefABCDEF", p[2])) {
                buf_addc(&b, (char)(hex_value(p[1]) * 16 + hex_value(p[2])));
                k += 2;
            } else {
                buf_addc(&b, *p);
            }
        }
    }
    return buf_steal(&b, NULL);
}

/* "REF/DIR/DIR" from component i on: the ref is taken as one component; git_target_choose looks
 * further when there is none of that name. */
static int take_ref(const struct cut *c, size_t i, struct git_location *l)
{
    if (i >= c->n)
        return 0;
    struct cut one = {.n = 1};
    one.s[0] = c->s[i];
    one.len[0] = c->len[i];
    l->ref = join(&one, 0);
    l->subdir = i + 1 < c->n ? join(c, i + 1) : NULL;
    return l->ref && (i + 1 >= c->n || l->subdir) ? 0 : -ENOMEM;
}

/* The repository is components 0..n of the path. */
static int set_url(struct git_location *l, const char *base, size_t base_len, const struct cut *c,
                   size_t n, const char *suffix)
{
    struct buf b = {0};
    buf_add(&b, base, base_len);
    for (size_t i = 0; i < n; i++) {
        buf_addc(&b, '/');
        buf_add(&b, c->s[i], c->len[i]);
    }
    buf_adds(&b, suffix);
    l->url = buf_steal(&b, NULL);
    return l->url ? 0 : -ENOMEM;
}

/* https://github.com/OWNER and https://github.com: nothing that can be cloned. */
static int no_repository(const char *host, const struct cut *c, struct docfs_err *err)
{
    size_t i = is_part(c, 0, "orgs") && c->n > 1;
    if (c->n == 0)
        return err_set(err, -ENOENT, "%s: name a repository: https://%s/OWNER/NAME", host, host);
    return err_set(err, -ENOENT,
                   "%.*s is an owner on %s, not a repository: name one of its repositories "
                   "(https://%s/%.*s/NAME); --kind web reads the page itself",
                   (int)c->len[i], c->s[i], host, host, (int)c->len[i], c->s[i]);
}

static int parse_http(const char *url, struct git_location *l, struct docfs_err *err)
{
    char host[300];
    struct cut c;
    git_url_host(url, host, sizeof(host));
    size_t base = strcspn(strstr(url, "://") + 3, "/?") + (size_t)(strstr(url, "://") + 3 - url);
    cut_path(url + base, &c);
    enum forge f = forge_of_host(host);
    /* HOST/group/.../repo/-/tree/REF/DIR is GitLab whatever the host's name. */
    for (size_t i = 1; i + 1 < c.n; i++)
        if (is_part(&c, i, "-") && (is_part(&c, i + 1, "tree") || is_part(&c, i + 1, "blob")))
            return set_url(l, url, base, &c, i, "") < 0 || take_ref(&c, i + 2, l) < 0 ? -ENOMEM : 1;
    /* HOST/owner/repo/src/branch/REF/DIR is Gitea. */
    if (is_part(&c, 2, "src") && f != BITBUCKET &&
        (is_part(&c, 3, "branch") || is_part(&c, 3, "tag") || is_part(&c, 3, "commit")))
        return set_url(l, url, base, &c, 2, "") < 0 || take_ref(&c, 4, l) < 0 ? -ENOMEM : 1;
    for (size_t i = 0; i < c.n; i++)
        if (ends_git(&c, i))
            return set_url(l, url, base, &c, i + 1, "") < 0 ? -ENOMEM : 1;
    if (f != NO_FORGE && (c.n < 2 || (f == GITHUB && is_part(&c, 0, "orgs"))))
        return no_repository(host, &c, err);
    if (f == NO_FORGE)
        return set_url(l, url, base, &c, c.n, "") < 0 ? -ENOMEM : 0;
    if (f == GITLAB)
        return set_url(l, url, base, &c, is_part(&c, c.n - 1, "-") ? c.n - 1 : c.n, "") < 0
                   ? -ENOMEM
                   : 1;
    bool tree = is_part(&c, 2, "tree") || is_part(&c, 2, "blob") ||
                (f == BITBUCKET && is_part(&c, 2, "src"));
    if (is_part(&c, 2, "wiki"))
        return set_url(l, url, base, &c, 2, ".wiki.git") < 0 ? -ENOMEM : 1;
    if (c.n > 2 && !tree)
        return set_url(l, url, base, &c, c.n, "") < 0 ? -ENOMEM : 0; /* a page of the forge */
    int r = set_url(l, url, base, &c, 2, "");
    if (r == 0 && tree)
        r = take_ref(&c, 3, l);
    return r < 0 ? r : 1;
}

/* user@host:path as ssh takes it. */
static bool is_scp(const char *arg)
{
    size_t n = strcspn(arg, "/:");
    return n > 1 && arg[n] == ':' && memchr(arg, '@', n) && arg[n + 1] && arg[n + 1] != ':' &&
           *arg != '-';
}

static int local_url(const char *path, struct git_location *l, struct docfs_err *err)
{
    _cleanup_free_ char *real = realpath(path, NULL);
    if (!real)
        return err_set(err, -errno, "cannot read %s: %m", path);
    struct buf b = {0};
    buf_adds(&b, "file://");
    for (const char *p = real; *p; p++)
        if (strchr("%#?", *p) || (unsigned char)*p <= 32)
            buf_addf(&b, "%%%02X", (unsigned char)*p);
        else
            buf_addc(&b, *p);
    l->url = buf_steal(&b, NULL);
    return l->url ? 1 : err_oom(err);
}

int git_url_parse(const char *given, struct git_location *ret, struct docfs_err *err)
{
    struct git_location l = {0};
    int r = git_location_parse(given, &l, err);
    if (r < 0)
        return r;
    _cleanup_free_ char *url = steal_ptr(l.url);
    const char *arg = strncmp(url, "git+", 4) == 0 ? url + 4 : url;
    struct git_location found = {0};
    size_t scheme = source_url_scheme(arg);
    char host[300];
    git_url_host(arg, host, sizeof(host));
    if (http_url(arg)) {
        const char *p = arg + scheme + 3;
        const char *at = memchr(p, '@', strcspn(p, "/"));
        if (at && !(at - p == 3 && strncmp(p, "git", 3) == 0))
            r = err_set(err, -EINVAL,
                        "%s holds a user name or a secret, which would be stored and shown: leave "
                        "it out and set the token in the environment (docfs help add)",
                        host);
        else if ((r = parse_http(arg, &found, err)) == -ENOMEM)
            r = err_oom(err);
        if (arg != url && r == 0)
            r = 1; /* git+https:// says it */
    } else if (scheme && (strncmp(arg, "ssh://", 6) == 0 || strncmp(arg, "git://", 6) == 0 ||
                          strncmp(arg, "file://", 7) == 0)) {
        const char *p = arg + scheme + 3;
        const char *at = memchr(p, '@', strcspn(p, "/"));
        if (at && memchr(p, ':', (size_t)(at - p)))
            r = err_set(err, -EINVAL, "%s: leave the password out of the address and use a key",
                        host);
        else
            r = (found.url = strdup(arg)) ? 1 : err_oom(err);
    } else if (!scheme && is_scp(arg)) {
        r = (found.url = strdup(arg)) ? 1 : err_oom(err);
    } else if (!scheme && (git_is_bare(arg) || git_is_checkout(arg))) {
        r = local_url(arg, &found, err);
    }
    if (r >= 0 && l.ref) {
        free(found.ref);
        found.ref = steal_ptr(l.ref);
    }
    if (r >= 0 && l.subdir) {
        free(found.subdir);
        found.subdir = steal_ptr(l.subdir);
    }
    git_location_fini(&l);
    if (r < 0)
        git_location_fini(&found);
    else
        *ret = found;
    return r;
}
