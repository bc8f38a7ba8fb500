/* SPDX-License-Identifier: MIT */
#pragma once
#include <jansson.h>
#include "core/util/err.h"

/* YAML (JSON included) -> a new JSON value. Aliases are refused beyond a bounded number of copied
 * nodes, nesting beyond max_depth. -EINVAL with a reason, -EFBIG, -ENOMEM. */
int yaml_load(const char *text, size_t len, unsigned max_depth, json_t **ret,
              struct docfs_err *err);
