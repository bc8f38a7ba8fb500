"""Real git servers on loopback: git daemon, and git-http-backend behind a web server."""
import base64
import http.server
import os
import pathlib
import re
import socket
import subprocess
import threading

from lib.docfs import wait_until
from lib.ports import fixed_port

ENV = {"PATH": os.environ["PATH"], "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1",
       "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A",
       "GIT_COMMITTER_EMAIL": "a@example.org", "HOME": "/nonexistent"}


def git(*args, cwd=None):
    return subprocess.run(["git", *map(str, args)], cwd=cwd, env=ENV, check=True,
                          capture_output=True, text=True).stdout.strip()


class Repo:
    """A work tree and the bare repository that is served."""

    def __init__(self, root, name):
        self.work = pathlib.Path(root) / "work" / name
        self.bare = pathlib.Path(root) / "served" / f"{name}.git"
        self.work.mkdir(parents=True)
        git("init", "-q", "-b", "main", cwd=self.work)
        git("init", "-q", "--bare", "-b", "main", self.bare)
        git("config", "uploadpack.allowFilter", "true", cwd=self.bare)
        git("config", "uploadpack.allowAnySHA1InWant", "true", cwd=self.bare)
        git("remote", "add", "origin", self.bare, cwd=self.work)
        (self.bare / "git-daemon-export-ok").touch()

    def write(self, **files):
        for name, text in files.items():
            self.put(name, text)

    def put(self, name, text):
        path = self.work / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def commit(self, message="change", tag=None, annotated=False):
        git("add", "-A", cwd=self.work)
        git("commit", "-q", "-m", message, cwd=self.work)
        if tag:
            git("tag", *(["-a", "-m", tag] if annotated else []), tag, cwd=self.work)
        git("push", "-q", "origin", "HEAD", cwd=self.work)
        git("push", "-q", "--tags", "origin", cwd=self.work)
        return git("rev-parse", "HEAD", cwd=self.work)


class Daemon:
    """git daemon over a folder of repositories."""

    def __init__(self, root):
        self.port = fixed_port()
        self.process = subprocess.Popen(
            ["git", "daemon", f"--base-path={root}", "--listen=127.0.0.1", f"--port={self.port}",
             "--reuseaddr", str(root)], env=ENV, stderr=subprocess.DEVNULL, process_group=0)
        wait_until(self.listens, what="git daemon")

    def listens(self):
        assert self.process.poll() is None
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def url(self, name):
        return f"git://127.0.0.1:{self.port}/{name}.git"

    def stop(self):
        os.killpg(self.process.pid, 15)
        self.process.wait()


class HttpBackend:
    """git-http-backend as CGI. token: what a client has to know. Keeps the requests it saw."""

    def __init__(self, root, token=None):
        outer = self
        self.requests, self.token, self.bytes_sent = [], token, 0

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self):
                path, _, query = self.path.partition("?")
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length)
                if self.headers.get("Transfer-Encoding") == "chunked":
                    while n := int(self.rfile.readline(), 16):
                        body += self.rfile.read(n)
                        self.rfile.readline()
                    self.rfile.readline()
                outer.requests.append((self.command, self.path, dict(self.headers)))
                if outer.token:
                    kind, _, value = (self.headers.get("Authorization") or "").partition(" ")
                    good = kind == "Basic" and \
                        base64.b64decode(value).decode().partition(":")[2] == outer.token
                    if not good:
                        self.send_response(401)
                        self.send_header("WWW-Authenticate", 'Basic realm="git"')
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                        return
                env = dict(ENV, GIT_PROJECT_ROOT=str(root), PATH_INFO=path, QUERY_STRING=query,
                           REQUEST_METHOD=self.command, REMOTE_ADDR="127.0.0.1",
                           CONTENT_TYPE=self.headers.get("Content-Type") or "",
                           CONTENT_LENGTH=str(len(body)),
                           HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding") or "",
                           GIT_PROTOCOL=self.headers.get("Git-Protocol") or "")
                out = subprocess.run(["git", "http-backend"], input=body, env=env,
                                     capture_output=True).stdout
                head, _, content = out.partition(b"\r\n\r\n")
                status = re.search(rb"^Status: (\d+)", head, re.M)
                self.send_response(int(status.group(1)) if status else 200)
                for line in head.decode().splitlines():
                    key, _, value = line.partition(": ")
                    if key.lower() != "status":
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                outer.bytes_sent += len(content)

            do_GET = do_POST = answer

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def url(self, name):
        return f"http://127.0.0.1:{self.port}/{name}.git"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
