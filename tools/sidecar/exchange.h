/* SPDX-License-Identifier: MIT
 * What happens to one request between its headers and its answer (exchange.c). */
#pragma once
#include "tools/sidecar/internal.h"

/* On the thread that reads, after the headers: guards, route, kept answers. Sets done when an
 * answer is ready, else limit. */
void exchange_admit(struct exchange *x);
/* The same place, once the body is there: an answer kept for this body? */
void exchange_try_kept(struct exchange *x);
/* On a worker: checks query and body, calls the handler, keeps the answer. */
void exchange_run(struct exchange *x);
