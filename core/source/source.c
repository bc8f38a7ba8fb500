/* SPDX-License-Identifier: MIT */
#include "core/source/source.h"

#include <stdlib.h>
#include <string.h>

static const struct source_kind *const kinds[] = {&source_directory};

const struct source_kind *source_kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
        if (strcmp(kinds[i]->name, name) == 0)
            return kinds[i];
    return NULL;
}

void source_files_fini(struct source_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->item[i].path);
    free(f->item);
    *f = (struct source_files){0};
}
