"""Docsets, DevDocs bundles and Sphinx inventories: recognised in a directory and in an archive."""
import gzip
import io
import json
import sqlite3
import subprocess
import tarfile
import zlib

import pytest

PAGE = "<html><head><title>{0}</title></head><body><h1>{0}</h1><p>{1}</p></body></html>"
PAGES = {"index.html": ("Welcome", "All about lamps."),
         "api/wick.html": ("wick &mdash; manual", "How to trim the wick."),
         "api/oil.html": ("oil &mdash; manual", "Oil of whales, formerly.")}


def write_pages(root):
    for name, (title, text) in PAGES.items():
        p = root / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(PAGE.format(title, text))


def docset(tmp_path, schema="dash", packed=False):
    root = tmp_path / "Lamp.docset"
    res = root / "Contents/Resources"
    (res / "Documents").mkdir(parents=True)
    (root / "Contents/Info.plist").write_text("<plist><dict/></plist>")
    write_pages(res / "Documents")
    db = sqlite3.connect(res / "docSet.dsidx")
    rows = [("Wick Class", "Class", "api/wick.html"), ("Wick.trim", "Method", "api/wick.html#trim"),
            ("Oil Class", "Class", "<dash_entry_name=Oil>api/oil.html")]
    if schema == "dash":
        db.execute("CREATE TABLE searchIndex(id INTEGER PRIMARY KEY, name TEXT, type TEXT, path TEXT)")
        db.executemany("INSERT INTO searchIndex(name, type, path) VALUES (?,?,?)", rows)
    else:
        db.executescript("""CREATE TABLE ztoken(z_pk INTEGER PRIMARY KEY, ztokenname TEXT,
              ztokentype INT, zmetainformation INT);
            CREATE TABLE ztokentype(z_pk INTEGER PRIMARY KEY, ztypename TEXT);
            CREATE TABLE zfilepath(z_pk INTEGER PRIMARY KEY, zpath TEXT);
            CREATE TABLE ztokenmetainformation(z_pk INTEGER PRIMARY KEY, zfile INT, zanchor TEXT);
            INSERT INTO ztokentype VALUES (1, 'Class');""")
        for i, (name, _, path) in enumerate(rows, 1):
            path, _, anchor = path.partition("#")
            db.execute("INSERT INTO zfilepath VALUES (?,?)", (i, path))
            db.execute("INSERT INTO ztokenmetainformation VALUES (?,?,?)", (i, i, anchor or None))
            db.execute("INSERT INTO ztoken VALUES (?,?,1,?)", (i, name, i))
    db.commit()
    db.close()
    if packed:
        with tarfile.open(res / "tarix.tgz", "w:gz") as t:
            t.add(res / "Documents", "Lamp.docset/Contents/Resources/Documents")
        import shutil
        shutil.rmtree(res / "Documents")
    return root


def titles(docfs, collection):
    out = {}
    for d in docfs.json("list", collection)["documents"]:
        doc = docfs.json("cat", f"{collection}/{d['path']}")["document"]
        out[d["path"]] = doc["title"]
    return out


WANTED = {"api/oil.md": "Oil Class", "api/wick.md": "Wick Class", "index.md": "Welcome"}


@pytest.mark.parametrize("schema", ["dash", "zdash"])
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "tarix"])
def test_docset_directory(docfs, tmp_path, schema, packed):
    docfs.ok("add", docset(tmp_path, schema, packed), "--collection", "lamp")
    assert titles(docfs, "lamp") == WANTED
    assert "wick" in docfs.ok("search", "trim").out
    assert docfs.json("refresh", "lamp")["unchanged"] == 3


def test_docset_archive(docfs, tmp_path):
    docset(tmp_path, packed=True)
    tgz = tmp_path / "Lamp.tgz"
    subprocess.run(["tar", "-czf", tgz, "-C", tmp_path, "Lamp.docset"], check=True)
    docfs.ok("add", tgz, "--include", "*.html")
    assert titles(docfs, "lamp") == WANTED


