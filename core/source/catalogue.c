/* SPDX-License-Identifier: MIT */
#include "core/source/catalogue.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/source/git.h"
#include "core/text/yaml.h"
#include "core/util/cleanup.h"
#include "core/util/suggest.h"

extern const char catalogue_text[];
extern const size_t catalogue_text_len;

static const char *text_of(const json_t *entry, const char *key)
{
    const char *s = json_string_value(json_object_get(entry, key));
    return s ? s : "";
}

/* NULL when there is none of that name. */
static const struct source_kind *kind_of(const json_t *entry)
{
    const char *kind = text_of(entry, "kind");
    return *kind ? source_kind_named(kind) : &source_git;
}

static int check(const json_t *list, const char *file, struct docfs_err *err)
{
    static const char *const needed[] = {"name", "title", "repo", "licence", "versions"};
    size_t i;
    json_t *e;
    if (!json_is_array(list))
        return err_set(err, -EINVAL, "%s is not a list of technologies", file);
    json_array_foreach(list, i, e)
    {
        for (size_t k = 0; k < sizeof(needed) / sizeof(*needed); k++)
            if (!*text_of(e, needed[k]))
                return err_set(err, -EINVAL, "%s: entry %zu (%s) has no %s", file, i + 1,
                               text_of(e, "name"), needed[k]);
        const char *v = text_of(e, "versions");
        if (strcmp(v, "none") != 0 && strcmp(v, "tags") != 0 &&
            !(strncmp(v, "branches ", 9) == 0 && strstr(v, "{version}")))
            return err_set(err, -EINVAL,
                           "%s: %s: versions is \"none\", \"tags\" or \"branches PATTERN\" with "
                           "{version} in it",
                           file, text_of(e, "name"));
        if (!kind_of(e) || kind_of(e) == &source_catalogue)
            return err_set(err, -EINVAL, "%s: %s: there is no kind of source called %s", file,
                           text_of(e, "name"), text_of(e, "kind"));
        if (kind_of(e) != &source_git && (strcmp(v, "none") != 0 || *text_of(e, "path")))
            return err_set(err, -EINVAL,
                           "%s: %s: only what git keeps has a path and versions other than "
                           "\"none\"",
                           file, text_of(e, "name"));
    }
    return 0;
}

static int load_text(const char *text, size_t len, const char *file, json_t *all,
                     struct docfs_err *err)
{
    json_t *list = NULL;
    int r = yaml_load(text, len, 16, &list, err);
    if (r < 0)
        return err_prefix(err, r, "%s", file);
    r = check(list, file, err);
    if (r == 0 && json_array_extend(all, list) < 0)
        r = err_oom(err);
    json_decref(list);
    return r;
}

int catalogue_load(const char *file, json_t **ret, struct docfs_err *err)
{
    json_t *all = json_array();
    int r = all ? 0 : err_oom(err);
    if (r == 0 && file && *file) {
        struct buf text = {0};
        _cleanup_close_ int fd = open(file, O_RDONLY | O_CLOEXEC);
        r = fd < 0 ? -errno : buf_read_fd(&text, fd, 4 << 20);
        r = r < 0 ? err_set(err, r, "cannot read %s (setting sources.catalogue): %s", file,
                            strerror(-r))
                  : load_text(buf_text(&text), text.len, file, all, err);
        buf_fini(&text);
    }
    if (r == 0)
        r = load_text(catalogue_text, catalogue_text_len, "the built-in catalogue", all, err);
    if (r < 0) {
        json_decref(all);
        return r;
    }
    *ret = all;
    return 0;
}

const json_t *catalogue_find(const json_t *all, const char *name)
{
    size_t i, k;
    const json_t *e, *a;
    json_array_foreach(all, i, e) if (strcasecmp(text_of(e, "name"), name) == 0) return e;
    json_array_foreach(all, i, e) json_array_foreach(
        json_object_get(e, "aliases"), k,
        a) if (json_is_string(a) && strcasecmp(json_string_value(a), name) == 0) return e;
    return NULL;
}

/* 4: is the text, 3: begins it, 2: begins a word of it, 1: inside. */
static int word_in(const char *text, const char *word, size_t len)
{
    int best = 0;
    for (const char *p = text; *p; p++) {
        if (strncasecmp(p, word, len) != 0)
            continue;
        bool start = p == text;
        bool edge = start || strchr(" .-/_@", p[-1]);
        int here = start && p[len] == '\0' ? 4 : start ? 3 : edge ? 2 : 1;
        best = here > best ? here : best;
    }
    return best;
}

int catalogue_match(const json_t *entry, const char *words)
{
    static const struct {
        const char *key;
        int weight;
    } fields[] = {{"name", 10}, {"title", 6}, {"category", 3}, {"repo", 1}};
    int total = 1;
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, " \t");
        int best = n ? 0 : 1;
        for (size_t i = 0; n && i < sizeof(fields) / sizeof(*fields); i++) {
            int s = word_in(text_of(entry, fields[i].key), w, n) * fields[i].weight;
            best = s > best ? s : best;
        }
        size_t k;
        const json_t *a;
        json_array_foreach(json_object_get(entry, "aliases"), k, a)
        {
            int s = json_is_string(a) ? word_in(json_string_value(a), w, n) * 9 : 0;
            best = s > best ? s : best;
        }
        if (best == 0)
            return 0;
        total += best;
        w += n;
        w += strspn(w, " \t");
    }
    return total;
}

/* ---- docfs add NAME[@VERSION] ---- */

