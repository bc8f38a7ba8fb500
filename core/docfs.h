/* SPDX-License-Identifier: MIT
 * libdocfs: one documentation cache, opened by any number of processes at once.
 *
 * Rules that hold for every call:
 *  - Returns 0 (or a count) or -errno; err (may be NULL) then holds one line for a person.
 *  - `ret` results belong to the caller and are released with the named function; they are left
 *    untouched on failure. A const pointer inside a result lives as long as the result.
 *  - struct docfs is thread-safe. No reader waits for an ingest.
 *  - The library never prints, never exits and installs no signal handler.
 *  - Names tell units: _ns nanoseconds and _ms milliseconds, _at seconds, since the epoch; sizes
 * are bytes. Strings are UTF-8 unless a comment says bytes.
 *
 * Codes a caller may branch on: -ENOENT (no such thing), -EEXIST, -EINVAL (bad argument, the
 * message names it), -EROFS (cache opened read-only), -EBUSY (another process writes too long),
 * -EBADMSG (the database is damaged), -ENODEV (it was removed while in use), -EPROTO (made by a
 * newer docfs), -ESTALE (the version of a document is gone), -ECANCELED. Everything else: report
 * it. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/text/name.h"
#include "core/text/query.h"
#include "core/util/err.h"
#include "core/util/scope.h"

struct docfs;

/* ---- opening ------------------------------------------------------------------------------ */

struct docfs_options {
    const char *cache;      /* directory; NULL: $DOCFS_CACHE, $STORAGE_DIR, "cache:" of the settings
                               files, $XDG_DATA_HOME/docfs, $HOME/.local/share/docfs */
    bool read_only;         /* never write anything; the cache must exist */
    bool must_exist;        /* do not create an empty cache */
    const char *const *set; /* settings "key=value" that overrule all others; NULL-terminated, or
                               NULL */
};

/* opt NULL: all defaults. A cache that is not there is made, unless opt says otherwise (-ENOENT).
 * One that may not be written is opened read-only: what changes it then fails with -EROFS. */
DOCFS_API int docfs_open(const struct docfs_options *opt, struct docfs **ret,
                         struct docfs_err *err);
DOCFS_API void docfs_close(struct docfs *d); /* NULL allowed */
DEFINE_CLEANUP(struct docfs, docfs_close)
/* Absolute path of the cache directory. */
DOCFS_API const char *docfs_path(const struct docfs *d);
DOCFS_API const char *docfs_version(void);

/* The database was replaced by another one while it was in use: every call fails with -ENODEV until
 * the cache is closed and opened again. Noticed by a running service (docfs_health.h). */
DOCFS_API bool docfs_replaced(struct docfs *d);

/* Number that grows with each published change. Cheap: no I/O but one pragma. */
DOCFS_API int docfs_generation(struct docfs *d, uint64_t *ret, struct docfs_err *err);

/* ---- the tree ----------------------------------------------------------------------------- */

/* One directory entry: a directory, or one version of a document. */
struct docfs_entry {
    bool is_dir;
    int64_t id;      /* directory row, or document row */
    int64_t content; /* version row of a document; 0 for directories */
    int64_t parent;  /* directory row holding it (0 for the root of a collection) */
    int64_t size;    /* bytes of markdown */
    int64_t mtime_ns;
    size_t name_len;
    char name[256];
};

/* Directory 0 is the list of collections. -ENOENT when there is no such name. */
DOCFS_API int docfs_lookup(struct docfs *d, int64_t directory, const char *name, size_t len,
                           struct docfs_entry *ret, struct docfs_err *err);
/* A path of components below the list of collections: "python@3.11/library/os.md". */
DOCFS_API int docfs_lookup_path(struct docfs *d, const char *path, struct docfs_entry *ret,
                                struct docfs_err *err);
struct docfs_listing {
    struct docfs_entry *item; /* ordered by name, bytewise */
    size_t n;
};
DOCFS_API int docfs_list(struct docfs *d, int64_t directory, struct docfs_listing **ret,
                         struct docfs_err *err);
DOCFS_API void docfs_listing_free(struct docfs_listing *l);
DEFINE_CLEANUP(struct docfs_listing, docfs_listing_free)
/* The entry of a directory row (its own name and parent). */
DOCFS_API int docfs_directory(struct docfs *d, int64_t directory, struct docfs_entry *ret,
                              struct docfs_err *err);
