"""A chat model that says what a test wants, in the forms of OpenAI and Ollama, and fails on demand."""
import http.server
import json
import threading


class ChatServer:
    """mode: "openai", "ollama", "plain" (no stream), or a fault: "500", "401", "429", "hang", "drop"
    (in the middle), "garbage", "endless", "error" (in the stream), "close" (no answer at all)."""

    def __init__(self, mode="openai", reply="Run `pip install lighthouse` [1].", judge=None):
        self.mode, self.reply, self.judge = mode, reply, judge
        self.asked = []  # bodies of questions
        self.headers = []
        self.probes = 0
        self.wake = threading.Event()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.probes += 1
                if self.path == "/api/version" and outer.mode == "ollama":
                    return self.json(200, {"version": "0.1"})
                if self.path == "/api/tags" and outer.mode == "ollama":
                    return self.json(200, {"models": [{"name": "small:latest"}]})
                if self.path == "/v1/models" and outer.mode in ("401", "500"):
                    return self.json(int(outer.mode), {"error": {"message": f"fault {outer.mode}"}})
                if self.path == "/v1/models" and outer.mode != "ollama":
                    return self.json(200, {"object": "list", "data": [{"id": "first-model"}]})
                self.json(404, {"error": {"message": "no such path"}})

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.asked.append(body)
                outer.headers.append(dict(self.headers))
                outer.answer(self, body)

            def json(self, status, value):
                data = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def start(self, kind):
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Connection", "close")
                self.end_headers()
                self.close_connection = True

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass  # a client that hangs up is part of the tests

        self.server = Server(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    @property
    def root(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    @property
    def url(self):
        return self.root if self.mode == "ollama" else self.root + "/v1"

    def text(self, body):
        if self.judge is not None and body["messages"][0]["content"].startswith("You judge"):
            return self.judge
        return self.reply

    def answer(self, h, body):
        text = self.text(body)
        words = [w + " " for w in text.split(" ")]
        words[-1] = words[-1][:-1]
        if self.mode in ("401", "429", "500"):
            return h.json(int(self.mode), {"error": {"message": f"fault {self.mode}"}})
        if self.mode == "hang":
            self.wake.wait(60)
            h.close_connection = True
            return
        if self.mode == "close":
            h.close_connection = True
            return
        if self.mode == "ollama" and not body.get("stream"):
            return h.json(200, self.piece(body, text, done=True))
        if self.mode == "plain" or (self.mode == "openai" and not body.get("stream")):
            return h.json(200, {"object": "chat.completion", "model": body["model"], "choices": [
                {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})
        if self.mode == "ollama":
            h.start("application/x-ndjson")
            for w in words:
                h.wfile.write(json.dumps(self.piece(body, w)).encode() + b"\n")
            h.wfile.write(json.dumps(self.piece(body, "", done=True)).encode() + b"\n")
            return
        h.start("text/event-stream")
        if self.mode == "garbage":
            h.wfile.write(b"data: {not json\n\ndata: [1,2]\n\n\xff\xfe\n\ndata: {\"choices\":[]}\n\ndata: [DONE]\n\n")
            return
        if self.mode == "error":
            h.wfile.write(b'data: {"error":{"message":"out of tokens"}}\n\n')
            return
        if self.mode == "endless":
            chunk = self.chunk(body, "x" * 65536)
            for _ in range(200):
                h.wfile.write(chunk)
            return
        for i, w in enumerate(words):
            if self.mode == "drop" and i == 2:
                return
            h.wfile.write(self.chunk(body, w))
            h.wfile.flush()
        h.wfile.write(self.chunk(body, "", "stop") + b"data: [DONE]\n\n")

    @staticmethod
    def piece(body, text, done=False):
        more = {"done_reason": "stop"} if done else {}
        return {"model": body["model"], "created_at": "2026-01-01T00:00:00Z", "done": done,
                "message": {"role": "assistant", "content": text}, **more}

    @staticmethod
    def chunk(body, text, finish=None):
        return b"data: " + json.dumps({"object": "chat.completion.chunk", "model": body["model"], "choices": [
            {"index": 0, "delta": {"content": text}, "finish_reason": finish}]}).encode() + b"\n\n"

    def stop(self):
        self.wake.set()
        self.server.shutdown()
        self.server.server_close()
