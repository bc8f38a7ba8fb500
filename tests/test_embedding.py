"""Embedding servers and model directories, through the command line: who is recognised, what is
sent, what happens when a server is down, slow, wrong or hostile, and the change of a model."""
import re
import sqlite3
import time

import pytest

from lib.embedserver import DIM, EmbedServer, base64_answer
from lib.ports import fixed_port
from test_tokenizer import BY_NAME, model as make_static_model

DOCS = {
    "zebra.md": "# Zebra\n\nThe striped zebra grazes on the plain.\n",
    "engine.md": "# Engine\n\nA turbine engine burns kerosene in flight.\n",
    "bread.md": "# Bread\n\nFlour, water and salt make a loaf of bread.\n\n## Crust\n\nSteam makes it crisp.\n",
}


@pytest.fixture
def folder(tmp_path):
    d = tmp_path / "docs"
    d.mkdir()
    for name, text in DOCS.items():
        (d / name).write_text(text)
    return d


@pytest.fixture
def server():
    made = []

    def make(*args, **kw):
        s = EmbedServer(*args, **kw)
        made.append(s)
        return s
    yield make
    for s in made:
        s.stop()


def use(docfs, s, **more):
    # But where it matters, a server on a busy machine is waited for.
    for k, v in {"embed.url": s.url, "embed.retries": 2, "embed.query_timeout": "10m", **more}.items():
        docfs.ok("config", "set", k, v)


def vectors(docfs):
    db = sqlite3.connect(docfs.cache / "docfs.db")
    n = db.execute("SELECT (SELECT count(*) FROM vectors), (SELECT count(*) FROM passages)").fetchone()
    db.close()
    return n


def meta(docfs, key):
    db = sqlite3.connect(docfs.cache / "docfs.db")
    row = db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    db.close()
    return row[0] if row else ""


def sent(s):
    """What came, but for the word with which the length of the vectors is found out."""
    return [t for t in s.texts if t != "documentation"]


def search(docfs, *args):
    return docfs.json("search", *args)


# ---- who is there ----

@pytest.mark.parametrize("kind", ["ollama", "tei", "llamacpp", "openai"])
def test_every_kind_of_server_is_recognised_and_used(docfs, folder, server, kind):
    s = server(kind)
    use(docfs, s)
    r = docfs.json("add", folder, "--collection", "c")
    assert r["waiting"] == 0 and r["embedded"] == r["passages"]
    assert vectors(docfs)[0] == vectors(docfs)[1] > 0
    assert meta(docfs, "fingerprint").startswith(f"{kind}/test-embed")
    assert f"/{DIM}/l2" in meta(docfs, "fingerprint")
    top = search(docfs, "mode=vec kerosene turbine")["hits"][0]
    assert top["path"] == "engine.md"
    assert {"ollama": "/api/embed", "tei": "/embed"}.get(kind, "/v1/embeddings") in s.requests


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_the_address_may_end_as_the_clients_write_it(docfs, folder, server, kind):
    s = server(kind)
    use(docfs, s, **{"embed.url": s.url + ("/v1/" if kind == "openai" else "/api")})
    assert docfs.json("add", folder, "--collection", "c")["waiting"] == 0


def test_a_model_that_is_not_there_is_named_with_those_that_are(docfs, folder, server):
    s = server("ollama")
    use(docfs, s, **{"embed.model": "absent"})
    r = docfs.run("reembed")
    assert r.code == 2 and "absent" in r.err and "chatty:latest" in r.err


def test_no_address_and_bad_addresses_are_refused(docfs, folder):
    docfs.ok("config", "set", "embed.provider", "ollama")
    r = docfs.run("reembed")
    assert r.code != 0 and "embed.url" in r.err
    docfs.ok("config", "set", "embed.url", "ftp://x")
    r = docfs.run("reembed")
    assert r.code != 0 and "http://" in r.err


# ---- what is sent ----

