/* SPDX-License-Identifier: MIT
 * robots.txt as RFC 9309 has it, with Crawl-delay. Pure; immutable once parsed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define ROBOTS_MAX (500u * 1024) /* bytes that are read; the rest is ignored */

struct robots;

/* The rules for the product token agent ("docfs"). Never fails on bad input: what is not
 * understood is skipped. NULL when memory is out. */
struct robots *robots_parse(const char *text, size_t len, const char *agent);
/* Everything is refused (the file could not be read for a fault of the server). */
struct robots *robots_refuse_all(void);
void robots_free(struct robots *r);

/* May this path (with its query, beginning with '/') be fetched? */
bool robots_allowed(const struct robots *r, const char *path);
/* Seconds between two requests, 0 when not stated. */
double robots_delay(const struct robots *r);
/* Absolute URLs of sitemaps as written, NULL-terminated. */
const char *const *robots_sitemaps(const struct robots *r);
