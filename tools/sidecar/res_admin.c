/* SPDX-License-Identifier: MIT
 * For whoever looks after the cache: what is in it, what happened, who changed what. */
#include <errno.h>
#include <string.h>

#include "core/util/grow.h"
#include "tools/sidecar/health.h"
#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"
#include "tools/sidecar/stats.h"

#define SEARCH_MAX 1000 /* documents one search gives at most */

static void audit(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_audits_freep) struct docfs_audits *l = NULL;
    if (docfs_audits(q->d, (size_t)json_int(q->query, "limit", 100), &l, &err) < 0)
        return fail_err(q, a, &err);
    json_t *items = json_array();
    for (size_t i = 0; i < l->n; i++) {
        const struct docfs_audit *x = &l->item[i];
        json_array_append_new(
            items, json_pack("{s:o, s:o, s:o, s:s, s:o, s:o, s:o}", "at", wire_time(x->at),
                             "client", wire_text(x->client), "address", wire_text(x->address),
                             "action", x->action, "object", wire_text(x->object), "detail",
                             wire_text(x->detail), "trace_id", wire_text(x->trace)));
    }
    response_json(a, 200, json_pack("{s:o}", "items", items));
}

/* ---- content ---- */

static bool flagged(struct request *q, int64_t id)
{
    struct docfs_feedbacks *f;
    bool found = false;
    if (docfs_feedback_list(q->d, id, NULL, true, 100, &f, NULL) < 0)
        return false;
    for (size_t i = 0; i < f->n; i++)
        found = found || f->item[i].signal == SIGNAL_FLAG;
    docfs_feedbacks_free(f);
    return found;
}

static json_t *content_item(struct request *q, int64_t id)
{
    _cleanup_(docfs_document_freep) struct docfs_document *doc = NULL;
    if (docfs_document(q->d, id, &doc, NULL) < 0)
        return NULL; /* gone meanwhile */
    json_t *o = render_document(doc);
    if (o)
        json_object_set_new(o, "status", json_string(flagged(q, id) ? "flagged" : "active"));
    return o;
}

/* Documents that answer a term; false with the response filled. */
static bool found_by_term(struct request *q, struct response *a, const char *term,
                          const char *technology, size_t skip, size_t want, json_t *items,
                          size_t *ret_total)
{
    struct docfs_err err = {0};
    _cleanup_(query_freep) struct query *parsed = NULL;
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    _cleanup_buf_ struct buf b = {0};
    if (*technology)
        buf_addf(&b, " in=\"%s\"", technology);
    buf_addf(&b, " k=%d", SEARCH_MAX);
    if (buf_status(&b) < 0 ||
        query_parse_with(term, strlen(term), buf_text(&b), &parsed, &err) < 0 ||
        docfs_search(q->d, parsed, 0, &r, &err) < 0) {
        fail_err(q, a, &err);
        return false;
    }
    size_t good = r->n - r->below;
    for (size_t i = skip; i < good && i < skip + want; i++) {
        json_t *o = content_item(q, r->hit[i].document);
        if (o)
            json_array_append_new(items, o);
    }
    *ret_total = good;
    return true;
}

/* Documents in the order of the tree; false with the response filled. */
static bool found_by_path(struct request *q, struct response *a, const char *technology,
                          size_t skip, size_t want, json_t *items, size_t *ret_total)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *only = NULL;
    int r = docfs_collections(q->d, &all, &err);
    if (r == 0 && *technology)
        r = docfs_collection_find(all, technology, false, &only, &err);
    json_t *list = json_array();
    size_t left = want;
    *ret_total = 0;
    for (size_t i = 0; r == 0 && i < all->n; i++) {
        const struct docfs_collection *k = &all->item[i];
        bool more;
        if (only && k != only)
            continue;
        *ret_total += k->documents;
        if (skip >= k->documents) {
            skip -= k->documents;
        } else if (left) {
            size_t had = json_array_size(list);
            r = list_documents(q, k, "", skip, left, list, &more, &err);
            left -= json_array_size(list) - had;
            skip = 0;
        }
    }
    size_t i;
    json_t *e;
    if (r == 0)
        json_array_foreach(list, i, e)
        {
            const char *id = json_text(e, "id", "");
            json_t *o = content_item(q, name_doc_row(id, strlen(id)));
            if (o)
                json_array_append_new(items, o);
        }
    json_decref(list);
    if (r < 0)
        fail_err(q, a, &err);
    return r == 0;
}

