"""Feedback moves documents a little, for a while, and says so."""
import json
import sqlite3
import subprocess

import pytest

from lib.docfs import wait_until


@pytest.fixture
def twins(docfs, workdir):
    """Pages that answer one question about equally well."""
    for i, name in enumerate(("alpha", "beta", "gamma", "sigma", "omega")):
        (workdir / f"{name}.md").write_text(
            "# Rotate logs\n\nHow to rotate logs: logrotate rotates logs every day. It has many "
            f"options.\n\nPage {i + 1} of 5.\n")
    docfs.ok("add", workdir, "-q", "-c", "d")
    return docfs


def hits(docfs, query, *args):
    return docfs.json("search", query, "--explain", *args)["hits"]


def order(docfs, query="rotate logs"):
    return [h["path"] for h in hits(docfs, query)]


def test_helpful_moves_up_and_reset_undoes_it(twins):
    before = order(twins)
    last = before[-1]
    twins.ok("feedback", "helpful", f"d/{last}", "--query", "rotate logs")
    for _ in range(2):
        twins.ok("feedback", "helpful", f"d/{last}", "--query", "logs ROTATE", "--comment", "thanks")
    top = hits(twins, "rotate logs")[0]
    assert top["path"] == last
    assert 0 < top["why"]["feedback"] <= 0.2
    assert "feedback +0." in twins.ok("search", "rotate logs", "--explain").out
    # Another question knows little of it.
    other = {h["path"]: h["why"]["feedback"] for h in hits(twins, "options")}
    assert 0 < other[last] <= 0.04
    rows = twins.json("feedback", "list")["feedback"]
    assert len(rows) == 3 and rows[0]["comment"] == "thanks" and rows[0]["explicit"]
    assert twins.json("feedback", "reset", f"d/{last}")["forgotten"] == 3
    assert order(twins) == before


def test_bad_news_moves_down(twins):
    first = order(twins)[0]
    for signal in ("not-helpful", "outdated", "incorrect", "flag"):
        twins.ok("feedback", signal, f"d/{first}", "--query", "rotate logs")
    assert order(twins)[-1] == first
    assert {h["path"]: h for h in hits(twins, "rotate logs")}[first]["why"]["feedback"] < 0


def test_priors_are_bounded(twins):
    last = order(twins)[-1]
    db = sqlite3.connect(twins.cache / "docfs.db")
    twins.ok("feedback", "helpful", f"d/{last}", "--query", "rotate logs")
    with db:
        for _ in range(10):
            db.execute("INSERT INTO feedback(at, signal, document, question, value, query, door) "
                       "SELECT at, signal, document, question, value, query, door FROM feedback")
        db.execute("UPDATE meta SET value = value + 1 WHERE key = 'feedback_epoch'")
    db.close()
    top = hits(twins, "rotate logs")[0]
    assert top["path"] == last and 0.19 < top["why"]["feedback"] <= 0.2 and top["score"] <= 1
    nothing = twins.run("search", "utterly unrelated zebra crossing", "--json")
    assert nothing.code == 1 and all(h["below_min"] for h in nothing.json["hits"])


def test_feedback_decays(twins):
    last = order(twins)[-1]
    twins.ok("feedback", "helpful", f"d/{last}", "--query", "rotate logs")

    def prior():
        return {h["path"]: h["why"]["feedback"] for h in hits(twins, "rotate logs")}[last]

    fresh = prior()
    db = sqlite3.connect(twins.cache / "docfs.db")
    with db:
        db.execute("UPDATE feedback SET at = at - 90 * 86400")
        db.execute("UPDATE meta SET value = value + 1 WHERE key = 'feedback_epoch'")
    db.close()
    assert 0.4 * fresh < prior() < 0.6 * fresh
    twins.ok("config", "set", "feedback.weight", "0")
    assert prior() == 0


def test_implicit_signals_count_once_and_less(twins):
    first, *_, last = order(twins)
    for _ in range(5):
        twins.ok("feedback", "opened", f"d/{last}", "--query", "rotate logs", "--rank", "5")
    rows = twins.json("feedback", "list")["feedback"]
    assert len(rows) == 1 and not rows[0]["explicit"] and rows[0]["value"] == 0.25
    twins.ok("feedback", "opened", f"d/{first}", "--query", "rotate logs", "--rank", "1")
    assert twins.json("feedback", "list")["feedback"][0]["value"] < 0.1
    assert twins.json("feedback", "list", "--explicit")["feedback"] == []


