/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "core/util/clock.h"
#include "tools/cli/commands.h"

struct token_args {
    const char *scope;
    unsigned days;
};

static const char *const scopes[] = {"read", "write", "admin", NULL};

static const struct opt options[] = {
    {0, "scope", OPT_CHOICE, "SCOPE", "create: what it allows: read, write (and read), admin (all)",
     offsetof(struct token_args, scope), .choices = scopes},
    {0, "days", OPT_COUNT, "N", "create: valid for N days (without it: until revoked)",
     offsetof(struct token_args, days), 1, 36500},
    {0},
};

static int create(struct cmd_context *c, const char *name)
{
    const struct token_args *a = c->args;
    struct docfs_err err = {0};
    char token[DOCFS_TOKEN_LEN + 1];
    int64_t expires = a->days ? clock_wall_ns() / 1000000000 + (int64_t)a->days * 86400 : 0;
    const char *scope = a->scope ? a->scope : "read";
    if (docfs_token_create(c->d, name, docfs_scope_parse(scope), expires, token, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c,
                        wire_message("token", json_pack("{s:o, s:s, s:s, s:o}", "name",
                                                        wire_text(name), "scope", scope, "token",
                                                        token, "expires_at", wire_time(expires))),
                        CMD_OK);
    out_printf(&c->out, "%s\n", token);
    out_note(&c->out, "this is the only time the token is shown; clients send it as "
                      "\"Authorization: Bearer TOKEN\"");
    return CMD_OK;
}

static int list(struct cmd_context *c)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_tokens_freep) struct docfs_tokens *t = NULL;
    if (docfs_tokens(c->d, &t, &err) < 0)
        return cmd_fail(c, &err);
    if (c->out.json)
        return cmd_json(c, wire_tokens(t), CMD_OK);
    for (size_t i = 0; i < t->n; i++) {
        const struct docfs_token *x = &t->item[i];
        char used[32], ends[32];
        out_printf(&c->out, "%-20s %-6s used %-16s expires %s\n", x->name,
                   docfs_scope_name(x->scopes), out_date(x->used_at, used),
                   out_date(x->expires_at, ends));
    }
    return t->n ? CMD_OK : CMD_NOTHING;
}

static int run_token(struct cmd_context *c)
{
    const char *verb = c->word[0], *name = c->n_words > 1 ? c->word[1] : NULL;
    struct docfs_err err = {0};
    bool makes = strcmp(verb, "create") == 0, ends = strcmp(verb, "revoke") == 0;
    if (!makes && !ends && strcmp(verb, "list") != 0)
        return cmd_fail_with(c, CMD_USAGE, "docfs token: '%s' is not create, list or revoke", verb);
    if ((makes || ends) && !name)
        return cmd_fail_with(c, CMD_USAGE, "usage: docfs token %s NAME", verb);
    if (!makes && !ends && name)
        return cmd_fail_with(c, CMD_USAGE, "one argument too many: '%s'; usage: docfs token list",
                             name);
    int r = cmd_open(c, makes ? NEEDS_CREATE : ends ? NEEDS_WRITABLE : NEEDS_CACHE);
    if (r)
        return r;
    if (makes)
        return create(c, name);
    if (!ends)
        return list(c);
    return docfs_token_revoke(c->d, name, &err) < 0 ? cmd_fail(c, &err) : CMD_OK;
}

const struct cmd cmd_token = {
    .name = "token",
    .run = run_token,
    .needs = NEEDS_NOTHING,
    .min_words = 1,
    .max_words = 2,
    .summary = "Make, list and revoke tokens for the HTTP server",
    .usage = "create NAME [--scope SCOPE] [--days N] | list | revoke NAME",
    .text = "The cache keeps a hash of each token only. A running server follows within a second.",
    .examples = "  docfs token create laptop --scope read\n"
                "  docfs token create ci --scope write --days 90\n"
                "  docfs token revoke laptop\n",
    .options = options,
    .args_size = sizeof(struct token_args),
};
