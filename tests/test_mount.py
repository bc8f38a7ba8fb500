"""The tree, with the tools people use on it."""
import json
import os
import stat
import subprocess

import pytest

from lib.docfs import wait_until

Q = "how do I cancel a task"


def sh(command, cwd=None, ok=(0,)):
    p = subprocess.run(["bash", "-c", command], cwd=cwd, capture_output=True, timeout=60)
    assert p.returncode in ok, p
    return p.stdout.decode("utf-8", "replace")


def test_root(mnt):
    assert sorted(os.listdir(mnt)) == ["AGENTS.md", "README.md", "docs", "saved", "search", "similar"]
    assert (mnt / "AGENTS.md").read_text() == (mnt / "README.md").read_text()
    assert "search/" in (mnt / "README.md").read_text()


def test_documents_are_files(mnt, shared_docfs):
    page = mnt / "docs/demo@1/guide/tasks.md"
    text = page.read_text()
    assert text == shared_docfs.ok("cat", "demo@1/guide/tasks.md").out
    st = page.stat()
    assert st.st_size == len(text.encode())
    assert stat.S_IMODE(st.st_mode) == 0o444 and st.st_nlink >= 1
    assert stat.S_IMODE((mnt / "docs").stat().st_mode) == 0o555


def test_question_is_a_directory(mnt):
    names = sorted(os.listdir(mnt / "search" / Q))
    assert names[0] == "00-RESULTS.md"
    assert names[1].startswith("01-working-with-tasks.") and names[1].endswith(".md")
    summary = (mnt / "search" / Q / "00-RESULTS.md").read_text()
    assert "docs/demo@1/guide/tasks.md:" in summary
    first = mnt / "search" / Q / names[1]
    original = mnt / "docs/demo@1/guide/tasks.md"
    assert first.read_text() == original.read_text()
    assert first.stat().st_ino == original.stat().st_ino


def test_summary_paths_and_lines_open(mnt):
    summary = (mnt / "search" / "connections are pooled" / "00-RESULTS.md").read_text()
    where = next(w for w in summary.split() if w.strip("`").startswith("docs/demo@1/guide/storage.md:"))
    path, lines = where.strip("`").rsplit(":", 1)
    a, b = (int(x) for x in lines.split("-")) if "-" in lines else (int(lines),) * 2
    assert "pooled" in "\n".join((mnt / path).read_text().splitlines()[a - 1:b])


def test_result_names_bind_late(mnt):
    d = mnt / "search" / Q
    name = sorted(os.listdir(d))[1]
    doc_id = name.split(".")[-2]
    assert (d / f"99-anything-else.{doc_id}.md").read_text() == (d / name).read_text()
    with pytest.raises(FileNotFoundError):
        (d / "01-working-with-tasks.zzzzzzzz.md").read_text()
    with pytest.raises(FileNotFoundError):
        (d / "Makefile").read_text()


def test_refinement(mnt):
    d = mnt / "search" / "task"
    narrowed = os.listdir(d / "+cron expressions")
    assert any("scheduler" in n for n in narrowed)
    assert all(not n.startswith("+") for n in os.listdir(d))


def test_a_refinement_keeps_to_what_was_asked_and_shown(docfs, tmp_path, mount_of):
    """What the question leaves out stays out, and the nearest of a phrase that is nowhere are narrowed, too."""
    d = tmp_path / "pages"
    d.mkdir()
    (d / "loop.md").write_text("# Loop\n\n## Running\n\nThe loop runs callbacks of asyncio.\n\n## Closing\n\n"
                               + "Closing the loop frees what it holds. " * 40 + "\n\n## Callbacks\n\n"
                               + "Callbacks, callbacks: asyncio calls them. " * 40 + "\n")
    (d / "other.md").write_text("# Other\n\nA loop of wire has no callbacks.\n")
    docfs.ok("add", d)
    search = mount_of(docfs).path / "search"

    def text(name):
        return (search / name / "00-RESULTS.md").read_text()
    assert "loop.md" in text("the loop -asyncio")
    for more in "+callbacks", "+in=pages":
        assert "asyncio" not in text(f"the loop -asyncio/{more}").split("\n", 2)[2]
    assert "Nowhere stands" in text('loop "flux capacitor"')
    narrowed = text('loop "flux capacitor"/+wire')
    assert "other.md" in narrowed and "passes the filters" not in narrowed


