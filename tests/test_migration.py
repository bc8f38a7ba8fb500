"""A cache made by any earlier docfs opens, is migrated and answers as before."""
import lzma
import pathlib
import sqlite3

import pytest

STORES = sorted((pathlib.Path(__file__).parent / "fixtures/stores").glob("v*.db.xz"))


def schema(path):
    db = sqlite3.connect(path)
    rows = db.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
    return sorted(rows.fetchall()), db.execute("PRAGMA user_version").fetchone()[0]


@pytest.fixture
def old(docfs, request):
    docfs.cache.mkdir()
    (docfs.cache / "docfs.db").write_bytes(lzma.decompress(request.param.read_bytes()))
    return docfs


def test_there_is_a_store_of_every_older_version(docfs, corpus):
    docfs.ok("add", corpus, "-q")
    _, version = schema(docfs.cache / "docfs.db")
    have = {int(p.name[1:].split(".")[0]) for p in STORES}
    assert have >= set(range(1, version))


@pytest.mark.parametrize("old", STORES, indirect=True, ids=lambda p: p.name)
def test_old_store_is_migrated(old, corpus, tmp_path, build):
    assert "guide/tasks.md" in old.ok("search", "cancel a task", "-k", "3").out
    assert old.ok("verify").code == 0
    assert old.json("list")["collections"][0]["name"] == "demo@1"
    fresh = type(old)(build, tmp_path / "fresh")
    fresh.ok("add", corpus, "-q")
    assert schema(old.cache / "docfs.db") == schema(fresh.cache / "docfs.db")


@pytest.mark.parametrize("old", STORES[:1], indirect=True, ids=lambda p: p.name)
def test_newer_store_is_refused(old):
    db = sqlite3.connect(old.cache / "docfs.db")
    db.execute("PRAGMA user_version = 999")
    db.commit()
    db.close()
    r = old.run("list")
    assert r.code == 3
    assert "999" in r.err and "install a newer docfs" in r.err
