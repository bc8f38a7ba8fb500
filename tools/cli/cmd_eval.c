/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/clock.h"
#include "tools/cli/commands.h"
#include "tools/cli/eval.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/query_args.h"

#define DEPTH 100 /* Recall@100 needs them */

struct eval_args {
    const char *corpus, *queries, *qrels, *mode, *against, *run, *keep;
    unsigned k;
};

static const struct opt options[] = {
    {0, "corpus", OPT_STRING, "FILE", "Documents: corpus.jsonl, also .xz, .gz, .zst",
     offsetof(struct eval_args, corpus)},
    {0, "queries", OPT_STRING, "FILE", "Queries: queries.jsonl",
     offsetof(struct eval_args, queries)},
    {0, "qrels", OPT_STRING, "FILE", "Which document answers which query: qrels.tsv",
     offsetof(struct eval_args, qrels)},
    {'m', "mode", OPT_CHOICE, "MODE", "hybrid (default), lex, vec or exact",
     offsetof(struct eval_args, mode), 0, 0, query_modes},
    {0, "against", OPT_CHOICE, "MODE", "Ask in this mode too, and tell whether it is worse",
     offsetof(struct eval_args, against), 0, 0, query_modes},
    {'k', "depth", OPT_COUNT, "N", "Documents to ask for (default 100)",
     offsetof(struct eval_args, k), DEPTH, QUERY_K_MAX},
    {0, "run", OPT_STRING, "OUT", "Write query, document, rank and score of every hit",
     offsetof(struct eval_args, run)},
    {0, "keep", OPT_STRING, "DIR", "Keep the cache there, and use it again for this corpus",
     offsetof(struct eval_args, keep)},
    {0},
};

struct totals {
    struct eval_score sum;
    double *ms, *ndcg, *gain; /* one per query; gain: over the other mode */
    double ms_sum;
    size_t n;
    size_t empty; /* queries without any result */
};

struct eval {
    struct cmd_context *c;
    const struct eval_args *args;
    struct eval_set set;
    struct eval_ids ids;
    struct eval_cache cache;
    struct totals totals;
    struct progress progress;
    FILE *run;
};

static void eval_fini(struct eval *e)
{
    progress_end(&e->progress);
    eval_cache_close(&e->cache);
    eval_ids_fini(&e->ids);
    eval_set_fini(&e->set);
    free(e->totals.ms);
    free(e->totals.ndcg);
    free(e->totals.gain);
    if (e->run)
        fclose(e->run);
}

/* Searches one text; *ret is NULL when there is nothing in it to look for. */
static int search(struct eval *e, const char *text, const char *mode, struct docfs_results **ret,
                  double *ret_ms, struct docfs_err *err)
{
    _cleanup_(query_freep) struct query *q = NULL;
    *ret = NULL;
    *ret_ms = 0;
    if (!text[strspn(text, " \t\r\n")])
        return 0;
    int r = query_from_words(text, e->args->k ? e->args->k : DEPTH, query_mode_of(mode), &q, err);
    if (r < 0)
        return r;
    int64_t start = clock_mono_ns();
    r = docfs_search(e->cache.d, q, 0, ret, err);
    *ret_ms = (double)(clock_mono_ns() - start) / 1e6;
    return r;
}

static int write_run(struct eval *e, const struct eval_query *q, const char *document, size_t rank,
                     double score, struct docfs_err *err)
{
    if (e->run && fprintf(e->run, "%s\t%s\t%zu\t%.6f\n", q->id, document, rank, score) < 0)
        return err_set(err, -errno, "%s: %s", e->args->run, strerror(errno));
    return 0;
}

/* Asks one query in a mode; written: into the run file. */
static int ask(struct eval *e, const struct eval_query *q, const char *mode, bool written,
               struct eval_score *ret, double *ret_ms, size_t *ret_n, struct docfs_err *err)
{
    _cleanup_(docfs_results_unrefp) struct docfs_results *results = NULL;
    int r = search(e, q->text, mode, &results, ret_ms, err);
    if (r < 0)
        return err_prefix(err, r, "query '%s'", q->id);

