"""Documentation goes in: formats, increments, outcomes, hostile files."""
import gzip
import lzma
import os
import subprocess

import pytest


def report(docfs, *args):
    return docfs.json(*args)


def cat(docfs, path):
    return docfs.ok("cat", path).out


def test_html_keeps_content_and_drops_navigation(shared_docfs):
    text = cat(shared_docfs, "demo@1/api/scheduler.md")
    assert text.startswith("# Scheduler\n")
    for noise in ("Sidebar", "Copyright footer", "tracking", "¶"):
        assert noise not in text
    assert "```python\nschedule(" in text
    assert "| high | runs before everything else |" in text


def test_front_matter_becomes_the_title(shared_docfs):
    text = cat(shared_docfs, "demo@1/guide/tasks.md")
    assert text.startswith("# Working with tasks\n") and "description:" not in text


def test_pages_of_markdoc_are_no_manual_pages(docfs, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/guide.mdoc").write_text("---\ntitle: A guide\n---\n\nTrim the *wick*.\n")
    (tmp_path / "d/lamp.mdoc").write_text(".Dd May 1, 2020\n.Dt LAMP 1\n.Sh NAME\n.Nm lamp\n.Nd light\n")
    docfs.ok("add", tmp_path / "d", "-c", "d")
    assert cat(docfs, "d/guide.mdoc.md").startswith("# A guide\n")
    assert "light" in cat(docfs, "d/lamp.mdoc.md") and ".Sh" not in cat(docfs, "d/lamp.mdoc.md")


def test_a_manual_page_may_begin_with_comments(docfs, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/lamp.1").write_text('\\"Copied from\n\\"elsewhere\n.TH LAMP 1\n.SH NAME\nlamp \\- light\n')
    docfs.ok("add", tmp_path / "d", "-c", "d")
    assert cat(docfs, "d/lamp.1.md").startswith("# lamp(1) - light\n")


def test_a_page_without_title_or_heading_is_named_by_its_path(docfs, tmp_path):
    named = {"02-runes/01-what-are-runes.md": "what are runes", "02-runes/index.md": "runes",
             "guide/README.md": "guide", "guide/_index.md": "guide", "api_keys.md": "api keys",
             "3.11.md": "3.11", "404.md": "404", "2-way.md": "2 way", "1.intro.md": "intro",
             "index.md": "index"}
    for path in named:
        (tmp_path / "d" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "d" / path).write_text(f"Words of {path} and nothing else.\n")
    named["lamp.md"] = "Lamp - light in ports"
    (tmp_path / "d/lamp.md").write_text("# NAME\n\n**Lamp** - light in `ports`\n\n# USE\n\nWords of nothing else.\n")
    named["CHANGES.md"] = "CHANGES"
    (tmp_path / "d/CHANGES.md").write_text("## 3.9.6\n\nWords of nothing else.\n")
    docfs.ok("add", tmp_path / "d", "-c", "d")
    found = docfs.json("search", "words of nothing else", "-k", "20")["hits"]
    titles = sorted(hit["title"] for hit in found)
    assert titles == sorted(named.values())


@pytest.mark.parametrize("path, parts", [
    ("api/queue.md", ["# Queue", "## Back pressure", "```python", "unbounded"]),
    ("man1/lighthouse.1.md", ["lighthouse", "--dry-run", "run tasks on a schedule"]),
    ("formats/networking.md", ["# Networking", "port 7700", "```yaml", "mutual TLS"]),
    ("formats/tutorial.md", ["# Notebook tutorial", "```python\nplot(", "median 12 ms"]),
    ("formats/notes.md", ["deprecated spool directory"]),
    ("formats/changes.md", ["histogram exporter"]),
    ("formats/openapi/tasks.md", ["DELETE /tasks/{id}", "Cancel a task"]),
    ("formats/openapi/workers.md", ["GET /workers"]),
])
def test_formats(shared_docfs, path, parts):
    text = cat(shared_docfs, "demo@1/" + path)
    for part in parts:
        assert part in text
    assert text.endswith("\n") and "\r" not in text


def make_pdf(path, *texts):
    """The smallest PDF with a page for each text."""
    pages = range(5, 5 + 2 * len(texts), 2)
    cmap = b"begincmap 1 begincodespacerange <00> <ff> endcodespacerange 1 beginbfchar <01> <0001> endbfchar endcmap"
    objects = [b"<</Type/Catalog/Pages 2 0 R>>",
               b"<</Type/Pages/Kids[%s]/Count %d>>" % (" ".join(f"{p} 0 R" for p in pages).encode(), len(texts)),
               b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/ToUnicode 4 0 R>>",
               b"<</Length %d>>stream\n%s\nendstream" % (len(cmap), cmap)]
    for p, text in zip(pages, texts):
        stream = "BT /F1 12 Tf 72 720 Td 14 TL".encode()
        stream += b"".join(b" (%s) Tj T*" % line.encode("latin-1") for line in text.split("\n")) + b" ET"
        objects += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents %d 0 R"
                    b"/Resources<</Font<</F1 3 0 R>>>>>>" % (p + 1),
                    b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream)]
    out, offsets = b"%PDF-1.4\n", []
    for n, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (n, body)
    xref, size = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size + b"".join(b"%010d 00000 n \n" % o for o in offsets)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, xref)
    path.write_bytes(out)