def test_a_refinement_may_be_filters_alone(mnt):
    d = mnt / "search" / "task"
    names = sorted(os.listdir(d / "+type=man"))
    assert len(names) == 2 and "lighthouse" in names[1]
    assert os.listdir(d / "+in=nosuch") == ["00-RESULTS.md"]


def test_filters_in_names(mnt):
    names = os.listdir(mnt / "search" / "task k=2")
    assert len(names) == 3
    names = os.listdir(mnt / "search" / "task type=man")
    assert len(names) == 2 and any("lighthouse" in n for n in names)
    bad = (mnt / "search" / "task k=many" / "00-RESULTS.md").read_text()
    assert "k" in bad and "many" in bad


def test_many_results_sort_by_rank(docfs, tmp_path, mount_of):
    for i in range(120):
        (tmp_path / f"p{i}.md").write_text(f"# Page {i}\n\nWombats of place {i}.\n")
    docfs.ok("add", tmp_path, "-q", "-c", "c")
    m = mount_of(docfs)
    names = [n for n in sorted(os.listdir(m.path / "search" / "wombats k=110")) if n != "00-RESULTS.md"]
    assert [n.split("-")[0] for n in names] == [f"{i:03}" for i in range(1, 111)]
    assert (m.path / "search" / "wombats k=110" / names[99]).read_text().startswith("# Page")
    few = sorted(os.listdir(m.path / "search" / "wombats k=99"))
    assert [n.split("-")[0] for n in few[1:]] == [f"{i:02}" for i in range(1, 100)]


def test_spellings_share_results_not_directories(mnt):
    a, b = mnt / "search/Cancel a task", mnt / "search/cancel  a task?"
    assert os.listdir(a) == os.listdir(b)
    cwd = os.open(a, os.O_RDONLY)
    os.listdir(b)
    assert os.readlink(f"/proc/self/fd/{cwd}").endswith("/Cancel a task")
    os.close(cwd)


def test_nothing_found_is_explained(mnt):
    d = mnt / "search" / "mode=lex zyxwvutqqq"
    assert "zyxwvutqqq" in (d / "00-RESULTS.md").read_text()


def test_machine_form(mnt):
    data = json.loads((mnt / "search" / Q / ".results.json").read_text())
    assert data["hits"][0]["path"].endswith("guide/tasks.md")
    assert json.loads((mnt / "search" / Q / ".query.json").read_text())


def test_scoped_search(mnt):
    names = os.listdir(mnt / "docs/demo@1/guide/.search/lighthouse")
    assert len(names) > 1 and not any("scheduler" in n for n in names)


def test_similar(mnt):
    assert os.listdir(mnt / "similar") in ([], ["README.md"])
    names = sorted(os.listdir(mnt / "similar/demo@1/guide/tasks.md"))
    assert names[0] == "00-RESULTS.md" and len(names) > 1
    assert not any("working-with-tasks" in n for n in names[1:])


def test_saved(docfs, corpus, mount_of):
    docfs.ok("add", corpus, "--collection", "demo")
    docfs.ok("save", "cancel", Q)
    m = mount_of(docfs).path
    assert os.listdir(m / "saved") == ["cancel"]
    assert any("tasks" in n for n in os.listdir(m / "saved/cancel/"))
    docfs.ok("save", "two", "cron expressions")
    wait_until(lambda: sorted(os.listdir(m / "saved")) == ["cancel", "two"], what="new saved query")


def test_control_files(mnt):
    status = json.loads((mnt / ".docfs/status.json").read_text())
    assert status["documents"] >= 11
    assert "demo@1" in (mnt / ".docfs/collections.json").read_text()
    os.listdir(mnt / "search" / Q)
    assert "pixel.gif" in sh("cat .docfs/errors/*", cwd=mnt)
    name = sorted(os.listdir(mnt / "search" / Q))[1]
    by_id = mnt / ".docfs/by-id" / name.split(".")[-2]
    assert by_id.exists()


@pytest.mark.parametrize("name", [".git", ".gitignore", "Makefile", "package.json", "node_modules",
                                  ".hg", "HEAD", "yarn.lock", "desktop.ini", "x.swp", "file~"])
