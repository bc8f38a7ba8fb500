/* SPDX-License-Identifier: MIT
 * Settings. The table of known keys is core/config/table.c. A value comes from, each overruling
 * the ones before: the default; the YAML files (docfs.yaml(5)); the environment (DOCFS_SEARCH_K
 * for search.k); the cache (docfs_set); the options given to docfs_open. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"
#include "core/util/scope.h"

struct docfs;

enum docfs_origin {
    DOCFS_FROM_DEFAULT,
    DOCFS_FROM_FILE,
    DOCFS_FROM_ENVIRONMENT,
    DOCFS_FROM_CACHE,
    DOCFS_FROM_OPTION,
};

struct docfs_setting {
    const char *key, *value, *fallback, *help; /* value: in force; a secret's is never shown */
    bool is_set;                               /* anywhere */
    enum docfs_origin origin;
    const char *where;   /* "FILE:LINE", the variable; NULL for the other origins */
    const char *kind;    /* integer, real, switch, text, choice, size, duration, secret */
    const char *choices; /* "a|b|c" or NULL */
    double low, high;    /* bytes for size and text, milliseconds for duration */
    bool restart;        /* a running process keeps the value it started with */
    bool local;          /* names files, programs or peers: not to be changed over a network */
    const char *ignored; /* why a value stored in the cache is not in force, or NULL */
};
struct docfs_settings {
    struct docfs_setting *item;
    size_t n;
};
DOCFS_API int docfs_settings(struct docfs *d, struct docfs_settings **ret, struct docfs_err *err);
DOCFS_API void docfs_settings_free(struct docfs_settings *s);
DEFINE_CLEANUP(struct docfs_settings, docfs_settings_free)

/* A handle without a cache, for the settings and what they name: good for docfs_settings and the
 * other calls of this file, docfs_provider_test and docfs_close, and for nothing else. */
DOCFS_API int docfs_open_settings(const char *const *set, struct docfs **ret,
                                  struct docfs_err *err);

/* Stores a value in the cache, which other processes notice by themselves. value NULL: no longer
 * stored. -ENOENT: no such key; -EINVAL: bad value, what is accepted in the text. */
DOCFS_API int docfs_set(struct docfs *d, const char *key, const char *value, struct docfs_err *err);

/* One value in force: numbers (switch 0/1, choice its place, size in bytes, duration in
 * milliseconds); 0 when there is no such key. Cheap enough to be asked for each request. */
DOCFS_API double docfs_setting_number(struct docfs *d, const char *key);
/* New string, NULL only when memory is out. */
DOCFS_API char *docfs_setting_text(struct docfs *d, const char *key);
/* The content of a secret: new string, "" when none is set. -EPERM when the file is readable by
 * others. key is that of the file ("redis.password_file"). */
DOCFS_API int docfs_setting_secret(struct docfs *d, const char *key, char **ret,
                                   struct docfs_err *err);

/* Reads files and environment again. On failure everything stays as it was. Settings whose
 * `restart` is set keep their value. */
DOCFS_API int docfs_reload(struct docfs *d, struct docfs_err *err);

/* The files that are looked for, in the order in which they are read. */
typedef void docfs_config_file_fn(void *arg, const char *path, bool exists);
DOCFS_API int docfs_config_files(docfs_config_file_fn *fn, void *arg, struct docfs_err *err);
/* 0 when the file is good, else -errno with file and line in the text. Needs no cache. */
DOCFS_API int docfs_config_check(const char *path, struct docfs_err *err);