def test_hostile_docset_index(docfs, tmp_path):
    root = docset(tmp_path)
    index = root / "Contents/Resources/docSet.dsidx"
    good = index.read_bytes()
    index.write_bytes(good[:100] + b"\xff" * 400 + good[500:])
    r = docfs.run("add", root, "--collection", "bad")
    assert r.code == 0 or "docSet.dsidx" in r.err
    index.unlink()
    db = sqlite3.connect(index)  # a view that would never end
    db.execute("CREATE VIEW searchIndex AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL "
               "SELECT x+1 FROM c) SELECT x AS name, x AS type, x AS path FROM c")
    db.commit()
    db.close()
    docfs.ok("add", root, "--collection", "view")
    assert titles(docfs, "view")["api/wick.md"] == "wick — manual", "views are not run"
    index.write_text("no database")
    r = docfs.run("add", root, "--collection", "text")
    assert r.code != 0 and "not an SQLite database" in r.err


def devdocs(tmp_path, form):
    index = {"entries": [{"name": "Wick", "path": "api/wick", "type": "API"},
                         {"name": "Wick.trim()", "path": "api/wick#trim", "type": "API"},
                         {"name": "Lamps", "path": "index", "type": "Guide"}],
             "types": [{"name": "API", "count": 2, "slug": "api"}]}
    db = {"index": "<h1>Welcome</h1><p>All about lamps.</p>",
          "api/wick": "<h1>The wick</h1><p>How to trim the wick.</p>",
          "../escape": "<h1>Escaped</h1>"}
    meta = {"name": "Lamp", "slug": "lamp~1", "mtime": 1700000000, "type": "sphinx"}
    root = tmp_path / "lamp~1"
    root.mkdir()
    for name, data in (("index", index), ("db", db), ("meta", meta)):
        (root / f"{name}.json").write_text(json.dumps(data))
    if form == "directory":
        return root
    out = tmp_path / "lamp~1.tar.gz"
    with tarfile.open(out, "w:gz") as t:
        for p in sorted(root.iterdir()):
            t.add(p, p.name)
    return out


@pytest.mark.parametrize("form", ["directory", "archive"])
def test_devdocs(docfs, tmp_path, form):
    docfs.ok("add", devdocs(tmp_path, form), "--collection", "lamp")
    assert titles(docfs, "lamp") == {"index.md": "Lamps", "api/wick.md": "Wick"}
    hit = docfs.json("search", "trim the wick")["hits"][0]
    assert hit["url"] == "https://devdocs.io/lamp~1/api/wick"
    failed = docfs.json("list", "--failures", "lamp")["failures"]
    assert [f["path"] for f in failed] == ["../escape.html"]
    assert docfs.json("refresh", "lamp")["unchanged"] >= 2


def test_a_single_file_beside_a_bundle(docfs, tmp_path):
    root = devdocs(tmp_path, "directory")
    (root / "README.md").write_text("# Read me\n")
    docfs.ok("add", root / "README.md", "--collection", "one")
    assert list(titles(docfs, "one")) == ["README.md"]


def inventory(lines, head="# Sphinx inventory version 2"):
    return (f"{head}\n# Project: Lamp\n# Version: 1.2\n# The remainder of this file is compressed "
            "using zlib.\n").encode() + zlib.compress("\n".join(lines).encode())


LINES = ["api/oil std:doc -1 api/oil.html The oil of the lamp",
         "api/wick std:doc -1 api/wick.html -",
         "index std:doc -1  Lamp handbook",
         "Wick.trim py:method 1 api/wick.html#$ -",
         "a name with blanks std:label -1 api/wick.html#x Some label"]


def test_sphinx_titles(docfs, tmp_path):
    root = tmp_path / "html"
    write_pages(root / "sub")
    (root / "sub/objects.inv").write_bytes(inventory(LINES))
    (root / "other.md").write_text("# Other\n")
    docfs.ok("add", root, "--collection", "lamp")
    t = titles(docfs, "lamp")
    assert t["sub/api/oil.md"] == "The oil of the lamp" and t["sub/api/wick.md"] == "wick — manual"
    assert t["sub/index.md"] == "Lamp handbook"


