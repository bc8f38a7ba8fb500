"""Web sites as a source: found, fetched, kept fresh, and never at the mercy of the server."""
import base64
import collections
import functools
import gzip
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import time
import urllib.parse
import zlib

import pytest

from lib.docfs import Docfs
from lib.faulty import Faulty, answer, bomb, gzipped, redirect
from lib.nginx import Nginx

PYTHON = pathlib.Path("/usr/share/doc/python3.11/html")
FAST = ("--allow-private", "--rate", "0")


def documents(docfs):
    """path -> (url, sha256) of every document."""
    db = sqlite3.connect(f"file:{docfs.cache}/docfs.db?mode=ro", uri=True)
    try:
        return {p.decode() if isinstance(p, bytes) else p: (u, s) for p, u, s in db.execute(
            "SELECT d.path, d.url, c.sha256 FROM documents d JOIN content c ON c.id = d.content "
            "WHERE d.path NOT LIKE 'other/%'")}
    finally:
        db.close()


def page(title, *links, head="", body=""):
    text = "".join(f'<p><a href="{x}">see {x}</a></p>' for x in links)
    return answer(f"<!DOCTYPE html><html lang=en><head><title>{title}</title>{head}</head><body>"
                  f"<main><h1>{title}</h1><p>All about {title} and its uses.</p>{text}{body}"
                  "</main></body></html>", headers=[f'ETag: "{title}"'])


def add(docfs, url, *args, ok=True):
    r = docfs.run("add", url, "-c", "site", *FAST, *args)
    if ok:
        assert r.code == 0, r
    return r


# ---- a real site ----

@pytest.fixture(scope="module")
def crawled(build, tmp_path_factory):
    tmp = tmp_path_factory.mktemp("python")
    d = Docfs(build, tmp / "cache")
    with Nginx(PYTHON, tmp / "nginx") as site:
        assert d.run("add", site.url, "-c", "site", *FAST).code == 0
        first = site.requests()
        again = d.run("add", site.url, "-c", "site", *FAST, "--json")
        yield d, first, site.requests()[len(first):], again


@functools.lru_cache
def reachable():
    """Every page of the copy that another one links to, read with other means."""
    seen, todo = set(), ["index.html"]
    while todo:
        name = todo.pop()
        if name in seen or not name.endswith(".html") or not (PYTHON / name).is_file():
            continue
        seen.add(name)
        text = re.sub(r"(?s)<!--.*?-->|<script.*?</script>", "",
                      (PYTHON / name).read_text(errors="replace"))
        hrefs = {h for tag, h in re.findall(r'<a\b([^>]*?)href="([^"#]+)', text)}
        for href in hrefs:
            u = urllib.parse.urlsplit(href)
            if not u.scheme and not u.netloc and u.path:
                todo.append(os.path.normpath(os.path.join(os.path.dirname(name),
                                                          urllib.parse.unquote(u.path))))
    return frozenset(seen)


def test_every_page_of_a_real_site_is_found(crawled):
    d, requests, *_ = crawled
    got = set(documents(d))
    want = reachable()
    assert len(want) > 500 and {p.lstrip("/") for p, _ in requests} | {"index.html"} >= want
    # As of a directory: what only repeats the pages is left out.
    want -= {p for p in want if re.match(r"(genindex.*|search|contents)\.html", p)}
    assert len(want) > 480 and got >= want, sorted(want - got)
    counts = collections.Counter(p for p, _ in requests)
    assert counts.most_common(1)[0][1] == 1, counts.most_common(3)


def test_crawled_is_what_the_directory_holds(crawled):
    d, *_ = crawled
    other = Docfs(d.build, d.cache.parent / "dir")
    assert other.run("add", PYTHON, "-c", "site", "--include", "*.html").code == 0
    a, b = documents(d), documents(other)
    equal = sum(a[p][1] == b[p][1] for p in a if p in b)
    assert equal >= 0.98 * len(a), (equal, len(a))


