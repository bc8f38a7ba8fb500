"""Backups are taken under load, verified, and put back; what is damaged or newer is refused."""
import json
import os
import sqlite3
import stat
import threading

import pytest


@pytest.fixture
def ready(docfs, corpus):
    docfs.ok("add", corpus, "--collection", "demo@1")
    return docfs


def answers(docfs):
    return [(h["id"], h["score"]) for h in docfs.json("search", "cancel a running task")["hits"]]


def test_round_trip_into_an_empty_place(ready, tmp_path):
    ready.ok("config", "set", "search.k", "3")
    ready.ok("save", "mine", "cron expressions")
    file = tmp_path / "b"
    info = ready.json("backup", file)
    assert info["documents"] == ready.json("status")["documents"] and info["bytes"] > 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    new = ready.beside(tmp_path / "new/place")
    assert new.json("restore", file)["documents"] == info["documents"]
    assert answers(new) == answers(ready) and answers(new)
    assert new.ok("config", "get", "search.k").out.strip() == "3"
    assert "cron" in new.ok("save", "--list").out
    assert new.run("verify").code == 0
    assert not [p for p in new.cache.iterdir() if "restore" in p.name]


def test_the_backup_is_an_ordinary_database(ready, tmp_path):
    ready.ok("backup", tmp_path / "b")
    with sqlite3.connect(f"file:{tmp_path}/b?mode=ro&immutable=1", uri=True) as db:
        assert db.execute("SELECT count(*) FROM documents").fetchone()[0] > 5
        assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    db.close()


def test_under_load(ready, tmp_path, corpus):
    """Ingest and queries go on; every copy is of one state and sound."""
    stop = threading.Event()
    problems = []

    def write():
        n = 0
        while not stop.is_set():
            src = tmp_path / f"src{n % 3}"
            src.mkdir(exist_ok=True)
            for i in range(20):
                (src / f"{i}.md").write_text(f"# Page {i}\n\nround {n} of page {i}\n")
            r = ready.run("add", src, "--collection", f"load{n % 3}")
            if r.code:
                problems.append(r)
            n += 1

    def read():
        while not stop.is_set():
            r = ready.run("search", "cancel a running task")
            if r.code:
                problems.append(r)

    threads = [threading.Thread(target=write), threading.Thread(target=read)]
    for t in threads:
        t.start()
    try:
        for i in range(4):
            ready.ok("backup", tmp_path / f"b{i}")
    finally:
        stop.set()
        for t in threads:
            t.join()
    assert not problems
    for i in range(4):
        new = ready.beside(tmp_path / f"new{i}")
        new.ok("restore", tmp_path / f"b{i}")
        assert new.run("verify").code == 0
        for c in new.json("list")["collections"]:
            assert c["documents"] in (0, 20) or c["name"].startswith("demo"), c


def test_existing_places_need_a_yes(ready, tmp_path, corpus):
    ready.ok("backup", tmp_path / "b")
    r = ready.run("backup", tmp_path / "b")
    assert r.code == 2 and "--force" in r.err
    ready.ok("backup", "--force", tmp_path / "b")
    new = ready.beside(tmp_path / "new")
    new.ok("add", corpus / "guide", "--collection", "mine")
    before = answers(new)
    r = new.run("restore", tmp_path / "b")
    assert r.code == 2 and "there is a cache with 3 documents" in r.err and "--yes" in r.err
    assert answers(new) == before
    new.ok("restore", "--yes", tmp_path / "b")
    assert answers(new) == answers(ready)
    assert new.run("verify").code == 0
    # A yes at the terminal does the same.
    import pty
    new.ok("add", corpus / "guide", "--collection", "mine")
    main, sub = pty.openpty()
    p = new.popen("restore", tmp_path / "b", stdin=sub, stderr=sub, stdout=sub)
    os.write(main, b"y\n")
    assert p.wait(timeout=60) == 0
    os.close(sub)
    os.close(main)
    assert "mine" not in new.ok("list").out


