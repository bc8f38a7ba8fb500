/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"

#include <string.h>

/* In the order of the help; one group a line. */
/* clang-format off */
const struct cmd *const commands[] = {
    &cmd_add, &cmd_refresh, &cmd_remove, &cmd_list,
    &cmd_sources, &cmd_watch,
    &cmd_jobs,
    &cmd_catalogue,
    &cmd_reembed, &cmd_tune,
    &cmd_search, &cmd_cat, &cmd_similar, &cmd_save, &cmd_feedback, &cmd_gaps,
#if HAVE_MOUNT
    &cmd_mount, &cmd_umount,
#endif
#if HAVE_SERVE
    &cmd_serve, &cmd_token,
#endif
    &cmd_ask, &cmd_summarise,
    &cmd_mcp,
    &cmd_backup, &cmd_restore, &cmd_export, &cmd_import,
    &cmd_status, &cmd_doctor, &cmd_verify, &cmd_eval, &cmd_config,
    &cmd_completion, &cmd_version, &cmd_help,
    NULL,
};
/* clang-format on */

const struct cmd *cmd_find(const char *name)
{
    for (const struct cmd *const *c = commands; *c; c++)
        if (strcmp((*c)->name, name) == 0)
            return *c;
    return NULL;
}
