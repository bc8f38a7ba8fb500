/* SPDX-License-Identifier: MIT
 * The loops that training spends its time in. One version for each kind of processor; all of them
 * add in the same order, so a run gives the same model on each. */
#pragma once
#include <stddef.h>

void axpy(float *restrict to, const float *restrict from, float w, size_t n); /* to += w * from */
void scale(float *v, float w, size_t n);
float dot_product(const float *a, const float *b, size_t n);
/* out[i][j] = a[i] . b[j] for n rows of b, i < rows of a */
void matrix_dots(const float *a, size_t rows, const float *b, size_t n, size_t dim, float *out);
/* out[i] = the sum of weight[i][j] * v[j] over n rows of v, i < rows */
void matrix_sums(const float *weight, size_t rows, const float *v, size_t n, size_t dim,
                 float *out);
/* Adam on one row: v is moved by gradient g. */
void adam(float *v, float *mean, float *square, const float *g, float rate, float c1, float c2,
          size_t n);
