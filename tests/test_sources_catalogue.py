"""docfs add NAME: the built-in catalogue, a file of the user's own, typos."""
import pathlib
import re

import pytest
from lib.faulty import Faulty
from lib.gitserver import HttpBackend, Repo
from test_source_limits import FAST
from test_web import page

ROOT = pathlib.Path(__file__).resolve().parent.parent


@pytest.fixture
def lamp(tmp_path):
    repo = Repo(tmp_path, "lamp")
    repo.put("docs/guide.md", "# Guide\n\nfirst edition\n")
    repo.put("README.md", "# Readme\n")
    repo.put("docs/notes.txt", "not documentation by the catalogue\n")
    repo.commit("one", "v1.0.0")
    repo.put("docs/guide.md", "# Guide\n\nsecond edition\n")
    repo.commit("two", "v1.1.0")
    repo.put("docs/guide.md", "# Guide\n\nunreleased edition\n")
    repo.commit("three")
    server = HttpBackend(repo.bare.parent)
    mine = tmp_path / "catalogue.yaml"

    def write(versions):
        mine.write_text(f"""
- name: lamp
  title: The Lamp
  aliases: [lighthouse, c++lamp]
  category: tool
  repo: {server.url("lamp")}
  path: docs
  include: ["*.md"]
  licence: CC0-1.0
  versions: {versions}
- name: react
  title: My own React
  repo: {server.url("lamp")}
  licence: MIT
  versions: none
""")
        return {"DOCFS_SOURCES_CATALOGUE": str(mine)}

    yield write
    server.stop()


def text(docfs, name):
    return docfs.ok("cat", f"{name}/guide.md").out.split()[-2]


def test_the_built_in_catalogue(docfs):
    items = docfs.json("catalogue")["technologies"]
    assert len(items) >= 60
    names = [t["name"] for t in items]
    assert names == sorted(names) and len(set(names)) == len(names)
    taken = set()
    for t in items:
        assert t["repo"].startswith(("https://", "deb:")) and t["licence"] and t["title"], t
        assert re.fullmatch(r"none|tags|branches .*\{version\}.*", t["versions"]), t
        assert t["category"] in ("language", "framework", "library", "database", "tool"), t
        words = {t["name"], *filter(None, t["aliases"].split(", "))}
        assert not words & taken, f"{t['name']}: {words & taken} is taken"
        taken |= words
    assert {"language", "framework", "database", "tool"} <= {t["category"] for t in items}


def test_search(docfs):
    assert docfs.json("catalogue", "search", "react")["technologies"][0]["name"] == "react"
    assert docfs.json("catalogue", "k8s")["technologies"][0]["name"] == "kubernetes"
    found = [t["name"] for t in docfs.json("catalogue", "search", "database")["technologies"]]
    assert "redis" in found and "react" not in found
    assert "react" in docfs.ok("catalogue", "search", "react").out
    assert "CC-BY-4.0" in docfs.ok("catalogue", "show", "reactjs").out
    r = docfs.run("catalogue", "search", "xyzzyx")
    assert r.code == 1 and "nothing" in r.err
    assert docfs.run("catalogue", "show", "xyzzyx").code == 1


def test_add_by_name_and_version(docfs, lamp):
    env = lamp("tags")
    docfs.ok("add", "lamp", env=env)
    assert text(docfs, "lamp") == "second", "the newest release"
    docfs.ok("add", "lighthouse@1.0", env=env)
    assert text(docfs, "lamp@1.0") == "first"
    assert [d["path"] for d in docfs.json("list", "lamp")["documents"]] == ["guide.md"]
    assert docfs.json("refresh", "lamp")["unchanged"] == 2, "a refresh needs no catalogue"
    r = docfs.run("add", "lamp@7", env=env)
    assert r.code != 0 and "no branch, tag or version 7" in r.err


