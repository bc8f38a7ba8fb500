"""Git repositories from real servers: git daemon, git-http-backend, and paths."""
import hashlib
import os
import socket
import stat

import pytest
from lib.gitserver import Daemon, HttpBackend, Repo, git


@pytest.fixture
def repo(tmp_path):
    r = Repo(tmp_path, "lamp")
    r.put("README.md", "# Lamp\n\nA lighthouse in every port.\n")
    r.put("docs/guide.md", "# Guide\n\nHow to trim the wick.\n")
    r.put("docs/deep/more.rst", "More\n====\n\nOil of whales.\n")
    r.put("src/lamp.c", "int main(void) { return 0; }\n")
    r.put("big.bin", "0123456789abcdef" * 20000)
    r.first = r.commit("one", "v1.0.0")
    return r


@pytest.fixture
def http(repo):
    s = HttpBackend(repo.bare.parent)
    yield s
    s.stop()


def test_documentation_is_known_by_its_usual_spellings(docfs, repo):
    repo.put("vignettes/lamp.Rmd", "---\ntitle: Lamp\n---\n\nTrim the wick.\n")
    repo.put("R/lamp.R", "lamp <- function() NULL\n")
    for data in ("tests/unit/fixtures/x.md", "testdata/x.md", "pkg/__tests__/x.md", "fixtures/real.md",
                 "test/how.md", "a/src/test/x.md", "lamp-testsuite/b/x.md", "tests/format/list/x.md"):
        repo.put(data, "# Is it documentation?\n")
    for pins in "requirements-dev.txt", "requirements/docs.txt", "requirements/extras/oil.txt":
        repo.put(pins, "wick==1.0\n")
    repo.put("layouts/words.html", "<!--\n  Words\n-->\n\n{% macro t(key) %}{{ {'a': 'b'}[key] }}{% endmacro %}\n")
    repo.put("layouts/base.html", "<html>\n  {% block head %}\n  <b>x</b>\n  {% endblock %}\n</html>\n")
    repo.commit("vignette")
    docfs.ok("add", repo.bare, "--kind", "git", "--collection", "lamp", "-q")
    paths = docfs.paths("lamp")
    assert any(p.startswith("vignettes/lamp.") for p in paths) and not any(p.startswith("R/") for p in paths)
    assert {p for p in paths if p.endswith(("x.md", "real.md", "how.md"))} == {"fixtures/real.md", "test/how.md"}
    assert not any(p.startswith(("requirements", "layouts")) for p in paths)
    docfs.ok("add", repo.bare, "--kind", "git", "--collection", "all", "-q", "--exclude", "none")
    assert "testdata/x.md" in docfs.paths("all")