def test_prefixes_follow_the_name_of_the_model(docfs, folder, server):
    s = server("ollama", model="nomic-embed-text")
    use(docfs, s)
    docfs.ok("add", folder, "--collection", "c")
    assert sent(s) and all(t.startswith("search_document: ") for t in sent(s))
    search(docfs, "zebra")
    assert s.texts[-1] == "search_query: zebra"


def test_prefixes_can_be_set(docfs, folder, server):
    s = server("openai")
    use(docfs, s, **{"embed.query_prefix": "Q: ", "embed.document_prefix": "D: "})
    docfs.ok("add", folder, "--collection", "c")
    search(docfs, "zebra")
    assert s.texts[-1] == "Q: zebra" and any(t.startswith("D: ") and "kerosene" in t for t in s.texts)


def many(tmp_path, n):
    d = tmp_path / "many"
    d.mkdir()
    for i in range(n):
        (d / f"p{i:03}.md").write_text(f"# Page {i}\n\nNumber {i} speaks of subject{i}.\n")
    return d


def test_batches_stay_within_what_the_server_takes(docfs, tmp_path, server):
    s = server("tei", max_batch=8)
    use(docfs, s)
    assert docfs.json("add", many(tmp_path, 50), "--collection", "c")["waiting"] == 0
    assert s.requests.count("/embed") <= 1 + 7 + 2


def test_a_smaller_batch_can_be_set(docfs, tmp_path, server):
    s = server("openai", max_batch=5)
    use(docfs, s, **{"embed.batch": 5})
    assert docfs.json("add", many(tmp_path, 23), "--collection", "c")["waiting"] == 0


def test_requests_run_side_by_side_up_to_the_limit(docfs, tmp_path, server):
    s = server("openai")
    s.delay = 0.05
    use(docfs, s, **{"embed.batch": 4, "embed.concurrency": 3})
    docfs.ok("add", many(tmp_path, 48), "--collection", "c")
    assert 2 <= s.most_active <= 3


def test_a_shorter_dimension_is_cut_here(docfs, folder, server):
    s = server("openai")
    use(docfs, s, **{"embed.dimension": 16})
    docfs.ok("add", folder, "--collection", "c")
    assert "/16/l2" in meta(docfs, "fingerprint")
    assert search(docfs, "mode=vec kerosene turbine engine flight")["hits"][0]["path"] == "engine.md"


def test_a_text_that_is_too_long_is_shortened(docfs, tmp_path, server):
    d = tmp_path / "d"
    d.mkdir()
    (d / "long.md").write_text("# Long\n\n" + "kerosene " * 120 + "\n")
    (d / "short.md").write_text("# Short\n\nbread\n")
    s = server("llamacpp", max_chars=400)
    use(docfs, s)
    assert docfs.json("add", d, "--collection", "c")["waiting"] == 0
    assert any(len(t) <= 400 and "kerosene" in t for t in s.texts)


# ---- keys ----

def test_the_key_comes_from_a_file_only_its_owner_reads(docfs, folder, server, tmp_path):
    s = server("openai", key="sk-very-secret")
    use(docfs, s)
    r = docfs.run("reembed")
    assert r.code != 0 and "embed.key_file" in r.err
    key = tmp_path / "key"
    key.write_text("sk-very-secret\n")
    key.chmod(0o644)
    docfs.ok("config", "set", "embed.key_file", key)
    r = docfs.run("reembed")
    assert r.code != 0 and str(key) in r.err
    key.chmod(0o600)
    assert docfs.json("add", folder, "--collection", "c")["waiting"] == 0
    assert search(docfs, "mode=vec zebra")["hits"]
    for f in docfs.cache.rglob("*"):
        assert not f.is_file() or b"sk-very-secret" not in f.read_bytes(), f
    assert "very-secret" not in docfs.ok("config", "list", "--json").out


