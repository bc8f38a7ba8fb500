"""What is on this machine: Debian packages by name, manual pages, projects with a lock file."""
import hashlib
import json
import pathlib
import subprocess

import pytest


# ---- Debian packages ----

def test_an_installed_package(docfs):
    r = docfs.run("add", "deb:git")
    listed = subprocess.run(["dpkg-query", "-L", "git"], capture_output=True, text=True).stdout
    assert r.code == 0, r
    row = docfs.json("list")["collections"][0]
    version = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", "git"], capture_output=True,
                             text=True).stdout
    assert (row["name"], row["kind"], row["revision"]) == ("git", "deb", version)
    there = [p for p in listed.splitlines() if p.startswith("/usr/share/doc/git/")
             and pathlib.Path(p).is_file()]
    assert row["documents"] >= min(1, len(there))


@pytest.fixture
def apt(tmp_path):
    """A repository of one package on disk, and an apt that knows only it."""
    root, repo, apt = tmp_path / "deb", tmp_path / "repo", tmp_path / "apt"
    doc = root / "usr/share/doc/lamp-doc"
    doc.mkdir(parents=True)
    repo.mkdir()
    (doc / "guide.md").write_text("# Guide\n\nHow to trim the wick.\n")
    (root / "DEBIAN").mkdir()
    control = ("Package: lamp-doc\nVersion: 1.2-3\nArchitecture: all\n"
               "Maintainer: A <a@example.org>\nDescription: lamps\n")
    (root / "DEBIAN/control").write_text(control)
    deb = repo / "lamp-doc_1.2-3_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", root, deb], check=True,
                   capture_output=True)
    data = deb.read_bytes()
    (repo / "Packages").write_text(f"{control}Filename: ./{deb.name}\nSize: {len(data)}\n"
                                   f"SHA256: {hashlib.sha256(data).hexdigest()}\n")
    for d in ("state/lists/partial", "cache/archives/partial", "etc"):
        (apt / d).mkdir(parents=True)
    (apt / "etc/sources.list").write_text(f"deb [trusted=yes] file:{repo} ./\n")
    conf = apt / "apt.conf"
    conf.write_text(f'Dir::State "{apt}/state"; Dir::Cache "{apt}/cache"; '
                    f'Dir::Etc::sourcelist "{apt}/etc/sources.list"; '
                    f'Dir::Etc::sourceparts "/nonexistent"; APT::Sandbox::User "root";\n')
    env = {"APT_CONFIG": str(conf)}
    import os
    subprocess.run(["apt-get", "update", "-qq"], env={**os.environ, **env}, check=True,
                   capture_output=True)
    return env


def test_a_package_that_is_not_installed(docfs, apt):
    docfs.ok("add", "deb:lamp-doc", env=apt)
    assert docfs.paths("lamp-doc") == ["usr/share/doc/lamp-doc/guide.md"]
    assert "1.2-3" in docfs.json("list")["collections"][0]["revision"]
    assert docfs.json("refresh", "lamp-doc", env=apt)["unchanged"] == 1
    r = docfs.run("add", "deb:lump-doc", env=apt)
    assert r.code != 0 and "no package is called lump-doc" in r.err


@pytest.mark.parametrize("name", ["deb:", "deb:-o", "deb:../x", "deb:A_B"])
def test_bad_package_names(docfs, name):
    r = docfs.run("add", name)
    assert r.code != 0 and "no name of a Debian package" in r.err


# ---- manual pages ----

def test_manual_pages(docfs, tmp_path):
    r = docfs.run("add", "man:", "--include", "man1/git-ad*", "--include", "man1/mandoc.1*")
    if pathlib.Path("/usr/share/man").is_dir():
        assert r.code == 0
        assert docfs.json("list")["collections"][0]["location"] == "/usr/share/man"
    else:
        assert "no manual pages" in r.err


# ---- projects ----

