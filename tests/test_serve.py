"""docfs serve: starting, stopping, searching."""
import json
import signal
import subprocess


def test_prints_where_it_listens(shared_docfs):
    p = shared_docfs.popen("serve", "--listen", "127.0.0.1:0", text=True)
    line = p.stdout.readline()
    assert line.startswith("listening on http://127.0.0.1:")
    port = line.rsplit(":", 1)[1].strip()
    out = subprocess.run(["curl", "-sS", f"http://127.0.0.1:{port}/ready"], capture_output=True)
    assert json.loads(out.stdout)["ready"] is True
    p.send_signal(signal.SIGTERM)
    _, err = p.communicate(timeout=60)
    assert p.returncode == 0
    assert [json.loads(x)["message"] for x in err.splitlines()][-1] == "stopping"


def test_search_both_ways(server):
    one = server.json("/api/v1/search", q="scheduler", limit=3)
    two = server.post("/api/v1/search", {"query": "scheduler", "limit": 3}).json
    assert [r["content_id"] for r in one["results"]] == [r["content_id"] for r in two["results"]]
    assert 1 <= len(one["results"]) <= 3
    assert one["total_count"] == len(one["results"])
    assert not one["cache_hit"]
    again = server.json("/api/v1/search", q="scheduler", limit=3)
    assert again["cache_hit"]
    assert again["results"] == one["results"]


def test_any_text_is_json(server):
    """Whatever was asked comes back as it was, escaped as JSON wants it."""
    query = "scheduler " + "".join(map(chr, range(1, 32))) + '"\\/\x7f \u00e9\u2028\U0001d11e'
    for kept in (False, True):
        r = server.post("/api/v1/search", {"query": query, "limit": 3})
        assert r.status == 200 and r.json["query"] == query and r.json["cache_hit"] is kept


def test_search_text_fits_the_budget_and_the_lines(server, shared_docfs):
    r = server.json("/api/v1/search", q="scheduler", max_tokens=60)
    assert 0 < r["tokens"] <= 60
    texts = [x for x in r["results"] if "text" in x]
    assert texts
    for x in texts:
        path = f"{x['collection']}/{x['path']}"
        whole = shared_docfs.ok("cat", path).out.splitlines(keepends=True)
        assert "".join(whole[x["line"] - 1:]).startswith(x["text"])


def test_bad_questions_say_what_is_wrong(server):
    for path, status, word in [("/api/v1/search", 400, "q is missing"),
                               ("/api/v1/search?q=", 400, "must not be empty"),
                               ("/api/v1/search?q=x&limit=many", 400, "limit must be of type integer"),
                               ("/api/v1/search?q=x&limit=1000", 400, "from 1 to 100"),
                               ("/api/v1/search?q=%ff", 400, "badly encoded"),
                               ("/api/v1/search?q=x&mode=magic", 400, "hybrid, lex"),
                               ("/api/v1/nothing", 404, "openapi.json")]:
        r = server.get(path)
        assert r.status == status, r
        assert r.headers["Content-Type"] == "application/problem+json"
        p = r.json
        assert word in p["detail"], p
        assert p["status"] == status and p["trace_id"] == r.headers["X-Trace-ID"]
    r = server.post("/api/v1/search", {"query": 5})
    assert r.status == 422 and "query must be of type string" in r.json["detail"]
    r = server.request("POST", "/api/v1/search", body=b"{", headers={"Content-Type": "application/json"})
    assert r.status == 400 and "line 1" in r.json["detail"]
    r = server.request("DELETE", "/api/v1/search")
    assert r.status == 405 and set(r.headers["Allow"].split(", ")) == {"GET", "HEAD", "POST"}
    assert r.json["detail"] == f"this path does not know DELETE, but {r.headers['Allow']}"
    assert "slash" in server.get("/api/v1/search/").json["detail"]
