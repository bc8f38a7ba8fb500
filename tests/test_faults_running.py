"""Faults under running services: they answer what they can, say what they cannot, and recover."""
import itertools
import os
import shutil
import sqlite3
import subprocess

import pytest

from lib.docfs import Docfs, wait_until
from lib.faults import Clock, events, follows, preload, state


def ask(server, text):
    return server.get("/api/v1/search", q=text)


def paths(answer):
    assert answer.status == 200, answer
    return [h["mount_path"].rpartition("/")[2] for h in answer.json["results"]]


def put(server, name, text=None):
    text = text or f"# {name}\n\nacknowledged words of {name}, {hash(name)} {hash(name[::-1])}\n"
    return server.upload("/api/v1/ingestion/upload", {"collection": "up"}, {"file": (name, text.encode())})


def remove(docfs):
    """At once: services that run make new files in it."""
    gone = docfs.cache.with_suffix(".gone")
    docfs.cache.rename(gone)
    shutil.rmtree(gone)


def fails(directory):
    try:
        os.listdir(directory)
    except OSError:
        return True
    return False


# ---- the cache goes away ----

def test_cache_moved_away_and_back(ready, serve, mount_of, tmp_path):
    s, m = serve(ready), mount_of(ready)
    before = paths(ask(s, "cancel a task"))
    away = tmp_path / "away"
    ready.cache.rename(away)
    wait_until(lambda: ask(s, "storage back ends").status == 503)
    r = ask(s, "deploy a service")
    assert r.json["error_code"] == "CACHE_GONE" and "was removed while it was in use" in r.json["detail"]
    assert s.get("/ready").status == 503
    r = put(s, "lost.md")
    assert r.status == 503, r  # nothing is acknowledged that nobody would find again
    wait_until(lambda: fails(m.path / "search" / "storage back ends"))
    r = ready.run("status")
    assert r.code == 3 and "no cache" in r.err
    assert s.process.poll() is None and m.process.poll() is None
    away.rename(ready.cache)
    wait_until(lambda: ask(s, "storage").status == 200 and s.get("/ready").status == 200)
    assert paths(ask(s, "cancel a task")) == before
    wait_until(lambda: all(x["state"] == "up" for x in ready.services()))
    wait_until(lambda: not fails(m.path / "search" / "storage back ends"))
    for kind in ("serve", "mount"):
        wait_until(lambda: follows(events(ready, kind), "start", "degraded", "recovered"))
    assert "removed while it was in use" in dict(events(ready))["degraded"]


def test_cache_removed_and_made_anew(ready, serve, mount_of, workdir):
    """The same processes answer from the new one, with nothing left of the old."""
    s, m = serve(ready), mount_of(ready)
    assert paths(ask(s, "cancel a task")) and os.listdir(m.path / "docs") == ["demo"]
    held = os.open(m.path / "search/cancel a task", os.O_RDONLY)  # and nobody tells when it is closed
    remove(ready)
    (workdir / "x.md").write_text("# Marmalade\n\noranges, sugar and a task to cancel\n")
    ready.ok("add", workdir, "--collection", "new")

    def answered():
        try:
            r = ask(s, "cancel a task")  # refused once the loss is seen, until the new one is open
            return r.status == 200 and paths(r) == ["x.md"] and s.get("/ready").status == 200
        except OSError:  # between closing the old one and opening the new one
            return False
    wait_until(answered)

    def listed():
        try:
            return os.listdir(m.path / "docs") == ["new"]
        except OSError:
            return False
    wait_until(listed)
    os.close(held)
    assert "oranges" in (m.path / "docs/new/x.md").read_text()
    assert {x["kind"]: (x["state"], x["pid"]) for x in ready.services()} == {
        "serve": ("up", s.process.pid), "mount": ("up", m.process.pid)}
    assert any("was replaced" in e["text"] for e in ready.json("status")["errors"])


def test_watch_ends_when_its_cache_is_gone(ready):
    p = ready.popen("watch")
    wait_until(lambda: ready.services("watch"))
    remove(ready)
    _, err = p.communicate(timeout=30)
    assert p.returncode == 3 and b"was removed while it was in use" in err


