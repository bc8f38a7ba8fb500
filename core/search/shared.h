/* SPDX-License-Identifier: MIT
 * Answers and request counts that several nodes share through Redis (redis.url). Everything here
 * does nothing when none is configured, and costs at most redis.timeout when it is in trouble. */
#pragma once
#include "core/internal.h"
#include "core/util/buf.h"

/* 1: the packed answer was appended to out. */
int shared_get(struct docfs *d, struct store_read *r, const char *key, struct buf *out);
void shared_put(struct docfs *d, struct store_read *r, const char *key, const struct buf *body);
