/* SPDX-License-Identifier: MIT
 * What people paste as the address of a repository, and versions in tags. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/source/git.h"
#include "core/source/version.h"

static void paste(const char *arg, int want, const char *location)
{
    struct git_location l = {0};
    int r = git_url_parse(arg, &l, NULL);
    assert(r == want);
    if (r == 1) {
        char *text = git_location_text(&l);
        assert(text && strcmp(text, location) == 0);
        struct git_location again = {0};
        assert(git_location_parse(text, &again, NULL) == 0);
        assert(strcmp(again.url, l.url) == 0);
        git_location_fini(&again);
        free(text);
    }
    git_location_fini(&l);
}

static void addresses(void)
{
    paste("https://github.com/octo/lamp", 1, "https://github.com/octo/lamp");
    paste("https://github.com/octo/lamp/", 1, "https://github.com/octo/lamp");
    paste("https://github.com/octo/lamp.git", 1, "https://github.com/octo/lamp.git");
    paste("https://github.com/octo/lamp?tab=readme", 1, "https://github.com/octo/lamp");
    paste("https://github.com/octo/lamp/tree/v1/docs/en", 1,
          "https://github.com/octo/lamp#v1:docs/en");
    paste("https://github.com/octo/lamp/tree/v1", 1, "https://github.com/octo/lamp#v1");
    paste("https://github.com/octo/lamp/blob/main/a%20b.md", 1,
          "https://github.com/octo/lamp#main:a b.md");
    paste("https://github.com/octo/lamp/wiki/Home", 1, "https://github.com/octo/lamp.wiki.git");
    paste("https://github.com/octo/lamp#v2:docs", 1, "https://github.com/octo/lamp#v2:docs");
    paste("https://gitlab.com/g/sub/lamp", 1, "https://gitlab.com/g/sub/lamp");
    paste("https://gitlab.com/g/sub/lamp/-/tree/main/doc", 1,
          "https://gitlab.com/g/sub/lamp#main:doc");
    paste("https://code.example.org/g/lamp/-/tree/main", 1, "https://code.example.org/g/lamp#main");
    paste("https://codeberg.org/o/lamp/src/branch/main/doc", 1,
          "https://codeberg.org/o/lamp#main:doc");
    paste("https://git.example.org/o/lamp/src/tag/v1/d", 1, "https://git.example.org/o/lamp#v1:d");
    paste("https://bitbucket.org/o/lamp/src/main/docs", 1,
          "https://bitbucket.org/o/lamp#main:docs");
    paste("git@git.example.org:o/lamp.git", 1, "git@git.example.org:o/lamp.git");
    paste("ssh://git@git.example.org/o/lamp", 1, "ssh://git@git.example.org/o/lamp");
    paste("git+https://code.example.org/lamp", 1, "https://code.example.org/lamp");
    paste("https://docs.example.org/lamp/", 0, NULL);
    paste("https://github.com/octo", -ENOENT, NULL);
    paste("https://github.com/", -ENOENT, NULL);
    paste("https://github.com/orgs/octo/repositories", -ENOENT, NULL);
    paste("https://codeberg.org/octo/", -ENOENT, NULL);
    paste("https://gitlab.example.org/octo?sort=name", -ENOENT, NULL);
    paste("https://docs.gitlab.com/runner/install/", 0, NULL);
    paste("https://docs.gitea.com/usage/actions", 0, NULL);
    paste("https://octo.gitlab.io/lamp/guide/", 0, NULL);
    paste("https://forgejo.org/docs/latest/", 0, NULL);
    paste("https://github.com/octo/lamp/issues", 0, NULL);
    paste("https://github.com/octo/lamp/releases/download/v1/x.tar.gz", 0, NULL);
    paste("https://token@github.com/octo/lamp", -EINVAL, NULL);
    paste("https://u:p@github.com/octo/lamp.git", -EINVAL, NULL);
    paste("ssh://u:p@host/lamp.git", -EINVAL, NULL);
    paste("-oProxyCommand=x@h:p", 0, NULL);
    paste("no/such/path", 0, NULL);
}

static void views(void)
{
    char *u = git_file_url("https://github.com/o/r.git", "c0ffee", "a b/c#d.md");
    assert(strcmp(u, "https://github.com/o/r/blob/c0ffee/a%20b/c%23d.md") == 0);
    free(u);
    u = git_file_url("https://gitlab.com/g/s/r", "c0ffee", "x.md");
    assert(strcmp(u, "https://gitlab.com/g/s/r/-/blob/c0ffee/x.md") == 0);
    free(u);
    u = git_file_url("ssh://h/r", "c0ffee", "x.md");
    assert(strcmp(u, "ssh://h/r#c0ffee:x.md") == 0);
    free(u);
}

static void version(const char *tag, const char *want)
{
    const char *v = version_of_tag(tag);
    assert(want ? v && strcmp(v, want) == 0 : !v);
}

static void versions(void)
{
    version("v18.2.0", "18.2.0");
    version("1.0", "1.0");
    version("release-1.2", "1.2");
    version("react@19.0.0-rc.1", "19.0.0-rc.1");
    version("go1.21", "1.21");
    version("REL_16_2", "16_2");
    version("main", NULL);
    version("k8s-1.2", "1.2");
    assert(version_is_preview("19.0.0-rc.1") && version_is_preview("3.13a1"));
    assert(!version_is_preview("18.2.0") && !version_is_preview("1.2-source"));
    assert(version_compare("1.10", "1.9") > 0 && version_compare("2.0.0-rc1", "2.0.0") < 0);
    assert(version_compare("1.2", "1.2.1") < 0 && version_compare("1.2", "1.2") == 0);
    assert(version_matches("18.2.0", "18") && version_matches("18.2.0", "18.2.0"));
    assert(version_matches("16_2", "16.2") && version_matches("2_0_23", "2.0"));
    assert(!version_matches("18.2.0", "18.20") && !version_matches("180.1", "18"));
}

static void refs(void)
{
    static const char text[] =
        "1111111111111111111111111111111111111111\tHEAD\n"
        "1111111111111111111111111111111111111111\trefs/heads/main\n"
        "2222222222222222222222222222222222222222\trefs/heads/a/b\n"
        "3333333333333333333333333333333333333333\trefs/tags/v1.2.0\n"
        "4444444444444444444444444444444444444444\trefs/tags/v1.2.0^{}\n"
        "5555555555555555555555555555555555555555\trefs/tags/v1.10.0\n"
        "no tab here\n"
        "6666666666666666666666666666666666666666\trefs/tags/v2.0.0-beta.1\n";
    static const struct {
        const char *ref, *subdir, *commit, *left;
    } cases[] = {
        {NULL, NULL, "1", NULL}, {"v1.2.0", NULL, "4", NULL},       {"1.2", "d", "4", "d"},
        {"1", NULL, "5", NULL},  {"latest", NULL, "5", NULL},       {"a", "b/docs", "2", "docs"},
        {"a", "b", "2", NULL},   {"2.0.0-beta.1", NULL, "6", NULL}, {"nope", NULL, NULL, NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct git_location l = {(char *)"u", (char *)cases[i].ref, (char *)cases[i].subdir};
        struct git_target t = {0};
        struct docfs_err err;
        int r = git_target_choose(text, &l, &t, &err);
        assert((r == 0) == (cases[i].commit != NULL));
        if (r == 0) {
            assert(t.commit[0] == cases[i].commit[0]);
            assert(cases[i].left ? t.subdir && strcmp(t.subdir, cases[i].left) == 0 : !t.subdir);
        }
        git_target_fini(&t);
    }
}

static void paths(void)
{
    assert(!source_path_refused("a/b.md"));
    static const char *const bad[] = {"/a",   "a/../b", "..", "a//b", "a/./b",
                                      "a\nb", "a\\b",   "",   "a/"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert(source_path_refused(bad[i]));
    char deep[600] = "";
    for (int i = 0; i < 200; i++)
        strcat(deep, "d/");
    strcat(deep, "x");
    assert(source_path_refused(deep));
    char lengthy[400];
    memset(lengthy, 'x', 399);
    lengthy[399] = '\0';
    assert(source_path_refused(lengthy));
}

/* Who asks over the network gets nothing of this machine and nothing of its neighbours. */
static void remote_callers(void)
{
    struct source_env env = {
        .cache_dir = "/nonexistent",
        .remote_caller = true,
        .limits = {.max_bytes = 1 << 20, .max_entries = 10, .max_ratio = 10, .timeout_ms = 5000}};
    static const char *const refused[] = {
        "/etc",    "/etc/passwd", "file:///srv/x.git", "git@h:x.git",
        "deb:git", "man:",        "ssh://h/x.git"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
        struct source_request req = {.arg = refused[i]};
        struct source_place place = {0};
        struct docfs_err err;
        int r = source_resolve(&env, &req, &place, &err);
        assert(r == -EACCES || (strcmp(refused[i], "man:") == 0 && r < 0));
    }
    static const char *const near[] = {"http://127.0.0.1:1/x.git", "http://localhost/x.git",
                                       "http://[::1]/x.git", "https://169.254.169.254/x.git",
                                       "http://10.0.0.1/x.git"};
    for (size_t i = 0; i < sizeof(near) / sizeof(*near); i++) {
        struct source *s = NULL;
        struct docfs_err err;
        assert(source_open(&source_git, &env, near[i], &s, &err) == -EPERM);
    }
    struct source *s = NULL;
    struct docfs_err err;
    assert(source_open(&source_archive, &env, "http://127.0.0.1:1/x.zip", &s, &err) < 0);
}

int main(void)
{
    remote_callers();
    addresses();
    views();
    versions();
    refs();
    paths();
    puts("6 parts, 0 failed");
    return 0;
}
