/* SPDX-License-Identifier: MIT
 * sitemap.xml (sitemaps.org 0.9), its index files, RSS and Atom feeds used as one, and the plain
 * text form: one URL a line. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* url as written, trimmed; is_map: it is another sitemap. Non-zero ends the reading. */
typedef int sitemap_fn(void *arg, const char *url, bool is_map);
/* 0, what fn returned, or -EINVAL when the text is no sitemap (or broken: what came before the
 * fault was handed over). Nothing is fetched for it, no entity is expanded. */
int sitemap_read(const char *data, size_t len, sitemap_fn *fn, void *arg);
