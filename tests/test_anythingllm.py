"""The AnythingLLM developer interface: by hand, then with its unmodified programs."""
import http.server
import json
import threading

import pytest
from lib.chatserver import ChatServer

QUESTION = "how do I install lighthouse"


@pytest.fixture
def any_server(docfs, corpus, serve):
    docfs.ok("add", corpus, "-c", "demo@1")
    return serve(docfs)


def post(server, path, body=None, status=200, method="POST"):
    r = server.request(method, "/api/v1" + path, json_body=body if body is not None else {})
    assert r.status == status, r
    return r.json if r.body[:1] in (b"{", b"[") else r.text


def get(server, path, status=200):
    r = server.get("/api/v1" + path)
    assert r.status == status, r
    return r.json


def upload_text(server, text, title="A Note: one", **more):
    return post(server, "/document/raw-text", {"textContent": text, "metadata": {"title": title}, **more})["documents"][0]


def events(r):
    return [json.loads(line[6:]) for line in r.text.splitlines() if line.startswith("data: ")]


# ---- workspaces ----

def test_every_collection_is_a_workspace(any_server):
    w, = get(any_server, "/workspaces")["workspaces"]
    assert (w["slug"], w["name"], w["collection"]) == ("demoat1", "demo@1", "demo@1")
    assert w["topN"] == 4 and w["similarityThreshold"] == 0.25 and w["threads"] == []
    w, = get(any_server, "/workspace/demoat1")["workspace"]
    assert len(w["documents"]) == 14
    doc = next(d for d in w["documents"] if d["docpath"] == "README.md")
    assert json.loads(doc["metadata"])["title"] and doc["pinned"] is False
    assert get(any_server, "/workspace/nope") == {"workspace": []}


def test_life_of_a_workspace(any_server):
    w = post(any_server, "/workspace/new", {"name": "My Notes: 2.0!", "topN": 7, "systemPrompt": "ignored"})["workspace"]
    assert w["slug"] == "my-notes-2dot0bang" and w["topN"] == 7
    again = post(any_server, "/workspace/new", {"name": "My Notes: 2.0!"})["workspace"]
    assert again["slug"] != w["slug"] and again["slug"].startswith(w["slug"])
    r = post(any_server, "/workspace/new", {"name": ""}, status=400)
    assert r == {"workspace": None, "message": "name cannot be null"}
    up = post(any_server, f"/workspace/{w['slug']}/update", {"openAiPrompt": "Be brief", "name": "Renamed"})
    assert up["workspace"]["name"] == "Renamed" and up["workspace"]["openAiPrompt"] == "Be brief"
    assert up["workspace"]["topN"] == 7
    assert "No valid fields" in post(any_server, f"/workspace/{w['slug']}/update", {"x": 1})["message"]
    post(any_server, "/workspace/none/update", {"name": "x"}, status=400)
    assert post(any_server, f"/workspace/{w['slug']}", method="DELETE") == "OK"
    assert get(any_server, f"/workspace/{w['slug']}") == {"workspace": []}
    post(any_server, f"/workspace/{w['slug']}", method="DELETE", status=400)


def test_documents_go_in_and_out(any_server):
    slug = post(any_server, "/workspace/new", {"name": "notes"})["workspace"]["slug"]
    doc = upload_text(any_server, "# Zebras\n\nZebras have stripes of black and white.")
    assert doc["location"].startswith("custom-documents/raw-a-note-one-") and doc["pageContent"].startswith("# Zebras")
    other = upload_text(any_server, "Lions roar at night.", title="Lions")
    r = post(any_server, f"/workspace/{slug}/update-embeddings", {"adds": [doc["location"], other["location"], "no/such.json"]})
    assert len(r["failures"]) == 1 and "no/such.json" in r["failures"][0]
    assert {d["docpath"] for d in r["workspace"]["documents"]} == {doc["location"], other["location"]}
    hits = post(any_server, f"/workspace/{slug}/vector-search", {"query": "what stripes do zebras have", "topN": 1})["results"]
    assert "black and white" in hits[0]["text"] and hits[0]["metadata"]["title"] == "A Note: one"
    assert hits[0]["distance"] == pytest.approx(1 - hits[0]["score"])

    pin = post(any_server, f"/workspace/{slug}/update-pin", {"docPath": doc["location"], "pinStatus": True})
    assert pin["message"] == "Pin status updated successfully"
    docs = get(any_server, f"/workspace/{slug}")["workspace"][0]["documents"]
    assert [d["docpath"] for d in docs if d["pinned"]] == [doc["location"]]
    post(any_server, f"/workspace/{slug}/update-pin", {"docPath": "x.json"}, status=404)

    r = post(any_server, f"/workspace/{slug}/update-embeddings", {"deletes": [doc["location"]]})
    assert [d["docpath"] for d in r["workspace"]["documents"]] == [other["location"]]
    assert post(any_server, "/system/remove-documents", {"names": [other["location"]]}, method="DELETE")["success"]
    assert get(any_server, f"/workspace/{slug}")["workspace"][0]["documents"] == []


