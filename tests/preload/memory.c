/* SPDX-License-Identifier: MIT
 * LD_PRELOAD: memory runs out. FAULT_MALLOC=N lets the N-th allocation of main() fail, N+ that and
 * all that follow; FAULT_COUNT=FILE gets their number at the end. Apart from faults.c, because a
 * sanitizer that is loaded after it has an allocator of its own. */
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define EXPORT __attribute__((visibility("default")))

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

static atomic_long allocations;
static long fails_at = -1;     /* -1 = not read yet, 0 = never */
static bool fails_on, in_main; /* what libraries do before is not ours */

typedef int main_fn(int argc, char **argv, char **env);
static main_fn *real_main;

static int counted_main(int argc, char **argv, char **env)
{
    in_main = true;
    int r = real_main(argc, argv, env);
    in_main = false;
    return r;
}

EXPORT int __libc_start_main(main_fn *m, int argc, char **argv, void (*init)(void),
                             void (*fini)(void), void (*rtld_fini)(void), void *stack);
EXPORT int __libc_start_main(main_fn *m, int argc, char **argv, void (*init)(void),
                             void (*fini)(void), void (*rtld_fini)(void), void *stack)
{
    real_main = m;
    return REAL(__libc_start_main)(counted_main, argc, argv, init, fini, rtld_fini, stack);
}

static bool refused(void)
{
    if (!in_main)
        return false;
    if (fails_at < 0) {
        const char *v = getenv("FAULT_MALLOC");
        fails_at = v ? strtol(v, NULL, 10) : 0;
        fails_on = v && strchr(v, '+');
    }
    long n = atomic_fetch_add(&allocations, 1) + 1;
    if (!fails_at || !(fails_on ? n >= fails_at : n == fails_at))
        return false;
    errno = ENOMEM;
    return true;
}

EXPORT void *malloc(size_t n)
{
    return refused() ? NULL : __libc_malloc(n);
}

EXPORT void *calloc(size_t n, size_t size)
{
    return refused() ? NULL : __libc_calloc(n, size);
}

EXPORT void *realloc(void *p, size_t n)
{
    return refused() ? NULL : __libc_realloc(p, n);
}

__attribute__((destructor)) static void tell_allocations(void)
{
    const char *path = getenv("FAULT_COUNT");
    FILE *f = path ? fopen(path, "we") : NULL;
    if (f) {
        fprintf(f, "%ld\n", atomic_load(&allocations));
        fclose(f);
    }
}
