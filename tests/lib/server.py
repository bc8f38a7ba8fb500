"""Runs docfs serve on a free port and talks to it."""
import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import urllib.parse
import urllib.request

from lib.docfs import TIMEOUT, check_alarms
from lib.openapi import Contract


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {dict(self.headers)}\n{self.body[:2000]!r}"


class Server:
    def __init__(self, docfs, *options, listen="127.0.0.1:0", env=None):
        self.docfs, self.options, self.listen, self.more_env = docfs, options, listen, env or {}
        self.process = self.host = self.port = None
        self.token = self._contract = None
        self.log = tempfile.TemporaryFile()

    def start(self):
        ready, tell = os.pipe()
        try:
            self.process = subprocess.Popen(
                self.docfs.argv("serve", "--listen", self.listen, "--ready-fd", tell, *self.options),
                env=self.docfs.env(**self.more_env), stdout=subprocess.DEVNULL, stderr=self.log,
                pass_fds=[tell])
            os.close(tell)
            tell = None
            line = os.read(ready, 64)  # "" when it died
        finally:
            os.close(ready)
            if tell is not None:
                os.close(tell)
        assert line, f"docfs serve did not start ({self.process.wait()}): {self.log_text()}"
        self.port = int(line)
        self.host = self.listen.rpartition(":")[0].strip("[]")
        if self.host == "0.0.0.0":
            self.host = "127.0.0.1"
        return self

    @property
    def url(self):
        return f"http://{self.host}:{self.port}"

    def log_text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def log_lines(self):
        return [json.loads(line) for line in self.log_text().splitlines() if line.startswith("{")]

    def stop(self, how=signal.SIGTERM):
        """Stops it; a clean exit and a quiet log are part of every test."""
        if self.process is None:
            return
        process, self.process = self.process, None
        process.send_signal(how)
        try:
            code = process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        text = self.log_text()
        self.log.close()
        check_alarms(text)
        if how != signal.SIGKILL:
            assert code == 0, (code, text)

    # ---- requests ----

    @property
    def contract(self):
        """Every answer that a test gets is held against /openapi.json."""
        if self._contract is None:
            with urllib.request.urlopen(f"{self.url}/openapi.json", timeout=TIMEOUT) as r:
                self._contract = Contract(json.load(r))
        return self._contract

    def connect(self, timeout=TIMEOUT):
        return http.client.HTTPConnection(self.host, self.port, timeout=timeout)

    def socket(self, timeout=TIMEOUT):
        return socket.create_connection((self.host, self.port), timeout=timeout)

    def raw(self, data, timeout=TIMEOUT):
        """Sends bytes as they are; returns all that comes until the server closes."""
        with self.socket(timeout) as s:
            s.sendall(data)
            out = b""
            while piece := s.recv(65536):
                out += piece
            return out

    def request(self, method, path, json_body=None, body=None, headers=None):
        headers = dict(headers or {})
        if json_body is not None:
            body = json.dumps(json_body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        c = self.connect()
        try:
            c.request(method, path, body=body, headers=headers)
            r = c.getresponse()
            answer = Answer(r.status, r.headers, r.read())
        finally:
            c.close()
        self.contract.check(method, path, answer)
        return answer

    def get(self, target, /, **query):
        if query:
            target += "?" + urllib.parse.urlencode(query, doseq=True)
        return self.request("GET", target)

    def post(self, target, json_body=None, **kw):
        return self.request("POST", target, json_body=json_body, **kw)

    def json(self, target, /, **query):
        r = self.get(target, **query)
        assert r.status == 200, r
        return r.json

    def upload(self, path, fields, files, headers=None, method="POST"):
        """files: name -> (filename, bytes[, type])"""
        mark = "----docfs-test-boundary"
        out = b""
        for name, value in fields.items():
            out += (f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
                    f"{value}\r\n").encode()
        for name, (filename, data, *kind) in files.items():
            kind = kind[0] if kind else "application/octet-stream"
            out += (f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; '
                    f'filename="{filename}"\r\nContent-Type: {kind}\r\n\r\n').encode()
            out += data + b"\r\n"
        out += f"--{mark}--\r\n".encode()
        headers = {"Content-Type": f"multipart/form-data; boundary={mark}", **(headers or {})}
        return self.request(method, path, body=out, headers=headers)
