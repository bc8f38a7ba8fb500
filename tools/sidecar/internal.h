/* SPDX-License-Identifier: MIT
 * The parts of the server and what they share. Arrows: serve.c starts everything; connection.c
 * moves bytes and calls guard.c, router.c, cache.c and the worker pool; resources see none of it
 * but resource.h. */
#pragma once
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include "core/util/notify.h"
#include "core/util/clock.h"
#include "tools/sidecar/resource.h"
#include "tools/sidecar/serve.h"

#define PARAMS_MAX 8
#define HEADERS_MAX 16
#define ADDRESS_MAX 64
#define SECOND_NS 1000000000LL

/* ---- router.c: the compiled table ---- */

struct compiled {
    const struct route *route;
    const struct resource *resource;
    size_t index;         /* in the table: its counters in the metrics */
    json_t *query, *body; /* borrowed schemas, NULL = none */
};
struct router {
    struct compiled *item;
    size_t n;
    json_t *schemas; /* object of all schemas by name */
};
extern const struct resource *const resources[]; /* resources.c; ends with NULL */
int router_init(struct router *r, struct docfs_err *err);
void router_fini(struct router *r);
struct params {
    size_t n;
    char *value[PARAMS_MAX]; /* decoded, owned */
};
void params_fini(struct params *p);
/* The route of method and path. NULL: *ret_allowed lists the methods that the path does have ("" =
 * no such path), *ret_resource is the family by the longest common beginning. -EILSEQ through
 * *ret_rc when the path is badly encoded. */
const struct compiled *router_find(const struct router *r, const char *method, const char *path,
                                   struct params *ret, char ret_allowed[64],
                                   const struct resource **ret_resource, int *ret_rc);
/* The n-th "{name}" of a pattern is called name. */
int pattern_index(const char *pattern, const char *name);
/* Decodes %XX (and '+' as a blank when plus) into a new string; NULL with *ret_rc -EILSEQ for a
 * broken escape, a NUL or text that is no UTF-8, -ENOMEM. */
char *url_decode(const char *s, size_t len, bool plus, int *ret_rc);
/* New object with the parameters of a query string as strings (repeated ones: the last counts;
 * "a=1&a=2" for an array of a schema: all). */
int url_query(const char *s, const json_t *schema, json_t **ret, struct docfs_err *err);

/* ---- schema.c: JSON Schema, the part that schemas/ uses ---- */

/* Checks value against schema and fills in defaults of missing object members. path: where in the
 * message, for the text. -EINVAL with a sentence that names the member. */
int schema_check(const json_t *all, const json_t *schema, json_t *value, struct docfs_err *err);
/* Turns the strings of a query object into the types that the schema asks for. */
int schema_coerce(const json_t *all, const json_t *schema, json_t *object, struct docfs_err *err);
/* Follows $ref; never NULL for a checked table. */
const json_t *schema_resolve(const json_t *all, const json_t *schema);

/* ---- openapi.c ---- */

/* The OpenAPI 3.1 document of a router. */
json_t *openapi_document(const struct router *r, const char *base);

/* ---- pool.c: worker threads ---- */

struct pool;
typedef void pool_fn(void *arg);
struct pool *pool_new(unsigned threads, unsigned queue);
/* Finishes what is queued and takes no more. NULL allowed. */
void pool_stop(struct pool *p);
void pool_free(struct pool *p);                        /* stops it, too */
bool pool_add(struct pool *p, pool_fn *fn, void *arg); /* false: full or stopped */
unsigned pool_waiting(struct pool *p);
unsigned pool_busy(struct pool *p);

/* ---- cache.c: kept answers ---- */

struct kept {
    atomic_uint refs;
    char *body;
    size_t len;
    int status;
    const char *type; /* static text */
    char etag[24];
    enum scope scope;
    size_t index; /* of the route */
    char *asked;  /* query for the log, or NULL */
    size_t hits;
    atomic_uint round; /* of the query log that has it */
    uint64_t generation;
    int64_t expires_ns;
};
void kept_unref(struct kept *k);
struct cache;
struct cache *cache_new(int64_t max_bytes);
void cache_free(struct cache *c);
void cache_clear(struct cache *c);
/* Gives back what no longer counts; once in a while. */
void cache_sweep(struct cache *c, int64_t now_ns);
/* A reference to what answers key at that generation, or NULL. */
struct kept *cache_get(struct cache *c, const void *key, size_t len, uint64_t generation,
                       int64_t now_ns);
