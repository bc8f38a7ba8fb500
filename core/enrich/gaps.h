/* SPDX-License-Identifier: MIT
 * Inside of gaps and their filling.
 *
 *   gaps.c        lists of gaps and consents
 *   candidates.c  what could fill a gap: the catalogue, and places from the settings
 *   enrich.c      policy, consent, and the queue */
#pragma once
#include "core/docfs_gaps.h"
#include "core/docfs_sources.h"
#include "core/internal.h"
#include "core/store/gaps.h"
#include "core/util/grow.h"

enum enrich_policy { ENRICH_OFF, ENRICH_ASK, ENRICH_AUTO }; /* setting enrich.policy */

/* The one gap with that number. -ENOENT. */
int gap_get(struct docfs *d, int64_t id, struct docfs_gaps **ret, struct docfs_err *err);