    size_t n = 0, found = results ? results->n : 0;
    _cleanup_free_ const char **document = calloc(found + 1, sizeof(*document));
    if (!document)
        return err_oom(err);
    for (size_t i = 0; i < found && r == 0; i++) {
        size_t number = eval_number(results->hit[i].path);
        if (number >= e->ids.n)
            return err_set(err, -EBADMSG,
                           "%s holds a document that is not of this corpus; give "
                           "--keep an empty directory",
                           e->cache.dir);
        document[n++] = e->ids.id[number];
        if (written)
            r = write_run(e, q, document[n - 1], n, results->hit[i].score, err);
    }
    *ret = eval_score(q, document, n);
    *ret_n = n;
    return r;
}

static int one_query(struct eval *e, const struct eval_query *q, struct docfs_err *err)
{
    struct totals *t = &e->totals;
    struct eval_score s, other = {0};
    double ms, other_ms;
    size_t n, other_n;
    int r = ask(e, q, e->args->mode, true, &s, &ms, &n, err);
    if (r == 0 && e->args->against)
        r = ask(e, q, e->args->against, false, &other, &other_ms, &other_n, err);
    if (r < 0)
        return r;
    t->ndcg[t->n] = s.ndcg10;
    t->gain[t->n] = s.ndcg10 - other.ndcg10;
    t->sum.ndcg10 += s.ndcg10;
    t->sum.recall10 += s.recall10;
    t->sum.recall100 += s.recall100;
    t->sum.mrr10 += s.mrr10;
    t->ms[t->n++] = ms;
    t->ms_sum += ms;
    t->empty += n == 0;
    return r;
}

static int all_queries(struct eval *e, struct docfs_err *err)
{
    _cleanup_(docfs_results_unrefp) struct docfs_results *first = NULL;
    double ms;
    e->totals.ms = calloc(e->set.n_queries, sizeof(*e->totals.ms));
    e->totals.ndcg = calloc(e->set.n_queries, sizeof(double));
    e->totals.gain = calloc(e->set.n_queries, sizeof(double));
    if (!e->totals.ms || !e->totals.ndcg || !e->totals.gain)
        return err_oom(err);
    /* The first search of a process loads the index: that is not the time of a query. */
    int r = search(e, "documentation", e->args->mode, &first, &ms, err);
    for (size_t i = 0; i < e->set.n_queries && r == 0; i++) {
        r = one_query(e, &e->set.query[i], err);
        progress_update(&e->progress, &(struct progress_step){.label = "searching",
                                                              .unit = "queries",
                                                              .done = i + 1,
                                                              .total = e->set.n_queries});
        if (r == 0 && interrupt_seen())
            r = err_set(err, -ECANCELED, "interrupted");
    }
    return r;
}

