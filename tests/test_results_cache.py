"""Answers outlive the process that computed them, and are never older than what they depend on."""
import sqlite3

from lib.server import Server


def cached(docfs):
    db = sqlite3.connect(docfs.cache / "docfs.db")
    try:
        return db.execute("SELECT key, generation, body FROM results").fetchall()
    finally:
        db.close()


def hits(docfs, *args):
    r = docfs.json("search", *args, "--explain")
    return r["hits"], r["generation"]


def test_second_process_answers_from_the_store(docfs, corpus):
    docfs.ok("add", corpus, "-q")
    first = hits(docfs, "cancel a task")
    (key, generation, body), = cached(docfs)
    assert generation == first[1]
    db = sqlite3.connect(docfs.cache / "docfs.db")  # proof that the stored answer is what is shown
    db.execute("UPDATE results SET body = ?", (body.replace(b"guide/tasks.md", b"guide/TASKS.md"),))
    db.commit()
    db.close()
    second = hits(docfs, "cancel a task")
    assert "guide/TASKS.md" in [h["path"] for h in second[0]]
    assert [h["score"] for h in second[0]] == [h["score"] for h in first[0]]


def test_a_damaged_answer_is_computed_again(docfs, corpus):
    docfs.ok("add", corpus, "-q")
    first = hits(docfs, "cancel a task")
    body = cached(docfs)[0][2]
    db = sqlite3.connect(docfs.cache / "docfs.db")
    for damaged in (b"", b"x" * 100, body[:-1], body + b"\0", body[:60] + b"\xff" * 8 + body[68:]):
        db.execute("UPDATE results SET body = ?", (damaged,))
        db.commit()
        assert hits(docfs, "cancel a task") == first
    db.close()


def test_answers_follow_settings_and_content(docfs, corpus, workdir):
    docfs.ok("add", corpus, "-q")
    before, generation = hits(docfs, "cancel a task")
    docfs.ok("config", "set", "search.vec_weight", "0")
    assert [h["score"] for h in hits(docfs, "cancel a task")[0]] != [h["score"] for h in before]
    docfs.ok("config", "unset", "search.vec_weight")
    (workdir / "new.md").write_text("# Cancel a task at once\n\nHow to cancel a task: cancel a task.\n")
    docfs.ok("add", workdir, "-q", "--collection", "new")
    after, newer = hits(docfs, "cancel a task")
    assert newer > generation and "new.md" in [h["path"] for h in after]


def test_only_so_many_are_kept(docfs, corpus):
    docfs.ok("add", corpus, "-q")
    docfs.run("search", "tasks")
    db = sqlite3.connect(docfs.cache / "docfs.db")
    db.executemany("INSERT INTO results(key, generation, body) VALUES (?, 1, x'00')",
                   [(f"old {i}",) for i in range(1500)])
    db.commit()
    db.close()
    docfs.run("search", "scheduler")
    assert len(cached(docfs)) <= 1000


def test_many_at_once_are_all_kept(docfs, corpus):
    """What follows within a moment is written together: by the time that the server has ended."""
    docfs.ok("add", corpus, "-q")
    server = Server(docfs).start()
    questions = [f"cancel task {i}" for i in range(25)]
    try:
        for q in questions:
            assert server.request("GET", f"/api/v1/search?q={q.replace(' ', '+')}").status == 200
    finally:
        server.stop()
    assert len(cached(docfs)) == len(questions)
    db = sqlite3.connect(docfs.cache / "docfs.db")
    kept = [q for q, in db.execute("SELECT query FROM query_log ORDER BY id")]
    db.close()
    assert kept == questions
