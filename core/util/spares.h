/* SPDX-License-Identifier: MIT
 * Memory that one search used and the next one uses again: to get it from the system anew takes
 * longer than to use it. Thread-safe. */
#pragma once
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define SPARES_MAX 4 /* kept for as many searches at once */

struct spares {
    pthread_mutex_t lock;
    void *item[SPARES_MAX];
    size_t n;
};

void spares_init(struct spares *s);
/* Nobody may use it any more; fn frees what is kept. */
void spares_fini(struct spares *s, void (*fn)(void *item));
/* One that is the caller's now, as it was given; NULL: none is kept. */
void *spares_take(struct spares *s);
/* False: enough are kept, it stays the caller's. */
bool spares_give(struct spares *s, void *item);
