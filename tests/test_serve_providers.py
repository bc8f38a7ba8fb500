"""REST: who embeds and who chats; a trial; putting one into use."""
import json

import pytest
from lib.chatserver import ChatServer
from lib.docfs import wait_until
from lib.embedserver import EmbedServer


@pytest.fixture
def s(docfs, corpus, serve):
    docfs.ok("add", corpus, "-c", "demo@1", "-q")
    return serve(docfs)


@pytest.fixture
def others():
    made = []

    def make(server):
        made.append(server)
        return server

    yield make
    for server in made:
        server.stop()


def provider(s, id):
    return next(p for p in s.json("/api/v1/providers") if p["id"] == id)


def config(s, id, **body):
    return s.post(f"/api/v1/providers/{id}/config", body)


def settings(s, category):
    return {i["key"]: i["value"] for i in s.json("/api/v1/config", category=category)["items"]}


def test_what_there_is_from_the_start(s):
    providers = {p["id"]: p for p in s.json("/api/v1/providers")}
    assert {i for i, p in providers.items() if p["supports_chat"]} == {"openai-chat", "ollama-chat"}
    assert all(p["supports_chat"] != p["supports_embedding"] for p in providers.values())
    active, = [p for p in providers.values() if p["status"] == "active"]
    assert active["category"] == "embedding" and active["dimension"] > 0
    r = s.post(f"/api/v1/providers/{active['id']}/test", {})
    assert r.status == 200 and r.json["success"], r
    assert s.json(f"/api/v1/providers/{active['id']}/models")["models"] == [active["model"]]
    for id, word in (("ollama", "embed.url"), ("ollama-chat", "chat.url")):
        r = s.post(f"/api/v1/providers/{id}/test", {"base_url": "http://127.0.0.1:9"})
        assert r.status == 200 and not r.json["success"] and "127.0.0.1" in r.json["message"]
        r = s.post(f"/api/v1/providers/{id}/test", {})
        assert not r.json["success"] and word in r.json["message"]
        assert not s.json(f"/api/v1/providers/{id}/models")["queryable"]
    for what in ("test", "config"):
        assert s.post(f"/api/v1/providers/nope/{what}", {}).status == 404
    assert s.json("/api/v1/admin/dashboard")["providers"]["configured"] == 1


@pytest.mark.parametrize("mode,id,model", [("openai", "openai-chat", "first-model"),
                                           ("ollama", "ollama-chat", "small:latest")])
def test_a_chat_server_is_tried_and_put_into_use(s, others, mode, id, model):
    other = others(ChatServer(mode))
    r = s.post(f"/api/v1/providers/{id}/test", {"base_url": other.url, "api_key": "for-this-trial"})
    assert r.json["success"] and r.json["models"] == [model], r
    assert other.headers[-1]["Authorization"] == "Bearer for-this-trial"
    assert not provider(s, id)["configured"]
    r = config(s, id, base_url=other.url, model=model)
    assert r.status == 202 and model in r.json["message"] and r.json["job_id"] is None, r
    p = provider(s, id)
    assert p["status"] == "active" and p["endpoints"] == [
        {"url": other.url, "kind": mode, "state": "ready", "failures": 0, "last_error": None}]
    assert s.json(f"/api/v1/providers/{id}/models") == {
        "provider": id, "models": [model], "queryable": True, "message": None}
    # It is used at once, and its failures show.
    other.mode = "500"
    asked = len(other.asked)
    slug = next(w["slug"] for w in s.json("/api/v1/workspaces")["workspaces"] if w["name"].startswith("demo"))
    s.post(f"/api/v1/workspace/{slug}/chat", {"message": "how to install lighthouse", "mode": "query"})
    assert len(other.asked) > asked
    e, = provider(s, id)["endpoints"]
    assert e["state"] == "failing" and e["failures"] == 1 and "500" in e["last_error"]
    # Off again.
    assert config(s, id, base_url="").status == 202
    assert not provider(s, id)["configured"] and settings(s, "chat")["chat.url"] == ""


