"""Answers shared through a real Redis, which is killed, stopped and restarted under load."""
import concurrent.futures
import contextlib
import json
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

from lib.docfs import wait_until
from lib.ports import fixed_port


class Redis:
    def __init__(self, path, *options):
        self.path = path
        path.mkdir()
        self.port = fixed_port()
        self.options = options
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--unixsocket", self.path / "sock", "--dir", self.path, *self.options],
            stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)
        wait_until(lambda: self.cli("ping") == "PONG" or "NOAUTH" in self.cli("ping"))
        return self

    def cli(self, *args):
        r = subprocess.run(["redis-cli", "-p", str(self.port), *args], capture_output=True, text=True)
        return (r.stdout or r.stderr).strip()

    def stop(self):
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"


@pytest.fixture
def redis(tmp_path):
    r = Redis(tmp_path / "redis")
    yield r.start()
    r.stop()


class Node:
    def __init__(self, docfs, *settings, options=()):
        settings = ("redis.timeout=10s", *settings)  # but where the timeout is what matters
        sets = [a for s in settings for a in ("--set", s)]
        self.docfs = docfs
        self.process = docfs.popen("serve", "--listen", "127.0.0.1:0", "--log", "error", *sets, *options)
        self.base = self.process.stdout.readline().decode().split()[-1].rstrip("/")

    def ask(self, q, timeout=30):
        with urllib.request.urlopen(f"{self.base}/api/v1/search?q={urllib.parse.quote(q)}",
                                    timeout=timeout) as r:
            return json.load(r)["results"]

    def service(self):
        return next(s for s in self.docfs.json("status")["services"] if s["pid"] == self.process.pid)

    def stop(self):
        self.process.terminate()
        _, err = self.process.communicate(timeout=30)
        assert self.process.returncode == 0, err


@pytest.fixture
def node(docfs, corpus):
    # Not watched: a server that reads it again would answer with a new checked_at.
    docfs.ok("add", corpus, "--collection", "demo", "--policy", "manual")
    made = []

    def make(*settings, of=docfs, options=()):
        made.append(Node(of, *settings, options=options))
        return made[-1]
    yield make
    for n in made:  # all, also when the end of one is not as it should be
        n.process.terminate()
    for n in made:
        n.stop()


def twin(docfs, tmp_path, name="twin"):
    """Another node: an exact copy of the cache in another place."""
    docfs.ok("backup", "--force", tmp_path / "b")
    other = type(docfs)(docfs.build, tmp_path / name)
    other.ok("restore", tmp_path / "b")
    return other


def test_nodes_share_answers(redis, docfs, node, tmp_path):
    other = twin(docfs, tmp_path)
    a, b = node(f"redis.url={redis.url}"), node(f"redis.url={redis.url}", of=other)
    first = a.ask("cancel a running task")
    keys = redis.cli("keys", "docfs:answer:*").split()
    assert first and len(keys) == 1
    assert 0 < int(redis.cli("ttl", keys[0])) <= 3600
    before = int(redis.cli("info", "stats").split("keyspace_hits:")[1].split()[0])
    assert b.ask("cancel a running task") == first
    after = int(redis.cli("info", "stats").split("keyspace_hits:")[1].split()[0])
    assert after == before + 1
    wait_until(lambda: b.service()["cache_hit_rate"] == 1)
    assert b.service()["state"] == "up"


def test_another_cache_never_gets_its_answers(redis, docfs, node, tmp_path, workdir):
    """Copies that went different ways have equal generations and must not share."""
    other = twin(docfs, tmp_path)
    for d, word in ((docfs, "one"), (other, "two")):
        source = workdir / word  # of each its own: a server reads again what changes
        source.mkdir()
        (source / "x.md").write_text(f"# Only\n\nonly here: {word}\n")
        d.ok("add", source, "--collection", "extra")
    assert docfs.json("status")["generation"] == other.json("status")["generation"]
    a, b = node(f"redis.url={redis.url}"), node(f"redis.url={redis.url}", of=other)
    assert "one" in json.dumps(a.ask("only here in=extra"))
    assert "two" in json.dumps(b.ask("only here in=extra"))


def test_a_change_is_seen_at_once(redis, docfs, node, workdir):
    a = node(f"redis.url={redis.url}")
    assert not any(h["collection"] == "new" for h in a.ask("marmalade recipe"))
    (workdir / "x.md").write_text("# Marmalade recipe\n\noranges and sugar\n")
    docfs.ok("add", workdir, "--collection", "new")
    assert a.ask("marmalade recipe")[0]["collection"].startswith("new")


