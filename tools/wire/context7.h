/* SPDX-License-Identifier: MIT
 * The cache in the words of Context7: a library is a collection in all its versions. Its id is
 * /org/project when its source is a repository of that name, else /docfs/name; ids that models know
 * by heart (/vercel/next.js) find a collection called alike. Thread-safe. */
#pragma once
#include <jansson.h>
#include "core/docfs.h"
#include "core/util/buf.h"

#define CONTEXT7_TOKENS 5000 /* of a context, unless asked otherwise */

/* New array of libraries that fit name, best first, at most 20. query (NULL or "" allowed) finds
 * those whose documents answer it when no name fits, and orders equals. */
json_t *context7_libraries(struct docfs *d, const char *name, const char *query,
                           struct docfs_err *err);
/* New string: the collection that an id means, caller frees. Errors: see context7_context(). */
int context7_collection(struct docfs *d, const char *id, char **ret, struct docfs_err *err);
/* What a model reads of them; "" never. */
void context7_libraries_text(const json_t *libraries, struct buf *out);

enum context7_kind { CONTEXT7_ALL, CONTEXT7_CODE, CONTEXT7_INFO };
struct context7_ask {
    const char *id;    /* /org/project, /org/project/version or /org/project@version */
    const char *query; /* NULL or "" = what the library is about */
    size_t tokens;     /* 0 = CONTEXT7_TOKENS */
    unsigned page;     /* from 1; 0 = 1 */
    unsigned limit;    /* snippets of a page; 0 = 10 */
    const char *door;
};
/* New object {codeSnippets, infoSnippets}. -EINVAL: that is no id; -ENOENT: no such library;
 * -ESRCH: no such version of it. */
json_t *context7_context(struct docfs *d, const struct context7_ask *ask, struct docfs_err *err);
/* The same as text; what holds no snippet of the kind is "". */
void context7_context_text(const json_t *context, enum context7_kind kind, struct buf *out);

#define CONTEXT7_ID_MAX 320
/* The id that a library from a location, or a collection, has or will have. */
void context7_place_id(const char *place, char out[CONTEXT7_ID_MAX]);
/* Any text as the name of a collection. */
void context7_collection_name(const char *text, char out[101]);

struct context7_imported {
    char collection[101];
    bool known; /* it was there, and stays as it was */
    size_t documents;
};
/* Takes in one library of an export: {project, title, codeSnippets, infoSnippets}. -EINVAL: that is
 * none. force: also when the collection is there. */
int context7_import(struct docfs *d, const json_t *library, bool force,
                    struct context7_imported *ret, struct docfs_err *err);
