"""Archives as sources: real ones of every kind, and hostile ones that must be refused."""
import http.server
import io
import os
import pathlib
import shutil
import stat
import subprocess
import tarfile
import threading
import zipfile

import pytest

PAGES = {"guide.md": "# Guide\n\nHow to trim the wick.\n",
         "deep/more.rst": "More\n====\n\nOil of whales.\n",
         "index.html": "<html><title>Home</title><body><h1>Home</h1><p>All about lamps.</p></body>",
         "logo.png": "\x89PNG not really"}


@pytest.fixture
def tree(tmp_path):
    root = tmp_path / "lamp-1.2"
    for name, text in PAGES.items():
        p = root / name
        p.parent.mkdir(parents=True, exist_ok=True)
        p.write_text(text)
    return root


def pack(tree, suffix):
    out = tree.parent / f"lamp-1.2{suffix}"
    if suffix == ".deb":
        root = tree.parent / "deb"
        doc = root / "usr/share/doc/lamp"
        shutil.copytree(tree, doc)
        (root / "DEBIAN").mkdir()
        (root / "DEBIAN/control").write_text(
            "Package: lamp\nVersion: 1.2\nArchitecture: all\nMaintainer: A <a@example.org>\n"
            "Description: lamps\n")
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, out], check=True,
                       capture_output=True)
    else:
        subprocess.run(["bsdtar", "-a", "-cf", out, "-C", tree.parent, tree.name], check=True)
    return out


@pytest.mark.parametrize("suffix", [".zip", ".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2",
                                    ".tar.zst", ".7z", ".deb"])
def test_kinds(docfs, tree, suffix):
    report = docfs.json("add", pack(tree, suffix))
    assert report["collection"] == "lamp-1.2" and report["failed"] == 0
    below = "usr/share/doc/lamp/" if suffix == ".deb" else ""
    assert docfs.paths("lamp-1.2") == sorted(
        [f"{below}deep/more.md", f"{below}guide.md", f"{below}index.md"])
    assert "whales" in docfs.ok("search", "whales").out
    assert docfs.json("list")["collections"][0]["kind"] == "archive"


def test_refresh_and_patterns(docfs, tree):
    out = pack(tree, ".tar.gz")
    docfs.ok("add", out, "--collection", "lamp", "--exclude", "deep/**")
    assert docfs.paths("lamp") == ["guide.md", "index.md"]
    assert docfs.json("refresh", "lamp")["converted"] == 0
    (tree / "guide.md").write_text("# Guide\n\nHow to trim the WICK.\n")  # the same size
    os.utime(tree / "guide.md", (1e9, 1e9))
    os.utime(tree / "index.html", (1e9, 1e9))
    pack(tree, ".tar.gz")
    report = docfs.json("refresh", "lamp")
    assert report["converted"] == 1, "decided by content, not by dates"
    docfs.ok("add", out, "--collection", "part", "--subdir", "deep")
    assert docfs.paths("part") == ["more.md"]
    r = docfs.run("add", out, "--collection", "none", "--subdir", "depp")
    assert r.code != 0 and "no directory depp" in r.err


class Site:
    """A web server with ETag, and things that go wrong."""

    def __init__(self, folder):
        outer = self
        self.seen = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                outer.seen.append(self.path)
                if self.path == "/moved.zip":
                    self.send_response(302)
                    self.send_header("Location", "http://169.254.1.1/x.zip")
                    self.end_headers()
                    return
                if self.path == "/private.zip" and self.headers.get("Authorization") != "Bearer sesame":
                    self.send_error(401)
                    return
                f = pathlib.Path(folder) / self.path.lstrip("/")
                if not f.is_file():
                    self.send_error(404)
                    return
                etag = f'"{f.stat().st_mtime_ns}"'
                if self.headers.get("If-None-Match") == etag:
                    self.send_response(304)
                    self.end_headers()
                    return
                data = f.read_bytes()
                self.send_response(200)
                self.send_header("ETag", etag)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
                outer.sent = len(data)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site(tmp_path):
    s = Site(tmp_path)
    yield s
    s.stop()


