/* SPDX-License-Identifier: MIT */
#include "core/util/spares.h"

void spares_init(struct spares *s)
{
    *s = (struct spares){.n = 0};
    pthread_mutex_init(&s->lock, NULL);
}

void spares_fini(struct spares *s, void (*fn)(void *item))
{
    while (s->n)
        fn(s->item[--s->n]);
    pthread_mutex_destroy(&s->lock);
}

void *spares_take(struct spares *s)
{
    pthread_mutex_lock(&s->lock);
    void *item = s->n ? s->item[--s->n] : NULL;
    pthread_mutex_unlock(&s->lock);
    return item;
}

bool spares_give(struct spares *s, void *item)
{
    pthread_mutex_lock(&s->lock);
    bool kept = s->n < SPARES_MAX;
    if (kept)
        s->item[s->n++] = item;
    pthread_mutex_unlock(&s->lock);
    return kept;
}