def test_other_schemes(docfs, lamp):
    docfs.ok("add", "lamp", env=lamp("none"))
    assert text(docfs, "lamp") == "unreleased"
    r = docfs.run("add", "lamp@1.0", env=lamp("none"))
    assert r.code != 0 and "newest version" in r.err
    docfs.ok("add", "c++lamp@1.0", env=lamp('"branches v{version}.0"'))
    assert text(docfs, "lamp@1.0") == "first"
    docfs.ok("add", "react", env=lamp("none"))
    assert "docs/guide.md" in [d["path"] for d in docfs.json("list", "react")["documents"]]


def test_a_site_by_name(docfs, tmp_path):
    with Faulty({"/guide/": page("guide", "a", "/b"), "/guide/a": page("a"), "/b": page("b")}) as s:
        mine = tmp_path / "catalogue.yaml"
        mine.write_text(f"- {{name: lamp, title: Lamp, repo: '{s.url}/guide/', kind: web, licence: MIT, versions: none}}\n")
        env = {"DOCFS_SOURCES_CATALOGUE": str(mine)}
        docfs.ok("add", "lamp", *FAST, env=env)
        assert docfs.json("list")["collections"][0]["name"] == "lamp"
        assert len(docfs.json("list", "lamp")["documents"]) == 2
        docfs.ok("refresh", "lamp")
        r = docfs.run("add", "lamp@2", *FAST, env=env)
        assert r.code != 0 and "newest version" in r.err and "--ref" not in r.err
        r = docfs.run("add", "lamp", "--subdir", "x", *FAST, env=env)
        assert r.code != 0 and "no --ref and no --subdir" in r.err


def test_a_wrong_file_says_where(docfs, tmp_path):
    f = tmp_path / "c.yaml"
    env = {"DOCFS_SOURCES_CATALOGUE": str(f)}
    assert "cannot read" in docfs.run("catalogue", env=env).err
    for body, words in [("- name: x\n", "entry 1 (x) has no title"),
                        ("name: x\n", "not a list"),
                        ("- {name: x, title: x, repo: r, licence: l, versions: some}\n", "{version}"),
                        ("- {name: x, title: x, repo: r, licence: l, versions: none, kind: gti}\n", "kind of source called gti"),
                        ("- {name: x, title: x, repo: r, licence: l, versions: tags, kind: web}\n", "only what git keeps"),
                        ("- [\n", str(f))]:
        f.write_text(body)
        r = docfs.run("catalogue", env=env)
        assert r.code != 0 and words in r.err, r


@pytest.mark.parametrize("arg,words", [
    ("recat", "did you mean react?"),
    ("kubernets", "did you mean kubernetes?"),
    ("zzzzzzzzz", "catalogue search"),
    ("./nowhere", "nowhere"),
    ("/no/such/dir", "/no/such/dir"),
    ("htps://example.org/", "https"),
    ("react@18", "newest version"),
    ("", "name what to add"),
])
def test_typos(docfs, tmp_path, arg, words):
    r = docfs.run("add", arg, cwd=tmp_path)
    assert r.code not in (0, 1) and words in r.err, r
    assert docfs.json("list")["collections"] == []


def test_kind_by_hand(docfs, tmp_path):
    d = tmp_path / "react"
    d.mkdir()
    (d / "a.md").write_text("# A\n")
    docfs.ok("add", "react", cwd=tmp_path)  # what is there wins over what is known
    r = docfs.run("add", d, "--kind", "nonsense")
    assert r.code != 0 and "directory" in r.err and "git" in r.err
    r = docfs.run("add", d, "--kind", "git")
    assert r.code != 0 and "git" in r.err
    r = docfs.run("add", d, "--kind", "archive")
    assert r.code != 0 and "is a directory, not an archive" in r.err
    r = docfs.run("add", "react", "--kind", "web", cwd=tmp_path)
    assert r.code != 0 and "begins with https://" in r.err
    r = docfs.run("add", d, "-c", "none", "--include", "*.rst")
    assert f"no file of {d} is left by --include" in r.err
    r = docfs.run("add", d, "--ref", "v1")
    assert r.code != 0 and "--ref is for git" in r.err
