/* SPDX-License-Identifier: MIT */
#include "core/embed/remote_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <strings.h>

#include "core/util/hash.h"
#include "core/util/utf8.h"

#define BATCH_DEFAULT 32
#define BATCH_MAX 256
#define REQUEST_BYTES (256u << 10) /* of texts in one request */
#define SHORTEST 256               /* bytes; a text refused as too long is not cut further */
#define THREADS_MAX 16
#define FINGERPRINT_MAX 120

struct remote {
    struct caller *caller;
    enum remote_kind kind;
    char *model, *prefix[2]; /* by enum embed_kind */
    unsigned dim, batch, concurrency;
    bool cut;
    size_t text_max;
    char fingerprint[FINGERPRINT_MAX + 1];
};

static const char *const kinds[] = {"auto", "openai", "ollama", "llamacpp", "tei"};

const char *remote_kind_name(enum remote_kind kind)
{
    return kinds[kind];
}

int remote_kind_from(const char *name, enum remote_kind *ret)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(kinds[i], name) == 0) {
            *ret = (enum remote_kind)i;
            return 0;
        }
    return -EINVAL;
}

/* ---- prefixes ---- */

void remote_prefixes(const char *model, const char **query, const char **document)
{
    static const struct {
        const char *part, *query, *document;
    } known[] = {
        {"nomic-embed", "search_query: ", "search_document: "},
        {"multilingual-e5-large-instruct",
         "Instruct: Given a web search query, retrieve relevant passages that answer the "
         "query\nQuery: ",
         ""},
        {"e5-", "query: ", "passage: "},
        {"mxbai-embed", "Represent this sentence for searching relevant passages: ", ""},
        {"snowflake-arctic-embed2", "query: ", ""},
        {"snowflake-arctic-embed-l-v2", "query: ", ""},
        {"snowflake-arctic-embed-m-v2", "query: ", ""},
        {"snowflake-arctic-embed", "Represent this sentence for searching relevant passages: ", ""},
        {"bge-small-en", "Represent this sentence for searching relevant passages: ", ""},
        {"bge-base-en", "Represent this sentence for searching relevant passages: ", ""},
        {"bge-large-en", "Represent this sentence for searching relevant passages: ", ""},
        {"qwen3-embedding",
         "Instruct: Given a web search query, retrieve relevant passages that answer the "
         "query\nQuery:",
         ""},
        {"embeddinggemma", "task: search result | query: ", "title: none | text: "},
    };
    *query = *document = "";
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcasestr(model, known[i].part)) {
            *query = known[i].query;
            *document = known[i].document;
            return;
        }
}

/* ---- one request ---- */

struct request_text {
    char *data; /* prefix, title, body */
    size_t len;
    size_t at; /* of its vector */
};

/* The vectors of n texts by one request. A single text that is refused is shortened. */
static int request(const struct remote *m, enum embed_kind kind, struct request_text *t, size_t n,
                   float *out, struct docfs_err *err)
{
    const char *texts[BATCH_MAX];
    size_t lens[BATCH_MAX];
    _cleanup_free_ float *v = reallocarray(NULL, n * m->dim, sizeof(*v));
    if (!v)
        return err_oom(err);
    for (;;) {
        for (size_t i = 0; i < n; i++) {
            texts[i] = t[i].data;
            lens[i] = t[i].len;
        }
        _cleanup_response_ struct http_response r = {0};
        _cleanup_free_ char *body = remote_embed_body(m->kind, m->model, texts, lens, n);
        if (!body)
            return err_oom(err);
        int rc = caller_do(m->caller, kind == EMBED_QUERY ? CALL_QUESTION : CALL_PASSAGES,
                           remote_embed_path(m->kind), body, &r, err);
        if (rc == -EINVAL && n == 1 && t->len > SHORTEST) {
            t->len = utf8_cut(t->data, t->len, t->len / 2);
            continue;
        }
        unsigned dim = m->dim;
        if (rc == 0)
            rc =
                remote_vectors(r.body.data ? r.body.data : "", r.body.len, n, m->cut, &dim, v, err);
        for (size_t i = 0; rc == 0 && i < n; i++)
            memcpy(out + t[i].at * m->dim, v + i * m->dim, m->dim * sizeof(*v));
        return rc;
    }
}

/* ---- many requests ---- */

struct work {
    const struct remote *m;
    enum embed_kind kind;
    struct request_text *text;
    size_t n;
    float *out;
    pthread_mutex_t lock; /* next, rc, err */
    size_t next;
    int rc;
    struct docfs_err err;
};

static size_t slice(const struct work *w)
{
    size_t n = 0, bytes = 0;
    while (w->next + n < w->n && n < w->m->batch &&
           (n == 0 || bytes + w->text[w->next + n].len <= REQUEST_BYTES))
        bytes += w->text[w->next + n++].len;
    return n;
}