def test_a_large_pdf_is_a_page_for_each_of_its_parts(docfs, workdir):
    text = "\n".join("The wick of the lamp is trimmed by hand." for _ in range(45))
    names = [f"Lamp {chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(81)]
    make_pdf(workdir / "manual.pdf", "Manual of Lamps\n" + text,
             *(f"{n} {names[n]}\n{text}\nEnd of {names[n]}." for n in range(1, 81)))
    make_pdf(workdir / "small.pdf", "Small\n" + text, "1 Chapter\n#include <lamp.h>")
    docfs.ok("add", workdir, "--collection", "c")
    pages = docfs.paths("c")
    assert pages[-1] == "small.md" and len(pages) == 7 and pages[0] == "manual/001.md"
    assert "-lamp-" in pages[1]
    whole = "".join(cat(docfs, f"c/{p}") for p in pages[:-1])
    assert [whole.count(f"End of {n}.") for n in names[1:]] == [1] * 80
    titles = {h["title"] for h in docfs.json("search", "wick", "-k", "20")["hits"]}
    assert "Manual of Lamps: part 1" in titles and any(t.endswith(" " + n) for t in titles for n in names)


def test_pdf(docfs, workdir):
    signs = " \\001x" * 20  # of a font that does not say what they are
    make_pdf(workdir / "manual.pdf", "The flux capacitor needs maintenance" + signs)
    docfs.ok("add", workdir, "--collection", "c")
    assert "flux capacitor" in cat(docfs, "c/manual.md")


def test_compressed_files(docfs, workdir):
    (workdir / "a.md.gz").write_bytes(gzip.compress(b"# Gzip page\n\nhello\n"))
    (workdir / "b.md.xz").write_bytes(lzma.compress(b"# Xz page\n\nhello\n"))
    (workdir / "c.md").write_bytes(b"# Zstd page\n\nhello\n")
    subprocess.run(["zstd", "-q", "--rm", workdir / "c.md"], check=True)
    docfs.ok("add", workdir, "--collection", "c")
    for name, title in (("a", "Gzip"), ("b", "Xz"), ("c", "Zstd")):
        assert cat(docfs, f"c/{name}.md").startswith(f"# {title} page")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "iso-8859-1", "cp1252"])
def test_encodings(docfs, workdir, encoding):
    text = "# Überschrift\n\nDie Straße führt über die Brücke nach Köln, größer als früher.\n" * 4
    (workdir / "a.md").write_bytes(text.encode(encoding))
    docfs.ok("add", workdir, "--collection", "c")
    assert "Straße führt über die Brücke" in cat(docfs, "c/a.md")


def test_second_run_does_nothing_and_says_so(docfs, corpus):
    first = report(docfs, "add", corpus, "--collection", "demo")
    assert first["converted"] >= 11 and first["unchanged"] == 0
    second = report(docfs, "refresh", "demo")
    assert second["converted"] == 0 and second["documents"] == 0 and second["passages"] == 0
    assert second["unchanged"] == second["files"] == first["files"]
    assert "nothing changed" in docfs.ok("refresh", "demo").out


