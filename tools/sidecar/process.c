/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/process.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

void process_figures(struct process_figures *ret)
{
    *ret = (struct process_figures){0};
    long pages_all = 0, pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f) {
        if (fscanf(f, "%ld %ld", &pages_all, &pages) == 2) {
            ret->virtual_bytes = (int64_t)pages_all * sysconf(_SC_PAGESIZE);
            ret->resident = (int64_t)pages * sysconf(_SC_PAGESIZE);
        }
        fclose(f);
    }
    struct rusage u;
    if (getrusage(RUSAGE_SELF, &u) == 0)
        ret->cpu_seconds = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
                           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
    static const char *const folder[] = {"/proc/self/fd", "/proc/self/task"};
    unsigned *count[] = {&ret->fds, &ret->threads};
    for (int i = 0; i < 2; i++) {
        DIR *d = opendir(folder[i]);
        for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d))
            *count[i] += e->d_name[0] != '.';
        if (d)
            closedir(d);
    }
}
