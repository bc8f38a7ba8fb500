"""docfs tune on a small model in which words that say nothing weigh as much as telling ones."""
import random
import re
import sqlite3

import pytest

from lib import staticmodel

NOISE = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot"]


def topics(n):
    rng = random.Random(5)
    letters = "bcdfghklmnprstvz"
    made = set()
    while len(made) < n:
        made.add("".join(rng.choice(letters) + rng.choice("aeiou") for _ in range(4)))
    return sorted(made)


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """Topics and noise words have rows of equal length, so noise drowns the topics."""
    rng = random.Random(1)
    words = topics(600) + NOISE
    path = tmp_path_factory.mktemp("model") / "docfs.model"
    staticmodel.write(path, words, [[rng.randint(-90, 90) for _ in range(64)] for _ in words])
    return path


def folder(where, noisy, n=300):
    rng = random.Random(2)
    names = topics(600)
    where.mkdir()
    for i in range(n):
        a, b = names[2 * i], names[2 * i + 1]
        noise = lambda k: " ".join(rng.choice(NOISE) for _ in range(k)) if noisy else ""
        (where / f"{i}.md").write_text(
            f"# {a} {noise(3)}\n\n{a} {noise(6)} {b} {noise(6)} {a} {names[rng.randrange(600)]}"
            f" {names[rng.randrange(600)]} {names[rng.randrange(600)]}\n\n"
            f"## {b} {noise(3)}\n\n{b} {noise(8)} {a} {names[rng.randrange(600)]} {noise(4)} {b}"
            f" {names[rng.randrange(600)]}\n\n" + "filler " * 120 + "\n")
    return where


@pytest.fixture
def tuned(docfs, small_model, tmp_path):
    class Tuned:
        env = {"DOCFS_MODEL": str(small_model)}

        def ok(self, *args):
            return docfs.ok(*args, env=self.env)

        def run(self, *args):
            return docfs.run(*args, env=self.env)

        def json(self, *args):
            return docfs.ok(*args, "--json", env=self.env).json

        def meta(self, key):
            db = sqlite3.connect(docfs.cache / "docfs.db")
            row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
            db.close()
            return row[0] if row else ""
    return Tuned()


def test_noise_is_learned_and_kept_and_can_be_undone(tuned, tmp_path):
    d = folder(tmp_path / "d", noisy=True)
    tuned.ok("add", d, "--collection", "c")
    plain = tuned.meta("fingerprint")
    assert plain.startswith("docfs/test-1-")
    before = tuned.json("search", "mode=vec " + topics(600)[7])
    r = tuned.json("tune")
    assert r["kept"] and r["after"] > r["before"] + 0.02 and r["pairs"] > 400 and r["held_out"] > 20
    name = tuned.meta("fingerprint")
    assert re.fullmatch(re.escape(plain[:-len("/64/l2")]) + r"\+[0-9a-f]{8}/64/l2", name)
    assert tuned.json("status")["vectors"] == tuned.json("status")["passages"]
    assert tuned.json("search", "mode=vec " + topics(600)[7])["note"] == ""
    assert tuned.ok("verify").out.startswith("sound")
    (d / "0.md").write_text("# New\n\nalpha " + topics(600)[9] + "\n")
    tuned.ok("refresh")
    assert tuned.meta("fingerprint") == name, "what comes later is embedded alike"
    tuned.ok("tune", "--undo")
    assert tuned.meta("fingerprint") == plain
    after = tuned.json("search", "mode=vec " + topics(600)[7])
    assert [h["path"] for h in after["hits"]][:3] == [h["path"] for h in before["hits"]][:3]
    r = tuned.run("tune", "--undo")
    assert r.code != 0 and "nothing to undo" in r.err