def test_changed_removed_and_touched_files(docfs, workdir):
    (workdir / "a.md").write_text("# A\n\nalpha\n")
    (workdir / "b.md").write_text("# B\n\nbeta\n")
    (workdir / "t.md").write_text("# T\n\ntau\n")
    docfs.ok("add", workdir, "--collection", "c")
    (workdir / "a.md").write_text("# A\n\nalpha changed into gamma\n")
    (workdir / "b.md").unlink()
    os.utime(workdir / "t.md", (1, 1))
    r = report(docfs, "refresh", "c")
    assert (r["converted"], r["removed"], r["unchanged"]) == (1, 1, 1)
    assert docfs.json("search", "gamma", "--mode", "lex")["hits"][0]["path"] == "a.md"
    assert docfs.run("search", "beta", "--mode", "lex").code == 1
    assert docfs.run("cat", "c/b.md").code == 5
    assert docfs.run("verify").code == 0


def test_renamed_file_keeps_its_id(docfs, workdir):
    (workdir / "old.md").write_text("# Page\n\nsome text about whales\n")
    docfs.ok("add", workdir, "--collection", "c")
    before = docfs.json("search", "whales")["hits"][0]
    (workdir / "sub").mkdir()
    (workdir / "old.md").rename(workdir / "sub/new.md")
    r = report(docfs, "refresh", "c")
    assert r["renamed"] == 1 and r["converted"] == 0
    after = docfs.json("search", "whales")["hits"][0]
    assert after["id"] == before["id"] and after["path"] == "sub/new.md"


def test_include_exclude_and_size(docfs, workdir):
    for name in ("a.md", "b.txt", "sub/c.md", "sub/private/d.md"):
        (workdir / name).parent.mkdir(parents=True, exist_ok=True)
        (workdir / name).write_text(f"# {name}\n\ntext\n")
    (workdir / "big.md").write_text("# big\n" + "x" * 5000)
    r = report(docfs, "add", workdir, "--collection", "c", "--include", "*.md", "--exclude",
               "sub/private/**", "--max-file", "4000")
    paths = docfs.ok("list", "c").out
    assert "a.md" in paths and "sub/c.md" in paths
    assert "b.md" not in paths and "d.md" not in paths and "big.md" not in paths
    assert r["failed"] + r["skipped"] == 1
    assert report(docfs, "refresh", "c")["files"] == r["files"], "a refresh keeps the patterns"


