/* SPDX-License-Identifier: MIT
 * Between tune.c (learning) and tuned.c (the factors as bytes, the model that uses them). */
#pragma once
#include "core/embed/static.h"
#include "core/util/buf.h"

struct tune_feature {
    uint32_t row;
    float weight;
};
struct tune_text {
    size_t first; /* feature */
    uint32_t n;
    int64_t group;
};
struct tune_pair {
    uint32_t question, passage; /* texts */
};

struct tuner {
    struct static_model m;
    struct static_bag *bag;
    struct tune_feature *feature;
    struct tune_text *text;
    struct tune_pair *pair;
    size_t n_features, features_cap, n_texts, texts_cap, n_pairs, pairs_cap;
    float *log[2], *square[2]; /* of questions, of passages; per row */
};

void tune_add(float *restrict v, const int8_t *restrict row, float w, size_t dim);
void tune_axpy(float *restrict v, const float *restrict x, float w, size_t dim);
float tune_dot(const float *v, const int8_t *row, size_t dim);
float tune_cosine(const float *a, const float *b, size_t dim);

/* Appends exp(scale * log) as factors; -ENOMEM. */
int tuning_write(const struct static_model *m, float *const log[2], float scale, struct buf *out);
