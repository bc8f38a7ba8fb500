/* SPDX-License-Identifier: MIT */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void strings_free(char **s)
{
    for (char **p = s; p && *p; p++)
        free(*p);
    free(s);
}

void source_options_fini(struct source_options *o)
{
    strings_free(o->include);
    strings_free(o->exclude);
    strings_free(o->options);
    free(o->root);
    *o = (struct source_options){0};
}

static int copy_given(const char *const *from, char ***ret)
{
    size_t n = 0;
    while (from[n])
        n++;
    char **out = calloc(n + 1, sizeof(*out));
    for (size_t i = 0; out && i < n; i++)
        if (!(out[i] = strdup(from[i]))) {
            strings_free(out);
            return -ENOMEM;
        }
    *ret = out;
    return out ? 0 : -ENOMEM;
}

static int copy_stored(json_t *array, char ***ret)
{
    size_t n = json_array_size(array), i;
    json_t *v;
    if (n == 0)
        return 0;
    const char **list = calloc(n + 1, sizeof(*list));
    if (!list)
        return -ENOMEM;
    size_t kept = 0;
    json_array_foreach(array, i, v) if (json_is_string(v)) list[kept++] = json_string_value(v);
    int rc = copy_given(list, ret);
    free(list);
    return rc;
}

int source_options_load(struct source_options *ret, const char *json, bool added,
                        const struct docfs_ingest_options *given, struct docfs_err *err)
{
    json_t *o = json && *json ? json_loads(json, 0, NULL) : NULL;
    int rc = given && given->include ? copy_given(given->include, &ret->include)
                                     : copy_stored(json_object_get(o, "include"), &ret->include);
    if (rc == 0)
        rc = given && given->exclude ? copy_given(given->exclude, &ret->exclude)
                                     : copy_stored(json_object_get(o, "exclude"), &ret->exclude);
    if (rc == 0)
        rc = given && given->options ? copy_given(given->options, &ret->options)
                                     : copy_stored(json_object_get(o, "options"), &ret->options);
    const char *root = json_string_value(json_object_get(o, "root"));
    if (rc == 0 && root && !(ret->root = strdup(root)))
        rc = -ENOMEM;
    ret->max_file = given && given->max_file ? given->max_file
                                             : json_integer_value(json_object_get(o, "max_file"));
    ret->remote =
        (given && given->remote) || (!added && json_is_true(json_object_get(o, "remote")));
    json_decref(o);
    if (rc < 0) {
        source_options_fini(ret);
        return err_oom(err);
    }
    return 0;
}

static json_t *array_of(char **s)
{
    json_t *a = json_array();
    /* A pattern that is no UTF-8 cannot be kept as JSON (the append refuses its NULL): it holds for
     * this run only. */
    for (; s && *s; s++)
        json_array_append_new(a, json_string(*s));
    return a;
}

char *source_options_dump(const struct source_options *o)
{
    json_t *j = json_object();
    if (o->include)
        json_object_set_new(j, "include", array_of(o->include));
    if (o->exclude)
        json_object_set_new(j, "exclude", array_of(o->exclude));
    if (o->options)
        json_object_set_new(j, "options", array_of(o->options));
    if (o->root)
        json_object_set_new(j, "root", json_string(o->root));
    if (o->max_file)
        json_object_set_new(j, "max_file", json_integer(o->max_file));
    if (o->remote)
        json_object_set_new(j, "remote", json_true());
    char *text = json_dumps(j, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(j);
    return text;
}

static bool name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '+' || c == '-';
}

int collection_name_check(const char *name, struct docfs_err *err)
{
    const char *at = strchr(name, '@');
    bool ok = *name && strlen(name) <= 100 && *name != '.' && *name != '-' && at != name &&
              (!at || at[1]);
    for (const char *p = name; *p; p++)
        ok = ok && (name_char(*p) || p == at);
    return ok ? 0
              : err_set(err, -EINVAL,
                        "bad collection name \"%.100s\": use letters, digits and . _ + - (at most "
                        "100), and NAME@VERSION for a version",
                        name);
}

void collection_name_from_path(const char *path, char ret[101])
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/')
        end--;
    size_t start = end;
    while (start && path[start - 1] != '/')
        start--;
    size_t n = 0;
    for (size_t i = start; i < end && n < 100; i++) {
        char c = path[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        bool keep = name_char(c) && !(n == 0 && (c == '.' || c == '-'));
        if (keep)
            ret[n++] = c;
        else if (n && ret[n - 1] != '-')
            ret[n++] = '-';
    }
    while (n && ret[n - 1] == '-')
        n--;
    ret[n] = '\0';
    if (n == 0)
        strcpy(ret, "docs");
}
