/* SPDX-License-Identifier: MIT
 * Inside of the ingest verb: source -> bytes -> markdown -> passages -> vectors -> store.
 *
 *   plan.c      what has to be done: listing against the state of the last run
 *   include.c   one file with what it includes
 *   work.c      one file -> pages with passages and codes (any thread)
 *   pipeline.c  worker threads with back-pressure; results come out in plan order
 *   write.c     results -> transactions, progress, job row
 *   options.c   collection names; include, exclude and limits as they are kept with a source
 *   waiting.c   passages that wait for a vector
 *   reembed.c   all of them, and the change of the embedding model
 *   ingest.c    one run over one source; refresh, remove
 *   add.c       what was typed -> source and collection; documents without a source */
#pragma once
#include "core/internal.h"
#include "core/source/source.h"
#include "core/store/jobs.h"
#include "core/text/convert.h"
#include "core/text/hygiene.h"
#include "core/text/include.h"
#include "core/text/passage.h"
#include "core/util/hash.h"

/* Raised when converters or passages change so that their output differs: everything is then
 * converted once more at the next refresh. */
#define INGEST_VERSION "9"

#define INCLUDE_NOTE 320 /* bytes of what is said about the files that a page includes */

/* ---- plan.c ---- */

enum plan_action { PLAN_UNCHANGED, PLAN_CONVERT, PLAN_REFUSED };

struct plan {
    struct source_files files; /* as listed now */
    struct store_files old;    /* as of the last run */
    unsigned char *action;     /* enum plan_action per listed file */
    uint32_t *known;           /* per listed file: index in old + 1, 0 = new */
    size_t *todo;              /* indices of PLAN_CONVERT files, ascending */
    size_t n_todo;
    size_t *gone; /* indices of old files that are no longer listed */
    size_t n_gone;
    int64_t todo_bytes;
};

/* Compares ret->files, which are listed already, by version or by size and mtime; what includes
 * other files is always read. `all` converts everything again. */
int plan_make(struct store_read *r, int64_t source, bool all, struct plan *ret,
              struct docfs_err *err);
void plan_fini(struct plan *p);

/* ---- work.c, include.c ---- */

struct work_page {
    struct passages passages;
    bool has_sketch;
    unsigned char sketch[SKETCH_LEN];
    struct hygiene hygiene;
    int8_t *codes; /* passages.n * code_len; NULL when the embedder failed: embedded later */
};

struct work_result {
    int status; /* 0, or -errno of reading or converting with err.text */
    bool same;  /* the raw bytes are those of the last run: nothing converted */
    bool has_sha;
    unsigned char sha[SHA256_LEN];
    int64_t size, mtime_ns;
    struct pages pages;
    struct work_page *page; /* pages.n */
    size_t bytes;           /* memory held, for back-pressure */
    char note[INCLUDE_NOTE];
    struct docfs_err err;
};

struct work_env {
    struct source *from;
    struct embedder *embedder; /* NULL: passages are embedded later */
    struct convert_limits limits;
    struct include_limits includes;
};

/* ---- include.c ---- */

/* Reads a file and puts what it includes in place: those are the bytes that are hashed and
 * converted. note says so in words and is "" when the file includes nothing. It is stored as the
 * reason of the file's outcome; the next plan then reads the file again although it did not change
 * itself, because only its bytes tell whether what it includes did. */
int include_read(const struct work_env *env, const struct source_file *file, struct buf *raw,
                 int64_t *ret_mtime_ns, char note[INCLUDE_NOTE], struct docfs_err *err);
/* Fetches in one go what the files of the plan include, where it is not at hand yet. What cannot be
 * fetched is told by the notes. -ECANCELED, -ENOMEM. */
struct ingest_run;
int include_fetch(struct ingest_run *run, const struct work_env *env, const struct plan *plan,
                  struct docfs_err *err);

/* ---- work.c ---- */

/* Never fails: what went wrong is in ret. old may be NULL; force converts even the same bytes. */
void work_file(const struct work_env *env, const struct source_file *file,
               const struct store_file *old, bool force, struct work_result *ret);
void work_result_fini(struct work_result *r);

/* Passages and codes of one markdown text. 0 or -ENOMEM. */
int work_embed(struct embedder *e, const char *title, const char *md, size_t len,
               struct work_page *ret);
void work_page_fini(struct work_page *p);
/* Hands a page to the store; e: of its codes, NULL to leave them out. */
int work_store(struct store_write *w, struct embedder *e, int64_t source, const char *path,
               const struct page *page, const char *format, int64_t mtime_ns,
               const struct work_page *wp, bool *ret_changed, struct docfs_err *err);

/* ---- pipeline.c ---- */

struct pipeline;

/* Starts `threads` workers over plan->todo. */
int pipeline_start(const struct work_env *env, const struct plan *plan, bool force,
                   unsigned threads, struct pipeline **ret, struct docfs_err *err);
