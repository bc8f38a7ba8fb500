"""REST: uploads, sources, jobs and their events."""
import http.client
import json
import pathlib

from lib.docfs import wait_until

FIXTURES = pathlib.Path(__file__).parent / "fixtures/corpus"


def test_uploaded_text_is_found_and_read_back(docfs, serve):
    s = serve(docfs)
    text = "# Zebra guide\n\nZebras have stripes.\n"
    r = s.upload("/api/v1/ingestion/upload", {"workspace": "animals@1", "source_url": "https://z.example/"},
                 {"file": ("../../zebra guide.md", text.encode(), "text/markdown")})
    assert r.status == 201, r
    doc = r.json["documents"][0]
    assert doc["content_id"] == r.json["document_id"]
    assert doc["title"] == "Zebra guide" and doc["source_url"] == "https://z.example/"
    assert s.json(f"/api/v1/content/{r.json['document_id']}")["content"] == text
    hits = s.json("/api/v1/search", q="stripes")["results"]
    assert [h["content_id"] for h in hits] == [doc["content_id"]]
    # Sent again it is the same document with a new text.
    r = s.upload("/api/v1/ingestion/upload", {"workspace": "animals@1"},
                 {"file": ("zebra guide.md", b"# Zebra guide\n\nThey have spots after all.\n")})
    assert r.json["document_id"] == doc["content_id"]
    assert "spots" in s.json(f"/api/v1/content/{doc['content_id']}")["content"]


def test_other_formats_are_converted(docfs, serve):
    s = serve(docfs)
    html = b"<html><head><title>Lions</title></head><body><h1>Lions</h1><p>Manes are long.</p></body></html>"
    r = s.upload("/api/v1/ingestion/upload", {"collection": "animals"}, {"file": ("lions.html", html)})
    assert r.status == 201, r
    assert s.json(f"/api/v1/content/{r.json['document_id']}")["content"].startswith("# Lions")
    r = s.upload("/api/v1/ingestion/upload", {"collection": "animals"},
                 {"file": ("tigers.html", html.replace(b"Lions", b"Tigers"))})
    titles = {d["content_id"]: s.json(f"/api/v1/documents/{d['id']}")["title"]
              for d in s.json("/api/v1/documents", collection="animals")["documents"]}
    assert sorted(titles.values()) == ["Lions", "Tigers"]
    assert titles[r.json["document_id"]] == "Tigers"


def test_several_files_in_one_request(docfs, serve):
    s = serve(docfs)
    r = s.upload("/api/v1/ingestion/upload", {"workspace": "w"},
                 {"file": ("a.txt", b"alpha"), "file2": ("b.txt", b"beta")})
    assert [d["title"] for d in r.json["documents"]] == ["a", "b"]


def test_bad_uploads(docfs, serve):
    s = serve(docfs, "--max-upload", "2M")
    up = "/api/v1/ingestion/upload"
    assert s.post(up, {"file": "x"}).status == 400
    assert s.upload(up, {"workspace": "w"}, {}).status == 400
    r = s.upload(up, {"workspace": "w"}, {"file": ("x.bin", bytes(range(256)) * 8)})
    assert r.status == 422 and "x.bin" in r.json["detail"]
    assert s.upload(up, {"workspace": "w"}, {"file": ("e.md", b"")}).status == 422
    assert s.upload(up, {"workspace": "a/b"}, {"file": ("e.md", b"x")}).status in (400, 422)
    assert s.upload(up, {"workspace": "w"}, {"file": ("big.md", b"x" * (3 << 20))}).status == 413
    for body in (b"", b"--m", b"--m\r\n", b"--m\r\n\r\nx", b"--m\r\nContent-Disposition: form-data\r\n\r\nx\r\n--m--",
                 b'--m\r\nContent-Disposition: form-data; name="f"; filename="a"\r\n\r\nnever ends'):
        r = s.request("POST", up, body=body, headers={"Content-Type": "multipart/form-data; boundary=m"})
        assert r.status == 400, (body, r)
    r = s.request("POST", up, body=b"x", headers={"Content-Type": "multipart/form-data"})
    assert r.status == 400 and "boundary" in r.json["detail"]
    # Larger than what is kept in memory: goes through a file.
    r = s.upload(up, {"workspace": "w"}, {"file": ("large.md", b"word " * 300000)})
    assert r.status == 201 and r.json["documents"][0]["size"] >= 1500000


