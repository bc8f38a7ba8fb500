/* SPDX-License-Identifier: MIT
 * Which embedder: the one whose vectors the cache holds (questions go to it), and the one that the
 * settings ask for (which takes over when every passage has been embedded again). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/remote.h"
#include "core/embed/spec.h"
#include "core/embed/tune.h"
#include "core/internal.h"
#include "core/store/tunings.h"
#include "core/util/clock.h"

#define REFUSED_NS INT64_C(5000000000)

struct embedding {
    pthread_mutex_t lock;
    char *serving_key; /* fingerprint and note that it was made from */
    struct embedder *serving;
    /* The same of one that is not to be had: to find that out takes longer than a question. Tried
     * again after REFUSED_NS, for the model's file may be another by then. */
    char *refused_key;
    struct docfs_err refused;
    int64_t refused_at;
    char *wanted_key; /* the settings it was made from */
    struct embedder *wanted;
    char *wanted_spec;
    char *rerank_key;
    struct reranker *reranker;
};

int embedding_new(struct embedding **ret, struct docfs_err *err)
{
    struct embedding *m = calloc(1, sizeof(*m));
    if (!m)
        return err_oom(err);
    pthread_mutex_init(&m->lock, NULL);
    *ret = m;
    return 0;
}

void embedding_free(struct embedding *m)
{
    if (!m)
        return;
    embedder_free(m->serving);
    embedder_free(m->wanted);
    reranker_free(m->reranker);
    free(m->serving_key);
    free(m->refused_key);
    free(m->wanted_key);
    free(m->wanted_spec);
    free(m->rerank_key);
    pthread_mutex_destroy(&m->lock);
    free(m);
}

/* ---- settings ---- */

static int take_text(struct docfs *d, const char *key, char **field)
{
    char *v = setting_text(d, key);
    if (!v)
        return -ENOMEM;
    free(*field);
    *field = v;
    return 0;
}

static int read_tuning(struct docfs *d, struct embed_spec *s)
{
    struct store_tuning t = {0};
    _cleanup_read_ struct store_read *r = NULL;
    if (!d->store) /* docfs_open_settings */
        return 0;
    int rc = store_read_begin(d->store, &r, NULL);
    if (rc == 0)
        rc = store_get_tuning(r, "", &t, NULL);
    if (rc == 0)
        rc = embed_spec_set(&s->tuning, t.name);
    buf_fini(&t.factors);
    return rc == -ENOENT ? 0 : rc;
}

static int read_spec(struct docfs *d, struct embed_spec *s)
{
    if (embed_spec_init(s) < 0)
        return -ENOMEM;
    s->dim = (unsigned)setting_int(d, "embed.dimension");
    s->cut = s->dim > 0;
    s->batch = (unsigned)setting_int(d, "embed.batch");
    int rc = take_text(d, "embed.provider", &s->provider);
    if (rc == 0)
        rc = take_text(d, "embed.url", &s->url);
    if (rc == 0)
        rc = take_text(d, "embed.model", &s->model);
    if (rc == 0)
        rc = take_text(d, "embed.query_prefix", &s->query_prefix);
    if (rc == 0)
        rc = take_text(d, "embed.document_prefix", &s->document_prefix);
    if (rc == 0)
        rc = take_text(d, "embed.key_file", &s->key_file);
    return rc < 0 ? rc : read_tuning(d, s);
}

static struct embed_limits read_limits(struct docfs *d, const char *key)
{
    return (struct embed_limits){.key = key,
                                 .concurrency = (unsigned)setting_int(d, "embed.concurrency"),
                                 .retries = (unsigned)setting_int(d, "embed.retries"),
                                 .timeout_ms = setting_int(d, "embed.timeout"),
                                 .query_ms = setting_int(d, "embed.query_timeout"),
                                 .pause_max_ms = setting_int(d, "embed.pause_max"),
                                 .text_max = (size_t)setting_int(d, "embed.text_max")};
}

/* The key belongs to the server that the settings name; another one never sees it. */
static int read_key(struct docfs *d, const struct embed_spec *s, char **ret, struct docfs_err *err)
{
    _cleanup_free_ char *url = setting_text(d, "embed.url");
    if (!url || !*s->url || strcmp(url, s->url) != 0) {
        *ret = strdup("");
        return *ret ? 0 : err_oom(err);
    }
    return setting_secret(d, "embed.key_file", ret, err);
}

static void forget(char *secret)
{
    if (secret)
        explicit_bzero(secret, strlen(secret));
    free(secret);
}

static bool is_builtin(const struct embed_spec *s)
{
    return strcmp(s->provider, "builtin") == 0;
}

/* The file of a model is mapped once, also when both questions and passages need it. A server may
 * be asked in two ways for the same vectors, so this is of built-in models only. */