def test_the_key_comes_from_the_environment(docfs, folder, server):
    s = server("openai", key="sk-env")
    use(docfs, s)
    env = {"DOCFS_EMBED_KEY": "sk-env"}
    r = docfs.ok("add", folder, "--collection", "c", "--json", env=env)
    assert r.json["waiting"] == 0
    assert sent(s)


def test_a_wrong_key_is_never_repeated(docfs, folder, server, tmp_path):
    s = server("openai", key="right")
    use(docfs, s)
    r = docfs.run("add", folder, "--collection", "c", env={"DOCFS_EMBED_KEY": "sk-wrong-one"})
    assert r.code == 0 and "embed.key_file" in r.err and "sk-wrong-one" not in r.err + r.out


# ---- down, slow, wrong ----

def test_a_server_that_is_down_leaves_passages_waiting(docfs, folder, server):
    port = fixed_port()
    docfs.ok("config", "set", "embed.url", f"http://127.0.0.1:{port}")
    docfs.ok("config", "set", "embed.retries", 0)
    r = docfs.ok("add", folder, "--collection", "c")
    assert "wait for their vectors" in r.err and str(port) in r.err
    assert vectors(docfs)[0] == 0 < vectors(docfs)[1]
    assert search(docfs, "kerosene")["hits"][0]["path"] == "engine.md"
    assert docfs.run("reembed").code != 0
    back = server("ollama", port=port)
    r = docfs.json("reembed")
    assert r["waiting"] == 0 and r["embedded"] == vectors(docfs)[1] == vectors(docfs)[0]
    assert back.texts


def test_search_answers_by_words_at_once_and_says_so(docfs, folder):
    s = EmbedServer("ollama", port=fixed_port())
    use(docfs, s)
    docfs.ok("add", folder, "--collection", "c")
    both = search(docfs, "kerosene")
    assert not both["partial"] and both["note"] == ""
    s.stop()
    r = search(docfs, "turbine kerosene")  # embed.query_timeout is longer than a command may take here
    assert r["hits"][0]["path"] == "engine.md" and r["partial"]
    assert "words only" in r["note"] and str(s.port) in r["note"]
    with EmbedServer("ollama", port=s.port):
        again = search(docfs, "turbine kerosene")
        assert not again["partial"] and again["note"] == "", "a poor answer is not kept"


def test_a_slow_server_is_waited_for_no_longer_than_set(docfs, folder, server):
    s = server("openai")
    use(docfs, s, **{"embed.query_timeout": "200ms"})
    docfs.ok("add", folder, "--collection", "c")
    s.delay = 60
    start = time.monotonic()
    r = search(docfs, "kerosene")
    assert time.monotonic() - start < s.delay
    assert r["hits"][0]["path"] == "engine.md" and r["partial"]


def test_too_many_requests_are_repeated_after_the_time_that_is_asked(docfs, folder, server):
    s = server("openai")
    use(docfs, s)
    docfs.ok("reembed")
    times = []

    def busy(h):
        times.append(time.monotonic())
        s.reply(h, 429, {"error": {"message": "slow down"}}, [("Retry-After", "1")])
    s.fail(busy)
    start = time.monotonic()
    assert docfs.json("add", folder, "--collection", "c")["waiting"] == 0
    assert len(times) == 1 and time.monotonic() - start >= 1


def test_a_long_retry_after_is_not_sat_out(docfs, folder, server):
    s = server("openai")
    use(docfs, s, **{"embed.pause_max": "1s"})
    docfs.ok("reembed")
    s.fail(lambda h: s.reply(h, 429, {"error": {"message": "come back"}}, [("Retry-After", "3600")]), 9)
    r = docfs.json("add", folder, "--collection", "c")  # within the time of a command
    assert r["waiting"] == r["passages"] and "429" in r["waiting_why"]