def test_a_cache_in_use_is_not_replaced(ready, tmp_path, mount_of):
    ready.ok("backup", tmp_path / "b")
    m = mount_of(ready)
    r = ready.run("restore", "--yes", tmp_path / "b")
    assert r.code == 3 and f"mount {m.path}" in r.err and "end it first" in r.err
    m.stop()
    db = sqlite3.connect(ready.cache / "docfs.db")
    db.execute("SELECT count(*) FROM documents").fetchone()
    r = ready.run("restore", "--yes", tmp_path / "b")
    assert r.code == 3 and "another process uses" in r.err
    db.close()
    ready.ok("restore", "--yes", tmp_path / "b")


@pytest.mark.parametrize("where", ["start", "middle", "end", "cut", "empty", "other"])
def test_damaged_files_are_refused(ready, tmp_path, where):
    file = tmp_path / "b"
    ready.ok("backup", file)
    data = bytearray(file.read_bytes())
    if where == "cut":
        data = data[:len(data) // 2]
    elif where == "empty":
        data = b""
    elif where == "other":
        data = b"some other file " * 1000
    else:
        at = {"start": 200, "middle": len(data) // 2, "end": len(data) - 480}[where]
        data[at] ^= 0x20
    file.write_bytes(data)
    before = answers(ready)
    for argv in (("restore", "--check", file), ("restore", "--yes", file)):
        r = ready.run(*argv)
        assert r.code == 3 and str(file) in r.err, r
        assert "damaged" in r.err or "no backup" in r.err
    assert answers(ready) == before


def test_newer_files_are_refused(ready, tmp_path):
    file = tmp_path / "b"
    ready.ok("backup", file)
    data = file.read_bytes()
    file.write_bytes(data.replace(b"docfs-backup 1\n", b"docfs-backup 2\n"))
    r = ready.run("restore", "--yes", file)
    assert r.code == 3 and "format 2" in r.err and "newer docfs" in r.err


def test_a_damaged_cache_is_replaced_and_kept(ready, tmp_path):
    ready.ok("backup", tmp_path / "b")
    before = answers(ready)
    (ready.cache / "docfs.db").write_bytes(b"rubbish " * 4096)
    r = ready.run("restore", tmp_path / "b")
    assert r.code == 2 and "cannot be read" in r.err
    ready.ok("restore", "--yes", tmp_path / "b")
    assert answers(ready) == before
    assert (ready.cache / "docfs.db.damaged").read_bytes().startswith(b"rubbish")


def test_backup_of_an_older_format_is_brought_forward(docfs, tmp_path):
    import hashlib
    import lzma
    from conftest import ROOT
    data = lzma.decompress((ROOT / "tests/fixtures/stores/v1.db.xz").read_bytes())
    trailer = (f"docfs-backup 1\nbytes {len(data)}\nsha256 {hashlib.sha256(data).hexdigest()}\n"
               "schema 1\ngeneration 1\ncreated 1\ndocuments 1\nversion 0.0.1\n")
    (tmp_path / "b").write_bytes(data + trailer.encode().ljust(512, b"\n"))
    docfs.ok("restore", tmp_path / "b")
    assert docfs.json("status")["store_version"] >= 2
    assert docfs.run("verify").code == 0


def test_nothing_is_left_when_the_disk_is_full(ready, tmp_path):
    import subprocess
    target = tmp_path / "small"
    target.mkdir()
    script = f'mount -t tmpfs -o size=64k none {target}; set +e; "$@"; code=$?; ls -A {target}; exit $code'
    p = subprocess.run(["unshare", "-m", "bash", "-ec", script, "bash",
                        *ready.argv("backup", target / "b")], capture_output=True, text=True,
                       env=ready.env())
    assert p.returncode == 3 and p.stdout.strip() == "", p
    assert "full" in p.stderr or "space" in p.stderr


def test_interrupted(ready, tmp_path):
    file = tmp_path / "b"
    p = ready.popen("backup", file)
    p.terminate()
    p.communicate(timeout=60)
    assert p.returncode in (0, 130, -15)
    assert file.exists() == (p.returncode == 0)
    if p.returncode != -15:
        assert not [n for n in os.listdir(tmp_path) if n.endswith(".part")]


def test_json(ready, tmp_path):
    info = json.loads(ready.ok("backup", tmp_path / "b", "--json").out)
    again = json.loads(ready.ok("restore", "--check", tmp_path / "b", "--json").out)
    assert info["kind"] == again["kind"] == "backup" and info["sha256"] == again["sha256"]
