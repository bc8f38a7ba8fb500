"""Figures: /metrics, stats, analytics, logs."""
import re
import signal

from lib.docfs import wait_until

LINE = re.compile(r'^docfs_[a-z_]+(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? [-+0-9.e]+$')


def test_metrics_are_prometheus_text(server):
    server.get("/api/v1/search", q="scheduler")
    r = server.get("/metrics")
    assert r.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    types, seen = {}, set()
    for line in r.text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            assert name not in types
            types[name] = kind
        elif not line.startswith("#"):
            assert LINE.match(line), line
            key = line.rsplit(" ", 1)[0]
            assert key not in seen, line
            seen.add(key)
            base = re.sub(r"_(bucket|sum|count)$", "", key.split("{")[0])
            assert base in types or key.split("{")[0] in types, line
    assert types["docfs_http_request_duration_seconds"] == "histogram"
    buckets = [float(x) for x in re.findall(
        r'duration_seconds_bucket\{method="GET",route="/api/v1/search",le="[^"]+"\} (\S+)', r.text)]
    assert buckets == sorted(buckets) and buckets[-1] >= 1


def test_metrics_count(server):
    def count():
        m = re.search(r'requests_total\{method="GET",route="/api/v1/ready",status="2xx"\} (\S+)',
                      server.get("/metrics").text)
        return float(m[1]) if m else 0

    before = count()
    for _ in range(5):
        server.get("/api/v1/ready")
    assert count() == before + 5


def test_stats_and_analytics(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    for _ in range(3):
        s.get("/api/v1/search", q="scheduler")
    s.get("/api/v1/search", q="workers")
    stats = s.json("/api/v1/stats")
    assert stats["search_stats"]["total_searches"] == 4
    assert stats["search_stats"]["cache_hit_rate"] == 0.5
    assert stats["content_stats"]["total_documents"] == 14

    def counted():
        a = s.json("/api/v1/analytics", timeRange="7d")
        return {"scheduler", "workers"} <= {t["query"] for t in a["searchMetrics"]["topQueries"]} and a
    a = wait_until(counted)
    assert a["searchMetrics"]["totalSearches"] >= 2
    assert a["contentMetrics"]["documentsByTechnology"] == [{"technology": "demo@1", "count": 14}]
    assert s.get("/api/v1/analytics", timeRange="1y").status == 400


def test_health_says_what_is_wrong(server):
    h = server.json("/api/v1/health")
    assert h["overall_status"] == h["status"]
    assert {x["service"] for x in h["services"]} >= {"cache"}
    assert server.get("/health").status == 200


def test_logs_are_json_lines(shared_docfs, serve):
    s = serve(shared_docfs, "--log", "requests")
    s.get("/api/v1/search", q="a\nb")
    s.get("/nowhere")
    text = s.log_text().strip().splitlines()
    lines = s.log_lines()
    assert len(text) == len(lines)
    asked = [x for x in lines if x["message"] == "request"]
    assert {x["status"] for x in asked} >= {200, 404}
    for x in asked:
        assert len(x["trace_id"]) == 32 and x["ms"] >= 0 and x["time"].endswith("Z")
    s.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in s.log_text())


def test_systemd_is_told(shared_docfs, serve, tmp_path):
    import socket
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(path)
        sock.settimeout(30)
        s = serve(shared_docfs, env={"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "200000"})
        first = []
        while not any(x.startswith("READY=1") and "127.0.0.1" in x for x in first):
            first.append(sock.recv(4096).decode())
        while "WATCHDOG=1" not in sock.recv(4096).decode():
            pass
        s.process.send_signal(signal.SIGHUP)
        said = []
        while "READY=1" not in said:
            said.append(sock.recv(4096).decode())
        assert any("RELOADING=1" in x and "MONOTONIC_USEC=" in x for x in said)
        s.stop()
        rest = []
        while "STOPPING=1" not in rest:
            rest.append(sock.recv(4096).decode())


def test_admin_views(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    s = serve(docfs)
    s.post("/api/v1/collections", {"name": "empty"})
    s.get("/api/v1/search", q="scheduler")
    page = s.json("/api/v1/admin/search-content", limit=5, offset=10)
    assert page["total_count"] == 14 and len(page["items"]) == 4 and not page["has_more"]
    found = s.json("/api/v1/admin/search-content", search_term="scheduler", technology="demo")
    assert found["items"] and all(i["status"] == "active" for i in found["items"])
    assert s.json("/api/v1/admin/search", query="scheduler")["items"] == found["items"]
    assert s.get("/api/v1/admin/search-content", technology="nope").status == 404
    wait_until(lambda: s.json("/api/v1/admin/activity/searches"))
    kinds = {e["type"] for e in s.json("/api/v1/admin/activity/recent")}
    assert {"search", "ingestion", "change"} <= kinds
    only = s.json("/api/v1/admin/activity/recent", activity_type="change")
    assert [e["message"] for e in only] == ["collection.create empty"]
    assert s.json("/api/v1/admin/activity/errors") == []
    d = s.json("/api/v1/admin/dashboard")
    assert d["health"]["overall_status"] == "healthy" and d["providers"]["configured"] == 1