def test_errors_of_the_server_are_repeated_a_few_times(docfs, folder, server):
    s = server("tei")
    use(docfs, s)
    docfs.ok("reembed")
    s.fail(500, 2)
    assert docfs.json("add", folder, "--collection", "c")["waiting"] == 0
    s.fail(500, 99)
    docfs.ok("remove", "c", "--yes")
    (folder / "zebra.md").write_text("# Other\n\nAnother text than before.\n")
    r = docfs.json("add", folder, "--collection", "c")
    assert r["waiting"] == 1 and "500" in r["waiting_why"], "the kept ones need no server"


def raw(s, body):
    return lambda h: s.reply(h, 200, body)


@pytest.mark.parametrize("name, answer", [
    ("wrong dimension", lambda s: {"data": [{"index": 0, "embedding": [1.0] * 9}]}),
    ("not a number", lambda s: b'{"data":[{"index":0,"embedding":[NaN,' + b"1," * 62 + b"1]}]}"),
    ("null", lambda s: {"data": [{"index": 0, "embedding": [None] * DIM}]}),
    ("infinite", lambda s: b'{"data":[{"index":0,"embedding":[1e999,' + b"1," * 62 + b"1]}]}"),
    ("cut off", lambda s: b'{"data":[{"index":0,"embedding":[0.1,0.2'),
    ("empty", lambda s: b""),
    ("other type", lambda s: {"data": "none"}),
    ("none", lambda s: {"data": []}),
    ("too many", lambda s: {"data": [{"index": i, "embedding": [1.0] * DIM} for i in range(2)]}),
    ("bad index", lambda s: {"data": [{"index": 7, "embedding": [1.0] * DIM}]}),
    ("huge", lambda s: b'{"data":[' + b" " * (80 << 20) + b"]}"),
    ("deep", lambda s: b"[" * 100000),
])
def test_answers_that_are_of_no_use_are_never_stored(docfs, tmp_path, server, name, answer):
    s = server("openai")
    use(docfs, s, **{"embed.retries": 0})
    docfs.ok("reembed")
    d = tmp_path / "d"
    d.mkdir()
    (d / "a.md").write_text("# A\n\nOnly one passage.\n")
    s.fail(raw(s, answer(s)))
    r = docfs.json("add", d, "--collection", "c")
    assert (r["waiting"], vectors(docfs)[0]) == (1, 0) and r["waiting_why"], r
    assert search(docfs, "passage")["hits"]
    assert docfs.json("reembed")["waiting"] == 0


def test_one_refused_text_does_not_hold_up_the_others(docfs, tmp_path, server):
    s = server("openai")
    use(docfs, s)
    d = many(tmp_path, 40)
    (d / "bad.md").write_text("# Poison\n\nPOISON\n")
    plain = s._post

    def post(h, body):
        if any("POISON" in t for t in body["input"]):
            return s.reply(h, 400, {"error": {"message": "content policy"}})
        return plain(h, body)
    s._post = post
    r = docfs.json("add", d, "--collection", "c")
    assert r["waiting"] == 1 and "content policy" in r["waiting_why"]
    assert vectors(docfs) == (40, 41)


def test_base64_vectors_are_read_too(docfs, tmp_path, server):
    s = server("openai")
    use(docfs, s)
    docfs.ok("reembed")
    d = tmp_path / "d"
    d.mkdir()
    (d / "a.md").write_text("# A\n\nOnly one passage.\n")
    s.fail(base64_answer(s))
    assert docfs.json("add", d, "--collection", "c")["waiting"] == 0


def test_a_redirect_is_not_followed(docfs, folder, server):
    s, other = server("openai"), server("openai")
    use(docfs, s)
    docfs.ok("reembed")
    s.fail(lambda h: s.reply(h, 307, b"", [("Location", other.url + "/v1/embeddings")]), 99)
    docfs.ok("add", folder, "--collection", "c")
    assert not other.requests, "texts and key go where the settings say"


# ---- never twice ----

