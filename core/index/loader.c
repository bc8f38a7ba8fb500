/* SPDX-License-Identifier: MIT */
#include <signal.h>
#include "core/index/internal.h"

/* Reading the graph of 1M rows takes a second, a scan 20 ms: a program that asks a few questions
 * and ends is better off without it, and no question should wait for it. So it is loaded by a
 * thread of its own once this many searches could have used it. */
#define SEARCHES_BEFORE_LOAD 8

static void *load(void *arg)
{
    struct vindex *x = arg;
    int r = graph_load(x->graph_fd, &x->base, &x->graph);
    /* A damaged file costs speed, not answers: the scan goes on. */
    atomic_store(&x->graph_state, r ? GRAPH_BAD : GRAPH_READY);
    return NULL;
}

bool loader_ready(struct vindex *x)
{
    int state = atomic_load(&x->graph_state);
    if (state != GRAPH_FILE)
        return state == GRAPH_READY;
    if (atomic_fetch_add(&x->wanted, 1) + 1 < SEARCHES_BEFORE_LOAD ||
        !atomic_compare_exchange_strong(&x->graph_state, &state, GRAPH_LOADING))
        return false;
    /* Signals are for the threads of the program. */
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    x->has_loader = !pthread_create(&x->loader, NULL, load, x);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!x->has_loader)
        atomic_store(&x->graph_state, GRAPH_BAD);
    return false;
}

void loader_join(struct vindex *x)
{
    if (x->has_loader)
        pthread_join(x->loader, NULL);
}
