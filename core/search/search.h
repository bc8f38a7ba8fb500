/* SPDX-License-Identifier: MIT
 * Inside of the search verb.
 *
 *   state.c     the vector index in memory, kept in step with the store; result cache
 *   lexical.c   query -> full-text expression
 *   spelling.c  words that occur nowhere, and their neighbours
 *   words.c     a file beside the full text: candidates by bm25, the words of a passage
 *   words_make.c  makes that file
 *   fuse.c      lexical and vector candidates -> scored passages -> documents
 *   rescore.c   the best passages once more, from their words
 *   reading.c   the words of a passage -> counts
 *   features.c  the words of a passage -> rows of the embedding model
 *   expand.c    the words that the best passages share
 *   history.c   release notes count less
 *   editions.c  which version of a page is the newer one
 *   rerank.c    the first documents once more, by a server
 *   results.c   documents -> hits with snippets and names; reference counting
 *   pack.c      results as bytes, for the store and for caches shared between processes
 *   gather.c    one search: candidates; collect.c: their hits
 *   search.c    filters, and the public calls */
#pragma once
#include "core/internal.h"
#include "core/text/token.h"
#include "core/util/buf.h"

#define NEIGHBOURS 5 /* documents told of when nothing answers */

/* ---- state.c ---- */

/* The index in step with the reader's snapshot, of the vectors of e (embedding_serving), locked
 * against replacement; release with state_release. *ret is NULL when e is: lexical search only. */
int state_acquire(struct docfs *d, struct store_read *r, const struct embedder *e,
                  struct vindex **ret, struct docfs_err *err);
void state_release(struct docfs *d);

/* Raised when the same question may get another answer. */
#define RANKING_VERSION "6"
/* Stands for the program and the settings of search in force: part of every key. The model needs no
 * part in it: a change of it is a new generation. */
uint64_t state_mark(struct docfs *d);
/* Cached results of that key at the reader's generation (a reference), or NULL: from this
 * process's memory, else from the store, where other processes leave theirs. */
struct docfs_results *state_cached(struct docfs *d, struct store_read *r, const char *key);
/* Keeps results for this process, and for others when the writer is free. */
void state_cache(struct docfs *d, struct store_read *r, const char *key, struct docfs_results *res);

/* ---- lexical.c ---- */

#define LEX_TERMS_MAX 48
#define PHRASES_INSIDE 4 /* so many are looked for inside of longer identifiers */
#define PHRASE_WORDS 12

struct lex_term {
    char text[72];  /* as tokenised, not stemmed */
    char shown[72]; /* as it was written, in small letters: for people */
    int64_t df;     /* passages that hold it */
    bool part;      /* piece of an identifier */
    bool stop;      /* function word */
};

struct lexical {
    struct lex_term term[LEX_TERMS_MAX];
    size_t n;
    char *match; /* FTS5 expression, NULL when there is nothing to look for. Owned */
    /* What match asks for, in its order: phrases (number -1, or that of their only word), words
     * (number in term), what is excluded (number -2). */
    struct {
        int term;
        int64_t df; /* -1: not known */
    } part[LEX_TERMS_MAX + QUERY_TERMS_MAX + (PHRASES_INSIDE + 1) * PHRASE_WORDS];
    size_t n_part;
    size_t n_must; /* the first so many parts are phrases */
};

/* Passages that hold a word, which is given with its stem; -1: ask the store. */
typedef int64_t df_fn(struct docfs *d, struct store_read *r, const char *word, const char *stem,
                      size_t len);
/* How many passages hold a word. count: NULL: the store is asked. */
int64_t lexical_df(struct store_read *r, df_fn *count, struct docfs *d, const char *word);
/* budget: passages that full text may visit. df: where words are counted, or NULL. Never -ENOENT: a
 * query without known words has match == NULL. */
int lexical_prepare(struct store_read *r, const struct query *q, int64_t budget, df_fn *df,
                    struct docfs *d, struct lexical *ret, struct docfs_err *err);
void lexical_fini(struct lexical *l);
/* True when full text reads the word of a question as that word; one that was cut may be read anew.
 */
bool lexical_reads_alike(const char *word);
/* The term that a phrase of one word is, -1: it is none of these. */
int lexical_one_word(const struct lexical *l, const char *phrase);
/* Appends a word or a phrase as the full text's queries quote it. */
void lexical_quote(struct buf *b, const char *s);
/* Appends one sentence about words that occur nowhere, with their neighbours; res shows none of
 * them. */
void lexical_spelling(struct docfs *d, struct store_read *r, const struct lexical *l,
                      const struct docfs_results *res, struct buf *note);
