/* SPDX-License-Identifier: MIT
 * context7.json: what the owners of a repository want read. Names of folders count anywhere in the
 * tree, "./name" only at its root, globs as they are. Markdown files at the root are always in. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/source/git.h"
#include "core/text/name.h"

struct context7 {
    json_t *json;
};

struct context7 *context7_parse(const char *text, size_t len)
{
    json_t *j = json_loadb(text, len, 0, NULL);
    struct context7 *c = json_is_object(j) ? calloc(1, sizeof(*c)) : NULL;
    if (!c) {
        json_decref(j);
        return NULL;
    }
    c->json = j;
    return c;
}

/* Any leading part of path that ends before a '/' (or the whole path) matches pattern. */
static bool matches_folder(const char *pattern, const char *path)
{
    bool rooted = strncmp(pattern, "./", 2) == 0 || *pattern == '/';
    const char *p = *pattern == '/' ? pattern + 1 : rooted ? pattern + 2 : pattern;
    char name[300], part[4100];
    size_t n = strlen(p);
    while (n && p[n - 1] == '/')
        n--;
    if (n == 0 || n >= sizeof(name) || strlen(path) >= sizeof(part))
        return false;
    memcpy(name, p, n);
    name[n] = '\0';
    bool slash = strchr(name, '/') != NULL;
    for (const char *end = path; *end; end++) {
        end += strcspn(end, "/");
        size_t len = (size_t)(end - path);
        memcpy(part, path, len);
        part[len] = '\0';
        const char *base = strrchr(part, '/');
        if (rooted && !slash ? strcmp(part, name) == 0 || (!base && name_glob(name, part))
            : slash          ? name_glob(name, part)
                             : name_glob(name, base ? base + 1 : part))
            return true;
        if (!*end)
            break;
    }
    return false;
}

static bool any_folder(const json_t *list, const char *path)
{
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
    {
        const char *s = json_string_value(v);
        if (s && matches_folder(s, path))
            return true;
    }
    return false;
}

static bool any_file(const json_t *list, const char *path)
{
    const char *slash = strrchr(path, '/');
    size_t i;
    json_t *v;
    json_array_foreach(list, i, v)
    {
        const char *s = json_string_value(v);
        if (s && (strcmp(s, slash ? slash + 1 : path) == 0 || name_glob(s, path)))
            return true;
    }
    return false;
}

bool context7_accepts(const struct context7 *c, const char *path)
{
    const json_t *folders = json_object_get(c->json, "folders");
    const char *dot = strrchr(path, '.');
    bool at_root =
        !strchr(path, '/') && dot && (strcmp(dot, ".md") == 0 || strcmp(dot, ".mdx") == 0);
    if (any_file(json_object_get(c->json, "excludeFiles"), path))
        return false;
    if (json_array_size(folders) && !at_root && !any_folder(folders, path))
        return false;
    return !any_folder(json_object_get(c->json, "excludeFolders"), path);
}

void context7_free(struct context7 *c)
{
    if (c)
        json_decref(c->json);
    free(c);
}
