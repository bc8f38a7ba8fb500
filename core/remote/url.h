/* SPDX-License-Identifier: MIT
 * URLs of the web: taken apart, made absolute, brought to one form. Only http and https exist
 * here. Pure and thread-safe. */
#pragma once
#include <stdbool.h>
#include "core/util/cleanup.h"
#include "core/util/err.h"

#define URL_MAX 4096 /* bytes; anything longer is refused */

struct url {
    char *scheme; /* "http" or "https" */
    char *host;   /* lower case, IDN in its ASCII form; "[::1]" for IPv6 */
    int port;     /* explicit or default */
    char *path;   /* begins with '/'; dot segments removed; %XX in upper case */
    char *query;  /* without '?', or NULL */
    char *user;   /* "user:password" as written, or NULL */
};

/* -EINVAL: not an http(s) URL; the text says what is wrong with it. */
int url_parse(const char *text, struct url *ret, struct docfs_err *err);
void url_fini(struct url *u);
#define _cleanup_url_ _cleanup_(url_fini)

/* One form for one resource: scheme and host in lower case, no default port, no fragment, no
 * credentials, dot segments gone, %XX in upper case and unreserved bytes decoded, "/" for an empty
 * path, bytes that may not stand in a URL escaped. New string. -EINVAL as url_parse. */
int url_normal(const char *text, char **ret, struct docfs_err *err);

/* What a reference (href, Location) means on the page base, in normal form. ref "" or "#x" is the
 * base itself, its query included. *ret_fragment (may be NULL): new string without '#', or NULL.
 * -EINVAL: no http(s) URL comes of it (mailto:, javascript:, data: and the like). */
int url_resolve(const char *base, const char *ref, char **ret, char **ret_fragment,
                struct docfs_err *err);

/* Same scheme, host and port. */
bool url_same_origin(const char *a, const char *b);

/* For messages: the URL without credentials, at most 200 bytes. New string or NULL (no memory). */
char *url_display(const char *text);
