"""The model servers that stand in for others in these tests speak as those do: the unmodified packages
openai and ollama understand them. What docfs understands of them it then understands of the others."""
import json

import pytest
from lib.chatserver import ChatServer
from lib.embedserver import EmbedServer, vector

TEXTS = ["cancel a task", "zebra"]
REPLY = "Run `pip install lighthouse` [1]."


@pytest.fixture
def ask(clients):
    """ask(kind) -> (what the package of that name got, requests that embed, bodies of the chat)"""
    def run(kind):
        with EmbedServer(kind, key="secret") as embed:
            chat = ChatServer(kind, reply=REPLY)
            try:
                out = json.loads(clients.ok("providers.mjs", kind, embed.url, chat.root).stdout)
            finally:
                chat.stop()
            return out, embed.requests, chat.asked
    return run


def check_vectors(got):
    assert len(got) == len(TEXTS)
    for text, v in zip(TEXTS, got):
        assert v == pytest.approx(vector(text), abs=1e-6)


def test_openai(ask):
    out, requests, asked = ask("openai")
    assert out["models"] == ["chat-large", "test-embed"]
    for form in ("vectors", "floats"):  # the package asks for base64 unless it is told not to
        check_vectors([d["embedding"] for d in sorted(out[form], key=lambda d: d["index"])])
    assert out["unknown"]["status"] == 404 and "none" in out["unknown"]["message"]
    assert out["denied"]["status"] == 401
    assert out["whole"]["message"] == {"role": "assistant", "content": REPLY}
    assert "".join(p["delta"]["content"] for p in out["pieces"]) == REPLY
    assert [p["finish_reason"] for p in out["pieces"]][-1] == "stop"
    assert "/v1/embeddings" in requests and [b.get("stream", False) for b in asked] == [False, True]


def test_ollama(ask):
    out, requests, asked = ask("ollama")
    assert out["version"] and out["models"] == ["chatty:latest", "test-embed:latest"]
    check_vectors(out["vectors"])
    assert out["unknown"]["status"] == 404 and "none" in out["unknown"]["message"]
    assert out["denied"]["status"] == 401
    assert out["whole"]["message"] == {"role": "assistant", "content": REPLY} and out["whole"]["done"]
    assert "".join(p["message"]["content"] for p in out["pieces"]) == REPLY
    assert [p["done"] for p in out["pieces"]][-2:] == [False, True]
    assert "/api/embed" in requests and [b["stream"] for b in asked] == [False, True]