def test_by_url(docfs, tree, site):
    out = pack(tree, ".tar.xz")
    url = f"{site.base}/{out.name}"
    docfs.ok("add", url)
    hit = docfs.json("search", "trim the wick")["hits"][0]
    assert hit["url"] == f"{url}!/lamp-1.2/guide.md"
    assert docfs.json("list")["collections"][0]["revision"].startswith('"')
    site.sent = 0
    assert docfs.json("refresh", "lamp-1.2")["unchanged"] == 4
    assert site.sent == 0, "not fetched again"
    (tree / "guide.md").write_text("# Guide\n\nBuy a bulb.\n")
    pack(tree, ".tar.xz")
    assert docfs.json("refresh", "lamp-1.2")["converted"] == 1
    r = docfs.run("add", f"{site.base}/lamp-9.zip")
    assert r.code != 0 and "404" in r.err and "DOCFS_TOKEN_127_0_0_1" in r.err
    (tree.parent / "page.zip").write_text("<html>Sign in first</html>")
    r = docfs.run("add", f"{site.base}/page.zip")
    assert r.code != 0 and "--kind web" in r.err
    r = docfs.run("add", f"{site.base}/moved.zip")
    assert r.code != 0 and "169.254.1.1" in r.err
    r = docfs.run("add", "http://no-such-host.invalid/lamp.zip")
    assert r.code != 0 and "no-such-host.invalid" in r.err
    r = docfs.run("add", f"{site.base}/{out.name}", "--collection", "big",
                  env={"DOCFS_SOURCES_MAX_BYTES": "64K"}) if out.stat().st_size > 65536 else None
    assert r is None or r.code != 0


def test_private_archive(docfs, tree, site):
    pack(tree, ".zip").rename(tree.parent / "private.zip")
    url, variable = f"{site.base}/private.zip", "DOCFS_TOKEN_" + site.base[7:].replace(".", "_").replace(":", "_")
    r = docfs.run("add", url)
    assert r.code != 0 and "asks for a login" in r.err and variable in r.err and "sources.token_file" in r.err
    r = docfs.run("add", url, env={variable: "wrong"})
    assert r.code != 0 and "does not accept the token" in r.err and "wrong" not in r.err
    docfs.ok("add", url, env={variable: "sesame"})


# ---- hostile ones ----

def tar_with(path, *members):
    with tarfile.open(path, "w:gz") as t:
        for m, data in members:
            if isinstance(m, str):
                m = tarfile.TarInfo(m)
            m.size = len(data)
            t.addfile(m, io.BytesIO(data))
    return path


def special(name, kind, link=""):
    m = tarfile.TarInfo(name)
    m.type, m.linkname = kind, link
    return m, b""


def test_names_and_links_that_leave_the_archive(docfs, tmp_path):
    a = tar_with(tmp_path / "evil.tar.gz",
                 ("good.md", b"# Good\n"),
                 ("./also/good.md", b"# Also good\n"),
                 ("../../escape.md", b"# Escaped\n"),
                 ("/abs.md", b"# Absolute\n"),
                 ("a/../b.md", b"# Dots\n"),
                 ("bad\nname.md", b"# Newline\n"),
                 ("back\\slash.md", b"# Backslash\n"),
                 ("x" * 300 + ".md", b"# Long\n"),
                 ("d/" * 200 + "x.md", b"# Deep\n"),
                 special("link.md", tarfile.SYMTYPE, "/etc/passwd"),
                 special("hard.md", tarfile.LNKTYPE, "/etc/passwd"),
                 special("dev.md", tarfile.CHRTYPE),
                 special("block.md", tarfile.BLKTYPE),
                 special("pipe.md", tarfile.FIFOTYPE))
    report = docfs.json("add", a, "--collection", "evil")
    assert docfs.paths("evil") == ["also/good.md", "good.md"]
    assert report["skipped"] == 12
    why = docfs.failures("evil")
    for path, word in [("../../escape.md", "leaves the archive"), ("/abs.md", "absolute"),
                       ("a/../b.md", "leaves the archive"), ("link.md", "symbolic link"),
                       ("hard.md", "hard link"), ("dev.md", "device"), ("block.md", "device"),
                       ("pipe.md", "named pipe"), ("back\\slash.md", "backslash"),
                       ("x" * 300 + ".md", "too long"), ("d/" * 200 + "x.md", "too deeply")]:
        assert word in why[path], (path, why)
    assert not (tmp_path.parent / "escape.md").exists()


def test_a_bomb_is_refused(docfs, tmp_path):
    z = tmp_path / "bomb.zip"
    with zipfile.ZipFile(z, "w", zipfile.ZIP_DEFLATED) as f:
        f.writestr("bomb.md", b"\0" * (60 << 20))
    r = docfs.run("add", z)
    assert r.code != 0 and "bomb" in r.err and "sources.max_ratio" in r.err
    t = tmp_path / "bomb.tar.gz"  # what is skipped is unpacked too
    with tarfile.open(t, "w:gz") as f:
        m = tarfile.TarInfo("picture.raw")
        m.size = 60 << 20
        f.addfile(m, io.BytesIO(b"\0" * m.size))
        m = tarfile.TarInfo("x.md")
        f.addfile(m, io.BytesIO())
    r = docfs.run("add", t, "--include", "*.md")
    assert r.code != 0 and "bomb" in r.err
    docfs.adds_nothing(t, "--include", "*.md", env={"DOCFS_SOURCES_MAX_RATIO": "100000"})


