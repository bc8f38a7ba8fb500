/* SPDX-License-Identifier: MIT */
#include "tools/cli/commands.h"

static void print_index(struct out *o, const struct docfs_status *s)
{
    char a[32], b[32], c[32];
    out_printf(o, "index        %s, %s", s->index_graph ? "graph" : "exact",
               out_size(s->index_bytes, a));
    /* Known once this process has loaded it. */
    if (s->index_base + s->index_tail + s->index_dead)
        out_printf(o, ": %s in the base, %s since, %s gone", out_count(s->index_base, a),
                   out_count(s->index_tail, b), out_count(s->index_dead, c));
    out_printf(o, "\n");
}

static int run(struct cmd_context *c)
{
    struct docfs_status s = {0};
    struct docfs_err err = {0};
    struct out *o = &c->out;
    char a[32], b[32];
    if (docfs_status(c->d, &s, &err) < 0)
        return cmd_fail(c, &err);
    if (o->json)
        return cmd_json(c, wire_status(&s, docfs_path(c->d)), CMD_OK);

    out_printf(o, "cache        ");
    out_text(o, STYLE_PATH, docfs_path(c->d));
    out_printf(o, "\ncollections  %s\n", out_count(s.collections, a));
    out_printf(o, "documents    %s (%s of markdown)\n", out_count(s.documents, a),
               out_size(s.bytes, b));
    out_printf(o, "passages     %s, %s with a vector\n", out_count(s.passages, a),
               out_count(s.vectors, b));
    out_printf(o, "model        ");
    out_text(o, STYLE_NONE, *s.fingerprint ? s.fingerprint : "none yet");
    out_printf(o, "\n");
    print_index(o, &s);
    out_printf(o, "database     %s, version %d, generation %llu\n", out_size(s.db_bytes, a),
               s.schema, (unsigned long long)s.generation);
    if (s.ingesting)
        out_printf(o, "ingest       running: %s of %s files\n", out_count(s.job_done, a),
                   out_count(s.job_total, b));
    if (s.failed)
        out_printf(o, "failed       %s files: docfs list --failures\n", out_count(s.failed, a));
    return CMD_OK;
}

const struct cmd cmd_status = {
    .name = "status",
    .run = run,
    .needs = NEEDS_CACHE,
    .summary = "Show what the cache holds and whether an ingest is running",
    .usage = "[--json]",
    .text = "",
    .examples = "  docfs status\n  docfs --cache /srv/docs status --json | jq .documents\n",
};
