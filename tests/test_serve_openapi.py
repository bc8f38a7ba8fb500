"""The OpenAPI document: complete, valid, and the same table as the routes."""
import json
import pathlib
import re
import urllib.parse

from lib.clients import Clients

SIDECAR = pathlib.Path(__file__).resolve().parent.parent / "tools/sidecar"


def test_document_lists_every_route(server):
    document = server.json("/openapi.json")
    assert document["openapi"].startswith("3.1")
    operations = {(m.upper(), p) for p, item in document["paths"].items() for m in item}
    rows = re.compile(r'\{\s*"(GET|POST|PUT|PATCH|DELETE)",\s*"([^"]+)"[^}]*?\}', re.S)
    # Rows of tables in C that are not marked as aliases.
    wanted = set()
    for source in SIDECAR.rglob("*.c"):
        for m in re.finditer(r'\{"(GET|POST|PUT|PATCH|DELETE)",\s*"(/[^"]*)"(.*?)\},\n', source.read_text(),
                             re.S):
            if "ROUTE_UNLISTED" not in m[3]:
                wanted.add((m[1], m[2].replace("...", "")))
    assert rows and wanted and wanted <= operations, wanted - operations


def test_operation_ids_are_unique(server):
    ids = [o["operationId"] for item in server.json("/openapi.json")["paths"].values()
           for o in item.values()]
    assert len(ids) == len(set(ids))


STREAMS = ("/events",)  # they do not end


def test_every_operation_answers_within_its_contract(docfs, corpus, serve):
    """Also to a request that makes no sense; what comes is held against the document."""
    docfs.ok("add", corpus, "-c", "demo@1", "-q")
    s = serve(docfs)
    asked = 0
    for path, item in s.json("/openapi.json")["paths"].items():
        for method, operation in item.items():
            if path.endswith(STREAMS) or path == "/api/v1/system/remove-documents":
                continue
            for value in ("demo", "1", "no such thing", "%00", "..%2f..", "x" * 300):
                target = re.sub(r"\{[^}]+\}", urllib.parse.quote(value, safe="%"), path)
                r = s.request(method.upper(), target, json_body=None if method == "get" else {})
                assert r.status < 500, (method, target, r)
                asked += 1
                if target == path:
                    break
    assert asked > 150
    assert s.get("/ready").status == 200


def test_redocly_finds_nothing(server, tmp_path):
    clients = Clients()
    (tmp_path / "openapi.json").write_text(json.dumps(server.json("/openapi.json")))
    (tmp_path / "redocly.yaml").write_text(
        "extends: [recommended]\n"
        "rules:\n"
        "  no-server-example.com: off\n"
        # The server is this machine; the address is part of what is tested.
        "  no-ambiguous-paths: off\n")
    p = clients.run(("@redocly/cli", "redocly"), "lint", "--config", tmp_path / "redocly.yaml",
                    "--format", "stylish", tmp_path / "openapi.json", cwd=tmp_path,
                    env={"REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true"})
    assert p.returncode == 0, p.stdout + p.stderr
    assert "warning" not in p.stdout.lower(), p.stdout


def test_the_manual_names_routes_that_exist(server):
    """docfs-api(7): every method and path of its REST part is in /openapi.json."""
    page = (SIDECAR.parents[1] / "packaging/man/docfs-api.7").read_text().split(".Sh REST")[1].split(".Sh OTHER")[0]
    paths = {re.sub(r"{[^}]*}", "{}", p): item for p, item in server.json("/openapi.json")["paths"].items()}
    named = []
    for line in re.findall(r"^\.It (.*)$", page, re.M):
        methods = []
        for part in line.split(" , "):
            found = re.findall(r"\b(GET|POST|PUT|DELETE)\b", part)
            methods = found or methods
            place = re.sub(r"\s*Ns\s*", "", part[part.index("Pa "):]) if "Pa " in part else ""
            path = re.sub(r"Ar \w+ ?", "{}", place).replace("Pa ", "").split("?")[0].strip()
            named += [(m, "/api/v1" + path) for m in methods if path]
    assert len(named) > 30
    assert not [(m, p) for m, p in named if m.lower() not in paths.get(p, {})]