# ---- the disk ----

@pytest.mark.fault
def test_full_disk_and_back(build, corpus, serve, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m", "none", disk], check=True)
    try:
        d = Docfs(build, disk / "cache")
        d.ok("add", corpus / "guide", "--collection", "demo")
        s = serve(d)
        assert put(s, "first.md").status in (200, 201, 202)
        wait_until(lambda: "first.md" in paths(ask(s, "acknowledged words")))
        with open(disk / "ballast", "wb") as f:
            try:
                while True:
                    f.write(bytes(1 << 20))
                    f.flush()
            except OSError:
                pass
        big = "# Big\n\n" + "\n\n".join(f"paragraph {i} of many" for i in range(40000))
        put(s, "big.md", big)
        wait_until(lambda: state(d, "serve")[0] == "degraded")
        assert "no space left" in state(d, "serve")[1]
        assert paths(ask(s, "cancel a task"))  # reading goes on
        (disk / "ballast").unlink()
        wait_until(lambda: state(d, "serve")[0] == "up")
        assert put(s, "second.md").status in (200, 201, 202)
        wait_until(lambda: "second.md" in paths(ask(s, "acknowledged words")))
        wait_until(lambda: follows(events(d, "serve"), "degraded", "recovered"))
        s.stop()
        assert d.run("verify").code == 0
        assert "first.md" in [h["path"] for h in d.json("search", "acknowledged words")["hits"]]
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@pytest.mark.parametrize("fault", ["read", "write"])
def test_input_output_errors(ready, serve, build, tmp_path, fault):
    when = tmp_path / "now"
    s = serve(ready, env=preload(build, when=when, **{fault: "docfs.db"}))
    good = paths(ask(s, "cancel a task"))
    assert put(s, "first.md").status < 300
    wait_until(lambda: "first.md" in paths(ask(s, "acknowledged words")))
    when.write_text("")
    if fault == "read":
        ready.ok("save", "more", "deploy")  # pages that are kept in memory are old now
        n = itertools.count()  # never the same question: an answer that is kept needs no reading
        wait_until(lambda: ask(s, f"storage {next(n)}").status == 500)
    else:
        put(s, "second.md")
        assert paths(ask(s, "storage back ends"))
    wait_until(lambda: state(ready, "serve")[0] == "degraded")
    reason = state(ready, "serve")[1]
    assert "docfs.db" in reason and ("input/output" in reason or "no space" in reason)
    when.unlink()
    wait_until(lambda: state(ready, "serve")[0] == "up")
    assert paths(ask(s, "cancel a task")) == good
    assert put(s, "third.md").status < 300
    wait_until(lambda: "third.md" in paths(ask(s, "acknowledged words")))
    assert "first.md" in paths(ask(s, "acknowledged words"))
    wait_until(lambda: follows(events(ready, "serve"), "degraded", "recovered"))
    s.stop()
    assert ready.run("verify").code == 0


def test_unreadable_source_file(docfs, build, workdir):
    for i in range(20):
        (workdir / f"page{i:02}.md").write_text(f"# Page {i}\n\nword{i}\n")
    r = docfs.run("add", workdir, "--collection", "c", env=preload(build, read="page07.md"))
    assert r.code == 0 and "1 failed" in r.err, r
    failures = docfs.json("list", "--failures")
    assert "page07.md" in str(failures) and "nput/output error" in str(failures), failures
    assert docfs.json("status")["documents"] == 19
    docfs.ok("refresh")
    assert docfs.json("status")["documents"] == 20


# ---- other processes ----

class Locked:
    """Another process in the middle of a write."""

    def __init__(self, docfs):
        self.db = sqlite3.connect(docfs.cache / "docfs.db", isolation_level=None)

    def __enter__(self):
        self.db.execute("BEGIN IMMEDIATE")
        self.db.execute("UPDATE meta SET value = value WHERE key = 'generation'")

    def __exit__(self, *_):
        self.db.execute("ROLLBACK")
        self.db.close()


def locked_for_long(ready, serve, workdir, busy):
    s = serve(ready, "--set", f"db.busy_ms={busy}")
    (workdir / "x.md").write_text("# Waited\n\nfor a lock\n")
    with Locked(ready):
        add = ready.popen("add", workdir, "--collection", "x", "--set", f"db.busy_ms={busy}")
        assert paths(ask(s, "cancel a task"))  # reading never waits
        r = put(s, "refused.md")
        assert r.status == 503 and f"more than {busy} ms" in r.json["detail"], r
        _, err = add.communicate(timeout=busy / 1000 + 60)
        assert add.returncode == 3 and f"more than {busy} ms" in err.decode(), err
        assert b"db.busy_ms" in err
        wait_until(lambda: state(ready, "serve")[0] == "degraded", seconds=busy / 1000 + 30)
        assert "another process was writing" in state(ready, "serve")[1]
    wait_until(lambda: state(ready, "serve")[0] == "up")
    ready.ok("add", workdir, "--collection", "x")
    assert put(s, "after.md").status < 300
    wait_until(lambda: follows(events(ready, "serve"), "degraded", "recovered"))
    assert ready.run("verify").code == 0


def test_database_locked(ready, serve, workdir):
    locked_for_long(ready, serve, workdir, 300)


@pytest.mark.fault
def test_database_locked_for_30_seconds(ready, serve, workdir):
    locked_for_long(ready, serve, workdir, 30000)


def test_a_lock_that_goes_in_time_is_waited_for(ready, workdir):
    (workdir / "x.md").write_text("# Waited\n\nfor a lock\n")
    with Locked(ready):
        p = ready.popen("add", workdir, "--collection", "x")
        with pytest.raises(subprocess.TimeoutExpired):
            p.wait(timeout=0.5)
    _, err = p.communicate(timeout=60)
    assert p.returncode == 0, err


def set_version(docfs, version):
    db = sqlite3.connect(docfs.cache / "docfs.db")
    old = db.execute("PRAGMA user_version").fetchone()[0]
    db.execute(f"PRAGMA user_version = {version}")
    db.commit()
    db.close()
    return old


def test_newer_docfs_takes_over_a_cache_in_use(ready, serve, mount_of, workdir):
    """What a newer one wrote is neither misread nor damaged by the older one that still runs."""
    s, m = serve(ready), mount_of(ready)
    good = paths(ask(s, "cancel a task"))
    old = set_version(ready, 999)
    wait_until(lambda: ask(s, "storage back ends").status >= 500)
    r = put(s, "x.md")
    assert r.status >= 500 and "install a newer docfs" in r.json["detail"], r
    wait_until(lambda: fails(m.path / "search" / "storage back ends"))
    for command in (["list"], ["add", workdir], ["status"], ["verify"]):
        r = ready.run(*command)
        assert r.code == 3 and "format 999" in r.err and "install a newer docfs" in r.err, r
    set_version(ready, old)
    wait_until(lambda: ask(s, "storage").status == 200 and s.get("/ready").status == 200)
    assert paths(ask(s, "cancel a task")) == good
    wait_until(lambda: all(x["state"] == "up" for x in ready.services()))
    wait_until(lambda: follows(events(ready, "serve"), "degraded", "recovered"))


# ---- time ----

def test_clock_steps(ready, serve, build, tmp_path, workdir):
    clock = Clock(tmp_path / "clock")
    s = serve(ready, env=preload(build, clock=clock.path))
    good = paths(ask(s, "cancel a task"))
    for n, step in enumerate((86400, -86400, 400 * 86400, -400 * 86400, 7, 0)):
        clock.set(step)
        assert paths(ask(s, "cancel a task")) == good
        assert put(s, f"at{n}.md", f"# At {n}\n\nstepped words\n").status < 300
        wait_until(lambda: f"at{n}.md" in paths(ask(s, f"stepped words {n}")))
    x, = ready.services("serve")
    w = x["availability"]["24h"]
    assert x["state"] == "up" and 0 <= x["up_seconds"] < 3600
    assert w["availability"] == 1 and w["down_seconds"] == 0 and w["seconds"] < 3600
    s.stop()
    x, = ready.services("serve")
    assert x["state"] == "stopped" and x["availability"]["30d"]["availability"] == 1
    assert ready.run("verify").code == 0
