/* SPDX-License-Identifier: MIT
 * The only SQLite user: everything docfs knows lives in docfs.db and is read and written here.
 *
 * Connections: one writer (serialised inside the process by a mutex, between processes by SQLite),
 * and a pool of readers. struct store is thread-safe. A struct store_read is one borrowed reader
 * connection inside a read transaction: everything read through it is one consistent state. It
 * belongs to the thread that began it.
 *
 * Errors: -ENOENT no such row, -EBADMSG damaged database, -EBUSY locked for too long (setting
 * busy_ms), -ENOSPC, -EROFS, -EPROTO newer schema; the text names the database file. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/text/sketch.h"
#include "core/util/best.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/err.h"
#include "core/util/hash.h"

struct store;
struct store_read;
struct store_write;

/* ---- opening ---- */

/* Opens (and unless must_exist creates, and migrates forward) dir/docfs.db. */
int store_open(const char *dir, bool read_only, bool must_exist, struct store **ret,
               struct docfs_err *err);
void store_close(struct store *s);
/* Longest wait for another writing process from now on; before the store is used by others. */
void store_set_busy(struct store *s, unsigned ms);

/* Nothing can be written: asked for at open, or the directory does not allow it. On a medium where
 * no lock file can be made the database is taken as unchanging while it is open. */
bool store_is_read_only(const struct store *s);

/* Is everything well with the database? Looks whether its file is still the one that was opened
 * (-ENODEV with text: removed or replaced; every read and write fails so from then on, until it is
 * back), and after a failure (damaged, unreadable, full, locked) whether that is over. To be called
 * now and then by whoever runs for long. Cheap while all is well. */
int store_check(struct store *s, struct docfs_err *err);
/* The last look found another file in its place: only opening again helps. */
bool store_replaced(const struct store *s);

/* Generation as of now. Cheap: PRAGMA data_version on a dedicated connection; the row is read only
 * when that moved or this process wrote. */
int store_generation(struct store *s, uint64_t *ret, struct docfs_err *err);

/* A setting's stored value now, or "" when it is not set. Cheap: kept in memory until any process
 * writes to the database. */
int store_setting_now(struct store *s, const char *key, char *ret, size_t size,
                      struct docfs_err *err);

/* ---- reading: borrow, use, give back ---- */

int store_read_begin(struct store *s, struct store_read **ret, struct docfs_err *err);
void store_read_end(struct store_read *r); /* NULL allowed */
DEFINE_CLEANUP(struct store_read, store_read_end)
#define _cleanup_read_ _cleanup_(store_read_endp)
uint64_t store_read_generation(struct store_read *r);

/* Lexical candidates: the best `limit` rows by bm25, ties by passage. */
struct store_lex_query {
    const char *match; /* FTS5 expression */
    double weight[3];  /* of title, heading, body */
    const int64_t *df; /* rows that hold each phrase of match, in order; -1: to be counted, which
                          costs a walk over them. NULL: all are */
    size_t n_df;
    int64_t after;                              /* only passages above this number */
    bool (*allow)(void *arg, int64_t document); /* NULL: all */
    void *arg;
    int64_t deadline_ns; /* clock_mono_ns; past it the query ends with -ETIMEDOUT; 0 = none */
};
/* out holds limit rows; their scores are -bm25. Returns the count or -errno; -EINVAL when FTS5
 * rejects the expression. */
int store_lex_search(struct store_read *r, const struct store_lex_query *q, size_t limit,
                     struct best *out, struct docfs_err *err);
/* Passages in which a (tokenised, stemmed as indexed) term occurs; 0 when none. Cached per
 * generation. */
int64_t store_term_df(struct store_read *r, const char *term);
/* Passages above the number `after` in which a word, not stemmed, occurs; -1 when they cannot be
 * counted. */
int64_t store_term_df_after(struct store_read *r, const char *word, int64_t after);
/* What bm25 counts with: rows of the full text, the words in them, and what a word in df of the
 * rows weighs. */
int store_text_totals(struct store_read *r, int64_t *ret_rows, int64_t *ret_words,
                      struct docfs_err *err);
double store_text_idf(int64_t rows, int64_t df);
/* Passages above `after` as they are indexed, ascending; fn returns 0 or -errno, which ends the
 * walk. */
