/* SPDX-License-Identifier: MIT */
#include "tools/cli/interrupt.h"

#include <signal.h>

/* The one thing a signal handler may write; there is no other way to hand it an address. */
static volatile sig_atomic_t seen;

static void on_signal(int number)
{
    seen = number;
}

static void watch(int number, bool once)
{
    struct sigaction old, sa = {.sa_handler = on_signal, .sa_flags = once ? (int)SA_RESETHAND : 0};
    sigemptyset(&sa.sa_mask);
    /* Ignored by whoever started us (nohup): stays so. */
    if (sigaction(number, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(number, &sa, NULL);
}

void interrupt_watch(bool once)
{
    watch(SIGINT, once);
    watch(SIGTERM, once);
    watch(SIGHUP, once);
}

bool interrupt_seen(void)
{
    return seen != 0;
}
