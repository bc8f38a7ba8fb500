/* SPDX-License-Identifier: MIT
 * Why a file is no documentation. convert_sniff() is in core/text/convert.h. Pure. */
#pragma once
#include <stddef.h>

/* "javascript", "PNG image", ... for a file that convert_sniff() calls FORMAT_BINARY. */
const char *sniff_skip_reason(const char *name, const char *data, size_t len);
