/* SPDX-License-Identifier: MIT
 * man(7) and mdoc(7) -> HTML through the mandoc programs.
 *
 * A few mandocd processes are kept running, because starting one process per page costs more than
 * formatting it. Where mandocd is missing, or dies on a page, that page goes through one plain
 * mandoc process. Neither can read any file: it works in an empty directory, and mandoc opens
 * only paths below that. */
#pragma once
#include <stddef.h>
#include "core/text/convert.h"

/* Formats one page (valid UTF-8) into out as an HTML fragment. Lines that include other files
 * (.so) are dropped. Thread-safe. Errors: -ENOENT (no mandoc), -ETIMEDOUT, -EFBIG (more than
 * limits->max_output), -EIO (mandoc failed on the page), -ENOMEM. */
int mandoc_render(const char *text, size_t len, const struct convert_limits *limits,
                  struct buf *out, struct docfs_err *err);

/* Ends the formatter processes that are idle now; the next page starts a new one. For programs
 * that keep running after an ingest. They end by themselves when the program does. */
void mandoc_release(void);
