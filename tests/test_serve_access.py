"""Who may ask docfs serve: addresses, tokens, hosts, origins, rates."""
import concurrent.futures
import signal
import subprocess

import pytest
from lib.docfs import wait_until
from lib.gitserver import HttpBackend, Repo


@pytest.fixture
def tokens(docfs, corpus):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    return {scope: docfs.ok("token", "create", f"{scope}er", "--scope", scope, "-q").out.strip()
            for scope in ("read", "write", "admin")}


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def test_no_token_on_loopback(server):
    assert server.get("/api/v1/search", q="scheduler").status == 200


def test_other_addresses_want_a_token_to_exist(shared_docfs):
    r = shared_docfs.run("serve", "--listen", "0.0.0.0:0")
    assert r.code == 6
    assert "docfs token create" in r.err


def test_other_addresses_need_tokens(docfs, tokens, serve):
    s = serve(docfs, listen="0.0.0.0:0")
    r = s.get("/api/v1/search", q="scheduler")
    assert r.status == 401
    assert r.headers["WWW-Authenticate"].startswith("Bearer")
    assert "docfs token create" in r.json["detail"]
    for wrong in ("docfs_" + "A" * 43, "x", "", tokens["read"] + "x"):
        assert s.request("GET", "/api/v1/search?q=x", headers=bearer(wrong)).status == 401
    r = s.request("GET", "/api/v1/search?q=scheduler", headers=bearer(tokens["read"]))
    assert r.status == 200
    # The answer is kept now; that must not open it to anybody.
    assert s.get("/api/v1/search", q="scheduler").status == 401
    assert s.get("/ready").status == 200
    assert s.get("/openapi.json").status == 200
    cookie = {"Cookie": f"docfs_token={tokens['read']}"}
    assert s.request("GET", "/api/v1/search?q=scheduler", headers=cookie).status == 200


def test_tokens_are_hashed_listed_and_revoked(docfs, tokens, serve):
    s = serve(docfs, "--auth", "always")
    assert s.request("GET", "/api/v1/search?q=x", headers=bearer(tokens["read"])).status == 200
    for f in docfs.cache.iterdir():
        if f.is_file():
            assert tokens["read"].encode() not in f.read_bytes()
    names = {t["name"]: t for t in docfs.json("token", "list")["tokens"]}
    assert names["writeer"]["scope"] == "write" and "token" not in names["writeer"]
    docfs.ok("token", "revoke", "reader")
    s.process.send_signal(signal.SIGHUP)
    wait_until(lambda: s.request("GET", "/api/v1/search?q=x",
                                 headers=bearer(tokens["read"])).status == 401)
    assert docfs.run("token", "revoke", "reader").code == 5
    assert docfs.run("token", "create", "writeer").code == 2
    assert docfs.run("token", "frobnicate").code == 2


def test_foreign_hosts_and_origins(server, serve, shared_docfs):
    for host in ("evil.example", "evil.example:80", "localhost.evil.example", "127.0.0.1.nip.io"):
        r = server.request("GET", "/api/v1/search?q=x", headers={"Host": host})
        assert r.status == 421, r
    for host in ("localhost", f"localhost:{server.port}", "[::1]:80", "LOCALHOST"):
        assert server.request("GET", "/ready", headers={"Host": host}).status == 200
    host = f"127.0.0.1:{server.port}"
    for origin in ("http://evil.example", "null", "http://127.0.0.1:1"):
        r = server.request("GET", "/api/v1/search?q=x", headers={"Host": host, "Origin": origin})
        assert r.status == 403, r
        assert "Access-Control-Allow-Origin" not in r.headers
    r = server.request("GET", "/api/v1/search?q=x", headers={"Host": host, "Origin": f"http://{host}"})
    assert r.status == 200 and "Access-Control-Allow-Origin" not in r.headers
    s = serve(shared_docfs, "--allow-origin", "http://app.example", "--allow-host", "docs.example")
    ok = {"Host": "docs.example", "Origin": "http://app.example"}
    r = s.request("GET", "/api/v1/search?q=x", headers=ok)
    assert r.headers["Access-Control-Allow-Origin"] == "http://app.example"
    r = s.request("OPTIONS", "/api/v1/search",
                  headers={**ok, "Access-Control-Request-Method": "POST",
                           "Access-Control-Request-Headers": "content-type"})
    assert r.status == 204 and r.headers["Access-Control-Allow-Headers"] == "content-type"


def test_a_request_without_host(server):
    out = server.raw(b"GET /ready HTTP/1.0\r\n\r\n")
    assert b" 421 " in out.split(b"\r\n")[0] or b" 400 " in out.split(b"\r\n")[0]


def test_rate_limit(shared_docfs, serve):
    s = serve(shared_docfs, "--rate", "5")
    assert s.get("/api/v1/search", q="x").status == 200
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        def refused():  # so many in so short a time that a busy machine may need more than one try
            answers = pool.map(lambda _: s.get("/api/v1/search", q="x"), range(30))
            return [r for r in answers if r.status != 200]
        for r in wait_until(refused):
            assert r.status == 429 and int(r.headers["Retry-After"]) >= 1


