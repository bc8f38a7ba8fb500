"""What comes from outside is bounded: every limit refuses, says why, and names its setting."""
import gzip
import io
import os
import pathlib
import shutil
import subprocess
import tarfile
import zipfile

import pytest

from lib.faulty import Faulty, answer, not_found, packed, redirect, silent, slow_body, slow_loris
from lib.gitserver import HttpBackend, Repo, git
from test_sources_books import CONTAINER
from test_sources_git import _object
from test_sources_layout import docset
from test_web import page

FAST = ("--allow-private", "--rate", "0", "--option", "retries=0")
ZEROS = bytes(24 << 20)
LAMP = "# Lamp\n\nHow to trim the wick.\n"


def variable(setting):
    return "DOCFS_" + setting.upper().replace(".", "_")


def refused(docfs, *args, setting, **values):
    """Fails, names the setting, and leaves nothing behind."""
    r = docfs.run("add", *args, "-c", "refused", env={variable(k): str(v) for k, v in values.items()})
    assert r.code != 0 and setting in r.err, r
    assert "refused" not in [c["name"] for c in docfs.json("list")["collections"]]
    return r.err


# ---- archives ----

def bomb_of(tmp_path, kind):
    tree = tmp_path / "tree"
    tree.mkdir()
    if kind == "tarix":
        root = docset(tmp_path, packed=True)
        (tree / "bomb.html").write_bytes(ZEROS)
        with tarfile.open(root / "Contents/Resources/tarix.tgz", "w:gz") as t:
            t.add(tree / "bomb.html", "Lamp.docset/Contents/Resources/Documents/bomb.html")
        return root
    if kind == "docset.tgz":
        root = docset(tmp_path)
        (root / "Contents/Resources/Documents/bomb.html").write_bytes(ZEROS)
        subprocess.run(["tar", "-czf", tmp_path / "Lamp.tgz", "-C", tmp_path, root.name], check=True)
        return tmp_path / "Lamp.tgz"
    if kind == "devdocs":
        (tree / "index.json").write_text('{"entries": []}')
        (tree / "db.json").write_bytes(ZEROS)
    elif kind == "zip in zip":
        with zipfile.ZipFile(tree / "inner.zip", "w", zipfile.ZIP_DEFLATED) as z:
            z.writestr("bomb.md", ZEROS)
    else:
        (tree / "bomb.md").write_bytes(ZEROS)
    if kind == "deb":
        doc = tmp_path / "deb/usr/share/doc/lamp"
        shutil.copytree(tree, doc)
        control = tmp_path / "deb/DEBIAN/control"
        control.parent.mkdir()
        control.write_text("Package: lamp\nVersion: 1\nArchitecture: all\nMaintainer: A <a@b.c>\n"
                           "Description: lamps\n")
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tmp_path / "deb",
                        tmp_path / "bomb.deb"], check=True, capture_output=True)
        return tmp_path / "bomb.deb"
    suffix = {"devdocs": "tar.gz", "zip in zip": "zip"}.get(kind, kind)
    out = tmp_path / f"bomb.{suffix}"
    subprocess.run(["bsdtar", "-a", "-cf", out, "-C", tree, "."], check=True)
    return out


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.xz", "tar.bz2", "tar.zst", "7z", "deb", "zip in zip",
                                  "docset.tgz", "tarix", "devdocs"])
def test_archive_bombs(docfs, tmp_path, kind):
    assert "bomb" in refused(docfs, bomb_of(tmp_path, kind), setting="sources.max_ratio")


