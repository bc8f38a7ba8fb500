"""What whoever runs docfs waits for: a backup, its way back, a start, and coming back after a kill -9."""
import json
import os
import shutil
import signal
import statistics
import subprocess
import time
import urllib.parse

from serve_load import Server

ROUNDS = 7


def middle(values):
    return f"{statistics.median(values):6.2f} s (from {min(values):.2f} to {max(values):.2f})"


def disk_speed(work, size):
    """MB/s of writing as much as a backup does, to the same disk, until it is durable."""
    piece = os.urandom(1 << 20)
    start = time.perf_counter()
    with open(work / "plain", "wb") as f:
        for _ in range(size >> 20):
            f.write(piece)
        f.flush()
        os.fsync(f.fileno())
    took = time.perf_counter() - start
    (work / "plain").unlink()
    return size / 1e6 / took


def timed(argv, env):
    """Seconds of a program, and what it used of processors."""
    start, cpu = time.perf_counter(), os.times()
    subprocess.run(argv, env=env, check=True, capture_output=True)
    took, now = time.perf_counter() - start, os.times()
    return took, sum(now[2:4]) - sum(cpu[2:4])


def saving(a, work, env):
    """Backup, restore and export, each beside a plain write of as much."""
    size = (work / "cache/docfs.db").stat().st_size
    listed = subprocess.run([a.docfs, "list", "--json"], env=env, check=True, capture_output=True)
    largest = max(json.loads(listed.stdout)["collections"], key=lambda c: c["bytes"])
    took = {"backup, checked": [], "restore, checked": [], "export": []}
    disk = []
    for _ in range(3):
        took["backup, checked"].append(timed([a.docfs, "backup", work / "backup"], env))
        took["restore, checked"].append(
            timed([a.docfs, "restore", "--cache", work / "restored", work / "backup"], env))
        took["export"].append(timed([a.docfs, "export", largest["name"], work / "exported"], env))
        shutil.rmtree(work / "restored")
        (work / "backup").unlink()
        (work / "exported").unlink()
        disk.append(disk_speed(work, size))
    for what, rounds in took.items():
        n = largest["bytes"] if what == "export" else size
        wall, cpu = (min(column) for column in zip(*rounds))
        print(f"{what:19} {n / 1e6 / wall:6.0f} MB/s of {n / 1e6:.0f} MB; {cpu:.1f} s of processor")
    print(f"plain write         {max(disk):6.0f} MB/s")


def question(i):
    return f"how do I read a file number {i}"


def first_answer(a, work):
    """From starting the program to the answer of a question that nobody asked before."""
    start = time.perf_counter()
    s = Server(a.docfs, work / "cache")
    c = s.connect()
    c.request("GET", "/api/v1/search?q=" + urllib.parse.quote(question(time.time_ns())))
    hits = json.load(c.getresponse())["results"]
    took = time.perf_counter() - start
    return s, hits, took


def recovery(a, work):
    """kill -9 while questions are asked, then what a service manager does: start it again."""
    s, _, _ = first_answer(a, work)
    os.kill(s.p.pid, signal.SIGKILL)
    s.p.wait()
    start = time.perf_counter()
    s, _, _ = first_answer(a, work)
    took = time.perf_counter() - start
    s.p.terminate()
    s.p.wait()
    return took


def mounted(a, work, env):
    point = work / "mnt"
    point.mkdir(exist_ok=True)
    start = time.perf_counter()
    subprocess.run([a.docfs, "mount", point], env=env, check=True)
    names = os.listdir(point / "search" / question(time.time_ns()))
    took = time.perf_counter() - start
    subprocess.run([a.docfs, "umount", point], check=True)
    assert names
    return took


def figures(a, work):
    cache = work / "cache"
    if a.cache:  # a copy: nothing is done to the original
        shutil.copytree(a.cache, cache, ignore=shutil.ignore_patterns("run", "*-shm", "*-wal"))
    env = dict(os.environ, DOCFS_CACHE=str(cache))
    saving(a, work, env)
    starts = []
    for _ in range(ROUNDS):
        s, hits, took = first_answer(a, work)
        assert hits
        starts.append(took)
        s.p.terminate()
        s.p.wait()
    print(f"serve, first answer {middle(starts)}")
    print(f"mount, first answer {middle([mounted(a, work, env) for _ in range(ROUNDS)])}")
    print(f"after kill -9       {middle([recovery(a, work) for _ in range(ROUNDS)])}")
