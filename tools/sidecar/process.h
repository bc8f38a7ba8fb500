/* SPDX-License-Identifier: MIT
 * What the kernel says about this process. */
#pragma once
#include <stdint.h>

struct process_figures {
    int64_t resident, virtual_bytes;
    double cpu_seconds;
    unsigned fds, threads;
};
void process_figures(struct process_figures *ret);
