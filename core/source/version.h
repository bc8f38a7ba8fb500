/* SPDX-License-Identifier: MIT
 * Versions in the names of tags: "v18.2.0", "release-1.2", "react@19.0.0-rc.1". Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Where the version begins in a tag ("v1.2" -> "1.2"), or NULL when the tag names none. */
const char *version_of_tag(const char *tag);
/* It says alpha, beta, rc, dev, pre or the like. */
bool version_is_preview(const char *version);
/* Order of two versions: numbers by value, a preview before its release. */
int version_compare(const char *a, const char *b);
/* version is wanted, or wanted with further parts: "18" and "18.2" take "18.2.0". */
bool version_matches(const char *version, const char *wanted);