def test_sphinx_repeats_nothing(docfs, tmp_path):
    root = tmp_path / "html"
    write_pages(root)
    (root / "objects.inv").write_bytes(inventory(LINES))
    for name in ("_sources/api/oil.rst.txt", "_sources/api/wick.md", "_sources/only-here.rst.txt",
                 "_sources/noext"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("Oil\n===\n\nOil of whales, formerly.\n")
    for name in ("genindex.html", "genindex-A.html", "search.html", "api/search.html",
                 "index.html", "contents.html"):
        (root / name).write_text(PAGE.format("Index", "oil, wick"))
    (root / ".buildinfo").write_text("# Sphinx build info version 1\nconfig: 0\n")
    docfs.ok("add", root, "--collection", "lamp")
    t = titles(docfs, "lamp")
    assert {"api/oil.md", "api/wick.md", "api/search.md"} < set(t)
    assert {p for p in t if p.startswith("_sources")} == {"_sources/only-here.rst.md", "_sources/noext.md"}
    assert not any(p.startswith(("genindex", "search", "contents")) for p in t)
    why = docfs.ok("list", "--failures", "lamp").out
    assert "_sources/api/oil.rst.txt\tthe source text of a page that is here" in why
    assert "genindex-A.html\tgenerated by Sphinx" in why
    assert "contents.html\tgenerated by Sphinx (the contents" in why
    assert ".buildinfo\tgenerated by Sphinx" in why


def test_pages_are_not_repeated_by_what_lies_beside_them(docfs, tmp_path):
    root = tmp_path / "docs"
    write_pages(root)
    write_pages(root / "book")
    for name in ("all.html", "print.html", "book/all.html", "book/print.html"):
        (root / name).write_text(PAGE.format("All", "Oil and wick, " + name))
    for name in ("all.json", "api/wick.json", "api/alone.json"):
        (root / name).write_text('{"name": "wick"}')
    (root / "api/oil.json.gz").write_bytes(gzip.compress(b'{"name": "oil"}'))
    for name in ("api/oil.md", "api/wick.md", "book/api/oil.md"):
        (root / name).write_text("# Oil\n\nOf whales, formerly.\n")
    (root / "book/ayu-highlight-0a1b.css").write_text("p { }")
    docfs.ok("add", root, "--collection", "lamp")
    pages = [f"{d}{p}.md" for d in ("", "book/") for p in ("index", "api/wick", "api/oil")]
    assert docfs.paths("lamp") == sorted(pages + ["api/alone.md", "print.md", "book/all.md", "book/api/oil.md.md"])
    why = docfs.ok("list", "--failures", "lamp").out
    assert "all.html\tall pages in one" in why and "book/print.html\tall pages of the book" in why
    assert "api/oil.json.gz\tthe data of a page" in why and "api/wick.json\t" in why


@pytest.mark.parametrize("data", [
    b"", b"# Sphinx inventory version 2\n", b"# Sphinx inventory version 2\na\nb\nc\nnot zlib",
    inventory(LINES)[:-20], inventory(["x"] * 10), inventory(["a std:doc", "b std:doc 1", "c std:doc 1 "])],
    ids=["empty", "head", "garbage", "cut", "other", "short lines"])
def test_a_damaged_inventory_costs_only_the_titles(docfs, tmp_path, data):
    root = tmp_path / "html"
    write_pages(root)
    (root / "objects.inv").write_bytes(data)
    docfs.ok("add", root, "--collection", "lamp")
    assert "index.md" in titles(docfs, "lamp")


def test_an_inventory_that_never_ends(docfs, tmp_path):
    root = tmp_path / "html"
    write_pages(root)
    head = inventory([]).rsplit(b"\n", 1)[0] + b"\n"
    c = zlib.compressobj()
    bomb = io.BytesIO()
    for _ in range(200):
        bomb.write(c.compress(b"x" * (1 << 20)))
    bomb.write(c.flush())
    (root / "objects.inv").write_bytes(head + bomb.getvalue())
    docfs.ok("add", root, "--collection", "lamp")
    assert titles(docfs, "lamp")["index.md"] == "Welcome"
