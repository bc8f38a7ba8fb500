/* SPDX-License-Identifier: MIT */
#pragma once
#include "core/text/hygiene.h"

/* Notes a finding once. */
void hygiene_found(struct hygiene *h, enum hygiene_sign sign, uint32_t line, const char *what);
/* hygiene_secrets.c */
void hygiene_secrets(const char *md, size_t len, struct hygiene *h);
