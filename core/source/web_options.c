/* SPDX-License-Identifier: MIT */
#include "core/source/web.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int choose(const char *value, const char *const *names)
{
    for (int i = 0; names[i]; i++)
        if (strcmp(value, names[i]) == 0)
            return i;
    return -1;
}

static bool number(const char *value, double min, double max, double *ret)
{
    char *end;
    double v = strtod(value, &end);
    if (!*value || *end || !(v >= min && v <= max))
        return false;
    *ret = v;
    return true;
}

static bool whole(const char *value, double min, double max, long *ret)
{
    double v;
    if (!number(value, min, max, &v) || strpbrk(value, ".eExX"))
        return false;
    *ret = (long)v;
    return true;
}

static bool truth(const char *value, bool *ret)
{
    static const char *const words[] = {"no", "yes", "off", "on", "0", "1", NULL};
    int i = choose(value, words);
    *ret = i > 0 && i % 2;
    return i >= 0;
}

static bool language(const char *value, char ret[16])
{
    size_t n = 0;
    for (; value[n] && n < 15; n++) {
        if (!isalpha((unsigned char)value[n]) && !(n > 1 && strchr("-_", value[n])))
            return false;
        ret[n] = (char)(value[n] == '_' ? '-' : tolower((unsigned char)value[n]));
    }
    ret[n] = '\0';
    return n >= 2 && !value[n];
}

/* NULL when it was taken, else what would be possible. */
static const char *set(struct web_options *o, const char *name, const char *value)
{
    static const char *const scopes[] = {"subpages", "host", "domain", NULL};
    static const char *const ways[] = {"auto", "llms", "sitemap", "links", NULL};
    int i;
    if (strcmp(name, "scope") == 0) {
        i = choose(value, scopes);
        o->scope = i < 0 ? o->scope : (enum web_scope)i;
        return i < 0 ? "subpages, host or domain" : NULL;
    }
    if (strcmp(name, "discover") == 0) {
        i = choose(value, ways);
        o->discover = i < 0 ? o->discover : (enum web_discover)i;
        return i < 0 ? "auto, llms, sitemap or links" : NULL;
    }
    if (strcmp(name, "depth") == 0)
        return whole(value, 0, 1000, &o->depth) ? NULL : "0 to 1000 links from the start page";
    if (strcmp(name, "max_pages") == 0)
        return whole(value, 1, 5e6, &o->max_pages) ? NULL : "1 to 5000000";
    if (strcmp(name, "concurrency") == 0)
        return whole(value, 1, 32, &o->concurrency) ? NULL : "1 to 32 requests at once";
    if (strcmp(name, "retries") == 0)
        return whole(value, 0, 10, &o->retries) ? NULL : "0 to 10";
    if (strcmp(name, "rate") == 0)
        return number(value, 0, 1e6, &o->rate) ? NULL : "requests a second, 0 for no limit";
    if (strcmp(name, "lang") == 0)
        return language(value, o->lang) ? NULL : "a language such as en or pt-br";
    if (strcmp(name, "allow_private") == 0)
        return truth(value, &o->allow_private) ? NULL : "yes or no";
    if (strcmp(name, "robots") == 0)
        return truth(value, &o->robots) ? NULL : "yes or no";
    if (strcmp(name, "markdown") == 0)
        return truth(value, &o->markdown) ? NULL : "yes or no";
    return "";
}

int web_options_parse(const char *const *options, struct web_options *ret, struct docfs_err *err)
{
    struct web_options o = {.depth = 50,
                            .max_pages = 20000,
                            .concurrency = 4,
                            .retries = 3,
                            .rate = 10,
                            .robots = true,
                            .markdown = true};
    for (; options && *options; options++) {
        char name[32];
        size_t n = strcspn(*options, "=");
        const char *value = (*options)[n] ? *options + n + 1 : "yes";
        if (n >= sizeof(name))
            n = sizeof(name) - 1;
        memcpy(name, *options, n);
        name[n] = '\0';
        for (char *p = name; *p; p++)
            *p = *p == '-' ? '_' : *p;
        const char *possible = set(&o, name, value);
        if (possible && !*possible)
            return err_set(err, -EINVAL,
                           "a web site has no option %s; there are: scope, discover, depth, "
                           "max_pages, rate, concurrency, retries, lang, allow_private, robots, "
                           "markdown",
                           name);
        if (possible)
            return err_set(err, -EINVAL, "%s=%s: give %s", name, value, possible);
    }
    *ret = o;
    return 0;
}