static void *worker(void *arg)
{
    struct work *w = arg;
    pthread_mutex_lock(&w->lock);
    while (w->rc == 0 && w->next < w->n) {
        size_t n = slice(w), first = w->next;
        w->next += n;
        pthread_mutex_unlock(&w->lock);
        struct docfs_err err = {0};
        int rc = request(w->m, w->kind, w->text + first, n, w->out, &err);
        pthread_mutex_lock(&w->lock);
        if (rc < 0 && w->rc == 0) {
            w->rc = rc;
            w->err = err;
        }
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

static void run_all(struct work *w)
{
    pthread_t thread[THREADS_MAX];
    unsigned n = 0, batch = w->m->batch;
    size_t requests = (w->n + batch - 1) / batch;
    while (n + 1 < w->m->concurrency && n + 1 < requests && n < THREADS_MAX &&
           pthread_create(&thread[n], NULL, worker, w) == 0)
        n++;
    worker(w);
    while (n > 0)
        pthread_join(thread[--n], NULL);
}

static bool is_blank(const char *s, size_t len)
{
    while (len && (unsigned char)s[len - 1] <= ' ')
        len--;
    return len == 0;
}

static int remote_embed(void *ctx, enum embed_kind kind, const struct embed_text *texts, size_t n,
                        float *out, struct docfs_err *err)
{
    const struct remote *m = ctx;
    _cleanup_buf_ struct buf all = {0};
    struct work w = {.m = m, .kind = kind, .out = out};
    w.text = calloc(n + 1, sizeof(*w.text));
    _cleanup_free_ size_t *starts = calloc(n + 1, sizeof(*starts));
    _cleanup_free_ struct request_text *text = w.text;
    if (!text || !starts)
        return err_oom(err);
    memset(out, 0, n * m->dim * sizeof(*out));
    for (size_t i = 0; i < n; i++) {
        const struct embed_text *t = &texts[i];
        if (is_blank(t->title, t->title_len) && is_blank(t->body, t->body_len))
            continue; /* some servers refuse it; its vector is zero */
        starts[w.n] = all.len;
        buf_adds(&all, m->prefix[kind]);
        buf_add(&all, t->title, t->title_len);
        if (t->title_len)
            buf_addc(&all, '\n');
        buf_add(&all, t->body, t->body_len);
        size_t len = all.len - starts[w.n];
        if (buf_status(&all) == 0 && len > m->text_max)
            len = utf8_cut(all.data + starts[w.n], len, m->text_max);
        text[w.n++] = (struct request_text){.len = len, .at = i};
    }
    if (buf_status(&all) < 0)
        return err_oom(err);
    for (size_t i = 0; i < w.n; i++)
        text[i].data = all.data + starts[i];
    pthread_mutex_init(&w.lock, NULL);
    if (w.n)
        run_all(&w);
    pthread_mutex_destroy(&w.lock);
    return w.rc < 0 ? err_set(err, w.rc, "%s", w.err.text) : 0;
}

/* ---- making one ---- */

static void remote_free(void *ctx)
{
    struct remote *m = ctx;
    if (!m)
        return;
    caller_free(m->caller);
    free(m->model);
    free(m->prefix[0]);
    free(m->prefix[1]);
    free(m);
}

/* "ollama/nomic-embed-text@0a109f422b47/768/l2", with a hash of the prefixes when there are any. */
static void name_model(struct remote *m, const char *version)
{
    char tail[64] = "", hex[9] = "", name[400];
    if (*m->prefix[0] || *m->prefix[1]) {
        uint64_t h = hash64(m->prefix[0], strlen(m->prefix[0]), 1);
        h = hash64(m->prefix[1], strlen(m->prefix[1]), h);
        hex_encode((const unsigned char *)&h, 4, hex);
    }
    snprintf(tail, sizeof(tail), "/%u/l2%s%s", m->dim, *hex ? "/" : "", hex);
    snprintf(name, sizeof(name), "%s/%s%s%s", remote_kind_name(m->kind), m->model,
             *version ? "@" : "", version);
    size_t room = FINGERPRINT_MAX - strlen(tail);
    if (strlen(name) > room) { /* a long name is told apart by its hash */
        uint64_t h = hash64(name, strlen(name), 2);
        snprintf(name + room - 17, sizeof(name) - room + 17, "~%016llx", (unsigned long long)h);
    }
    snprintf(m->fingerprint, sizeof(m->fingerprint), "%.*s%s", (int)room, name, tail);
}

static unsigned between(unsigned v, unsigned low, unsigned high)
{
    return v < low ? low : v > high ? high : v;
}

int remote_new(const struct remote_options *opt, const char *version, struct embedder **ret,
               struct docfs_err *err)
{
    _cleanup_free_ struct embedder *e = calloc(1, sizeof(*e));
    struct remote *m = calloc(1, sizeof(*m));
    const char *known[2], *given[2] = {opt->query_prefix, opt->document_prefix};
    remote_prefixes(opt->model, &known[EMBED_QUERY], &known[EMBED_PASSAGE]);
    int rc = e && m ? caller_new(opt, &m->caller, err) : err_oom(err);
    if (rc == 0) {
        m->kind = opt->kind;
        m->model = strdup(opt->model);
        for (size_t i = 0; i < 2; i++)
            m->prefix[i] = strdup(strcmp(given[i], "auto") == 0 ? known[i] : given[i]);
        m->dim = opt->dim;
        m->cut = opt->cut;
        m->batch = between(opt->batch ? opt->batch : BATCH_DEFAULT, 1, BATCH_MAX);
        m->concurrency = between(opt->concurrency, 1, THREADS_MAX);
        m->text_max = opt->text_max;
        if (!m->model || !m->prefix[0] || !m->prefix[1])
            rc = err_oom(err);
    }
    if (rc < 0) {
        remote_free(m);
        return rc;
    }
    name_model(m, version);
    *e = (struct embedder){.ctx = m,
                           .dim = m->dim,
                           .fingerprint = m->fingerprint,
                           .batch = between(m->batch * m->concurrency, 1, BATCH_MAX),
                           .costly = true,
                           .embed = remote_embed,
                           .free = remote_free};
    *ret = steal_ptr(e);
    return 0;
}