/* New string "collection/path/of/it" for a directory (0 gives ""), caller frees. */
DOCFS_API int docfs_directory_path(struct docfs *d, int64_t directory, char **ret,
                                   struct docfs_err *err);

/* Copies bytes [offset, offset+size) of a version into data; returns the count (0 at the end) or
 * -ESTALE when that version was removed. */
DOCFS_API int64_t docfs_read(struct docfs *d, int64_t content, void *data, size_t size,
                             int64_t offset, struct docfs_err *err);

struct docfs_document {
    int64_t id, content, directory;
    char public_id[DOC_ID_LEN + 1];
    const char *collection;  /* "python@3.11" */
    const char *path;        /* "library/os.md", in the collection; bytes, NUL-terminated */
    const char *title, *url; /* url "" when unknown */
    const char *origin;      /* path or URL of the original */
    const char *format, *lang, *mime;
    char sha256[65];
    int64_t size, lines;
    int64_t mtime_ns, fetched_at, changed_at;
    int64_t checked_at, stale_at; /* known to be current; stale from then on (0 = never) */
    unsigned signs;       /* docfs_hygiene.h: what it is besides documentation, 0 = nothing */
    const char *findings; /* lines "sign TAB line TAB what" */
    size_t passages;
    /* What a model wrote about it (docfs_summaries.h); NULL = nothing. */
    const char *summary, *summary_model;
    int64_t summary_at;
};
/* -ENOENT: no document has that row. */
DOCFS_API int docfs_document(struct docfs *d, int64_t id, struct docfs_document **ret,
                             struct docfs_err *err);
DOCFS_API void docfs_document_free(struct docfs_document *doc);
DEFINE_CLEANUP(struct docfs_document, docfs_document_free)

/* What a person types for a document -> its row: "collection/path", where the collection may lack
 * its version when only one has the name, and the path may be as a link has it ("page/",
 * "page.html#part", "../page"); a path inside a mount (.../docs/collection/path or a result name);
 * a public id; or a result name NN-slug.id.md. -ENOENT with a suggestion. */
DOCFS_API int docfs_resolve(struct docfs *d, const char *what, int64_t *ret, struct docfs_err *err);
/* The same with ":LINES" after it, as results print it; without them all lines, from 1 to 0. */
DOCFS_API int docfs_resolve_lines(struct docfs *d, const char *what, int64_t *ret,
                                  int64_t *ret_first, int64_t *ret_last, struct docfs_err *err);
/* Where a link in a document leads: new string "collection/path", caller frees. A directory is the
 * page that stands for it, when there is one. -ENOENT: to nothing in the collection. */
DOCFS_API int docfs_follow(struct docfs *d, int64_t from, const char *to, char **ret,
                           bool *ret_is_dir, struct docfs_err *err);
/* "12", "12-40" or "12-" (*ret_last = 0: to the end), counted from 1; false when it is neither. */
DOCFS_API bool docfs_parse_lines(const char *s, int64_t *ret_first, int64_t *ret_last);

/* Changes of the tree after generation `since`, oldest first; *ret_generation is the generation
 * reached. all = the log no longer reaches back to `since`: forget everything. */
struct docfs_change {
    int64_t directory; /* 0 = the list of collections */
    size_t name_len;
    char name[256];
};
struct docfs_changes {
    struct docfs_change *item;
    size_t n;
    bool all;
};
DOCFS_API int docfs_changes(struct docfs *d, uint64_t since, uint64_t *ret_generation,
                            struct docfs_changes **ret, struct docfs_err *err);
DOCFS_API void docfs_changes_free(struct docfs_changes *c);
DEFINE_CLEANUP(struct docfs_changes, docfs_changes_free)

/* ---- search ------------------------------------------------------------------------------- */

/* Another place of (nearly) the same text. */
#define DOCFS_ALSO_MAX 8
struct docfs_also {
    int64_t document;
    char public_id[DOC_ID_LEN + 1];
    const char *collection, *path;
};

