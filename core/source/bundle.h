/* SPDX-License-Identifier: MIT
 * A collection as one portable file: a zstd-compressed tar of
 *   docfs-collection.json   format, name, origin, counts
 *   documents.jsonl         one line per document: path, title, url, sha256, ...
 *   docs/PATH               the documents, in the order of the lines
 * Written by docfs export, read by the kind "bundle" (bundle.c). */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/err.h"

#define BUNDLE_FORMAT 1
#define BUNDLE_MANIFEST "docfs-collection.json"
#define BUNDLE_INDEX "documents.jsonl"
#define BUNDLE_SUFFIX ".docfs"

struct bundle_writer;

/* Starts a file that must not exist; manifest and index are written at once. */
int bundle_create(const char *file, json_t *manifest, const char *index, size_t len,
                  struct bundle_writer **ret, struct docfs_err *err);
int bundle_add(struct bundle_writer *w, const char *path, const char *data, size_t len,
               int64_t mtime_ns, struct docfs_err *err);
/* Completes it and makes it durable; w is gone either way. */
int bundle_close(struct bundle_writer *w, struct docfs_err *err);
void bundle_abort(struct bundle_writer *w); /* NULL allowed */

/* A path as JSON holds it: bytes that are no UTF-8, control bytes and '%' as %XX. New string. */
char *bundle_encode(const char *path);
/* Back, in place; false when it is not well-formed. */
bool bundle_decode(char *path);
