"""The Context7 interface: by hand, then with its unmodified programs."""
import json

import pytest
from lib.docfs import wait_until
from lib.faulty import Faulty, answer

QUIET = {"CTX7_TELEMETRY_DISABLED": "1", "DO_NOT_TRACK": "1"}


@pytest.fixture(scope="module")
def libraries(build, tmp_path_factory):
    """Collections in several versions and with names that models write otherwise."""
    from lib.docfs import Docfs
    from lib.server import Server
    base = tmp_path_factory.mktemp("c7")
    d = Docfs(build, base / "cache")
    for name, text in (("next@14.2", "Old router."), ("next@15.1", "New router.\n\n```js\nroute();\n```\n"),
                       ("python@3.9", "asyncio three nine."), ("python@3.11", "asyncio three eleven."),
                       ("react-native", "Native views."), ("redis", "Sorted sets.")):
        src = base / name
        src.mkdir()
        (src / "guide.md").write_text(f"# Guide of {name}\n\n{text}\n")
        d.ok("add", src, "-c", name)
    s = Server(d).start()
    yield s
    s.stop()


def search(server, **q):
    return [lib["id"] for lib in server.json("/api/v2/libs/search", **q)["results"]]


def context(server, id, query="guide", status=200, **q):
    r = server.get("/api/v2/context", libraryId=id, query=query, **q)
    assert r.status == status, r
    return r


def test_libraries(libraries):
    lib, = [x for x in libraries.json("/api/v2/libs/search", libraryName="Next.js", query="router")["results"]
            if x["id"] == "/docfs/next"]
    assert sorted(lib["versions"]) == ["14.2", "15.1"] and lib["totalSnippets"] == 2
    assert lib["state"] == "finalized"
    assert search(libraries, libraryName="python", query="x")[0] == "/docfs/python"
    assert search(libraries, libraryName="no such thing", query="sorted sets")[0] == "/docfs/redis"
    assert search(libraries, libraryName="qqqqzzzz", query="") == []


@pytest.mark.parametrize("id,text", [
    ("/docfs/next", "New router"), ("/docfs/next/14.2", "Old router"), ("/docfs/next/v14.2", "Old router"),
    ("/docfs/next@14.2", "Old router"), ("/vercel/next.js", "New router"), ("/vercel/NEXT", "New router"),
    ("/python/cpython", "three eleven"), ("/python/cpython/3.9", "three nine"), ("/redis/docs", "Sorted sets"),
    ("/facebook/react-native", "Native views"),
])
def test_ids(libraries, id, text):
    assert text in context(libraries, id).text


@pytest.mark.parametrize("id,status,error", [
    ("/docfs/next/99", 404, "tag_not_found"), ("/facebook/react", 404, "library_not_found"),
    ("next", 400, "invalid_library_id"), ("/next", 400, "invalid_library_id"), ("/a/b/c/d", 400, "invalid_library_id"),
    ("/" + "x" * 400 + "/y", 400, "invalid_library_id"), ("", 400, "validation_error"),
])
def test_wrong_ids(libraries, id, status, error):
    r = context(libraries, id, status=status)
    assert r.json["error"] == error and r.json["message"], r


def test_json_form(libraries):
    c = context(libraries, "/docfs/next", type="json").json
    code, = c["codeSnippets"]
    assert code["codeList"] == [{"language": "js", "code": "route();\n"}]
    assert "New router." in code["codeDescription"] and code["codeId"].startswith("next@15.1/guide.md:")
    info = context(libraries, "/docfs/redis", type="json").json["infoSnippets"]
    assert "Sorted sets." in info[0]["content"] and info[0]["contentTokens"] > 0


def test_any_question_is_taken_word_by_word(libraries):
    for query in ('k=abc "unclosed -x', "=equal in=nowhere", "after=never", "x" * 4000, "ü\x01", ""):
        context(libraries, "/docfs/redis", query=query)


@pytest.mark.parametrize("path,text", [
    ("/context7/api/v1/docfs/next?topic=router&tokens=500", "New router"),
    ("/context7/api/v1/docfs/next/14.2?type=txt", "Old router"),
    ("/api/v2/docs/code/vercel/next.js?topic=router&page=1", "route();"),
    ("/api/v2/docs/info/docfs/redis?topic=sets&limit=1", "Sorted sets"),
    ("/context7/api/v2/context?libraryId=/docfs/redis", "Sorted sets"),
])
def test_old_paths(libraries, path, text):
    r = libraries.get(path)
    assert r.status == 200 and text in r.text, r


