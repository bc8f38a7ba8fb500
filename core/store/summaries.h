/* SPDX-License-Identifier: MIT
 * Records of kind "summary": the key is the version of a document (content.id) that it is about,
 * the value a JSON object with text and model. */
#pragma once
#include "core/store/store.h"

struct store_summary {
    int64_t document, content;
    const char *collection, *path, *text, *model; /* text, model: "" when there is none */
    int64_t at;
};
/* Documents that have one, or (missing) those without signs that have none; all collections when
 * NULL. Negative from fn ends with that code. */
int store_list_summaries(struct store_read *r, const char *collection, bool missing, size_t max,
                         int (*fn)(void *arg, const struct store_summary *s), void *arg,
                         struct docfs_err *err);
/* Of one version: the strings are the caller's, NULL when there is none. */
int store_summary(struct store_read *r, int64_t content, char **ret_text, char **ret_model,
                  int64_t *ret_at, struct docfs_err *err);