def test_options(docfs, node, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hush\n")
    secret.chmod(0o600)
    r = Redis(tmp_path / "redis", "--requirepass", "hush")
    try:
        r.start()
        sock = r.path / "sock"
        n = node(f"redis.url=unix:{sock}", f"redis.password_file={secret}", "redis.prefix=mine:",
                 "redis.compress=off", "redis.ttl=90s")
        n.ask("cancel a running task")
        keys = r.cli("-a", "hush", "--no-auth-warning", "keys", "*").split()
        assert len(keys) == 1 and keys[0].startswith("mine:answer:")
        assert 0 < int(r.cli("-a", "hush", "--no-auth-warning", "ttl", keys[0])) <= 90
        assert "hush" not in docfs.ok("config").out + docfs.ok("status").out
        wrong = node(f"redis.url=unix:{sock}")
        assert wrong.ask("task scheduler")  # a new question: the first is in the cache's own table
        wait_until(lambda: wrong.service()["state"] == "degraded")
        assert "NOAUTH" in wrong.service()["reason"]
    finally:
        r.stop()


def test_bad_options_never_stop_a_server(docfs, node, tmp_path):
    n = node("redis.url=http://example.org")
    assert n.ask("cancel a running task")
    s = n.service()
    assert s["state"] == "degraded" and "redis.url: write redis://" in s["reason"]


class Load:
    """Asks without pause and keeps how long each answer took."""

    def __init__(self, node):
        self.node, self.stop, self.took, self.failed, self.n = node, False, [], [], 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop:
            self.n += 1
            start = time.monotonic()
            try:
                if not self.node.ask(f"task scheduler {self.n}"):
                    self.failed.append("empty")
            except Exception as e:  # noqa: BLE001: whatever it is, it must not happen
                self.failed.append(repr(e))
            self.took.append(time.monotonic() - start)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop = True
        self.thread.join()


@pytest.mark.parametrize("how", ["killed", "paused"])
def test_trouble_under_load(redis, docfs, node, how):
    """The embedded cache goes on within the same deadline, status says so, and it recovers."""
    n = node(f"redis.url={redis.url}", "redis.timeout=50ms")
    with Load(n) as load:
        wait_until(lambda: load.n > 20)
        if how == "killed":
            redis.stop()
        else:
            redis.process.send_signal(signal.SIGSTOP)
        wait_until(lambda: n.service()["state"] == "degraded")
        reason = n.service()["reason"]
        assert f":{redis.port}" in reason
        asked = load.n
        wait_until(lambda: load.n > asked + 50)
        slow = load.took[asked:load.n]
        # At most one answer in a pause waits.
        assert sorted(slow)[len(slow) // 2] < 0.05 * 10
        if how == "killed":
            redis.start()
        else:
            redis.process.send_signal(signal.SIGCONT)
        wait_until(lambda: n.service()["state"] == "up")
        wait_until(lambda: redis.cli("dbsize") != "0")
    assert not load.failed
    wait_until(lambda: {"degraded", "recovered"} <= {e["kind"] for e in docfs.json("status")["events"]})


def test_a_server_starts_without_its_redis(docfs, node, tmp_path):
    n = node("redis.url=redis://127.0.0.1:1")
    assert n.ask("cancel a running task")
    wait_until(lambda: n.service()["state"] == "degraded")


def test_rubbish_in_redis_is_no_answer(redis, docfs, node, tmp_path):
    a = node(f"redis.url={redis.url}")
    good = a.ask("cancel a running task")
    key = redis.cli("keys", "docfs:answer:*")
    for i, rubbish in enumerate(("R", "Rxxxx", "Zxxxxyyyy", "", "R" + "\xff" * 500)):
        redis.cli("set", key, rubbish)
        # A cache whose own table does not have the answer.
        n = node(f"redis.url={redis.url}", of=twin(docfs, tmp_path, f"twin{i}"))
        assert n.ask("cancel a running task") == good, rubbish


def test_rate_limit_is_shared(redis, docfs, node, tmp_path):
    token = docfs.json("token", "create", "t", "--scope", "read")["token"]
    nodes = [node(f"redis.url={redis.url}", options=("--auth", "always", "--rate", "5")),
             node(f"redis.url={redis.url}", options=("--auth", "always", "--rate", "5"))]

    def ask(n, i):
        q = urllib.request.Request(f"{nodes[n].base}/api/v1/search?q=task{i}",
                                   headers={"Authorization": f"Bearer {token}"})
        try:
            with urllib.request.urlopen(q, timeout=30) as r:
                return r.status
        except urllib.error.HTTPError as e:
            return e.code

    def refused():  # within one second, which a busy machine may miss
        time.sleep(1 - time.time() % 1)
        with concurrent.futures.ThreadPoolExecutor(9) as pool:
            return 429 in pool.map(lambda i: ask(i % 2, i), range(9))  # of each five at most
    wait_until(refused)


def test_doctor(docfs, redis, node):
    def check(*sets):
        found = docfs.run("doctor", "--json", *sets).json["checks"]
        return next(c for c in found if c["name"] == "redis")
    assert check()["level"] == "pass" and "not needed" in check()["text"]
    c = check("--set", f"redis.url={redis.url}", "--set", "redis.timeout=10s")
    assert c["level"] == "pass" and "answers" in c["text"]
    c = check("--set", "redis.url=redis://127.0.0.1:1")
    assert c["level"] == "warning" and "systemctl start redis-server" in c["remedy"]
    redis.process.send_signal(signal.SIGSTOP)
    c = check("--set", f"redis.url={redis.url}")
    assert c["level"] == "warning" and "redis.timeout" in c["remedy"]
    c = check("--set", "redis.url=ftp://x")
    assert c["level"] == "warning" and "unset redis.url" in c["remedy"]


# ---- TLS ----

@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """ca.crt, and server.crt of 127.0.0.1; other.crt has nothing to do with them."""
    d = tmp_path_factory.mktemp("certificates")

    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, cwd=d)
    for name in ("ca", "other"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.crt", "-days", "9", "-subj", f"/CN=docfs test {name}")
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "server.key",
            "-out", "server.csr", "-subj", "/CN=redis")
    (d / "san").write_text("subjectAltName=IP:127.0.0.1")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
            "-out", "server.crt", "-days", "9", "-extfile", "san")
    return d


