"""Several processes on one cache at once."""
import pytest

from lib.docfs import check_alarms

pytestmark = pytest.mark.concurrent


def fill(directory, word, n):
    directory.mkdir()
    for i in range(n):
        (directory / f"{word}{i}.md").write_text(
            f"# {word} {i}\n\n" + f"text about {word} number {i}\n" * 20)


def finish(process):
    out, err = process.communicate(timeout=180)
    check_alarms(err.decode(errors="replace"))
    return process.returncode, err.decode(errors="replace")


def test_two_ingest_and_five_read(docfs, workdir, corpus):
    docfs.ok("add", corpus, "--collection", "demo")
    fill(workdir / "a", "apple", 300)
    fill(workdir / "b", "banana", 300)
    writers = [docfs.popen("add", workdir / n, "--collection", n) for n in "ab"]
    rounds = 0
    while any(w.poll() is None for w in writers) or rounds == 0:
        readers = [docfs.popen("search", "cancel a task", "in=demo", "--json") for _ in range(5)]
        for r in readers:
            code, err = finish(r)
            assert code == 0, err
        rounds += 1
    for w in writers:
        code, err = finish(w)
        assert code == 0, err
    s = docfs.json("status")
    assert s["documents"] >= 600 + 11 and s["passages"] == s["vectors"]
    assert docfs.run("verify").code == 0
    assert len(docfs.json("search", "banana", "-k", "1000")["hits"]) >= 300


def test_same_source_twice_at_once(docfs, workdir):
    fill(workdir / "a", "apple", 200)
    for p in [docfs.popen("add", workdir / "a", "--collection", "a") for _ in range(2)]:
        code, err = finish(p)
        assert code == 0, err
    assert docfs.json("status")["documents"] == 200
    assert docfs.run("verify").code == 0