struct docfs_hit {
    int64_t document, content, passage, directory;
    char public_id[DOC_ID_LEN + 1];
    const char *collection, *path, *title, *url;
    const char *heading;  /* heading path of the passage */
    const char *snippet;  /* one line of plain text */
    uint32_t line, lines; /* of the passage in the document */
    unsigned signs;       /* of the document, docfs_hygiene.h */
    int64_t size, mtime_ns;
    int64_t checked_at, stale_at; /* see struct docfs_document */
    double score;                 /* 0..1 within one result list, comparable in it only */
    /* why */
    int lex_rank, vec_rank;      /* 1-based rank among the candidates, 0 = not among them */
    double lex_score, vec_score; /* -bm25 and cosine */
    double prior;                /* what feedback added (docfs_feedback.h) */
    double boost;                /* part of the score for title and definition */
    unsigned matches;            /* passages of this document among the candidates */
    struct docfs_also *also;     /* copies that were folded into this hit, newer versions first, at
                                    most DOCFS_ALSO_MAX (copies=all shows all) */
    size_t n_also;
    char name[SLUG_MAX + 32]; /* result file name: NN-slug.id.md, NNN of more than 99 */
};

struct docfs_results {
    struct docfs_hit *hit; /* ordered by score, ties by document row */
    size_t n;
    const char *query; /* canonical text */
    uint64_t generation;
    size_t candidates;   /* documents considered */
    size_t below;        /* of the n hits the last `below` are under the threshold: shown as the
                            nearest neighbours, only when nothing else was found (n == below) */
    size_t pending;      /* files not yet indexed by a running ingest */
    bool partial;        /* words only, or not reranked, because a server or model is not there */
    double sufficiency;  /* 0..1: how well this answers, by rule (docfs_gaps.h) */
    const char *unknown; /* words of the question that no document holds, "" = all are known */
    const char *note;    /* "" or one sentence: why few or none, spelling neighbours, ... */
    double seconds;
};

/* scope: directory row to search below, 0 = everything. Results are cached by canonical query,
 * scope and generation, and shared: release with docfs_results_unref. */
DOCFS_API int docfs_search(struct docfs *d, const struct query *q, int64_t scope,
                           struct docfs_results **ret, struct docfs_err *err);
/* Refinement: the documents of the first 200 hits of q, ordered for `refine`. */
DOCFS_API int docfs_refine(struct docfs *d, const struct query *q, const struct query *refine,
                           int64_t scope, struct docfs_results **ret, struct docfs_err *err);
/* The k documents nearest to a document, itself excluded. */
DOCFS_API int docfs_similar(struct docfs *d, int64_t document, unsigned k,
                            struct docfs_results **ret, struct docfs_err *err);
/* One more reference, to be given back with docfs_results_unref; returns r. */
DOCFS_API struct docfs_results *docfs_results_ref(struct docfs_results *r);
DOCFS_API void docfs_results_unref(struct docfs_results *r);
DEFINE_CLEANUP(struct docfs_results, docfs_results_unref)
/* Remembers that a person or program asked (query log, .docfs/recent). Never fails the caller. */
DOCFS_API void docfs_log_query(struct docfs *d, const char *door, const char *query, size_t hits,
                               double seconds);
struct docfs_recent {
    const char *query, *door;
    int64_t at;
    size_t hits;
};
struct docfs_recents {
    struct docfs_recent *item; /* newest first */
    size_t n;
};
DOCFS_API int docfs_recent(struct docfs *d, size_t max, struct docfs_recents **ret,
                           struct docfs_err *err);
DOCFS_API void docfs_recents_free(struct docfs_recents *r);
DEFINE_CLEANUP(struct docfs_recents, docfs_recents_free)

/* Saved queries: names in saved/. */
struct docfs_saved {
    const char *name, *query;
};
struct docfs_saveds {
    struct docfs_saved *item; /* ordered by name */
    size_t n;
};
/* Replaces the query of a name that is taken. -EINVAL: no name for a file, or no query. */
DOCFS_API int docfs_save(struct docfs *d, const char *name, const char *query,
                         struct docfs_err *err);
/* -ENOENT: nothing is saved under that name. */
DOCFS_API int docfs_unsave(struct docfs *d, const char *name, struct docfs_err *err);
DOCFS_API int docfs_saved(struct docfs *d, struct docfs_saveds **ret, struct docfs_err *err);
DOCFS_API void docfs_saveds_free(struct docfs_saveds *s);
DEFINE_CLEANUP(struct docfs_saveds, docfs_saveds_free)