def test_links_and_feedback_are_pairs_too(tuned, tmp_path):
    d = folder(tmp_path / "d", noisy=True)
    tuned.ok("add", d, "--collection", "c")
    plain = tuned.json("tune")["pairs"]
    for i in range(5):
        tuned.ok("feedback", "helpful", f"c/{i}.md", "--query", topics(600)[2 * i])
    assert tuned.json("tune")["pairs"] == plain + 5
    names = topics(600)
    (d / "links.md").write_text(f"# Index\n\n[{names[0]} page](0.md) and [{names[3]} part]"
                                f"(1.md#{names[3]}-{NOISE[0]}) and [elsewhere](https://example.org/0.md)\n")
    tuned.ok("refresh")
    after = tuned.json("tune")["pairs"]
    assert after >= plain + 6, "a link to a page of the cache is a question for it"


def test_the_same_cache_gives_the_same_adaptation(tuned, tmp_path):
    tuned.ok("add", folder(tmp_path / "d", noisy=True), "--collection", "c")
    tuned.ok("tune")
    first = tuned.meta("fingerprint")
    tuned.ok("tune", "--undo")
    tuned.ok("tune")
    assert tuned.meta("fingerprint") == first


def test_what_does_not_help_is_not_kept(tuned, tmp_path):
    """Headings that have nothing to do with what stands below them teach nothing."""
    d = tmp_path / "d"
    d.mkdir()
    rng = random.Random(3)
    names = topics(600)
    for i in range(400):
        (d / f"{i}.md").write_text(f"# {rng.choice(names)} {rng.choice(names)}\n\n"
                                   + " ".join(rng.choice(names) for _ in range(40)) + "\n")
    tuned.ok("add", d, "--collection", "c")
    plain = tuned.meta("fingerprint")
    r = tuned.json("tune")
    assert not r["kept"] and tuned.meta("fingerprint") == plain
    assert "stays as it is" in tuned.ok("tune").out


def test_too_little_to_learn_from_is_said(tuned, tmp_path):
    tuned.ok("add", folder(tmp_path / "d", noisy=True, n=5), "--collection", "c")
    r = tuned.run("tune")
    assert r.code != 0 and "too few" in r.err


def test_only_the_built_in_model_is_adapted(docfs, tuned, tmp_path):
    tuned.ok("add", folder(tmp_path / "d", noisy=True, n=5), "--collection", "c")
    r = docfs.run("tune", env={"DOCFS_MODEL": "none"})
    assert r.code != 0 and "no trained model" in r.err
    tuned.ok("config", "set", "embed.model", "/nowhere")
    assert tuned.run("tune").code != 0


def test_a_new_model_ends_the_adaptation(docfs, tuned, tmp_path):
    tuned.ok("add", folder(tmp_path / "d", noisy=True), "--collection", "c")
    tuned.ok("tune")
    rng = random.Random(9)
    words = topics(600)
    other = tmp_path / "other.model"
    staticmodel.write(other, words, [[rng.randint(-90, 90) for _ in range(64)] for _ in words],
                      name="test-2")
    env = {"DOCFS_MODEL": str(other)}
    r = docfs.ok("search", topics(600)[3], "--json", env=env).json
    assert r["hits"] and "docfs reembed" in r["note"]
    docfs.ok("reembed", env=env)
    assert tuned.meta("fingerprint").startswith("docfs/test-2-") and "+" not in tuned.meta("fingerprint")
    assert docfs.ok("search", topics(600)[3], "--json", env=env).json["note"] == ""


def test_damaged_factors_lead_nowhere(docfs, tuned, tmp_path):
    tuned.ok("add", folder(tmp_path / "d", noisy=True), "--collection", "c")
    tuned.ok("tune")
    db = sqlite3.connect(docfs.cache / "docfs.db")
    for damage in (b"", b"DFTN", b"DFTN" + b"\xff" * 400):
        db.execute("UPDATE tunings SET factors = ?", (damage,))
        db.commit()
        r = tuned.json("search", topics(600)[3])
        assert r["hits"] and "damaged" in r["note"]
    tuned.ok("tune", "--undo")
    assert tuned.json("search", topics(600)[3])["note"] == ""
