/* SPDX-License-Identifier: MIT
 * Settings before the cache is open: the table of known keys, how values are written, and what the
 * YAML files and the environment say. Knows nothing of the store; core/settings.c joins the two. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include "core/util/err.h"

enum config_kind {
    INTEGER,
    REAL,
    SWITCH,   /* on or off (yes/no, true/false) */
    TEXT,     /* low, high: bytes */
    CHOICE,   /* one of choices */
    SIZE,     /* bytes: 65536, 64K, 10M, 2G; low, high: bytes */
    DURATION, /* 250ms, 30s, 5m, 2h, 7d, a bare number is seconds; low, high and value: ms */
    SECRET,   /* path of a file that only its owner may read; the key ends with _file */
};

enum {
    CONFIG_RESTART = 1, /* a running process keeps the value it started with */
    CONFIG_LOCAL = 2,   /* not changeable over the network: names files, programs or peers */
};

#define CONFIG_VALUE_MAX 4096 /* longest value, bytes, without the NUL */

struct config_def {
    const char *key;
    enum config_kind kind;
    const char *fallback;
    double low, high;
    const char *help;
    unsigned flags;
    const char *choices; /* CHOICE: "a|b|c" */
};

/* The known settings, in the order of their keys. */
extern const struct config_def config_table[];
extern const size_t config_count;

/* Row of a key, or -1. */
int config_find(const char *key);
/* -ENOENT with the nearest known key in the text. */
int config_unknown(const char *key, struct docfs_err *err);

/* The number a value stands for (SWITCH 0/1, CHOICE the place in choices, TEXT and SECRET the
 * length); NaN when the value is not of this kind or out of range. */
double config_number(const struct config_def *def, const char *value);
/* 0 or -EINVAL with a text that says what would be accepted. */
int config_check(const struct config_def *def, const char *value, struct docfs_err *err);

/* ---- YAML -------------------------------------------------------------------------------- */

struct config_entry {
    char *key, *value; /* nested keys joined with '.', lists with ',' */
    unsigned line;     /* from 1 */
};
struct config_entries {
    struct config_entry *item;
    size_t n;
};
/* Reads one YAML document: a mapping of scalars, lists of scalars and further mappings. name is
 * for messages. Keys are not looked up. -EINVAL with name:line. */
int config_parse(const char *name, const char *text, size_t len, struct config_entries *ret,
                 struct docfs_err *err);
void config_entries_fini(struct config_entries *e);

/* ---- the layers below the cache ---------------------------------------------------------- */

struct config;

/* What is set for one key, or value NULL. Borrowed from the config. */
struct config_value {
    const char *value;
    double number;
    bool from_environment;
    const char *where; /* "FILE:LINE", or the name of the variable */
};

/* Reads $DOCFS_CONFIG, else /etc/docfs/docfs.yaml and then $XDG_CONFIG_HOME/docfs/docfs.yaml
 * ($HOME/.config); then the environment. The later ones win. -EINVAL with file and line, or the
 * variable; -errno when a file that exists cannot be read. */
int config_load(struct config **ret, struct docfs_err *err);
void config_free(struct config *c);
struct config_value config_get(const struct config *c, size_t row);
/* "cache:" of the files, absolute; NULL. *where: "FILE:LINE". */
const char *config_cache(const struct config *c, const char **where);

/* Calls fn for each place where a file is looked for. */
typedef void config_file_fn(void *arg, const char *path, bool exists);
int config_files(config_file_fn *fn, void *arg, struct docfs_err *err);
/* Reads one file only to see whether it is good. */
int config_check_file(const char *path, struct docfs_err *err);
/* Calls fn for variables that look like settings but are none; near may be NULL. */
typedef void config_stranger_fn(void *arg, const char *name, const char *near);
void config_strangers(config_stranger_fn *fn, void *arg);
/* "DOCFS_SEARCH_K" for "search.k". */
void config_variable(const char *key, char *ret, size_t size);

/* The secret of a SECRET row: its variable without _FILE, else the content of the file that path
 * names without the line end. ret is new memory, "" when neither is given. -EPERM when others may
 * read the file. */
int config_secret(const struct config_def *def, const char *path, char **ret,
                  struct docfs_err *err);