def test_one_piece_of_data_under_many_names(docfs, tmp_path):
    """A zip whose directory names the same bytes again and again."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("a.md", b"lamp " * 40000)
    raw = inner.getvalue()
    at = raw.index(b"PK\x01\x02")
    entry, end = raw[at:raw.index(b"PK\x05\x06")], bytearray(raw[raw.index(b"PK\x05\x06"):])
    n = 2000
    names = b"".join(entry[:28] + (9).to_bytes(2, "little") + entry[30:46] + f"{i:06}.md".encode()
                     for i in range(n))
    end[8:12] = n.to_bytes(2, "little") * 2
    end[12:16] = len(names).to_bytes(4, "little")
    bad = tmp_path / "overlap.zip"
    bad.write_bytes(raw[:at] + names + end)
    docfs.ok("add", bad)
    assert len(docfs.paths("overlap")) == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
def test_bombs_over_http(docfs, encoding):
    """What the server calls its Content-Encoding is unpacked, for an archive and for a page."""
    with Faulty({"/a.tar": packed(encoding, "application/x-tar"), "/p/": page("start", "b", "good"),
                 "/p/b": packed(encoding), "/p/good": page("good"), "/b/": packed(encoding)}) as s:
        assert "bomb" in refused(docfs, s.url + "/a.tar", setting="sources.max_ratio")
        assert "bomb" in refused(docfs, s.url + "/b/", *FAST, setting="sources.max_ratio")
        docfs.ok("add", s.url + "/p/", "-c", "site", *FAST)
        assert docfs.paths("site") == ["good.md", "index.md"]
        [why] = docfs.failures("site").values()
        assert "bomb" in why and "sources.max_ratio" in why


@pytest.mark.parametrize("setting,value", [("sources.max_bytes", "64K"), ("sources.max_entries", 1)])
def test_exports(docfs, tmp_path, three, setting, value):
    (three / "d.md").write_text(os.urandom(60000).hex())
    docfs.ok("add", three, "-c", "x")
    docfs.ok("export", "x", tmp_path / "x.docfs")
    refused(docfs, tmp_path / "x.docfs", setting=setting, **{setting: value})


# ---- documents that hold others ----

def book(path, chapters, spine=None):
    spine = spine or range(len(chapters))
    items = "".join(f'<item id="c{i}" href="c{i}.xhtml"/>' for i in range(len(chapters)))
    refs = "".join(f'<itemref idref="c{i}"/>' for i in spine)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr("META-INF/container.xml", CONTAINER)
        z.writestr("OEBPS/book.opf", f"<package><manifest>{items}</manifest><spine>{refs}</spine></package>")
        for i, text in enumerate(chapters):
            z.writestr(f"OEBPS/c{i}.xhtml", f"<html><body><h1>{i}</h1><p>{text}</p></body></html>")


@pytest.mark.parametrize("values,setting", [
    ({"ingest.max_pages": 2}, "ingest.max_pages"), ({"sources.max_entries": 3}, "sources.max_entries"),
    ({"sources.max_ratio": 2}, "sources.max_ratio")])
def test_books(docfs, tmp_path, values, setting):
    d = tmp_path / "shelf"
    d.mkdir()
    big = "<!-- " + "x" * (9 << 20) + " -->"
    book(d / "lamp.epub", ["one", "two", "three", big + "four" if "ratio" in setting else "four"])
    docfs.adds_nothing(d, env={variable(k): str(v) for k, v in values.items()})
    assert setting in docfs.failures("shelf")["lamp.epub"]
    docfs.ok("config", "set", "sources.max_ratio", "100000")
    docfs.ok("refresh")
    assert len(docfs.paths("shelf")) == 4, "read again once the limit was raised"


def test_a_chapter_that_is_named_again_and_again(docfs, tmp_path):
    d = tmp_path / "shelf"
    d.mkdir()
    book(d / "lamp.epub", ["wick " * 200000], [0] * 100000)
    docfs.ok("add", d)
    assert len(docfs.paths("shelf")) == 1


# ---- files ----

@pytest.fixture
def three(tmp_path):
    d = tmp_path / "three"
    d.mkdir()
    for name in ("a", "b", "c"):
        (d / f"{name}.md").write_text(LAMP)
    (d / "c.md").write_text(LAMP * 100)
    return d


def forms(three, tmp_path):
    repo = Repo(tmp_path, "lamp")
    for p in three.iterdir():
        repo.put(p.name, p.read_text())
    repo.commit()
    subprocess.run(["bsdtar", "-a", "-cf", tmp_path / "three.zip", "-C", three, "."], check=True)
    return {"directory": three, "git": repo.bare, "archive": tmp_path / "three.zip"}


@pytest.mark.parametrize("form", ["directory", "git", "archive"])
def test_number_and_size_of_files(docfs, tmp_path, three, form):
    what = forms(three, tmp_path)[form]
    refused(docfs, what, setting="sources.max_files", **{"sources.max_files": 2})
    docfs.ok("add", what, "-c", "x", env={"DOCFS_INGEST_MAX_FILE": "1K"})
    assert docfs.paths("x") == ["a.md", "b.md"]
    assert "ingest.max_file" in docfs.failures("x")["c.md"]
    docfs.ok("refresh", "x")
    assert docfs.paths("x") == ["a.md", "b.md", "c.md"], "the limit was raised"
    assert docfs.failures("x") == {}


# ---- servers ----

SLOW = {"loris": slow_loris, "body": slow_body, "silent": silent}


@pytest.mark.parametrize("how", sorted(SLOW))
def test_slow_servers(docfs, stop, how):
    slow = SLOW[how](stop)
    with Faulty({"/x.zip": slow, "/slow/": slow, "/p/": page("start", "slow", "good"), "/p/slow": slow,
                 "/p/good": page("good"), "/robots.txt": not_found}) as s:
        refused(docfs, s.url + "/x.zip", setting="sources.timeout", **{"sources.timeout": "300ms"})
        refused(docfs, s.url + "/x.zip", setting="sources.stall", **{"sources.stall": "1s"})
        page_ms = {"sources.page_timeout": "400ms"}
        refused(docfs, s.url + "/slow/", *FAST, setting="sources.page_timeout", **page_ms)
        docfs.ok("add", s.url + "/p/", "-c", "site", *FAST, env={"DOCFS_SOURCES_PAGE_TIMEOUT": "400ms"})
        assert len(docfs.paths("site")) == 2
        [why] = docfs.failures("site").values()
        assert "too slow" in why and "sources.page_timeout" in why and "sources.stall" in why


def test_a_site_that_becomes_slow_is_given_up(docfs, stop):
    links = [f"s{i}" for i in range(200)]
    slow = {f"/{x}": silent(stop) for x in links}
    with Faulty({"/": page("start", *links), "/robots.txt": not_found, **slow}) as s:
        r = docfs.run("add", s.url, "-c", "x", *FAST, env={"DOCFS_SOURCES_PAGE_TIMEOUT": "400ms"})
        assert r.code != 0 and "stopped answering" in r.err and "go on from there" in r.err
        assert len(s.requests) < 40


def test_redirects(docfs):
    site = {"/x.zip": redirect("/x.zip"), "/loop/": redirect("/loop/"), "/p/": page("start", "r0", "r8"),
            **{f"/p/r{i}": redirect(f"r{i + 1}") for i in range(12)}, "/p/r12": page("end")}
    with Faulty(site) as s:
        refused(docfs, s.url + "/x.zip", setting="sources.max_redirects")
        refused(docfs, s.url + "/loop/", *FAST, setting="sources.max_redirects")
        assert s.paths.count("/x.zip") == 11 and s.paths.count("/loop/") == 11
        docfs.ok("add", s.url + "/p/", "-c", "site", *FAST, env={"DOCFS_SOURCES_MAX_REDIRECTS": "3"})
        whys = docfs.failures("site").values()
        assert whys and all("sources.max_redirects" in w for w in whys)
        docfs.ok("add", s.url + "/p/", "-c", "more", *FAST, env={"DOCFS_SOURCES_MAX_REDIRECTS": "20"})
        assert docfs.failures("more") == {} and len(docfs.paths("more")) == 2


def limited(docfs):
    return docfs.json("list")["collections"][0]["revision"]


def test_links_of_a_page(docfs):
    links = [f"p{i}" for i in range(30)]
    with Faulty({"/": page("start", *links), **{f"/{x}": page(x) for x in links}}) as s:
        docfs.ok("add", s.url, "-c", "site", *FAST, env={"DOCFS_SOURCES_MAX_LINKS": "10"})
        assert len(docfs.paths("site")) == 11 and "sources.max_links" in limited(docfs)
        docfs.ok("refresh", "site")
        assert len(docfs.paths("site")) == 31 and "limit" not in limited(docfs)


URLSET = "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{}</urlset>"
INDEX = "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>{}</sitemapindex>"


def test_sitemaps_in_a_circle_and_without_end(docfs):
    def endless(c, request):
        name = request.split(" ")[1]
        more = "".join(f"<sitemap><loc>{name}{i}.xml</loc></sitemap>" for i in range(20))
        answer(INDEX.format(more + "<sitemap><loc>/sitemap.xml</loc></sitemap>"), type="text/xml")(c, request)
    with Faulty({"/": page("start"), "/robots.txt": not_found, "/sitemap.xml": endless,
                 "/llms.txt": not_found, "/llms-full.txt": not_found, "*": endless}) as s:
        docfs.ok("add", s.url, "-c", "site", *FAST, env={"DOCFS_SOURCES_MAX_SITEMAPS": "30"})
        maps = [p for p in s.paths if p.startswith("/sitemap.xml")]
        assert len(maps) == len(set(maps)) == 30
        assert "sources.max_sitemaps" in limited(docfs)


def test_sitemaps_that_lead_to_one_another(docfs):
    def index(name):
        return answer(INDEX.format(f"<sitemap><loc>/{name}</loc></sitemap>"), type="text/xml")
    with Faulty({"/": page("start"), "/sitemap.xml": index("1.xml"), "/1.xml": index("2.xml"), "/deep": page("deep"),
                 "/2.xml": answer(URLSET.format("<url><loc>/deep</loc></url>"), type="text/xml"), "*": not_found}) as s:
        docfs.ok("add", s.url, "-c", "site", *FAST, env={"DOCFS_SOURCES_MAX_SITEMAP_DEPTH": "1"})
        assert docfs.paths("site") == ["index.md"] and "/2.xml" not in s.paths
        assert "sources.max_sitemap_depth" in limited(docfs)
        docfs.ok("refresh", "site")
        assert docfs.paths("site") == ["deep.md", "index.md"] and "limit" not in limited(docfs)


def test_hosts_of_a_site(docfs):
    with Faulty({"/far": page("far")}) as other, Faulty({"/": page("start", "near", other.url + "/far"),
                                                        "/near": page("near")}) as s:
        add = ("add", s.url, "-c", "site", *FAST, "--scope", "domain")
        docfs.ok(*add, env={"DOCFS_SOURCES_MAX_HOSTS": "1"})
        assert len(docfs.paths("site")) == 2 and not other.requests
        assert "sources.max_hosts" in limited(docfs)
        docfs.ok("refresh", "site")
        assert len(docfs.paths("site")) == 3 and "limit" not in limited(docfs)


def test_delays_that_a_site_asks_for(docfs):
    """Without the limit this would take hours."""
    again = []

    def busy(c, request):
        again.append(request)
        late = answer("later", "503 Service Unavailable", headers=["Retry-After: 7200"])
        (late if len(again) == 1 else page("busy"))(c, request)
    rules = answer("User-agent: *\nCrawl-delay: 3600\n", type="text/plain")
    with Faulty({"/": page("start", "a", "busy"), "/a": page("a"), "/busy": busy, "/robots.txt": rules}) as s:
        docfs.ok("add", s.url, "-c", "site", "--allow-private", "--rate", "0", env={"DOCFS_SOURCES_MAX_DELAY": "10ms"})
        assert len(docfs.paths("site")) == 3 and len(again) == 2


def test_headers_of_an_answer(docfs):
    many = [f"X-{i}: {'x' * 500}" for i in range(10)]
    with Faulty({"*": answer("page", headers=many)}) as s:
        small = {"sources.max_headers": "2K"}
        refused(docfs, s.url + "/x.zip", setting="sources.max_headers", **small)
        refused(docfs, s.url + "/p/", *FAST, setting="sources.max_headers", **small)
        docfs.ok("add", s.url + "/p/", "-c", "site", *FAST)


LOL = "<!DOCTYPE u [<!ENTITY a 'lol'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefghijkl", "bcdefghijklm")) + "]>"
HUGE = {
    "many": lambda url: answer(URLSET.format("".join(f"<url><loc>{url}/p{i}</loc></url>"
                                                     for i in range(300000))), type="text/xml"),
    "gzip": lambda url: packed("gzip", "text/xml"),
    "inside": lambda url: answer(gzip.compress(ZEROS * 4), type="application/gzip"),
    "entities": lambda url: answer(LOL + URLSET.format("<url><loc>/&m;</loc></url>"), type="text/xml"),
    "deep": lambda url: answer(URLSET.format("<a>" * 200000), type="text/xml"),
}


@pytest.mark.parametrize("kind", sorted(HUGE))
def test_huge_sitemaps(docfs, kind):
    with Faulty({"/": page("start", "good"), "/good": page("good"), "/robots.txt": not_found}) as s:
        s.handlers["/sitemap.xml"] = HUGE[kind](s.url)
        docfs.ok("add", s.url, "-c", "site", *FAST, "--max-pages", "20")
        assert "good.md" in docfs.paths("site")
        assert len(s.requests) < 60
        assert ("--max-pages" in limited(docfs)) == (kind == "many")


def test_huge_robots_txt(docfs, stop):
    """Its first half megabyte counts, and the rest is not waited for."""
    def endless(c, request):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nUser-agent: *\nDisallow: /no\n")
        while not stop.is_set():
            c.sendall(b"# and so on\nDisallow: /x\n" * 1000)
    with Faulty({"/": page("start", "no/a", "yes"), "/no/a": page("a"), "/yes": page("yes"),
                 "/robots.txt": endless}) as s:
        docfs.ok("add", s.url, "-c", "site", *FAST)
        assert "/no/a" not in s.paths and "/yes" in s.paths


def test_slow_robots_txt(docfs, stop):
    with Faulty({"/": page("start"), "/robots.txt": slow_loris(stop)}) as s:
        refused(docfs, s.url, *FAST, setting="sources.page_timeout", **{"sources.page_timeout": "400ms"})
        assert s.paths == ["/robots.txt"], "not read is not allowed"


@pytest.mark.parametrize("form", ["many", "endless", "gzip"])
def test_huge_llms_txt(docfs, stop, form):
    def endless(c, request):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n# Site\n")
        while not stop.is_set():
            c.sendall(b"- [x](/x.md)\n" * 5000)
    many = "# Site\n" + "".join(f"- [p](/p{i}.md)\n" for i in range(200000))
    listing = {"many": answer(many, type="text/plain"), "endless": endless,
               "gzip": packed("gzip", "text/plain")}[form]
    md = {f"/p{i}.md": answer(f"# Page {i}\n\nWick {i}.\n", type="text/markdown") for i in range(20)}
    with Faulty({"/": page("start", "good"), "/good": page("good"), "/llms.txt": listing, **md}) as s:
        docfs.ok("add", s.url, "-c", "site", *FAST, "--max-pages", "15", "--max-file", "4M")
        assert len(s.requests) < 40
        if form == "many":
            assert "--max-pages" in limited(docfs) and len(docfs.paths("site")) > 10
        else:
            assert len(docfs.paths("site")) == 2, "without it the links are followed"


# ---- repositories ----

@pytest.fixture
def evil(tmp_path):
    r = Repo(tmp_path, "evil")
    r.put("good.md", LAMP)
    r.commit()
    return r


@pytest.mark.parametrize("what", [
    "ext::sh -c 'touch MARK'", "file::/tmp/x", "fd::17/foo", "--upload-pack=touch MARK",
    "-utouch MARK", "ssh://-oProxyCommand=touch MARK/x", "git@-oProxyCommand=touch:MARK",
    "ext::sh -c touch% MARK#main", "http::http://127.0.0.1/", "git-remote-ext::touch MARK"])
def test_addresses_that_are_commands(docfs, tmp_path, what):
    mark = tmp_path / "mark"
    for args in ((), ("--kind", "git")):
        r = docfs.run("add", *args, "--", what.replace("MARK", str(mark)))
        assert r.code != 0 and r.err and not mark.exists(), r
    r = docfs.run("add", "--kind", "git", "--ref", "--upload-pack=touch", "--", "http://127.0.0.1:9/x.git")
    assert r.code != 0 and "bad name" in r.err


def test_attributes_run_no_filter(docfs, tmp_path, evil):
    """What the user's own git would run for a checkout is not run: nothing is checked out."""
    mark = tmp_path / "mark"
    config = tmp_path / "gitconfig"
    config.write_text(f'[filter "evil"]\n\tsmudge = touch {mark}\n\tprocess = touch {mark}\n'
                      f'[diff "evil"]\n\ttextconv = touch {mark}\n[core]\n\tfsmonitor = touch {mark}\n'
                      f'\tsshCommand = touch {mark}\n')
    evil.put(".gitattributes", "*.md filter=evil diff=evil ident\n")
    evil.commit()
    docfs.ok("add", evil.bare, "-c", "x", env={"GIT_CONFIG_GLOBAL": str(config)})
    assert docfs.ok("cat", "x/good.md").out == LAMP and not mark.exists()


