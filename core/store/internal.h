/* SPDX-License-Identifier: MIT
 * Shared by the files of core/store and nobody else: the only place where sqlite3.h is seen. */
#pragma once
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/types.h>
#include "core/store/jobs.h"
#include "core/store/store.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define STORE_SCHEMA 2               /* user_version written by this program */
#define STORE_APPLICATION 0x646f6366 /* "docf", PRAGMA application_id */
#define NAME_MAX_LEN 255             /* bytes of one listed name */
#define CHANGES_KEPT 100000
#define QUERIES_KEPT 10000
#define RESULTS_KEPT 1000            /* answers kept for other processes */
#define RESULTS_LARGEST (256u << 10) /* bytes of one of them */
/* Jobs that run. The second half is how the index jobs_open says what it holds: without it SQLite
 * would read all jobs, for each question. */
#define JOBS_RUNNING "state = 'running' AND state IN ('queued', 'waiting', 'running')"
#define JOBS_KEPT 1000

/* ---- connections (db.c) ---- */

#define STATEMENTS 256 /* slots of the statement cache; a power of two above their number */

/* The last failure of the database (trouble.c). */
struct trouble {
    pthread_mutex_t lock;
    int code; /* 0 = none */
    int64_t at_ns;
    char text[512];
};
void trouble_note(struct trouble *t, int code, const char *text);

struct conn {
    sqlite3 *db;
    const char *file;        /* for messages; owned by the store */
    struct trouble *trouble; /* of the store; NULL: failures are only returned */
    int busy_ms;             /* longest wait for another process */
    int64_t busy_since;
    int64_t deadline;   /* progress handler: interrupt past it; 0 = none */
    int wal_pages;      /* in the log after the last commit */
    sqlite3_blob *body; /* large one that was read last (contents.c), or NULL */
    int64_t body_of;
    struct {
        const char *sql;
        sqlite3_stmt *st;
    } cache[STATEMENTS];
};

/* Opens file with the pragmas and the tokenizer that every connection has. */
int conn_open(const char *file, int flags, bool immutable, int busy_ms, struct conn **ret,
              struct docfs_err *err);
void conn_close(struct conn *c); /* NULL allowed */
/* Format of the file, 0 for an empty one; -EBADMSG not ours, -EPROTO newer (open.c). */
int store_version(struct conn *c, int64_t *ret, struct docfs_err *err);
int version_fail(const struct conn *c, int64_t version, struct docfs_err *err); /* -EPROTO */

/* Maps an SQLite result code to -errno and a text that names the file and the way out. */
int db_fail(struct conn *c, int rc, struct docfs_err *err);

/* Prepared statement of a string literal, kept until the connection closes. The literal's address
 * is the key. Use with _cleanup_stmt_. A statement cannot be used twice at once. */
int db_prepare(struct conn *c, const char *sql, sqlite3_stmt **ret, struct docfs_err *err);
/* Gives the statement back: reset, bindings cleared. */
void db_release(sqlite3_stmt **st);
#define _cleanup_stmt_ _cleanup_(db_release)
void db_finalize(sqlite3_stmt **st);
#define _cleanup_finalize_ _cleanup_(db_finalize)

/* 1 = a row, 0 = done, or -errno. */
int db_step(struct conn *c, sqlite3_stmt *st, struct docfs_err *err);
/* Prepare + bind; the statement is the caller's to release. fmt, parameters 1..: i int64_t, d
 * double, t string (NULL = SQL NULL), p piece of text (const char *, size_t), b blob (const void *,
 * size_t), s string as blob, n NULL. The memory must live until db_release. */
int db_query(struct conn *c, sqlite3_stmt **ret, struct docfs_err *err, const char *sql,
             const char *fmt, ...);
/* Prepare + bind + run to the end. */
int db_run(struct conn *c, struct docfs_err *err, const char *sql, const char *fmt, ...);
/* First column of the first row; -ENOENT (without text) when there is none. */
int db_int(struct conn *c, int64_t *ret, struct docfs_err *err, const char *sql, const char *fmt,
           ...);
/* SQL without parameters and rows, not cached. */
int db_exec(struct conn *c, const char *sql, struct docfs_err *err);
/* Column as a new NUL-terminated string ("" for NULL); NULL when memory is out. */
char *db_strdup(sqlite3_stmt *st, int column);
/* Column as a string that lives until the next step; never NULL. */
const char *db_text(sqlite3_stmt *st, int column);
/* Copies a name column (at most NAME_MAX_LEN bytes) into name; returns its length. */
size_t db_name(sqlite3_stmt *st, int column, char name[NAME_MAX_LEN + 1]);

/* ---- full text (fulltext.c) ---- */

int fulltext_register(sqlite3 *db);