/* Next result in order: 1 with *ret filled, 0 when all were taken, -EAGAIN after 100 ms. */
int pipeline_next(struct pipeline *p, struct work_result *ret);
/* Stops (also early) and frees. */
void pipeline_stop(struct pipeline *p);

/* ---- write.c ---- */

struct ingest_run {
    struct docfs *d;
    struct embedder *embedder; /* of the codes in the results, or NULL */
    bool codes_fit;            /* they are of the model that the open transaction sees */
    int64_t source, job;       /* job 0 = nothing is recorded */
    const char *revision;      /* once the source was read */
    bool queued;               /* the job's row is the worker's to end */
    bool refresh;              /* of a known source */
    bool new_collection;       /* it was made for this source */
    struct words_making *words;
    struct store_fresh fresh;
    const struct plan *plan;
    struct docfs_progress progress;
    docfs_progress_fn *fn;
    void *arg;
    struct docfs_report *report;
    int64_t started_ns, reported_ns, looked_ns;
};

/* Reports progress when a tenth of a second has passed; -ECANCELED when the caller, or whoever set
 * the job's cancel flag, wants to stop. */
int run_progress(struct ingest_run *run, bool now);
/* What the job's row shows. */
struct store_job_progress run_figures(const struct ingest_run *run);
/* Takes all results of the pipeline and commits them in batches. */
int run_write(struct ingest_run *run, struct pipeline *p, struct docfs_err *err);
/* Files that vanished, moved or may not be read. */
int run_leave(struct ingest_run *run, const struct work_env *env, struct plan *plan,
              struct docfs_err *err);

/* ---- options.c ---- */

/* What is kept with a source, so that a refresh does what the first run did. */
struct source_options {
    char **include, **exclude; /* NULL-terminated or NULL; owned */
    char **options;            /* NAME=VALUE of the kind; likewise */
    char *root;                /* directory that a --subdir was taken of, or NULL; owned */
    int64_t max_file;          /* 0 = setting ingest.max_file */
    bool remote;               /* added over the network: it stays under those rules */
};
void source_options_fini(struct source_options *o);
/* given (may be NULL) wins over the stored JSON, field by field; added: a person or a client names
 * the source (again), which settles who asked for it. */
int source_options_load(struct source_options *ret, const char *json, bool added,
                        const struct docfs_ingest_options *given, struct docfs_err *err);
/* JSON to store; caller frees. NULL when memory is out. */
char *source_options_dump(const struct source_options *o);

/* 0 or -EINVAL with the rule: letters, digits and "._+-", at most one '@' before a version. */
int collection_name_check(const char *name, struct docfs_err *err);
/* A usable collection name from the last component of a path. */
void collection_name_from_path(const char *path, char ret[101]);

/* ---- ingest.c, add.c ---- */

struct ingest_ask {
    bool refresh;
    int64_t source; /* its row, when refresh */
    const char *collection, *location;
    const struct source_kind *kind;
    const char *root;           /* of the place, when it has one */
    const char *stored_options; /* JSON, or NULL */
    struct store_fresh fresh;   /* of a known source */
    const struct docfs_ingest_options *opt;
    docfs_progress_fn *progress;
    void *arg;
};
int ingest_source(struct docfs *d, const struct ingest_ask *ask, struct docfs_report *report,
                  struct docfs_err *err);
/* What sources may use here: paths and limits from the settings. */
int ingest_env(struct docfs *d, const struct docfs_ingest_options *opt, struct source_env *ret,
               struct docfs_err *err);
void ingest_env_fini(struct source_env *env);

/* ---- waiting.c, reembed.c ---- */

struct embed_outcome {
    size_t embedded, kept; /* sent to the embedder; found among earlier answers */
    size_t refused;        /* texts that the embedder cannot take; they keep waiting */
    size_t waiting;        /* passages without a vector at the end (reembed) */
    int failed;            /* 0, or why the embedder cannot be used now */
    struct docfs_err why;  /* of failed or refused */
};

/* Gives vectors of e to the passages that have none (next: to those of the model that is to take
 * over). An embedder that fails is an outcome, no error. run may be NULL. */
int embed_waiting(struct docfs *d, struct embedder *e, bool next, struct ingest_run *run,
                  struct embed_outcome *ret, struct docfs_err *err);
/* Brings the vectors up to date: all passages have one, of the model that the settings ask for. A
 * model that cannot be used now is an outcome, no error. run may be NULL (no progress). */
int reembed(struct docfs *d, struct ingest_run *run, struct embed_outcome *ret,
            struct docfs_err *err);
/* What the report of a run says of it. */
void report_embedding(struct docfs_report *report, const struct embed_outcome *out);
/* The embedder for passages that are about to be stored (a reference, or NULL: they wait). In a
 * cache without a model it becomes that of the settings. */
int embedding_begin(struct docfs *d, struct embedder **ret, struct docfs_err *err);
