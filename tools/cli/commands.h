/* SPDX-License-Identifier: MIT
 * Every command, one per cmd_<name>.c (umount lives with mount, help with version). */
#pragma once
#include "tools/cli/cmd.h"

extern const struct cmd cmd_add, cmd_refresh, cmd_remove, cmd_list, cmd_search, cmd_cat,
    cmd_similar, cmd_save, cmd_mount, cmd_umount, cmd_serve, cmd_token, cmd_status, cmd_doctor,
    cmd_verify, cmd_eval, cmd_config, cmd_completion, cmd_version, cmd_help;
extern const struct cmd cmd_jobs, cmd_sources, cmd_watch, cmd_feedback, cmd_gaps;
extern const struct cmd cmd_ask, cmd_mcp;
extern const struct cmd cmd_backup, cmd_restore, cmd_export, cmd_import;
extern const struct cmd cmd_reembed, cmd_tune, cmd_summarise;
extern const struct cmd cmd_catalogue;
