"""nginx on a random port, as a site for crawlers."""
import pathlib
import shutil
import socket
import subprocess
import time

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
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        conf = self.dir / "nginx.conf"
        conf.write_text(CONF.format(dir=self.dir, port=self.port, root=root, extra=extra))
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([program, "-c", str(conf)], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                assert self.process.poll() is None, (self.dir / "error.log").read_text()
                time.sleep(0.01)
        raise AssertionError("nginx does not listen")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.process.terminate()
        self.process.wait(10)

    def requests(self):
        """(path, status) of every answer so far."""
        out = []
        for line in (self.dir / "access.log").read_text().splitlines():
            parts = line.split('"')
            out.append((parts[1].split(" ")[1], int(parts[2].split()[0])))
        return out
