"""The embedding model behind the interfaces of OpenAI and Ollama, by hand and with their packages."""
import base64
import json
import math
import struct

import pytest


def vector(server, text, **more):
    return server.post("/v1/embeddings", {"input": text, **more}).json["data"][0]["embedding"]


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b))


def test_vectors_mean_something(server):
    ask, near, far = (vector(server, t) for t in
                      ("how do I cancel a running task", "cancelling a task that runs", "colours of a zebra"))
    assert abs(math.hypot(*ask) - 1) < 1e-5
    assert cosine(ask, near) > cosine(ask, far) + 0.1


def test_base64_is_the_same_vector(server):
    plain = vector(server, "cancel a task", encoding_format="float")
    raw = base64.b64decode(vector(server, "cancel a task", encoding_format="base64"))
    assert len(raw) == 4 * len(plain)
    assert list(struct.unpack(f"<{len(plain)}f", raw)) == pytest.approx(plain, abs=1e-7)


def test_many_texts_keep_their_order(server):
    texts = [f"text number {i} about task {i * 7}" for i in range(300)]
    data = server.post("/v1/embeddings", {"input": texts, "model": "docfs"}).json["data"]
    assert [d["index"] for d in data] == list(range(300))
    assert data[299]["embedding"] == pytest.approx(vector(server, texts[299]), abs=1e-6)


@pytest.mark.parametrize("body,status,words", [
    ({"input": [1, 2]}, 400, "strings"), ({"input": {"a": 1}}, 400, "string or an array"), ({}, 400, "input"),
    ({"input": ["x"] * 2049}, 400, "2048"), ({"input": "x", "model": "gpt-4"}, 404, "gpt-4"),
    ({"input": "x", "dimensions": 3}, 400, "dimensions"), ({"input": "x", "encoding_format": "int8"}, 400, "encoding_format"),
])
def test_what_does_not_fit(server, body, status, words):
    r = server.post("/v1/embeddings", body)
    assert r.status == status and words in r.json["error"]["message"] and "param" in r.json["error"], r


def test_no_text_at_all(server):
    assert server.post("/v1/embeddings", {"input": []}).json["data"] == []
    assert server.post("/api/embed", {"model": "docfs", "input": []}).json["embeddings"] == []
    assert not any(vector(server, ""))


def test_ollama(server):
    assert server.json("/api/version")["version"]
    r = server.post("/api/embed", {"model": "llama3", "input": "x"})
    assert r.status == 404 and "llama3" in r.json["error"]
    assert server.request("POST", "/api/embed", body=b"{").json["error"]


def test_unmodified_packages(clients, server):
    out = json.loads(clients.ok("embeddings.mjs", server.url).stdout)
    name, dim = out["models"][0]["id"], out["models"][0]["dimensions"]
    assert out["model"]["id"] == name
    # The package asks for base64 by itself and decodes it.
    plain = [d["embedding"] for d in out["plain"]["data"]]
    assert [len(v) for v in plain] == [dim, dim]
    assert plain[0] == pytest.approx(out["float"]["data"][0]["embedding"], abs=1e-6)
    assert out["plain"]["usage"]["total_tokens"] > 0
    assert out["unknown"]["status"] == 404 and out["unknown"]["code"] == "model_not_found"
    assert out["embed"]["embeddings"][0] == pytest.approx(plain[0], abs=1e-6)
    assert out["old"]["embedding"] == pytest.approx(plain[0], abs=1e-6)
    assert out["tags"][0]["name"] == name + ":latest" and "llama3" in out["wrong"]
