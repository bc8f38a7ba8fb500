"""REST: documents, collections, similar documents, settings."""
import urllib.parse


def documents(server):
    return server.json("/api/v1/collections/demo@1/documents")["documents"]


def test_whole_document_and_lines_are_those_of_the_mount(server, mnt):
    for d in documents(server)[:6]:
        whole = server.json(f"/api/v1/content/{d['id']}")
        with open(mnt / whole["mount_path"], newline="") as f:
            text = f.read()
        assert whole["content"] == text
        assert whole["lines"] == len(text.splitlines())
        assert not whole["truncated"]
        part = server.json(f"/api/v1/content/{d['id']}", line=2, lines=2)
        assert part["content"] == "".join(text.splitlines(keepends=True)[1:3])
        assert (part["line"], part["line_count"]) == (2, len(part["content"].splitlines()))


def test_content_by_path_range_and_budget(server):
    d = max(documents(server), key=lambda d: d["size"])
    path = urllib.parse.quote(f"{d['collection']}/{d['path']}")
    whole = server.json(f"/api/v1/content/{path}")
    assert whole["content_id"] == d["id"]
    lines = whole["content"].splitlines(keepends=True)
    assert server.json(f"/api/v1/content/{path}", range="3-5")["content"] == "".join(lines[2:5])
    assert server.json(f"/api/v1/content/{path}", range="3-")["content"] == "".join(lines[2:])
    small = server.json(f"/api/v1/content/{path}", max_tokens=20)
    assert 0 < len(small["content"].encode()) <= 80 and small["truncated"]
    assert whole["content"].startswith(small["content"])
    assert small["content"].endswith("\n")


def test_content_as_text(server):
    d = documents(server)[0]
    whole = server.json(f"/api/v1/content/{d['id']}")["content"]
    r = server.raw(f"GET /api/v1/content/{d['id']}?range=1-2 HTTP/1.1\r\nHost: localhost\r\n"
                   "Accept: text/markdown\r\nConnection: close\r\n\r\n".encode())
    head, body = r.split(b"\r\n\r\n", 1)
    assert b"text/markdown" in head and f"1-2/{len(whole.splitlines())}".encode() in head
    assert body.decode() == "".join(whole.splitlines(keepends=True)[:2])


def test_what_is_not_there(server):
    d = documents(server)[0]
    for path, status, word in [
            ("/api/v1/content/aaaaaaaa", 404, "no document"),
            ("/api/v1/content/demo@1/nope.md", 404, "no document"),
            ("/api/v1/content/demo@1", 404, "directory"),
            ("/api/v1/content/../../etc/passwd", 404, "no collection '..'"),
            ("/api/v1/content/dmeo/README.md", 404, "did you mean 'demo@1'"),
            ("/api/v1/content/%00", 400, "badly encoded"),
            (f"/api/v1/content/{d['id']}?line=100000", 416, "only"),
            (f"/api/v1/content/{d['id']}?range=5-2", 400, "A-B"),
            (f"/api/v1/content/{d['id']}?range=x", 400, "A-B"),
            (f"/api/v1/content/{d['id']}?max_tokens=1", 422, "does not fit"),
            ("/api/v1/collections/nope", 404, "no collection"),
            ("/api/v1/collections/nope/stats", 404, "no collection"),
            ("/api/v1/similar/nope", 404, "no document")]:
        r = server.get(path)
        assert r.status == status and word in r.json["detail"], (path, r)


def test_document_and_similar(server):
    d = documents(server)[0]
    doc = server.json(f"/api/v1/documents/{d['id']}")
    assert doc["path"] == d["path"] and len(doc["sha256"]) == 64 and doc["technology"] == "demo"
    near = server.json(f"/api/v1/similar/{d['id']}", limit=3)
    assert len(near["results"]) == 3
    assert d["id"] not in [x["content_id"] for x in near["results"]]


def test_documents_come_in_pages(server):
    everything = [d["path"] for d in documents(server)]
    got, offset = [], 0
    while True:
        page = server.json("/api/v1/documents", collection="demo", limit=4, offset=offset)
        assert page["total_count"] == len(everything)
        got += [d["path"] for d in page["documents"]]
        offset += 4
        if not page["has_more"]:
            break
    assert got == everything
    below = server.json("/api/v1/documents", collection="demo", path="guide/")["documents"]
    assert [d["path"] for d in below] == [p for p in everything if p.startswith("guide/")]


