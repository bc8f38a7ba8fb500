/* SPDX-License-Identifier: MIT
 * What stands on every page of a paginated text. Pure. */
#pragma once
#include <stddef.h>
#include "core/util/buf.h"

/* Copies text whose pages end in form feeds to out without the form feeds, the page numbers and
 * the headers and footers that repeat. A paragraph cut by a page break is whole again. Check
 * buf_status(out). */
void furniture_remove(const char *text, size_t len, struct buf *out);
