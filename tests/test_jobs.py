"""The job queue: asked for by one process, done by another, whatever dies in between."""
import os
import random
import signal
import sqlite3
import subprocess
import time

import pytest

from lib.docfs import wait_until


def fill(directory, n, words=30):
    directory.mkdir(exist_ok=True)
    for i in range(n):
        (directory / f"page{i:04}.md").write_text(
            f"# Page {i}\n\n" + f"unique{i} words and some common text\n" * words)


def jobs(docfs, *args):
    return docfs.json("jobs", "list", *args)["jobs"]


def job(docfs, number):
    return docfs.json("jobs", "show", number)["job"]


def queue(docfs, *args):
    return docfs.json(*args, "--background")["id"]


def end_worker(p):
    p.send_signal(signal.SIGTERM)
    out, err = p.communicate(timeout=60)
    assert p.returncode == 130, err
    return out.decode()


def test_queued_work_is_done_by_a_worker(docfs, workdir):
    fill(workdir, 5)
    (workdir / "bad.ipynb").write_text("{")
    number = queue(docfs, "add", workdir, "--collection", "c")
    assert job(docfs, number)["state"] == "queued"
    assert docfs.json("status")["documents"] == 0
    docfs.ok("jobs", "run")
    j = job(docfs, number)
    assert (j["state"], j["attempts"], j["target"], j["origin"]) == ("done", 1, "c", "cli")
    assert j["result"]["converted"] == 5 and j["result"]["failed"] == 1
    assert j["progress"]["documents"] == 5 and j["progress"]["files_done"] == 6
    assert docfs.json("search", "unique3")["hits"][0]["path"] == "page0003.md"
    files = {f["path"]: f for f in docfs.json("jobs", "show", number)["files"]}
    assert files["page0000.md"]["outcome"] == "ok"
    assert files["bad.ipynb"]["outcome"] == "failed" and files["bad.ipynb"]["reason"]
    assert "bad.ipynb" in docfs.ok("jobs", "show", number).out


def test_a_relative_path_means_the_directory_of_whoever_asked(docfs, workdir, tmp_path):
    fill(workdir, 1)
    docfs.ok("add", "./work", "--background", "-q", cwd=tmp_path)
    docfs.ok("jobs", "run", cwd="/")
    assert docfs.json("status")["documents"] == 1


def test_foreground_runs_are_listed(docfs, workdir):
    fill(workdir, 1)
    docfs.ok("add", workdir, "--collection", "c")
    docfs.ok("refresh", "c")
    assert [(j["kind"], j["state"], j["queued"], j["target"]) for j in jobs(docfs)] == [
        ("refresh", "done", False, "c"), ("add", "done", False, "c")]


def test_equal_jobs_are_queued_once(docfs, workdir):
    fill(workdir, 1)
    first = docfs.json("add", workdir, "--background")
    again = docfs.json("add", workdir, "--background")
    assert again == {**first, "known": True} and not first["known"]
    other = docfs.json("add", workdir, "--background", "--force")
    assert other["id"] != first["id"]


def test_bad_arguments(docfs, workdir):
    r = docfs.run("add", "/no/such/place", "--background")
    assert r.code == 5 and "/no/such/place" in r.err
    assert docfs.run("jobs", "dance").code == 2
    assert docfs.run("jobs", "show", "x").code == 2
    for verb in ("show", "cancel", "retry"):
        r = docfs.run("jobs", verb, "77")
        assert r.code == 5 and "77" in r.err, r


def test_cancel_and_retry(docfs, workdir):
    fill(workdir, 3)
    number = queue(docfs, "add", workdir, "-c", "c")
    docfs.ok("jobs", "cancel", number)
    assert job(docfs, number)["state"] == "cancelled"
    docfs.ok("jobs", "run")
    assert docfs.json("status")["documents"] == 0
    assert docfs.run("jobs", "cancel", number).code != 0
    docfs.ok("jobs", "retry", number)
    assert docfs.run("jobs", "retry", number).code != 0
    docfs.ok("jobs", "run")
    assert job(docfs, number)["state"] == "done"
    assert docfs.json("status")["documents"] == 3


def slow_tree(workdir, n=40):
    """Files that take long to convert: whoever watches has time to interfere."""
    fill(workdir, n, words=6000)


