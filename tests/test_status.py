"""docfs status: what runs, what crashed, and figures that agree with what was done to it."""
import datetime
import json
import os
import signal
import sqlite3
import time

import pytest

from lib.docfs import wait_until


def placed(docfs, place):
    """The services at a place."""
    return [s for s in docfs.services() if s["place"] == str(place)]


def test_start_and_clean_stop(ready, mount_of):
    m = mount_of(ready)
    s, = placed(ready, m.path)
    assert s["kind"] == "mount" and s["state"] == "up" and s["pid"] == m.process.pid
    assert s["version"] and s["up_seconds"] >= 0 and s["availability"]["24h"]["availability"] == 1
    assert "up  mount" in ready.ok("status").out
    m.stop()
    s, = placed(ready, m.path)
    assert s["state"] == "stopped" and s["up_seconds"] == 0
    assert [e["kind"] for e in ready.json("status")["events"]] == ["stop", "start"]
    assert os.listdir(ready.cache / "run") == []


def test_crash_is_seen_dated_and_recovered_from(ready, mount_of, tmp_path):
    at = tmp_path / "mnt"
    at.mkdir()
    before = time.time()
    m = mount_of(ready, at=at)
    time.sleep(3)  # injected uptime
    m.kill()
    killed = time.time()
    time.sleep(1)  # injected downtime
    s, = placed(ready, at)
    assert s["state"] == "crashed"
    assert "crashed  mount" in ready.ok("status").out
    m.stop()
    again = time.time()
    m = mount_of(ready, at=at)
    back = time.time()
    status = ready.json("status")
    now = time.time()
    assert [e["kind"] for e in status["events"]] == ["start", "crash", "start"]
    third, crash, first = [datetime.datetime.fromisoformat(e["at"]).timestamp() for e in status["events"]]
    # Everything happened when it did; of its death a process left its last beat, one each half second.
    early = 0.001  # times are cut to milliseconds
    assert before - early <= first and first + 1 <= crash <= killed and again - early <= third <= back
    w = next(s for s in status["services"] if s["state"] == "up")["availability"]["24h"]
    assert w["crashes"] == 1 and w["recovery_seconds"] == pytest.approx(third - crash, abs=0.01)
    assert w["availability"] == pytest.approx(1 - (third - crash) / w["seconds"], abs=0.001)
    assert w["seconds"] <= now - before and "1 crashes, back after" in ready.ok("status").out


def test_availability_agrees_with_the_history_within_a_percent(ready):
    """A month with known outages, written as the services write it."""
    now = int(time.time() * 1000)
    day = 86400_000
    down = 0
    with sqlite3.connect(ready.cache / "docfs.db") as db:
        def event(kind, ago):
            db.execute("INSERT INTO events(at_ms, mono_ms, boot, kind, service, place, pid) "
                       "VALUES (?, 0, 'another boot', ?, 'serve', 'here', 1)", (now - ago, kind))
        event("start", 30 * day)
        for d in range(29, 0, -1):
            outage = d * 600_000
            event("crash", d * day)
            event("start", d * day - outage)
            down += outage
        event("stop", 1000)
    db.close()
    s, = placed(ready, "here")
    month = s["availability"]["30d"]
    assert month["availability"] == pytest.approx(1 - down / (30 * day), abs=0.001)
    assert month["recovery_seconds"] == pytest.approx(down / 29 / 1000)
    assert s["availability"]["24h"]["down_seconds"] == pytest.approx(600, abs=10)


def test_a_stopped_process_is_said_to_hang(ready, mount_of):
    m = mount_of(ready)
    os.kill(m.process.pid, signal.SIGSTOP)
    try:
        wait_until(lambda: placed(ready, m.path)[0]["state"] == "degraded")
        assert "does not run since" in placed(ready, m.path)[0]["reason"]
    finally:
        os.kill(m.process.pid, signal.SIGCONT)
    wait_until(lambda: placed(ready, m.path)[0]["state"] == "up")


def test_status_json_of_the_mount_and_queries(ready, mount_of):
    m = mount_of(ready)
    os.listdir(m.path / "search" / "storage back ends")
    def told():
        s = json.loads((m.path / ".docfs/status.json").read_text())["services"][0]
        return s["queries"] == 1 and s["latency_ms"]["p50"] > 0
    wait_until(told)


def test_queue_cache_hits_latency_and_last_errors(ready, serve, workdir, mount_of):
    s = serve(ready, "--set", "serve.work=off")
    (workdir / "x.md").write_text("# X\n\ntext\n")
    for name in ("a", "b"):
        ready.ok("add", workdir, "--collection", name, "--background")
    gone = workdir / "gone"
    gone.mkdir()
    ready.ok("add", gone, "--collection", "c", "--background")
    gone.rmdir()
    assert ready.json("status")["jobs"] == {"waiting": 3, "running": 0, "failed_24h": 0, "interrupted_24h": 0}
    assert "jobs         0 running, 3 waiting" in ready.ok("status").out
    ready.run("jobs", "run")
    jobs = ready.json("status")["jobs"]
    assert jobs["waiting"] + jobs["failed_24h"] == 1 and jobs["running"] == 0, jobs
    with sqlite3.connect(ready.cache / "docfs.db") as db:  # one whose process is no more
        db.execute("INSERT INTO jobs(kind, target, args, state, pid, started_at, created_at, revision)"
                   " VALUES ('add', 'x', '{}', 'running', 999999, 1, 1, 1)")
    db.close()
    assert ready.json("status")["jobs"]["interrupted_24h"] == 1
    assert "1 interrupted" in ready.ok("status").out

    for _ in range(2):
        for q in ("storage back ends", "deploy a service"):
            assert s.get("/api/v1/search", q=q, explain="true").status == 200
    def counted():
        x = next(x for x in ready.services() if x["kind"] == "serve")
        return x["queries"] >= 2 and x["latency_ms"]["p50"] > 0 and x["cache_hit_rate"] is not None
    wait_until(counted)
    m = mount_of(ready)
    told = json.loads((m.path / ".docfs/status.json").read_text())
    assert told["jobs"]["interrupted_24h"] == 1 and "errors" in told


