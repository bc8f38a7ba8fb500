/* SPDX-License-Identifier: MIT
 * What the other parts of core tell the running service of a handle. */
#pragma once
#include "core/health/page.h"
#include "core/internal.h"
#include "core/store/store.h"

/* How the process of a page ended, as the event that the page stands for until it is recorded.
 * Borrows from p. */
struct store_event health_end_of(const struct page *p);
/* Records what ended without a record. Waits little for another writer. */
void health_reap(struct docfs *d);
/* The directory run/ of the cache, made when it can be; -1 without one. Caller closes. */
int health_run_dir(struct docfs *d);
