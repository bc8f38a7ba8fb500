/* SPDX-License-Identifier: MIT
 * Inside of the git source.
 *
 *   git.c         the kind: fetching, listing, reading
 *   git_include.c what pages include from elsewhere in the repository
 *   git_place.c   recognition: which repository, ref and directory is meant
 *   git_url.c     what people paste -> address, ref, directory; address of a file on a forge
 *   git_run.c     the git program as a limited child; its complaints in plain words
 *   git_refs.c    refs of a remote -> the commit that is meant
 *   context7.c    which files a context7.json names */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include "core/source/source.h"

/* ---- git_place.c: see struct source_kind ---- */

bool git_claims(const struct source_request *req);
int git_resolve(const struct source_env *env, const struct source_request *req,
                struct source_place *ret, struct docfs_err *err);

/* ---- git_url.c ---- */

struct git_location { /* owned strings; ref and subdir NULL when not given */
    char *url, *ref, *subdir;
};
void git_location_fini(struct git_location *l);
/* "URL#REF:SUBDIR", the canonical form, to its parts and back. -ENOMEM, -EINVAL. */
int git_location_parse(const char *location, struct git_location *ret, struct docfs_err *err);
char *git_location_text(const struct git_location *l);
/* What a person typed or pasted. 1 when it names a repository beyond doubt, 0 when it does not look
 * like one, -ENOENT when it is a forge's page that no repository belongs to (an owner), -EINVAL,
 * -ENOMEM. Fills ret in with 1, and with 0 as far as any URL goes. */
int git_url_parse(const char *arg, struct git_location *ret, struct docfs_err *err);
/* Host of an address, "" for a local one. */
void git_url_host(const char *url, char *out, size_t size);
/* Where a person can read a file of a commit. NULL when memory is out. */
char *git_file_url(const char *url, const char *commit, const char *path);
/* A directory that git itself would take as a repository: bare, or with .git. */
bool git_is_bare(const char *path);
bool git_is_checkout(const char *path);

/* ---- git_run.c ---- */

/* One call of git. args: after the fixed ones, NULL-terminated. dir: GIT_DIR or NULL. Output goes
 * to out (may be NULL). Failures of the remote side: -EACCES, -ENOENT, -EHOSTUNREACH,
 * -ECONNREFUSED, -ETIMEDOUT, -EIO with a text that names url and says what to do. */
struct git_call {
    const struct source_env *env;
    const char
        *pin; /* "HOST:PORT:ADDRESS" that was judged, or NULL: git looks the host up itself */
    const char *dir, *url; /* url: of the remote "origin", for calls that use the network */
    const char *const *args;
    const void *in;
    size_t in_len;
    struct buf *out;
};
int git_run(const struct git_call *call, struct docfs_err *err);
/* For a remote caller: refuses hosts whose address is not public (-EPERM) and returns the address
 * to pin, so that a second look-up cannot lead elsewhere. *ret NULL: nothing to pin. */
int git_pin(const struct source_env *env, const char *url, char **ret, struct docfs_err *err);
/* git cat-file --batch over dir. */
struct child;
int git_cat_start(const struct source_env *env, const char *dir, struct child **ret,
                  struct docfs_err *err);

/* ---- git_refs.c ---- */

struct git_target {
    char *refname;   /* full name to fetch, or the commit itself; owned */
    char *subdir;    /* owned, NULL = all */
    char commit[65]; /* "" when only the fetch will tell */
};
void git_target_fini(struct git_target *t);
/* Chooses from the output of ls-remote --symref. -ENOENT with near names. */
int git_target_choose(const char *refs, const struct git_location *l, struct git_target *ret,
                      struct docfs_err *err);

/* ---- git.c, git_include.c ---- */

struct git_entry {
    char *path; /* relative to the sub-directory */
    char oid[65];
    int64_t size;
};

/* An object of the commit that was not here: git itself would ask the network for it. */
struct git_missing {
    char oid[65];
    bool fetched; /* since */
};

struct git {
    const struct source_env *env;
    struct git_location where;
    struct git_target target;
    char *dir; /* GIT_DIR */
    char *pin; /* see struct git_call */
    char commit[65];
    int64_t time_ns; /* of the commit */
    struct buf tree; /* "MODE TYPE OID<tab>PATH<nul>"... of the commit */
    struct git_entry *entry;
    size_t n;               /* ordered by path after listing */
    char *within;           /* path of the listing in the repository */
    struct git_entry *file; /* all plain files of the commit, read when a page includes one */
    size_t n_files;
    bool files_read;
    struct git_missing *missing; /* sorted; NULL: not asked for yet */
    size_t n_missing;
    pthread_mutex_t lock;
    struct child *cat;
};

#define GIT_ARGS(...) ((const char *const[]){__VA_ARGS__, NULL})
/* git_run in the repository that is kept; network: with its address. */
int git_do(const struct git *g, bool network, struct buf *out, const void *in, size_t in_len,
           const char *const *args, struct docfs_err *err);
/* Notes once which objects of the commit are not here. */
int git_find_missing(struct git *g, struct docfs_err *err);
bool git_is_here(const struct git *g, const struct git_entry *e);
/* Fetches missing objects in one go. want: ids, each with a line end; may be empty. */
int git_fetch_missing(struct git *g, const struct buf *want, struct docfs_err *err);
/* Appends an object when it has at most max bytes (-EFBIG). It has to be here. g->lock held
 * once there are several threads. */
int git_cat(struct git *g, const char *oid, size_t max, struct buf *out, struct docfs_err *err);
int git_by_path(const void *a, const void *b); /* of struct git_entry */

/* See within, beside and want of struct source_kind. */
int git_find_within(struct git *g, struct docfs_err *err);
const char *git_within(void *handle);
int git_beside(void *handle, const char *path, size_t max, struct buf *out);
int git_want(void *handle, const char *const *paths, size_t n, struct docfs_err *err);

/* ---- context7.c ---- */

struct context7;
/* NULL when the text is no such file. */
struct context7 *context7_parse(const char *text, size_t len);
bool context7_accepts(const struct context7 *c, const char *path);
void context7_free(struct context7 *c);