/* ---- ingest ------------------------------------------------------------------------------- */

struct docfs_ingest_options {
    const char *collection;     /* NAME or NAME@VERSION; NULL: from what is added */
    const char *kind;           /* docfs_add: kind of source; NULL: recognised */
    const char *ref;            /* docfs_add: branch, tag or commit; NULL: the default one */
    const char *subdir;         /* docfs_add: only this directory of it; NULL: all */
    const char *const *include; /* globs (name_glob), NULL-terminated; NULL = everything */
    const char *const *exclude;
    const char *policy;         /* docfs_policy_parse (docfs_freshness.h); NULL = as it is */
    const char *const *options; /* docfs_add: NAME=VALUE of this kind of source, NULL-terminated,
                                   see docfs-sources(7); kept with the source */
    int64_t max_file;           /* bytes after decompression, 0 = 64 MiB */
    unsigned threads;           /* 0 = all cores */
    bool force;                 /* convert again although nothing changed */
    bool remote;                /* asked for over the network: what is on this machine is refused */
    int64_t source; /* docfs_refresh: only this row of sources, 0 = all of the collection */
    int64_t job;    /* the queued job this run belongs to (docfs_jobs.h), 0 = a job of its own */
};

enum docfs_ingest_phase { INGEST_SCAN, INGEST_CONVERT, INGEST_INDEX };

struct docfs_progress {
    enum docfs_ingest_phase phase;
    const char *source;         /* what is being read */
    size_t files, files_done;   /* to convert; done */
    int64_t bytes, bytes_done;  /* of those files */
    size_t documents, passages; /* written */
    size_t embedded;            /* passages that got a vector after they were written */
    size_t failed;
    double seconds;
};
/* Called from the calling thread about ten times a second; non-zero cancels (-ECANCELED; what
 * was committed stays). */
typedef int docfs_progress_fn(void *arg, const struct docfs_progress *p);

struct docfs_report {
    size_t files;                                                   /* seen */
    size_t unchanged, converted, failed, skipped, removed, renamed; /* files */
    size_t documents, passages;                                     /* written */
    int64_t bytes;                                                  /* raw bytes converted */
    size_t flagged;                                                 /* written, with signs */
    double seconds;
    bool rebuilt_index;
    char collection[101];  /* of the last source */
    size_t embedded;       /* passages that got their vector after they were written ... */
    size_t reused;         /* ... and those of them whose text had been embedded before */
    size_t waiting;        /* passages of the cache without a vector: found by words only */
    char waiting_why[256]; /* "" or one sentence */
};

/* Adds a source and ingests it: a directory, a file, a URL or a name that docfs knows. Its kind is
 * recognised (docfs-sources(7)) unless opt says it. Adding it again refreshes it. Errors name
 * what was typed: -ENOENT nothing there, -EACCES a login is needed or it is not allowed,
 * -EHOSTUNREACH, -EINVAL.
 * One bad file never stops the job: see docfs_failures. */
DOCFS_API int docfs_add(struct docfs *d, const char *location,
                        const struct docfs_ingest_options *opt, docfs_progress_fn *progress,
                        void *arg, struct docfs_report *ret, struct docfs_err *err);
/* Refreshes all sources of a collection, or all (NULL). Unreachable sources are reported by
 * -ENOENT after the others were done. */
DOCFS_API int docfs_refresh(struct docfs *d, const char *collection,
                            const struct docfs_ingest_options *opt, docfs_progress_fn *progress,
                            void *arg, struct docfs_report *ret, struct docfs_err *err);
/* Embeds the passages that have no vector. When the settings ask for another model than the vectors
 * are of, makes those of the new one beside them, and exchanges them when all are there. Fails with
 * a sentence when the embedding server does not answer; what was embedded is kept. ret (may be
 * NULL) gets embedded, reused, waiting, seconds. */
DOCFS_API int docfs_reembed(struct docfs *d, docfs_progress_fn *progress, void *arg,
                            struct docfs_report *ret, struct docfs_err *err);
/* Removes a collection with everything in it. -ENOENT: no such collection. */
DOCFS_API int docfs_remove(struct docfs *d, const char *collection, struct docfs_err *err);