def test_over_http_partial_and_shallow(docfs, repo, http):
    for i in range(3):
        repo.put("docs/guide.md", f"# Guide\n\nEdition {i}\n")
        head = repo.commit(f"edit {i}")
    report = docfs.json("add", http.url("lamp"))
    assert report["collection"] == "lamp" and report["converted"] == 3
    assert docfs.paths("lamp") == ["README.md", "docs/deep/more.md", "docs/guide.md"]
    row = docfs.json("list")["collections"][0]
    assert (row["kind"], row["revision"], row["location"]) == ("git", head, http.url("lamp"))
    assert docfs.ok("search", "whales").out
    # One commit, and none of the blobs that are no documentation.
    kept = next((docfs.cache / "sources").glob("git-*"))
    assert git("--git-dir", kept, "rev-list", "--count", head) == "1"
    here = git("--git-dir", kept, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    assert sum(" blob " in line for line in here) == 3
    assert http.bytes_sent < 20000


def test_provenance_of_a_document(docfs, repo, http):
    docfs.ok("add", http.url("lamp"))
    doc = docfs.json("search", "trim the wick")["hits"][0]
    assert doc["url"] == f"{http.url('lamp')}#{repo.first}:docs/guide.md"


def test_refresh_fetches_only_what_changed(docfs, repo, http):
    docfs.ok("add", http.url("lamp"))
    seen = len(http.requests)
    report = docfs.json("refresh", "lamp")
    assert report["converted"] == 0 and report["unchanged"] == 3
    posts = [r for r in http.requests[seen:] if r[0] == "POST"]
    assert len(posts) <= 1, "an unchanged repository is only asked for its refs"
    repo.put("docs/guide.md", "# Guide\n\nTrim it with scissors.\n")
    git("mv", "README.md", "HELLO.md", cwd=repo.work)
    (repo.work / "docs/deep/more.rst").unlink()
    head = repo.commit("two")
    report = docfs.json("refresh", "lamp")
    assert (report["converted"], report["renamed"], report["removed"]) == (1, 1, 1)
    assert docfs.json("list")["collections"][0]["revision"] == head
    assert "scissors" in docfs.ok("search", "scissors").out
    kept = next((docfs.cache / "sources").glob("git-*"))
    here = git("--git-dir", kept, "cat-file", "--batch-all-objects", "--batch-check").splitlines()
    assert sum(" blob " in line for line in here) == 4, "three from the first run and the new one"


def test_what_is_kept_between_runs_may_be_deleted(docfs, repo, http):
    import shutil
    docfs.ok("add", http.url("lamp"))
    shutil.rmtree(docfs.cache / "sources")
    assert docfs.json("refresh", "lamp")["unchanged"] == 3


def test_branches_tags_versions_and_directories(docfs, repo, http):
    repo.put("docs/guide.md", "# Guide\n\nsecond\n")
    repo.commit("two", "v1.2.0", annotated=True)
    repo.put("docs/guide.md", "# Guide\n\npreview\n")
    repo.commit("three", "v2.0.0-rc1")
    git("checkout", "-q", "-b", "feature/x", cwd=repo.work)
    repo.put("docs/guide.md", "# Guide\n\nfeature\n")
    repo.commit("four")
    url = http.url("lamp")

    def body(collection, *args):
        docfs.ok("add", url, "--collection", collection, *args)
        name = next(p for p in docfs.paths(collection) if p.endswith("guide.md"))
        return docfs.ok("cat", f"{collection}/{name}").out.split()[-1]

    assert body("a", "--ref", "v1.2.0") == "second"
    assert body("b", "--ref", "1.2") == "second"
    assert body("c", "--ref", "latest") == "second"
    assert body("d", "--ref", "2.0.0-rc1") == "preview"
    assert body("e", "--ref", "feature/x") == "feature"
    assert body("f", "--ref", repo.first) == "wick."
    assert body("g", "--subdir", "docs") == "preview"
    assert docfs.paths("g") == ["deep/more.md", "guide.md"]
    docfs.ok("add", url, "--ref", "v1.2.0")
    assert "lamp@1.2.0" in [c["name"] for c in docfs.json("list")["collections"]]
    # A page of a forge: the branch has a slash, the rest is a directory.
    docfs.ok("add", f"{url[:-4]}/-/tree/feature/x/docs", "--collection", "h",
             env={"GIT_CONFIG_GLOBAL": _instead(docfs, url)})
    assert docfs.paths("h") == ["deep/more.md", "guide.md"]


def _instead(docfs, url):
    """A user's own git configuration holds: here, another address for the same repository."""
    f = docfs.cache.parent / "gitconfig"
    f.write_text(f'[url "{url}"]\n\tinsteadOf = {url[:-4]}\n')
    return str(f)


@pytest.mark.parametrize("page", [
    "https://github.com/octo/lamp",
    "https://github.com/octo/lamp/tree/v1/docs/en",
    "https://github.com/octo/lamp/blob/main/a%20b.md",
    "https://github.com/octo/lamp/wiki/Home",
    "https://gitlab.com/g/sub/lamp/-/tree/main/doc",
    "https://codeberg.org/o/lamp/src/branch/main/doc",
    "https://git.example.org/o/lamp/src/tag/v1/d",
    "https://bitbucket.org/o/lamp/src/main/docs",
    "git@git.example.org:o/lamp.git",
])
def test_pages_of_forges_are_understood(docfs, tmp_path, page):
    """Nothing is reached: a proxy that refuses stands before every host."""
    env = {"https_proxy": "http://127.0.0.1:9", "PATH": f"{_no_ssh(tmp_path)}:{os.environ['PATH']}"}
    r = docfs.run("add", page, env=env)
    assert r.code != 0 and ("does not answer" in r.err or "unknown" in r.err), r
    r = docfs.run("add", page, "--ref", "bad:ref", env=env)
    assert "bad name of a branch" in r.err, "it was taken for a git repository"


def _no_ssh(tmp_path):
    d = tmp_path / "bin"
    d.mkdir(exist_ok=True)
    s = d / "ssh"
    s.write_text("#!/bin/sh\necho 'ssh: connect to host x port 22: Connection refused' >&2\nexit 255\n")
    s.chmod(0o755)
    return d


def test_git_daemon(docfs, repo):
    d = Daemon(repo.bare.parent)
    try:
        assert docfs.json("add", d.url("lamp"))["converted"] == 3
        r = docfs.run("add", d.url("lump"))
        assert r.code != 0 and "no git repository" in r.err
    finally:
        d.stop()


def test_a_path_and_a_checkout(docfs, repo):
    assert docfs.json("add", repo.bare)["converted"] == 3
    # A checkout is a directory, unless a ref says that its history is meant.
    repo.put("draft.md", "# Draft\n")
    assert "draft.md" in [d["path"] for d in _added(docfs, repo.work, "w")]
    assert "draft.md" not in [d["path"] for d in _added(docfs, repo.work, "h", "--ref", "main")]


def _added(docfs, what, name, *args):
    docfs.ok("add", what, "--collection", name, *args)
    return docfs.json("list", name)["documents"]


def test_a_repository_that_moved_away(docfs, repo, tmp_path):
    git("clone", "-q", "--bare", repo.work, tmp_path / "lamp.git")
    docfs.ok("add", tmp_path / "lamp.git")
    (tmp_path / "lamp.git").rename(tmp_path / "away.git")
    r = docfs.run("refresh", "lamp")
    assert r.code == 5 and f"{tmp_path}/lamp.git is not there any more: put it back" in r.err
    assert docfs.paths("lamp")


def test_context7_json(docfs, repo, http):
    repo.put("context7.json", """{"projectTitle": "Lamp", "folders": ["docs"],
        "excludeFolders": ["deep", "./attic"], "excludeFiles": ["CHANGES.md"]}""")
    repo.put("docs/CHANGES.md", "# Changes\n")
    repo.put("docs/attic/kept.md", "# Kept\n")
    repo.put("attic/old.md", "# Old\n")
    repo.put("other/page.md", "# Other\n")
    repo.commit()
    docfs.ok("add", http.url("lamp"))
    assert docfs.paths("lamp") == ["README.md", "docs/attic/kept.md", "docs/guide.md"]


# ---- what goes wrong says what to do ----

def test_private_repository(docfs, repo, tmp_path):
    s = HttpBackend(repo.bare.parent, token="sesame-opens")
    try:
        url, host = s.url("lamp"), f"127.0.0.1:{s.port}"
        variable = f"DOCFS_TOKEN_127_0_0_1_{s.port}"
        r = docfs.run("add", url)
        assert r.code != 0 and variable in r.err and "sources.token_file" in r.err
        assert docfs.json("list")["collections"] == [], "nothing is left of it"
        r = docfs.run("add", url, env={variable: "wrong"})
        assert r.code != 0 and "login" in r.err and "wrong" not in r.err
        docfs.ok("add", url, "--collection", "a", env={variable: "sesame-opens"})
        tokens = tmp_path / "tokens"
        tokens.write_text(f"# hosts\nother.example nothing\n{host} sesame-opens\n")
        tokens.chmod(0o644)
        r = docfs.run("add", url, "--set", f"sources.token_file={tokens}")
        if r.code == 2:  # no such option: through the environment
            r = docfs.run("add", url, env={"DOCFS_SOURCES_TOKEN_FILE": str(tokens)})
        assert r.code != 0 and "chmod 600" in r.err
        tokens.chmod(0o600)
        docfs.ok("add", url, "--collection", "b", env={"DOCFS_SOURCES_TOKEN_FILE": str(tokens)})
    finally:
        s.stop()
    for f in docfs.cache.rglob("*"):
        if f.is_file():
            assert b"sesame-opens" not in f.read_bytes(), f"the token is stored in {f}"


def test_a_secret_in_the_address_is_refused(docfs):
    r = docfs.run("add", "https://user:geheim@github.com/o/r.git")
    assert r.code != 0 and "token" in r.err and "geheim" not in r.err


@pytest.mark.parametrize("url,code,words", [
    ("http://no-such-host.invalid/r.git", None, "unknown: check its spelling"),
    ("http://127.0.0.1:9/r.git", None, "does not answer"),
])
def test_dead_hosts(docfs, url, code, words):
    r = docfs.run("add", url, env={"no_proxy": "*"})
    assert r.code != 0 and words in r.err, r
    assert docfs.json("list")["collections"] == []


def test_not_there(docfs, http):
    r = docfs.run("add", http.url("lump"))
    assert r.code != 0 and "no git repository" in r.err and "check the address" in r.err
    r = docfs.run("add", http.url("lamp"), "--ref", "man")
    assert r.code != 0 and "did you mean main?" in r.err
    r = docfs.run("add", http.url("lamp"), "--subdir", "doks")
    assert r.code != 0 and "no directory doks" in r.err
    assert docfs.json("list")["collections"] == []


def test_what_was_fetched_goes_with_the_last_collection(docfs, http):
    for name in "one", "two":
        docfs.ok("add", http.url("lamp"), "--collection", name, "-q")
    kept = docfs.cache / "sources"
    assert len(list(kept.iterdir())) == 1
    docfs.ok("remove", "one", "--yes")
    docfs.ok("refresh", "two")
    assert len(list(kept.iterdir())) == 1
    docfs.ok("remove", "two", "--yes")
    assert list(kept.iterdir()) == []


def test_a_damaged_repository(docfs, tmp_path):
    r = Repo(tmp_path, "broken")
    r.put("a.md", "# A\n")
    r.commit()
    blob = git("rev-parse", "HEAD:a.md", cwd=r.work)
    (r.bare / "objects" / blob[:2] / blob[2:]).unlink()
    git("config", "uploadpack.allowFilter", "false", cwd=r.bare)  # so that the file is sent at once
    a = docfs.run("add", f"file://{r.bare}")
    assert a.code == 3 and "is damaged" in a.err and "git fsck" in a.err and "warning" not in a.err, a
    assert docfs.json("list")["collections"] == []


def test_a_server_that_never_answers(docfs):
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        r = docfs.run("add", f"http://127.0.0.1:{s.getsockname()[1]}/r.git",
                      env={"DOCFS_SOURCES_TIMEOUT": "1s"})
    assert r.code != 0 and "longer than 1000 ms" in r.err


def test_hostile_repository(docfs, tmp_path):
    """Hooks, links, submodules and names that would leave the tree do nothing."""
    r = Repo(tmp_path, "evil")
    mark = tmp_path / "mark"
    r.put("good.md", "# Good\n")
    os.symlink("/etc/hostname", r.work / "link.md")
    (r.work / ".gitmodules").write_text(
        f'[submodule "x"]\n\tpath = sub\n\turl = ext::sh -c "touch% {mark}"\n')
    git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},sub.md", cwd=r.work)
    git("add", "good.md", "link.md", ".gitmodules", cwd=r.work)
    git("commit", "-q", "-m", "x", cwd=r.work)
    # A tree object with ".." in it can only be made by hand.
    blob = git("hash-object", "-w", r.work / "good.md", cwd=r.work)
    raw = b"100644 ..\\evil.md\0" + bytes.fromhex(blob)
    head = git("rev-parse", "HEAD^{tree}", cwd=r.work)
    tree = _object(r.work, "tree", raw + _tree_bytes(r.work, head))
    commit = git("commit-tree", "-m", "y", tree, cwd=r.work)
    git("push", "-q", "origin", f"{commit}:refs/heads/main", cwd=r.work)
    for hook in ("post-checkout", "reference-transaction", "post-upload-pack"):
        h = r.bare / "hooks" / hook
        h.write_text(f"#!/bin/sh\ntouch {mark}\n")
        h.chmod(h.stat().st_mode | stat.S_IXUSR)
    report = docfs.json("add", r.bare, "--collection", "evil")
    assert docfs.paths("evil") == ["good.md"] and report["skipped"] == 3
    reasons = {f["path"]: f["reason"] for f in docfs.run("list", "--failures", "--json").json["failures"]}
    assert "symbolic link" in reasons["link.md"] and "submodule" in reasons["sub.md"]
    assert "control byte or backslash" in reasons["..\\evil.md"]
    assert not mark.exists()
    r = docfs.run("add", f"ext::sh -c 'touch {mark}'", "--kind", "git")
    assert r.code != 0 and not mark.exists()
    r = docfs.run("add", "--kind", "git", "--", "--upload-pack=touch")
    assert r.code != 0


def _tree_bytes(work, tree):
    import subprocess
    from lib.gitserver import ENV
    return subprocess.run(["git", "cat-file", "tree", tree], cwd=work, env=ENV, check=True,
                          capture_output=True).stdout


def _object(work, kind, data):
    import zlib
    raw = f"{kind} {len(data)}\0".encode() + data
    oid = hashlib.sha1(raw).hexdigest()
    path = work / ".git/objects" / oid[:2] / oid[2:]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(zlib.compress(raw))
    return oid