def signals(docfs):
    return [(r["signal"], r["path"], r["query"], r["door"])
            for r in docfs.json("feedback", "list")["feedback"]]


def test_what_is_read_through_the_mount_was_opened(twins, mount_of):
    root = mount_of(twins).path
    chosen = sorted(p for p in (root / "search/rotate logs").iterdir() if p.name[0] == "0")[4]
    text = chosen.read_text()
    wait_until(lambda: signals(twins), what="signal")
    (signal, path, query, door), = signals(twins)
    assert (signal, query, door) == ("opened", "rotate logs", "mount")
    assert text == (root / "docs/d" / path).read_text()
    why = {h["path"]: h["why"]["feedback"] for h in hits(twins, "rotate logs")}
    assert why.pop(path) > 0 and set(why.values()) == {0}


def test_who_reads_everything_has_chosen_nothing(twins, mount_of):
    m = mount_of(twins)
    for p in (m.path / "search/rotate logs").iterdir():
        p.read_bytes()
    m.stop()  # writes down what is left
    assert signals(twins) == []


def test_a_question_asked_again_was_not_answered(twins, mount_of):
    m, before = mount_of(twins), order(twins)
    list((m.path / "search/rotate logs").iterdir())
    list((m.path / "search/rotate logs daily").iterdir())
    m.stop()
    (signal, path, query, _), = signals(twins)
    assert (signal, query) == ("refined", "rotate logs")
    assert path == before[0] and order(twins)[0] != path


def agent(docfs, *calls, options=()):
    """Calls tools one after another, in one session."""
    p = docfs.popen("mcp", *options, stdin=subprocess.PIPE)
    for i, (tool, args) in enumerate(calls):
        p.stdin.write(json.dumps({"jsonrpc": "2.0", "id": i, "method": "tools/call",
                                  "params": {"name": tool, "arguments": args}}).encode() + b"\n")
        p.stdin.flush()
        assert not json.loads(p.stdout.readline())["result"].get("isError")
    p.communicate(timeout=60)
    assert p.returncode == 0


def test_what_an_agent_reads_was_opened(twins):
    last = order(twins)[-1]
    calls = (("read_document", {"document": f"d/{last}"}),  # not found before
             ("search_docs", {"query": "rotate logs"}),
             ("read_document", {"document": f"d/{last}", "line": 3}))
    agent(twins, *calls, options=("--read-only",))
    assert signals(twins) == []
    agent(twins, *calls[:1])
    assert signals(twins) == []
    agent(twins, *calls)
    assert signals(twins) == [("opened", last, "rotate logs", "mcp")]


def test_replay_shows_what_was_gained(twins):
    wanted = order(twins)[-1]
    for _ in range(4):
        twins.ok("feedback", "helpful", f"d/{wanted}", "--query", "rotate logs")
    r = twins.json("feedback", "replay")
    assert (r["learned"], r["asked"], r["better"], r["worse"]) == (2, 2, 2, 0)
    assert r["mrr_after"] > r["mrr_before"]
    assert r["mrr_before"] == pytest.approx(1 / len(order(twins)), abs=0.2)
    assert "reciprocal" in twins.ok("feedback", "replay", "--part", "75").out


def test_refused(twins):
    r = twins.run("feedback", "wonderful", "d/alpha.md")
    assert r.code == 2 and "not_helpful" in r.err
    assert twins.run("feedback", "helpful", "d/nothere.md").code == 5
    assert twins.run("feedback", "helpful").code == 2
    assert twins.run("feedback", "reset").code == 2
    assert twins.run("feedback", "reset", "nothere").code == 5
    assert twins.run("feedback", "helpful", "d/alpha.md", "--comment", "x" * 3000).code == 2


def test_a_document_keeps_its_feedback_through_a_refresh(twins, workdir):
    last = order(twins)[-1]
    twins.ok("feedback", "helpful", f"d/{last}", "--query", "rotate logs")
    with open(workdir / last, "a") as f:
        f.write("\nA new paragraph about rotating logs.\n")
    twins.ok("refresh")
    assert {h["path"]: h for h in hits(twins, "rotate logs")}[last]["why"]["feedback"] > 0
    (workdir / last).unlink()
    twins.ok("refresh")
    assert all(h["why"]["feedback"] == 0 for h in hits(twins, "rotate logs"))
