/* SPDX-License-Identifier: MIT
 * Technologies known by name, and where their documentation is kept: catalogue.yaml, built in, and
 * a file of the user in the same form. Looking never touches the network. */
#pragma once
#include <jansson.h>
#include "core/source/source.h"

/* The entries as a JSON array, the user's first. file: NULL or "" = only the built-in ones.
 * -EINVAL when an entry is wrong, naming it. New reference. */
int catalogue_load(const char *file, json_t **ret, struct docfs_err *err);
/* The entry of that name or alias (any case), borrowed from all, or NULL. */
const json_t *catalogue_find(const json_t *all, const char *name);
/* How well an entry answers all the words: 0 = not at all; larger is better. */
int catalogue_match(const json_t *entry, const char *words);
