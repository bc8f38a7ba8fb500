/* SPDX-License-Identifier: MIT
 * Inside of the remote embedder; see remote.h for the files. */
#pragma once
#include <jansson.h>
#include "core/embed/remote.h"
#include "core/remote/http.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"

/* ---- remote_wire.c: pure ---- */

const char *remote_embed_path(enum remote_kind kind);
/* Body that asks for the vectors of n texts; free(). NULL when memory is out. */
char *remote_embed_body(enum remote_kind kind, const char *model, const char *const *texts,
                        const size_t *lens, size_t n);
/* Vectors of an answer of any kind of server, at unit length. *dim 0: set to what came, and out may
 * be NULL. cut: longer vectors are shortened to *dim. -EBADMSG: no JSON, not n vectors, a value
 * that is no finite number; -EPROTO: other dimension; -ENOMEM. */
int remote_vectors(const char *body, size_t len, size_t n, bool cut, unsigned *dim, float *out,
                   struct docfs_err *err);
char *remote_rerank_body(enum remote_kind kind, const char *model, const char *query,
                         const char *const *texts, const size_t *lens, size_t n);
/* Scores by index, as the server gave them; a text without one is -EBADMSG. */
int remote_scores(const char *body, size_t len, size_t n, double *out, struct docfs_err *err);
/* The sentence in an error answer, "" when there is none. */
void remote_message(const char *body, size_t len, char *ret, size_t size);
json_t *remote_json(const struct buf *body);

#define DIM_MAX 4096

/* ---- remote_call.c ---- */

struct caller;
/* Copies what it needs. */
int caller_new(const struct remote_options *opt, struct caller **ret, struct docfs_err *err);
void caller_free(struct caller *c);
enum call_kind { CALL_PASSAGES, CALL_QUESTION };
/* POST when body is not NULL, else GET, of a path below the url. Retries passages; fails at once
 * while the server is known to be down. 0: an answer 2xx. -EINVAL: the request itself was refused
 * (400, 413, 422); -ENOENT: 404; -EACCES: 401, 403; other codes: not now. *ret is finished by the
 * caller in every case. */
int caller_do(struct caller *c, enum call_kind kind, const char *path, const char *body,
              struct http_response *ret, struct docfs_err *err);
