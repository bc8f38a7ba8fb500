/* SPDX-License-Identifier: MIT */
#include "core/source/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/source/token.h"

int source_client(const struct source_env *env, const struct source_client *want, struct http **ret,
                  struct docfs_err *err)
{
    static const struct http_names of_pages = {.total = "sources.page_timeout",
                                               .stall = "sources.stall",
                                               .body = "ingest.max_file",
                                               .header = "sources.max_headers",
                                               .ratio = "sources.max_ratio",
                                               .redirects = "sources.max_redirects"};
    static const struct http_names of_files = {.total = "sources.timeout",
                                               .stall = "sources.stall",
                                               .body = "sources.max_bytes",
                                               .header = "sources.max_headers",
                                               .ratio = "sources.max_ratio",
                                               .redirects = "sources.max_redirects"};
    const struct source_limits *l = &env->limits;
    struct http_options opt = {.allow_private = want->allow_private,
                               .limits = {.total_ms = want->pages ? l->page_ms : l->timeout_ms,
                                          .stall_ms = l->stall_ms,
                                          .slow_ms = l->stall_ms,
                                          .body = want->body,
                                          .header = l->max_headers,
                                          .ratio = (unsigned)l->max_ratio,
                                          .redirects = want->one_hop ? -1 : l->max_redirects,
                                          .names = want->pages ? &of_pages : &of_files}};
    return http_new(&opt, ret, err);
}

int source_status_err(const struct http_response *r, bool token, struct docfs_err *err)
{
    char host[300], variable[320];
    const char *p = strstr(r->url, "://");
    p = p ? p + 3 : r->url;
    snprintf(host, sizeof(host), "%.*s", (int)strcspn(p, "/?#"), p);
    token_variable(host, variable, sizeof(variable));
    if (r->status == 401 && token)
        return err_set(err, -EACCES,
                       "%s does not accept the token for %s (HTTP 401): renew it in %s or in the "
                       "file of setting sources.token_file",
                       r->url, host, variable);
    if (r->status == 401)
        return err_set(err, -EACCES,
                       "%s asks for a login (HTTP 401): put a token, or user:password, into the "
                       "environment variable %s, or a line \"%s TOKEN\" into the file that setting "
                       "sources.token_file names",
                       r->url, variable, host);
    if (r->status == 404 && !token) /* what GitHub says of a private file */
        return err_set(
            err, -ENOENT,
            "%s does not exist (HTTP 404): check the address; what is private may need a "
            "token in %s",
            r->url, variable);
    return http_status_err(r, err);
}
