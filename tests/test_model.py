"""The trained model: found without a setting, told when it is missing or damaged, and made again by
tools/model."""
import json
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import pytest

from lib.docfs import Docfs

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOLS = ROOT / "tools/model"

PAGES = {
    "folders.md": "# Folders\n\n## rmdir\n\nDelete directories that hold no files.\n",
    "matrix.md": "# Matrices\n\n## product\n\nMultiply two arrays of numbers.\n",
    "mail.md": "# Post\n\n## queue\n\nMessages wait for delivery by the transfer agent.\n",
}


@pytest.fixture
def pages(tmp_path):
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, text in PAGES.items():
        (folder / name).write_text(text)
    return folder


def fingerprint(docfs, **env):
    r = docfs.ok("status", "--json", env=env).json
    return json.dumps(r)


def test_search_uses_the_model_without_a_setting(docfs, pages):
    docfs.ok("add", pages)
    assert "docfs/docs-" in fingerprint(docfs)
    hits = docfs.json("search", "remove an empty folder")["hits"]
    assert hits[0]["path"].endswith("folders.md")


def test_vectors_of_another_model_wait_for_reembed(docfs, pages, serve):
    docfs.ok("add", pages)
    db = sqlite3.connect(docfs.cache / "docfs.db")
    db.execute("UPDATE meta SET value = 'docfs/docs-0-0/256/l2' WHERE key = 'fingerprint'")
    db.commit()
    db.close()
    s = serve(docfs, "--read-only")
    for q in "delete directories", "arrays of numbers":
        r = s.json("/api/v1/search", q=q, explain="true")
        assert "docfs reembed" in r["note"] and "docfs/docs-0-0" in r["note"]
        assert r["results"][0]["why"]["vec_rank"] is None
    docfs.ok("reembed")
    r = s.json("/api/v1/search", q="messages for delivery", explain="true")
    assert r["note"] is None and r["results"][0]["why"]["vec_rank"] == 1


def test_installed_beside_its_prefix(build, pages, tmp_path):
    prefix = tmp_path / "prefix"
    (prefix / "bin").mkdir(parents=True)
    (prefix / "share/docfs").mkdir(parents=True)
    shutil.copy(build / "tools/cli/docfs", prefix / "bin/docfs")
    shutil.copy(ROOT / "core/embed/docfs.model", prefix / "share/docfs/docfs.model")
    d = Docfs(build, tmp_path / "cache")
    d.program = prefix / "bin/docfs"
    d.ok("add", pages)
    assert "docfs/docs-" in fingerprint(d)


def test_none_is_the_hashing_embedder(docfs, pages):
    docfs.ok("add", pages, env={"DOCFS_MODEL": "none"})
    assert "docfs/hash/" in fingerprint(docfs, DOCFS_MODEL="none")
    hits = docfs.ok("search", "delete directories", "--json", env={"DOCFS_MODEL": "none"}).json["hits"]
    assert hits[0]["path"].endswith("folders.md")


@pytest.mark.parametrize("damage", ["short", "bit", "foreign", "missing"])
def test_a_damaged_model_is_named(docfs, pages, tmp_path, damage):
    model = tmp_path / "bad.model"
    data = bytearray((ROOT / "core/embed/docfs.model").read_bytes())
    if damage == "short":
        data = data[:100000]
    elif damage == "bit":
        data[-5] ^= 1
    elif damage == "foreign":
        data = b"\x7fELF" * 1000
    if damage != "missing":
        model.write_bytes(data)
    env = {"DOCFS_MODEL": str(model)}
    r = docfs.run("add", pages, env=env)
    assert str(model) in r.err, r
    r = docfs.ok("search", "delete directories", "--json", env=env)  # by words
    assert r.json["hits"][0]["path"].endswith("folders.md")


# ---- tools/model ----


def harvest(build, folder):
    files = sorted(folder.rglob("*.md"))
    text = "".join(f"demo\tdoc\t{f}\n" for f in files)
    r = subprocess.run([build / "tools/model/model-harvest"], input=text, text=True,
                       capture_output=True, timeout=60)
    assert r.returncode == 0, r.stderr
    return [line.split("\t") for line in r.stdout.splitlines()]


def test_harvest(build, tmp_path):
    (tmp_path / "a.md").write_text(
        "# Guide\n\nThis guide is about sockets and how they are opened by programs of all kinds.\n\n"
        "## Closing a socket\n\nCall close when you are done. The kernel then sends what is left in "
        "the buffers, and frees the descriptor, so that another file may have its number. Programs "
        "that keep descriptors open run out of them sooner or later.\n")
    pairs = harvest(build, tmp_path)
    assert ["demo", "head", "Closing a socket", "Guide"] in [p[:4] for p in pairs]
    assert all(len(p) == 5 and "\n" not in p[4] for p in pairs)
    first = [p for p in pairs if p[1] == "first"]
    assert first and first[0][2] == "Call close when you are done"
    assert "Call close" not in first[0][4], "the answer must not hold the question"