def test_collections_are_made_and_removed(docfs, serve):
    s = serve(docfs)
    assert s.json("/api/v1/collections") == {"collections": [], "total_count": 0}
    r = s.post("/api/v1/collections", {"name": "notes", "version": "2"})
    assert r.status == 201 and r.json["slug"] == "notes@2" and not r.json["is_active"]
    assert s.post("/api/v1/collections", {"name": "notes@2"}).status == 409
    for bad in ({}, {"name": ""}, {"name": "a/b"}, {"name": "x" * 201}, {"name": 7}, [], "x"):
        assert s.post("/api/v1/collections", bad).status in (400, 422), bad
    assert [c["slug"] for c in s.json("/api/v1/collections")["collections"]] == ["notes@2"]
    assert docfs.json("list")["collections"][0]["name"] == "notes@2"
    assert s.json("/api/v1/collections/notes/stats")["document_count"] == 0
    assert s.request("DELETE", "/api/v1/collections/notes").status == 200
    assert s.json("/api/v1/collections")["total_count"] == 0
    actions = [(x["action"], x["object"]) for x in s.json("/api/v1/admin/audit")["items"]]
    assert actions == [("collection.delete", "notes@2"), ("collection.create", "notes@2")]


def test_a_change_from_outside_is_seen(docfs, corpus, serve):
    s = serve(docfs)
    assert s.json("/api/v1/search", q="scheduler")["results"] == []
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    assert s.json("/api/v1/search", q="scheduler")["results"]
    docfs.ok("remove", "demo@1", "-q", "--yes")
    assert s.json("/api/v1/search", q="scheduler")["results"] == []


def test_settings(docfs, corpus, serve):
    docfs.ok("add", corpus, "-q")
    s = serve(docfs)
    items = {i["key"]: i for i in s.json("/api/v1/config")["items"]}
    assert items["search.k"]["value"] == "10"
    assert all(k.startswith("search.") for k in
               (i["key"] for i in s.json("/api/v1/config", category="search")["items"]))
    for method in ("PUT", "POST"):
        r = s.request(method, "/api/v1/config", {"key": "search.k", "value": 7})
        assert r.status == 202 and r.json["status"] == "accepted"
    assert "7" in docfs.ok("config", "get", "search.k").out
    assert s.request("PUT", "/api/v1/config", {"key": "search.k", "value": "many"}).status == 400
    assert s.request("PUT", "/api/v1/config", {"key": "no.such", "value": 1}).status == 404
    assert s.request("PUT", "/api/v1/config", {"key": "search.k"}).status == 422
    assert s.request("PUT", "/api/v1/config", {"key": "search.k", "value": [1]}).status == 422
    assert s.request("PUT", "/api/v1/config", {"key": "search.k", "value": None}).status == 202
    assert docfs.ok("config", "get", "search.k").out.split()[-1] == "10"
    local = [i["key"] for i in items.values() if i["is_local"]]
    for key in local[:3]:
        r = s.request("PUT", "/api/v1/config", {"key": key, "value": "/tmp/x"})
        assert r.status == 403 and "docfs config set" in r.json["detail"]


def test_read_only_mode(shared_docfs, serve):
    s = serve(shared_docfs, "--read-only")
    assert s.get("/api/v1/search", q="scheduler").status == 200
    r = s.post("/api/v1/collections", {"name": "x"})
    assert r.status == 403 and r.json["error_code"] == "READ_ONLY"
    assert s.request("DELETE", "/api/v1/collections/demo").status == 403
    assert s.request("PUT", "/api/v1/config", {"key": "search.k", "value": 3}).status == 403


def test_scopes(docfs, corpus, serve):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    tokens = {scope: docfs.ok("token", "create", scope, "--scope", scope, "-q").out.strip()
              for scope in ("read", "write", "admin")}
    s = serve(docfs, "--auth", "always")
    allowed = {scope: [] for scope in tokens}
    for scope, token in tokens.items():
        s.token = token
        for name, call in [("search", lambda: s.get("/api/v1/search", q="x")),
                           ("create", lambda: s.post("/api/v1/collections", {"name": f"n-{scope}"})),
                           ("config", lambda: s.get("/api/v1/config"))]:
            r = call()
            assert r.status in (200, 201, 403), r
            if r.status != 403:
                allowed[scope].append(name)
    assert allowed == {"read": ["search"], "write": ["search", "create"],
                       "admin": ["search", "create", "config"]}
    s.token = tokens["admin"]
    assert s.json("/api/v1/admin/audit")["items"][0]["client"] == "admin"
