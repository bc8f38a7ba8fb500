"""The HTTP server under load: figures (wrk), and a soak with mixed load that watches for growth."""
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time

SCRIPT = """
local words = {%s}
local n = 0
function init(args) math.randomseed(os.time()) end
function request()
  n = n + 1
  local q = {}
  for i = 1, 3 do q[i] = words[math.random(#words)] end
  return wrk.format("GET", "/api/v1/search?limit=10&session_id=" .. n .. "-" .. math.random(1e9) ..
                    "&q=" .. table.concat(q, "+"))
end
"""


class Server:
    def __init__(self, docfs, cache, *options):
        env = dict(os.environ, DOCFS_CACHE=str(cache))
        self.p = subprocess.Popen([docfs, "serve", "--listen", "127.0.0.1:0", *options], env=env,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.p.stdout.readline()
        if not line.startswith("listening on "):
            raise SystemExit("docfs serve did not start")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def resident(self):
        status = pathlib.Path(f"/proc/{self.p.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1000

    def mapped(self):
        """MB of memory of its own, and MB of files that the kernel may take back."""
        rollup = pathlib.Path(f"/proc/{self.p.pid}/smaps_rollup").read_text()
        own, files, shared = (int(re.search(rf"Pss_{x}:\s+(\d+)", rollup)[1]) / 1000
                              for x in ("Anon", "File", "Shmem"))
        return own, files + shared

    def cpu(self):
        fields = pathlib.Path(f"/proc/{self.p.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def fds(self):
        return len(os.listdir(f"/proc/{self.p.pid}/fd"))

    def stop(self):
        self.p.terminate()
        return self.p.wait(60)


def words(path):
    text = pathlib.Path(path).read_text() if path else ""
    found = sorted(set(re.findall(r"[a-z]{4,12}", text.lower())))
    return found or ("open file socket thread index vacuum merge branch target library regular "
                     "expression signal memory transaction lock query select function module class "
                     "exception string format path date parse compile link option install cache list "
                     "iterator buffer encode decode process").split()


def wrk(url, connections, seconds, script=None):
    argv = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    out = subprocess.run([*argv, *(["-s", str(script)] if script else []), url],
                         capture_output=True, text=True, check=True).stdout
    rate = re.search(r"Requests/sec:\s+(\S+)", out)[1]
    p50, p99 = (re.search(rf"^ +{p}%\s+(\S+)", out, re.M)[1] for p in (50, 99))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    return f"{float(rate):9.0f} requests/s  p50 {p50:>8}  p99 {p99:>8}" + \
        (f"  {bad[1]} FAILED" if bad else "")


def figures(a, work):
    """cache: made of a.directory, or a.cache as it is."""
    s = Server(a.docfs, a.cache or work / "cache", "--read-only")
    try:
        script = work / "new.lua"
        script.write_text(SCRIPT % ", ".join(f'"{w}"' for w in words(a.queries)))
        c = s.connect()
        c.request("GET", "/api/v1/stats")
        stats = json.loads(c.getresponse().read())["content_stats"]
        print(f"{stats['total_chunks']} passages, load of the machine {os.getloadavg()[0]:.1f}")
        same = f"{s.url}/api/v1/search?q=open+a+file&limit=10"
        subprocess.run(["wrk", "-t1", "-c4", "-d1s", same], capture_output=True, check=True)
        print(f"same question, 64 connections  {wrk(same, 64, a.seconds)}")
        for n in (1, 4, 16):
            before, start = s.cpu(), time.monotonic()
            line = wrk(s.url, n, a.seconds, script)
            busy = (s.cpu() - before) / (time.monotonic() - start)
            print(f"new questions, {n:2} connections   {line}  {busy:.1f} cores busy")
        before = s.resident()
        idle = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(500)]
        ticks = s.cpu()
        time.sleep(2)
        print(f"500 idle connections           {s.resident() - before:.1f} MB, "
              f"{(s.cpu() - ticks) / 2:.3f} cores")
        for x in idle:
            x.close()
        print(f"resident                       {s.resident():.0f} MB")
    finally:
        s.stop()


def pages(a, work):
    """The modules and the Node are those of tests/clients."""
    tests = pathlib.Path(__file__).resolve().parents[2] / "tests"
    sys.path.insert(0, str(tests))
    from lib.clients import Clients
    clients = Clients()
    script = clients.dir / "pages.mjs"
    script.write_bytes((pathlib.Path(__file__).parent / "pages.mjs").read_bytes())
    s = Server(a.docfs, a.cache or work / "cache")
    try:
        c = s.connect()
        c.request("GET", "/api/v1/search?limit=1&q=" + words(a.queries)[0])
        hits = json.loads(c.getresponse().read())["results"]
        c.close()
        print(f"load of the machine {os.getloadavg()[0]:.1f}")
        paths = ["/", "/?q=open+a+file", *([f"/doc/{hits[0]['content_id']}"] if hits else []),
                 "/sources", "/status", "/settings"]
        subprocess.run([str(clients.node), str(script), s.url, "7", *paths], check=True, env=clients.env())
    finally:
        s.stop()


class Load:
    """Clients of every kind; each step is one request or one misbehaviour."""

    def __init__(self, server, vocabulary):
        self.s, self.words = server, vocabulary
        self.stop = threading.Event()
        self.done = self.failed = 0
        self.lock = threading.Lock()

    def get(self, c, path, method="GET", body=None):
        c.request(method, path, body=body,
                  headers={"Content-Type": "application/json"} if body else {})
        r = c.getresponse()
        data = r.read()
        return r.status, data

    def step(self, c, r):
        kind = r.randrange(20)
        if kind < 6:
            return self.get(c, "/api/v1/search?limit=10&q=" + "+".join(r.choices(self.words, k=3)))
        if kind < 12:
            return self.get(c, f"/api/v1/search?q={r.choice(self.words[:20])}")
        if kind == 12:
            body = json.dumps({"query": r.choice(self.words), "max_tokens": 500})
            return self.get(c, "/api/v1/search", "POST", body)
        if kind == 13:
            return self.get(c, r.choice(["/metrics", "/api/v1/health", "/openapi.json",
                                         "/api/v1/collections", "/api/v1/analytics"]))
        if kind == 14:
            _, data = self.get(c, f"/api/v1/search?limit=1&q={r.choice(self.words[:20])}")
            hits = json.loads(data)["results"]
            return self.get(c, f"/api/v1/content/{hits[0]['id']}") if hits else (200, b"")
        if kind == 15:
            name = f"soak-{r.randrange(4)}"
            self.get(c, "/api/v1/collections", "POST", json.dumps({"name": name}))
            return 200 if self.get(c, f"/api/v1/collections/{name}", "DELETE")[0] in (200, 404) else 500, b""
        if kind == 16:  # an event stream, left early
            with contextlib.closing(self.s.connect()) as e:
                e.request("GET", "/api/v1/ingestion/events")
                return e.getresponse().status, b""
        with socket.create_connection(("127.0.0.1", self.s.port), timeout=20) as raw:
            raw.sendall(r.choice([b"GET / HT", b"\x16\x03\x01\0\xff", b"POST /api/v1/search HTTP/1.1\r\n"
                                  b"Host: localhost\r\nContent-Length: 100\r\n\r\n{", b""]))
        return 200, b""

    def run(self, seed):
        r = random.Random(seed)
        c = self.s.connect()
        while not self.stop.is_set():
            try:
                status, _ = self.step(c, r)
                ok = status < 500 or status == 503
            except (OSError, http.client.HTTPException):
                c.close()
                c = self.s.connect()
                ok = False
            with self.lock:
                self.done += 1
                self.failed += not ok
        c.close()


def soak(a, work):
    """Exit status 1 when memory or descriptors grow, a request fails, or it does not stop."""
    # A short run has little room for kept answers: memory that fills up is not memory that grows.
    room = [] if a.seconds >= 1800 else ["--response-cache", "4M"]
    s = Server(a.docfs, a.cache or work / "cache", *room)
    load = Load(s, words(a.queries))
    threads = [threading.Thread(target=load.run, args=(i,)) for i in range(8)]
    samples = []
    for t in threads:
        t.start()
    begin = minute = time.monotonic()
    while time.monotonic() < begin + a.seconds and s.p.poll() is None:
        time.sleep(min(1, a.seconds / 40))
        samples.append((s.resident(), s.fds()))
        if time.monotonic() >= minute:
            own, files = s.mapped()
            print(f"{minute - begin:5.0f} s  {samples[-1][0]:4.0f} MB resident ({own:.0f} own, {files:.0f} of files)"
                  f"  {samples[-1][1]} descriptors  {load.done} requests, {load.failed} failed", flush=True)
            minute += 60
    load.stop.set()
    for t in threads:
        t.join(60)
    # The first half warms caches up; then the third quarter is held against the last.
    n = len(samples)
    early, late = samples[n // 2:n * 3 // 4], samples[n * 3 // 4:]
    memory = [statistics.median(x[0] for x in part) for part in (early, late)]
    files = [statistics.median(x[1] for x in part) for part in (early, late)]
    code = s.stop()
    print("resident MB over time: " + " ".join(f"{samples[i * n // 20][0]:.0f}" for i in range(20) if n))
    print(f"{load.done} requests in {a.seconds} s, {load.failed} failed; resident {memory[0]:.0f} -> "
          f"{memory[1]:.0f} MB, descriptors {files[0]:.0f} -> {files[1]:.0f}, exit {code}")
    # A short run ends while caches still fill; connections cut off linger for up to a second.
    slack = 8 if a.seconds >= 120 else 24
    grown = memory[1] > memory[0] * 1.05 + slack or files[1] > files[0] + 96
    if grown or load.failed or code != 0 or not load.done:
        raise SystemExit(1)
