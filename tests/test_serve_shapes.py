"""Every member that clients of the first interface read is there, under its published name."""
import pytest
from lib.docfs import wait_until

SEARCH = ("results total_count query technology_hint execution_time_ms cache_hit enrichment_triggered "
          "external_search_used ingestion_status")
HIT = "content_id title snippet source_url technology relevance_score content_type workspace"
PROBLEM = "type title status detail instance error_code trace_id"

# path, query, {place in the answer: members}
SHAPES = [
    ("/search", {"q": "install", "technology_hint": "demo", "limit": 2, "session_id": "s"},
     {"": SEARCH, "results.0": HIT}),
    ("/health", {}, {"": "overall_status services timestamp status version components features",
                     "services.0": "service status response_time_ms last_check details"}),
    ("/stats", {}, {
        "": "timestamp",
        "search_stats": "total_searches avg_response_time_ms cache_hit_rate successful_searches failed_searches",
        "cache_stats": "hit_rate miss_rate total_keys memory_usage_mb evictions",
        "content_stats": "total_documents total_chunks avg_quality_score workspaces last_enrichment",
        "system_stats": "uptime_seconds cpu_usage_percent memory_usage_mb disk_usage_mb"}),
    ("/analytics", {"timeRange": "24h"}, {
        "": "timeRange timestamp", "searchMetrics": "totalSearches avgResponseTime successRate topQueries",
        "contentMetrics": "totalDocuments totalChunks avgQualityScore documentsByTechnology",
        "contentMetrics.documentsByTechnology.0": "technology count",
        "userMetrics": "activeUsers totalSessions avgSessionDuration"}),
    ("/collections", {}, {"": "total_count",
                          "collections.0": "slug name technology document_count last_updated is_active"}),
    ("/config", {"category": "search"}, {"": "timestamp",
                                         "items.0": "key value schema_version description is_sensitive"}),
    ("/admin/search-content",
     {"search_term": "install", "content_type": "markdown", "technology": "demo", "limit": 1, "offset": 0},
     {"": "total_count page page_size has_more",
      "items.0": "content_id title content_type technology source_url collection_name created_at last_updated "
                 "size_bytes status"}),
    ("/admin/search", {"query": "install", "technology": "demo", "status": "active", "limit": 1},
     {"": "items total_count"}),
    ("/admin/activity/recent", {"limit": 3, "activity_type": "ingestion"},
     {"0": "id type message timestamp details"}),
    ("/admin/dashboard", {}, {"": "stats recent_activity", "providers": "configured available active",
                              "health": "overall_status services_up services_total"}),
    ("/providers", {}, {"0": "id name type status configured category description requires_api_key "
                             "supports_embedding supports_chat"}),
    ("/providers/builtin/models", {}, {"": "provider models queryable"}),
]


def at(value, place):
    for step in place.split(".") if place else ():
        value = value[int(step)] if step.isdigit() else value[step]
    return value


@pytest.mark.parametrize("path,query,shape", SHAPES, ids=[s[0] for s in SHAPES])
def test_members(server, path, query, shape):
    value = server.json("/api/v1" + path, **query)
    for place, members in shape.items():
        missing = set(members.split()) - set(at(value, place))
        assert not missing, (place, missing)


def test_members_of_writes(docfs, corpus, serve):
    docfs.ok("add", corpus, "-c", "demo@1", "-q")
    s = serve(docfs)

    def post(path, body, status, members, method="POST"):
        r = s.request(method, "/api/v1" + path, json_body=body)
        assert r.status == status and set(members.split()) <= set(r.json), r
        return r.json

    found = post("/search", {"query": "install", "technology_hint": "demo", "limit": 1, "session_id": "s",
                             "external_providers": ["x"], "use_external_search": False}, 200, SEARCH)
    one = found["results"][0]["content_id"]
    post("/feedback", {"content_id": one, "feedback_type": "helpful", "search_query": "install"}, 202, "message")
    post("/signals", {"signal_type": "click", "query_id": found["query_id"], "session_id": "s"}, 202, "message")
    for method in ("POST", "PUT"):
        post("/config", {"key": "search.k", "value": 7, "description": "d"}, 202, "message key status", method)
    post("/providers/builtin/test", {}, 200, "success message latency models")
    post("/enrichment/enrich", {"content_id": one, "enrichment_types": ["tags"]}, 202,
         "task_ids content_id enrichment_types priority submitted_at")
    r = s.upload("/api/v1/ingestion/upload", {"technology": "t", "title": "T", "source_url": "http://x.example/",
                                              "workspace": "w"}, {"file": ("a.md", b"# A\n")})
    assert r.json["document_id"]
    r = s.request("DELETE", f"/api/v1/content/{r.json['document_id']}")
    assert r.status == 202 and r.json["message"]
    for path in ("searches", "errors"):
        assert isinstance(s.json(f"/api/v1/admin/activity/{path}"), list)
    wait_until(lambda: s.json("/api/v1/admin/activity/searches"))


def test_failures_are_problem_details(server):
    for method, path, status in (("GET", "/content/aaaaaaaa", 404), ("GET", "/search", 400), ("PUT", "/search", 405),
                                 ("GET", "/nowhere", 404)):
        r = server.request(method, "/api/v1" + path)
        assert r.status == status and r.headers["Content-Type"] == "application/problem+json", r
        assert set(PROBLEM.split()) <= set(r.json) and r.json["trace_id"] == r.headers["X-Trace-ID"]
