/* SPDX-License-Identifier: MIT */
#include "core/util/suggest.h"

#include <string.h>

#define WORD_MAX 48

static unsigned least(unsigned a, unsigned b, unsigned c)
{
    unsigned m = a < b ? a : b;
    return m < c ? m : c;
}

/* Edit distance where swapping neighbours counts once (optimal string alignment). */
static unsigned distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    if (n > WORD_MAX || m > WORD_MAX)
        return WORD_MAX;
    unsigned row[3][WORD_MAX + 1];
    for (size_t j = 0; j <= m; j++)
        row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *up2 = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            now[j] = least(up[j] + 1, now[j - 1] + 1, up[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                up2[j - 2] + 1 < now[j])
                now[j] = up2[j - 2] + 1;
        }
    }
    return row[n % 3][m];
}

void suggest_offer(struct suggest *s, const char *candidate)
{
    /* A beginning of the word is what people type when they expect abbreviations. */
    size_t len = strlen(s->word);
    unsigned d =
        len >= 2 && strncmp(candidate, s->word, len) == 0 ? 1 : distance(s->word, candidate);
    if (!s->best || d < s->distance) {
        s->best = candidate;
        s->distance = d;
    }
}

void suggest_offer_versioned(struct suggest *s, const char *candidate)
{
    suggest_offer(s, candidate);
    char base[WORD_MAX + 1];
    size_t len = strcspn(candidate, "@");
    if (!candidate[len] || len > WORD_MAX)
        return;
    memcpy(base, candidate, len);
    base[len] = '\0';
    struct suggest without = suggest_start(s->word);
    suggest_offer(&without, base);
    if (without.best && (!s->best || without.distance < s->distance)) {
        s->best = candidate;
        s->distance = without.distance;
    }
}

const char *suggest_best(const struct suggest *s)
{
    size_t len = strlen(s->word);
    unsigned limit = len <= 2 ? 1 : len <= 5 ? 2 : 3;
    return s->best && s->distance <= limit && s->distance < len ? s->best : NULL;
}
