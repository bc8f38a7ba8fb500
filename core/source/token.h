/* SPDX-License-Identifier: MIT
 * Access tokens by host, from the environment or a file. A token is used and forgotten: it goes
 * into no location, no argument list, no message and no table. */
#pragma once
#include <stdbool.h>
#include "core/util/err.h"

/* The token for a host ("git.example.org", with ":port" when it has one), looked for in
 *   DOCFS_TOKEN_GIT_EXAMPLE_ORG (the host in capitals, '_' for anything else),
 *   GITHUB_TOKEN or GH_TOKEN (github.com), GITLAB_TOKEN (gitlab.com), CODEBERG_TOKEN
 * (codeberg.org), the lines "HOST TOKEN" of file (NULL or "" = no file). Returns 1 with *ret
 * (caller wipes and frees), 0 when there is none, or -errno: -EACCES when the file may be read by
 * others, -ENOENT when it is missing. */
int token_for_host(const char *host, const char *file, char **ret, struct docfs_err *err);
/* A header with the token for the host of a URL: "Authorization: Bearer TOKEN", or Basic when it is
 * "user:password". Returns 1 with *ret (token_free), 0 when there is none. -EACCES also when it
 * would go over plain http to another machine. */
int token_header(const char *url, const char *file, char **ret, struct docfs_err *err);
/* Is that the host of this machine ("localhost", "127.0.0.1", "[::1]", each with or without port)?
 */
bool token_host_is_local(const char *host);
/* The names of the variables looked at, for messages: "GITHUB_TOKEN" or "DOCFS_TOKEN_...". */
void token_variable(const char *host, char *out, unsigned size);
/* Overwrites and frees. */
void token_free(char *token);