/* A document that is already markdown, without a file behind it (eval, API upload). */
struct docfs_raw {
    const char *path, *title, *url, *markdown;
    size_t len;
};
/* Adds or replaces n documents of a collection in one transaction. */
DOCFS_API int docfs_add_raw(struct docfs *d, const char *collection, const struct docfs_raw *doc,
                            size_t n, struct docfs_err *err);
/* Removes such a document; one that is not there is no error. -ENOENT: the collection has none. */
DOCFS_API int docfs_remove_raw(struct docfs *d, const char *collection, const char *path,
                               struct docfs_err *err);

struct docfs_failure {
    const char *collection, *path, *outcome, *reason; /* outcome: "failed" or "skipped" */
};
struct docfs_failures {
    struct docfs_failure *item;
    size_t n;
};
/* Files left out, all collections when NULL; at most max. */
DOCFS_API int docfs_failures(struct docfs *d, const char *collection, size_t max,
                             struct docfs_failures **ret, struct docfs_err *err);
DOCFS_API void docfs_failures_free(struct docfs_failures *f);
DEFINE_CLEANUP(struct docfs_failures, docfs_failures_free)

/* ---- looking after it --------------------------------------------------------------------- */

struct docfs_collection {
    int64_t id, root; /* root: directory row */
    const char *name, *version, *title, *location, *outcome;
    const char *kind;     /* of its (first) source: "directory", "git", ... */
    const char *revision; /* what exactly was read last: a commit; "" when there is no such thing */
    size_t documents, passages, failed;
    int64_t bytes, checked_at, changed_at;
    int64_t newest;   /* grows with every new version of a document; 0: there is none */
    int64_t stale_at; /* of the source that is stale first, 0 = none ever */
};
struct docfs_collections {
    struct docfs_collection *item; /* ordered by name */
    size_t n;
};
DOCFS_API int docfs_collections(struct docfs *d, struct docfs_collections **ret,
                                struct docfs_err *err);
DOCFS_API void docfs_collections_free(struct docfs_collections *c);
DEFINE_CLEANUP(struct docfs_collections, docfs_collections_free)
/* The collection a person means: its full name or, unless exact, its name without the version when
 * only one has it. *ret lives as long as `all`. -ENOENT with a suggestion. */
DOCFS_API int docfs_collection_find(const struct docfs_collections *all, const char *name,
                                    bool exact, const struct docfs_collection **ret,
                                    struct docfs_err *err);

struct docfs_status {
    uint64_t generation;
    int schema;
    size_t collections, documents, passages, vectors, failed;
    int64_t bytes; /* of markdown */
    int64_t db_bytes, index_bytes;
    char fingerprint[128]; /* of the stored vectors */
    size_t index_base, index_tail, index_dead;
    bool index_graph;
    size_t stale;   /* sources whose documents are stale (docfs_freshness.h) */
    bool ingesting; /* a job of a living process is running */
    size_t job_total, job_done;
    size_t jobs_waiting, jobs_running;    /* now */
    size_t jobs_failed, jobs_interrupted; /* in the last 24 h; interrupted: their process died */
    uint64_t cache_hits, cache_misses;    /* results served by this process */
};
DOCFS_API int docfs_status(struct docfs *d, struct docfs_status *ret, struct docfs_err *err);

/* Checks database, full text, vectors and index against each other; each finding is one call of
 * fn. repair: rebuild what is derived (index, full text, vectors), drop what is orphaned.
 * Returns the number of findings left (0 = sound) or -errno. */
typedef void docfs_finding_fn(void *arg, const char *what, bool repaired);
DOCFS_API int docfs_verify(struct docfs *d, bool repair, docfs_finding_fn *fn, void *arg,
                           struct docfs_err *err);

/* ---- further areas --------------------------------------------------------------------------- */

#include "core/docfs_access.h"
#include "core/docfs_answer.h"
#include "core/docfs_gaps.h"
#include "core/docfs_hygiene.h"
#include "core/docfs_health.h"
#include "core/docfs_feedback.h"
#include "core/docfs_freshness.h"
#include "core/docfs_jobs.h"
#include "core/docfs_convert.h"
#include "core/docfs_model.h"
#include "core/docfs_providers.h"
#include "core/docfs_records.h"
#include "core/docfs_settings.h"
#include "core/docfs_sources.h"
#include "core/docfs_tune.h"
