"""docfs doctor and the services that the settings name: each is broken, the message says how."""
import socket
import time

import pytest

from lib.chatserver import ChatServer
from lib.docfs import wait_until
from lib.embedserver import EmbedServer
from lib.faults import events, follows, state


def check(docfs, name, *settings, codes=(0,)):
    """(level, text, remedy) of each check of that name."""
    sets = [a for s in settings for a in ("--set", s)]
    r = docfs.run("doctor", "--json", "--listen", "127.0.0.1:0", *sets)
    assert r.code in codes, r  # docfs works without any of them
    return [(c["level"], c["text"], c["remedy"]) for c in r.json["checks"] if c["name"] == name]


def one(*args, **kw):
    found, = check(*args, **kw)
    return found


@pytest.fixture
def nobody():
    """An address at which nothing answers."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{s.getsockname()[1]}"


@pytest.fixture
def silent():
    """An address that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as s:
        yield f"http://127.0.0.1:{s.getsockname()[1]}"


def key_file(tmp_path, text):
    path = tmp_path / "key"
    path.write_text(text)
    path.chmod(0o600)
    return path


# ---- embedding ----

def test_own_model(ready, docfs):
    level, text, _ = one(ready, "embedding")
    assert level == "pass" and "docfs/" in text
    level, text, remedy = one(ready, "embedding", "embed.model=/nowhere/model")
    assert level == "warning" and "/nowhere/model" in text and "embed.model" in remedy


@pytest.mark.parametrize("kind", ["ollama", "openai"])
def test_embedding_server(ready, tmp_path, kind, nobody):
    with EmbedServer(kind, key="right" if kind == "openai" else None) as s:
        url, model = f"embed.url={s.url}", "embed.model=test-embed"
        key = [f"embed.key_file={key_file(tmp_path, 'right')}"] if s.key else []
        # It works, but the vectors of the cache are of the own model.
        level, text, remedy = one(ready, "embedding", url, model, *key)
        assert level == "warning" and "docfs reembed" in remedy
        assert f"with {s.dim} numbers" in text and "docfs/" in text
        sets = [a for v in (url, model, *key) for a in ("--set", v)]
        ready.ok("reembed", *sets)
        level, text, _ = one(ready, "embedding", url, model, *key)
        assert level == "pass" and "test-embed" in text and f"{s.dim} numbers" in text

        level, text, remedy = one(ready, "embedding", url, "embed.model=other", *key)
        assert level == "warning" and "has no model other; it has: " in text
        assert "test-embed" in text and "embed.model NAME" in remedy
        if s.key:
            wrong = key_file(tmp_path, "wrong")
            level, text, remedy = one(ready, "embedding", url, model, f"embed.key_file={wrong}")
            assert level == "warning" and "embed.key_file" in remedy and "wrong" not in text
            wrong.chmod(0o644)
            level, text, remedy = one(ready, "embedding", url, model, f"embed.key_file={wrong}",
                                      codes=(0, 3))  # nor can the vectors be compared then
            assert level == "warning" and "chmod" in text + remedy
    level, text, remedy = one(ready, "embedding", f"embed.url={nobody}", model)
    assert level == "warning" and "start the server" in remedy and nobody[7:].replace(":", " port ") in text


def test_embedding_server_that_says_nothing(ready, silent):
    level, text, remedy = one(ready, "embedding", f"embed.url={silent}", "embed.model=x",
                              "embed.query_timeout=100ms", "embed.provider=openai")
    assert level == "warning" and "embed.timeout" in remedy


def test_vectors_of_another_length(ready):
    with EmbedServer("openai") as s:
        sets = [f"embed.url={s.url}", "embed.model=test-embed"]
        ready.ok("reembed", *(a for v in sets for a in ("--set", v)))
        s.dim = 32
        level, text, remedy = one(ready, "embedding", *sets, "embed.dimension=64")
        assert level == "warning" and "embed.dimension is 64" in text and "32" in text
        level, text, remedy = one(ready, "embedding", *sets)
        assert level == "warning" and "docfs reembed" in remedy and "32 numbers" in text


def test_rerank_server(ready, nobody):
    with EmbedServer("openai") as s:
        level, text, _ = one(ready, "rerank", f"rerank.url={s.url}", "rerank.model=m")
        assert level == "pass" and s.url in text
    level, _, remedy = one(ready, "rerank", f"rerank.url={nobody}", "rerank.model=m")
    assert level == "warning" and "rerank.url" in remedy
    assert check(ready, "rerank") == []


# ---- chat ----

def test_chat(ready, tmp_path, nobody):
    level, text, _ = one(ready, "chat")
    assert level == "pass" and "not needed" in text
    for mode, model in (("openai", "first-model"), ("ollama", "small")):
        s = ChatServer(mode)
        try:
            level, text, _ = one(ready, "chat", f"chat.url={s.url}")
            assert level == "pass" and model in text
            level, text, _ = one(ready, "chat", f"chat.url={s.url}", f"chat.model={model}")
            assert level == "pass"
            level, text, remedy = one(ready, "chat", f"chat.url={s.url}", "chat.model=other")
            assert level == "warning" and f"has no model other (chat.model); it has: {model}" in text
            assert "chat.model NAME" in remedy
            assert not s.asked  # a model is never made to answer
        finally:
            s.stop()
    s = ChatServer("401")
    try:
        level, text, remedy = one(ready, "chat", f"chat.url={s.url}")
        assert level == "warning" and "401" in text and "chat.key_file" in remedy
        s.mode = "500"
        level, text, remedy = one(ready, "chat", f"chat.url={s.url}")
        assert level == "warning" and "500" in text and "chat.url" in remedy
        s.mode = "openai"
        both = check(ready, "chat", f"chat.url={s.url},{nobody}/v1")
        assert [c[0] for c in both] == ["pass", "warning"]
        assert nobody[7:].replace(":", " port ") in both[1][1] and "start the server" in both[1][2], both
    finally:
        s.stop()
    level, text, _ = one(ready, "chat", "chat.url=example.org")
    assert level == "warning" and "must begin with http://" in text


def test_services_without_a_cache(docfs, nobody):
    assert one(docfs, "embedding")[0] == "pass"
    assert one(docfs, "chat", f"chat.url={nobody}/v1")[0] == "warning"
    assert one(docfs, "redis", "redis.url=redis://127.0.0.1:1")[0] == "warning"
    assert not docfs.cache.exists()


def test_status_says_that_a_server_fails(ready, serve):
    """Search goes on by words; docfs status tells, and that it is over."""
    with EmbedServer("openai") as s:
        sets = [a for v in (f"embed.url={s.url}", "embed.model=test-embed", "embed.pause_max=0s",
                                "embed.query_timeout=1m")
                for a in ("--set", v)]
        ready.ok("reembed", *sets)
        server = serve(ready, *sets)
        assert server.get("/api/v1/search", q="cancel a task").status == 200
        assert state(ready, "serve") == ("up", "")
        s.fail(500, times=1000)
        assert server.json("/api/v1/search", q="storage")["results"]
        wait_until(lambda: state(ready, "serve")[0] == "degraded")
        assert state(ready, "serve")[1].startswith("embedding: ")
        s.faults.clear()
        wait_until(lambda: server.get("/api/v1/search", q=f"deploy {time.monotonic()}").status == 200
                   and state(ready, "serve")[0] == "up")
        wait_until(lambda: follows(events(ready, "serve"), "start", "degraded", "recovered"))
