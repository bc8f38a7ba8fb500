/* SPDX-License-Identifier: MIT
 * Inside of the git source.
 *
 *   git.c         the kind: fetching, listing, reading
 *   git_place.c   recognition: which repository, ref and directory is meant
 *   git_url.c     what people paste -> address, ref, directory; address of a file on a forge
 *   git_run.c     the git program as a limited child; its complaints in plain words
 *   git_refs.c    refs of a remote -> the commit that is meant
 *   context7.c    which files a context7.json names */
#pragma once
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

/* ---- context7.c ---- */

struct context7;
/* NULL when the text is no such file. */
struct context7 *context7_parse(const char *text, size_t len);
bool context7_accepts(const struct context7 *c, const char *path);
const char *context7_title(const struct context7 *c); /* NULL: none given */
void context7_free(struct context7 *c);
