/* SPDX-License-Identifier: MIT
 * Where documents come from. A source lists its files and gives their bytes; it knows nothing of
 * formats or of the store.
 *
 *   source.c     the table of kinds; recognition; one opened source
 *   directory.c  a directory tree or one file
 *   git.h        git repositories
 *   archive.h    archives, local and of the web
 *   client.h     HTTP with the limits of the settings
 *   web.c        a web site (web.h names its parts)
 *   catalogue.h  technologies known by name
 *   package.c    Debian packages and manual pages of this machine
 *   project.c    what a lock file names, from the local installation
 *
 * One kind is one file with one vtable, named in source.c. What a person typed becomes a kind and
 * a canonical location (source_resolve, no network); location and kind are stored and are all that
 * a refresh needs, so a location never holds a secret. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/err.h"

#define SOURCE_DEPTH_MAX 128 /* components of a path */

struct source_file {
    char *path; /* relative, '/'-separated, any bytes but NUL; owned */
    int64_t size, mtime_ns;
    const char *refused; /* NULL, or why it is listed but must not be read (static text) */
    /* Owned, each may be NULL: */
    char *version; /* same text = same bytes (blob id, ETag); without it size and mtime decide */
    char *url;     /* where a person can read this very file */
    char *title;   /* what the source itself calls it; wins over the title found in the file */
};

struct source_files {
    struct source_file *item; /* ordered bytewise by path once the source was listed */
    size_t n;
};

void source_files_fini(struct source_files *f);
/* Appends a file with a copy of path; the caller fills the rest in. NULL when memory is out. */
struct source_file *source_files_add(struct source_files *f, const char *path);
/* Orders bytewise by path and drops repeated paths (the first stays). */
void source_files_sort(struct source_files *f);
/* Drops the markers (source_is_marker) that the filter did not ask for. */
struct source_filter;
void source_files_drop_markers(struct source_files *f, const struct source_filter *filter);
/* The file of that path in an ordered list, or NULL. */
struct source_file *source_files_find(const struct source_files *f, const char *path);

struct source_filter {
    const char *const *include; /* globs (name_glob), NULL-terminated, or NULL = everything */
    const char *const *exclude;
    size_t max_files; /* beyond: -EFBIG */
    size_t max_file;  /* bytes; larger ones need not be kept for read() */
};
bool source_filter_accepts(const struct source_filter *f, const char *path);
/* -EFBIG with the way out when n files are too many. */
int source_filter_room(const struct source_filter *f, size_t n, struct docfs_err *err);

/* Bounds of what comes from outside; every one is a setting. */
struct source_limits {
    int64_t max_bytes;   /* that one source may fetch or unpack */
    int64_t max_entries; /* of an archive */
    int64_t max_ratio;   /* unpacked to packed bytes */
    int64_t max_nesting; /* archives inside archives */
    int max_redirects;   /* of one address */
    size_t max_sitemaps; /* files of one site */
    unsigned max_sitemap_depth;
    size_t max_hosts;    /* of one site */
    size_t max_headers;  /* bytes of one answer */
    size_t max_memory;   /* bytes of a git process */
    unsigned delay_ms;   /* longest wait that a site may ask for */
    size_t max_links;    /* of one page */
    unsigned timeout_ms; /* one step over the network or of a helper program */
    unsigned page_ms;    /* one page of a web site */
    unsigned stall_ms;   /* silence, or a trickle, of a server */
};

/* What a source may use of its host. Borrowed by an opened source. */
struct source_env {
    const char *cache_dir;  /* of the cache; what is kept between runs goes to its "sources" folder,
                               which may be deleted at any time. NULL: keep nothing */
    const char *token_file; /* lines "HOST TOKEN", or NULL */
    const char *catalogue;  /* file of further technologies, or NULL */
    const char *const *options; /* NAME=VALUE of this kind, NULL-terminated, or NULL */
    const char *root;           /* directory that a --subdir was taken of, or NULL */
    bool remote_caller;         /* asked for over the network: nothing of this machine is read */
    bool allow_private;         /* hosts of the web that turn out to be private may be asked */
    struct source_limits limits;
    int (*stop)(void *arg); /* non-zero: give up with -ECANCELED; may be NULL; any thread */
    void *stop_arg;
};

/* What a person asked for. */
struct source_request {
    const char *arg;    /* path, URL or name */
    const char *kind;   /* NULL: recognised */
    const char *ref;    /* branch, tag or commit; NULL: not given */
    const char *subdir; /* only this directory of it; NULL: all */
};

struct source_kind;

/* What it means. Owned strings. */
struct source_place {
    const struct source_kind *kind;
    char *location; /* canonical; shown and stored */
    char *name;     /* for the collection, any text; NULL: from the location */
    char *version;  /* or NULL */
    char *root;     /* directory that the location is a part of, or NULL */
    char **include; /* globs to use when the user gave none, or NULL */
    char **exclude;
};
void source_place_fini(struct source_place *p);