def test_clean_drops_what_knows_a_test(tmp_path):
    bench = tmp_path / "bench/demo"
    bench.mkdir(parents=True)
    (bench / "queries.jsonl").write_text(
        json.dumps({"_id": "1", "text": "How do I open a file?"}) + "\n" +
        json.dumps({"_id": "2", "text": "one two three four five six seven eight nine"}) + "\n")
    pairs = ["s\thead\thow do I open a FILE\t\tUse open.", "s\thead\tfine\t\tnothing in common",
             "s\thead\tother\t\tx one two, three four five six seven eight y"]
    r = subprocess.run([sys.executable, TOOLS / "clean_pairs.py", tmp_path / "bench",
                        tmp_path / "report"], input="\n".join(pairs) + "\n", text=True,
                       capture_output=True, timeout=60)
    assert r.returncode == 0 and r.stdout.splitlines() == [pairs[1]]
    report = (tmp_path / "report").read_text()
    assert "3 pairs, 2 dropped" in report and "the question is a query" in report


def write_pairs(path):
    """Pairs whose questions share no word with their answers: only learning brings them together."""
    topics = [("remove", "delete"), ("folder", "directory"), ("picture", "image"),
              ("show", "display"), ("begin", "start"), ("quick", "fast")]
    lines = []
    for i in range(600):
        q, a = topics[i % len(topics)]
        lines.append(f"s{i % 3}\thead\t{q} item{i}\t\t{a} thing{i} with padding words number{i % 7}")
    path.write_text("\n".join(lines) + "\n")


def train(build, pairs, out, *options):
    r = subprocess.run([build / "tools/model/model-train", "--pairs", pairs, "--out", out, "--words",
                        "400", "--buckets", "64", "--dim", "32", "--batch", "64", "--epochs", "6",
                        "--rate", "0.01", *options], capture_output=True, text=True, timeout=120)
    assert r.returncode == 0, r.stderr
    return out.read_bytes()


def test_training_is_reproducible_and_learns(build, docfs, tmp_path):
    write_pairs(tmp_path / "pairs.tsv")
    one = train(build, tmp_path / "pairs.tsv", tmp_path / "a.model", "--threads", "1")
    two = train(build, tmp_path / "pairs.tsv", tmp_path / "b.model", "--threads", "2")
    assert one == two, "the number of threads must not change the model"
    other = train(build, tmp_path / "pairs.tsv", tmp_path / "c.model", "--seed", "2")
    assert one != other

    env = {"DOCFS_MODEL": str(tmp_path / "a.model")}
    folder = tmp_path / "docs"
    folder.mkdir()
    for word in ("delete", "image", "fast"):
        (folder / f"{word}.md").write_text(f"# {word}\n\n{word} and padding words\n")
    docfs.ok("add", folder, env=env)
    for query, want in (("remove", "delete.md"), ("picture", "image.md"), ("quick", "fast.md")):
        hits = docfs.ok("search", query, "mode:vec", "--json", env=env).json["hits"]
        assert hits[0]["path"].endswith(want), query


def test_train_says_what_is_missing(tmp_path):
    r = subprocess.run([TOOLS / "train", "--bench", tmp_path / "none"], capture_output=True,
                       text=True, timeout=60)
    assert r.returncode != 0 and "none" in r.stderr
    r = subprocess.run([TOOLS / "train", "--bench", tmp_path, "--build", tmp_path],
                       capture_output=True, text=True, timeout=60)
    assert r.returncode != 0 and "meson setup" in r.stderr


def test_eval_against_another_mode(docfs, tmp_path):
    (tmp_path / "c.jsonl").write_text("".join(
        json.dumps({"_id": name, "title": "", "text": text}) + "\n" for name, text in PAGES.items()))
    (tmp_path / "q.jsonl").write_text(json.dumps({"_id": "1", "text": "remove folders"}) + "\n" +
                                      json.dumps({"_id": "2", "text": "transfer agent"}) + "\n")
    (tmp_path / "r.tsv").write_text("q\td\ts\n1\tfolders.md\t1\n2\tmail.md\t1\n")
    r = docfs.json("eval", "--corpus", tmp_path / "c.jsonl", "--queries", tmp_path / "q.jsonl",
                   "--qrels", tmp_path / "r.tsv", "--against", "lex")
    low, high = r["ndcg_interval"]
    assert low <= r["ndcg_at_10"] <= high
    assert r["gain"]["against"] == "lex" and 0 <= r["gain"]["chance"] <= 1
    assert r["ndcg_at_10"] == 1
