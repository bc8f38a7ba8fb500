/* SPDX-License-Identifier: MIT */
#include "core/source/client.h"

int source_client(const struct source_env *env, const struct source_client *want, struct http **ret,
                  struct docfs_err *err)
{
    static const struct http_names of_pages = {.total = "sources.page_timeout",
                                               .stall = "sources.stall",
                                               .body = "ingest.max_file",
                                               .ratio = "sources.max_ratio",
                                               .redirects = "sources.max_redirects"};
    static const struct http_names of_files = {.total = "sources.timeout",
                                               .stall = "sources.stall",
                                               .body = "sources.max_bytes",
                                               .ratio = "sources.max_ratio",
                                               .redirects = "sources.max_redirects"};
    const struct source_limits *l = &env->limits;
    struct http_options opt = {.allow_private = want->allow_private,
                               .limits = {.total_ms = want->pages ? l->page_ms : l->timeout_ms,
                                          .stall_ms = l->stall_ms,
                                          .slow_ms = l->stall_ms,
                                          .body = want->body,
                                          .ratio = (unsigned)l->max_ratio,
                                          .redirects = want->one_hop ? -1 : l->max_redirects,
                                          .names = want->pages ? &of_pages : &of_files}};
    return http_new(&opt, ret, err);
}
