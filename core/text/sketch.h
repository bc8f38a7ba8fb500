/* SPDX-License-Identifier: MIT
 * Sketches of texts (MinHash over runs of three words, one hash per run): how much of two texts is
 * the same can be told from 128 bytes of each. Pure. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#define SKETCH_LEN 128

/* False when the text has too few words for a sketch to say anything. */
bool sketch_make(const char *text, size_t len, unsigned char out[SKETCH_LEN]);
/* Part of the runs of words that both texts share, 0..1; standard error about 0.04. */
double sketch_likeness(const unsigned char a[SKETCH_LEN], const unsigned char b[SKETCH_LEN]);