/* What docfs_rank() works on (rank.c), bound as a pointer of this type. */
#define RANK_POINTER "docfs_rank"
#define RANK_PHRASES 256
struct rank {
    double weight[3];
    const int64_t *df; /* of the phrases of the expression; NULL: all are counted */
    size_t n_df;
    /* filled in at the first row */
    bool ready;
    int n;
    double mean, idf[RANK_PHRASES];
};
int rank_register(fts5_api *api);

/* ---- figures remembered per generation (memo.c) ---- */

enum memo {
    MEMO_PASSAGES = 1,
    MEMO_LAST_PASSAGE,
    MEMO_TEXT_ROWS,
    MEMO_TEXT_WORDS,
    MEMO_VECTORS,
    MEMO_DOCUMENTS,
    MEMO_BYTES,
    MEMO_FIXED, /* those above are kept; of those below, which have keys, what there is room for */
    MEMO_DF,
    MEMO_DF_AFTER,
    MEMO_COLLECTION_DOCUMENTS,
    MEMO_COLLECTION_BYTES,
    MEMO_COLLECTION_PASSAGES,
    MEMO_COLLECTION_NEWEST,
};
#define MEMO_SLOTS 4096
struct memo_slot {
    uint64_t key, generation;
    int64_t value;
};
struct store_read;
uint64_t memo_key(enum memo what, const void *data, size_t len);
/* key: one of the fixed ones, or memo_key() of the others. */
bool memo_get(struct store_read *r, uint64_t key, int64_t *ret);
void memo_put(struct store_read *r, uint64_t key, int64_t value);

/* ---- copies of large bodies (flat.c) ---- */

#define FLAT_MIN (128 << 10) /* bytes of a body that is worth it */
#define FLAT_FILES 32
#define FLAT_SEEN 64
struct flat {
    pthread_mutex_t lock;
    struct flat_file {
        int64_t content, len;
        int fd;
        uint64_t used; /* tick of the last use */
    } file[FLAT_FILES];
    size_t n;
    int64_t bytes;
    uint64_t tick;
    int64_t seen[FLAT_SEEN]; /* versions of which a piece was read last */
};
void flat_init(struct flat *f);
void flat_fini(struct flat *f);

/* ---- the store (open.c) ---- */

#define POOL_MAX 16 /* idle readers kept */
#define POOL_WARM 4 /* of them with the pages they have read */
#define LOG_PENDING 2048

enum log_kind { LOG_QUERY, LOG_GAP, LOG_FILLED, LOG_ANSWER };

struct log_entry {
    enum log_kind kind; /* of a judgement, door is the topic and micros the sufficiency; of an
                           answer, query is its key, at the generation */
    char *door, *query;
    void *body;
    size_t body_len;
    int64_t question, at, hits, micros;
};

struct setting {
    char *key, *value;
};

enum place { PLACE_SAME, PLACE_GONE, PLACE_OTHER };

struct store {
    char *dir, *file; /* file: dir/docfs.db */
    dev_t dev;        /* of file when it was opened */
    ino_t ino;
    atomic_int place; /* enum place: what is there now, as far as anybody has looked */
    struct trouble trouble;
    bool read_only; /* asked for, or nothing else is possible */
    bool immutable; /* read-only medium: no locks, no change is ever seen */
    int busy_ms;

    pthread_mutex_t pool_lock; /* of the three below */
    struct store_read *idle[POOL_MAX];
    size_t n_idle, n_warm; /* warm: at the end */

    pthread_mutex_t write_lock; /* writing; the writer belongs to whoever set it */
    pthread_cond_t write_free;
    bool writing;
    struct conn *writer; /* NULL when read_only */
    int64_t write_ended, write_took;
    int jobs_fd; /* jobs.lock, -1 until this process runs a job; the writer's */

    pthread_mutex_t watch_lock; /* watch and what is remembered per data_version */
    struct conn *watch;
    int64_t data_version;
    uint64_t generation;
    struct setting *setting;
    size_t n_settings;
    bool settings_known;
    _Atomic int64_t settings_seen; /* when they were last compared with the database */

    pthread_mutex_t memo_lock;
    struct memo_slot *memo; /* MEMO_SLOTS */

    struct flat flat;

    pthread_mutex_t log_lock; /* queries that wait for the writer */
    struct log_entry *log;    /* LOG_PENDING, NULL until there is one */
    size_t n_log, log_bytes;
    int64_t log_flushed; /* clock_mono_ns */
    pthread_cond_t log_wake;
    pthread_t log_thread;
    bool log_thread_made, log_stop;
};

/* Documents of one answer share most of their directories, and so do those of the next one. */
#define KNOWN_PATHS 256
#define KNOWN_PATH_MAX 512 /* bytes; longer ones are put together each time */
struct known_path {
    int64_t directory;
    uint64_t generation; /* it is the path of */
    char *text;          /* as directory_path() appends it; NULL: none */
};