def test_no_text_is_sent_twice(docfs, folder, server):
    s = server("openai")
    use(docfs, s)
    docfs.ok("add", folder, "--collection", "one")
    n = len(sent(s))
    r = docfs.json("add", folder, "--collection", "two")
    assert r["reused"] == r["embedded"] == r["passages"]
    docfs.ok("remove", "one", "--yes")
    docfs.ok("remove", "two", "--yes")
    assert docfs.json("add", folder, "--collection", "three")["waiting"] == 0
    docfs.ok("refresh", "--force")
    assert len(sent(s)) == n
    (folder / "bread.md").write_text(DOCS["bread.md"] + "\n## Oven\n\nHot.\n")
    docfs.ok("refresh")
    assert len(sent(s)) == n + 1, "only what is new"


def test_what_is_kept_has_a_limit(docfs, tmp_path, server):
    s = server("openai")
    use(docfs, s, **{"embed.cache": "2K"})
    docfs.ok("add", many(tmp_path, 60), "--collection", "c")
    db = sqlite3.connect(docfs.cache / "docfs.db")
    assert 0 < db.execute("SELECT count(*) FROM vector_cache").fetchone()[0] < 60


# ---- another model ----

def test_the_old_vectors_answer_until_the_new_are_complete(docfs, folder, server):
    a = server("ollama", model="first-embed")
    use(docfs, a)
    docfs.ok("add", folder, "--collection", "c")
    old = meta(docfs, "fingerprint")
    b = server("openai", model="second-embed", dim=32)
    use(docfs, b, **{"embed.retries": 0, "embed.batch": 1, "embed.concurrency": 1})
    plain, seen = b._post, []

    def post(h, body):
        seen.append(body)
        if len(seen) > 3:
            return b.reply(h, 503, {"error": {"message": "loading model"}})
        return plain(h, body)
    b._post = post
    r = docfs.run("reembed")
    assert r.code != 0 and "503" in r.err
    assert meta(docfs, "fingerprint") == old and meta(docfs, "next_fingerprint").startswith("openai/")
    asked = len(a.texts)
    r = search(docfs, "mode=vec kerosene turbine")
    assert r["hits"][0]["path"] == "engine.md" and not r["partial"] and r["note"] == ""
    assert len(a.texts) == asked + 1, "the question went to the model of the vectors"
    b._post = plain
    r = docfs.json("reembed")
    assert meta(docfs, "fingerprint").startswith("openai/second-embed/32/")
    assert r["waiting"] == 0 and vectors(docfs)[0] == vectors(docfs)[1]
    asked = len(a.texts)
    assert search(docfs, "mode=vec kerosene turbine")["hits"][0]["path"] == "engine.md"
    assert len(a.texts) == asked
    assert docfs.ok("verify").out.startswith("sound")


def test_back_to_the_built_in_model_and_forth_again(docfs, folder, server):
    docfs.ok("add", folder, "--collection", "c")
    built_in = meta(docfs, "fingerprint")
    s = server("tei")
    use(docfs, s)
    docfs.ok("refresh")
    assert meta(docfs, "fingerprint").startswith("tei/")
    n = len(sent(s))
    docfs.ok("config", "set", "embed.provider", "builtin")
    docfs.ok("reembed")
    assert meta(docfs, "fingerprint") == built_in
    docfs.ok("config", "set", "embed.provider", "auto")
    docfs.ok("reembed")
    assert meta(docfs, "fingerprint").startswith("tei/")
    assert len(sent(s)) == n, "they were all known"


def test_a_server_that_moved_needs_no_new_vectors(docfs, folder, server):
    a = server("ollama")
    use(docfs, a)
    docfs.ok("add", folder, "--collection", "c")
    b = server("ollama")
    use(docfs, b)
    docfs.ok("reembed")
    assert sent(b) == []
    asked = len(b.texts)
    search(docfs, "zebra")
    assert len(b.texts) == asked + 1


