/* SPDX-License-Identifier: MIT */
#include "core/jobs/jobs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ADD = 1, REFRESH = 2, REMOVE = 4, REEMBED = 8, ENRICH = 16 };

static const struct {
    const char *name;
    unsigned bit;
} kinds[] = {
    {"add", ADD},         {"refresh", REFRESH}, {"remove", REMOVE},
    {"reembed", REEMBED}, {"enrich", ENRICH},
};

enum type { STRING_ARG, GLOBS_ARG, NUMBER_ARG, TRUTH_ARG };

static const struct {
    const char *name;
    enum type type;
    unsigned kinds;
    size_t offset;
} members[] = {
    {"collection", STRING_ARG, ADD | REFRESH | REMOVE, offsetof(struct job_args, collection)},
    {"exclude", GLOBS_ARG, ADD, offsetof(struct job_args, exclude)},
    {"force", TRUTH_ARG, ADD | REFRESH, offsetof(struct job_args, force)},
    {"include", GLOBS_ARG, ADD, offsetof(struct job_args, include)},
    {"kind", STRING_ARG, ADD, offsetof(struct job_args, kind)},
    {"location", STRING_ARG, ADD, offsetof(struct job_args, location)},
    {"max_file", NUMBER_ARG, ADD, offsetof(struct job_args, max_file)},
    {"policy", STRING_ARG, ADD, offsetof(struct job_args, policy)},
    {"options", GLOBS_ARG, ADD, offsetof(struct job_args, options)},
    {"query", STRING_ARG, ENRICH, offsetof(struct job_args, query)},
    {"ref", STRING_ARG, ADD, offsetof(struct job_args, ref)},
    {"remote", TRUTH_ARG, ADD, offsetof(struct job_args, remote)},
    {"source", NUMBER_ARG, REFRESH, offsetof(struct job_args, source)},
    {"subdir", STRING_ARG, ADD, offsetof(struct job_args, subdir)},
    {"threads", NUMBER_ARG, ADD | REFRESH, 0},
};

void job_args_fini(struct job_args *a)
{
    free(a->include);
    free(a->exclude);
    free(a->options);
    json_decref(a->json);
    *a = (struct job_args){0};
}

static int read_globs(const json_t *v, const char ***ret)
{
    size_t n = json_array_size(v);
    const char **list = calloc(n + 1, sizeof(*list));
    if (!list)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++)
        if (!(list[i] = json_string_value(json_array_get(v, i)))) {
            free(list);
            return -EINVAL;
        }
    *ret = list;
    return 0;
}

static int read_member(struct job_args *a, size_t i, const json_t *v)
{
    void *at = (char *)a + members[i].offset;
    switch (members[i].type) {
    case STRING_ARG:
        if (!json_is_string(v) || !*json_string_value(v))
            return -EINVAL;
        *(const char **)at = json_string_value(v);
        return 0;
    case GLOBS_ARG:
        return json_is_array(v) ? read_globs(v, at) : -EINVAL;
    case NUMBER_ARG:
        if (!json_is_integer(v) || json_integer_value(v) < 0)
            return -EINVAL;
        if (members[i].offset)
            *(int64_t *)at = json_integer_value(v);
        else if (json_integer_value(v) <= 1024)
            a->threads = (unsigned)json_integer_value(v);
        else
            return -EINVAL;
        return 0;
    default:
        *(bool *)at = json_is_true(v);
        return json_is_boolean(v) ? 0 : -EINVAL;
    }
}

static int find_member(const char *name, unsigned kind)
{
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
        if (strcmp(members[i].name, name) == 0 && members[i].kinds & kind)
            return (int)i;
    return -1;
}

static int read_all(const char *kind, unsigned bit, struct job_args *a, struct docfs_err *err)
{
    static const char *const type[] = {"a text", "a list of texts", "a whole number (not negative)",
                                       "true or false"};
    const char *key;
    json_t *v;
    json_object_foreach(a->json, key, v)
    {
        int i = find_member(key, bit);
        if (i < 0)
            return err_set(err, -EINVAL, "a job %s has no argument \"%.60s\"", kind, key);
        int rc = read_member(a, (size_t)i, v);
        if (rc == -ENOMEM)
            return err_oom(err);
        if (rc < 0)
            return err_set(err, rc, "job %s: \"%s\" has to be %s", kind, key,
                           type[members[i].type]);
    }
    if (bit == ADD && !a->location)
        return err_set(err, -EINVAL, "a job add needs \"location\"");
    if (bit == REMOVE && !a->collection)
        return err_set(err, -EINVAL, "a job remove needs \"collection\"");
    return 0;
}