def test_limits(docfs, tmp_path):
    z = tmp_path / "many.zip"
    with zipfile.ZipFile(z, "w") as f:
        for i in range(50):
            f.writestr(f"{i}.md", os.urandom(3000).hex())
    r = docfs.run("add", z, env={"DOCFS_SOURCES_MAX_ENTRIES": "20"})
    assert r.code != 0 and "more than 20 entries" in r.err
    r = docfs.run("add", z, env={"DOCFS_SOURCES_MAX_BYTES": "64K"})
    assert r.code != 0 and "sources.max_bytes" in r.err
    docfs.adds_nothing(z, "--collection", "some", "--max-file", "2K")
    assert all("larger" in w for w in docfs.failures("some").values())
    docfs.ok("add", z)


def test_archives_in_archives(docfs, tree, tmp_path):
    inner = pack(tree, ".zip").read_bytes()

    def wrap(data, name):
        b = io.BytesIO()
        with zipfile.ZipFile(b, "w") as f:
            f.writestr(name, data)
            f.writestr("top.md", "# Top\n")
        return b.getvalue()

    two = tmp_path / "two.zip"
    two.write_bytes(wrap(inner, "inner.zip"))
    docfs.ok("add", two)
    assert docfs.paths("two") == ["inner.zip/lamp-1.2/deep/more.md", "inner.zip/lamp-1.2/guide.md",
                                   "inner.zip/lamp-1.2/index.md", "top.md"]
    three = tmp_path / "three.zip"
    three.write_bytes(wrap(two.read_bytes(), "outer.zip"))
    docfs.ok("add", three)
    assert "sources.max_nesting" in docfs.failures("three")["outer.zip/inner.zip"]
    docfs.ok("add", three, "--collection", "deep", env={"DOCFS_SOURCES_MAX_NESTING": "2"})
    assert "outer.zip/inner.zip/lamp-1.2/guide.md" in docfs.paths("deep")


def test_damaged_and_encrypted(docfs, tree, tmp_path):
    whole = pack(tree, ".tar.gz").read_bytes()
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(whole[:len(whole) // 2])
    r = docfs.run("add", cut)
    assert r.code != 0 and "damaged" in r.err
    text = tmp_path / "text.zip"
    text.write_text("This is no archive at all.\n" * 50)
    r = docfs.run("add", text)
    assert r.code != 0 and "no archive" in r.err
    locked = tmp_path / "locked.zip"
    subprocess.run(["bsdtar", "-a", "--options", "zip:encryption=zipcrypt", "--passphrase", "x",
                    "-cf", locked, "-C", tree, "guide.md"], check=True)
    r = docfs.run("add", locked)
    assert "encrypted" in r.err + docfs.run("list", "--failures").out
    empty = tmp_path / "empty.zip"
    with zipfile.ZipFile(empty, "w"):
        pass
    docfs.adds_nothing(empty)
    os.mkfifo(tmp_path / "pipe.zip")
    r = docfs.run("add", tmp_path / "pipe.zip", "--kind", "archive")
    assert r.code != 0 and "regular file" in r.err
    assert stat.S_ISFIFO(os.stat(tmp_path / "pipe.zip").st_mode)



def test_typing_errors_say_what_to_do(docfs, tmp_path):
    for arg, says in ((tmp_path / "nothere", "check the spelling"), ("gihub:foo/bar", "docfs catalogue"),
                      ("raect", "did you mean react"), ("github.com/foo/bar", "docfs add https://github.com/foo/bar"),
                      ("www.example.org", "docfs add https://www.example.org"),
                      ("https://github.com/octo", "https://github.com/octo/NAME"), ("man:printf", "--include"),
                      ("foo/bar", "https://github.com/OWNER/NAME"), ("notes.md", "the catalogue does not know")):
        r = docfs.run("add", arg)
        assert r.code != 0 and says in r.err, r
    (tmp_path / "slides").mkdir()
    (tmp_path / "slides/talk.pptx").write_bytes(b"PK\3\4")
    docfs.run("add", tmp_path / "slides", "-c", "s")
    assert "save it as docx, odt or PDF" in docfs.run("list", "--failures", "s").out


def test_a_source_that_cannot_be_read_leaves_nothing(docfs, tmp_path):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\3\4 no archive at all")
    assert docfs.run("add", broken, "-c", "x").code != 0
    assert docfs.json("list")["collections"] == []
    (tmp_path / "a.md").write_text("# A\n\nText.\n")
    docfs.ok("add", tmp_path / "a.md", "-c", "x")
    assert docfs.run("add", broken, "-c", "x").code != 0
    assert [c["name"] for c in docfs.json("list")["collections"]] == ["x"]
    assert len(docfs.json("sources", "x")["sources"]) == 1