int store_texts(struct store_read *r, int64_t after,
                int (*fn)(void *arg, int64_t passage, int64_t document, const char *title,
                          const char *heading, const char *text, size_t len),
                void *arg, struct docfs_err *err);
/* Passages with a number above `after`. */
int store_passages_after(struct store_read *r, int64_t after, int64_t *ret, struct docfs_err *err);
/* Terms of the index that begin with prefix, most frequent first, at most n; each call of fn. */
int store_terms(struct store_read *r, const char *prefix, size_t n,
                void (*fn)(void *arg, const char *term, int64_t df), void *arg,
                struct docfs_err *err);
/* Number of passages, and the largest id. */
int store_passage_count(struct store_read *r, int64_t *ret_n, int64_t *ret_last,
                        struct docfs_err *err);

/* What is known about how current a document, or a source, is. */
struct store_fresh {
    int64_t fetched_at, ok_at, every; /* fetched_at 0: of a source */
    bool failed;                      /* the last run over the source, or the file in it */
    bool fixed;                       /* put in directly: there is no source to go back to */
    bool interval;
};

/* One passage with its document; strings are owned by the row (store_passage_fini). */
struct store_passage {
    int64_t passage, document, content, directory;
    char *collection, *path, *title, *url, *heading;
    char *text; /* the passage's bytes, NUL-terminated */
    size_t text_len;
    uint32_t line, lines;
    unsigned signs;
    int64_t size, mtime_ns;
    struct store_fresh fresh;
    int64_t checked_at, stale_at; /* for the caller to fill from fresh */
};
/* -ENOENT when the passage was deleted. */
int store_passage(struct store_read *r, int64_t passage, struct store_passage *ret,
                  struct docfs_err *err);
/* Only number, title, heading and text of n passages, at a quarter of the cost. ret is zeroed by
 * the caller, who also gives back what it then holds; what was deleted stays zero. */
int store_passage_texts(struct store_read *r, const int64_t *id, size_t n,
                        struct store_passage *ret, struct docfs_err *err);
void store_passage_fini(struct store_passage *p);
/* Its heading path, the caller's; NULL when the passage is gone. */
int store_passage_heading(struct store_read *r, int64_t passage, char **ret, struct docfs_err *err);
/* What tells copies of a text: its hash, and its sketch (core/text/sketch.h). -ENOENT without text.
 */
struct store_identity {
    unsigned char sha256[SHA256_LEN], sketch[SKETCH_LEN];
    bool has_sha, has_sketch;
    char format[16]; /* of the original */
};
int store_identity(struct store_read *r, int64_t document, struct store_identity *ret,
                   struct docfs_err *err);
/* Ids of the passages of a document, in order; caller frees *ret. */
int store_document_passages(struct store_read *r, int64_t document, int64_t **ret, size_t *ret_n,
                            struct docfs_err *err);

/* Vectors: rows with passage > after, ascending; fn returns non-zero to stop. */
int store_vectors(struct store_read *r, int64_t after,
                  int (*fn)(void *arg, int64_t passage, int64_t document, const void *code,
                            size_t code_len),
                  void *arg, struct docfs_err *err);
/* Which of the ascending ids rows[0..n) no longer exist: fn for each. */
int store_dead_passages(struct store_read *r, const int64_t *ids, size_t n,
                        void (*fn)(void *arg, int64_t passage), void *arg, struct docfs_err *err);

/* Documents that satisfy the filters; every field may be NULL/0. fn per document row. scope:
 * directory row and everything below it. */
struct store_filter {
    char *const *in; /* NAME (any version) or NAME@VERSION */
    size_t n_in;
    const char *path, *lang, *ext, *type; /* path: name_glob pattern */
    int64_t after, before;                /* when the original changed, seconds */
    int64_t scope;
};
int store_filter_documents(struct store_read *r, const struct store_filter *f,
                           void (*fn)(void *arg, int64_t document), void *arg,
                           struct docfs_err *err);

/* Meta values ("fingerprint", "dimension"): copies into ret, "" when unset. */
int store_meta(struct store_read *r, const char *key, char *ret, size_t size,
               struct docfs_err *err);

/* ---- ingest: one writer at a time ---- */

/* BEGIN IMMEDIATE, waiting at most busy_ms. Changes become visible at store_write_commit, which
 * adds one generation when anything visible changed. */