def test_probes_are_not_queries(mnt, name):
    assert not (mnt / "search" / name).exists()


def test_crawlers_never_search(docfs, corpus, mount_of):
    docfs.ok("add", corpus, "--collection", "demo")
    m = mount_of(docfs).path
    sh("find . >/dev/null; du -s . >/dev/null; ls -laR . >/dev/null; tar cf /dev/null . ; "
       "rg --files --hidden --no-ignore --follow . >/dev/null; git status >/dev/null 2>&1; true", cwd=m)
    recent = (m / ".docfs/recent").read_text()
    assert not any(line.strip() and not line.startswith("#") for line in recent.splitlines()), recent
    os.listdir(m / "search" / Q)
    wait_until(lambda: Q in (m / ".docfs/recent").read_text(), what="the query in recent")


def test_coreutils_and_friends(mnt, workdir):
    docs = mnt / "docs"
    assert "guide/tasks.md" in sh("grep -rl CancelledError .", cwd=docs)
    assert "guide/tasks.md" in sh("rg -l CancelledError .", cwd=docs)
    assert sh("find . -type f | wc -l", cwd=docs) == sh("ls -lR . | grep -c '^-'", cwd=docs)
    sh(f"cp -r {docs}/demo@1 {workdir}/copy && diff -r {docs}/demo@1 {workdir}/copy")
    sh(f"rsync -a {docs}/demo@1/ {workdir}/rsynced/ && diff -r {docs}/demo@1 {workdir}/rsynced")
    sh(f"tar cf {workdir}/d.tar -C {docs} . && tar tf {workdir}/d.tar | grep -q tasks.md")
    sh(f"vim -es -u NONE -c 'set noswapfile' -c 'normal G' -c q! {docs}/demo@1/guide/tasks.md")
    assert "Storage" in sh("head -n 1 docs/demo@1/guide/storage.md", cwd=mnt)
    assert sh("wc -c < docs/demo@1/guide/storage.md", cwd=mnt) == \
        sh("cat docs/demo@1/guide/storage.md | wc -c", cwd=mnt)
    import mmap
    with open(docs / "demo@1/guide/tasks.md", "rb") as f, \
            mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as mm:
        assert mm[:1] == b"#"


@pytest.mark.parametrize("command", ["touch docs/new", "rm docs/demo@1/guide/tasks.md", "mkdir docs/x",
                                     "echo x > docs/demo@1/guide/tasks.md", "mv docs/demo@1 docs/y",
                                     "rmdir 'search/how do I cancel a task'"])
def test_writes_are_refused(mnt, command):
    p = subprocess.run(["bash", "-c", command], cwd=mnt, capture_output=True, text=True)
    assert p.returncode != 0 and "Read-only" in p.stderr


def test_names(mnt):
    with pytest.raises(OSError) as e:
        os.listdir(os.fsencode(mnt) + b"/search/\xff\xfe")
    assert e.value.errno == 84  # EILSEQ
    long = "cancel a task " * 18
    assert os.listdir(mnt / "search" / long[:250])
    assert os.listdir(mnt / "search" / "tab\there")
    assert os.statvfs(mnt).f_namemax == 255


def test_hostile_document_names(docfs, workdir, mount_of):
    names = [b"new\nline.md", b"\xff\xfe.md", b"x" * 250 + b".md", b"-rf.md"]
    for n in names:
        with open(os.fsencode(workdir) + b"/" + n, "wb") as f:
            f.write(b"# Title\n\nbody\n")
    docfs.ok("add", workdir, "--collection", "c")
    m = mount_of(docfs).path
    listed = os.listdir(os.fsencode(m) + b"/docs/c")
    assert len(listed) == len(names) and all(len(n) <= 255 for n in listed)
    for n in listed:
        with open(os.fsencode(m) + b"/docs/c/" + n, "rb") as f:
            assert f.read() == b"# Title\n\nbody\n"