def test_uploads(any_server):
    boundary = "----x"
    form = (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="page.html"\r\n\r\n'
            "<html><head><title>Page</title></head><body><h1>Cats</h1><p>Cats purr <b>softly</b>.</p></body></html>\r\n"
            f'--{boundary}\r\nContent-Disposition: form-data; name="addToWorkspaces"\r\n\r\ndemoat1\r\n--{boundary}--\r\n')
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    doc = any_server.request("POST", "/api/v1/document/upload", body=form.encode(), headers=headers).json["documents"][0]
    assert "Cats purr **softly**." in doc["pageContent"]
    hits = post(any_server, "/workspace/demoat1/vector-search", {"query": "cats purr softly"})["results"]
    assert any("purr" in h["text"] for h in hits)
    r = any_server.request("POST", "/api/v1/document/upload/a%2Fb", body=form.encode(), headers=headers)
    assert r.status == 400
    assert any_server.request("POST", "/api/v1/document/upload", body=b"--", headers=headers).status == 400
    binary = form.replace("page.html", "a.bin").encode().replace(b"<html>", b"\x00\x01\x02\xff" * 100)
    r = any_server.request("POST", "/api/v1/document/upload", body=binary, headers=headers)
    assert r.status == 422 and r.json["success"] is False


@pytest.mark.parametrize("body", [{"textContent": "x", "metadata": {}}, {"textContent": " ", "metadata": {"title": "t"}}, {}])
def test_raw_text_needs_a_title_and_a_text(any_server, body):
    assert post(any_server, "/document/raw-text", body, status=422)["success"] is False


def test_folders(any_server):
    assert post(any_server, "/document/create-folder", {"name": "mine"})["success"]
    post(any_server, "/document/create-folder", {"name": "../x"}, status=400)
    doc = upload_text(any_server, "Some text")
    name = doc["location"].split("/")[1]
    assert get(any_server, f"/document/{name}")["document"]["title"] == "A Note: one"
    get(any_server, "/document/none.json", status=404)
    post(any_server, "/document/move-files", {"files": [{"from": doc["location"], "to": f"mine/{name}"}]})
    folders = {f["name"]: f["items"] for f in get(any_server, "/documents")["localFiles"]["items"]}
    assert folders["custom-documents"] == [] and folders["mine"][0]["name"] == name
    page = get(any_server, "/documents/folder/mine?limit=1")
    assert page["totalCount"] == 1 and not page["hasMore"] and "pageContent" not in page["documents"][0]
    get(any_server, "/documents/folder/none", status=404)
    assert post(any_server, "/document/remove-folder", {"name": "mine"}, method="DELETE")["success"]
    get(any_server, "/documents/folder/mine", status=404)
    assert "url" in get(any_server, "/document/metadata-schema")["schema"]
    assert ".md" in get(any_server, "/document/accepted-file-types")["types"]["text/plain"]


@pytest.mark.parametrize("link", ["http://127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/",
                                  "http://169.254.169.254/latest/", "http://2130706433:{port}/", "http://0x7f.1:{port}/",
                                  "file:///etc/passwd", "ftp://127.0.0.1/", "gopher://x", ""])
def test_upload_link_reaches_no_private_address(any_server, link):
    asked = []

    class Inside(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"# secret\n")

    inside = http.server.HTTPServer(("127.0.0.1", 0), Inside)
    threading.Thread(target=inside.serve_forever, args=(0.02,), daemon=True).start()
    try:
        r = post(any_server, "/document/upload-link", {"link": link.format(port=inside.server_address[1])}, status=422)
        assert r["success"] is False and not asked
    finally:
        inside.shutdown()
        inside.server_close()


