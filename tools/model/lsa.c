/* SPDX-License-Identifier: MIT
 * The leading singular vectors of the answers by subspace iteration: all words start in random
 * directions, answers become sums of their words and words sums of their answers, and after each
 * round the columns are made orthonormal again. */
#include "tools/model/model.h"

#include <math.h>
#include <string.h>

#include "tools/model/kernels.h"

struct job {
    const struct corpus *c;
    const struct options *o;
    size_t rows, answers, step;
    const float *from;
    float *answer, *to; /* [answers][dim], [rows][dim] */
    double *gram;       /* [threads][dim][dim] */
};

static float unit_weight(const struct corpus *c, struct unit u)
{
    return static_damp((float)u.count / 16) * c->idf[u.row];
}

static void answers(void *arg, unsigned t)
{
    struct job *j = arg;
    size_t dim = j->o->dim;
    for (size_t i = t; i < j->answers; i += j->o->threads) {
        const struct text *x = &j->c->pair[i * j->step].answer;
        float *v = j->answer + i * dim, norm = 0;
        memset(v, 0, dim * sizeof(*v));
        for (uint32_t k = 0; k < x->n; k++) {
            struct unit u = j->c->unit[x->at + k];
            float w = unit_weight(j->c, u);
            norm += w * w;
            axpy(v, j->from + u.row * dim, w, dim);
        }
        scale(v, norm > 0 ? 1 / norm : 0, dim); /* twice: here and on the way back */
    }
}

/* Each thread sums the rows that are its own, in the order of the answers. */
static void words(void *arg, unsigned t)
{
    struct job *j = arg;
    size_t dim = j->o->dim;
    for (size_t i = t; i < j->rows; i += j->o->threads)
        memset(j->to + i * dim, 0, dim * sizeof(float));
    for (size_t i = 0; i < j->answers; i++) {
        const struct text *x = &j->c->pair[i * j->step].answer;
        for (uint32_t k = 0; k < x->n; k++) {
            struct unit u = j->c->unit[x->at + k];
            if (u.row % j->o->threads == t)
                axpy(j->to + u.row * dim, j->answer + i * dim, unit_weight(j->c, u), dim);
        }
    }
}

/* Gram-Schmidt by Cholesky: to = to R^-1 with R^T R = to^T to. */
static void orthonormal(float *v, size_t rows, size_t dim, float *stretch)
{
    double *g = must_alloc(dim * dim, sizeof(*g));
    float *part = must_alloc(dim * dim, sizeof(*part));
    for (size_t i = 0; i < rows; i += 256) {
        memset(part, 0, dim * dim * sizeof(*part));
        for (size_t k = i; k < rows && k < i + 256; k++)
            for (size_t a = 0; a < dim; a++)
                axpy(part + a * dim, v + k * dim, v[k * dim + a], a + 1);
        for (size_t a = 0; a < dim * dim; a++)
            g[a] += (double)part[a];
    }
    for (size_t a = 0; a < dim; a++) { /* lower triangle L, g = L L^T */
        for (size_t b = 0; b <= a; b++) {
            double s = g[a * dim + b];
            for (size_t k = 0; k < b; k++)
                s -= g[a * dim + k] * g[b * dim + k];
            g[a * dim + b] = a == b ? sqrt(s > 1e-12 ? s : 1e-12) : s / g[b * dim + b];
        }
    }
    for (size_t a = 0; a < dim; a++)
        stretch[a] = (float)sqrt(g[a * dim + a]);
    for (size_t i = 0; i < rows; i++) { /* forward substitution on each row */
        float *x = v + i * dim;
        for (size_t a = 0; a < dim; a++) {
            double s = (double)x[a];
            for (size_t k = 0; k < a; k++)
                s -= g[a * dim + k] * (double)x[k];
            x[a] = (float)(s / g[a * dim + a]);
        }
    }
    free(g);
    free(part);
}

void lsa(const struct corpus *c, const struct options *o, size_t rows, float *row)
{
    size_t dim = o->dim;
    struct job j = {.c = c, .o = o, .rows = rows, .step = 1};
    while (c->n / j.step > o->lsa_answers)
        j.step++;
    j.answers = c->n / j.step;
    j.answer = must_alloc(j.answers * dim, sizeof(float));
    float *stretch = must_alloc(dim, sizeof(float));
    float *other = must_alloc(rows * dim, sizeof(float));
    uint64_t seed = o->seed ^ 0x15a;
    for (size_t i = 0; i < rows * dim; i++)
        row[i] = random_unit(&seed) + random_unit(&seed) - 1;
    for (unsigned round = 0; round < o->lsa_rounds; round++) {
        j.from = row;
        j.to = other;
        on_threads(o->threads, answers, &j);
        on_threads(o->threads, words, &j);
        memcpy(row, other, rows * dim * sizeof(float));
        orthonormal(row, rows, dim, stretch);
        say("first vectors: round %u of %u", round + 1, o->lsa_rounds);
    }
    /* All words as long as they are rare: the weights are learnt from there. */
    for (size_t d = 0; d < dim; d++)
        stretch[d] = powf(stretch[d], o->lsa_power);
    float idf_max = 0;
    for (size_t i = 0; i < rows; i++)
        idf_max = fmaxf(idf_max, c->idf[i]);
    for (size_t i = 0; i < rows; i++) {
        float *v = row + i * dim;
        for (size_t d = 0; d < dim; d++)
            v[d] *= stretch[d];
        float norm = sqrtf(dot_product(v, v, dim)), idf = i < c->words ? c->idf[i] : idf_max;
        scale(v, norm > 0 ? idf / idf_max / norm : 0, dim);
    }
    free(stretch);
    free(other);
    free(j.answer);
}
