/* SPDX-License-Identifier: MIT
 * Making the cache answer what it does not: gaps, what could fill them, and the jobs that do. */
#include <errno.h>
#include <string.h>

#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"

static json_t *render_gap(const struct docfs_gap *g)
{
    return json_pack("{s:I, s:o, s:o, s:o, s:s, s:f, s:I, s:o, s:o, s:o}", "id", (json_int_t)g->id,
                     "query", wire_text(g->query), "topic", wire_text(g->topic), "group",
                     wire_text(g->group), "state", g->state, "sufficiency", g->sufficiency, "asked",
                     (json_int_t)g->asked, "first_at", wire_time(g->first_at), "last_at",
                     wire_time(g->last_at), "job_id", g->job ? json_integer(g->job) : json_null());
}

static void gaps(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_gaps_freep) struct docfs_gaps *g = NULL;
    if (docfs_gaps(q->d, json_flag(q->query, "all", false),
                   (size_t)json_int(q->query, "limit", 100), &g, &err) < 0)
        return fail_err(q, a, &err);
    json_t *list = json_array();
    for (size_t i = 0; i < g->n; i++)
        json_array_append_new(list, render_gap(&g->item[i]));
    response_json(a, 200, json_pack("{s:o}", "gaps", list));
}

/* A number in the path; false with the response filled. */
static bool number(struct request *q, struct response *a, int64_t *ret)
{
    const char *text = request_param(q, "id");
    char *end;
    errno = 0;
    *ret = strtoll(text, &end, 10);
    if (*text >= '0' && *text <= '9' && !*end && !errno)
        return true;
    fail(q, a, 404, "NOT_FOUND", "there is no %s: it is a number", text);
    return false;
}

static json_t *render_candidates(const struct docfs_candidates *c)
{
    json_t *list = json_array();
    for (size_t i = 0; c && i < c->n; i++) {
        const struct docfs_candidate *x = &c->item[i];
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "name", wire_text(x->name),
                            "title", wire_text(x->title), "location", wire_text(x->location), "why",
                            wire_text(x->why), "licence", wire_text(x->licence), "network",
                            (int)x->network, "present", (int)x->present));
    }
    return list;
}

static void candidates(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_candidates_freep) struct docfs_candidates *c = NULL;
    int64_t id;
    if (!number(q, a, &id))
        return;
    if (docfs_gap_candidates(q->d, id, &c, &err) < 0)
        return fail_err(q, a, &err);
    response_json(
        a, 200, json_pack("{s:I, s:o}", "gap", (json_int_t)id, "candidates", render_candidates(c)));
}