int store_write_begin(struct store *s, struct store_write **ret, struct docfs_err *err);
int store_write_commit(struct store_write *w, struct docfs_err *err); /* also ends it */
void store_write_abort(struct store_write *w);                        /* NULL allowed */
/* Commits, or after a failure (rc < 0) aborts and returns it. */
int store_write_end(struct store_write *w, int rc, struct docfs_err *err);

int store_set_meta(struct store_write *w, const char *key, const char *value,
                   struct docfs_err *err);
int store_set_setting(struct store_write *w, const char *key, const char *value,
                      struct docfs_err *err);

/* Finds (0) or makes (1) a collection "name" or "name@version" / a source in it (0). */
int store_put_collection(struct store_write *w, const char *name, int64_t *ret,
                         struct docfs_err *err);
int store_remove_collection(struct store_write *w, const char *name, struct docfs_err *err);
int store_put_source(struct store_write *w, int64_t collection, const char *kind,
                     const char *location, const char *options, int64_t *ret,
                     struct docfs_err *err);
/* revision: what exactly was read (a commit), "" keeps the known one. window: seconds until answers
 * given now could call its documents stale (0 = never), which decides whether kept answers have to
 * go. */
int store_source_done(struct store_write *w, int64_t source, const char *outcome,
                      const char *revision, int64_t window, struct docfs_err *err);
/* Takes a source out again of which nothing was ever read, with_collection also its collection when
 * nothing else is in it. 1 when it did. */
int store_forget_source(struct store_write *w, int64_t source, bool with_collection,
                        struct docfs_err *err);
int store_set_policy(struct store_write *w, int64_t source, const char *policy, int64_t every,
                     struct docfs_err *err);

struct store_source {
    int64_t id, collection;
    char *collection_name, *kind, *location, *options, *outcome, *revision;
    int64_t checked_at;
    char *policy; /* '', 'manual', 'interval', 'watch' */
    struct store_fresh fresh;
};
struct store_sources {
    struct store_source *item;
    size_t n;
};
/* Sources of a collection (NAME or NAME@VERSION), all when NULL. */
int store_list_sources(struct store_read *r, const char *collection, struct store_sources *ret,
                       struct docfs_err *err);
void store_sources_fini(struct store_sources *s);

/* State of a source's files at the last run, ordered bytewise by path. */
struct store_file {
    char *path;
    int64_t size, mtime_ns;
    unsigned char sha256[SHA256_LEN];
    bool has_sha, ok, failed; /* outcome: ok, failed, or neither = skipped */
    bool includes;            /* other files: an ok file with a reason, which says so */
    char *version;            /* the source's own mark, "" when it has none */
};
struct store_files {
    struct store_file *item;
    size_t n;
};
int store_list_files(struct store_read *r, int64_t source, struct store_files *ret,
                     struct docfs_err *err);
void store_files_fini(struct store_files *f);

/* One file's new state; sha and version may be NULL. outcome "ok", "skipped" or "failed". */
int store_put_file(struct store_write *w, int64_t source, const char *path, int64_t size,
                   int64_t mtime_ns, const unsigned char *sha, const char *version,
                   const char *outcome, const char *reason, struct docfs_err *err);
/* The file is gone: its state and its documents leave. */
int store_remove_file(struct store_write *w, int64_t source, const char *path,
                      struct docfs_err *err);
/* Same content under a new path: documents keep their ids, names in the tree follow. */
int store_rename_file(struct store_write *w, int64_t source, const char *from, const char *to,
                      struct docfs_err *err);

/* A converted document with its passages and codes. */
struct store_new_passage {
    const char *heading;
    size_t start, len;
    uint32_t line, lines;
    const int8_t *code; /* code_len bytes, or NULL: embed later */
};
struct store_new_document {
    int64_t source;
    const char *path, *part; /* part "" for the only page */
    const char *title, *url, *format, *lang;
    unsigned signs;       /* enum hygiene_sign */
    const char *findings; /* NULL = none */
    const char *body;
    size_t len;
    int64_t mtime_ns;
    const struct store_new_passage *passage;
    size_t n_passages, code_len;
    const unsigned char *sketch; /* SKETCH_LEN bytes, or NULL: too short for one */
};
/* Adds or replaces (source, path, part). The served name comes from path (see schema). An
 * unchanged body (same sha256) only refreshes dates and title. *ret_changed tells. */
