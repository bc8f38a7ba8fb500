/* SPDX-License-Identifier: MIT */
#include "tools/cli/preflight.h"

#include <string.h>
#include "core/docfs_doctor.h"

static void say(void *arg, const struct docfs_check *k)
{
    static const char *const not_here[] = {"database", "cache-directory", "services"};
    struct cmd_context *c = arg;
    if (k->level == DOCFS_PASS)
        return;
    for (size_t i = 0; i < sizeof(not_here) / sizeof(*not_here); i++)
        if (strcmp(k->name, not_here[i]) == 0)
            return;
    if (strcmp(k->name, "settings") == 0 && k->level == DOCFS_FAILURE)
        return;
    out_note(&c->out, "%s: %s: %s; %s", docfs_level_name(k->level), k->name, k->text, k->remedy);
}

void preflight(struct cmd_context *c, const char *cache)
{
    struct docfs_doctor_options o = {.open = {.cache = cache ? cache : c->cache, .set = c->set},
                                     .quick = true};
    docfs_doctor(&o, say, c);
}
