/* SPDX-License-Identifier: MIT
 * The services that the settings name. docfs works without each of them, so none is a failure. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/health/doctor.h"

static void redis(struct doctor *x, struct docfs *d)
{
    struct docfs_err err = {0};
    char version[32] = "";
    int r = shared_check(d, version, sizeof(version), &err);
    if (r == 1)
        doctor_tell(x, "redis", DOCFS_PASS, "", "not configured (redis.url), not needed");
    else if (r == 0)
        doctor_tell(x, "redis", DOCFS_PASS, "", "version %s answers", version);
    else
        doctor_tell(
            x, "redis", DOCFS_WARNING,
            r == -ECONNREFUSED || r == -ENOENT
                ? "start it (systemctl start redis-server) or correct redis.url; docfs "
                  "works without it meanwhile"
            : r == -EPROTO    ? "name the file with the right certificates in redis.ca_file, or "
                                "the host as its certificate does"
            : r == -EACCES    ? "put the password into the file that redis.password_file names"
            : r == -ETIMEDOUT ? "see why it is slow (redis-cli --latency), or raise redis.timeout"
                              : "correct the setting, or unset redis.url: docfs works without it",
            "%s", err.text);
}

/* ---- embedding ---- */

static const char *embedding_remedy(int r)
{
    switch (-r) {
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENOENT:
        return "start the server, or correct embed.url; until then search goes by words and new "
               "passages wait for their vectors (docfs reembed)";
    case ETIMEDOUT:
        return "see why the server is slow (a model that is being loaded?), or raise "
               "embed.timeout; until then search goes by words";
    case EACCES:
    case EPERM:
        return "put the key that the server takes into the file of embed.key_file, readable for "
               "this user alone (chmod 600)";
    case EINVAL:
        return "docfs config set embed.model NAME, with a model that the server has";
    default:
        return "correct the setting, or unset embed.url: docfs then embeds with its own model";
    }
}

/* Do the vectors that are there belong to what embeds from now on? */
static void compare(struct doctor *x, const struct embedder *e)
{
    struct docfs_status s = {0};
    struct docfs_model have;
    if (!x->d || docfs_status(x->d, &s, NULL) < 0 || !s.vectors ||
        strcmp(s.fingerprint, e->fingerprint) == 0)
        doctor_tell(x, "embedding", DOCFS_PASS, "", "%s answers, %u numbers a text", e->fingerprint,
                    e->dim);
    else if (docfs_model(x->d, &have, NULL) == 0 && have.dimension != e->dim)
        doctor_tell(x, "embedding", DOCFS_WARNING,
                    "docfs reembed makes the vectors anew; meanwhile the old model answers",
                    "the settings ask for %s with %u numbers a text, the vectors of the cache are "
                    "of %s with %u",
                    e->fingerprint, e->dim, s.fingerprint, have.dimension);
    else
        doctor_tell(x, "embedding", DOCFS_WARNING,
                    "docfs reembed makes the vectors anew; meanwhile the old model answers",
                    "the settings ask for %s, the vectors of the cache are of %s", e->fingerprint,
                    s.fingerprint);
}

static void embedding(struct doctor *x, struct docfs *d)
{
    struct docfs_err err = {0};
    struct embedder *e = NULL;
    char *spec = NULL;
    _cleanup_free_ char *url = setting_text(d, "embed.url");
    int r = embedding_wanted(d, &e, &spec, &err);
    /* What was resolved before is not asked again: one word tells whether it answers now. */
    _cleanup_free_ float *v = r == 0 ? calloc(e->dim, sizeof(*v)) : NULL;
    struct embed_text t = {.title = "", .body = "word", .body_len = 4};
    if (r == 0)
        r = v ? e->embed(e->ctx, EMBED_QUERY, &t, 1, v, &err) : err_oom(&err);
    if (r == 0)
        compare(x, e);
    else
        doctor_tell(x, "embedding", DOCFS_WARNING,
                    url && *url ? embedding_remedy(r)
                                : "correct or unset embed.model: docfs then embeds with the model "
                                  "that comes with it",
                    "%s", err.text);
    free(spec);
    embedder_free(e);
}

static void rerank(struct doctor *x, struct docfs *d)
{
    _cleanup_free_ char *url = setting_text(d, "rerank.url");
    struct docfs_err err = {0};
    struct embed_text t = {.title = "", .body = "word", .body_len = 4};
    double score;
    if (!url || !*url)
        return;
    int r = embedding_rerank(d, "word", &t, 1, &score, &err);
    if (r < 0)
        doctor_tell(x, "rerank", DOCFS_WARNING,
                    r == -EACCES ? "put the key that the server takes into the file of "
                                   "rerank.key_file"
                    : r == -ETIMEDOUT
                        ? "see why the server is slow, or raise rerank.timeout; results keep "
                          "their first order meanwhile"
                        : "start the server, correct rerank.url, rerank.api or rerank.model, or "
                          "unset rerank.url; results keep their first order meanwhile",
                    "%s", err.text);
    else
        doctor_tell(x, "rerank", DOCFS_PASS, "", "%s answers", url);
}

/* ---- chat ---- */

static const char *chat_remedy(int r)
{
    switch (-r) {
    case EACCES:
    case EPERM:
        return "put the key that the server takes into the file of chat.key_file, readable for "
               "this user alone (chmod 600)";
    case ENOENT:
        return "docfs config set chat.model NAME, with a model that the server has (ollama pull "
               "gets one), or correct chat.url";
    case ETIMEDOUT:
        return "see why the server is slow; answers are extracts meanwhile";
    default:
        return "start the server, correct chat.url, or unset it; answers are extracts meanwhile";
    }
}

static void chat(struct doctor *x, struct docfs *d)
{
    size_t i = 0;
    int r;
    do {
        struct docfs_err err = {0};
        char model[128];
        r = docfs_chat_check(d, i, model, sizeof(model), &err);
        if (r < 0)
            doctor_tell(x, "chat", DOCFS_WARNING, chat_remedy(r), "%s", err.text);
        else if (r > 0)
            doctor_tell(x, "chat", DOCFS_PASS, "", "endpoint %zu of chat.url has the model %s",
                        i + 1, model);
        else if (i == 0)
            doctor_tell(x, "chat", DOCFS_PASS, "", "not configured (chat.url), not needed");
    } while (r != 0 && r != -EINVAL && r != -EPERM && ++i < 16);
}

void doctor_peers(struct doctor *x)
{
    struct docfs *bare = NULL;
    if (!x->d && docfs_open_settings(x->opt->open.set, &bare, NULL) < 0)
        return; /* the check of the settings said why */
    struct docfs *d = x->d ? x->d : bare;
    redis(x, d);
    embedding(x, d);
    rerank(x, d);
    chat(x, d);
    docfs_close(bare);
}