@pytest.fixture
def project(tmp_path):
    d = tmp_path / "shop"
    d.mkdir()
    return d


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_npm(docfs, project):
    put(project / "package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {
        "": {"name": "shop"}, "node_modules/wick": {"version": "1.0.0"},
        "node_modules/@lamp/oil": {"version": "2.0.0"}, "node_modules/gone": {"version": "1.0.0"},
        "node_modules/../../../etc": {"version": "1"},
        "node_modules/wick/node_modules/inner": {"version": "1"}}}))
    put(project / "node_modules/wick/README.md", "# wick\n\nHow to trim the wick.\n")
    put(project / "node_modules/wick/docs/api.md", "# API\n")
    put(project / "node_modules/wick/index.js", "module.exports = 1\n")
    put(project / "node_modules/wick/node_modules/inner/README.md", "# inner\n")
    put(project / "node_modules/@lamp/oil/README.md", "# oil\n")
    put(project / "node_modules/unnamed/README.md", "# not in the lock file\n")
    docfs.ok("add", project / "package-lock.json")
    assert docfs.paths("shop-deps") == ["@lamp/oil/README.md", "wick/README.md", "wick/docs/api.md"]
    put(project / "node_modules/gone/README.md", "# came later\n")
    assert docfs.json("refresh", "shop-deps")["converted"] == 1


def test_cargo(docfs, project, tmp_path):
    put(project / "Cargo.lock", 'version = 3\n\n[[package]]\nname = "wick"\nversion = "1.0.0"\n'
        'source = "registry"\n\n[[package]]\nname = "oil"\nversion = "0.2.0"\n')
    home = tmp_path / "cargo"
    put(home / "registry/src/index-1/wick-1.0.0/README.md", "# wick crate\n")
    put(home / "registry/src/index-1/wick-2.0.0/README.md", "# another version\n")
    put(project / "vendor/oil/README.md", "# oil, vendored\n")
    docfs.ok("add", project, "--kind", "project", env={"CARGO_HOME": str(home)})
    assert docfs.paths("shop-deps") == ["oil-0.2.0/README.md", "wick-1.0.0/README.md"]


@pytest.mark.parametrize("lock,text", [
    ("requirements.txt", "# deps\nWick_Trimmer==1.0 ; python_version > '3'\n-r other.txt\n"),
    ("poetry.lock", '[[package]]\nname = "wick-trimmer"\nversion = "1.0"\n'),
    ("uv.lock", 'version = 1\n[[package]]\nname = "wick-trimmer"\nversion = "1.0"\n')])
def test_pip(docfs, project, lock, text):
    put(project / lock, text)
    site = project / ".venv/lib/python3.11/site-packages"
    put(site / "wick_trimmer-1.0.dist-info/METADATA",
        "Metadata-Version: 2.1\nName: wick-trimmer\nSummary: Trims wicks\n"
        "Description-Content-Type: text/markdown\n\n## Use\n\nCall `trim()`.\n")
    put(site / "wick_trimmer/docs/guide.rst", "Guide\n=====\n\nText.\n")
    docfs.ok("add", project / lock)
    found = docfs.paths("shop-deps")
    assert len(found) == 2
    page = next(p for p in found if "DESCRIPTION" in p)
    text = docfs.ok("cat", f"shop-deps/{page}").out
    assert "Trims wicks" in text and "Call `trim()`." in text and "Metadata-Version" not in text


def test_a_project_without_installation(docfs, project):
    put(project / "Cargo.lock", '[[package]]\nname = "wick"\nversion = "1.0.0"\n')
    r = docfs.run("add", project / "Cargo.lock", env={"CARGO_HOME": str(project)})
    assert r.code != 0 and "cargo fetch" in r.err
    put(project / "package-lock.json", "{ not json")
    r = docfs.run("add", project / "package-lock.json")
    assert r.code != 0 and "no JSON" in r.err
    empty = project / "empty"
    empty.mkdir()
    r = docfs.run("add", empty, "--kind", "project")
    assert r.code != 0 and "no lock file" in r.err
    for name in ("package.json", "Cargo.toml", "pyproject.toml"):
        put(empty / name, "{}")
        r = docfs.run("add", empty / name)
        assert r.code != 0 and "no lock file" in r.err and "npm install" in r.err


def test_a_project_by_what_describes_it(docfs, project):
    put(project / "package.json", "{}")
    put(project / "package-lock.json", json.dumps({"lockfileVersion": 3, "packages": {
        "node_modules/wick": {"version": "1.0.0"}}}))
    put(project / "node_modules/wick/README.md", "# wick\n\nHow to trim the wick.\n")
    docfs.ok("add", "package.json", cwd=project)
    assert docfs.paths("shop-deps") == ["wick/README.md"]
