/* SPDX-License-Identifier: MIT
 * Sketches against the true likeness of texts. */
#undef NDEBUG
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/text/sketch.h"

#define WORDS 2000

static unsigned next(unsigned *seed)
{
    *seed = *seed * 1103515245u + 12345u;
    return *seed >> 8;
}

/* Numbered words, of which one in `change` (0 = none) is another. Returns the length. */
static size_t text(char *out, unsigned first, unsigned change, unsigned n)
{
    unsigned seed = 7;
    size_t at = 0;
    for (unsigned i = 0; i < n; i++) {
        bool other = change && next(&seed) % change == 0;
        at += (size_t)sprintf(out + at, "%s%u%s", other ? "other" : "word", first + i,
                              i % 9 ? " " : ".\n");
    }
    return at;
}

static void test_likeness(void)
{
    static char a[WORDS * 16], b[WORDS * 16];
    unsigned char x[SKETCH_LEN], y[SKETCH_LEN];
    size_t n = text(a, 0, 0, WORDS);
    assert(sketch_make(a, n, x));
    assert(sketch_likeness(x, x) == 1);
    static const unsigned changes[] = {200, 50, 20, 8, 3};
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        size_t m = text(b, 0, changes[i], WORDS);
        assert(sketch_make(b, m, y));
        /* A run is the same when its three words are. */
        double p = pow(1 - 1.0 / changes[i], 3), truth = p / (2 - p);
        double got = sketch_likeness(x, y);
        printf("one of %u words changed: %.3f, in truth %.3f\n", changes[i], got, truth);
        assert(fabs(got - truth) < 0.15);
    }
    size_t m = text(b, 100000, 0, WORDS);
    assert(sketch_make(b, m, y));
    assert(sketch_likeness(x, y) < 0.1);
}

static void test_form(void)
{
    static char a[WORDS * 16];
    unsigned char x[SKETCH_LEN], y[SKETCH_LEN];
    size_t n = text(a, 0, 0, WORDS);
    sketch_make(a, n, x);
    for (size_t i = 0; i < n; i++) {
        if (a[i] >= 'a' && a[i] <= 'z' && i % 3 == 0)
            a[i] = (char)(a[i] - 32);
        else if (a[i] == ' ' && i % 2 == 0)
            a[i] = '\n';
    }
    assert(sketch_make(a, n, y));
    assert(sketch_likeness(x, y) == 1); /* case and blanks do not count */
}

static void test_short(void)
{
    unsigned char x[SKETCH_LEN];
    assert(!sketch_make("", 0, x));
    assert(!sketch_make("a b c d", 7, x));
    assert(sketch_likeness(x, x) <= 1);
    memset(x, 0, sizeof(x));
    assert(sketch_likeness(x, x) == 0);
    char *all = malloc(1 << 16);
    memset(all, 0xff, 1 << 16);
    assert(!sketch_make(all, 1 << 16, x)); /* one endless word */
    free(all);
}

int main(void)
{
    test_likeness();
    test_form();
    test_short();
    puts("3 passed, 0 failed");
    return 0;
}