struct store_read {
    struct store *s;
    struct conn *c;
    uint64_t generation;
    struct known_path path[KNOWN_PATHS];
};
void reader_free(struct store_read *r); /* one that nobody holds (read.c) */

/* An operation on the full text. */
struct text_op {
    int64_t passage;
    bool remove, dropped;
    const char *title, *heading, *body;
    size_t len;  /* of body */
    char *owned; /* where they are when the operation waits */
};

struct store_write {
    struct store *s;
    struct conn *c;
    uint64_t generation;              /* that the changes of this transaction get */
    int64_t now, began;               /* seconds; monotonic ns */
    bool visible;                     /* something in the tree or in the results changed */
    bool late_noted;                  /* vectors_epoch was raised (vectors.c) */
    bool job_ended;                   /* make this commit durable */
    int64_t job_locked, job_unlocked; /* jobs.lock: taken, to be given up; 0 = none */
    int64_t revision;                 /* of the jobs changed in this transaction, 0 = none yet */
    int64_t touched;                  /* last collection whose changed_at was set */
    struct text_op *op;
    size_t n_ops, op_bytes;
    int64_t first_new; /* lowest passage queued for adding */
};

/* ---- inside a transaction (write.c) ---- */

/* The writer connection without waiting for another thread; false when it is in use or there is
 * none. writer_done gives it back. */
bool writer_try(struct store *s);
void writer_done(struct store *s);

/* -EIO with text when SQLite gave up the transaction after an earlier error. */
int write_check(struct store_write *w, struct docfs_err *err);
/* A name of a directory (0: the list of collections) appeared, changed or went. */
int write_changed(struct store_write *w, int64_t directory, const void *name, size_t len,
                  struct docfs_err *err);
int write_touch(struct store_write *w, int64_t collection, struct docfs_err *err);
/* Adds the text of a passage to the full text or takes it out, now or with write_flush_text(). */
int write_text(struct store_write *w, bool remove, int64_t passage, const char *title,
               const char *heading, const char *body, size_t len, struct docfs_err *err);
int write_flush_text(struct store_write *w, struct docfs_err *err);

/* ---- freshness: columns of documents AS d JOIN sources AS s, read by fresh_read ---- */

#define FRESH_COLUMNS                                                                            \
    "d.fetched_at, s.ok_at, s.every, s.policy = 'interval', s.kind = 'raw', "                    \
    "s.outcome NOT IN ('', 'ok') OR EXISTS (SELECT 1 FROM files AS f WHERE f.source = d.source " \
    "  AND f.path = d.path AND f.outcome = 'failed') "

/* first: column of d.fetched_at. */
static inline struct store_fresh fresh_read(sqlite3_stmt *st, int first)
{
    return (struct store_fresh){.fetched_at = sqlite3_column_int64(st, first),
                                .ok_at = sqlite3_column_int64(st, first + 1),
                                .every = sqlite3_column_int64(st, first + 2),
                                .interval = sqlite3_column_int64(st, first + 3) != 0,
                                .fixed = sqlite3_column_int64(st, first + 4) != 0,
                                .failed = sqlite3_column_int64(st, first + 5) != 0};
}

/* ---- jobs (jobs_lock.c, jobs_list.c) ---- */

/* Locks the job's byte; given up when the transaction is aborted. */
void job_lock(struct store_write *w, int64_t job);
/* The transaction is over: gives up the lock of a job that ended in it. */
void job_settle(struct store_write *w, bool committed);
/* The process that runs the job lives. */
bool job_alive(const struct store *s, int64_t job, int64_t pid);
/* mine: a running row is this process's own. */
int jobs_list(struct conn *c, const struct store *s, const struct store_job_filter *f, bool mine,
              struct store_jobs *ret, struct docfs_err *err);

/* ---- trouble (trouble.c) ---- */

/* Looks whether the file is still the one that was opened; -ENODEV with text. */
int store_place(struct store *s, struct docfs_err *err);
/* The text of what the last look found. */
int place_fail(struct store *s, struct docfs_err *err);
/* A newer docfs may have brought the database forward while this process has it open: -EPROTO. To
 * be asked inside a transaction. */
int store_same_format(struct store *s, struct conn *c, struct docfs_err *err);

/* ---- parts ---- */

int settings_load(struct store *s, struct docfs_err *err); /* watch_lock held */
void settings_forget(struct store *s);
int meta_int(struct conn *c, const char *key, int64_t *ret, struct docfs_err *err);
int meta_set_int(struct conn *c, const char *key, int64_t value, struct docfs_err *err);
/* Copies the log of SQLite back into the database when it has grown; after a job always. */
void writer_checkpoint(struct conn *c, bool job_ended);
/* Takes the strings; never fails. Written at once when the writer is free and nothing was written
 * just before, else soon (log.c). */