def test_names_of_a_repository(docfs, evil):
    names = {"a\nb.md": "control", "tab\t.md": "control", "..\\up.md": "backslash", "d/" * 140 + "x.md": "deep"}
    fine = ["-rf.md", "--upload-pack=x.md", "$(touch mark).md", "ü ö.md", "con.md", "a;b|c.md"]
    for name in [*names, *fine]:
        evil.put(name, LAMP)
    evil.commit()
    docfs.ok("add", evil.bare, "-c", "x")
    why = docfs.failures("x")
    assert {n: w for n, w in names.items() if w not in why.get(n, "")} == {}
    assert set(docfs.paths("x")) == {"good.md", *fine}


def test_a_tree_that_multiplies(docfs, evil):
    """Ten names for a tree of ten names for ...: few objects, ten thousand million files."""
    blob = git("hash-object", "-w", evil.work / "good.md", cwd=evil.work)
    tree = _object(evil.work, "tree", b"".join(
        b"100644 %d.md\0" % i + bytes.fromhex(blob) for i in range(10)))
    for _ in range(9):
        tree = _object(evil.work, "tree", b"".join(
            b"40000 %d\0" % i + bytes.fromhex(tree) for i in range(10)))
    commit = git("commit-tree", "-m", "bomb", tree, cwd=evil.work)
    git("push", "-q", "-f", "origin", f"{commit}:refs/heads/main", cwd=evil.work)
    refused(docfs, evil.bare, setting="sources.max_bytes", **{"sources.max_bytes": "4M"})