/* Tells of collections in the filters that do not exist, and what may be meant (unknown.c). */
void unknown_collections(struct store_read *r, const struct query *q, struct buf *note);
/* Tells of excluded words that the documents know as options: gcc -Wall. */
void excluded_options(struct store_read *r, const struct query *q, struct buf *note);
/* Tells of quoted phrases that no passage holds. */
void unknown_phrases(struct store_read *r, const struct query *q, const struct lexical *l,
                     struct buf *note);

/* ---- fuse.c ---- */

struct candidate {
    int64_t passage, document;
    double lex, vec;        /* -bm25, cosine */
    int lex_rank, vec_rank; /* 0 = not in that list */
    double score, boost, prior;
    unsigned matches; /* after grouping: passages of this document */
    bool lessened;    /* it counts less already, see collect.c */
};

/* Cosines are compared by where they lie between the smallest and the largest of the candidates,
 * but not enlarged beyond this span: passages that say nearly the same stay nearly equal. */
#define FUSE_SPAN_MIN 0.2

struct fusion {
    double lex_weight, vec_weight;
    double near_weight; /* of the comparison word by word, where the embedder has one */
    double abroad;      /* 0..1: how little the model knows of the field of this collection */
};

/* Those that return an int: 0 or -ENOMEM.
 * Merges by passage: list holds *n entries of both kinds, in any order. */
int fuse_merge(struct candidate *list, size_t *n);
/* Scores 0..1 from normalised parts; a list that is empty counts nothing. */
void fuse_score(struct candidate *list, size_t n, const struct fusion *f);
/* Best passage per document, in the order of fuse_sort(). */
int fuse_group(struct candidate *list, size_t *n);
/* By score, then document, then passage. */
int fuse_sort(struct candidate *list, size_t n);
/* The best k (of at least as many) come first, in this order; the others follow in any. */
int fuse_first(struct candidate *list, size_t n, size_t k);
/* The order of fuse_sort() when only list[i] lost: returns where it is now. */
size_t fuse_sink(struct candidate *list, size_t n, size_t i);

/* ---- judge.c ---- */

/* Fills in sufficiency and unknown words. 0 or -1 when memory is out. */
int judge_answer(const struct lexical *l, struct docfs_results *r);
/* Keeps an answer that is not good enough as a gap, or closes the gap. */
void judge_keep(struct docfs *d, struct store_read *r, const struct query *q,
                const struct docfs_results *res);

/* ---- priors.c ---- */

/* Adds what feedback says about the documents and orders them anew. */
int search_priors(struct docfs *d, struct store_read *r, const struct query *q,
                  struct candidate *list, size_t n, struct docfs_err *err);

/* ---- defines.c ---- */

/* The question may be asking for a definition: it is one word, or has an identifier. */
bool defines_asked(const struct lexical *l);
/* The passage's heading defines what is asked for. */
int defines(struct store_read *r, const struct lexical *l, int64_t passage, bool *ret,
            struct docfs_err *err);

/* ---- rescore.c ---- */

/* Scores list[0..n) anew from the words of the passages; those deleted meanwhile keep their score.
 * e may be NULL. */
int rescore(struct docfs *d, struct store_read *r, struct embedder *e, const char *query,
            const struct lexical *l, const struct fusion *f, struct candidate *list, size_t n,
            struct docfs_err *err);

/* ---- expand.c ---- */

/* The words of the passages read, one passage after another; zeroed is empty. */
struct expand {
    union expand_word {
        uint32_t hash, entry;
    } * word;
    size_t words, cap;
    size_t *start; /* [n + 1] first word of each passage */
    size_t n;
};
void expand_fini(struct expand *x);
/* What stands for a word below; 0: it does not count. */
uint32_t expand_hash(const char *word, size_t len);
int expand_begin(struct expand *x); /* the next passage. 0 or -ENOMEM, as the next two */
int expand_word(struct expand *x, uint32_t hash);
/* What each passage shares with those of the best score, 0..1 into out; both [n]. Once only. */
int expand_score(struct expand *x, const double *score, double *out);

/* ---- copies.c ---- */

/* What is known of the hits of one answer. */
struct copies {
    struct store_identity *item; /* per hit; NULL: copies are not folded */
    size_t cap;
};
bool search_folds_copies(struct docfs *d); /* by the settings */
void copies_init(struct copies *c, size_t k);
void copies_fini(struct copies *c);
/* Makes the passage the next hit of res, which holds k at most; or one that takes the place of an
 * older version of its document; or names the document in the hit that it is a copy of. */
int copies_add(struct copies *c, struct store_read *r, struct docfs_results *res, size_t k,
               const struct candidate *from, const struct store_passage *p, const char *query_text,
               struct docfs_err *err);

/* ---- editions.c ---- */