static void share(struct embedder **e, struct embedder *other)
{
    if (!other || !(*e)->near || !other->near || strcmp((*e)->fingerprint, other->fingerprint) != 0)
        return;
    embedder_free(*e);
    *e = embedder_ref(other);
}

/* The built-in model as it was adapted to this cache. */
static int open_tuned(struct docfs *d, const char *name, struct embedder **ret,
                      struct docfs_err *err)
{
    struct store_tuning t = {0};
    _cleanup_read_ struct store_read *r = NULL;
    int rc = store_read_begin(d->store, &r, err);
    if (rc == 0)
        rc = store_get_tuning(r, name, &t, err);
    if (rc == 0)
        rc = embed_tuned_new(buf_text(&t.factors), t.factors.len, ret, err);
    else if (rc == -ENOENT)
        rc =
            err_set(err, -ESTALE, "the adaptation %.20s of the model is gone from the cache", name);
    buf_fini(&t.factors);
    return rc;
}

static int open_spec(struct docfs *d, const struct embed_spec *s, const struct embed_limits *l,
                     struct embedder **ret, struct docfs_err *err)
{
    return is_builtin(s) && *s->tuning ? open_tuned(d, s->tuning, ret, err)
                                       : embed_open(s, l, ret, err);
}

/* ---- the embedder of the vectors ---- */

static int open_serving(struct docfs *d, const char *fingerprint, const char *json,
                        struct embedder **ret, struct docfs_err *err)
{
    _cleanup_spec_ struct embed_spec s = {0};
    char *key = NULL;
    int rc = embed_spec_parse(json, &s);
    if (rc < 0)
        return err_set(err, rc,
                       "the cache's note on its embedder is damaged; docfs reembed "
                       "writes it anew");
    rc = read_key(d, &s, &key, err);
    if (rc < 0)
        return rc;
    struct embed_limits l = read_limits(d, key);
    rc = open_spec(d, &s, &l, ret, err);
    forget(key);
    bool same = rc == 0 && strcmp((*ret)->fingerprint, fingerprint) == 0;
    if (is_builtin(&s) && !same) { /* the vectors may be of a docfs without the model's file */
        struct embedder *hash = NULL;
        if (embed_hash_new(&hash, NULL) == 0 && strcmp(hash->fingerprint, fingerprint) == 0) {
            if (rc == 0)
                embedder_free(*ret);
            *ret = hash;
            return 0;
        }
        embedder_free(hash);
    }
    if (rc == 0 && !same) {
        err_set(err, -ESTALE, "the vectors are of the model %s, this docfs has %s", fingerprint,
                (*ret)->fingerprint);
        embedder_free(*ret);
        *ret = NULL;
        rc = -ESTALE;
    }
    return rc;
}

/* As open_serving, with m locked; a refusal is remembered. Takes *key then. */
static int open_or_refuse(struct docfs *d, const char *fingerprint, const char *json, char **key,
                          struct embedder **ret, struct docfs_err *why)
{
    struct embedding *m = d->embedding;
    if (m->refused_key && strcmp(m->refused_key, *key) == 0 &&
        clock_mono_ns() - m->refused_at < REFUSED_NS) {
        *why = m->refused;
        return why->code;
    }
    int rc = open_serving(d, fingerprint, json, ret, why);
    if (rc == -ESTALE) {
        free(m->refused_key);
        m->refused_key = steal_ptr(*key);
        m->refused = *why;
        m->refused_at = clock_mono_ns();
    }
    return rc;
}

int embedding_serving(struct docfs *d, struct store_read *r, struct embedder **ret,
                      struct docfs_err *why, struct docfs_err *err)
{
    char fingerprint[128], json[4096];
    struct embedding *m = d->embedding;
    *ret = NULL;
    *why = (struct docfs_err){0};
    int rc = store_meta(r, "fingerprint", fingerprint, sizeof(fingerprint), err);
    if (rc < 0 || !*fingerprint)
        return rc;
    rc = store_meta(r, "embedder", json, sizeof(json), err);
    _cleanup_free_ char *key = NULL;
    if (rc == 0 && asprintf(&key, "%s\n%s", fingerprint, json) < 0) {
        key = NULL;
        rc = err_oom(err);
    }
    if (rc < 0)
        return rc;
    struct embedder *e = NULL;
    pthread_mutex_lock(&m->lock);
    if (!m->serving || strcmp(m->serving_key, key) != 0) {
        rc = open_or_refuse(d, fingerprint, json, &key, &e, why);
        if (rc == 0) {
            share(&e, m->wanted);
            embedder_free(m->serving);
            free(m->serving_key);
            m->serving = e;
            m->serving_key = steal_ptr(key);
        }
    }
    if (rc == 0) {
        *ret = embedder_ref(m->serving);
        *why = (struct docfs_err){0};
    }
    pthread_mutex_unlock(&m->lock);
    return 0;
}

