/* SPDX-License-Identifier: MIT
 * The text of generated files. Everything that comes from documents, names or questions is cleaned
 * first: valid UTF-8, one line, no control or bidirectional characters. */
#pragma once
#include <stdint.h>
#include "core/docfs.h"
#include "core/util/buf.h"

struct answer;

void render_readme(struct buf *out, const char *mountpoint);
void render_search_readme(struct buf *out);
void render_ctl_readme(struct buf *out);

/* 00-RESULTS.md, .results.json and .query.json */
void render_results(struct buf *out, const struct answer *a);
void render_results_json(struct buf *out, const struct answer *a);
void render_query_json(struct buf *out, const struct answer *a);

/* .docfs/ */
void render_status_json(struct buf *out, const struct docfs_status *s, const struct docfs_health *h,
                        const char *cache);
void render_collections_json(struct buf *out, const struct docfs_collections *c);
void render_recent(struct buf *out, const struct docfs_recents *r);
void render_failures(struct buf *out, const struct docfs_failures *f);

/* Appends hostile text as one clean line. */
void render_clean(struct buf *out, const char *text, size_t len);