def test_a_source_becomes_a_job(docfs, serve):
    s = serve(docfs)
    r = s.post("/api/v1/ingestion/sources", {"location": str(FIXTURES), "collection": "demo@1"})
    assert r.status == 202, r
    job = r.json["job_id"]
    done = wait_until(lambda: (j := s.json(f"/api/v1/ingestion/jobs/{job}"))["state"] == "done" and j)
    assert done["progress"]["documents"] == 14
    assert job in [j["id"] for j in s.json("/api/v1/ingestion/jobs", state="done")["jobs"]]
    assert s.json("/api/v1/ingestion/sources", collection="demo")["sources"][0]["location"] == str(FIXTURES)
    files = s.json(f"/api/v1/ingestion/jobs/{job}/files", outcome="skipped")["files"]
    assert [f["path"] for f in files] == ["formats/pixel.gif"]
    r = s.request("POST", "/api/v1/collections/demo/refresh")
    assert r.status == 202
    again = r.json["job_id"]
    wait_until(lambda: s.json(f"/api/v1/ingestion/status/{again}")["state"] == "done")
    assert s.request("POST", f"/api/v1/ingestion/jobs/{again}/cancel").status == 409
    assert s.request("POST", f"/api/v1/ingestion/jobs/{again}/retry").status == 202
    wait_until(lambda: s.json(f"/api/v1/ingestion/jobs/{again}")["state"] == "done")
    for path in ("/api/v1/ingestion/jobs/99999", "/api/v1/ingestion/jobs/x",
                 "/api/v1/ingestion/jobs/99999/events", "/api/v1/ingestion/jobs/99999/files"):
        assert s.get(path).status == 404, path


def test_a_source_that_fails_says_why(docfs, serve, tmp_path):
    docfs.run("config", "set", "jobs.attempts", "1")
    s = serve(docfs)
    r = s.post("/api/v1/ingestion/sources", {"location": str(tmp_path / "missing"), "collection": "x"})
    if r.status == 202:
        job = wait_until(lambda: (j := s.json(f"/api/v1/ingestion/jobs/{r.json['job_id']}"))["state"]
                         == "failed" and j)
        assert "missing" in job["message"]
    else:
        assert r.status in (400, 404) and "missing" in r.json["detail"]
    assert s.post("/api/v1/ingestion/sources", {"collection": "x"}).status == 422


def test_local_paths_need_admin(docfs, serve):
    token = docfs.ok("token", "create", "w", "--scope", "write", "-q").out.strip()
    s = serve(docfs, "--auth", "always")
    s.token = token
    for location in ("/etc", "./x", "~/x", "file:///etc"):
        r = s.post("/api/v1/ingestion/sources", {"location": location, "collection": "x"})
        assert r.status == 403, (location, r)


def read_events(server, path, until, headers=None):
    """Events of a stream until one satisfies `until`."""
    c = http.client.HTTPConnection(server.host, server.port, timeout=60)
    c.request("GET", path, headers=headers or {})
    r = c.getresponse()
    assert r.status == 200 and r.headers["Content-Type"].startswith("text/event-stream")
    events, event = [], {}
    while True:
        line = r.readline().decode().rstrip("\n")
        if line.startswith(":"):
            continue
        if line:
            key, _, value = line.partition(": ")
            event[key] = value
            continue
        if event:
            event["data"] = json.loads(event["data"])
            events.append(event)
            if until(event):
                rest = r.read() if event["event"] == "end" and "/jobs/" in path else b""
                c.close()
                return events, rest
            event = {}


def test_events_of_a_job_end_with_it(docfs, serve):
    s = serve(docfs)
    job = s.post("/api/v1/ingestion/sources", {"location": str(FIXTURES), "collection": "d"}).json["job_id"]
    events, rest = read_events(s, f"/api/v1/ingestion/jobs/{job}/events", lambda e: e["event"] == "end")
    assert events[-1]["data"]["state"] == "done" and rest == b""
    ids = [int(e["id"]) for e in events]
    assert ids == sorted(set(ids))
    # All jobs, from a point on.
    events, _ = read_events(s, "/api/v1/ingestion/events", lambda e: e["data"]["id"] == job)
    assert events
    c = http.client.HTTPConnection(s.host, s.port, timeout=60)
    c.request("GET", "/api/v1/ingestion/events", headers={"Last-Event-ID": str(ids[-1] + 1000)})
    assert c.getresponse().status == 200
    c.close()


def test_streams_are_limited_and_end_at_shutdown(docfs, serve):
    s = serve(docfs, "--streams", "2")
    open_ones = []
    for _ in range(2):
        c = http.client.HTTPConnection(s.host, s.port, timeout=60)
        c.request("GET", "/api/v1/ingestion/events")
        open_ones.append((c, c.getresponse()))
    r = s.get("/api/v1/ingestion/events")
    assert r.status == 503 and r.headers["Retry-After"]
    open_ones[0][1].close()
    open_ones[0][0].close()

    def free():
        c = http.client.HTTPConnection(s.host, s.port, timeout=60)
        c.request("GET", "/api/v1/ingestion/events")
        r = c.getresponse()
        if r.status == 200:
            open_ones.append((c, r))
        return r.status == 200

    wait_until(free)
    s.stop()
    assert open_ones[1][1].read().replace(b": keep-alive\n\n", b"") == b""