def test_a_model_that_changed_under_its_name_is_another_one(docfs, folder, server):
    s = server("ollama", digest="aaaaaaaaaaaaaaaa")
    use(docfs, s)
    docfs.ok("add", folder, "--collection", "c")
    s.digest = "bbbbbbbbbbbbbbbb"
    docfs.ok("reembed")
    assert "@bbbbbbbbbbbb/" in meta(docfs, "fingerprint")


def test_a_running_process_follows_a_change_of_the_model(docfs, folder, server, mount_of):
    docfs.ok("add", folder, "--collection", "c")
    m = mount_of(docfs)
    assert "engine" in (m.path / "search/kerosene turbine/00-RESULTS.md").read_text()
    s = server("openai", dim=24)
    use(docfs, s)
    docfs.ok("reembed")
    n = len(s.texts)
    assert "engine" in (m.path / "search/flight kerosene/00-RESULTS.md").read_text()
    assert s.texts[n:] == ["flight kerosene"]


# ---- model directories ----

def test_a_model_directory_is_used(docfs, folder, tmp_path):
    make_static_model(tmp_path / "m", BY_NAME["bert uncased"], dim=16)
    docfs.ok("config", "set", "embed.model", tmp_path / "m")
    r = docfs.json("add", folder, "--collection", "c")
    assert r["waiting"] == 0
    assert re.fullmatch(r"static/[0-9a-f]{16}/16/l2", meta(docfs, "fingerprint"))
    assert search(docfs, "mode=vec A turbine engine burns kerosene in flight.")["hits"]
    docfs.ok("config", "set", "embed.dimension", 8)
    docfs.ok("reembed")
    assert meta(docfs, "fingerprint").endswith("/8/l2")


def test_a_model_directory_that_went_leaves_words(docfs, folder, tmp_path):
    make_static_model(tmp_path / "m", BY_NAME["gpt2"], dim=16)
    docfs.ok("config", "set", "embed.model", tmp_path / "m")
    docfs.ok("add", folder, "--collection", "c")
    (tmp_path / "m").rename(tmp_path / "elsewhere")
    r = search(docfs, "kerosene")
    assert r["hits"][0]["path"] == "engine.md" and str(tmp_path / "m") in r["note"]
    r = docfs.run("similar", "c/engine.md", "--json").json
    assert not r["hits"] and str(tmp_path / "m") in r["note"] and r["partial"]
    r = docfs.run("verify")
    assert r.code == 3 and str(tmp_path / "m") in r.out
    (tmp_path / "elsewhere").rename(tmp_path / "m")
    assert docfs.json("similar", "c/engine.md")["hits"], "a poor answer is not kept"
    (tmp_path / "m").rename(tmp_path / "elsewhere")
    docfs.ok("config", "set", "embed.model", tmp_path / "elsewhere")
    docfs.ok("reembed")
    assert search(docfs, "kerosene")["note"] == "" and docfs.ok("verify").code == 0


# ---- reranking ----

@pytest.mark.parametrize("api, path", [("jina", "/v1/rerank"), ("tei", "/rerank")])
def test_reranking_orders_what_was_found(docfs, tmp_path, server, api, path):
    d = tmp_path / "d"
    d.mkdir()
    for i in range(5):
        (d / f"p{i}.md").write_text(f"# P{i}\n\nkerosene " + "and more words " * (5 - i) + "\n")
    docfs.ok("add", d, "--collection", "c")
    s = server("llamacpp")
    docfs.ok("config", "set", "rerank.url", s.url)
    docfs.ok("config", "set", "rerank.api", api)
    r = search(docfs, "kerosene")
    assert [h["path"] for h in r["hits"]] == [f"p{i}.md" for i in (4, 3, 2, 1, 0)]
    assert path in s.requests and s.reranked[0][0] == "kerosene"
    s.fail(500, 9)
    r = search(docfs, "kerosene words")
    assert r["hits"] and r["partial"] and "Not reranked" in r["note"]