/* A path that is clearly one has to exist now, while whoever mistyped it is looking. */
int job_args_check(const struct job_args *a, struct docfs_err *err)
{
    const char *location = a->location ? a->location : "";
    bool path =
        *location == '/' || strncmp(location, "./", 2) == 0 || strncmp(location, "../", 3) == 0;
    enum docfs_policy p;
    int64_t every;
    int rc = a->policy ? docfs_policy_parse(a->policy, &p, &every, err) : 0;
    if (rc < 0)
        return rc;
    return path && access(location, F_OK) < 0 ? err_set(err, -errno, "cannot read %s: %m", location)
                                              : 0;
}

int job_args_read(const char *kind, const char *args, struct job_args *ret, struct docfs_err *err)
{
    unsigned bit = 0;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(kinds[i].name, kind) == 0)
            bit = kinds[i].bit;
    if (!bit)
        return err_set(err, -EINVAL,
                       "no kind of job is called \"%.60s\": use add, refresh, remove, reembed or "
                       "enrich",
                       kind);
    json_error_t e;
    struct job_args a = {.json = json_loads(args ? args : "{}", JSON_REJECT_DUPLICATES, &e)};
    if (!a.json || !json_is_object(a.json)) {
        json_decref(a.json);
        return err_set(err, -EINVAL, "the arguments of a job are a JSON object: %s",
                       a.json ? "this is none" : e.text);
    }
    int rc = read_all(kind, bit, &a, err);
    if (rc < 0)
        job_args_fini(&a);
    else
        *ret = a;
    return rc;
}

char *job_args_canonical(struct job_args *a)
{
    if (a->location) {
        /* The worker may run in another directory. What is no path of this machine stays. */
        char *real = realpath(a->location, NULL);
        json_t *v = real ? json_string(real) : NULL;
        free(real);
        if (v && json_object_set_new(a->json, "location", v) == 0)
            a->location = json_string_value(v);
    }
    return json_dumps(a->json, JSON_COMPACT | JSON_SORT_KEYS);
}

static int add_globs(json_t *o, const char *key, const char *const *globs)
{
    if (!globs)
        return 0;
    json_t *list = json_array();
    int rc = 0;
    for (; *globs && rc == 0; globs++)
        rc = json_array_append_new(list, json_string(*globs));
    return rc == 0 ? json_object_set_new(o, key, list) : (json_decref(list), rc);
}

char *docfs_job_args_add(const char *location, const struct docfs_ingest_options *opt)
{
    json_t *o = json_object();
    int rc = json_object_set_new(o, "location", json_string(location));
    if (opt && opt->collection)
        rc |= json_object_set_new(o, "collection", json_string(opt->collection));
    if (opt)
        rc |= add_globs(o, "include", opt->include) | add_globs(o, "exclude", opt->exclude) |
              add_globs(o, "options", opt->options);
    if (opt && opt->policy)
        rc |= json_object_set_new(o, "policy", json_string(opt->policy));
    if (opt && opt->max_file)
        rc |= json_object_set_new(o, "max_file", json_integer(opt->max_file));
    if (opt && opt->threads)
        rc |= json_object_set_new(o, "threads", json_integer(opt->threads));
    if (opt && opt->kind)
        rc |= json_object_set_new(o, "kind", json_string(opt->kind));
    if (opt && opt->ref)
        rc |= json_object_set_new(o, "ref", json_string(opt->ref));
    if (opt && opt->subdir)
        rc |= json_object_set_new(o, "subdir", json_string(opt->subdir));
    if (opt && opt->remote)
        rc |= json_object_set_new(o, "remote", json_true());
    if (opt && opt->force)
        rc |= json_object_set_new(o, "force", json_true());
    char *text = rc == 0 ? json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    json_decref(o);
    return text;
}
