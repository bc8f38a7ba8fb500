"""Settings: where a value comes from, what is refused and how it is said."""
import pathlib

import pytest


def user_file(docfs, text):
    path = pathlib.Path(docfs.env()["XDG_CONFIG_HOME"]) / "docfs/docfs.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def setting(docfs, key, *args, env=None):
    found = docfs.json("config", *args, env=env)["settings"]
    return next(s for s in found if s["key"] == key)


def test_each_layer_overrules_the_one_before(ready):
    def now(*args, **env):
        s = setting(ready, "search.k", *args, env=env)
        return s["value"], s["origin"], s.get("where")

    assert now() == ("10", "default", None)
    path = user_file(ready, "# mine\nsearch:\n  k: 2\n")
    assert now() == ("2", "file", f"{path}:3")
    assert now(DOCFS_SEARCH_K="3") == ("3", "environment", "DOCFS_SEARCH_K")
    ready.ok("config", "set", "search.k", "1")
    assert now(DOCFS_SEARCH_K="3") == ("1", "cache", None)
    assert now("--set", "search.k=4", DOCFS_SEARCH_K="3") == ("4", "option", None)

    # In force, not only shown.
    assert len(ready.json("search", "storage task deploy")["hits"]) == 1
    assert len(ready.json("search", "storage task deploy", "--set", "search.k=2")["hits"]) == 2
    ready.ok("config", "unset", "search.k")
    assert len(ready.json("search", "storage task deploy")["hits"]) == 2
    assert len(ready.json("search", "storage task deploy", env={"DOCFS_SEARCH_K": "3"})["hits"]) == 3
    assert f"search.k = 2  (file {path}:3)" in ready.ok("config").out


def test_without_a_cache(docfs):
    """What will be in force is shown before there is a cache, and none comes into being."""
    path = user_file(docfs, "search.k: 2\n")
    assert setting(docfs, "search.min")["origin"] == "default"
    s = setting(docfs, "search.k")
    assert (s["value"], s["origin"], s["where"]) == ("2", "file", f"{path}:1")
    assert setting(docfs, "search.k", env={"DOCFS_SEARCH_K": "3"})["origin"] == "environment"
    assert docfs.ok("config", "get", "search.k").out == "2\n"
    assert docfs.ok("config", "get", "search.k", "--set", "search.k=7").out == "7\n"
    assert docfs.run("config", "get", "search.kk").code == 5
    path.write_text("search.k: 2\nsearch.kk: 3\n")
    r = docfs.run("config")
    assert r.code == 2 and f"{path}:2: " in r.err
    path.write_text("")
    r = docfs.run("config", "unset", "search.k")
    assert r.code == 3 and "no cache" in r.err
    assert not docfs.cache.exists()
    docfs.ok("config", "set", "search.k", "4")
    assert setting(docfs, "search.k")["origin"] == "cache"


def test_docfs_config_names_the_only_file(ready, tmp_path):
    user_file(ready, "search.k: 2\n")
    other = tmp_path / "other.yaml"
    other.write_text("search.min: 0.25\n")
    env = {"DOCFS_CONFIG": str(other)}
    assert setting(ready, "search.k", env=env)["origin"] == "default"
    assert setting(ready, "search.min", env=env)["value"] == "0.25"
    r = ready.run("config", env={"DOCFS_CONFIG": str(tmp_path / "missing.yaml")})
    assert r.code != 0 and f"cannot read the settings file {tmp_path}/missing.yaml" in r.err
    files = ready.json("config", "files", env=env)["files"]
    assert files == [{"path": str(other), "exists": True}]


@pytest.mark.parametrize("text, line, message", [
    ("search:\n  kk: 3\n", 2, "no setting is called search.kk; did you mean search.k?"),
    ("search.k: many\n", 1, "use a whole number from 1 to 1000"),
    ("search.k: 5000\n", 1, "use a whole number from 1 to 1000"),
    ("\nquery_log: maybe\n", 2, "use on or off"),
    ("search: 3\n", 1, "no setting is called search"),
    ("search.k: [1, 2]\n", 1, "use a whole number"),
    ("search.k: 1\nsearch.k: 2\n", 2, "already set in line 1"),
    ("ingest.max_file: 1Q\n", 1, "use bytes such as"),
    ("a: b: c\n", 1, "this is not YAML"),
    ("search.k:\n", 1, "has no value"),
])
def test_refused_with_file_and_line(ready, text, line, message):
    path = user_file(ready, text)
    for command in (("config",), ("search", "storage"), ("status",), ("config", "check", path)):
        r = ready.run(*command)
        assert r.code == 2 and f"{path}:{line}: " in r.err and message in r.err, r


def test_bad_variables_and_options_are_named(ready):
    r = ready.run("search", "storage", env={"DOCFS_SEARCH_K": "0"})
    assert r.code == 2 and "environment variable DOCFS_SEARCH_K" in r.err
    r = ready.run("search", "storage", "--set", "search.k=0")
    assert r.code == 2 and "--set: search.k: bad value" in r.err
    r = ready.run("search", "storage", "--set", "search.k")
    assert r.code == 2 and "KEY=VALUE" in r.err
    assert ready.ok("search", "storage", env={"DOCFS_SEARCH_K": ""})  # empty is not set


def test_file_may_name_the_cache(docfs, corpus, tmp_path):
    path = user_file(docfs, "cache: ../../elsewhere\n")
    env = {"DOCFS_CACHE": "", "STORAGE_DIR": "", "XDG_DATA_HOME": str(tmp_path / "no")}
    r = docfs.run("list", env=env)
    assert r.code == 3 and f"({path}:1)" in r.err
    docfs.ok("add", corpus / "guide", "--collection", "demo", env=env)
    assert (path.parent / "../../elsewhere/docfs.db").exists()
    assert not (tmp_path / "no").exists()


def test_a_stored_value_of_another_version_is_ignored_and_said(ready):
    import sqlite3
    with sqlite3.connect(ready.cache / "docfs.db") as db:
        db.execute("INSERT INTO settings(key, value) VALUES ('search.k', 'lots')")
    db.close()
    s = setting(ready, "search.k")
    assert s["value"] == "10" and s["origin"] == "default" and "lots" in s["ignored"]
    assert "stored in the cache is ignored" in ready.ok("config").out


def test_file_that_cannot_be_read(ready):
    path = user_file(ready, "")
    path.unlink()
    path.mkdir()
    r = ready.run("list")
    assert r.code != 0 and f"the settings file {path} is a directory" in r.err