def test_old_search(libraries):
    assert libraries.json("/context7/api/v1/search", query="redis")["results"][0]["id"] == "/docfs/redis"
    r = libraries.get("/api/v2/docs/code/docfs/redis", topic="sets")
    assert r.status == 404 and r.json["error"] == "no_snippets_found"


def test_adding_is_a_job(docfs, corpus, serve):
    docfs.ok("add", corpus, "-c", "demo@1")
    server = serve(docfs)
    r = server.post("/api/v1/refresh", {"libraryName": "/docfs/demo"})
    assert r.status == 200 and r.json["job"] > 0, r
    for body in ({"docsRepoUrl": "/etc"}, {"docsRepoUrl": "file:///etc/passwd"}, {}, {"docsRepoUrl": 3}):
        r = server.post("/api/v2/add/repo/github", body)
        assert r.status == 400 and r.json["error"] == "validation_error", r
    r = server.post("/api/v1/refresh", {"libraryName": "/no/thing"})
    assert r.status == 404


BASES = ["/api", "/context7/api"]
PETS = b"""openapi: 3.1.0
info: {title: Pet store, version: '1'}
paths:
  /pets:
    get: {operationId: listPets, summary: All the pets, responses: {'200': {description: ok}}}
"""


def job_done(server, r):
    assert r.status == 200, r
    return wait_until(lambda: (j := server.json(f"/api/v1/ingestion/jobs/{r.json['job']}"))["state"] in
                      ("done", "failed") and j)


def page(body, kind="text/html"):
    return answer(body, type=kind)


@pytest.fixture
def web():
    def link(*to):
        return "<html><head><title>T</title></head><body><main><h1>Top</h1><p>Words of the page.</p>" + \
            "".join(f'<p><a href="{x}">{x}</a></p>' for x in to) + "</main></body></html>"

    pages = {"/": page(link("/a", "/b", "/skip/c")), "/a": page(link("/a/deep")), "/b": page(link()),
             "/skip/c": page(link()), "/a/deep": page(link()), "/pets.yaml": page(PETS, "application/yaml"),
             "/llms.txt": page("# Docs\n\n- [A](/a)\n", "text/plain")}
    with Faulty(pages) as s:
        yield s


@pytest.mark.parametrize("base", BASES)
def test_what_the_on_premise_server_takes(docfs, serve, web, base):
    docfs.ok("config", "set", "sources.allow_private", "on")
    s = serve(docfs)
    assert s.json(f"{base}/parse-status") == {"activeParses": {}}
    r = s.post(f"{base}/parse-website", {"websiteUrl": web.url, "projectTitle": "My Site", "description": "d",
                                         "maxPages": 3, "maxDepth": 1, "excludePatterns": ["skip/**"]})
    j = job_done(s, r)
    assert j["state"] == "done", j["message"]
    docs = {d["path"] for d in s.json("/api/v1/documents", collection="my-site")["documents"]}
    assert 2 <= len(docs) <= 3 and not [d for d in docs if "skip" in d or "deep" in d], docs
    assert job_done(s, s.post(f"{base}/parse-openapi", {"openApiUrl": web.url + "/pets.yaml"}))["state"] == "done"
    assert s.json("/api/v1/search", q="listPets")["results"]
    for id in ("docfs/my-site", "%2Fdocfs%2Fmy-site"):
        assert job_done(s, s.post(f"{base}/projects/{id}/refresh"))["state"] == "done"
    assert s.post(f"{base}/projects/docfs/nothing/refresh").json["error"] == "library_not_found"
    assert s.post(f"{base}/projects/docfs/my-site/remove").status == 404
    for path, body in (("parse", {}), ("parse", {"url": "/etc"}), ("parse-website", {"websiteUrl": "file:///etc"}),
                       ("parse-website", {"websiteUrl": web.url, "maxPages": 0}), ("parse-openapi", {"openApiUrl": 1})):
        assert s.post(f"{base}/{path}", body).json["error"] == "validation_error", path


def test_what_is_being_added_shows(docfs, serve):
    docfs.ok("config", "set", "serve.work", "off")
    s = serve(docfs)
    r = s.post("/api/parse", {"url": "https://github.com/redis/docs"})
    active = s.json("/api/parse-status")["activeParses"]
    assert active == {"/redis/docs": {"status": "queued", "startedAt": None, "duration": 0, "job": r.json["job"],
                                      "statusMessage": "waits for its turn"}}


