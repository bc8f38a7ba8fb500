/* SPDX-License-Identifier: MIT
 * Inside of the source kind "web": a site, read page by page.
 *
 *   web.c           the kind: what a URL means, listing, reading
 *   web_options.c   scope, limits and rate of one source
 *   web_scope.c     which URLs belong to it, and the path that a page gets
 *   web_pages.c     known URLs and what became of them, kept in a journal that survives kill -9
 *   web_discover.c  the start page, llms.txt, sitemaps
 *   web_crawl.c     threads that fetch; hosts with robots.txt, rate and back-off
 *   web_page.c      one answer -> outcome, links
 *
 * The journal and the fetched bytes live in the source's work folder, not in the database: a
 * source knows nothing of the store, and a crawl must not wait for its writer. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include "core/remote/http.h"
#include "core/source/source.h"
#include "core/text/robots.h"

#define WEB_AGENT "docfs"
#define WEB_INVENTORY "objects.inv" /* of Sphinx */

/* ---- web_options.c ---- */

enum web_scope { SCOPE_SUBPAGES, SCOPE_HOST, SCOPE_DOMAIN };
enum web_discover { DISCOVER_AUTO, DISCOVER_LLMS, DISCOVER_SITEMAP, DISCOVER_LINKS };

struct web_options {
    enum web_scope scope;
    enum web_discover discover;
    long depth, max_pages, concurrency, retries;
    double rate; /* requests a second and host; 0 = no limit */
    bool allow_private, robots, markdown;
    char lang[16]; /* primary language, "" = every */
};
/* NAME=VALUE each. -EINVAL names the option, the value and what is possible. */
int web_options_parse(const char *const *options, struct web_options *ret, struct docfs_err *err);

/* ---- web_pages.c ---- */

enum web_outcome {
    WEB_TODO,
    WEB_KEPT,   /* has content */
    WEB_SAME,   /* 304, or a passing failure: as at the last crawl */
    WEB_MOVED,  /* redirects to target */
    WEB_ALIAS,  /* canonical is target; its content counts when target has none */
    WEB_LEFT,   /* not wanted: other language, noindex, no document, robots.txt */
    WEB_FAILED, /* why says it */
};

struct web_page {
    char *url; /* normal form */
    char *etag, *modified;
    char *path;      /* in the collection */
    char hash[33];   /* of the bytes */
    uint32_t *links; /* page numbers */
    uint32_t n_links, target;
    int64_t offset, size; /* of the bytes in the spool; -1: not there */
    int64_t fetched;      /* seconds */
    uint16_t depth, hops;
    unsigned char outcome, why, attempts;
    bool busy, final; /* final: its links are not followed (llms.txt) */
};

struct web_pages {
    struct web_page *item;
    size_t n;
    uint32_t *slot; /* hash table of page number + 1 */
    size_t slots;
    char *base; /* the start page after its redirects; scope is judged by it */
    char *key;  /* what was asked for: another key is another crawl */
    char *spool_name;
    int journal, spool; /* descriptors, -1 = none */
    int64_t spool_size, began;
    bool discovered; /* llms.txt and sitemaps were read */
    bool done;
};

void web_pages_init(struct web_pages *p);
void web_pages_fini(struct web_pages *p);
/* Page number of a URL, or -1. */
int64_t web_pages_find(const struct web_pages *p, const char *url);
/* Finds or adds (in memory and in the journal buffer). -ENOMEM. */
int64_t web_pages_put(struct web_pages *p, const char *url, unsigned depth, bool final,
                      struct buf *journal);
/* Appends the record of a finished page to the buffer. */
void web_pages_note(const struct web_pages *p, uint32_t id, struct buf *journal);
int web_pages_write(struct web_pages *p, struct buf *journal, struct docfs_err *err);
/* Reads dir/name; 0 also when there is none (p->n == 0). A torn last line is ignored. */
int web_pages_load(struct web_pages *p, const char *dir, const char *name, struct docfs_err *err);
/* Opens the journal of a new (after a header is set) or resumed crawl for appending. */
int web_pages_begin(struct web_pages *p, const char *dir, struct docfs_err *err);
int web_pages_resume(struct web_pages *p, const char *dir, struct docfs_err *err);
/* No crawl is under way any more. */
void web_pages_forget(const char *dir);
/* The crawl is complete: the journal becomes that of the last crawl, older spools go. */
int web_pages_finish(struct web_pages *p, const char *dir, struct docfs_err *err);
int web_pages_spool(struct web_pages *p, const struct buf *body, int64_t *ret_offset,
                    struct docfs_err *err);

/* ---- web.c ---- */

struct web_host {
    char *origin; /* scheme://host:port */
    struct robots *robots;
    bool asking; /* its robots.txt is being fetched */
    uint32_t *queue;
    size_t head, n; /* queue[head..n) */
    unsigned busy, failures;
    int64_t next_ns, gap_ns;
};