static int report(struct eval *e)
{
    struct totals *t = &e->totals;
    struct out *o = &e->c->out;
    double n = (double)t->n;
    double p50 = eval_quantile(t->ms, t->n, 0.5), p99 = eval_quantile(t->ms, t->n, 0.99);
    const char *mode = e->args->mode ? e->args->mode : "hybrid";
    struct eval_interval all, gain;
    if (eval_bootstrap(t->ndcg, t->n, &all) < 0 || eval_bootstrap(t->gain, t->n, &gain) < 0)
        return cmd_fail_with(e->c, CMD_SYSTEM, "out of memory");
    if (o->json) {
        json_t *j =
            json_pack("{s:s, s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:b}", "mode",
                      mode, "documents", (json_int_t)e->ids.n, "queries", (json_int_t)t->n, "empty",
                      (json_int_t)t->empty, "ndcg_at_10", t->sum.ndcg10 / n, "recall_at_10",
                      t->sum.recall10 / n, "recall_at_100", t->sum.recall100 / n, "mrr_at_10",
                      t->sum.mrr10 / n, "ms_mean", t->ms_sum / n, "ms_p50", p50, "ms_p99", p99,
                      "ingest_seconds", e->cache.seconds, "reused", (int)e->cache.reused);
        json_object_set_new(j, "ndcg_interval", json_pack("[ff]", all.low, all.high));
        if (e->args->against)
            json_object_set_new(j, "gain",
                                json_pack("{s:s, s:f, s:[ff], s:f}", "against", e->args->against,
                                          "ndcg_at_10", gain.mean, "interval", gain.low, gain.high,
                                          "chance", gain.chance));
        return cmd_json(e->c, wire_message("eval", j), CMD_OK);
    }
    char a[32], b[32], s[32];
    out_printf(o, "%s documents, %s queries, mode %s; ingest %s%s\n", out_count(e->ids.n, a),
               out_count(t->n, b), mode, out_span(e->cache.seconds, s),
               e->cache.reused ? " (kept cache)" : "");
    out_printf(o,
               "nDCG@10     %.4f  (95 %%: %.4f to %.4f)\nRecall@10   %.4f\nRecall@100  "
               "%.4f\nMRR@10      %.4f\n",
               t->sum.ndcg10 / n, all.low, all.high, t->sum.recall10 / n, t->sum.recall100 / n,
               t->sum.mrr10 / n);
    if (e->args->against)
        out_printf(o, "over %-6s %+.4f  (95 %%: %+.4f to %+.4f; chance of no gain %.3f)\n",
                   e->args->against, gain.mean, gain.low, gain.high, gain.chance);
    out_printf(o, "ms/query    mean %.2f  p50 %.2f  p99 %.2f\n", t->ms_sum / n, p50, p99);
    if (t->empty)
        out_note(o, "%zu queries found nothing", t->empty);
    return CMD_OK;
}

static int close_run(struct eval *e, struct docfs_err *err)
{
    FILE *f = e->run;
    e->run = NULL;
    if (f && fclose(f) != 0)
        return err_set(err, -errno, "%s: %s", e->args->run, strerror(errno));
    return 0;
}

static int run(struct cmd_context *c)
{
    const struct eval_args *a = c->args;
    _cleanup_(eval_fini) struct eval e = {.c = c, .args = a};
    struct docfs_err err = {0};
    if (!a->corpus || !a->queries || !a->qrels)
        return cmd_fail_with(c, CMD_USAGE, "--corpus, --queries and --qrels are all needed");
    progress_init(&e.progress, &c->out);
    interrupt_watch(false); /* the temporary cache has to go, so no second signal kills */

    int r = eval_set_read(a->queries, a->qrels, &e.set, &err);
    if (r == 0 && a->run && !(e.run = fopen(a->run, "we")))
        r = err_set(&err, -errno, "%s: %s", a->run, strerror(errno));
    if (r == 0)
        r = eval_cache_open(&e.cache, a->keep, c->set, a->corpus, &e.ids, &e.progress, &err);
    if (r == 0)
        r = all_queries(&e, &err);
    if (r == 0)
        r = close_run(&e, &err);
    progress_end(&e.progress);
    return r < 0 ? cmd_fail(c, &err) : report(&e);
}

const struct cmd cmd_eval = {
    .name = "eval",
    .run = run,
    .needs = NEEDS_NOTHING,
    .summary = "Measure search quality on a labelled set in BEIR form",
    .usage = "--corpus FILE --queries FILE --qrels FILE [--mode MODE] [--run OUT]",
    .text =
        "Ingests the corpus into a temporary cache, asks every query that has a relevant\n"
        "document, and prints means over these queries. nDCG uses linear gains, as trec_eval's\n"
        "ndcg_cut does; its interval and the gain over another mode come from 2,000 bootstrap "
        "samples\n"
        "of the queries, pair by pair. Query texts are taken word by word, without the query "
        "grammar.",
    .examples = "  docfs eval --corpus corpus.jsonl.xz --queries queries.jsonl --qrels qrels.tsv\n"
                "  docfs eval --corpus c.jsonl --queries q.jsonl --qrels qrels.tsv --mode lex "
                "--run lex.tsv\n"
                "  docfs eval --corpus c.jsonl --queries q.jsonl --qrels qrels.tsv --against lex\n"
                "  docfs eval --corpus c.jsonl --queries q.jsonl --qrels qrels.tsv --set "
                "search.read_again=40\n",
    .options = options,
    .args_size = sizeof(struct eval_args),
};
