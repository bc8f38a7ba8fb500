/* SPDX-License-Identifier: MIT
 * An exported collection of unknown making: opened, listed, read. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "core/source/source.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return 0;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct source_env env = {.limits = {.max_bytes = 1 << 20, .max_entries = 1000}};
    struct source_filter filter = {.max_files = 1000, .max_file = 1 << 20};
    struct docfs_err err;
    void *h;
    if (source_bundle.open(&env, path, &h, &err) == 0) {
        struct source_files files = {0};
        if (source_bundle.list(h, &filter, &files, &err) == 0)
            for (size_t i = 0; i < files.n; i++) {
                struct buf out = {0};
                int64_t mtime;
                source_bundle.read(h, files.item[i].path, 1 << 20, &out, &mtime, &err);
                buf_fini(&out);
            }
        source_files_fini(&files);
        source_bundle.close(h);
    }
    close(fd);
    return 0;
}