void log_add(struct store *s, const struct log_entry *e);
/* What an entry means for the gaps (gaps.c). */
int gaps_write(struct conn *c, const struct log_entry *e);
void log_flush(struct store *s, int wait_ms);
void log_stop(struct store *s); /* ends its thread */
void log_free(struct store *s);

/* Served names (names.c): pure. out holds NAME_MAX_LEN + 1 bytes; the length is returned. */
/* Next component of a path, skipping "", "." and ".."; *path moves on. False at the end. */
bool name_next(const char **path, const char **ret, size_t *ret_len);
/* Name of a document from the last component of its source path. attempt 0: extension replaced by
 * .md; 1: full name + .md; 2, 3 ...: numbered. */
size_t name_document(const char *base, size_t len, unsigned attempt, char *out);
/* Name of a page of a file with several; attempt as above. */
size_t name_part(const char *part, unsigned attempt, char *out);
/* Name of the directory that holds the pages of a file. */
size_t name_stem(const char *base, size_t len, char *out);
/* Name of a directory; attempt 0: as it is; 2, 3 ...: numbered. */
size_t name_directory(const char *base, size_t len, unsigned attempt, char *out);
/* Extension of a source path without dot and compression suffix; *ret points into path. */
size_t name_extension(const char *path, const char **ret);

/* Directories (directories.c). */
/* Directory and free name for a page; document: row that may keep its own name, or 0. */
int directory_place(struct store_write *w, int64_t collection, const char *path, const char *part,
                    int64_t document, int64_t *ret_directory, char name[NAME_MAX_LEN + 1],
                    size_t *ret_len, struct docfs_err *err);
/* Removes a directory and its parents while they are empty; the root stays. */
int directory_prune(struct store_write *w, int64_t directory, struct docfs_err *err);
/* Appends the path of a directory inside its collection, with a '/' after each component. */
int directory_path(struct store_read *r, int64_t directory, struct buf *out, struct docfs_err *err);
/* Frees what the reader knows of paths. */
void directory_forget(struct store_read *r);

/* Bodies (contents.c). */
/* Bytes [offset, offset + size) of a version; count, or -ENOENT (without text). Inside of a
 * transaction, which content_done() must precede the end of. */
int64_t content_read(struct store_read *r, int64_t content, void *data, size_t size, int64_t offset,
                     struct docfs_err *err);
/* The same by the blob interface, of bytes that are there. */
int64_t content_piece(struct conn *c, int64_t content, void *data, size_t size, int64_t offset,
                      struct docfs_err *err);
void content_done(struct conn *c);
/* From the copy of a body, when there is one. *ret_again: it was asked for not long ago. */
bool flat_read(struct flat *f, int64_t content, void *data, size_t size, int64_t offset,
               bool *ret_again);
/* Makes a copy where there is room for one. */
void flat_make(struct store_read *r, int64_t content, int64_t len);
/* The same, for several reads of one version in a row: it is loaded once. Zeroed at first. */
struct content_view {
    int64_t content; /* 0: none yet */
    sqlite3_stmt *st;
    const char *body; /* NULL: too large to be kept at hand */
    int64_t len;
};
int64_t content_view_read(struct store_read *r, struct content_view *v, int64_t content, void *data,
                          size_t size, int64_t offset, struct docfs_err *err);
void content_view_fini(struct content_view *v);
/* Whole bodies, one after the other: passages in their order are pieces of one body for a while.
 * Zeroed at first. */
struct content_bodies {
    int64_t content; /* 0: none yet */
    char *body;
    size_t len;
};
void content_bodies_fini(struct content_bodies *b);
/* *ret: len bytes of a body from start, borrowed until the next call. A version that is missing or
 * shorter than that is a damaged database. */
int content_bodies_piece(struct conn *c, struct content_bodies *b, int64_t content, size_t start,
                         size_t len, const char **ret, struct docfs_err *err);

/* Documents. */
int document_remove(struct store_write *w, int64_t id, bool quiet, struct docfs_err *err);
/* Rows of passages with their full text and vectors. body, len, title: what was indexed. */
int passages_remove(struct store_write *w, int64_t document, const char *title, const char *body,
                    size_t len, struct docfs_err *err);
int passages_insert(struct store_write *w, int64_t document, const struct store_new_document *doc,
                    struct docfs_err *err);
/* True in *ret when the stored passages are those of doc. */
int passages_same(struct conn *c, int64_t document, const struct store_new_document *doc, bool *ret,
                  struct docfs_err *err);

extern const char *const store_schema_sql[STORE_SCHEMA]; /* [v] brings version v to v + 1 */
