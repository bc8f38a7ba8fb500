/* SPDX-License-Identifier: MIT */
#include "core/embed/embed.h"

#include <stdlib.h>

void embedder_free(struct embedder *e)
{
    if (!e || atomic_fetch_sub(&e->more, 1) > 0)
        return;
    if (e->free)
        e->free(e->ctx);
    free(e);
}

struct embedder *embedder_ref(struct embedder *e)
{
    if (e)
        atomic_fetch_add(&e->more, 1);
    return e;
}