@pytest.mark.parametrize("background", (True, False))
def test_a_running_job_is_cancelled(docfs, workdir, background):
    slow_tree(workdir, 120)
    if background:
        number = queue(docfs, "add", workdir, "-c", "c", "-j", "1")
        p = docfs.popen("jobs", "run")
    else:
        p = docfs.popen("add", workdir, "-c", "c", "-j", "1")
    wait_until(lambda: docfs.cache.exists() and docfs.run("list").code == 0 and
               jobs(docfs, "--state", "running"), what="running job")
    number = jobs(docfs)[0]["id"]
    docfs.ok("jobs", "cancel", number)
    p.communicate(timeout=60)
    j = job(docfs, number)
    assert j["state"] == "cancelled", j
    assert 0 <= docfs.json("status")["documents"] < 120
    assert docfs.run("verify").code in (0, 3)  # 3: nothing was committed, no model is stated


def test_a_permanent_failure_is_not_tried_again(docfs, workdir):
    fill(workdir, 1)
    number = queue(docfs, "add", workdir, "-c", "c")
    (workdir / "page0000.md").unlink()
    workdir.rmdir()
    docfs.ok("jobs", "run")
    j = job(docfs, number)
    assert (j["state"], j["attempts"]) == ("failed", 1)
    assert str(workdir) in j["message"]
    workdir.mkdir()  # the fixture removes it


def test_a_passing_failure_is_tried_again_with_back_off(build, shared_docfs, docfs, mount_of):
    """The source lies on a mount whose process was killed, and comes back."""
    docfs.ok("config", "set", "jobs.backoff", "2s")
    m = mount_of(shared_docfs)
    number = queue(docfs, "add", m.path / "docs/demo@1", "-c", "c")
    m.kill()
    worker = docfs.popen("jobs", "run", "--stay")
    try:
        j = wait_until(lambda: (x := job(docfs, number))["state"] == "waiting" and x, what="wait")
        assert j["attempts"] >= 1 and str(m.path) in j["message"]
        assert j["next_at"] > j["started_at"]
        worker.send_signal(signal.SIGSTOP)  # not to find, in between, that the directory has nothing
        subprocess.run(["umount", "-l", str(m.path)], check=True)
        m.start()
        worker.send_signal(signal.SIGCONT)
        failed = j["attempts"]
        j = wait_until(lambda: (x := job(docfs, number))["state"] == "done" and x, what="end")
        assert j["attempts"] > failed and j["message"] == ""
        assert j["started_at"] >= j["created_at"]
    finally:
        worker.send_signal(signal.SIGCONT)
        end_worker(worker)
    assert docfs.json("status")["documents"] == shared_docfs.json("status")["documents"]


def test_another_writer_only_delays_a_job(docfs, workdir):
    fill(workdir, 400)
    docfs.ok("config", "set", "db.busy_ms", "50")
    number = queue(docfs, "add", workdir, "-c", "c")
    worker = docfs.popen("jobs", "run", "--stay")
    try:
        wait_until(lambda: job(docfs, number)["state"] != "queued", what="start of the job")
        db = sqlite3.connect(docfs.cache / "docfs.db", isolation_level=None, timeout=30)
        db.execute("BEGIN IMMEDIATE")
        held = time.monotonic()
        while time.monotonic() - held < 0.3:
            assert docfs.run("jobs").code == 0  # reading needs no writer
        db.execute("ROLLBACK")
        db.close()
        wait_until(lambda: job(docfs, number)["state"] == "done", what="end of the job")
    finally:
        end_worker(worker)
    assert docfs.json("status")["documents"] == 400


def test_priority_and_one_job_per_collection(docfs, tmp_path):
    for name in "ab":
        fill(tmp_path / name, 2)
    first = queue(docfs, "add", tmp_path / "a", "-c", "a")
    second = queue(docfs, "add", tmp_path / "b", "-c", "b")
    db = sqlite3.connect(docfs.cache / "docfs.db", timeout=30)
    with db:
        db.execute("UPDATE jobs SET priority = 5 WHERE id = ?", (second,))
    db.close()
    out = docfs.ok("jobs", "run", "--slots", "1").out
    ended = [int(line.split()[0]) for line in out.splitlines() if " done " in line]
    assert sorted(ended) == [first, second]
    rows = {s["collection"]: s["id"] for s in docfs.json("sources")["sources"]}
    assert rows["b"] < rows["a"]  # written as they ran


