/* SPDX-License-Identifier: MIT
 * schemas/ *.json and the files of web/, built into the program. */
#pragma once
#include <stddef.h>

struct schema_file {
    const char *name, *data;
    size_t len;
};
extern const struct schema_file schema_files[];
extern const size_t n_schema_files;
extern const struct schema_file web_files[];
extern const size_t n_web_files;