static void search_content(struct request *q, struct response *a)
{
    const char *term = json_text(q->query, "search_term", json_text(q->query, "query", ""));
    const char *technology = json_text(q->query, "technology", "");
    size_t want = (size_t)json_int(q->query, "limit", 20);
    size_t skip = (size_t)json_int(q->query, "offset", 0), total = 0;
    json_t *items = json_array();
    bool ok = *term ? found_by_term(q, a, term, technology, skip, want, items, &total)
                    : found_by_path(q, a, technology, skip, want, items, &total);
    if (!ok) {
        json_decref(items);
        return;
    }
    response_json(a, 200,
                  json_pack("{s:o, s:I, s:I, s:I, s:b}", "items", items, "total_count",
                            (json_int_t)total, "page", (json_int_t)(skip / want + 1), "page_size",
                            (json_int_t)want, "has_more", (int)(skip + want < total)));
}

/* ---- activity ---- */

struct event {
    int64_t at;
    json_t *value; /* owned */
};
struct events {
    struct event *item;
    size_t n;
};

/* Takes details. */
static void add(struct events *l, const char *type, int64_t at, const char *id, const char *message,
                json_t *details)
{
    json_t *o = json_pack("{s:s, s:s, s:o, s:o, s:o}", "id", id, "type", type, "message",
                          wire_text(message), "timestamp", wire_time(at), "details", details);
    if (o && grow(&l->item, l->n, sizeof(*l->item)))
        l->item[l->n++] = (struct event){at, o};
    else
        json_decref(o);
}

static int add_searches(struct request *q, struct events *l, size_t max, struct docfs_err *err)
{
    _cleanup_(docfs_recents_freep) struct docfs_recents *r = NULL;
    int rc = docfs_recent(q->d, max, &r, err);
    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        char id[64];
        snprintf(id, sizeof(id), "search-%lld-%zu", (long long)r->item[i].at, i);
        add(l, "search", r->item[i].at, id, r->item[i].query,
            json_pack("{s:s, s:I}", "door", r->item[i].door, "hits", (json_int_t)r->item[i].hits));
    }
    return rc;
}

static int add_jobs(struct request *q, struct events *l, size_t max, bool only_failed,
                    struct docfs_err *err)
{
    _cleanup_(docfs_jobs_freep) struct docfs_jobs *j = NULL;
    struct docfs_job_filter f = {.max = max, .states = only_failed ? 1u << JOB_FAILED : 0};
    int rc = docfs_jobs(q->d, &f, &j, err);
    for (size_t i = 0; rc == 0 && i < j->n; i++) {
        const struct docfs_job *x = &j->item[i];
        char id[64], text[300];
        snprintf(id, sizeof(id), "job-%lld", (long long)x->id);
        snprintf(text, sizeof(text), "%s %s: %s%s%s", x->kind, x->target,
                 docfs_job_state_name(x->state), *x->message ? ": " : "", x->message);
        add(l, x->state == JOB_FAILED ? "error" : "ingestion",
            x->finished_at  ? x->finished_at
            : x->started_at ? x->started_at
                            : x->created_at,
            id, text,
            json_pack("{s:I, s:s, s:I, s:I}", "job", (json_int_t)x->id, "state",
                      docfs_job_state_name(x->state), "documents", (json_int_t)x->documents,
                      "failed", (json_int_t)x->failed));
    }
    return rc;
}

static int add_audits(struct request *q, struct events *l, size_t max, struct docfs_err *err)
{
    _cleanup_(docfs_audits_freep) struct docfs_audits *r = NULL;
    int rc = docfs_audits(q->d, max, &r, err);
    for (size_t i = 0; rc == 0 && i < r->n; i++) {
        const struct docfs_audit *x = &r->item[i];
        char id[64], text[300];
        snprintf(id, sizeof(id), "audit-%lld-%zu", (long long)x->at, i);
        snprintf(text, sizeof(text), "%s %s", x->action, x->object);
        add(l, "change", x->at, id, text,
            json_pack("{s:o, s:o}", "client", wire_text(x->client), "trace_id",
                      wire_text(x->trace)));
    }
    return rc;
}

static int add_faults(struct request *q, struct events *l, struct docfs_err *err)
{
    _cleanup_(docfs_health_freep) struct docfs_health *h = NULL;
    int rc = docfs_health(q->d, &h, err);
    for (size_t i = 0; rc == 0 && i < h->n_faults; i++) {
        char id[64];
        snprintf(id, sizeof(id), "fault-%lld-%zu", (long long)h->fault[i].at_ms, i);
        add(l, "error", h->fault[i].at_ms / 1000, id, h->fault[i].text,
            json_pack("{s:o}", "service", wire_text(h->fault[i].service)));
    }
    return rc;
}