/* One kind of source. Handles are thread-safe for read(). */
struct source_kind {
    const char *name; /* 'directory': stored in sources.kind */
    bool local;       /* reads this machine: refused for a remote_caller */
    /* True when arg is one of this kind. Asked in the order of the table; looks at the text and at
     * most at the file system. NULL: only by name. */
    bool (*claims)(const struct source_request *req);
    /* Fills the place in (kind is set already and may be replaced by another one). Errors name what
     * was typed and the way out. */
    int (*resolve)(const struct source_env *env, const struct source_request *req,
                   struct source_place *ret, struct docfs_err *err);
    /* -ENOENT, -ENOTDIR, -EACCES (a login is needed), -EHOSTUNREACH with a text naming the
     * location. */
    int (*open)(const struct source_env *env, const char *location, void **ret,
                struct docfs_err *err);
    /* Any order: source_list() sorts. */
    int (*list)(void *handle, const struct source_filter *filter, struct source_files *ret,
                struct docfs_err *err);
    /* Appends at most max bytes of a listed file to out; -EFBIG beyond. *ret_mtime_ns: of the
     * bytes that were read. */
    int (*read)(void *handle, const char *path, size_t max, struct buf *out, int64_t *ret_mtime_ns,
                struct docfs_err *err);
    /* After list(): what exactly was read (a commit), borrowed from the handle; "" when unknown.
     * May be NULL. */
    const char *(*revision)(void *handle);
    /* For pages that include other files: what the listing is a part of, as far as its owner
     * offered it (the repository, the archive, the directory of a --subdir). Paths are relative to
     * that and were checked by source_beside(). All three NULL: pages include nothing.
     * within: path of the listing there, "" when it is the whole; NULL: see above. */
    const char *(*within)(void *handle);
    /* Any regular file there, whatever the filter. -ENOENT; -ELOOP: a symbolic link; -ENODATA:
     * want() has to bring it here first. Any thread, but not while want() runs. */
    int (*beside)(void *handle, const char *path, size_t max, struct buf *out);
    /* Brings those that exist here. NULL: all are here. */
    int (*want)(void *handle, const char *const *paths, size_t n, struct docfs_err *err);
    void (*close)(void *handle);
    /* New string that source_work_dir() is given for this location, for a kind that keeps something
     * between runs; NULL when memory is out. May be NULL: keeps nothing. */
    char *(*kept)(const char *location);
};

extern const struct source_kind source_bundle;    /* what docfs export wrote */
extern const struct source_kind source_directory; /* also a single file */
extern const struct source_kind source_git;
extern const struct source_kind source_archive;
extern const struct source_kind source_web;
extern const struct source_kind source_catalogue;
extern const struct source_kind source_package, source_man, source_project;

/* Directories of that name are never read: version control, package caches. */
bool source_pruned(const char *name);
/* The kind with that stored name, or NULL. */
const struct source_kind *source_kind_named(const char *name);

/* What req means. *ret is untouched on failure. -ENOENT: nothing of that name, -EINVAL. */
int source_resolve(const struct source_env *env, const struct source_request *req,
                   struct source_place *ret, struct docfs_err *err);

/* ---- an opened source ---- */

struct source;

int source_open(const struct source_kind *kind, const struct source_env *env, const char *location,
                struct source **ret, struct docfs_err *err);
int source_list(struct source *s, const struct source_filter *filter, struct source_files *ret,
                struct docfs_err *err);
int source_read(struct source *s, const char *path, size_t max, struct buf *out,
                int64_t *ret_mtime_ns, struct docfs_err *err);
const char *source_revision(struct source *s);
/* See within, beside and want of struct source_kind. */
const char *source_within(struct source *s);
int source_beside(struct source *s, const char *path, size_t max, struct buf *out);
bool source_fetches(const struct source *s); /* has files that source_want() brings */
int source_want(struct source *s, const char *const *paths, size_t n, struct docfs_err *err);
void source_close(struct source *s); /* NULL allowed */

/* ---- for the kinds ---- */

bool source_stopped(const struct source_env *env);
/* -ENOENT with the way out when arg looks like an address without https:// in front
 * ("www.example.org", "example.org/docs"), else 0. */
int source_address_err(const char *arg, struct docfs_err *err);
/* "https" of "https://host/", 0 when arg is no URL: length of the scheme. */
size_t source_url_scheme(const char *arg);
/* Why a path inside an archive or a repository must not be used, or NULL when it is fine: absolute,
 * "..", empty or overlong components, control bytes, too deep. Static text. */
const char *source_path_refused(const char *path);
/* A file that tells what kind of collection its directory is (objects.inv, Info.plist, ...): kept
 * for source_read() although no filter asks for it. */
bool source_is_marker(const char *path);
/* Deletes what is kept of a location. */
void source_forget(const char *cache_dir, const char *kept);
/* A directory below env->cache_dir that belongs to this location, made when it is missing; the
 * caller frees *ret. -EROFS when there is no cache directory. */
int source_work_dir(const struct source_env *env, const char *kind, const char *location,
                    char **ret, struct docfs_err *err);
/* Patterns of documentation files, for sources that hold much else (NULL-terminated). */
extern const char *const source_doc_globs[];
/* What lies beside it and looks like it, but is there for tests to read. */
extern const char *const source_test_globs[];
char **source_strings_dup(const char *const *list); /* NULL when memory is out */
void source_strings_free(char **list);
