"""What whoever runs docfs waits for: a backup, a start, and coming back after a kill -9."""
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


def backup(a, work, env):
    size = (work / "cache/docfs.db").stat().st_size
    speeds, worked, disk = [], [], []
    for i in range(3):
        start, cpu = time.perf_counter(), os.times()
        subprocess.run([a.docfs, "backup", work / f"backup{i}"], env=env, check=True, capture_output=True)
        now = os.times()
        worked.append(sum(now[2:4]) - sum(cpu[2:4]))
        speeds.append(size / 1e6 / (time.perf_counter() - start))
        (work / f"backup{i}").unlink()
        disk.append(disk_speed(work, size))
    print(f"backup, checked     {max(speeds):6.0f} MB/s of a database of {size / 1e6:.0f} MB; "
          f"the disk writes {max(disk):.0f} MB/s; {min(worked):.1f} s of processor")


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
    backup(a, work, env)
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
