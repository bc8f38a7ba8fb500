"""A collection travels as one file: exactly, with provenance, and only when it is sound."""
import io
import json
import subprocess
import tarfile

import pytest


@pytest.fixture
def ready(docfs, corpus):
    docfs.ok("add", corpus, "--collection", "demo@1")
    return docfs


def documents(docfs, collection):
    found = docfs.json("list", collection)["documents"]
    return {d["path"]: docfs.ok("cat", f"{collection}/{d['path']}").out for d in found}


def unpack(file):
    data = subprocess.run(["zstd", "-dc", file], capture_output=True, check=True).stdout
    return tarfile.open(fileobj=io.BytesIO(data))


def repack(file, members):
    """members: [(name, bytes)] -> an export as it could come from anywhere."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as t:
        for name, data in members:
            i = tarfile.TarInfo(name)
            i.size = len(data)
            t.addfile(i, io.BytesIO(data))
    file.write_bytes(subprocess.run(["zstd", "-qc"], input=raw.getvalue(), capture_output=True,
                                    check=True).stdout)


def members(file):
    with unpack(file) as t:
        return [(m.name, t.extractfile(m).read()) for m in t.getmembers()]


def test_round_trip(ready, tmp_path):
    file = tmp_path / "demo.docfs"
    info = ready.json("export", "demo", file)
    assert info["collection"] == "demo@1" and info["documents"] > 5
    new = ready.beside(tmp_path / "new")
    new.ok("import", file)
    before, after = documents(ready, "demo@1"), documents(new, "demo@1")
    assert before.keys() == after.keys()
    assert before == after
    hit = new.json("search", "cancel a running task")["hits"][0]
    assert hit["path"] == ready.json("search", "cancel a running task")["hits"][0]["path"]
    assert new.run("verify").code == 0


def test_provenance(ready, corpus, tmp_path):
    file = tmp_path / "demo.docfs"
    ready.ok("export", "demo@1", file)
    manifest = json.loads(dict(members(file))["docfs-collection.json"])
    assert manifest["origin"]["kind"] == "directory"
    assert manifest["origin"]["location"] == str(corpus)
    new = ready.beside(tmp_path / "new")
    new.ok("import", file)
    c = new.json("list")["collections"][0]
    assert c["name"].startswith("demo") and c["location"] == str(file)
    assert f"from directory {corpus}" in c["revision"] and "by docfs" in c["revision"]


def test_again_changes_only_what_differs(ready, tmp_path, workdir):
    (workdir / "a.md").write_text("# A\n\nthe first page\n")
    (workdir / "b.md").write_text("# B\n\nthe second page\n")
    ready.ok("add", workdir, "--collection", "two")
    file = tmp_path / "two.docfs"
    ready.ok("export", "two", file)
    new = ready.beside(tmp_path / "new")
    new.ok("import", file)
    (workdir / "b.md").write_text("# B\n\nthe second page, changed\n")
    (workdir / "c.md").write_text("# C\n\nthe third page\n")
    ready.ok("refresh", "two")
    assert ready.run("export", "two", file).code == 2  # exists
    ready.ok("export", "--force", "two", file)
    r = new.json("import", file)
    assert "changed" in documents(new, "two")["b.md"] and len(documents(new, "two")) == 3
    assert r["unchanged"] == 1, r


def test_another_name(ready, tmp_path):
    ready.ok("export", "demo", tmp_path / "demo.docfs")
    ready.ok("import", "--collection", "copy@2", tmp_path / "demo.docfs")
    assert documents(ready, "copy@2") == documents(ready, "demo@1")


def refused(docfs, file, *words):
    r = docfs.run("import", file)
    assert r.code == 3 and all(w in r.err for w in (str(file), *words)), r
    assert docfs.run("list").out.count("demo") == 0


@pytest.mark.parametrize("how", ["cut", "flip", "empty", "text"])
def test_damaged_files_change_nothing(ready, tmp_path, how):
    file = tmp_path / "x.docfs"
    ready.ok("export", "demo", file)
    data = bytearray(file.read_bytes())
    if how == "cut":
        data = data[:len(data) * 2 // 3]
    elif how == "flip":
        data[len(data) // 2] ^= 1
    else:
        data = b"" if how == "empty" else b"# some text\n" * 100
    file.write_bytes(data)
    new = ready.beside(tmp_path / "new")
    refused(new, file)


def test_what_does_not_agree_is_refused(ready, tmp_path):
    file = tmp_path / "x.docfs"
    ready.ok("export", "demo", file)
    good = members(file)
    new = ready.beside(tmp_path / "new")

    def with_index(change):
        out = [list(m) for m in good]
        lines = [json.loads(line) for line in out[1][1].splitlines()]
        change(lines, out)
        out[1][1] = "".join(json.dumps(line) + "\n" for line in lines).encode()
        repack(file, out)

    def body(lines, out):
        out[2][1] = out[2][1][:-1] + b"!"
    with_index(body)
    refused(new, file, "checksum")

    def escape(lines, out):
        lines[0]["path"] = "../../escape.md"
        out[2][0] = "docs/../../escape.md"
    with_index(escape)
    refused(new, file, "path")
    assert not (tmp_path / "escape.md").exists()

    def twice(lines, out):
        lines[1] = dict(lines[0])
        out[3] = list(out[2])
    with_index(twice)
    refused(new, file, "twice")

    repack(file, good[:-1])
    refused(new, file)
    repack(file, good + [("docs/more.md", b"more")])
    refused(new, file, "behind")
    repack(file, [good[0], good[2], good[1], *good[3:]])
    refused(new, file, "order")

    manifest = json.loads(good[0][1])
    manifest["format"] = 2
    repack(file, [(good[0][0], json.dumps(manifest).encode()), *good[1:]])
    refused(new, file, "format 2", "newer docfs")


def test_names_that_are_no_utf8(docfs, tmp_path, workdir):
    import os
    with open(os.path.join(os.fsencode(workdir), b"caf\xe9%41.md"), "wb") as f:
        f.write(b"# Odd\n\nan odd name\n")
    (workdir / "größe.md").write_text("# Size\n\na name in UTF-8\n")
    docfs.ok("add", workdir, "--collection", "odd")
    docfs.ok("export", "odd", tmp_path / "odd.docfs")
    new = docfs.beside(tmp_path / "new")
    new.ok("import", tmp_path / "odd.docfs")

    def shown(d):
        return [{k: x.get(k) for k in ("path", "path_bytes", "size")}
                for x in d.json("list", "odd")["documents"]]
    assert shown(docfs) == shown(new) and len(shown(new)) == 2


def test_unknown_collection(ready, tmp_path):
    r = ready.run("export", "dmo", tmp_path / "x.docfs")
    assert r.code == 5 and not (tmp_path / "x.docfs").exists()


def test_too_much(docfs, tmp_path, workdir):
    """A small file that unpacks to more than the limit."""
    (workdir / "long.md").write_text("# Long\n\n" + "the same words again\n\n" * 10000)
    docfs.ok("add", workdir, "--collection", "long")
    docfs.ok("export", "long", tmp_path / "x.docfs")
    assert (tmp_path / "x.docfs").stat().st_size < 10000
    new = docfs.beside(tmp_path / "new")
    r = new.run("import", tmp_path / "x.docfs", "--set", "sources.max_bytes=64K")
    assert r.code == 3 and "unpacks to more than 65536 bytes" in r.err, r
    new.ok("import", tmp_path / "x.docfs")