def test_questions_of_every_door_are_counted(ready, serve, mount_of):
    ready.ok("search", "storage back ends")
    ready.ok("ask", "storage back ends")
    s = serve(ready)
    for _ in range(3):
        assert s.get("/api/v1/search", q="storage back ends").status == 200
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": "search_docs", "arguments": {"query": "storage back ends"}}}
    assert s.post("/mcp", call).status == 200
    m = mount_of(ready)
    os.listdir(m.path / "search/storage back ends")
    os.listdir(m.path / "search/storage back ends/+storage")

    def doors():
        return {d["door"]: d for d in ready.json("status")["questions_24h"]}

    def counted():  # http is a sample: the same in one moment counts once
        return {n: d["asked"] for n, d in doors().items() if n != "http" or d["asked"] < 1}
    wait_until(lambda: "http" in doors() and counted() == {"cli": 2, "mcp": 1, "mount": 2})
    found = doors()
    assert all(0 < d["p50_ms"] <= d["p95_ms"] and d["without_answer"] == 0 for d in found.values())
    assert "asked        cli 2 in 24 h, 0 without an answer: half within" in ready.ok("status").out
    # The figures of a process: every door of it, kept answers too.
    figures = s.json("/api/v1/stats")["search_stats"]
    assert figures["total_searches"] == 4 and figures["cache_hit_rate"] == 0.5
    told = {x["kind"]: x for x in ready.services()}
    assert told["serve"]["queries"] == 4 and told["mount"]["queries"] == 2


def test_settings_are_reloaded_on_hangup(ready, mount_of):
    m = mount_of(ready)
    path = ready.cache.parent / "cache.config/docfs/docfs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mount.results: 1\n")
    os.kill(m.process.pid, signal.SIGHUP)

    def results(i=[0]):
        i[0] += 1
        return len(os.listdir(m.path / "search" / f"storage task deploy {i[0]}"))
    before = results()
    wait_until(lambda: results() < before)
    path.write_text("mount.results: lots\n")
    os.kill(m.process.pid, signal.SIGHUP)
    wait_until(lambda: ready.run("status", env={"XDG_CONFIG_HOME": "/nonexistent"}).out.find(
        f"{path}:1: mount.results: bad value") > 0)
    assert results() < before  # still serves


def test_a_new_cache_has_no_services(ready):
    s = ready.json("status")
    assert s["services"] == [] and s["events"] == [] and s["version"]


def test_a_killed_ingest_is_an_event_until_and_after_it_is_made_good(docfs, workdir):
    def events():
        return [(e["kind"], e["service"], e["place"]) for e in docfs.json("status")["events"]]

    for i in range(120):  # enough to be killed in the middle of
        (workdir / f"page{i}.md").write_text(f"# Page {i}\n\n" + f"some{i} words of it\n" * 6000)
    p = docfs.popen("add", workdir, "-c", "c", "-j", "1")
    wait_until(lambda: docfs.cache.exists() and docfs.run("status", "--json").code == 0 and
               docfs.json("status")["ingest"])
    p.kill()
    p.communicate()
    assert events() == [("interrupted", "add", "c")]
    assert f"interrupted add c: process {p.pid} ended before" in docfs.ok("status").out
    docfs.ok("add", workdir, "-c", "c")  # writes it down, too
    assert events() == [("resumed", "add", "c"), ("interrupted", "add", "c")]
    docfs.ok("refresh", "c")
    status = docfs.json("status")
    assert len(status["events"]) == 2 and status["services"] == []
    assert status["documents"] == 120


def test_watch(ready):
    p = ready.popen("status", "--watch", "--every", "1", "--json")
    first = p.stdout.readline()
    assert json.loads(first)["kind"] == "status"
    p.send_signal(signal.SIGINT)
    p.communicate(timeout=20)
    assert p.returncode in (0, 130)


def test_check_for_health_checks(ready, mount_of):
    r = ready.run("status", "--check", "mount")
    assert r.code == 1 and "no mount was ever started" in r.err
    m = mount_of(ready)
    assert ready.run("status", "--check", "mount").code == 0
    m.kill()
    r = ready.run("status", "--check", "mount")
    assert r.code == 1 and f"mount {m.path} is crashed" in r.err


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_mount_of_root_shows_itself_to_the_owner_of_the_cache(ready, mount_of):
    for p in (ready.cache, *ready.cache.rglob("*")):
        os.chown(p, 65534, 65534)
    mount_of(ready)
    files = [ready.cache / "run", *(ready.cache / "run").iterdir()]
    assert len(files) > 1 and {f.stat().st_uid for f in files} == {65534}