def test_an_openapi_document_as_a_file(docfs, serve):
    s = serve(docfs)
    up = "/api/v2/add/openapi-upload"
    r = s.upload(up, {}, {"openapiFile": ("pets.v1.yaml", PETS, "application/yaml")})
    assert r.status == 200 and r.json["libraryName"] == "/docfs/pets", r
    assert "listPets" in context(s, "/docfs/pets", "list all pets").text
    r = s.upload("/context7" + up, {"projectTitle": "Pet Store"}, {"openapiFile": ("x.yaml", PETS)})
    assert r.json["libraryName"] == "/docfs/pet-store", r
    for fields, files in (({}, {}), ({"openapiFile": "text"}, {}), ({}, {"openapiFile": ("x.bin", bytes(range(256)))})):
        r = s.upload(up, fields, files)
        assert r.status == 400 and r.json["error"] == "validation_error", r


def test_libraries_that_were_exported(docfs, serve):
    """The export of one docfs is taken in by the interface of another."""
    s = serve(docfs)
    code = {"title": "Route", "description": "How to route.", "id": "https://next.example/docs/route#one",
            "codeList": [{"language": "js", "code": "route(`x`);\n```\nend"}], "tokens": 9}
    bundle = {"libraries": [
        {"project": "/vercel/Next.js", "title": "Next", "codeSnippets": [code, {**code, "title": "Again"}],
         "infoSnippets": [{"id": "https://next.example/docs/why", "breadcrumb": "Why", "content": "Because of lighthouses."}]},
        {"project": "/x/empty", "codeSnippets": []}, {"title": "no project"}, {"project": 3}]}
    r = s.post("/api/import-libraries", bundle)
    assert [x["status"] for x in r.json["libraries"]] == ["imported", "failed", "failed", "failed"], r
    assert r.json["libraries"][0]["documents"] == 2
    assert "Because of lighthouses." in context(s, "/vercel/next.js", "lighthouses").text
    snippets = context(s, "/docfs/next.js", "route", type="json").json["codeSnippets"]
    assert len(snippets) == 1 and snippets[0]["codeList"][0] == {"language": "js", "code": "route(`x`);\n```\nend\n"}
    doc = s.json("/api/v1/search", q="route")["results"][0]
    assert doc["source_url"] == "https://next.example/docs/route"
    again = s.post("/api/import-libraries", bundle).json["libraries"][0]
    assert again["status"] == "skipped" and "force" in again["message"]
    assert s.post("/api/import-libraries", {**bundle, "force": True}).json["libraries"][0]["status"] == "imported"
    for body in ({}, {"libraries": []}, {"libraries": {}}):
        assert s.post("/api/import-libraries", body).json["error"] == "validation_error"
    assert s.upload("/api/import-libraries", {}, {"file": ("b.zip", b"PK")}).status == 415


def test_read_only_refuses(docfs, corpus, serve):
    docfs.ok("add", corpus, "-c", "demo@1")
    r = serve(docfs, "--read-only").post("/api/v1/refresh", {"libraryName": "/docfs/demo"})
    assert r.status == 403 and r.json["error"] == "read_only", r


# ---- the programs of Context7 ----

def test_ctx7(clients, server):
    def ctx7(*args):
        return clients.ok(("ctx7", "ctx7"), "--base-url", server.url, *args, env=QUIET).stdout

    found = json.loads(ctx7("library", "demo", "how to install", "--json"))
    assert found[0]["id"] == "/docfs/demo"
    assert "pip install lighthouse" in ctx7("docs", "/docfs/demo", "install lighthouse")
    parts = json.loads(ctx7("docs", "/docfs/demo", "install lighthouse", "--json"))
    assert parts["codeSnippets"] or parts["infoSnippets"]


def test_context7_mcp(clients, server):
    program = clients.script_of("@upstash/context7-mcp", "context7-mcp")
    p = clients.ok("context7.mjs", program, "demo", "install lighthouse",
                   env={**QUIET, "CONTEXT7_API_URL": server.url + "/api"})
    out = json.loads(p.stdout)
    assert out["id"] == "/docfs/demo", out
    assert "pip install lighthouse" in out["answered"]
    assert "/none/none" in out["missing"] or "not found" in out["missing"].lower()
