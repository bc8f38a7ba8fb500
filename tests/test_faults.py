"""Things break: processes die, disks fill, files rot. Nothing acknowledged is lost."""
import os
import random
import shutil
import signal
import subprocess
import time

import pytest

from lib.docfs import Docfs, is_mounted, wait_until


def fill(directory, n):
    directory.mkdir(exist_ok=True)
    for i in range(n):
        (directory / f"page{i:04}.md").write_text(
            f"# Page {i}\n\n" + f"unique{i} words and some common text\n" * 30)


def committed(docfs):
    r = docfs.run("status", "--json")
    return r.json["documents"] if r.code == 0 else 0


@pytest.mark.fault
def test_kill_9_of_ingest_loses_nothing(docfs, workdir, request):
    seconds = request.config.getoption("--fault-seconds")
    fill(workdir, 400)
    rng = random.Random(7)
    end = time.monotonic() + seconds
    seen, rounds = 0, 0
    while time.monotonic() < end or rounds < 3:
        p = docfs.popen("add", workdir, "--collection", "c")
        try:
            p.wait(timeout=rng.uniform(0.01, 0.6))
        except subprocess.TimeoutExpired:
            p.send_signal(signal.SIGKILL)
        p.communicate()
        now = committed(docfs)
        assert now >= seen, "a committed document vanished"
        seen = now
        if (docfs.cache / "docfs.db").exists():
            r = docfs.run("verify")
            assert r.code in (0, 3) and "corrupt" not in r.out + r.err, r
        if seen == 400:
            shutil.rmtree(docfs.cache)
            seen = 0
        rounds += 1
    docfs.ok("add", workdir, "--collection", "c")
    assert committed(docfs) == 400
    assert docfs.run("verify").code == 0
    assert docfs.json("search", "unique123")["hits"][0]["path"] == "page0123.md"


@pytest.mark.fault
def test_kill_9_of_mount_and_recovery(shared_docfs, mount_of, tmp_path):
    m = mount_of(shared_docfs)
    assert (m.path / "docs/demo@1/guide/tasks.md").read_text()
    m.kill()
    assert is_mounted(m.path)
    with pytest.raises(OSError):
        os.listdir(m.path / "docs")
    m.process = None
    again = mount_of(shared_docfs, at=m.path)
    assert "demo@1" in os.listdir(again.path / "docs")


@pytest.mark.parametrize("damage", ["truncate", "garbage", "empty", "delete"])
def test_damaged_index_is_rebuilt(docfs, corpus, damage):
    docfs.ok("add", corpus, "--collection", "demo")
    want = [h["id"] for h in docfs.json("search", "cancel a task")["hits"]]
    files = [p for p in (docfs.cache / "index").iterdir() if p.is_file()]
    assert files
    for p in files:
        data = p.read_bytes()
        if damage == "truncate":
            p.write_bytes(data[:len(data) // 2])
        elif damage == "garbage":
            p.write_bytes(bytes(b ^ 0x5a for b in data))
        elif damage == "empty":
            p.write_bytes(b"")
        else:
            p.unlink()
    assert [h["id"] for h in docfs.json("search", "cancel a task")["hits"]] == want
    docfs.run("verify", "--repair")
    assert docfs.run("verify").code == 0
    assert [h["id"] for h in docfs.json("search", "cancel a task")["hits"]] == want


@pytest.mark.parametrize("keep", [0.5, 0.1, 100])
def test_truncated_database_is_explained(docfs, workdir, keep):
    fill(workdir, 100)
    docfs.ok("add", workdir, "--collection", "c")
    db = docfs.cache / "docfs.db"
    for extra in ("-wal", "-shm"):
        p = docfs.cache / f"docfs.db{extra}"
        if p.exists():
            p.unlink()
    size = db.stat().st_size
    with open(db, "r+b") as f:
        f.truncate(int(keep if keep >= 1 else size * keep))
    r = docfs.run("search", "unique5")
    r2 = docfs.run("verify")
    assert r2.code == 3 or r.code == 3, (r, r2)
    assert "docfs.db" in r.err + r2.err + r2.out
    assert db.exists(), "a damaged database is never deleted"



def test_read_only_cache(docfs, corpus, tmp_path):
    docfs.ok("add", corpus, "--collection", "demo")
    ro = tmp_path / "ro"
    ro.mkdir()
    subprocess.run(["mount", "--bind", docfs.cache, ro], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", ro], check=True)
        d = Docfs(docfs.build, ro)
        assert d.json("search", "cancel a task")["hits"][0]["path"] == "guide/tasks.md"
        r = d.run("refresh")
        assert r.code == 3 and "read-only" in r.err.lower()
    finally:
        subprocess.run(["umount", ro], check=True)


@pytest.mark.fault
def test_full_disk(build, workdir, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], check=True)
    try:
        d = Docfs(build, disk / "cache")
        (workdir / "first").mkdir()
        (workdir / "first/a.md").write_text("# First\n\nacknowledged before\n")
        d.ok("add", workdir / "first", "--collection", "first")
        fill(workdir / "many", 1500)
        r = d.run("add", workdir / "many", "--collection", "many")
        assert r.code == 3, r
        assert "full" in r.err or "space" in r.err.lower()
        assert d.json("search", "acknowledged")["hits"][0]["path"] == "a.md"
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        d.ok("add", workdir / "many", "--collection", "many")
        assert d.run("verify").code == 0
        assert d.json("status")["documents"] == 1501
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def test_cancelled_ingest_keeps_what_was_done(docfs, workdir):
    fill(workdir, 1500)
    p = docfs.popen("add", workdir, "--collection", "c")
    wait_until(lambda: committed(docfs) > 0 or p.poll() is not None, what="first commit")
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=60)
    assert p.returncode in (0, 130)
    kept = committed(docfs)
    assert kept > 0
    docfs.ok("refresh")
    assert committed(docfs) == 1500
    assert docfs.run("verify").code == 0
