/* SPDX-License-Identifier: MIT
 * The key=value filters of a query. Private to query.c and query_filters.c. */
#pragma once
#include <stddef.h>
#include "core/text/query.h"
#include "core/util/buf.h"

/* Index of a filter key (case does not matter), or -1. */
int query_filter_find(const char *key, size_t len);

/* Sets filter i of q to value. 0, -EINVAL (the value does not fit; err names filter, value and what
 * is accepted; q is unchanged) or -ENOMEM. A filter given twice: the last wins, but in= adds. */
int query_filter_set(struct query *q, int i, const char *value, size_t len, struct docfs_err *err);

/* Appends " key=value" for every filter that differs from its default, in a fixed order, spelled so
 * that parsing it again gives the same filters. */
void query_filters_write(const struct query *q, struct buf *out);