static int newest_first(const void *a, const void *b)
{
    int64_t x = ((const struct event *)a)->at, y = ((const struct event *)b)->at;
    return (x < y) - (x > y);
}

enum { SEARCHES = 1, JOBS = 2, CHANGES = 4, ERRORS = 8 };

/* Array of the newest events of some kinds, NULL with err set. */
static json_t *events_array(struct request *q, unsigned kinds, size_t max, struct docfs_err *err)
{
    struct events l = {0};
    int r = kinds & SEARCHES ? add_searches(q, &l, max, err) : 0;
    if (r == 0 && kinds & (JOBS | ERRORS))
        r = add_jobs(q, &l, max, !(kinds & JOBS), err);
    if (r == 0 && kinds & CHANGES)
        r = add_audits(q, &l, max, err);
    if (r == 0 && kinds & ERRORS)
        r = add_faults(q, &l, err);
    if (l.n)
        qsort(l.item, l.n, sizeof(*l.item), newest_first);
    json_t *out = r == 0 ? json_array() : NULL;
    for (size_t i = 0; i < l.n; i++)
        if (i < max && out)
            json_array_append_new(out, l.item[i].value);
        else
            json_decref(l.item[i].value);
    free(l.item);
    return out;
}

static void activity(struct request *q, struct response *a, unsigned kinds)
{
    struct docfs_err err = {0};
    json_t *list = events_array(q, kinds, (size_t)json_int(q->query, "limit", 20), &err);
    if (!list)
        return fail_err(q, a, &err);
    response_json(a, 200, list);
}

static void recent(struct request *q, struct response *a)
{
    const char *type = json_text(q->query, "activity_type", "");
    activity(q, a,
             strcmp(type, "search") == 0      ? SEARCHES
             : strcmp(type, "ingestion") == 0 ? JOBS
             : strcmp(type, "change") == 0    ? CHANGES
             : strcmp(type, "error") == 0     ? ERRORS
                                              : SEARCHES | JOBS | CHANGES | ERRORS);
}

static void searches(struct request *q, struct response *a)
{
    activity(q, a, SEARCHES);
}

static void errors(struct request *q, struct response *a)
{
    activity(q, a, ERRORS);
}

static void dashboard(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    json_t *figures = stats_object(q, &err);
    json_t *events = figures ? events_array(q, SEARCHES | JOBS | CHANGES | ERRORS, 10, &err) : NULL;
    if (!events) {
        json_decref(figures);
        return fail_err(q, a, &err);
    }
    size_t up, all;
    json_t *services = health_services(q, &up, &all);
    json_decref(services);
    response_json(a, 200,
                  json_pack("{s:o, s:o, s:o, s:{s:s, s:I, s:I}}", "stats", figures,
                            "recent_activity", events, "providers", providers_summary(q), "health",
                            "overall_status",
                            up == all ? "healthy"
                            : up      ? "degraded"
                                      : "unhealthy",
                            "services_up", (json_int_t)up, "services_total", (json_int_t)all));
}

static const struct route routes[] = {
    {"GET", "/api/v1/admin/search-content", SCOPE_ADMIN, search_content, .id = "adminSearchContent",
     .summary = "Documents with all that is known about them", .query = "AdminSearchQuery",
     .response = "AdminContent"},
    {"GET", "/api/v1/admin/search", SCOPE_ADMIN, search_content, .id = "adminSearch",
     .summary = "The same", .query = "AdminSearchQuery", .response = "AdminContent"},
    {"GET", "/api/v1/admin/activity/recent", SCOPE_ADMIN, recent, .id = "recentActivity",
     .summary = "What happened last", .query = "ActivityQuery", .response = "Activity"},
    {"GET", "/api/v1/admin/activity/searches", SCOPE_ADMIN, searches, .id = "recentSearches",
     .summary = "The last searches", .query = "ActivityLimit", .response = "Activity"},
    {"GET", "/api/v1/admin/activity/errors", SCOPE_ADMIN, errors, .id = "recentErrors",
     .summary = "The last errors", .query = "ActivityLimit", .response = "Activity"},
    {"GET", "/api/v1/admin/dashboard", SCOPE_ADMIN, dashboard, .id = "dashboard",
     .summary = "One page of everything", .response = "Dashboard"},
    {"GET", "/api/v1/admin/audit", SCOPE_ADMIN, audit, .id = "auditLog",
     .summary = "Changes made over the network", .query = "ActivityLimit", .response = "AuditLog"},
    {0},
};

const struct resource resource_admin = {
    .name = "admin", .text = "For whoever looks after the cache.", .route = routes};