def test_an_embedding_server_is_put_into_use_by_a_job(docfs, s, others):
    other = others(EmbedServer("ollama"))
    r = config(s, "ollama", base_url=other.url, model="test-embed")
    assert r.status == 202 and "64 dimensions" in r.json["message"], r
    job = r.json["job_id"]
    wait_until(lambda: s.json(f"/api/v1/ingestion/jobs/{job}")["state"] == "done")
    wait_until(lambda: provider(s, "ollama")["status"] == "active")
    assert provider(s, "ollama")["dimension"] == 64 and other.texts
    assert s.json("/api/v1/search", q="install lighthouse")["results"]
    seen = [x for x in s.json("/api/v1/admin/activity/recent") if "provider.config" in json.dumps(x)]
    assert seen
    r = config(s, "builtin")
    wait_until(lambda: s.json(f"/api/v1/ingestion/jobs/{r.json['job_id']}")["state"] == "done")
    wait_until(lambda: provider(s, "builtin")["status"] == "active")
    assert settings(s, "embed")["embed.url"] == ""


@pytest.mark.parametrize("body,word", [
    ({"base_url": "ftp://x"}, "http://"), ({"base_url": "http://a:b@127.0.0.1:9"}, "login"),
    ({"base_url": "http://127.0.0.1:9,http://x"}, "commas"), ({"base_url": "http://127.0.0.1:9/ x"}, "blanks"),
    ({"base_url": "http://127.0.0.1:9", "api_key": "k"}, "files"), ({"base_url": "http://127.0.0.1:9"}, "trial"),
    ({}, "base_url is missing"), ({"base_url": 3}, "base_url"), ({"base_url": "http://" + "x" * 3000}, "base_url")])
@pytest.mark.parametrize("id", ["openai", "ollama-chat"])
def test_what_does_not_work_changes_nothing(s, id, body, word):
    before = settings(s, "embed"), settings(s, "chat")
    r = config(s, id, **body)
    assert r.status == 422 and word in r.json["detail"], r
    assert (settings(s, "embed"), settings(s, "chat")) == before


def test_a_directory_is_named_on_the_machine_only(s):
    r = config(s, "static", model="/etc")
    assert r.status == 403 and "docfs config set embed.model" in r.json["detail"]


@pytest.mark.parametrize("id,kind", [("openai", "embed"), ("openai-chat", "chat")])
def test_a_key_never_goes_to_another_server(docfs, corpus, serve, tmp_path, others, id, kind):
    own = others(EmbedServer("openai", key="very-secret") if kind == "embed" else ChatServer())
    thief = others(EmbedServer("openai", key="shows what it got") if kind == "embed" else ChatServer())
    key = tmp_path / "key"
    key.write_text("very-secret\n")
    key.chmod(0o600)
    docfs.ok("config", "set", f"{kind}.url", own.url)
    docfs.ok("config", "set", f"{kind}.key_file", key)
    s = serve(docfs)
    r = config(s, id, base_url=thief.url)
    assert r.status == 409 and "on the machine" in r.json["detail"], r
    assert settings(s, kind)[f"{kind}.url"] == own.url
    assert settings(s, kind)[f"{kind}.key_file"] == "********"
    assert config(s, id, base_url=own.url).status == 202
    r = s.request("PUT", "/api/v1/config", json_body={"key": f"{kind}.key_file", "value": "/etc/passwd"})
    assert r.status == 403
    # A trial elsewhere does not take it along, either.
    r = s.post(f"/api/v1/providers/{id}/test", {"base_url": thief.url})
    assert r.json["success"] == (kind == "chat")
    assert "very-secret" not in r.text + s.log_text() + repr(getattr(thief, "headers", ""))


def test_only_admins_put_into_use(docfs, serve):
    tokens = {x: docfs.ok("token", "create", x, "--scope", x, "-q").out.strip() for x in ("write", "admin")}
    s = serve(docfs, "--auth", "always")
    s.token = tokens["write"]
    for what in ("test", "config"):
        assert s.post(f"/api/v1/providers/builtin/{what}", {}).status == 403
    s.token = tokens["admin"]
    assert config(s, "builtin").status == 202


def test_read_only_servers_stay_as_they_are(docfs, corpus, serve):
    docfs.ok("add", corpus, "-q")
    assert config(serve(docfs, "--read-only"), "builtin").status == 403
