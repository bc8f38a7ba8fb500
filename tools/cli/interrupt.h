/* SPDX-License-Identifier: MIT
 * SIGINT, SIGTERM and SIGHUP as a flag that long work polls, so that it can end tidily. */
#pragma once
#include <stdbool.h>

/* From here on these signals only set the flag. once: a second one ends the process at once
 * (for work that a kill cannot hurt). */
void interrupt_watch(bool once);
bool interrupt_seen(void);