@pytest.fixture
def secure(tmp_path, certificates):
    port = fixed_port()
    r = Redis(tmp_path / "redis", "--tls-port", str(port), "--tls-auth-clients", "no",
              "--tls-cert-file", certificates / "server.crt", "--tls-key-file", certificates / "server.key",
              "--tls-ca-cert-file", certificates / "ca.crt")
    r.tls_port = port
    r.start()
    yield r
    r.stop()


def test_tls(secure, certificates, docfs, node, tmp_path, workdir):
    url = f"redis.url=rediss://127.0.0.1:{secure.tls_port}"
    ca = f"redis.ca_file={certificates / 'ca.crt'}"
    a, b = node(url, ca), node(url, ca, of=twin(docfs, tmp_path))
    for i in range(20):
        assert a.ask(f"cancel a running task {i}") == b.ask(f"cancel a running task {i}")
    assert int(secure.cli("dbsize")) >= 20
    assert "keyspace_hits:0" not in secure.cli("info", "stats")
    assert a.service()["state"] == "up"
    # The server dies and comes back: so do the connections.
    secure.stop()
    assert a.ask("deploy a service")
    wait_until(lambda: a.service()["state"] == "degraded")
    secure.start()

    def well():
        return a.ask(f"question {time.monotonic()}") is not None and a.service()["state"] == "up"
    wait_until(well)


def test_tls_checks_the_certificate(secure, certificates, docfs):
    def check(*settings):
        sets = [x for s in ("redis.timeout=10s", *settings) for x in ("--set", s)]
        found = docfs.run("doctor", "--json", *sets).json["checks"]
        c = next(c for c in found if c["name"] == "redis")
        return c["level"], c["text"], c["remedy"]
    url = f"redis.url=rediss://127.0.0.1:{secure.tls_port}"
    ca = certificates / "ca.crt"
    assert check(url, f"redis.ca_file={ca}")[0] == "pass"
    for wrong in ([f"redis.ca_file={certificates / 'other.crt'}"], []):
        level, text, remedy = check(url, *wrong)
        assert level == "warning" and "certificate is not trusted" in text and "redis.ca_file" in remedy
    # Trusted, but of another name.
    level, text, _ = check(url.replace("127.0.0.1", "localhost"), f"redis.ca_file={ca}")
    assert level == "warning" and "certificate" in text and "mismatch" in text
    # Plain against TLS and the other way round.
    level, text, _ = check(f"redis.url=rediss://127.0.0.1:{secure.port}", f"redis.ca_file={ca}")
    assert level == "warning"
    level, text, _ = check(f"redis.url=redis://127.0.0.1:{secure.tls_port}")
    assert level == "warning"
    bad = certificates / "san"
    level, text, remedy = check(url, f"redis.ca_file={bad}")
    assert level == "warning" and f"{bad} holds no certificates" in text