def test_a_repository_larger_than_allowed(docfs, evil):
    evil.put("big.md", os.urandom(300000).hex())
    evil.commit()
    s = HttpBackend(evil.bare.parent)
    try:
        refused(docfs, s.url("evil"), setting="sources.max_bytes", **{"sources.max_bytes": "100K"})
    finally:
        s.stop()


def test_memory_of_git(docfs, evil):
    (evil.work / "big.md").write_bytes(os.urandom(36 << 20))
    git("config", "core.compression", "0", cwd=evil.work)
    git("add", "-A", cwd=evil.work)
    git("commit", "-q", "-m", "big", cwd=evil.work)
    git("push", "-q", "origin", "HEAD", cwd=evil.work)
    refused(docfs, evil.bare, setting="sources.max_memory", **{"sources.max_memory": "32000K"})


def test_what_stopped_fetches_left_and_many_packs(docfs, evil):
    docfs.ok("add", evil.bare, "-c", "x")
    pack = next((docfs.cache / "sources").glob("git-*")) / "objects/pack"
    (pack / "tmp_pack_x").write_bytes(b"half")
    docfs.ok("refresh", "x")
    assert not (pack / "tmp_pack_x").exists()
    for i in range(101):
        (pack / f"pack-{i:040}.pack").write_bytes(b"old")
    evil.put("new.md", LAMP)
    evil.commit()
    docfs.ok("refresh", "x")
    assert len(list(pack.glob("*.pack"))) < 10 and docfs.paths("x") == ["good.md", "new.md"]


# ---- what is fetched for later ----

def test_a_download_larger_than_allowed(docfs):
    with Faulty({"/x.zip": answer(os.urandom(200000)), "/p/": page("start", "a", body="x" * 90000),
                 "/p/a": page("a", body="y" * 90000)}) as s:
        small = {"sources.max_bytes": "64K"}
        refused(docfs, s.url + "/x.zip", setting="sources.max_bytes", **small)
        refused(docfs, s.url + "/p/", *FAST, setting="sources.max_bytes", **small)
    kept = [f for f in pathlib.Path(docfs.cache / "sources").rglob("part")]
    assert kept == [], "what was fetched in vain is gone"
