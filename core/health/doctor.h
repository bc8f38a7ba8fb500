/* SPDX-License-Identifier: MIT */
#pragma once
#include "core/docfs_doctor.h"
#include "core/internal.h"

struct doctor {
    const struct docfs_doctor_options *opt;
    char *path, *why; /* of the cache; NULL until it is known */
    bool exists;      /* there is a cache directory */
    bool empty;       /* nothing is wrong with the cache, but there is no document in it */
    struct docfs *d;  /* opened read-only, or NULL */
    enum docfs_level worst;
    docfs_check_fn *fn;
    void *arg;
};

/* Reports one check. The remedy may hold format characters; the text is formatted. */
void doctor_tell(struct doctor *x, const char *name, enum docfs_level level, const char *remedy,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

/* doctor_cache.c */
void doctor_directory(struct doctor *x);
void doctor_space(struct doctor *x);
void doctor_database(struct doctor *x);
void doctor_documents(struct doctor *x);
void doctor_content(struct doctor *x);
void doctor_services(struct doctor *x);
/* doctor_peers.c */
void doctor_peers(struct doctor *x);
/* doctor_system.c */
void doctor_settings(struct doctor *x);
void doctor_helpers(struct doctor *x);
void doctor_time(struct doctor *x);
void doctor_locale(struct doctor *x);
void doctor_memory(struct doctor *x);
void doctor_limits(struct doctor *x);
