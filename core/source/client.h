/* SPDX-License-Identifier: MIT
 * HTTP for sources: a client whose limits are the settings of sources, and whose errors name them.
 */
#pragma once
#include "core/remote/http.h"
#include "core/source/source.h"

struct source_client {
    bool pages;         /* of a web site (sources.page_timeout); else a file (sources.timeout) */
    bool allow_private; /* see struct http_options */
    bool one_hop;       /* a redirect is the answer */
    size_t body;        /* bytes of one answer */
};
int source_client(const struct source_env *env, const struct source_client *want, struct http **ret,
                  struct docfs_err *err);
/* http_status_err() that says where a token belongs. token: one was sent. */
int source_status_err(const struct http_response *r, bool token, struct docfs_err *err);
