"""The OpenAPI document: complete, valid, and the same table as the routes."""
import json
import pathlib
import re

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
