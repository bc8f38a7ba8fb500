/* SPDX-License-Identifier: MIT
 * The developer interface of AnythingLLM: what its resources share. A workspace is a collection;
 * what a collection has no place for (display name, prompt, threshold, pins) is in a record. */
#pragma once
#include "tools/sidecar/resource.h"
#include "tools/wire/wire.h"

#define ANY_SLUG_MAX 256
#define ANY_TOP 4
#define ANY_THRESHOLD 0.25

struct workspace {
    int64_t id;
    char slug[ANY_SLUG_MAX];
    char *name, *collection;
    json_t *settings;                     /* object */
    int64_t created_at, updated_at, root; /* root: directory of the collection, 0 = none yet */
    size_t documents;
    bool kept; /* has a record */
};
struct workspaces {
    struct workspace *item; /* by slug */
    size_t n;
};
void workspaces_fini(struct workspaces *w);
#define _cleanup_workspaces_ __attribute__((cleanup(workspaces_fini)))
int workspaces_load(struct docfs *d, struct workspaces *ret, struct docfs_err *err);
/* NULL when there is none. */
const struct workspace *workspaces_find(const struct workspaces *w, const char *slug);
/* Writes the record of a workspace. */
int workspace_save(struct docfs *d, const char *slug, const char *name, const json_t *settings,
                   struct docfs_err *err);
json_t *workspace_json(const struct workspace *w);
/* "A Name: x" -> "a-name-x"; "" when nothing is left. */
void any_slug(const char *name, char out[ANY_SLUG_MAX]);
void any_uuid(char out[37]);
json_t *any_iso(int64_t seconds);

/* Errors of all its paths: {"error"} with 403 for tokens as AnythingLLM has it. */
void any_error(struct request *q, struct response *a, int status, const char *code,
               const char *detail);

/* ---- threads and chats ---- */

json_t *any_threads(struct docfs *d, const char *slug);
/* "slug" or "slug/thread": the parent of chats. */
void any_place(struct buf *b, const char *slug, const char *thread);

bool any_thread_exists(struct docfs *d, const char *slug, const char *thread);

/* ---- documents ---- */

#define ANY_FOLDER "custom-documents"
/* The upload at "folder/file.json", or of that file name in any folder; NULL when there is none. */
struct docfs_records *any_upload(struct docfs *d, const char *location, bool body);
json_t *any_file(const struct docfs_record *r);
/* "folder/file.json" -> "folder/file.md": its path in a collection. */
void any_path(const char *location, struct buf *out);
int any_take_out(struct docfs *d, const char *collection, const char *location,
                 struct docfs_err *err);

/* {"name":"documents", ...}: the folders of uploads. */
json_t *any_local_files(struct docfs *d, struct docfs_err *err);
/* The documents of a workspace. */
json_t *any_workspace_documents(struct docfs *d, const struct workspace *w, struct docfs_err *err);
/* Puts uploads into the collection / takes documents out; what fails is left out and told in the
 * returned array of sentences. */
json_t *any_embed(struct request *q, const char *slug, const json_t *adds, const json_t *deletes,
                  struct docfs_err *err);

/* ---- sources of answers ---- */

struct docfs_hit;
/* A hit as AnythingLLM names a source, with the text of its passage. */
json_t *any_source(struct docfs *d, const struct docfs_hit *h);