int store_put_document(struct store_write *w, const struct store_new_document *doc, int64_t *ret_id,
                       bool *ret_changed, struct docfs_err *err);
/* Removes the pages of a file whose part is not in keep. */
int store_trim_parts(struct store_write *w, int64_t source, const char *path,
                     const char *const *keep, size_t n, struct docfs_err *err);
/* Drops content versions retired more than `seconds` ago, trims the change and query logs. */
int store_sweep(struct store_write *w, int64_t seconds, struct docfs_err *err);

/* Passages with a number above `after` that have no vector (next: none of the model that is to take
 * over), ascending, at most n: fn gets the text to embed. */
int store_unembedded(struct store_read *r, bool next, int64_t after, size_t n,
                     void (*fn)(void *arg, int64_t passage, const char *title, const char *heading,
                                const char *text, size_t len),
                     void *arg, struct docfs_err *err);
int store_put_vector(struct store_write *w, int64_t passage, const void *code, size_t len,
                     struct docfs_err *err);
/* Are the stored vectors (next: those that are to take over) of this model, as the transaction sees
 * it? */
int store_vectors_of(struct store_write *w, bool next, const char *fingerprint, bool *ret,
                     struct docfs_err *err);
/* Vectors of the model that is to take over; the others answer until store_switch_vectors. */
int store_put_next(struct store_write *w, int64_t passage, const void *code, size_t len,
                   struct docfs_err *err);
int store_clear_next(struct store_write *w, struct docfs_err *err);
int store_switch_vectors(struct store_write *w, struct docfs_err *err);

/* Vectors kept by what they were made from; the caller makes the key. */
#define VECTOR_KEY_LEN 16
/* 1 with the code copied, 0 when it is not kept (or of another length). */
int store_cached_vector(struct store_read *r, const unsigned char key[VECTOR_KEY_LEN], void *code,
                        size_t len, struct docfs_err *err);
int store_cache_vector(struct store_write *w, const unsigned char key[VECTOR_KEY_LEN],
                       const void *code, size_t len, struct docfs_err *err);
/* Drops the least recently used ones until about `bytes` are left. */
int store_trim_vector_cache(struct store_write *w, int64_t bytes, struct docfs_err *err);

/* ---- checking (docfs verify) ---- */

/* integrity_check, foreign keys, orphans, counters, full text against the bodies. fn per finding.
 * repair: rebuilds full text from the bodies and drops orphans. Returns findings left, or -errno.
 */
int store_verify(struct store *s, bool repair, void (*fn)(void *arg, const char *what, bool fixed),
                 void *arg, struct docfs_err *err);

/* ---- the tree, provenance, figures ---- */

struct store_entry {
    bool is_dir;
    int64_t id, content, parent, size, mtime_ns;
    size_t name_len;
    char name[256];
};
struct store_entries {
    struct store_entry *item; /* ordered bytewise by name */
    size_t n;
};
/* directory 0 is the list of collections. -ENOENT (without text) when there is no such name. */
int store_lookup(struct store_read *r, int64_t directory, const char *name, size_t len,
                 struct store_entry *ret, struct docfs_err *err);
/* Of components below the list of collections; "" is that list. */
int store_lookup_path(struct store_read *r, const char *path, struct store_entry *ret,
                      struct docfs_err *err);
int store_entries(struct store_read *r, int64_t directory, struct store_entries *ret,
                  struct docfs_err *err);
void store_entries_fini(struct store_entries *e);
int store_directory(struct store_read *r, int64_t directory, struct store_entry *ret,
                    struct docfs_err *err);
/* Appends "collection/path/" of a directory. */
int store_directory_path(struct store_read *r, int64_t directory, struct buf *out,
                         struct docfs_err *err);
/* Bytes of a version; the count, or -ENOENT. */
int64_t store_content_read(struct store_read *r, int64_t content, void *data, size_t size,
                           int64_t offset, struct docfs_err *err);