def test_refresh_asks_conditionally(crawled):
    _, _, again, result = crawled
    pages = [s for p, s in again if p.endswith(".html") and p != "/index.html.md" and s != 404]
    assert len(pages) > 500 and set(pages) == {304}
    assert "/objects.inv" in [p for p, _ in again] and result.json["removed"] == 0
    assert result.json["unchanged"] >= 480 and result.json["documents"] == 0


def test_documents_know_their_url(crawled):
    d, *_ = crawled
    docs = documents(d)
    assert docs["library/os.html"][0].endswith("/library/os.html")
    shown = d.ok("cat", "site/library/os.md", "--json").json["document"]
    assert shown["url"].endswith("/library/os.html") and shown["fetched_at"]


def test_killed_crawl_goes_on(build, tmp_path):
    d = Docfs(build, tmp_path / "cache")
    with Nginx(PYTHON, tmp_path / "nginx") as site:
        url = site.url + "/c-api/"
        args = d.argv("add", url, "-c", "site", "--allow-private", "--rate", "25")
        for wanted in (20, 40):
            p = subprocess.Popen(args, env=d.env(), stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
            while len(site.requests()) < wanted:
                assert p.poll() is None
                time.sleep(0.005)
            p.send_signal(signal.SIGKILL)
            p.wait()
        add(d, url)
        counts = collections.Counter(p for p, s in site.requests() if s == 200)
    want = {p.name for p in (PYTHON / "c-api").glob("*.html")}
    assert len(want) > 55 and set(documents(d)) == want
    # What was under way when it died (4 requests at once) was not finished, so it is asked again.
    assert sum(n - 1 for n in counts.values()) <= 2 * 4, counts.most_common(9)


def journal(docfs):
    """Lines of the crawl that was under way last."""
    files = list(docfs.cache.rglob("crawl.running")) + list(docfs.cache.rglob("crawl.done"))
    return files[0].read_text().splitlines() if files else []


def plain(title, *links):
    """A page without ETag and date, so that asking again means fetching again."""
    return answer(f"<title>{title}</title><h1>{title}</h1><p>All about {title}.</p>" +
                  "".join(f'<a href="{x}">{x}</a> ' for x in links))


def test_killed_while_pages_are_read_asks_for_none_again(docfs):
    names = [f"p{i}" for i in range(20)]
    note = docfs.cache.with_suffix(".md")
    note.write_text("# Note\n\nMakes the cache.\n")
    docfs.ok("add", note, "-c", "note")
    lock = sqlite3.connect(docfs.cache / "docfs.db", isolation_level=None,
                           check_same_thread=False)

    def last(c, request):
        lock.execute("BEGIN IMMEDIATE")  # so that nothing that was fetched can be committed
        plain("last")(c, request)
    site = {"/": plain("start", *names), **{f"/{n}": plain(n) for n in names}, "/p19": last}
    with Faulty(site) as s:
        p = subprocess.Popen(docfs.argv("add", s.url, "-c", "site", *FAST), env=docfs.env(),
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while sum(line.startswith('["p"') for line in journal(docfs)) < 21:
            assert p.poll() is None
            time.sleep(0.005)
        p.send_signal(signal.SIGKILL)
        p.wait()
        lock.close()
        site["/p19"] = plain("last")
        assert len(documents(docfs)) == 1
        add(docfs, s.url)
        counts = collections.Counter(s.paths)
        assert len(documents(docfs)) == 22
        assert {n: counts["/" + n] for n in names} == dict.fromkeys(names, 1)
        add(docfs, s.url)  # a crawl that came to its end is no longer gone on with
        assert collections.Counter(s.paths)["/p1"] == 2


def forget_documents(docfs):
    """As docfs remove, but what was fetched stays."""
    kept, aside = docfs.cache / "sources", docfs.cache.parent / "aside"
    kept.rename(aside)
    docfs.ok("remove", "site", "--yes")
    aside.rename(kept)


def test_pages_lost_on_disk_are_fetched_again(docfs):
    """A power failure may leave the journal without the bytes it speaks of."""
    with Faulty({"/": page("start", "a", "b"), "/a": page("a"), "/b": page("b")}) as s:
        add(docfs, s.url)
        before = documents(docfs)
        spool, = docfs.cache.rglob("pages-*")
        data = spool.read_bytes()
        for damaged in (data[:-20], data.replace(b"All about", b"\0" * 9)):
            spool.write_bytes(damaged)
            forget_documents(docfs)
            add(docfs, s.url)
            assert documents(docfs) == before and docfs.failures() == {}
            spool, = docfs.cache.rglob("pages-*")
            assert b"All about b" in spool.read_bytes()


def test_torn_journal_is_gone_on_with(docfs):
    with Faulty({"/": plain("start", "a", "b"), "/a": plain("a"), "/b": plain("b")}) as s:
        add(docfs, s.url)
        done, = docfs.cache.rglob("crawl.done")
        spool, = docfs.cache.rglob("pages-*")
        lines = done.read_text().splitlines(keepends=True)
        # killed in the middle of a write, and the tail of the fetched bytes never reached the disk
        done.with_name("crawl.running").write_text("".join(lines)[:-7])
        done.unlink()
        spool.write_bytes(spool.read_bytes()[:-5])
        before = len(s.paths)
        forget_documents(docfs)
        add(docfs, s.url)
        assert len(documents(docfs)) == 3 and set(s.paths[before:]) <= {"/a", "/b", "/robots.txt"}


SITES = pathlib.Path(__file__).parent / "fixtures/sites"
KEPT = {  # of pages in the form of each generator
    "rustdoc": ("# Function lamp::switch", "pub fn switch<P: AsRef<Path>>(lamp: P) -> Result<bool>",
                "## Errors", "## Examples", "```\nuse lamp::switch;\n\nswitch(\"kitchen\");\n```"),
    "javadoc": ("# Class Lamp", "public final class Lamp", "### switchOn",
                "public boolean switchOn(int timeout)", "Switches the lamp on", "`timeout` - in"),
    "doxygen": ("# Switching\n", "# Switching on", "```\nint lamp_on(int id);\n// once\n```",
                "Returns the state."),
    "docbook": ("# Chapter 2. Switching", "## Switching on", "```\n$ lamp on\n```", "> Once is enough."),
    "man2html": ("# LAMP", "## SYNOPSIS", "**lamp** [**-t** *TIMEOUT*]", "## DESCRIPTION",
                 "how long to try"),
}
FURNITURE = ("Skip nav", "Navigation", "navigation", "Copy path", "Expand description", "Run]", "Press",
             "SEARCH", "Copyright", "Related Pages", "Manual home", "Generated", "Prev", "Next", "Home",
             "Table of Contents", "Main Contents", "Index", "created by", "1.9.4", "Help", "dim")


def test_sites_of_other_generators(docfs, tmp_path):
    with Nginx(SITES, tmp_path / "nginx") as site:
        add(docfs, site.url)
    assert set(documents(docfs)) == {"index.html", *(f"{n}.html" for n in KEPT)}
    for name, kept in KEPT.items():
        text = docfs.ok("cat", f"site/{name}.md").out
        assert "The lamp library switches lamps on and off over the wire." in text
        assert not [x for x in kept if x not in text], (name, text)
        assert not [x for x in FURNITURE if x in text], (name, text)


# ---- where pages come from ----

def test_scope_depth_and_limits(docfs):
    with Faulty({"/docs/": page("start", "a", "/docs/b", "/blog/", "../docs/sub/c#x", "a.png",
                                "mailto:x@example.org", "javascript:x()", "d?x=1"),
                 "/docs/a": page("a", "a2"), "/docs/a2": page("a2"), "/docs/b": page("b"),
                 "/docs/sub/c": page("c"), "/blog/": page("blog"), "/docs/d": page("d")}) as s:
        add(docfs, s.url + "/docs/")
        assert set(documents(docfs)) == {"index.html", "a.html", "a2.html", "b.html", "sub/c.html",
                                         "d?x=1.html"}
        assert "/blog/" not in s.paths and "/docs/a.png" not in s.paths
        add(docfs, s.url + "/docs/", "--scope", "host")
        assert "blog/index.html" in documents(docfs)
        add(docfs, s.url + "/docs/", "--scope", "subpages", "--depth", "1")
        assert "a2.html" not in documents(docfs)
        add(docfs, s.url + "/docs/", "--scope", "subpages", "--max-pages", "2")
        assert len(documents(docfs)) == 2
        r = docfs.run("list", "--json")
        assert "--max-pages" in r.out
        add(docfs, s.url + "/docs/", "--scope", "subpages", "--exclude", "sub/*")
        assert "sub/c.html" not in documents(docfs)


def test_llms_txt_comes_first(docfs):
    md = {f"/p{i}.md": answer(f"# Page {i}\n\nText number {i}.\n", type="text/markdown")
          for i in range(12)}
    listing = "# Site\n\n" + "\n".join(f"- [Page {i}](/p{i}.md): about {i}" for i in range(12))
    with Faulty({"/": page("start", "crawled"), "/crawled": page("crawled"), **md,
                 "/llms.txt": answer(listing, type="text/plain")}) as s:
        add(docfs, s.url)
        got = set(documents(docfs))
        assert {f"p{i}.md" for i in range(12)} <= got and "crawled.html" not in got
        add(docfs, s.url, "--discover", "links")
        assert set(documents(docfs)) == {"index.html", "crawled.html"}
    with Faulty({"/": page("start"), "/llms-full.txt": answer("# All\n\nIn one file.\n",
                                                              type="text/plain")}) as s:
        r = docfs.run("add", s.url, "-c", "other", *FAST)
        assert r.code == 0 and "/llms-full.txt" in s.paths


def test_markdown_is_preferred(docfs):
    head = '<link rel="alternate" type="text/markdown" href="/raw/b.md">'

    def negotiates(c, request):
        assert "Accept: text/markdown" in request
        answer("# N\n\nnegotiated [x](/x)\n", type="text/markdown")(c, request)
    with Faulty({"/": page("start", "/a.html", "/b.html", "/n"), "/a.html": page("a"),
                 "/b.html": page("b", head=head), "/n": negotiates, "/x": page("x"),
                 "/index.html.md": answer("# S\n\nstart in markdown\n", type="text/markdown"),
                 "/a.html.md": answer("# A\n\na in markdown\n", type="text/markdown"),
                 "/raw/b.md": answer("# B\n\nb in markdown\n", type="text/markdown")}) as s:
        add(docfs, s.url)
        assert set(documents(docfs)) == {"index.md", "a.md", "b.md", "n.md", "x.html"}
        assert "b in markdown" in docfs.ok("cat", "site/b.md").out


def test_site_made_by_sphinx(docfs):
    lines = (b"# Sphinx inventory version 2\n# Project: x\n# Version: 1\n# compressed\n" + zlib.compress(
        b"guide std:doc -1 guide.html The guide from the inventory\n"))
    head = '<script src="_static/documentation_options.js"></script>'
    site = {"/docs/": page("start", "guide.html", "genindex.html", head=head),
            "/docs/guide.html": page("guide"), "/docs/genindex.html": page("Index"),
            "/docs/objects.inv": answer(lines, type="application/octet-stream")}
    with Faulty(site) as s:
        add(docfs, s.url + "/docs/", "--include", "*.html")
        assert set(documents(docfs)) == {"index.html", "guide.html"}
        assert docfs.json("cat", "site/guide.md")["document"]["title"] == "The guide from the inventory"
        assert "generated by Sphinx" in docfs.failures()["genindex.html"]
        assert docfs.ok("refresh", "site", "--json").json["documents"] == 0
        assert docfs.json("cat", "site/guide.md")["document"]["title"] == "The guide from the inventory"
    other = Docfs(docfs.build, f"{docfs.cache}.other")
    inventory = site.pop("/docs/objects.inv")
    with Faulty(site) as s:
        add(other, s.url + "/docs/")
        assert {"index.html", "guide.html", "genindex.html"} == set(documents(other))
        assert other.failures() == {}
        site["/docs/objects.inv"] = inventory
        add(other, s.url + "/docs/")
        assert {"index.html", "guide.html"} == set(documents(other))


def test_sitemaps(docfs):
    def urls(*names):
        return "<urlset xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>" + "".join(
            f"<url><loc> http://127.0.0.1:PORT/{n} </loc></url>" for n in names) + "</urlset>"
    site = {"/": page("start"), "/robots.txt": None, "/a": page("a"), "/b": page("b"),
            "/c": page("c"), "/d": page("d")}
    with Faulty(site) as s:
        def fill(text):
            return text.replace("PORT", str(s.port)).encode()
        index = ("<sitemapindex><sitemap><loc>http://127.0.0.1:PORT/m.xml.gz</loc></sitemap>"
                 "<sitemap><loc>/m2.txt</loc></sitemap>"
                 "<sitemap><loc>/index.xml</loc></sitemap></sitemapindex>")
        site["/robots.txt"] = answer(fill("Sitemap: http://127.0.0.1:PORT/index.xml\n"),
                                     type="text/plain")
        site["/index.xml"] = answer(fill(index), type="text/xml")
        site["/m.xml.gz"] = answer(gzip.compress(fill(urls("a", "b"))), type="application/gzip")
        site["/m2.txt"] = answer(fill("http://127.0.0.1:PORT/c\nhttp://elsewhere.invalid/x\n"))
        site["/sitemap.xml"] = answer(fill("<!DOCTYPE x [<!ENTITY e 'd'>]>" + urls("d") + "<oops"),
                                      type="text/xml")
        add(docfs, s.url)
        assert set(documents(docfs)) == {"index.html", "a.html", "b.html", "c.html", "d.html"}
        add(docfs, s.url + "/m.xml.gz", "-c", "only")
        r = docfs.run("add", s.url + "/empty.xml", *FAST)
        assert r.code != 0 and "404" in r.err


def test_canonical_redirect_and_meta(docfs):
    def canonical(to):
        return f'<link rel="canonical" href="{to}">'
    with Faulty({"/": page("start", "a", "b", "old", "gone", "no", "nf", "cycle", "lost", "far"),
                 "/a": page("a", head=canonical("/real")), "/real": page("real"),
                 "/b": page("b", head=canonical("/")), "/old": redirect("/new", "301 Moved"),
                 "/new": page("new"), "/no": page("no", head='<meta name=robots content=noindex>'),
                 "/nf": page("nf", "hidden", head='<meta name="robots" content="nofollow">'),
                 "/hidden": page("hidden"), "/cycle": redirect("/cycle2"),
                 "/cycle2": redirect("/cycle"), "/far": redirect("http://127.0.0.1:1/x"),
                 "/lost": page("lost", head=canonical("/missing"))}) as s:
        add(docfs, s.url)
        assert set(documents(docfs)) == {"index.html", "real.html", "b.html", "new.html", "nf.html",
                                         "lost.html"}
        assert "404" in docfs.failures()["gone.html"]


def test_endless_site_is_bounded(docfs):
    """Every page leads to a new one, and every redirect to another."""
    def endless(c, request):
        path = request.split(" ")[1].rstrip("/")
        if path.startswith("/r"):
            return redirect(path + "x")(c, request)
        return page("p", f"{path}/p", "/r1")(c, request)
    with Faulty({"*": endless, "/robots.txt": answer("", "404 Not Found")}) as s:
        add(docfs, s.url, "--max-pages", "40")
        assert len(s.requests) < 60
        assert any("redirects" in v for v in docfs.failures().values())


def test_language(docfs):
    def german(c, request):
        answer("<html lang=de><title>x</title><h1>Hallo</h1><p>Ein Satz auf Deutsch.")(c, request)
    with Faulty({"/": page("start", "de"), "/de": german}) as s:
        add(docfs, s.url, "--lang", "en")
        assert set(documents(docfs)) == {"index.html"}
        add(docfs, s.url, "--lang", "de", ok=False)


# ---- manners ----

def test_robots_txt(docfs):
    rules = "User-agent: *\nDisallow: /\n\nUser-agent: docfs\nDisallow: /private\nAllow: /private/ok\n"
    with Faulty({"/": page("start", "/private/x", "/private/ok"), "/private/x": page("x"),
                 "/private/ok": page("ok"), "/robots.txt": answer(rules, type="text/plain")}) as s:
        add(docfs, s.url)
        assert set(documents(docfs)) == {"index.html", "private/ok.html"}
        r = add(docfs, s.url + "/private/x", ok=False)
        assert r.code != 0 and "robots.txt" in r.err and "--ignore-robots" in r.err
        add(docfs, s.url, "--ignore-robots")
        assert "private/x.html" in documents(docfs)
    with Faulty({"/": page("start"), "/robots.txt": answer("", "503 Busy")}) as s:
        assert "robots.txt" in add(docfs, s.url, ok=False).err


def test_rate_and_crawl_delay(docfs):
    times = []

    def timed(handler):
        def f(c, request):
            times.append(time.monotonic())
            handler(c, request)
        return f

    def slowest_run():  # seconds a request; one that is served late makes what follows look fast
        return max((times[-1] - times[i]) / (len(times) - 1 - i) for i in (1, 2, 3))
    site = {"/": timed(page("start", *[f"p{i}" for i in range(5)])),
            **{f"/p{i}": timed(page(f"p{i}")) for i in range(5)}}
    with Faulty(site) as s:
        r = docfs.run("add", s.url, "-c", "site", "--allow-private", "--rate", "10")
        assert r.code == 0 and len(times) == 6
        assert slowest_run() >= 0.35 / 4
        site["/robots.txt"] = answer("User-agent: *\nCrawl-delay: 0.2\n", type="text/plain")
        times.clear()
        add(docfs, s.url)
        assert slowest_run() >= 0.75 / 4


def test_passing_failures_are_retried_and_remove_nothing(docfs):
    state = {"fail": 2, "seen": 0}

    def flaky(c, request):
        state["seen"] += 1
        if state["fail"] > 0:
            state["fail"] -= 1
            return answer("busy", "503 Busy", headers=["Retry-After: 0"])(c, request)
        return page("flaky")(c, request)
    site = {"/": page("start", "flaky", "b"), "/flaky": flaky, "/b": page("b")}
    with Faulty(site) as s:
        add(docfs, s.url)
        assert state["seen"] == 3 and "flaky.html" in documents(docfs)
        state["fail"] = 100
        add(docfs, s.url, "--option", "retries=1")
        assert "flaky.html" in documents(docfs)
        site["/flaky"] = answer("gone", "410 Gone")
        add(docfs, s.url, "--option", "retries=1")
        assert "flaky.html" not in documents(docfs)
    r = docfs.run("refresh", "site")
    assert r.code != 0 and "does not answer" in r.err and "b.html" in documents(docfs)


def test_changed_page_is_read_again(docfs):
    site = {"/": page("start", "a"), "/a": page("a")}
    with Faulty(site) as s:
        add(docfs, s.url)
        before = documents(docfs)
        site["/a"] = page("a", body="<p>Something entirely new.</p>")
        r = docfs.run("refresh", "site")
        assert r.code == 0, r
        after = documents(docfs)
        assert before["index.html"] == after["index.html"] and before["a.html"] != after["a.html"]


# ---- hostile and absent servers ----

def test_hostile_pages_cost_only_themselves(docfs):
    def cut(c, request):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 999\r\n\r\n<p>")
    with Faulty({"/": page("start", "bomb", "cut", "/%2e%2e/%2e%2e/etc/passwd", "..%2fup", "a%00b",
                           "x\x01y", "private", "good", "big"),
                 "/bomb": bomb, "/cut": cut, "/good": page("good"), "/big": gzipped(b"x" * 9000000),
                 "/private": redirect("http://10.0.0.1/"), "/..%2Fup": page("up"),
                 "/a%00b": page("nul")}) as s:
        add(docfs, s.url, "--max-file", "1M", "--option", "retries=0")
        docs, why = documents(docfs), docfs.failures()
        assert "good.html" in docs and not any(".." in p.split("/") for p in docs)
        assert "cut short" in why["cut.html"]
        assert "larger" in why["bomb.html"] and "ingest.max_file" in why["big.html"]


def test_private_addresses_need_consent(docfs):
    with Faulty({"/": page("secret")}) as s:
        r = docfs.run("add", s.url, "-c", "site")
        assert r.code != 0 and "loopback" in r.err and "--allow-private" in r.err
        assert s.requests == []


def test_what_a_person_gets_wrong(docfs):
    with Faulty({"/denied": answer("no", "401 Unauthorized"), "/png": answer(b"\x89PNG", type="image/png")}) as s:
        for url, says in ((s.url + "/nothing", "404"), (s.url + "/denied", "login"),
                          (s.url + "/png", "image/png"),
                          ("http://no-such-host.invalid/x", "check the spelling of http://no-such-host.invalid/x and"),
                          ("htps://example.org/", "https?"),
                          ("http://me:secret@127.0.0.1/", "password")):
            r = docfs.run("add", url, *FAST)
            assert r.code != 0 and says in r.err and "secret@" not in r.err, r
        port = s.port
    assert "does not answer" in docfs.run("add", f"http://127.0.0.1:{port}/", *FAST).err
    for option, says in (("--scope=galaxy", "subpages, host or domain"), ("--rate=-1", "no limit"),
                         ("--depth=x", "0 to 1000"), ("--option=colour=red", "no option colour"),
                         ("--lang=?", "language")):
        r = docfs.run("add", "http://127.0.0.1:1/", option)
        assert r.code == 2 and says in r.err, r


def test_private_site_and_its_token(docfs, tmp_path):
    secret = "tok3n-of-the-site"

    def needs_login(handler):
        def f(c, request):
            if f"Authorization: Bearer {secret}" in request:
                return handler(c, request)
            answer("no", "401 Unauthorized")(c, request)
        return f
    with Faulty({"/b": page("b")}) as other:
        site = {"/": needs_login(page("start", "a", "away", other.url + "/b")),
                "/a": needs_login(page("a")), "/away": needs_login(redirect(other.url + "/b"))}
        with Faulty(site) as s:
            variable = f"DOCFS_TOKEN_127_0_0_1_{s.port}"
            args = ("add", s.url, "-c", "site", *FAST, "--scope", "domain")
            r = docfs.run(*args)
            assert r.code != 0 and "401" in r.err and variable in r.err
            assert f"127.0.0.1:{s.port} TOKEN" in r.err and "sources.token_file" in r.err
            assert not docfs.json("list")["collections"]
            r = docfs.run(*args, env={variable: "wrong"})
            assert r.code != 0 and "does not accept the token" in r.err and "wrong" not in r.err

            r = docfs.ok(*args, env={variable: secret})
            assert secret not in r.out + r.err
            assert len(documents(docfs)) == 3  # start, a and the page of the other host
            assert other.requests and not any("Authorization" in t for t, _ in other.requests)

            tokens = tmp_path / "tokens"
            tokens.write_text(f"# mine\nexample.org other\n127.0.0.1:{s.port} {secret}\n")
            tokens.chmod(0o644)
            docfs.ok("config", "set", "sources.token_file", tokens)
            r = docfs.run("refresh", "site")
            assert r.code != 0 and "chmod 600" in r.err
            tokens.chmod(0o600)
            docfs.ok("refresh", "site")
    for f in docfs.cache.rglob("*"):
        assert not f.is_file() or secret.encode() not in f.read_bytes(), f


def test_user_and_password(docfs):
    def f(c, request):
        known = base64.b64encode(b"me:pass word").decode() in request
        (page("start") if known else answer("no", "401 Unauthorized"))(c, request)
    with Faulty({"/": f}) as s:
        env = {f"DOCFS_TOKEN_127_0_0_1_{s.port}": "me:pass word"}
        docfs.ok("add", s.url, "-c", "site", *FAST, env=env)


def test_options_are_kept_for_refresh(docfs):
    site = {"/": page("start", "a"), "/a": page("a", "b"), "/b": page("b")}
    with Faulty(site) as s:
        add(docfs, s.url, "--depth", "1")
        assert docfs.run("refresh", "site").code == 0
        assert set(documents(docfs)) == {"index.html", "a.html"}