/* ---- the embedder of the settings ---- */

static int make_wanted(struct docfs *d, struct embed_spec *s, struct embedder **ret,
                       char **ret_json, struct docfs_err *err)
{
    char *key = NULL;
    int rc = read_key(d, s, &key, err);
    if (rc < 0)
        return rc;
    struct embed_limits l = read_limits(d, key);
    rc = embed_resolve(s, &l, err);
    if (rc == 0 && !is_builtin(s))
        rc = embed_spec_set(&s->tuning, "") < 0 ? err_oom(err) : 0;
    if (rc == 0)
        rc = open_spec(d, s, &l, ret, err);
    if (rc == -ESTALE) { /* adapted to a model that was replaced since: its turn is over */
        rc = embed_spec_set(&s->tuning, "") < 0 ? err_oom(err) : embed_open(s, &l, ret, err);
    }
    forget(key);
    if (rc < 0)
        return rc;
    *ret_json = embed_spec_dump(s);
    if (*ret_json)
        return 0;
    embedder_free(*ret);
    return err_oom(err);
}

int embedding_wanted(struct docfs *d, struct embedder **ret, char **ret_spec, struct docfs_err *err)
{
    struct embedding *m = d->embedding;
    _cleanup_spec_ struct embed_spec s = {0};
    if (read_spec(d, &s) < 0)
        return err_oom(err);
    _cleanup_free_ char *key = embed_spec_dump(&s);
    char *json = NULL;
    struct embedder *e = NULL;
    if (!key)
        return err_oom(err);
    pthread_mutex_lock(&m->lock);
    int rc = 0;
    if (!m->wanted || strcmp(m->wanted_key, key) != 0) {
        rc = make_wanted(d, &s, &e, &json, err);
        if (rc == 0) {
            share(&e, m->serving);
            embedder_free(m->wanted);
            free(m->wanted_key);
            free(m->wanted_spec);
            m->wanted = e;
            m->wanted_key = steal_ptr(key);
            m->wanted_spec = json;
        }
    }
    if (rc == 0) {
        *ret_spec = strdup(m->wanted_spec);
        if (*ret_spec)
            *ret = embedder_ref(m->wanted);
        else
            rc = err_oom(err);
    }
    pthread_mutex_unlock(&m->lock);
    return rc;
}

int embedding_any(struct docfs *d, struct embedder **ret, struct docfs_err *err)
{
    struct store_read *r;
    struct docfs_err why;
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = embedding_serving(d, r, ret, &why, err);
    store_read_end(r);
    if (rc < 0 || *ret)
        return rc;
    if (why.code)
        return err_set(err, why.code, "%s", why.text);
    char *spec = NULL;
    rc = embedding_wanted(d, ret, &spec, err);
    free(spec);
    return rc;
}

/* ---- reranking ---- */

static int make_reranker(struct docfs *d, const char *url, const char *model, bool tei,
                         struct reranker **ret, struct docfs_err *err)
{
    char *secret = NULL;
    int rc = setting_secret(d, "rerank.key_file", &secret, err);
    struct remote_options opt = {.kind = tei ? REMOTE_TEI : REMOTE_OPENAI,
                                 .url = url,
                                 .model = model,
                                 .key = secret,
                                 .query_ms = setting_int(d, "rerank.timeout"),
                                 .text_max = (size_t)setting_int(d, "embed.text_max")};
    if (rc == 0)
        rc = reranker_new(&opt, ret, err);
    forget(secret);
    return rc;
}

int embedding_rerank(struct docfs *d, const char *query, const struct embed_text *texts, size_t n,
                     double *out, struct docfs_err *err)
{
    struct embedding *m = d->embedding;
    struct reranker *r = NULL;
    _cleanup_free_ char *url = setting_text(d, "rerank.url");
    _cleanup_free_ char *model = setting_text(d, "rerank.model");
    _cleanup_free_ char *key = NULL;
    bool tei = setting_int(d, "rerank.api") == 1;
    if (!url || !model || asprintf(&key, "%s\n%s\n%d", url, model, tei) < 0) {
        key = NULL;
        return err_oom(err);
    }
    int rc = 0;
    pthread_mutex_lock(&m->lock);
    if (!m->reranker || strcmp(m->rerank_key, key) != 0) {
        rc = make_reranker(d, url, model, tei, &r, err);
        if (rc == 0) {
            reranker_free(m->reranker);
            free(m->rerank_key);
            m->reranker = r;
            m->rerank_key = steal_ptr(key);
        }
    }
    r = rc == 0 ? reranker_ref(m->reranker) : NULL;
    pthread_mutex_unlock(&m->lock);
    if (rc == 0)
        rc = reranker_score(r, query, texts, n, out, err);
    reranker_free(r);
    return rc;
}
