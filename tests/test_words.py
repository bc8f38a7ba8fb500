"""The file of words beside the full text (index/words) answers exactly as the full text does,
whatever happened to the file or to the cache since it was made."""
import shutil
import signal
import sqlite3
import threading
import urllib.parse

import pytest

from lib.docfs import Docfs, wait_until
from lib.server import Server

QUESTIONS = ["cancel a task", "how to open a file for reading", "the list of tasks", "os.path",
             "option --verbose", "copy files with a filter", "no such word zyxwvut file",
             '"cancel a task"', '"task" in a queue', '"Tasks" "queue"', '"file" "no such word"', '"zyxwvut" task',
             '"task" "cancel a task"', '"os.path" file', '"the" task', "task -queue", "file path=*guide*"]
KEPT = ("--set", "index.words_min=0")
NEVER = ("--set", "index.words_min=1000000000")


def ask(server, questions=QUESTIONS):
    found = []
    for q in questions:
        q = urllib.parse.quote_plus(q)
        r = server.request("GET", f"/api/v1/search?limit=30&explain=true&mode=lex&q={q}")
        assert r.status == 200, r
        found.append([(h["path"], h["score"], h["why"]["lex_rank"], h["why"]["lex_score"])
                      for h in r.json["results"]])
    return found


def answers(docfs):
    """By a new process that keeps nothing."""
    s = Server(docfs, "--read-only").start()
    try:
        return ask(s)
    finally:
        s.stop()


@pytest.fixture
def pair(build, tmp_path, corpus):
    """Two caches of the same documents: one with the file, one that has only the full text."""
    made = [Docfs(build, tmp_path / name / "cache") for name in ("words", "plain")]
    for d, option in zip(made, (KEPT, NEVER)):
        d.ok("add", corpus, "-q", *option)
    words, plain = made
    assert (words.cache / "index/words").exists() and not (plain.cache / "index/words").exists()
    return words, plain


def pages(directory, names, text):
    directory.mkdir(exist_ok=True)
    for i, name in enumerate(names):
        (directory / name).write_text(f"# Cancel {name}\n\n" + text * (i + 1) + "\nopen a file\n")


def test_mistyped_words_are_named_with_and_without_the_file(pair, workdir):
    for d in pair:
        err = d.run("search", "schedulr", "databse", "retreival", "xqzzvw").err
        assert "Similar words: scheduler" in err and "Similar words: database" in err, err
        assert 'No document holds "xqzzvw".' in err and '"xqzzvw". Similar' not in err, err
    (workdir / "new").mkdir()
    (workdir / "new/a.md").write_text("# Kangaroos\n\nWombats and kangaroos.\n")
    for d in pair:
        d.ok("add", workdir / "new", "-q", "--collection", "new", *KEPT)
        d.ok("refresh", "-q")
        assert "Similar words: wombats" in d.run("search", "wombarts").err
    (workdir / "new/a.md").unlink()
    for d in pair:  # what is gone is not proposed, whatever the file still holds
        d.ok("refresh", "-q", *NEVER)
        assert "wombats" not in d.run("search", "wombarts").err


def test_same_as_full_text(pair, workdir):
    words, plain = pair
    first = answers(plain)
    assert answers(words) == first and any(first)
    pages(workdir / "new", ["a.md", "b.md", "c.md"], "Cancel the task, then list tasks. ")
    for d in pair:  # passages that came after the file
        d.ok("add", workdir / "new", "-q", "--collection", "new", *NEVER)
    second = answers(plain)
    assert answers(words) == second != first
    (workdir / "new/b.md").unlink()
    pages(workdir / "new", ["c.md"], "Nothing of that kind. ")
    for d in pair:  # and some of those went
        d.ok("refresh", "-q", *NEVER)
    third = answers(plain)
    assert answers(words) == third != second
    for d in pair:  # and all that are in the file
        d.ok("remove", collection(d), "--yes")
    assert answers(words) == answers(plain) != third


def scores(docfs, **env):
    """What reads passages again: by the words of the question and by what they mean."""
    found = []
    for q in ("cancel a task", "stop work that was begun", "os.path", "read_text of a fileName"):
        hits = docfs.ok("search", "--explain", "--json", q, env=env).json["hits"]
        found.append([(h["path"], h["score"]) for h in hits])
    return found


def test_what_words_mean_follows_the_model(pair, workdir):
    words, plain = pair
    file = words.cache / "index/words"
    made, first = file.read_bytes(), scores(plain)
    assert scores(words) == first and all(first)
    none = {"DOCFS_MODEL": "none"}  # an embedder that does not compare word by word
    for d in pair:
        d.ok("reembed", "-q", env=none)
    second = scores(plain, **none)
    assert scores(words, **none) == second != first
    file.unlink()
    words.ok("refresh", "-q", *KEPT, env=none)
    without = file.read_bytes()
    assert len(without) < len(made) and scores(words, **none) == second
    for d in pair:
        d.ok("reembed", "-q", "--set", "index.words_min=1000000000")
    assert file.read_bytes() == made and scores(words) == first
    file.write_bytes(without)  # of another model: words are looked up in the texts
    assert scores(words) == first


