"""MCP as a conversation: several things at once, taking back, and hearing of changes."""
import contextlib
import json
import socket
import subprocess
import threading

import pytest
from lib.docfs import TIMEOUT, check_alarms, wait_until
from lib.faulty import Faulty

pytestmark = pytest.mark.concurrent  # ThreadSanitizer looks at the threads behind the pipes, too

META = {"io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {}}
TAG = "io.modelcontextprotocol/subscriptionId"


def request(method, id, **params):
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def cancelled(id):
    return {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": id}}


def listen(id, **wish):
    return request("subscriptions/listen", id, notifications=wish, _meta=META)


class Talk:
    """docfs mcp with its pipes open."""

    def __init__(self, docfs, *options):
        self.p = docfs.popen("mcp", *options, stdin=subprocess.PIPE, text=True)

    def say(self, *messages):
        for m in messages:
            self.p.stdin.write(json.dumps(m) + "\n")
        self.p.stdin.flush()

    def hear(self):
        line = self.p.stdout.readline()
        assert line, self.p.stderr.read()
        return json.loads(line)

    def until(self, id):
        """The answer to id, and what came before it."""
        before = []
        while (m := self.hear()).get("id") != id:
            before.append(m)
        return m, before

    def end(self):
        out, err = self.p.communicate(timeout=TIMEOUT)
        check_alarms(err)
        assert self.p.returncode == 0, err
        return [json.loads(line) for line in out.splitlines()]


@pytest.fixture
def talk(docfs, corpus):
    docfs.ok("add", corpus, "-c", "demo@1", "-q")
    docfs.ok("config", "set", "jobs.attempts", "1")
    docfs.ok("config", "set", "sources.allow_private", "on")
    made = []

    def start(*options):
        made.append(Talk(docfs, *options))
        return made[-1]

    yield start
    for t in made:
        t.p.kill()
        t.p.wait()
        for pipe in (t.p.stdin, t.p.stdout, t.p.stderr):
            with contextlib.suppress(OSError):
                pipe.close()


@pytest.fixture
def slow():
    """A web server that says nothing until it is let."""
    let = threading.Event()

    def wait(c, text):
        let.wait(TIMEOUT)
        with contextlib.suppress(OSError):
            c.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with Faulty({"*": wait}) as s:
        s.let = let
        yield s
        let.set()


def ingest(id, where, **more):
    return request("tools/call", id, name="ingest_source",
                   arguments={"location": where, "wait_seconds": 60, **more})


def search(id, query="install"):
    return request("tools/call", id, name="search_docs", arguments={"query": query})


def test_a_long_call_holds_nothing_up(talk, slow):
    t = talk()
    t.say(ingest("long", slow.url), request("ping", 1), search(2), request("tools/list", 3))
    first = [t.hear()["id"] for _ in range(3)]
    assert set(first) == {1, 2, 3}, first
    wait_until(lambda: slow.requests)
    slow.let.set()
    done, _ = t.until("long")
    assert done["result"]["structuredContent"]["job"]["state"] == "failed"
    assert t.end() == []


def test_a_call_that_was_taken_back_is_not_answered(talk, slow):
    t = talk()
    t.say(ingest("long", slow.url), request("ping", 1))
    t.until(1)
    wait_until(lambda: slow.requests)
    t.say(cancelled("long"), cancelled("nobody"), cancelled({"not": "an id"}), search(2))
    t.until(2)
    assert t.end() == []  # and it did not wait for the job, which goes on elsewhere
    assert not slow.let.is_set()


def test_more_calls_than_threads(talk):
    t = talk()
    n = 300
    feed = threading.Thread(target=lambda: t.say(*[search(i, f"question number {i % 7}") for i in range(n)]))
    feed.start()
    ids = {t.hear()["id"] for _ in range(n)}
    feed.join()
    assert ids == set(range(n))
    assert t.end() == []


def test_it_ends_when_nobody_reads(talk, slow):
    t = talk()
    t.say(ingest("long", slow.url), request("ping", 1))
    t.until(1)
    t.p.stdout.close()
    t.p.stdin.close()
    assert t.p.wait(TIMEOUT) == 0
    assert not slow.let.is_set()


def test_it_ends_when_nobody_reads_though_input_stays_open(talk):
    t = talk()
    t.say(request("ping", 1))
    t.until(1)
    t.p.stdout.close()
    assert t.p.wait(TIMEOUT) == 0


# ---- changes ----

def test_listen(talk, docfs, tmp_path):
    t = talk()
    uris = ["docfs://collections/demo@1", "docfs://collections/new", "docfs://documents/demo@1/README.md",
            "docfs://status", "no-uri"]
    t.say(listen("l", resourcesListChanged=True, promptsListChanged=False, toolsListChanged=True,
                 resourceSubscriptions=uris))
    ack = t.hear()
    assert ack["method"] == "notifications/subscriptions/acknowledged" and "id" not in ack
    assert ack["params"] == {"notifications": {"resourcesListChanged": True, "resourceSubscriptions": uris},
                             "_meta": {TAG: "l"}}
    src = tmp_path / "new"
    src.mkdir()
    (src / "a.md").write_text("# New\n\nThings.\n")
    docfs.ok("add", src, "-c", "new", "-q")
    heard = set()
    while not heard >= {"list", "docfs://collections/new", "docfs://status"}:
        m = t.hear()
        assert m["params"]["_meta"] == {TAG: "l"}
        heard.add("list" if m["method"] == "notifications/resources/list_changed" else m["params"]["uri"])
    assert not heard & {"docfs://collections/demo@1", "docfs://documents/demo@1/README.md", "no-uri"}
    # Taken back: nothing more comes of it, whatever happens.
    t.say(cancelled("l"), request("ping", 1))
    _, before = t.until(1)
    docfs.ok("remove", "new", "--yes")
    t.say(search(2))
    assert t.until(2)[1] == []
    assert t.end() == []


def test_the_end_of_a_subscription_is_its_answer(talk):
    t = talk()
    t.say(listen(7, resourcesListChanged=True), listen(8, toolsListChanged=True))
    for id in (7, 8):
        assert t.hear()["params"]["_meta"] == {TAG: id}
        if id == 8:  # nothing it could ever hear of
            assert t.hear()["id"] == 8
    last, = t.end()
    assert last["id"] == 7 and last["result"]["resultType"] == "complete"
    assert last["result"]["_meta"][TAG] == 7


@pytest.mark.parametrize("wish", [
    None, [], {"resourcesListChanged": 1}, {"resourceSubscriptions": "docfs://status"},
    {"resourceSubscriptions": [1]}, {"resourceSubscriptions": ["docfs://status"] * 101}])
def test_wishes_that_cannot_be(talk, wish):
    t = talk()
    t.say(request("subscriptions/listen", 1, _meta=META, **({} if wish is None else {"notifications": wish})))
    assert t.hear()["error"]["code"] == -32602
    t.say(request("subscriptions/listen", 2, notifications={"resourcesListChanged": True}))  # the old era
    assert t.hear()["error"]["code"] == -32601


def test_subscriptions_are_limited(talk):
    t = talk()
    t.say(*[listen(i, resourcesListChanged=True) for i in range(70)])
    refused = []
    for _ in range(70):
        m = t.hear()
        if "error" in m:
            refused.append(m)
    assert len(refused) == 6 and all("too many" in m["error"]["message"] for m in refused)


def events(reader):
    """Messages of an event stream, one by one."""
    for line in reader:
        if line.startswith(b"data: "):
            yield json.loads(line[6:])


def test_listen_over_http(docfs, corpus, serve, tmp_path):
    docfs.ok("add", corpus, "-c", "demo@1", "-q")
    s = serve(docfs, "--streams", "1")
    body = json.dumps(listen("x", resourcesListChanged=True)).encode()
    head = ("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2026-07-28\r\n"
            f"Mcp-Method: subscriptions/listen\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    with s.socket() as c:
        c.sendall(head + body)
        stream = events(c.makefile("rb"))
        ack = next(stream)
        assert ack["method"] == "notifications/subscriptions/acknowledged" and ack["params"]["_meta"] == {TAG: "x"}
        s.post("/api/v1/collections", {"name": "fresh"})
        assert next(stream)["method"] == "notifications/resources/list_changed"
        with s.socket() as d:  # no second stream
            d.sendall(head + body)
            assert b" 503 " in d.recv(100)
        c.shutdown(socket.SHUT_RDWR)

    def again():
        with s.socket() as d:
            d.sendall(head + body)
            return b" 200 " in d.recv(100)
    wait_until(again)  # who left is noticed
    found = s.request("POST", "/mcp", json_body=request("server/discover", 1, _meta=META),
                      headers={"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "server/discover"}).json
    assert found["result"]["capabilities"]["resources"] == {"listChanged": True, "subscribe": True}


@pytest.mark.parametrize("where", ["stdio", "http"])
def test_the_public_client_listens(clients, docfs, corpus, serve, tmp_path, where):
    src = tmp_path / "src"
    src.mkdir()
    (src / "README.md").write_text("# One\n")
    docfs.ok("add", src, "-c", "demo@1", "-q", "--policy", "manual")  # the server reads nothing by itself
    target = ["-", *docfs.argv("mcp")] if where == "stdio" else [serve(docfs).url + "/mcp"]
    p = subprocess.Popen(clients.argv("listen.mjs", *target), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, env=clients.env(**docfs.env()))
    try:
        hear = lambda: json.loads(p.stdout.readline() or f'"{p.stderr.read()}"')  # noqa: E731
        assert hear() == {"honored": {"resourcesListChanged": True, "resourceSubscriptions": [
            "docfs://collections/demo@1", "docfs://documents/demo@1/README.md"]}}
        (src / "README.md").write_text("# Two\n")
        docfs.ok("refresh", "demo@1", "-q")
        heard = {hear()["updated"], hear()["updated"]}
        assert heard == {"docfs://collections/demo@1", "docfs://documents/demo@1/README.md"}
        p.stdin.write("end\n")
        p.stdin.flush()
        assert hear() == {"closed": "local"}
        p.stdin.close()
        assert p.wait(TIMEOUT) == 0
    finally:
        p.kill()
        p.wait()
        check_alarms(p.stderr.read())
        p.stdout.close()
        p.stderr.close()


def test_closing_the_stream_takes_a_call_back(docfs, serve, slow):
    docfs.ok("config", "set", "sources.allow_private", "on")
    s = serve(docfs, "--streams", "1")
    ask = ingest(1, slow.url)
    ask["params"]["_meta"] = {"progressToken": "p"}
    body = json.dumps(ask).encode()
    head = ("POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Accept: application/json, text/event-stream\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    with s.socket() as c:
        c.sendall(head + body)
        assert next(events(c.makefile("rb")))["method"] == "notifications/progress"
        c.shutdown(socket.SHUT_RDWR)

    def room():
        with s.socket() as d:
            d.sendall(head + body)
            return b" 200 " in d.recv(100)
    wait_until(room)
    assert not slow.let.is_set()