/* Takes a reference of its own. */
void cache_put(struct cache *c, const void *key, size_t len, struct kept *k);
struct cache_figures {
    size_t entries, bytes;
    unsigned long long evicted;
};
void cache_figures(struct cache *c, struct cache_figures *ret);

/* ---- guard.c: who may ask ---- */

struct rates;
struct rates *rates_new(void);
void rates_free(struct rates *r);
/* Takes one request of a client; 0, or the seconds until it may ask again. */
unsigned rates_take(struct rates *r, uint64_t client, unsigned per_second, int64_t now_ns);
bool host_allowed(const struct server *s, const char *host);
/* Same origin, or one of the configured. *ret_cors: an answer may be read by that page. */
bool origin_allowed(const struct server *s, const char *origin, const char *host, bool *ret_cors);

/* ---- token.c: bearer tokens ---- */

struct tokens;
struct tokens *tokens_new(void);
void tokens_free(struct tokens *t);
/* Reads them from the cache again. */
int tokens_load(struct tokens *t, struct docfs *d, struct docfs_err *err);
size_t tokens_count(struct tokens *t);
/* Scopes of a token (0 = unknown, revoked or expired); its name is copied. */
unsigned tokens_check(struct tokens *t, const char *token, char *name, size_t size,
                      int64_t *ret_id);
/* Writes down which tokens were used. */
void tokens_flush(struct tokens *t, struct docfs *d);

/* ---- metrics.c ---- */

#define METRIC_BUCKETS 14
struct route_metrics {
    atomic_ullong status[6]; /* by first digit */
    atomic_ullong bucket[METRIC_BUCKETS];
    atomic_ullong sum_us;
};
struct metrics {
    struct route_metrics *route; /* n of the router + 1: no route */
    size_t n;
    atomic_ullong kept_hits, kept_misses, bytes_out, refused_rate, refused_auth, refused_host,
        refused_queue, timeouts, evicted, malformed;
    atomic_uint connections, in_flight, streams;
    atomic_ullong accepted;
};
void metrics_count(struct metrics *m, size_t index, int status, int64_t us, size_t bytes);
extern const double metrics_bounds[METRIC_BUCKETS];

/* ---- listen.c ---- */

struct listener {
    int fd;
    bool loopback;
    char url[128], host[80];
    unsigned port;
    char *unix_path; /* owned: removed at the end */
    struct MHD_Daemon *mhd;
};
int listener_open(struct listener *l, const char *spec, struct docfs_err *err);
void listener_close(struct listener *l);
bool address_is_loopback(const struct sockaddr *a);

/* ---- stream.c ---- */

struct stream_source {
    const char *type;
    unsigned interval_ms;
    stream_poll_fn *poll;
    stream_produce_fn *produce;
    void *arg;
    void (*done)(void *arg);
};
struct streams;
struct streams *streams_new(unsigned max);
void streams_free(struct streams *s); /* after the daemons stopped */
/* Ends all of them: readers get the end of the body. */
void streams_stop(struct streams *s);
/* Calls polled sources that are due, sends keep-alives, notices peers that left. Returns the
 * milliseconds until it wants to be called again. */
unsigned streams_tick(struct streams *s, int64_t now_ns);
/* Takes over the source; NULL when there are too many (done was not called). */
struct MHD_Response *streams_open(struct streams *s, struct server *server,
                                  struct MHD_Connection *c, int fd,
                                  const struct stream_source *src);
unsigned streams_count(struct streams *s);

/* ---- ticker.c: what happens once in a while ---- */

struct ticker;
struct ticker *ticker_new(struct server *s);
void ticker_stop(struct ticker *t); /* waking it goes on to be allowed */
void ticker_free(struct ticker *t);
void ticker_wake(struct ticker *t);

/* ---- asked.c: the query log, off the hot path ---- */

