"""A server that embeds, in the shapes of Ollama, text-embeddings-inference, llama.cpp and OpenAI,
and fails on demand. Texts that share words get near vectors, so that searches can be checked."""
import base64
import hashlib
import http.server
import json
import math
import re
import struct
import threading
import time

DIM = 64


def vector(text, dim=DIM):
    v = [0.0] * dim
    for word in re.findall(r"\w+", text.lower()):
        h = hashlib.sha256(word.encode()).digest()
        for i in range(4):
            v[h[i] % dim] += 1 if h[8 + i] & 1 else -1
    n = math.sqrt(sum(x * x for x in v)) or 1.0
    return [x / n for x in v]


def packed(v):
    """OpenAI's other form of a vector."""
    return base64.b64encode(struct.pack(f"<{len(v)}f", *v)).decode()


class Fault:
    """What happens to the next requests to an embedding path: fault(server, request) -> bool
    handled."""

    def __init__(self, times, act):
        self.times, self.act = times, act


class EmbedServer:
    def __init__(self, kind, model="test-embed", dim=DIM, key=None, port=0, max_chars=None,
                 max_batch=None, digest="0123456789abcdef"):
        self.kind, self.model, self.dim, self.key = kind, model, dim, key
        self.max_chars, self.max_batch, self.digest = max_chars, max_batch, digest
        self.faults, self.texts, self.requests, self.lock = [], [], [], threading.Lock()
        self.reranked = []
        self.active = self.most_active = 0
        self.delay = 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                outer.get(self)

            def do_POST(self):
                outer.post(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True
            allow_reuse_address = True

            def handle_error(self, request, address):
                pass  # a client that gives up is part of the tests

        self.server = Server(("127.0.0.1", port), Handler)
        self.port = self.server.server_port
        self.url = f"http://127.0.0.1:{self.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.stop()

    # ---- faults ----

    def fail(self, act, times=1):
        """act: a status, or a function that gets the handler and answers."""
        self.faults.append(Fault(times, act))

    def _fault(self, h):
        with self.lock:
            if not self.faults:
                return False
            f = self.faults[0]
            f.times -= 1
            if f.times <= 0:
                self.faults.pop(0)
        if callable(f.act):
            f.act(h)
        else:
            self.reply(h, f.act, {"error": {"message": f"told to answer {f.act}"}})
        return True

    # ---- answers ----

    def reply(self, h, status, body, headers=()):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        h.send_response(status)
        h.send_header("Content-Type", "application/json")
        h.send_header("Content-Length", str(len(data)))
        for k, v in headers:
            h.send_header(k, v)
        h.end_headers()
        h.wfile.write(data)

    def authorized(self, h):
        if self.key and h.headers.get("Authorization") != "Bearer " + self.key:
            self.reply(h, 401, {"error": {"message": "bad key " + str(h.headers.get("Authorization"))}})
            return False
        return True

    def get(self, h):
        with self.lock:
            self.requests.append(h.path)
        if not self.authorized(h):
            return
        answers = {
            "ollama": {"/api/version": {"version": "0.9.0"},
                       "/api/tags": {"models": [{"name": "chatty:latest", "digest": "ff"},
                                                {"name": self.model + ":latest",
                                                 "digest": self.digest}]}},
            "tei": {"/info": {"model_id": self.model, "model_sha": "feedc0de", "max_client_batch_size":
                              self.max_batch or 32, "max_input_length": 512}},
            "llamacpp": {"/props": {"default_generation_settings": {}, "total_slots": 1},
                         "/v1/models": {"object": "list", "data": [{"id": self.model}]}},
            "openai": {"/v1/models": {"object": "list", "data": [{"id": "chat-large"},
                                                                 {"id": self.model}]}},
        }[self.kind]
        if h.path in answers:
            self.reply(h, 200, answers[h.path])
        else:
            self.reply(h, 404, {"error": "not found"})

    def post(self, h):
        raw = h.rfile.read(int(h.headers.get("Content-Length", 0)))
        with self.lock:
            self.requests.append(h.path)
        body = json.loads(raw)
        probe = body.get("input", body.get("inputs")) == ["documentation"]
        if self.authorized(h) and (probe or not self._fault(h)):
            self._wait()
            self._post(h, body)

    def _wait(self):
        """Counts who waits at once: up to the answer, after which the client may send the next."""
        with self.lock:
            self.active += 1
            self.most_active = max(self.most_active, self.active)
        time.sleep(self.delay)
        with self.lock:
            self.active -= 1

    def _post(self, h, body):
        if h.path in ("/v1/rerank", "/rerank"):
            return self._rerank(h, body)
        path = {"ollama": "/api/embed", "tei": "/embed"}.get(self.kind, "/v1/embeddings")
        if h.path != path:
            return self.reply(h, 404, {"error": "not found"})
        texts = body["inputs" if self.kind == "tei" else "input"]
        texts = [texts] if isinstance(texts, str) else texts
        if self.kind != "tei" and body["model"].split(":")[0] != self.model:
            return self.reply(h, 404, {"error": f"model {body['model']} not found"})
        if self.max_batch and len(texts) > self.max_batch:
            return self.reply(h, 413, {"error": "batch size > maximum", "error_type": "Validation"})
        if any(not t.strip() for t in texts):
            return self.reply(h, 400, {"error": {"message": "input cannot be an empty string"}})
        if self.max_chars and any(len(t) > self.max_chars for t in texts):
            return self.reply(h, 400, {"error": {"message": "input is too large to process"}})
        with self.lock:
            self.texts += texts
        vectors = [vector(t, self.dim) for t in texts]
        if self.kind == "ollama":
            answer = {"model": self.model, "embeddings": vectors}
        elif self.kind == "tei":
            answer = vectors
        else:
            form = packed if body.get("encoding_format") == "base64" else list
            data = [{"object": "embedding", "index": i, "embedding": form(v)}
                    for i, v in enumerate(vectors)]
            answer = {"object": "list", "model": self.model, "data": data[::-1],
                      "usage": {"prompt_tokens": 1, "total_tokens": 1}}
        self.reply(h, 200, answer)

    def _rerank(self, h, body):
        texts = body.get("texts", body.get("documents"))
        with self.lock:
            self.reranked.append((body["query"], texts))
        # The shorter the better: an order that no search would give.
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        scores = [{"index": i, "relevance_score": 1 - rank / len(texts), "score": 1 - rank / len(texts)}
                  for rank, i in enumerate(order)]
        self.reply(h, 200, scores if h.path == "/rerank" else {"results": scores})


def base64_answer(server):
    """A server that answers in base64 though it was asked for numbers."""
    def act(h):
        answer = [{"index": 0, "embedding": packed(vector("x", server.dim))}]
        server.reply(h, 200, {"data": answer})
    return act