def test_what_came_later_enters_a_full_list(pair, workdir):
    words, plain = pair
    few = ("--set", "search.candidates=10", "--set", "search.k=10")
    pages(workdir / "many", [f"{i:02}.md" for i in range(30)], "Some task, some file of others. ")
    for d in pair:
        d.ok("add", workdir / "many", "-q", "--collection", "many", *(KEPT if d is words else NEVER))
    made = (words.cache / "index/words").stat().st_mtime_ns
    pages(workdir / "new", ["a.md", "b.md", "c.md"], "Cancel the task. ")
    for d in pair:
        d.ok("add", workdir / "new", "-q", "--collection", "new", *NEVER)
    assert (words.cache / "index/words").stat().st_mtime_ns == made
    for mode in "lex", "hybrid":
        first, second = (d.json("search", "--mode", mode, "--explain", *few, "cancel a task")["hits"]
                         for d in pair)
        assert [(h["path"], h["score"]) for h in first] == [(h["path"], h["score"]) for h in second]
        assert {h["collection"] for h in first} >= {"new"}


def collection(docfs):
    return next(c["name"] for c in docfs.json("list")["collections"] if c["name"] != "new")


def test_it_is_what_answers(pair):
    """With the rows of the full text gone, only the file can."""
    words, plain = pair
    whole = answers(plain)[0]
    for d in pair:
        db = sqlite3.connect(d.cache / "docfs.db")
        db.execute("DELETE FROM fulltext_data WHERE id > 10")
        db.commit()
        db.close()
    s = Server(words, "--read-only").start()
    try:
        assert ask(s, QUESTIONS[:1])[0] == whole
    finally:
        s.stop()
    assert plain.run("search", QUESTIONS[0], "--mode", "lex").code == 1  # nothing found


def test_damage_is_never_an_answer(pair, build, tmp_path, workdir):
    words, plain = pair
    want = answers(plain)
    file = words.cache / "index/words"
    sound = file.read_bytes()
    third = Docfs(build, tmp_path / "third/cache")
    pages(workdir / "other", ["a.md", "b.md"], "Cancel the task. ")
    third.ok("add", workdir / "other", "-q", *KEPT)
    half = bytearray(sound)
    for at in range(300, len(half), 7):
        half[at] ^= 0x55
    for bad in (b"", b"docfswrd", sound[:-100], sound + b"x", bytes(half),
                (third.cache / "index/words").read_bytes()):
        file.write_bytes(bad)
        assert answers(words) == want
    r = words.run("verify")
    assert r.code != 0 and "index/words" in r.out + r.err
    words.ok("verify", "--repair")
    assert file.read_bytes() == sound and answers(words) == want
    words.ok("verify")


def test_a_running_server_follows(pair, workdir):
    words, plain = pair
    (words.cache / "index/words").unlink()
    s = Server(words).start()
    stop = threading.Event()
    broken = []

    def keep_asking():
        while not stop.is_set():
            try:
                ask(s, QUESTIONS[:2])
            except AssertionError as e:
                broken.append(e)

    t = threading.Thread(target=keep_asking)
    t.start()
    try:
        for i in range(4):
            pages(workdir / f"d{i}", [f"{i}{j}.md" for j in range(6)], "Cancel a task or a file. ")
            for d in pair:
                d.ok("add", workdir / f"d{i}", "-q", "--collection", f"d{i}",
                     *(KEPT if d is words else NEVER))
        words.ok("remove", "d1", "--yes")
        plain.ok("remove", "d1", "--yes")
    finally:
        stop.set()
        t.join()
    try:
        assert not broken and (words.cache / "index/words").exists()
        assert ask(s, QUESTIONS) == answers(plain)
    finally:
        s.stop()


def test_it_grows_while_pages_come(build, tmp_path, workdir):
    """What grew over several transactions is what one look at all passages makes."""
    docfs = Docfs(build, tmp_path / "cache")
    new = workdir / "new"
    pages(new, ["a.md", "b.md", "c.md"], "Cancel the task, then list tasks. ")
    line = "task " + "x" * 2500 + "\n\n"
    (new / "0.txt").write_text(line * ((17 << 20) // len(line)))  # more than a transaction takes
    docfs.ok("add", new, "-q", *KEPT)
    file = docfs.cache / "index/words"
    grown = file.read_bytes()
    file.unlink()
    docfs.ok("refresh", "-q", *KEPT)
    assert file.read_bytes() == grown


def test_it_is_renewed_at_rest(pair, build, tmp_path, workdir, mount_of):
    words, plain = pair
    file = words.cache / "index/words"
    old = file.read_bytes()
    pages(workdir / "new", ["a.md", "b.md", "c.md"], "Cancel the task, then list tasks. ")
    for d in pair:
        d.ok("add", workdir / "new", "-q", "--collection", "new", *NEVER)
    want = answers(plain)
    other = Docfs(build, tmp_path / "other/cache")
    shutil.copytree(words.cache, other.cache)
    (other.cache / "index/words").unlink()
    other.ok("refresh", "-q", *KEPT)
    fresh = (other.cache / "index/words").read_bytes()
    assert file.read_bytes() == old != fresh
    for _ in range(3):  # killed whatever it was doing
        Server(words, "--set", "index.rest=1ms").start().stop(signal.SIGKILL)
        assert file.read_bytes() in (old, fresh) and answers(words) == want
    file.write_bytes(old)
    (words.cache / "index/words.tmp.1.0").write_bytes(b"left behind")
    mount_of(words, "--set", "index.rest=1ms")
    wait_until(lambda: file.read_bytes() == fresh, what="index/words of a mount")
    assert answers(words) == want
    file.write_bytes(old)
    s = Server(words, "--set", "index.rest=1ms").start()
    try:
        assert ask(s) == want
        wait_until(lambda: file.read_bytes() == fresh, what="index/words")
        assert ask(s) == want
    finally:
        s.stop()
    assert [p.name for p in file.parent.glob("words*")] == ["words"]
