/* SPDX-License-Identifier: MIT */
#include "core/embed/embed.h"

#include <stdlib.h>

void embedder_free(struct embedder *e)
{
    if (!e)
        return;
    if (e->free)
        e->free(e->ctx);
    free(e);
}
