"""docfs serve goes on answering whatever clients do."""
import concurrent.futures
import contextlib
import json
import os
import re
import signal
import socket
import threading

import pytest
from lib.chatserver import ChatServer
from lib.docfs import wait_until

GOOD = b"GET /ready HTTP/1.1\r\nHost: localhost\r\n"


def connections(server):
    return float(re.search(r"^docfs_http_connections (\S+)", server.get("/metrics").text, re.M)[1])


def alive(server):
    assert server.get("/ready").status == 200
    assert server.get("/api/v1/search", q="scheduler").status == 200


MALFORMED = [
    b"\r\n\r\n\r\n",
    b"GARBAGE\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /ready\r\n\r\n",
    b"GET /ready HTTP/9.9\r\nHost: localhost\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + os.urandom(64),
    b"GET /ready HTTP/1.1\r\nHost: localhost\r\nBroken header\r\n\r\n",
    b"GET /ready HTTP/1.1\r\nHost: localhost\r\n: empty\r\nConnection: close\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n",
    b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    b"GET /api/v1/search?q=%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /api/v1/content/%c0%af%c0%ae HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET http://other/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    b"GET /ready HTTP/1.1\r\nHost: localhost\r\nCookie: \xff\xfe=;;;=\r\nConnection: close\r\n\r\n",
    b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /ready HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n",
    b"GET /ready HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 20000 + b"\r\n",
]


@pytest.mark.parametrize("data", MALFORMED, ids=range(len(MALFORMED)))
def test_malformed_requests(server, data):
    with server.socket() as s:
        with contextlib.suppress(OSError):
            s.sendall(data)
            s.shutdown(socket.SHUT_WR)
        with contextlib.suppress(OSError):
            out = b""
            while piece := s.recv(65536):
                out += piece
            assert not out or out.startswith(b"HTTP/1."), out[:200]
    alive(server)


def test_length_and_chunks_together_are_not_a_second_request(server):
    """A proxy in front would see one request where this server sees two."""
    out = server.raw(b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n"
                     b"Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n"
                     b"Connection: close\r\n\r\n0\r\n\r\nGET /api/v1/stats HTTP/1.1\r\n"
                     b"Host: localhost\r\n\r\n")
    assert out.count(b"HTTP/1.1 ") == 1
    alive(server)


def test_pipelined_requests_are_answered_in_order(server):
    out = server.raw(b"GET /api/v1/search?q=scheduler HTTP/1.1\r\nHost: localhost\r\n\r\n"
                     b"GET /nowhere HTTP/1.1\r\nHost: localhost\r\n\r\n" + GOOD +
                     b"Connection: close\r\n\r\n")
    starts = re.findall(rb"HTTP/1\.1 (\d+) ", out)
    assert starts == [b"200", b"404", b"200"]


def test_oversized_bodies(server, serve, shared_docfs):
    s = serve(shared_docfs, "--max-body", "4K")
    r = s.post("/api/v1/search", {"query": "x", "session_id": "y" * 5000})
    assert r.status == 413 and "4096" in r.json["detail"]
    # Announced as huge: refused without being read.
    out = s.raw(b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 10000000000\r\n\r\n{")
    assert b" 413 " in out.split(b"\r\n")[0]
    # Not announced.
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    out = s.raw(b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 3 + b"0\r\n\r\n")
    assert b" 413 " in out.split(b"\r\n")[0]
    alive(s)


def test_deep_and_strange_json(server):
    for body in (b"[" * 100000, b'{"query":' * 5000, b'{"query":"x","query":"y"}', b"\xff\xfe",
                 b'{"query":"\\u0000"}', b'{"query":1e999}', b"null", b"", b'{"query":"\\ud800"}'):
        r = server.request("POST", "/api/v1/search", body=body,
                           headers={"Content-Type": "application/json"})
        assert r.status in (400, 413, 422), (body[:40], r)
    r = server.request("POST", "/api/v1/search", body=b"query=x",
                       headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert r.status == 415
    alive(server)


def test_slow_and_silent_clients_are_cut(shared_docfs, serve):
    s = serve(shared_docfs, "--header-seconds", "1", "--body-seconds", "1", "--idle-seconds", "2")
    stop = threading.Event()

    def drip(first, byte):
        """Sends a byte now and then until the server has enough; that is how inactivity limits are
        passed by."""
        with s.socket(30) as c:
            c.sendall(first)
            c.settimeout(0.2)
            while not stop.is_set():
                with contextlib.suppress(TimeoutError):
                    if c.recv(4096) == b"":
                        return True
                c.sendall(byte)
        return False

    def quiet(first):
        with s.socket(30) as c:
            c.sendall(first)
            out = b""
            while piece := c.recv(4096):
                out += piece
            return True

    def guarded(fn, *args):
        try:
            return fn(*args)
        except (ConnectionResetError, BrokenPipeError):
            return True

    head = b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        jobs = [pool.submit(guarded, drip, b"GET /ready HTTP/1.1\r\nX: ", b"a"),
                pool.submit(guarded, drip, b"G", b"E"),
                pool.submit(guarded, drip, head, b" "),
                pool.submit(guarded, quiet, b""),
                pool.submit(guarded, quiet, b"GET /re"),
                pool.submit(guarded, quiet, head),
                pool.submit(guarded, quiet, GOOD + b"\r\n")]
        for _ in range(5):
            alive(s)
        try:
            assert all(j.result(timeout=20) for j in jobs)
        finally:
            stop.set()


def test_clients_that_hang_up(server):
    for data in (b"", b"GET", GOOD + b"\r\n",
                 b"GET /api/v1/search?q=some+new+question HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"):
        for _ in range(10):
            s = server.socket()
            s.sendall(data)
            # Reset instead of an orderly end.
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            s.close()
    alive(server)


def test_half_requests_do_not_pile_up(shared_docfs, serve):
    """Half a request and the end of the connection in one go: nothing comes to wake anybody."""
    server = serve(shared_docfs, "--header-seconds", "600", "--body-seconds", "600", "--idle-seconds", "600")
    before = connections(server)
    for data in (b"GET /re", b"\x16\x03\x01\0\xff",
                 b"POST /api/v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"):
        for _ in range(30):
            with server.socket() as s:
                s.sendall(data)
    wait_until(lambda: connections(server) <= before + 2)


def test_a_reader_that_does_not_read(server):
    """Answers pile up in one connection's pipe; the others do not notice."""
    with server.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        request = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
        s.settimeout(0.5)
        with contextlib.suppress(TimeoutError):
            for _ in range(2000):
                s.sendall(request)
        for _ in range(20):
            alive(server)


def test_idle_connections_cost_nothing(server):
    def cpu():
        with open(f"/proc/{server.process.pid}/stat") as f:
            return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13]))

    def resident():
        with open(f"/proc/{server.process.pid}/statm") as f:
            return int(f.read().split()[1]) * os.sysconf("SC_PAGESIZE")

    alive(server)
    before = resident()
    idle = [server.socket() for _ in range(500)]
    for s in idle:
        s.sendall(GOOD + b"\r\n")
    for s in idle:
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
    assert connections(server) >= 500
    ticks = cpu()
    alive(server)
    threading.Event().wait(1)  # what they cost while nothing happens
    assert cpu() - ticks <= 0.2 * os.sysconf("SC_CLK_TCK")
    if not os.environ.get("ASAN_RUN"):
        assert resident() - before < 40 << 20
    for s in idle:
        s.close()
    wait_until(lambda: connections(server) < 50)