def test_one_client_does_not_use_up_the_rate_of_another(docfs, tokens, serve):
    s = serve(docfs, "--auth", "always", "--rate", "2")
    ask = lambda who: s.request("GET", "/api/v1/search?q=x", headers=bearer(tokens[who]))  # noqa: E731
    first, *answers = [ask("read") for _ in range(40)]
    refused = [r for r in answers if r.status == 429]
    assert [ask("write").status for _ in range(4)] == [200] * 4
    assert first.status == 200 and len(refused) >= 10
    for r in refused:
        assert r.headers["Retry-After"] == "1" and "--rate" in r.json["detail"]


@pytest.fixture
def private_git(tmp_path):
    repo = Repo(tmp_path, "lamp")
    repo.put("README.md", "# Lamp\n\nA lighthouse in every port.\n")
    repo.commit("one")
    s = HttpBackend(repo.bare.parent)
    yield s
    s.stop()


def ended(server, job, token):
    def look():
        j = server.request("GET", f"/api/v1/ingestion/jobs/{job}", headers=bearer(token)).json
        return j["state"] in ("done", "failed") and j
    return wait_until(look)


def mcp_add(location):
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "ingest_source", "arguments": {"location": location, "wait_seconds": 0}}}


def test_no_door_lets_a_writer_reach_private_addresses(docfs, tokens, serve, private_git):
    docfs.ok("config", "set", "jobs.attempts", "1")
    s = serve(docfs, "--auth", "always")
    url = private_git.url("lamp")
    writer = bearer(tokens["write"])
    doors = [("/api/v1/ingestion/sources", {"location": url}, lambda a: a["job_id"]),
             ("/api/v2/add/repo/git", {"docsRepoUrl": url}, lambda a: a["job"]),
             ("/mcp", mcp_add(url), lambda a: a["result"]["structuredContent"]["job"]["id"])]
    for path, body, job in doors:
        r = s.post(path, body, headers=writer)
        assert r.status in (200, 202), r
        j = ended(s, job(r.json), tokens["admin"])
        assert j["state"] == "failed" and "loopback" in j["message"], j
    for location in ("file:///etc", f"file://{docfs.cache}", "/etc", "git@127.0.0.1:x/y.git", "ssh://127.0.0.1/x"):
        r = s.post("/mcp", mcp_add(location), headers=writer).json["result"]
        if not r.get("isError"):
            j = ended(s, r["structuredContent"]["job"]["id"], tokens["admin"])
            assert j["state"] == "failed" and j["progress"]["documents"] == 0, (location, j)
    assert private_git.requests == []
    assert {c["name"] for c in docfs.json("list")["collections"]} == {"demo@1"}


def test_a_source_added_over_the_network_stays_under_its_rules(docfs, tokens, serve, private_git):
    """Also when a name turns to a private address later, and whoever refreshes it."""
    docfs.ok("config", "set", "sources.allow_private", "on")
    s = serve(docfs, "--auth", "always")
    r = s.post("/api/v1/ingestion/sources", {"location": private_git.url("lamp"), "collection": "far"},
               headers=bearer(tokens["write"]))
    assert ended(s, r.json["job_id"], tokens["admin"])["state"] == "done"
    docfs.ok("config", "set", "sources.allow_private", "off")
    seen = len(private_git.requests)
    refused = docfs.run("refresh", "far")
    assert refused.code != 0 and "loopback" in refused.err, refused
    r = s.request("POST", "/api/v1/collections/far/refresh", headers=bearer(tokens["admin"]))
    assert "loopback" in wait_until(lambda: s.request(
        "GET", f"/api/v1/ingestion/jobs/{r.json['job_id']}", headers=bearer(tokens["admin"])).json["message"])
    assert len(private_git.requests) == seen
    # A person on the machine means the address: from then on it is theirs.
    docfs.ok("add", private_git.url("lamp"), "-c", "far")
    docfs.ok("refresh", "far")
    assert len(private_git.requests) > seen


def test_headers_of_every_answer(server):
    for path in ("/ready", "/api/v1/search?q=x", "/nowhere"):
        r = server.get(path)
        assert r.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in r.headers["Content-Security-Policy"]
        assert len(r.headers["X-Trace-ID"]) == 32
        assert float(r.headers["X-Process-Time"]) >= 0
    trace = "0af7651916cd43dd8448eb211c80319c"
    r = server.request("GET", "/nowhere", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"})
    assert r.headers["X-Trace-ID"] == trace and r.json["trace_id"] == trace
    assert trace in [x.get("trace_id") for x in server.log_lines()]


def test_curl_talks_to_it(server):
    out = subprocess.run(["curl", "-sS", "--fail-with-body", "-d", '{"query":"scheduler"}',
                          "-H", "Content-Type: application/json", f"{server.url}/api/v1/search"],
                         capture_output=True)
    assert out.returncode == 0 and b'"results"' in out.stdout