static bool catalogue_claims(const struct source_request *req)
{
    /* A bare word; whether it is known, and what else could be meant, resolve says. */
    for (const char *p = req->arg; *p; p++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+#_- @", *p))
            return false;
    return *req->arg != '.' && *req->arg != '-' && access(req->arg, F_OK) != 0;
}

static int unknown(const json_t *all, const char *name, struct docfs_err *err)
{
    int r = source_address_err(name, err);
    if (r < 0)
        return r;
    struct suggest s = suggest_start(name);
    size_t i, k;
    const json_t *e, *a;
    json_array_foreach(all, i, e)
    {
        suggest_offer(&s, text_of(e, "name"));
        json_array_foreach(json_object_get(e, "aliases"), k, a) if (json_is_string(a))
            suggest_offer(&s, json_string_value(a));
    }
    const char *best = suggest_best(&s);
    if (best)
        return err_set(err, -ENOENT,
                       "no file or directory is called %s, and the catalogue does not know it: did "
                       "you mean %s?",
                       name, best);
    return err_set(
        err, -ENOENT,
        "no file or directory is called %s, and the catalogue does not know it: docfs "
        "catalogue search WORDS shows what it knows, or give the URL of the documentation",
        name);
}

/* The ref for a version by the entry's scheme; *ret NULL = the default branch. */
static int choose_ref(const json_t *e, const char *version, char **ret, struct docfs_err *err)
{
    const char *scheme = text_of(e, "versions");
    if (strcmp(scheme, "none") == 0) {
        if (version)
            return err_set(err, -EINVAL,
                           "the documentation of %s is kept only in its newest version: leave "
                           "@%s out%s",
                           text_of(e, "name"), version,
                           kind_of(e) == &source_git ? ", or name a branch with --ref" : "");
        return 0;
    }
    if (strcmp(scheme, "tags") == 0)
        return (*ret = strdup(version ? version : "latest")) ? 0 : err_oom(err);
    if (!version)
        return 0;
    const char *pattern = scheme + strlen("branches "), *hole = strstr(pattern, "{version}");
    return asprintf(ret, "%.*s%s%s", (int)(hole - pattern), pattern, version, hole + 9) < 0
               ? err_oom(err)
               : 0;
}

static char **globs_of(const json_t *list)
{
    const char **s = calloc(json_array_size(list) + 1, sizeof(*s));
    size_t i, n = 0;
    const json_t *v;
    json_array_foreach(list, i, v) if (s && json_is_string(v)) s[n++] = json_string_value(v);
    char **copy = s ? source_strings_dup(s) : NULL;
    free(s);
    return copy;
}

static bool patterns(const json_t *list, char ***ret)
{
    if (!list)
        return true;
    source_strings_free(*ret);
    return (*ret = globs_of(list));
}

/* What the entry says of these in place of what is there. */
static int name_and_patterns(const json_t *e, struct source_place *ret, struct docfs_err *err)
{
    free(ret->name);
    ret->name = strdup(text_of(e, "name"));
    return ret->name && patterns(json_object_get(e, "include"), &ret->include) &&
                   patterns(json_object_get(e, "exclude"), &ret->exclude)
               ? 0
               : err_oom(err);
}

/* A web site or a package: its own kind knows what the address means. */
static int fill_other(const struct source_env *env, const json_t *e,
                      const struct source_request *req, struct source_place *ret,
                      struct docfs_err *err)
{
    struct source_request other = {.arg = text_of(e, "repo"),
                                   .kind = kind_of(e)->name,
                                   .ref = req->ref,
                                   .subdir = req->subdir};
    ret->kind = kind_of(e);
    int r = ret->kind->resolve(env, &other, ret, err);
    return r < 0 ? r : name_and_patterns(e, ret, err);
}

static int fill(const json_t *e, const struct source_request *req, const char *version,
                struct source_place *ret, struct docfs_err *err)
{
    _cleanup_free_ char *ref = NULL;
    int r = req->ref ? ((ref = strdup(req->ref)) ? 0 : err_oom(err))
                     : choose_ref(e, version, &ref, err);
    if (r < 0)
        return r;
    const char *sub = req->subdir ? req->subdir : text_of(e, "path");
    struct git_location l = {
        .url = (char *)text_of(e, "repo"), .ref = ref, .subdir = *sub ? (char *)sub : NULL};
    ret->kind = &source_git;
    ret->location = git_location_text(&l);
    ret->version = version ? strdup(version) : NULL;
    ret->include = source_strings_dup(source_doc_globs);
    ret->exclude = source_strings_dup(source_test_globs);
    return ret->location && ret->include && ret->exclude && (!version || ret->version)
               ? name_and_patterns(e, ret, err)
               : err_oom(err);
}

static int catalogue_resolve(const struct source_env *env, const struct source_request *req,
                             struct source_place *ret, struct docfs_err *err)
{
    const char *at = strrchr(req->arg, '@');
    if (at == req->arg || (at && !at[1]))
        at = NULL;
    _cleanup_free_ char *name = at ? strndup(req->arg, (size_t)(at - req->arg)) : strdup(req->arg);
    if (!name)
        return err_oom(err);
    json_t *all;
    int r = catalogue_load(env->catalogue, &all, err);
    if (r < 0)
        return r;
    const json_t *e = catalogue_find(all, name);
    const char *version = at ? at + 1 : NULL;
    if (!e)
        r = unknown(all, name, err);
    else if (version || kind_of(e) == &source_git)
        r = fill(e, req, version, ret, err);
    else
        r = fill_other(env, e, req, ret, err);
    json_decref(all);
    return r;
}

/* Only a way to other kinds: nothing is ever opened under this name. */
static int never_open(const struct source_env *env, const char *location, void **ret,
                      struct docfs_err *err)
{
    return err_set(err, -EINVAL, "%s is not a source of its own", location);
}

const struct source_kind source_catalogue = {
    .name = "catalogue",
    .claims = catalogue_claims,
    .resolve = catalogue_resolve,
    .open = never_open,
};
