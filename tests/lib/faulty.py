"""HTTP servers that misbehave: one handler function a path, raw sockets, a random port."""
import base64
import functools
import gzip
import socket
import subprocess
import threading
import zlib


class Faulty:
    """handlers: path -> function(sock, request text); sock is closed after it."""

    def __init__(self, handlers, host="127.0.0.1", context=None):
        self.handlers, self.context = handlers, context
        self.requests, self.lock = [], threading.Lock()
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((host, 0))
        self.sock.listen(64)
        self.port = self.sock.getsockname()[1]
        self.url = f"http{'s' if context else ''}://{host}:{self.port}"
        self.stopping = threading.Event()
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.stopping.set()
        self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()

    def accept(self):
        while not self.stopping.is_set():
            try:
                c, _ = self.sock.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            with c:
                data = b""
                while b"\r\n\r\n" not in data:
                    more = c.recv(65536)
                    if not more:
                        return
                    data += more
                head, body = data.split(b"\r\n\r\n", 1)
                text = head.decode("latin-1")
                length = [int(line.split(":")[1]) for line in text.split("\r\n")
                          if line.lower().startswith("content-length:")]
                while length and len(body) < length[0]:
                    body += c.recv(65536)
                target = text.split(" ")[1]
                with self.lock:
                    self.requests.append((text, body))
                path = target.split("?")[0]
                handler = self.handlers.get(path) or self.handlers.get("*") or not_found
                handler(c, text)
        except OSError:
            pass

    @property
    def paths(self):
        with self.lock:
            return [t.split(" ")[1] for t, _ in self.requests]


def answer(body=b"", status="200 OK", headers=(), type="text/html"):
    if isinstance(body, str):
        body = body.encode()
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close",
            f"Content-Type: {type}", *headers]
    raw = "\r\n".join(head).encode() + b"\r\n\r\n" + body
    return lambda c, request: c.sendall(raw)


def redirect(to, status="302 Found"):
    return answer(status=status, headers=[f"Location: {to}"])


def not_found(c, request):
    answer("no such page", "404 Not Found")(c, request)


def gzipped(data):
    return answer(gzip.compress(data, 9), headers=["Content-Encoding: gzip"])


# 64 MiB of zeros, by the encoder of Brotli 1.0.9 (neither Python nor Debian's tools have one).
BROTLI = ("y///P/gnAOKxQCD3/o///3/wTwDEYRGA7v0f////4J8AiMMCAN37P/7//8E/ARCHBQC693/8//+DfwIgDgsAdO//+P//B/8E"
          "QBwWAOje//H//w/+CYA4LADQvf/L//8//BMAcVgAoHv/Bw==")


@functools.lru_cache
def zeros(encoding):
    """64 MiB of zeros in at most 64 kB: what a Content-Encoding can hide."""
    if encoding == "br":
        return base64.b64decode(BROTLI)
    data = bytes(64 << 20)
    if encoding == "zstd":
        return subprocess.run(["zstd", "-c"], input=data, capture_output=True, check=True).stdout
    return gzip.compress(data, 9) if encoding == "gzip" else zlib.compress(data, 9)


def packed(encoding, type="text/html"):
    return answer(zeros(encoding), headers=[f"Content-Encoding: {encoding}"], type=type)


def bomb(c, request):
    packed("gzip")(c, request)


def slow_loris(stop):
    def handler(c, request):
        for b in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10000:
            c.sendall(bytes([b]))
            if stop.wait(0.05):
                return
    return handler


def slow_body(stop):
    def handler(c, request):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while not stop.wait(0.05):
            c.sendall(b"x")
    return handler


def silent(stop):
    return lambda c, request: stop.wait(60)
