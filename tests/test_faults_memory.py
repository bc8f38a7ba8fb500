"""Memory runs out: a clear end or the right answer, never a crash, and nothing in the cache breaks."""
import random
import re
import resource

import pytest

from lib.docfs import wait_until
from lib.faults import preload

pytestmark = pytest.mark.fault  # a sanitizer has an allocator of its own


def allocations(docfs, build, tmp_path, *command):
    count = tmp_path / "count"
    docfs.ok(*command, env=preload(build, "memory", count=count))
    n = int(count.read_text())
    assert n > 50, n
    return n


def some(n, seed, how_many=40):
    """Places spread over a run, those at its beginning and end included."""
    rng = random.Random(seed)
    return sorted({*range(1, n, max(1, n // how_many)), *(rng.randint(1, n) for _ in range(4)), n})


def check(r, want=None):
    assert r.code >= 0, f"killed by signal {-r.code}: {r}"
    if r.code == 0:
        if want is not None:
            assert r.out == want, r
    else:
        assert r.err.strip() or "failure" in r.out, r


def normal(text):
    return re.sub(r"\d+(\.\d+)? (ms|s)\b", "", text)


@pytest.mark.parametrize("on", ["", "+"], ids=["once", "from-then-on"])
@pytest.mark.parametrize("command", [["search", "cancel a task"], ["list"], ["cat", "demo/tasks.md"],
                                     ["status"], ["doctor", "--quick"], ["config"]],
                         ids=lambda c: c[0])
def test_commands(ready, build, tmp_path, command, on):
    n = allocations(ready, build, tmp_path, *command)
    want = ready.ok(*command).out if command[0] in ("list", "cat", "config") else None
    for at in some(n, 1, 8):
        check(ready.run(*command, env=preload(build, "memory", malloc=f"{at}{on}")), want)
    ready.ok("verify")


@pytest.mark.parametrize("on", ["", "+"], ids=["once", "from-then-on"])
def test_ingest(ready, build, tmp_path, workdir, on):
    for i in range(5):
        (workdir / f"page{i}.md").write_text(f"# Page {i}\n\nword{i} in some text\n")
    (workdir / "page.html").write_text("<h1>Page</h1><p>some <b>text</b></p><ul><li>one</ul>")
    command = ["add", workdir, "--collection", "c", "--force"]
    n = allocations(ready, build, tmp_path, *command)
    for at in some(n, 2, 20):
        check(ready.run(*command, env=preload(build, "memory", malloc=f"{at}{on}")))
        r = ready.run("verify", "--repair")  # vectors that are missing may be made up for ...
        assert r.code in (0, 3) and "damaged" not in r.out + r.err, r
        ready.ok("verify")                   # ... and then all is well
    ready.ok("refresh", "c", "--force")
    assert ready.json("search", "word3")["hits"][0]["path"] == "page3.md"


def memory_of(pid):
    with open(f"/proc/{pid}/statm") as f:
        return int(f.read().split()[0]) * resource.getpagesize()


def test_serve_without_memory(ready, serve):
    s = serve(ready)
    want = [h["id"] for h in s.json("/api/v1/search", q="cancel a task")["results"]]
    pid = s.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_AS)
    resource.prlimit(pid, resource.RLIMIT_AS, (memory_of(pid), before[1]))
    try:
        big = ("# Big\n\n" + "\n\n".join(f"word{i} of many" for i in range(100000))).encode()
        refused = 0
        for i in range(20):
            try:
                r = s.upload("/api/v1/ingestion/upload", {"collection": "up"}, {"file": (f"b{i}.md", big)})
                refused += r.status >= 500
                assert r.status in (201, 500, 503, 507), r
            except (ConnectionError, OSError):
                refused += 1
            assert s.process.poll() is None
        assert refused, "the limit did nothing"
    finally:
        resource.prlimit(pid, resource.RLIMIT_AS, before)
    wait_until(lambda: s.get("/ready").status == 200)
    assert [h["id"] for h in s.json("/api/v1/search", q="cancel a task in=demo")["results"]][:1] == want[:1]
    s.stop()
    ready.ok("verify")