struct store_document {
    int64_t id, content, directory;
    char *collection, *path, *title, *url, *origin, *format, *lang; /* owned */
    unsigned char sha256[SHA256_LEN];
    int64_t size, lines, mtime_ns, fetched_at, changed_at;
    struct store_fresh fresh;
    unsigned signs;
    char *findings; /* owned */
    size_t passages;
};
int store_document(struct store_read *r, int64_t id, struct store_document *ret,
                   struct docfs_err *err);
void store_document_fini(struct store_document *d);

/* Names that changed after a generation; *ret_all: the log does not reach back that far. */
int store_changes(struct store_read *r, uint64_t since, bool *ret_all,
                  void (*fn)(void *arg, int64_t directory, const char *name, size_t len), void *arg,
                  struct docfs_err *err);

struct store_collection {
    int64_t id, root;
    char *name, *version, *title, *kind, *location, *revision, *outcome; /* owned */
    int64_t documents, passages, failed, bytes, checked_at, changed_at;
    int64_t newest; /* version of a document (content.id), 0: none */
};
struct store_collections {
    struct store_collection *item; /* by name */
    size_t n;
};
int store_list_collections(struct store_read *r, struct store_collections *ret,
                           struct docfs_err *err);
void store_collections_fini(struct store_collections *c);

struct store_counts {
    int schema;
    size_t collections, documents, passages, vectors, failed;
    int64_t bytes;
};
int store_counts(struct store_read *r, struct store_counts *ret, struct docfs_err *err);
/* Documents with signs (core/text/hygiene.h), by collection and path. */
int store_list_flagged(struct store_read *r, const char *collection, size_t max,
                       void (*fn)(void *arg, const char *collection, const char *path,
                                  const char *findings, unsigned signs),
                       void *arg, struct docfs_err *err);
typedef void store_outcome_fn(void *arg, const char *collection, const char *path,
                              const char *outcome, const char *reason);
/* Files that are not "ok"; collection NULL = of all. */
int store_list_failures(struct store_read *r, const char *collection, size_t max,
                        store_outcome_fn *fn, void *arg, struct docfs_err *err);

/* ---- queries that people asked and kept ---- */

/* Never waits and never fails: entries stay in memory while another process writes. */
/* question: hash of its words, by which gaps are known (gaps.h); 0 = none. */
void store_log_query(struct store *s, const char *door, const char *query, int64_t question,
                     size_t hits, double seconds);
/* Writes what waits, before somebody reads it. */
void store_log_settle(struct store *s);
/* Keeps a packed answer for other processes, in the same way. body is copied. */
void store_cache_results(struct store *s, const char *key, uint64_t generation,
                         const struct buf *body);
/* 1 with the body of the answer kept under key for the reader's generation, 0, or -errno. */
int store_cached_results(struct store_read *r, const char *key, struct buf *ret,
                         struct docfs_err *err);
int store_recent(struct store_read *r, size_t max,
                 void (*fn)(void *arg, const char *query, const char *door, int64_t at,
                            int64_t hits),
                 void *arg, struct docfs_err *err);
/* Questions since then, by the door through which they came, most asked first; p50 and p95 in
 * microseconds. fn returns 0 or -errno, which ends the walk. */
typedef int store_door_fn(void *arg, const char *door, size_t asked, size_t empty, int64_t p50,
                          int64_t p95);
int store_each_door(struct store_read *r, int64_t since, store_door_fn *fn, void *arg,
                    struct docfs_err *err);
int store_save_query(struct store_write *w, const char *name, const char *query,
                     struct docfs_err *err);
int store_unsave_query(struct store_write *w, const char *name, struct docfs_err *err);
int store_list_saved(struct store_read *r,
                     void (*fn)(void *arg, const char *name, const char *query), void *arg,
                     struct docfs_err *err);

/* ---- what happened to long-running programs ---- */

struct store_event {
    int64_t at_ms, mono_ms; /* wall clock; CLOCK_BOOTTIME within `boot` */
    const char *boot, *kind, *service, *place, *reason;
    int64_t pid;
};
/* Waits at most wait_ms for another process and not at all for this one: -EBUSY. */
int store_add_event(struct store *s, const struct store_event *e, int wait_ms,
                    struct docfs_err *err);
/* Oldest first; fn returns 0 or -errno, which ends the walk. */
typedef int store_event_fn(void *arg, const struct store_event *e);
int store_each_event(struct store_read *r, store_event_fn *fn, void *arg, struct docfs_err *err);