/* The two places may be those of one page in two versions; *ret: below, at or above 0 as the first
 * one is older, as old, or newer. A version that has no number comes before all that have one when
 * it is to come ("next"), and after them when it is the last ("latest"). */
bool editions(const char *collection, const char *path, const char *other_collection,
              const char *other_path, int *ret);
/* A component of the path names a version. */
bool editions_in(const char *path);

/* ---- rerank.c ---- */

/* Orders the first documents by the server of rerank.url. When it does not answer, the order stays
 * and *why says so. */
int search_rerank(struct docfs *d, struct store_read *r, const char *query, struct candidate *list,
                  size_t n, struct docfs_err *why, struct docfs_err *err);

/* ---- one search ---- */

/* The question as the embedder of the stored vectors sees it. */
struct asked {
    struct embedder *e;   /* NULL: no vectors, or none that can be compared with */
    float *vector;        /* NULL: the embedder does not answer; zero: no usable word */
    struct docfs_err why; /* of a NULL that is no matter of course */
    bool rerank;
};

struct work {
    struct docfs *d;
    const struct asked *asked;
    struct store_read *r;
    struct vindex *index; /* NULL: no usable vectors */
    const struct query *q;
    const struct docset *allowed; /* NULL: everything */
    size_t depth;                 /* candidates per list */
    struct lexical lex;
    const float *vector; /* of the query, or NULL */
    double least;        /* score that is shown */
    bool partial;        /* a server did not answer */
    bool full;           /* a list has as many candidates as were asked for */
    struct candidate *list;
    size_t n;
    struct copies copies;
    struct buf note;
};

/* phrases.c. Drops the candidates that lack a phrase or hold an excluded word. */
int phrases_keep(struct work *w, struct docfs_err *err);
/* The words of a phrase, identifiers by their parts; none when it has no identifier. */
struct phrase_words {
    char text[PHRASE_WORDS][TOKEN_MAX + 8];
    size_t n;
};
void phrases_words(const char *phrase, struct phrase_words *ret);
/* gather.c. Fills list with the documents that may answer, best first. */
int search_gather(struct work *w, struct docfs_err *err);
/* history.c. The passage is of a document that tells of versions or changes, and the question is
 * not about them. */
bool history_tells(const struct work *w, const struct store_passage *p);
/* contents.c. The passage is a table of contents. */
bool contents_only(const struct store_passage *p);
/* collect.c. Fills *r from the ordered documents; neighbours below the threshold only when nothing
 * else. *ret_dead: passages that the index still held. */
int search_collect(struct work *w, struct docfs_results *r, size_t k, size_t *ret_dead,
                   struct docfs_err *err);
/* Notes what the words and filters had to do with it that little or nothing was found. */
int search_explain(struct work *w, struct docfs_results *r, struct docfs_err *err);

/* ---- results.c ---- */

struct docfs_results *results_new(const char *query, uint64_t generation);
/* Adds one hit from a passage row; takes the strings it needs. */
int results_add(struct docfs_results *r, const struct candidate *c, const struct store_passage *p,
                const char *query_text, struct docfs_err *err);
/* Names a copy of a hit at a place of its list, which drops the last one when it is full. a, and
 * its strings, go to h, also on failure. 0 or -1 when memory is out. */
int results_also(struct docfs_hit *h, size_t at, struct docfs_also *a);
/* Adds what another answer has above the threshold and r does not name, until r holds k. Their
 * scores are none above those of r. 0 or -1 when memory is out. */
int results_more(struct docfs_results *r, const struct docfs_results *from, size_t k);
/* Moves the hits of another answer to one that has none, where they are below the threshold. */
void results_neighbours(struct docfs_results *r, struct docfs_results *from);
/* Makes the names of more than 99 hits sort by rank. */
void results_number(struct docfs_results *r);
/* Puts the last hit in the place of another one, which it names from now on, as that one did its
 * own. 0 or -1 when memory is out. */
int results_renew(struct docfs_results *r, size_t at);
int results_note(struct docfs_results *r, const char *note);
/* A hit shows the word, if only inside of an identifier that is longer. */
bool results_show(const struct docfs_results *r, const char *word);
/* Adds a copy of a hit made elsewhere. 0 or -1 when memory is out. */
int results_copy(struct docfs_results *r, const struct docfs_hit *h);

/* ---- pack.c ---- */

/* Appends the results as bytes. 0, -ENOMEM or -EFBIG. */
int results_pack(const struct docfs_results *r, struct buf *out);
/* The results in those bytes, or NULL when they are not sound or of another version. `seconds` and
 * `pending` are not kept. The bytes may come from anywhere. */
struct docfs_results *results_unpack(const void *data, size_t len);