struct asked;
struct asked *asked_new(void);
void asked_free(struct asked *a);
void asked_add(struct asked *a, const char *query, size_t hits, double seconds);
void asked_flush(struct asked *a, struct docfs *d);
/* Grows with each flush; never 0. What was added in this round need not be again. */
unsigned asked_round(struct asked *a);
/* Remembers the question behind a query_id for a while: signals name only the id. */
void asked_name(struct asked *a, const char *id, const char *query);
/* New string, or NULL when the id is not known (any more). */
char *asked_query(struct asked *a, const char *id);

/* ---- conns.c: who is connected ---- */

enum conn_state { CONN_IDLE, CONN_HEADERS, CONN_BODY, CONN_WORKING, CONN_SENDING, CONN_STREAM };
struct conn {
    struct conn *prev, *next;
    struct exchange *spare; /* memory of its last request, for the next one */
    int fd;
    bool loopback;
    atomic_int state;
    atomic_llong since_ns;
    char address[ADDRESS_MAX];
};
struct conns {
    pthread_mutex_t lock;
    struct conn *first;
    unsigned n;
};
/* What the HTTP library calls when a connection comes or goes; cls is the server. */
void conns_notify(void *cls, struct MHD_Connection *c, void **socket_context,
                  enum MHD_ConnectionNotificationCode code);
/* Cuts connections that overstayed. */
void conns_sweep(struct server *s, int64_t now_ns);

/* ---- requests ---- */

struct header {
    char *name, *value;
};
struct response {
    int status;
    const char *type; /* static or in text */
    struct buf body;
    const void *fixed; /* instead of body */
    size_t fixed_len;
    struct header header[HEADERS_MAX];
    size_t n_headers;
    bool keep;
    struct buf repeat; /* what is kept instead of body */
    char *asked;
    size_t hits;
    struct stream_source stream;
    bool oom;
    char *owned_type;
};
void response_fini(struct response *a);

/* One request on its way; begins when its first line was read. */
struct exchange {
    struct request q;
    struct response a;
    struct server *s;
    struct conn *conn;
    struct MHD_Connection *c;
    const struct compiled *route;
    struct params params;
    struct buf body;
    int spool; /* file of a large body, -1 = none */
    void *map;
    size_t map_len, spooled;
    int64_t limit;
    bool begun, answered, discard, closing, cors;
    bool waiting; /* suspended: a worker has it */
    bool done;    /* the worker is through */
    bool late;    /* begun when the server was stopping: not waited for */
    bool overflow;
    uint64_t generation;
    struct kept *kept;
    char *base;
    char client[96];
    char error_allow[64];
    size_t bytes;
    int64_t token;
    size_t room;   /* of target */
    char target[]; /* as sent, then the path */
};
/* connection.c */
int connection_start(struct server *s, struct listener *l, struct docfs_err *err);

/* ---- the server ---- */

struct server {
    struct serve_options opt; /* defaults filled in */
    struct docfs *d;
    struct docfs_service *service; /* what docfs status shows of this process */
    struct listener listener[SERVE_LISTEN_MAX];
    size_t n_listeners;
    bool need_token;
    bool writable;
    struct router router;
    struct pool *fast, *slow;
    struct conns conns;
    struct streams *streams;
    struct cache *cache;
    struct rates *rates;
    struct tokens *tokens;
    struct asked *asked;
    struct docfs_opens *opens; /* what is found on the pages and then read */
    struct ticker *ticker;
    struct mcp *mcp; /* res_mcp.c */
    struct metrics metrics;
    atomic_bool stopping;
    bool again;               /* stopping to start again with another cache */
    atomic_ullong generation; /* of the cache, when last looked at */
    atomic_llong generation_ns;
    atomic_ullong traces;
    uint64_t seed[2];
    int64_t started_ns, started_at;
    pthread_mutex_t log_lock;
    struct docfs_worker *worker; /* NULL: jobs are not run here */
    struct docfs_keeper *keeper;
};

/* work.c: jobs, watched directories and due sources, while the server runs. */
int work_start(struct server *s, struct docfs_err *err);
void work_stop(struct server *s);
/* log.c */
void log_request(struct server *s, const struct exchange *x, int status, int64_t us);