def test_interrupted_worker_gives_its_job_back(docfs, workdir):
    slow_tree(workdir, 120)
    number = queue(docfs, "add", workdir, "-c", "c", "-j", "1")
    p = docfs.popen("jobs", "run")
    wait_until(lambda: job(docfs, number)["progress"]["documents"] > 0, what="progress")
    end_worker(p)
    j = job(docfs, number)
    assert (j["state"], j["attempts"]) == ("queued", 0), j
    kept = docfs.json("status")["documents"]
    docfs.ok("jobs", "run")
    j = job(docfs, number)
    assert j["state"] == "done" and j["result"]["unchanged"] >= kept > 0


@pytest.mark.fault
def test_kill_9_of_a_worker_loses_no_job(docfs, workdir, tmp_path, request):
    """Killed at any moment, the next worker goes on; no job is lost, none is done twice."""
    end = time.monotonic() + request.config.getoption("--fault-seconds")
    docfs.ok("config", "set", "jobs.attempts", "100")
    rng = random.Random(11)
    rounds = 0
    while rounds < 2 or time.monotonic() < end:
        rounds += 1
        tree = tmp_path / f"t{rounds}"
        fill(tree, 60, words=200)
        numbers = [queue(docfs, "add", tree, "-c", f"c{rounds}"),
                   queue(docfs, "add", tree, "-c", f"d{rounds}")]
        for n in range(100):
            p = docfs.popen("jobs", "run")
            try:  # longer and longer: a busy machine needs more than half a second to begin
                p.wait(timeout=rng.uniform(0.02, 0.5 + n / 10))
            except subprocess.TimeoutExpired:
                p.kill()
            p.communicate()
            states = {job(docfs, n)["state"] for n in numbers}
            assert states <= {"queued", "interrupted", "running", "done"}, states
            if states == {"done"}:
                break
        assert states == {"done"}
        assert {c["documents"] for c in docfs.json("list")["collections"]} == {60}
    assert docfs.ok("verify").code == 0


def test_dead_foreground_run_is_interrupted_not_taken_over(docfs, workdir):
    slow_tree(workdir, 120)
    p = docfs.popen("add", workdir, "-c", "c", "-j", "1")
    wait_until(lambda: docfs.cache.exists() and docfs.run("list").code == 0 and
               jobs(docfs, "--state", "running"), what="running job")
    p.kill()
    p.communicate()
    assert jobs(docfs)[0]["state"] == "interrupted"
    assert jobs(docfs, "--state", "interrupted") and not jobs(docfs, "--state", "open")
    assert docfs.json("status")["ingest"] is None
    docfs.ok("jobs", "run")
    j = jobs(docfs)[0]
    assert j["state"] == "interrupted" and j["finished_at"]
    docfs.ok("jobs", "retry", j["id"])
    docfs.ok("jobs", "run")
    assert job(docfs, j["id"])["state"] in ("done", "failed")


def test_two_workers_share_the_queue(docfs, tmp_path):
    for i in range(6):
        fill(tmp_path / f"t{i}", 3)
        docfs.ok("add", tmp_path / f"t{i}", "--background", "-q")
    workers = [docfs.popen("jobs", "run", "--slots", "2") for _ in range(2)]
    for w in workers:
        w.communicate(timeout=60)
        assert w.returncode == 0
    docfs.ok("jobs", "run")
    assert [j["state"] for j in jobs(docfs)] == ["done"] * 6
    assert all(j["attempts"] == 1 for j in jobs(docfs))


def test_a_read_only_cache_takes_no_jobs(docfs, workdir):
    fill(workdir, 1)
    docfs.ok("add", workdir)
    os.chmod(docfs.cache / "docfs.db", 0o400)
    os.chmod(docfs.cache, 0o500)
    try:
        if os.access(docfs.cache, os.W_OK):
            docfs.ok("jobs")
            return  # root may write anyway
        assert docfs.run("jobs", "run").code == 3
    finally:
        os.chmod(docfs.cache, 0o700)
        os.chmod(docfs.cache / "docfs.db", 0o600)