struct web {
    char *location, *dir;
    char *auth; /* header with the token of its host, or NULL */
    struct web_options opt;
    const struct source_env *env;
    const struct source_filter *filter;
    struct web_pages pages, old;
    char *prefix; /* SCOPE_SUBPAGES: path that pages begin with, ends in '/' */
    char *domain; /* SCOPE_DOMAIN: host without www. */
    char *suffix; /* URLs of markdown alternates end so, or NULL */
    /* under lock while threads run: */
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct web_host *host;
    size_t n_hosts, turn, todo, busy;
    int64_t bytes;
    size_t fetched;
    const char *limited; /* NULL, or the limit that kept pages out */
    int failed;
    struct docfs_err err;
    atomic_bool stop;
};

extern const char *const web_reasons[]; /* by web_page.why */
enum web_why {
    WHY_NONE,
    WHY_ROBOTS,
    WHY_404,
    WHY_DENIED,
    WHY_SERVER,
    WHY_STATUS,
    WHY_TIMEOUT,
    WHY_UNREACHABLE,
    WHY_LARGE,
    WHY_BOMB,
    WHY_REDIRECTS,
    WHY_BROKEN,
    WHY_PRIVATE,
    WHY_TYPE,
    WHY_LANG,
    WHY_NOINDEX,
    WHY_PATH,
    N_WHY
};

/* one_hop: redirects are for the caller. */
int web_http(const struct web *w, bool one_hop, struct http **ret, struct docfs_err *err);
/* Some pages were kept out by this limit; the first one is told. */
void web_limit(struct web *w, const char *name);

/* ---- web_scope.c ---- */

int web_scope_set(struct web *w, const char *base, struct docfs_err *err);
/* Does this URL (normal form) belong to the source, and may it be a document? */
bool web_in_scope(const struct web *w, const char *url);
/* Path of a page in the collection from its URL and media type; NULL with *ret_why when the URL
 * makes no usable one. Caller frees. */
char *web_path(const struct web *w, const char *url, const char *type);
/* 1 HTML, 2 markdown, 3 another document, 0 none. */
int web_type(const char *type, const struct buf *body);

/* ---- web_page.c ---- */

/* What one request came to, made outside the lock. */
struct web_result {
    struct web_page page; /* url unused; strings owned */
    char **link;          /* in scope, normal form */
    size_t n_links;
    char *target; /* MOVED, ALIAS */
    struct buf body;
    int64_t retry_after; /* seconds, or -1 */
    bool again;          /* a passing failure */
    bool nobody;         /* the host did not answer, or not in time */
    bool cut;            /* the page has more links than are followed */
};
void web_result_fini(struct web_result *r);
/* Is it the inventory that web_discover.c asked for? */
bool web_is_inventory(const struct web *w, const char *url);
/* Of the bytes of a page, for web_page.hash. */
void web_hash(const char *data, size_t len, char ret[33]);
/* code and resp (its body is taken): of http_do for url. h: for the markdown form of the page. */
void web_judge(struct web *w, const char *url, int code, struct http_response *resp, struct http *h,
               struct web_result *ret);
/* A page that fails now but was there before stays as it was. */
void web_keep_old(struct web *w, const char *url, struct web_result *r);
/* Fetches the markdown form of a page when there is one: *ret's bytes are replaced. */
void web_markdown(struct web *w, struct http *h, const char *url, const char *alternate,
                  struct web_result *ret);

/* ---- web_crawl.c ---- */

/* Header with the token for that URL, or NULL: it goes to the host of the site only. */
const char *web_auth(const struct web *w, const char *url);
/* shown: the page that it is asked for, named in errors of its host. poll: as in struct
 * http_request. */
int web_robots(const struct web *w, struct http *h, const char *origin, const char *shown,
               int (*poll)(void *arg), void *arg, struct robots **ret, struct docfs_err *err);
/* The host goes by r from now on, and by the delay that it asks for. */
void web_set_robots(struct web *w, struct web_host *host, struct robots *r);
/* Takes a result into the pages, the journal and the queues. Under the lock. */
int web_take(struct web *w, uint32_t id, struct web_result *r);
/* Puts a URL where the threads find it, unless it is known already; -1 when it may not be. */
int64_t web_enqueue(struct web *w, const char *url, unsigned depth, unsigned hops, bool final,
                    struct buf *journal);
struct web_host *web_host_of(struct web *w, const char *url);
int web_crawl(struct web *w, struct docfs_err *err);

/* ---- web_discover.c ---- */

/* Start page, scope, seeds. */
int web_start(struct web *w, struct docfs_err *err);
int web_requeue(struct web *w, struct docfs_err *err);

/* The origin of a URL in normal form: "http://host:port", new string. */
char *web_origin(const char *url);
