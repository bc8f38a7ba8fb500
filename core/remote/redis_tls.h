/* SPDX-License-Identifier: MIT
 * TLS for a client library that has none (hiredis before 1.0, as in Debian 12). */
#pragma once
#include <stddef.h>
#include "core/util/err.h"

struct redis_tls;

/* ca_file: certificates to trust; "": those of the system. -EINVAL names the file. */
int redis_tls_new(const char *ca_file, struct redis_tls **ret, struct docfs_err *err);
/* NULL allowed. Close the connections before: it waits until their threads have ended, because what
 * OpenSSL does at the end of a process is not for threads that still use it. */
void redis_tls_free(struct redis_tls *t);

/* A socket that carries plainly what goes through TLS to host:port, whose certificate was checked
 * against that name. Closing it ends the connection. 0, or -errno with why in text. */
int redis_tls_connect(struct redis_tls *t, const char *host, int port, unsigned timeout_ms,
                      int *ret_fd, char *text, size_t size);
