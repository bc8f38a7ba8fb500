/* SPDX-License-Identifier: MIT
 * Which instructions hand-written loops may use: one version for each, chosen at run time. */
#pragma once
#include <stdbool.h>

enum kernel { KERNEL_SCALAR, KERNEL_AVX2, KERNEL_AVX512_VNNI, KERNEL_COUNT };

#ifdef __x86_64__
/* Of functions that use them. */
#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#endif

/* This processor has the instructions. */
static inline bool cpu_runs(enum kernel which)
{
    switch (which) {
    case KERNEL_SCALAR:
        return true;
#ifdef __x86_64__
    case KERNEL_AVX2:
        return __builtin_cpu_supports("avx2");
    case KERNEL_AVX512_VNNI:
        return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512vnni");
#endif
    default:
        return false;
    }
}

/* The fastest that this processor runs. */
static inline enum kernel cpu_best(void)
{
    enum kernel k = KERNEL_COUNT - 1;
    while (!cpu_runs(k))
        k--;
    return k;
}
