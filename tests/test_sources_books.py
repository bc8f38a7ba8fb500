"""EPUB and office documents, made by pandoc and by hand."""
import os
import shutil
import subprocess
import zipfile

import pytest

BOOK = "# Chapter one\n\nHow to trim the wick.\n\n# Chapter two\n\nOil of whales.\n\n```c\nint lit;\n```\n"

CONTAINER = """<?xml version="1.0"?><container xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>"""
OPF = """<?xml version="1.0"?><package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>
<dc:title>The Lamp</dc:title><dc:language>en</dc:language></metadata><manifest>
<item id="b" href="text/two%20b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/one.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="a"/><itemref idref="b"/><itemref idref="missing"/></spine></package>"""


def epub(path, **more):
    page = "<html xmlns='http://www.w3.org/1999/xhtml'><head><title>{0}</title></head>" \
           "<body><h1>{0}</h1><p>{1}</p></body></html>"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        z.writestr("META-INF/container.xml", more.get("container", CONTAINER))
        z.writestr("OEBPS/book.opf", more.get("opf", OPF))
        z.writestr("OEBPS/text/one.xhtml", page.format("Beginning", "How to trim the wick."))
        z.writestr("OEBPS/text/two b.xhtml", page.format("End", "Oil of whales."))
        if "extra" in more:
            z.writestr("OEBPS/extra.xhtml", more["extra"])
    return path


def documents(docfs, name):
    return docfs.json("list", name)["documents"]


def test_chapters_in_reading_order(docfs, tmp_path):
    docfs.ok("add", epub(tmp_path / "lamp.epub"))
    docs = documents(docfs, "lamp.epub")
    assert len(docs) == 2 and "001-one" in docs[0]["path"] and "002-two" in docs[1]["path"]
    hit = docfs.json("search", "whales")["hits"][0]
    assert hit["title"] == "End"
    assert docfs.json("cat", f"lamp.epub/{docs[0]['path']}")["document"]["format"] == "epub"


def test_a_book_in_a_directory_and_from_pandoc(docfs, tmp_path):
    d = tmp_path / "shelf"
    d.mkdir()
    subprocess.run(["pandoc", "-o", d / "book.epub", "--metadata", "title=Book"], input=BOOK,
                   text=True, check=True)
    docfs.ok("add", d)
    assert "int lit;" in docfs.ok("search", "whales").out + \
        "".join(docfs.ok("cat", f"shelf/{x['path']}").out for x in documents(docfs, "shelf"))


@pytest.mark.parametrize("kind", ["docx", "odt", "rtf"])
def test_office_documents(docfs, tmp_path, kind):
    d = tmp_path / "office"
    d.mkdir()
    subprocess.run(["pandoc", "-s", "-o", d / f"paper.{kind}"], input=BOOK, text=True, check=True)
    docfs.ok("add", d)
    [doc] = documents(docfs, "office")
    text = docfs.ok("cat", f"office/{doc['path']}").out
    assert "# Chapter two" in text and "Oil of whales." in text and "int lit;" in text


@pytest.mark.parametrize("kind", ["docx", "odt", "rtf"])
def test_office_without_pandoc(docfs, tmp_path, kind):
    d = tmp_path / "office"
    d.mkdir()
    subprocess.run(["pandoc", "-s", "-o", d / f"paper.{kind}"], input=BOOK, text=True, check=True)
    only = tmp_path / "bin"
    only.mkdir()
    for tool in ("mandoc", "pdftotext"):
        if shutil.which(tool):
            os.symlink(shutil.which(tool), only / tool)
    docfs.adds_nothing(d, env={"PATH": str(only)})
    r = docfs.ok("list", "--failures")
    assert "apt install pandoc" in r.out and documents(docfs, "office") == []
    docfs.ok("refresh")  # with pandoc there it is read
    assert len(documents(docfs, "office")) == 1


TEXTS = {"a.md": "# Lamp\n\n- wick\n", "b.rst": "Lamp\n====\n\n* wick\n", "c.adoc": "= Lamp\n\n* wick\n",
         "d.html": "<h1>Lamp</h1><ul><li>wick</li></ul>", "e.txt": "LAMP\n\nwick\n",
         "f.mdx": "import X from 'x'\n\n# Lamp\n\n- wick\n",
         "g.ipynb": '{"cells": [{"cell_type": "markdown", "source": ["# Lamp\\n", "- wick"]}], "nbformat": 4}'}


def test_texts_need_no_helper(docfs, tmp_path):
    """Neither pandoc nor any other program is asked for what is text."""
    d = tmp_path / "texts"
    d.mkdir()
    for name, text in TEXTS.items():
        (d / name).write_text(text)
    (tmp_path / "none").mkdir()
    docfs.ok("add", d, env={"PATH": str(tmp_path / "none")})
    assert len(documents(docfs, "texts")) == len(TEXTS)
    for x in documents(docfs, "texts"):
        assert "wick" in docfs.ok("cat", f"texts/{x['path']}").out


def test_hostile_books(docfs, tmp_path):
    d = tmp_path / "bad"
    d.mkdir()
    epub(d / "nocontainer.epub", container="<nothing/>")
    epub(d / "noopf.epub", container=CONTAINER.replace("book.opf", "other.opf"))
    epub(d / "climb.epub", opf=OPF.replace("text/one.xhtml", "../../../../etc/passwd"))
    epub(d / "bomb.epub", extra="<p>" + "x" * (60 << 20))
    whole = epub(d / "whole.epub").read_bytes()
    (d / "cut.epub").write_bytes(whole[:400])
    (d / "text.epub").write_text("just text\n")
    (d / "text.docx").write_text("just text\n")
    docfs.ok("add", d)
    why = {f["path"]: f["reason"] for f in docfs.json("list", "--failures")["failures"]}
    assert "container.xml" in why["nocontainer.epub"] and "container.xml" in why["noopf.epub"]
    assert "bomb" in why["bomb.epub"]
    assert "cut.epub" in why
    assert "not what its name says" in why["text.epub"] + why["text.docx"]
    names = [x["path"] for x in documents(docfs, "bad")]
    assert any(n.startswith("climb") for n in names) and not any("passwd" in n for n in names)