def test_connection_limit_leaves_room_for_the_busy(shared_docfs, serve):
    s = serve(shared_docfs, "--connections", "40", "--header-seconds", "60")
    idle = [s.socket() for _ in range(40)]
    wait_until(lambda: s.get("/ready").status == 200, what="room")
    for c in idle:
        c.close()


def test_more_work_than_there_is_room_for(shared_docfs, serve):
    """What hangs elsewhere fills its own lane only, and what finds no room is told at once."""
    s = serve(shared_docfs)
    other = ChatServer("hang")
    body = b'{"base_url": "%s"}' % other.url.encode()
    ask = (b"POST /api/v1/providers/openai-chat/test HTTP/1.1\r\nHost: localhost\r\n"
           b"Content-Type: application/json\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)) + body
    n = 80  # 8 at work, 64 waiting; some are refused before the 8 begin
    try:
        asked = [s.socket() for _ in range(n)]
        for c in asked:
            c.sendall(ask)
        refused = re.compile(r'^docfs_http_refused_total\{why="queue"\} (\d+)', re.M)
        wait_until(lambda: int(refused.search(s.get("/metrics").text)[1]) >= n - 72)
        alive(s)
    finally:
        other.stop()
    answers = [c.makefile("rb").read() for c in asked]
    assert all(a.startswith((b"HTTP/1.1 200", b"HTTP/1.1 503")) for a in answers)
    full = [a for a in answers if a.startswith(b"HTTP/1.1 503")]
    assert n - 72 <= len(full) <= n - 64 and all(b"Retry-After: 1" in a and b"BUSY" in a for a in full)
    for c in asked:
        c.close()


def test_headers_have_a_limit(server):
    for data, codes in ((b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (b"414", b"431")),
                        (GOOD + b"X: " + b"a" * 40000 + b"\r\n\r\n", (b"431", b"413"))):
        with server.socket() as c:
            with contextlib.suppress(OSError):
                c.sendall(data)
            assert c.recv(64).split(b" ")[1] in codes
    r = server.request("GET", "/api/v1/search?q=x", headers={"X-Long": "a" * 8000, "Cookie": "b=" + "c" * 2000})
    assert r.status == 200  # what proxies and browsers send fits


@pytest.mark.parametrize("n", [65, 400, 3500])
def test_too_many_parameters_are_told(server, n):
    """Also where they would not fit into the memory that the library has for a connection."""
    with contextlib.closing(server.connect()) as c:
        for _ in range(2):
            c.request("GET", "/api/v1/search?" + "&".join(["a=1"] * n))
            r = c.getresponse()
            problem = json.loads(r.read())
            assert (r.status, r.headers["Content-Type"]) == (400, "application/problem+json")
            assert "more than 64 parameters" in problem["detail"]


def test_stop_while_questions_are_under_way(shared_docfs, serve):
    s = serve(shared_docfs)
    results = []

    def ask(i):
        try:
            results.append(s.get("/api/v1/search", q=f"question number {i}").status)
        except OSError:
            results.append(None)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(20)]
    half = s.socket()
    half.sendall(b"GET /ready HT")
    s.contract
    for t in threads:
        t.start()
    s.process.send_signal(signal.SIGTERM)
    for t in threads:
        t.join(30)
    # Those that were taken were answered, if only with "stopping"; later ones the kernel refused.
    assert set(results) <= {200, 503, None}
    s.stop()
    half.close()
