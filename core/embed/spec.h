/* SPDX-License-Identifier: MIT
 * Which embedder: what the cache remembers of the one its vectors are of, so that questions go to
 * the same one until another has taken over. */
#pragma once
#include "core/embed/embed.h"

struct embed_spec {
    char *provider; /* "builtin", "static", "openai", "ollama", "llamacpp", "tei"; before
                       embed_resolve also "auto" */
    char *url;      /* of a server */
    char *model;    /* name at the server; directory of a static model */
    char *version;  /* of the model at the server, "" when it does not tell */
    char *query_prefix, *document_prefix; /* "auto": by the name of the model */
    char *key_file;                       /* only its name is kept, never the key */
    char *tuning;                         /* name of the adaptation of the built-in model, or "" */
    unsigned dim, batch;                  /* 0 = all, as the server says */
    bool cut;                             /* dim was asked for */
};
/* All strings "". */
int embed_spec_init(struct embed_spec *s);
void embed_spec_fini(struct embed_spec *s);
#define _cleanup_spec_ __attribute__((cleanup(embed_spec_fini)))
/* Replaces a string; -ENOMEM. */
int embed_spec_set(char **field, const char *value);
/* As JSON, without anything secret: new string, NULL when memory is out. */
char *embed_spec_dump(const struct embed_spec *s);
/* "" is the built-in one. -EINVAL for what dump never wrote. */
int embed_spec_parse(const char *json, struct embed_spec *ret);

/* What does not change the vectors. */
struct embed_limits {
    const char *key; /* "" for none */
    unsigned concurrency, retries;
    int64_t timeout_ms, query_ms, pause_max_ms;
    size_t text_max;
};

/* Makes "auto" and what was left open definite, asking the server when there is one. */
int embed_resolve(struct embed_spec *s, const struct embed_limits *l, struct docfs_err *err);
/* Makes the embedder of a definite spec. Asks nobody. */
int embed_open(const struct embed_spec *s, const struct embed_limits *l, struct embedder **ret,
               struct docfs_err *err);
