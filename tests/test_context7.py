"""The Context7 interface: by hand, then with its unmodified programs."""
import json

import pytest

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