def test_changes_by_another_process_are_seen(docfs, workdir, mount_of):
    (workdir / "a.md").write_text("# A\n\nold text\n")
    docfs.ok("add", workdir, "--collection", "c")
    m = mount_of(docfs).path
    page = m / "docs/c/a.md"
    assert page.read_text() == "# A\n\nold text\n"
    assert os.listdir(m / "docs/c") == ["a.md"]
    ino = page.stat().st_ino
    held = open(page)
    (workdir / "a.md").write_text("# A\n\nnew and longer text\n")
    (workdir / "b.md").write_text("# B\n\nsecond\n")
    docfs.ok("refresh")
    wait_until(lambda: page.read_text() == "# A\n\nnew and longer text\n", what="new content")
    assert held.read() == "# A\n\nold text\n", "content must not change under a reader"
    held.close()
    assert page.stat().st_ino == ino
    wait_until(lambda: sorted(os.listdir(m / "docs/c")) == ["a.md", "b.md"], what="new file")
    (workdir / "a.md").unlink()
    docfs.ok("refresh")
    wait_until(lambda: os.listdir(m / "docs/c") == ["b.md"], what="removed file")
    docfs.ok("add", workdir, "--collection", "d")
    wait_until(lambda: sorted(os.listdir(m / "docs")) == ["c", "d"], what="new collection")
    wait_until(lambda: any("b." in n for n in os.listdir(m / "search/second")), what="new result")


def test_two_mounts_of_one_cache(shared_docfs, mount_of):
    a, b = mount_of(shared_docfs).path, mount_of(shared_docfs).path
    assert sh("find docs -type f | sort", cwd=a) == sh("find docs -type f | sort", cwd=b)


def test_xattrs(shared_docfs, mount_of):
    plain = mount_of(shared_docfs).path
    assert os.listxattr(plain / "docs/demo@1/guide/tasks.md") == [] if _supports(plain) else True
    m = mount_of(shared_docfs, "-o", "xattr").path
    page = m / "docs/demo@1/guide/tasks.md"
    names = os.listxattr(page)
    assert "user.docfs.title" in names
    assert os.getxattr(page, "user.docfs.title") == b"Working with tasks"
    assert os.getxattr(page, "user.docfs.collection") == b"demo@1"
    name = sorted(os.listdir(m / "search" / Q))[1]
    assert float(os.getxattr(m / "search" / Q / name, "user.docfs.score")) > 0


def _supports(path):
    try:
        os.listxattr(path / "README.md")
        return True
    except OSError:
        return False


def test_background_mount_and_umount(shared_docfs, tmp_path):
    point = tmp_path / "bg"
    point.mkdir()
    shared_docfs.ok("mount", point)
    try:
        assert os.listdir(point / "docs") == ["demo@1"]
        r = shared_docfs.run("mount", point)
        assert r.code == 6 and str(point) in r.err
    finally:
        shared_docfs.ok("umount", point)
    assert os.listdir(point) == []
    r = shared_docfs.run("umount", point)
    assert r.code == 6 and str(point) in r.err


def test_fstab_helper(shared_docfs, build, tmp_path):
    point = tmp_path / "fstab"
    point.mkdir()
    helper = next(p for p in (build / "fs").rglob("mount.*docfs") if os.access(p, os.X_OK) and p.is_file())
    subprocess.run([helper, shared_docfs.cache, point, "-o", "rw,nofail,_netdev"], check=True,
                   timeout=60, env=shared_docfs.env())
    try:
        assert os.listdir(point / "docs") == ["demo@1"]
        assert " fuse.docfs " in open("/proc/self/mounts").read()
    finally:
        shared_docfs.ok("umount", point)


def test_bad_mount_points(shared_docfs, tmp_path):
    (tmp_path / "file").write_text("x")
    r = shared_docfs.run("mount", tmp_path / "file")
    assert r.code == 6 and "file" in r.err
    r = shared_docfs.run("mount", tmp_path, "-o", "nosuchoption")
    assert r.code in (2, 6) and "nosuchoption" in r.err


@pytest.mark.concurrent
def test_parallel_readers(shared_docfs, mount_of):
    m = mount_of(shared_docfs).path
    jobs = [subprocess.Popen(["bash", "-c", c], cwd=m, stdout=subprocess.DEVNULL)
            for c in ["for i in $(seq 10); do grep -r task docs; done",
                      "for i in $(seq 10); do find . -type f; done",
                      "for i in $(seq 20); do ls \"search/question number $i\"; done",
                      "for i in $(seq 20); do cat \"search/other question $i\"/*; done",
                      "for i in $(seq 10); do ls -lR docs similar saved; done"]]
    assert [j.wait(timeout=120) for j in jobs] == [0] * len(jobs)
