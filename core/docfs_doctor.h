/* SPDX-License-Identifier: MIT
 * What must be right before docfs can work, checked one by one without changing anything. */
#pragma once
#include <stdbool.h>
#include "core/docfs.h"

enum docfs_level { DOCFS_PASS, DOCFS_WARNING, DOCFS_FAILURE };

struct docfs_check {
    const char *name; /* "free-space": stable, for machines */
    enum docfs_level level;
    const char *text;   /* what was found, with the figure or path */
    const char *remedy; /* exactly what to do; "" for a pass */
};
/* Strings live during the call. */
typedef void docfs_check_fn(void *arg, const struct docfs_check *c);

struct docfs_doctor_options {
    struct docfs_options open;
    bool quick; /* what takes milliseconds: not the content of the database, helpers, peers */
};
/* Calls fn for each check: settings, cache directory, rights, space, database, content, helper
 * programs, services, time, locale, memory, limits. Returns the worst level. Nothing is created or
 * repaired. */
DOCFS_API enum docfs_level docfs_doctor(const struct docfs_doctor_options *opt, docfs_check_fn *fn,
                                        void *arg);
DOCFS_API const char *docfs_level_name(enum docfs_level l);
/* One check that a front end makes itself; format is of the text. */
DOCFS_API enum docfs_level docfs_check_tell(docfs_check_fn *fn, void *arg, const char *name,
                                            enum docfs_level level, const char *remedy,
                                            const char *format, ...)
    __attribute__((format(printf, 6, 7)));

/* The cache directory that docfs_open would use and who named it ("option --cache",
 * "/etc/docfs/docfs.yaml:3"). New strings. */
DOCFS_API int docfs_where(const struct docfs_options *opt, char **ret_path, char **ret_why,
                          struct docfs_err *err);