def test_one_bad_file_never_stops_the_job(docfs, workdir):
    (workdir / "good.md").write_text("# Good\n\nfine\n")
    (workdir / "bad.gz").write_bytes(gzip.compress(b"x" * 1000)[:-20])
    (workdir / "bad.ipynb").write_text('{"cells": [')
    (workdir / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    r = report(docfs, "add", workdir, "--collection", "c")
    assert r["converted"] == 1
    out = docfs.ok("list", "--failures", "c").out
    for name in ("bad.gz", "bad.ipynb", "image.png"):
        assert name in out


def test_same_stem_twice(docfs, workdir):
    (workdir / "page.md").write_text("# From markdown\n\none\n")
    (workdir / "page.rst").write_text("From rest\n=========\n\ntwo\n")
    docfs.ok("add", workdir, "--collection", "c")
    names = docfs.ok("list", "c").out
    assert names.count("page") >= 2
    assert docfs.json("status")["documents"] == 2


# ---- hostile input ----

def test_hostile_names(docfs, workdir):
    base = os.fsencode(workdir)
    for name in (b"new\nline.md", b"esc\x1b[31m.md", b"\xff\xfe.md", b"-rf.md", b"x" * 250 + b".md",
                 "ünïcödé.md".encode(), b"a'b\"c$(touch x).md", b".hidden.md"):
        with open(base + b"/" + name, "wb") as f:
            f.write(b"# " + name.replace(b"\n", b" ")[:40] + b"\n\nhostile body\n")
    r = report(docfs, "add", workdir, "--collection", "c")
    assert r["converted"] == 8 and r["failed"] == 0
    listed = docfs.ok("list", "c", "--json").out
    assert "\x1b" not in listed and "path_bytes" in listed
    assert len(docfs.json("search", "hostile body", "-k", "20")["hits"]) == 8


def test_links_are_not_followed(docfs, workdir, tmp_path):
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n\nclassified words\n")
    (workdir / "a.md").write_text("# A\n\nplain\n")
    (workdir / "link.md").symlink_to(secret)
    (workdir / "dir").symlink_to(tmp_path)
    (workdir / "loop").symlink_to(".")
    os.mkfifo(workdir / "pipe.md")
    docfs.ok("add", workdir, "--collection", "c", timeout=60)
    assert docfs.run("search", "classified", "--mode", "lex").code == 1


def test_man_page_cannot_include_files(docfs, workdir, tmp_path):
    (tmp_path / "secret").write_text("classified words\n")
    (workdir / "evil.1").write_text(
        f".TH EVIL 1\n.SH NAME\nevil \\- reads\n.SH DESCRIPTION\ntext\n.so {tmp_path}/secret\n"
        "'so /etc/passwd\nmore\n")
    docfs.run("add", workdir, "--collection", "c")
    assert docfs.run("search", "classified", "--mode", "lex").code == 1
    assert docfs.run("search", "root nologin", "--mode", "lex").code == 1


@pytest.mark.parametrize("name, data", [
    ("deep.html", b"<div>" * 100000 + b"bottom" + b"</div>" * 100000),
    ("deep.md", b"> " * 20000 + b"bottom\n"),
    ("lists.md", b"".join(b" " * i + b"- x\n" for i in range(3000))),
    ("deep.json", b'{"openapi":"3.0.0","paths":' + b'{"a":' * 50000),
    ("deep.ipynb", b"[" * 100000),
    ("bold.html", b"<b><i>" * 20000 + b"text"),
    ("attrs.html", b"<p " + b"a=b " * 50000 + b">text</p>"),
    ("nul.txt", b"text\0with\0nul " * 100),
    ("invalid.md", b"# ok\n\n\xff\xfe\xc3\x28 broken \xf0\x28\x8c\xbc\n"),
    ("grid.rst", b"+" + b"-+" * 5000 + b"\n"),
    ("alias.yaml", b"openapi: 3.0.0\na: &a [x,x,x,x,x,x,x,x,x]\n" + b"".join(
        b"%c: &%c [*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c,*%c]\n" % ((c + 1, c + 1) + (c,) * 9)
        for c in range(97, 106))),
    ("empty.md", b""),
    ("blank.html", b"<html></html>"),
    ("noise.txt", bytes(range(256)) * 50),
], ids=lambda v: v if isinstance(v, str) else "")
def test_hostile_content(docfs, workdir, name, data):
    (workdir / name).write_bytes(data)
    (workdir / "good.md").write_text("# Good\n\nsurvivor\n")
    docfs.ok("add", workdir, "--collection", "c", timeout=60)
    assert docfs.json("search", "survivor")["hits"][0]["path"] == "good.md"
    assert docfs.run("verify").code == 0


def test_100_mb_one_line_html(docfs, workdir):
    with open(workdir / "huge.html", "wb") as f:
        f.write(b"<html><body><p>")
        for _ in range(100):
            f.write(b"lorem ipsum dolor sit " * 47662)
        f.write(b"</p></body></html>")
    (workdir / "good.md").write_text("# Good\n\nsurvivor\n")
    docfs.ok("add", workdir, "--collection", "c", timeout=120)
    assert "huge.html" in docfs.ok("list", "--failures", "c").out
    assert docfs.json("search", "survivor")["hits"]


def test_gzip_bomb(docfs, workdir):
    with gzip.open(workdir / "bomb.txt.gz", "wb", compresslevel=9) as f:
        for _ in range(200):
            f.write(bytes(1 << 20))
    docfs.adds_nothing(workdir, "--collection", "c", timeout=60)
    assert "bomb.txt.gz" in docfs.ok("list", "--failures", "c").out


def test_ten_thousand_entries(docfs, workdir):
    for i in range(10000):
        (workdir / f"page{i:05}.md").write_text(f"# Page {i}\n\nnumber {i}\n")
    r = docfs.json("add", workdir, "--collection", "c", timeout=120)
    assert r["documents"] == 10000
    assert docfs.json("refresh", timeout=60)["unchanged"] == 10000


def test_the_index_of_a_book_is_no_page_of_it(docfs, workdir):
    """DocBook and Texinfo write one: lists of words and links, which match everything and say nothing."""
    for name in "bookindex.html", "Concept-Index.html", "ix01.html", "sql-reindex.html", "index.html":
        (workdir / name).write_text(f"<html><body><h1>{name}</h1><p>Wombats, where they are.</p></body></html>")
    docfs.ok("add", workdir, "-c", "c", "-q")
    assert {d["path"] for d in docfs.json("list", "c")["documents"]} == {"sql-reindex.md", "index.md"}
    assert docfs.ok("list", "--failures", "c").out.count("not documentation (index of other pages)") == 3