static void fill(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    int64_t id, job;
    if (!number(q, a, &id))
        return;
    if (docfs_gap_fill(q->d, id, json_text(q->json, "location", NULL), q->client, &job, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "gap.fill", request_param(q, "id"), json_text(q->json, "location", NULL));
    response_json(
        a, 202,
        json_pack("{s:s, s:I}", "message", "a job fills the gap", "job_id", (json_int_t)job));
}

static void dismiss(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    int64_t id;
    if (!number(q, a, &id))
        return;
    if (docfs_gap_dismiss(q->d, id, false, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "gap.dismiss", request_param(q, "id"), NULL);
    response_json(a, 200, json_pack("{s:s}", "message", "the gap is closed"));
}

static void analyse(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(query_freep) struct query *parsed = NULL;
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    _cleanup_(docfs_gaps_freep) struct docfs_gaps *g = NULL;
    _cleanup_(docfs_candidates_freep) struct docfs_candidates *c = NULL;
    const char *text = json_text(q->json, "query", "");
    if (query_parse(text, strlen(text), false, &parsed, &err) < 0 ||
        docfs_search(q->d, parsed, 0, &r, &err) < 0 || docfs_gaps(q->d, false, 1000, &g, &err) < 0)
        return fail_err(q, a, &err);
    const struct docfs_gap *known = NULL;
    for (size_t i = 0; i < g->n && !known; i++)
        if (strcmp(g->item[i].query, r->query) == 0 || strcmp(g->item[i].query, text) == 0)
            known = &g->item[i];
    if (known && docfs_gap_candidates(q->d, known->id, &c, NULL) < 0)
        c = NULL;
    response_json(a, 200,
                  json_pack("{s:o, s:b, s:f, s:I, s:o, s:o, s:o}", "query", wire_text(text),
                            "has_gap", (int)(r->sufficiency <= DOCFS_GAP), "sufficiency",
                            (double)r->sufficiency, "results", (json_int_t)(r->n - r->below),
                            "note", r->note && *r->note ? wire_text(r->note) : json_null(), "gap",
                            known ? render_gap(known) : json_null(), "candidates",
                            render_candidates(c)));
}

/* ---- jobs ---- */

/* Queues a job with one string argument; its number, or -errno. */
static int64_t queue(struct request *q, const char *kind, const char *key, const char *value,
                     const char *priority, struct docfs_err *err)
{
    json_t *o = json_pack("{s:s}", key, value);
    _cleanup_free_ char *args = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    if (!args)
        return err_oom(err);
    struct docfs_job_new job = {.kind = kind,
                                .args = args,
                                .origin = "api",
                                .priority = strcmp(priority, "high") == 0  ? 10
                                            : strcmp(priority, "low") == 0 ? -10
                                                                           : 0};
    int64_t id;
    int r = docfs_job_enqueue(q->d, &job, &id, NULL, err);
    return r < 0 ? r : id;
}

/* A document is made better by reading its sources again, a question by filling its gap. */
static void enrich(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    const char *priority = json_text(q->json, "priority", "normal");
    const char *content = json_text(q->json, "content_id", NULL);
    const char *query = json_text(q->json, "query", NULL);
    const json_t *many = json_object_get(q->json, "content_ids");
    size_t n = json_array_size(many);
    json_t *tasks = json_array();
    int64_t job = query ? queue(q, "enrich", "query", query, priority, &err) : 0;
    if (job > 0)
        json_array_append_new(tasks, json_sprintf("%lld", (long long)job));
    for (size_t i = 0; job >= 0 && i < n + (content != NULL); i++) {
        _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
        const char *what = i < n ? json_string_value(json_array_get(many, i)) : content;
        int64_t id;
        job = docfs_resolve(q->d, what, &id, &err);
        if (job == 0)
            job = docfs_document(q->d, id, &doc, &err);
        if (job == 0)
            job = queue(q, "refresh", "collection", doc->collection, priority, &err);
        if (job > 0)
            json_array_append_new(tasks, json_sprintf("%lld", (long long)job));
    }
    if (job < 0) {
        json_decref(tasks);
        return fail_err(q, a, &err);
    }
    server_audit(q, "enrich", content ? content : query, NULL);
    json_t *types = json_object_get(q->json, "enrichment_types");
    response_json(a, 202,
                  json_pack("{s:o, s:o, s:o, s:s, s:o}", "task_ids", tasks, "content_id",
                            wire_text(content), "enrichment_types",
                            json_is_array(types) ? json_incref(types) : json_array(), "priority",
                            priority, "submitted_at", wire_time(clock_wall_ns() / SECOND_NS)));
}

static json_t *render_task(const struct docfs_job *j)
{
    return json_pack("{s:o, s:s, s:s, s:o, s:o, s:o}", "task_id",
                     json_sprintf("%lld", (long long)j->id), "kind", j->kind, "state",
                     docfs_job_state_name(j->state), "submitted_at", wire_time(j->created_at),
                     "finished_at", j->finished_at ? wire_time(j->finished_at) : json_null(),
                     "message", *j->message ? wire_text(j->message) : json_null());
}

/* Of a task by its number, or of a document: the jobs on its collection, the newest first. */
static void status(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *jobs = NULL;
    const char *what = request_param(q, "id");
    bool number = *what && what[strspn(what, "0123456789")] == '\0' && strlen(what) < 18;
    int64_t id = 0;
    int r = number ? docfs_job(q->d, strtoll(what, NULL, 10), &jobs, &err)
                   : docfs_resolve(q->d, what, &id, &err);
    if (r == 0 && !number)
        r = docfs_document(q->d, id, &doc, &err);
    if (r == 0 && !number)
        r = docfs_jobs(q->d, &(struct docfs_job_filter){.max = 20, .collection = doc->collection},
                       &jobs, &err);
    if (r < 0)
        return fail_err(q, a, &err);
    json_t *tasks = json_array();
    for (size_t i = 0; i < jobs->n; i++)
        json_array_append_new(tasks, render_task(&jobs->item[i]));
    response_json(a, 200,
                  json_pack("{s:o, s:s, s:o, s:o}", "content_id",
                            doc ? json_string(doc->public_id) : json_null(), "status",
                            jobs->n ? docfs_job_state_name(jobs->item[0].state) : "none",
                            "last_enriched", doc ? wire_time(doc->fetched_at) : json_null(),
                            "tasks", tasks));
}

/* A technology by name: docfs knows where its documentation is. */
static void import(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    const char *name = json_text(q->json, "technology_name", "");
    struct docfs_ingest_options opt = {.remote = true};
    _cleanup_free_ char *args = docfs_job_args_add(name, &opt);
    struct docfs_job_new job = {.kind = "add", .args = args, .origin = "api"};
    int64_t id;
    if (!args)
        return response_json(a, 500, NULL);
    if (docfs_job_enqueue(q->d, &job, &id, NULL, &err) < 0)
        return fail_err(q, a, &err);
    server_audit(q, "source.add", name, NULL);
    response_json(
        a, 202, json_pack("{s:s, s:I}", "message", "a job takes it in", "job_id", (json_int_t)id));
}

static void health(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_gaps_freep) struct docfs_gaps *g = NULL;
    if (docfs_gaps(q->d, true, 10000, &g, &err) < 0)
        return fail_err(q, a, &err);
    size_t open = 0, filled = 0;
    for (size_t i = 0; i < g->n; i++) {
        open += strcmp(g->item[i].state, "open") == 0;
        filled += strcmp(g->item[i].state, "filled") == 0;
    }
    _cleanup_free_ char *policy = docfs_setting_text(q->d, "enrich.policy");
    response_json(a, 200,
                  json_pack("{s:s, s:b, s:o, s:I, s:I, s:I}", "status", "healthy", "llm_configured",
                            (int)docfs_chat_is_set(q->d), "policy", wire_text(policy), "gaps_known",
                            (json_int_t)g->n, "gaps_open", (json_int_t)open, "gaps_filled",
                            (json_int_t)filled));
}

static const struct route routes[] = {
    {"POST", "/api/v1/enrichment/enrich", SCOPE_WRITE, enrich, .id = "enrich",
     .summary = "Read the sources of a document again, or fill the gap of a question",
     .body = "EnrichRequest", .response = "Enriching", .status = 202},
    {"POST", "/api/v1/enrichment/bulk-enrich", SCOPE_WRITE, enrich, .id = "bulkEnrich",
     .summary = "The same for several documents", .body = "EnrichRequest", .response = "Enriching",
     .status = 202},
    {"POST", "/api/v1/enrichment/bulk-import", SCOPE_WRITE, import, .id = "bulkImport",
     .summary = "Take in the documentation of a technology that docfs knows by name",
     .body = "ImportRequest", .response = "JobQueued", .status = 202},
    {"POST", "/api/v1/enrichment/gap-analysis", SCOPE_READ, analyse, .id = "gapAnalysis",
     .summary = "Is there a good answer to a question, and what could give one",
     .body = "GapQuestion", .response = "GapAnalysis"},
    {"GET", "/api/v1/enrichment/status/{id}", SCOPE_READ, status, .id = "enrichmentStatus",
     .summary = "How far the tasks of a document are, or one task", .response = "EnrichmentStatus"},
    {"GET", "/api/v1/enrichment/gaps", SCOPE_ADMIN, gaps, .id = "listGaps",
     .summary = "Questions without a good answer", .query = "GapsQuery", .response = "Gaps"},
    {"GET", "/api/v1/enrichment/gaps/{id}/candidates", SCOPE_ADMIN, candidates,
     .id = "gapCandidates", .summary = "What could fill a gap", .response = "GapCandidates"},
    {"POST", "/api/v1/enrichment/gaps/{id}/fill", SCOPE_ADMIN | SCOPE_WRITE, fill, .id = "fillGap",
     .summary = "Consent to fill a gap; a job does it", .body = "GapFill", .response = "JobQueued",
     .status = 202},
    {"POST", "/api/v1/enrichment/gaps/{id}/dismiss", SCOPE_ADMIN | SCOPE_WRITE, dismiss,
     .id = "dismissGap", .summary = "Close a gap that is not worth filling", .response = "Message"},
    {"GET", "/api/v1/enrichment/health", SCOPE_READ, health, .id = "enrichmentHealth",
     .summary = "Is a language model set, and what may be fetched", .response = "EnrichmentHealth"},
    {"GET", "/api/v1/enrichment/metrics", SCOPE_READ, health, .id = "enrichmentMetrics",
     .summary = "The same", .response = "EnrichmentHealth"},
    {0},
};

const struct resource resource_enrichment = {
    .name = "enrichment", .text = "Making the cache answer what it does not.", .route = routes};