def test_upload_link_follows_no_redirect_inside(docfs, serve):
    """The public web is a proxy here: what it answers may lead elsewhere, not inside."""
    asked, places = [], {"http://docs.example.org/fine": "http://docs.example.org/page"}

    class Web(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            to = places.get(self.path)
            body = b"# Lighthouse\n\nA page of the web.\n"
            self.send_response(302 if to else 200)
            self.send_header("Content-Type", "text/markdown")
            self.send_header("Content-Length", str(len(body)))
            if to:
                self.send_header("Location", to)
            self.end_headers()
            self.wfile.write(body)

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
    threading.Thread(target=web.serve_forever, args=(0.02,), daemon=True).start()
    port = web.server_address[1]
    try:
        server = serve(docfs, env={"http_proxy": f"http://127.0.0.1:{port}", "no_proxy": ""})
        r = post(server, "/document/upload-link", {"link": "http://docs.example.org/fine"})
        assert "A page of the web" in r["documents"][0]["pageContent"]
        for i, inside in enumerate([f"http://127.0.0.1:{port}/x", f"http://localhost:{port}/x", f"http://[::1]:{port}/x",
                                    "http://10.0.0.1/x", "http://169.254.169.254/latest/", f"http://0x7f.1:{port}/x",
                                    "file:///etc/passwd"]):
            link = f"http://docs.example.org/{i}"
            places[link] = inside
            asked.clear()
            r = post(server, "/document/upload-link", {"link": link}, status=422)
            assert r["success"] is False and asked == [link], (inside, r, asked)
    finally:
        web.shutdown()
        web.server_close()


# ---- chats ----

def test_chat_without_a_model(any_server):
    r = post(any_server, "/workspace/demoat1/chat", {"message": QUESTION, "mode": "query", "sessionId": "s1"})
    assert r["type"] == "textResponse" and r["close"] and r["error"] is None
    assert "pip install lighthouse" in r["textResponse"] and r["sources"][0]["path"] == "README.md"
    assert r["metrics"]["generated"] is False
    h = get(any_server, "/workspace/demoat1/chats?apiSessionId=s1")["history"]
    assert [x["role"] for x in h] == ["user", "assistant"] and h[0]["content"] == QUESTION
    assert h[1]["chatId"] == r["chatId"] and get(any_server, "/workspace/demoat1/chats?apiSessionId=s2")["history"] == []
    nothing = post(any_server, "/workspace/demoat1/chat", {"message": "qqqqzzzz vvvvkkkk", "mode": "query"})
    assert "no relevant information" in nothing["textResponse"] and nothing["sources"] == []


@pytest.mark.parametrize("slug,body", [("none", {"message": "x"}), ("demoat1", {"message": " "}), ("demoat1", {}),
                                       ("demoat1", {"message": "x", "mode": "sing"}),
                                       ("demoat1/thread/none", {"message": "x"})])
def test_chat_that_cannot_be(any_server, slug, body):
    for kind in ("chat", "stream-chat"):
        r = post(any_server, f"/workspace/{slug}/{kind}", body, status=400)
        assert r["type"] == "abort" and r["error"]


def test_stream_chat(any_server):
    r = any_server.post("/api/v1/workspace/demoat1/stream-chat", {"message": QUESTION})
    assert r.headers["content-type"].startswith("text/event-stream")
    e = events(r)
    assert e[-1]["type"] == "finalizeResponseStream" and e[-1]["chatId"]
    assert "pip install" in "".join(x.get("textResponse", "") for x in e) and e[-1]["sources"]


def test_a_model_hears_the_conversation(docfs, corpus, serve):
    docfs.ok("add", corpus, "-c", "demo@1")
    model = ChatServer()
    try:
        server = serve(docfs, env={"DOCFS_CHAT_URL": model.url, "DOCFS_CHAT_MODEL": "m"})
        post(server, "/workspace/demoat1/update", {"openAiPrompt": "You are a pirate."})
        first = post(server, "/workspace/demoat1/chat", {"message": QUESTION, "sessionId": "s"})
        assert first["textResponse"] == model.reply and first["metrics"]["generated"]
        r = server.post("/api/v1/workspace/demoat1/stream-chat", {"message": "install lighthouse again", "sessionId": "s"})
        pieces = [x["textResponse"] for x in events(r) if x["type"] == "textResponseChunk" and x["textResponse"]]
        assert "".join(pieces) == model.reply and len(pieces) > 2
        said = model.asked[1]["messages"]
        assert said[0]["content"] == "You are a pirate."
        assert [(m["role"], m["content"]) for m in said[1:3]] == [("user", QUESTION), ("assistant", model.reply)]
        post(server, "/workspace/demoat1/chat", {"message": "install lighthouse", "sessionId": "s", "reset": True})
        assert len(model.asked[2]["messages"]) == 2
        model.mode = "500"
        r = post(server, "/workspace/demoat1/chat", {"message": QUESTION, "sessionId": "x"})
        assert "pip install" in r["textResponse"] and "fault 500" in r["metrics"]["note"]
    finally:
        model.stop()


def test_threads(any_server):
    t = post(any_server, "/workspace/demoat1/thread/new", {"name": "First"})["thread"]
    assert t["name"] == "First"
    base = f"/workspace/demoat1/thread/{t['slug']}"
    assert post(any_server, base + "/update", {"name": "Second"})["thread"]["name"] == "Second"
    post(any_server, base + "/chat", {"message": QUESTION})
    assert len(get(any_server, base + "/chats")["history"]) == 2
    assert get(any_server, "/workspace/demoat1/chats")["history"] == []
    assert [x["name"] for x in get(any_server, "/workspaces")["workspaces"][0]["threads"]] == ["Second"]
    assert post(any_server, base, method="DELETE") == "OK"
    get(any_server, base + "/chats", status=400)


def test_system(any_server):
    assert any_server.json("/api/ping") == {"online": True}
    assert get(any_server, "/auth") == {"authenticated": True}
    assert get(any_server, "/system")["settings"]["VectorDB"] == "docfs"
    held = any_server.docfs.json("status")["passages"]
    assert get(any_server, "/system/vector-count")["vectorCount"] == held > 0
    assert post(any_server, "/system/update-env", {"A": "b"})["newValues"] == {}
    post(any_server, "/workspace/demoat1/chat", {"message": "=1+1 install"})
    for kind, start in (("jsonl", '{"id"'), ("json", "[{"), ("csv", "id,"), ("jsonAlpaca", '[{"instruction"')):
        r = any_server.get("/api/v1/system/export-chats?type=" + kind)
        assert r.status == 200 and r.text.startswith(start), r
    assert "\"'=1+1 install\"" in any_server.get("/api/v1/system/export-chats?type=csv").text
    assert "message" in get(any_server, "/system/export-chats?type=xml", status=400)


def test_tokens_and_read_only(docfs, corpus, serve):
    docfs.ok("add", corpus, "-c", "demo@1")
    token = docfs.json("token", "create", "reader", "--scope", "read")["token"]
    server = serve(docfs, "--auth", "always")
    r = server.get("/api/v1/auth")
    assert r.status == 403 and r.json["error"] == "No valid api key found."
    assert server.json("/api/ping") == {"online": True}
    server.token = token
    assert get(server, "/auth") == {"authenticated": True}
    post(server, "/workspace/new", {"name": "x"}, status=403)
    r = post(server, "/workspace/demoat1/chat", {"message": QUESTION})
    assert r["textResponse"] and get(server, "/workspace/demoat1/chats")["history"] == []


# ---- their programs ----

CLI = ("@mintplex-labs/anything-llm-cli", "any")


def test_anything_llm_cli(clients, any_server, tmp_path):
    env = {"ANYTHING_LLM_BASE_URL": any_server.url, "ANYTHING_LLM_API_KEY": "none", "HOME": tmp_path}

    def run(*args):
        return clients.ok(CLI, *args, env=env, cwd=tmp_path).stdout

    doc = upload_text(any_server, "# Zebras\n\nZebras have stripes of black and white.", title="Zebras")
    run("prompt", "hello there")  # makes its workspace
    slug = "anythingllm-cli-default-workspace"
    assert get(any_server, f"/workspace/{slug}")["workspace"]
    post(any_server, f"/workspace/{slug}/update-embeddings", {"adds": [doc["location"]]})
    assert "black and white" in run("prompt", "what stripes do zebras have")
    assert "black and white" in run("prompt", "-S", "what stripes do zebras have")
    asked = [x["content"] for x in get(any_server, f"/workspace/{slug}/chats")["history"] if x["role"] == "user"]
    assert any("zebras" in x for x in asked)


def test_openai_package(clients, any_server):
    out = json.loads(clients.ok("workspace.mjs", any_server.url, "demoat1", QUESTION).stdout)
    assert out["models"] == ["demoat1"]
    assert "pip install" in out["whole"]["choices"][0]["message"]["content"] and out["whole"]["usage"]["total_tokens"]
    assert "pip install" in "".join(p["delta"].get("content") or "" for p in out["pieces"])
    assert out["pieces"][-1]["finish_reason"] == "stop"
    assert len(out["vectors"]) == 2 and len(out["vectors"][0]["embedding"]) > 100
    assert [s["id"] for s in out["stores"]] == ["demoat1"] and out["unknown"] == 401
