"""nginx on a random port, as a site for crawlers."""
import http.client
import itertools
import pathlib
import shutil
import socket
import subprocess

from lib.docfs import wait_until
from lib.ports import fixed_port

CONF = """daemon off; pid {dir}/pid; error_log {dir}/error.log; worker_processes 1;
events {{ worker_connections 256; }}
http {{ include /etc/nginx/mime.types; access_log {dir}/access.log; charset utf-8;
 client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
 uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
 server {{ listen 127.0.0.1:{port}; root {root}; index index.html; gzip on; {extra} }} }}
"""


class Nginx:
    def __init__(self, root, dir, extra=""):
        self.dir = pathlib.Path(dir)
        self.dir.mkdir(parents=True, exist_ok=True)
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        self.port = fixed_port()
        conf = self.dir / "nginx.conf"
        conf.write_text(CONF.format(dir=self.dir, port=self.port, root=root, extra=extra))
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([program, "-c", str(conf)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        self.marks = itertools.count()
        wait_until(self.listens, what="nginx")

    def listens(self):
        assert self.process.poll() is None, (self.dir / "error.log").read_text()
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
            return True
        except OSError:
            return False

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(60)

    def logged(self):
        for line in (self.dir / "access.log").read_text().split("\n")[:-1]:
            parts = line.split('"')
            yield parts[1].split(" ")[1], int(parts[2].split()[0])

    def requests(self):
        """(path, status) of every answer so far. It is written down after the answer has gone, and
        in order: a request of our own tells when all before it are."""
        mark = f"/mark/{next(self.marks)}"
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        c.request("GET", mark)
        c.getresponse().read()
        c.close()
        wait_until(lambda: mark in [path for path, _ in self.logged()], what="the log of nginx")
        return [(path, status) for path, status in self.logged() if not path.startswith("/mark/")]
