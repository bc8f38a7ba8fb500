/* SPDX-License-Identifier: MIT
 * The parser of multipart bodies, apart from the request it comes with. Pure. */
#pragma once
#include "tools/sidecar/resource.h"

#define MULTIPART_BOUNDARY_MAX 70

/* Boundary of a Content-Type value; -EINVAL when it is none of multipart/form-data. */
int multipart_boundary(const char *type, char ret[MULTIPART_BOUNDARY_MAX + 1]);
/* See request_parts(). */
int multipart_parse(const char *body, size_t len, const char *boundary, struct parts *ret,
                    struct docfs_err *err);
