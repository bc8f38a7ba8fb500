"""The HTTP client of the library against servers that are wrong, slow or hostile."""
import ipaddress
import json
import os
import socket
import ssl
import subprocess

import pytest

from lib.docfs import check_alarms
from lib.faulty import (Faulty, answer, bomb, gzipped, packed, redirect, silent, slow_body,
                        slow_loris)

EPERM, ENOENT, EIO, EAGAIN, EACCES = 1, 2, 5, 11, 13
EINVAL, EFBIG, ELOOP, ENODATA, EPROTO, EOVERFLOW, ECONNREFUSED = 22, 27, 40, 61, 71, 75, 111
ETIMEDOUT, EHOSTUNREACH, ECANCELED, EKEYREJECTED = 110, 113, 125, 129


@pytest.fixture
def get(build):
    program = os.path.join(str(build), "tests/http_get")

    def run(*args, env=None, private=1):
        clean = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        p = subprocess.run([program, f"private={private}", *args], capture_output=True, text=True,
                           timeout=60, env={**clean, **(env or {})})
        check_alarms(p.stderr)
        assert p.returncode == 0, p
        out = [json.loads(line) for line in p.stdout.splitlines()]
        return out[0] if len(out) == 1 else out
    return run


def test_answer_with_everything(get):
    page = answer("<p>hello", headers=['ETag: "v1"', "Retry-After: 7", "X-Test:  a b ",
                                       "Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT"],
                  type="Text/HTML; charset=utf-8")
    with Faulty({"/": page}) as s:
        r = get("h=X-Mine: yes", f"url:{s.url}")
        assert (r["code"], r["status"], r["body"], r["type"]) == (0, 200, "<p>hello", "text/html")
        assert (r["etag"], r["x_test"], r["retry_after"]) == ('"v1"', "a b", 7)
        assert r["last_modified"].startswith("Sun, 06 Nov 1994")
        assert r["url"] == s.url + "/"
        text = s.requests[0][0]
        assert "X-Mine: yes" in text and "User-Agent: docfs/" in text


def test_conditional_request(get):
    def handler(c, request):
        ok = 'If-None-Match: "v1"' in request and "If-Modified-Since: Sun" in request
        answer(status="304 Not Modified" if ok else "200 OK")(c, request)
    with Faulty({"/": handler}) as s:
        r = get('etag="v1"', "since=Sun, 06 Nov 1994 08:49:37 GMT", f"url:{s.url}/")
        assert (r["status"], r["status_code"]) == (304, 0)


def test_post_and_stream(get):
    with Faulty({"/": answer("x" * 500000)}) as s:
        r = get("post={\"a\": 1}", "h=Content-Type: application/json", f"url:{s.url}/")
        text, body = s.requests[0]
        assert text.startswith("POST / ") and body == b'{"a": 1}' and r["length"] == 500000
        assert "application/json" in text and "Expect" not in text
        r = get("stream=1", f"url:{s.url}/")
        assert (r["code"], r["streamed"], r["length"]) == (0, 500000, 0)
    with Faulty({"/": answer("x" * 50000000)}) as s:
        assert get("stream=1", f"url:{s.url}/")["code"] == -ECANCELED


def test_connections_are_reused(get):
    ports = []

    def handler(c, request):
        ports.append(c.getpeername()[1])
        for _ in range(3):
            c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            if not c.recv(65536):
                return
    with Faulty({"*": handler}) as s:
        r = get(f"url:{s.url}/1", f"url:{s.url}/2", f"url:{s.url}/3")
        assert [x["body"] for x in r] == ["ok"] * 3 and len(ports) == 1


# ---- limits ----

def test_slow_servers_are_given_up(get, stop):
    with Faulty({"/loris": slow_loris(stop), "/body": slow_body(stop), "/silent": silent(stop)}) as s:
        r = get("slow=1000", "slowbytes=1000", f"url:{s.url}/loris", f"url:{s.url}/body",
                "total=500", f"url:{s.url}/silent")
        assert [x["code"] for x in r] == [-ETIMEDOUT] * 3
        assert all("slow" in x["error"] or "said nothing" in x["error"] for x in r)
        r = get("stall=700", f"url:{s.url}/silent")
        assert r["code"] == -ETIMEDOUT and "said nothing" in r["error"]
        r = get("total=700", f"url:{s.url}/body")
        assert r["code"] == -ETIMEDOUT


def test_huge_headers(get):
    def endless(c, request):
        c.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            c.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")
    with Faulty({"/": endless, "/one": answer(headers=["X: " + "y" * 90000])}) as s:
        r = get(f"url:{s.url}/", f"url:{s.url}/one")
        assert [x["code"] for x in r] == [-EFBIG] * 2 and "headers" in r[0]["error"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("stream", [0, 1], ids=["kept", "streamed"])
def test_compression_bomb(get, encoding, stream):
    with Faulty({"/": packed(encoding)}) as s:
        r = get(f"stream={stream}", f"url:{s.url}/")
        assert r["code"] == -EOVERFLOW and "bomb" in r["error"]


def test_size_of_an_answer(get):
    with Faulty({"/": bomb, "/fine": gzipped(b"hello " * 100000)}) as s:
        r = get(f"url:{s.url}/fine")
        assert r["code"] == 0 and r["length"] == 600000
        r = get("body=1000000", "ratio=100000", f"url:{s.url}/")
        assert r["code"] == -EFBIG and "1000000 bytes" in r["error"]
        assert get("body=1000", f"url:{s.url}/fine")["code"] == -EFBIG


def test_truncated_and_broken(get):
    def cut(c, request):
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")

    def cut_chunk(c, request):
        c.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nhalf")

    def raw(data):
        return lambda c, request: c.sendall(data)
    bad = answer(b"\x1f\x8b not gzip at all", headers=["Content-Encoding: gzip"])
    with Faulty({"/cut": cut, "/chunk": cut_chunk, "/gzip": bad, "/none": raw(b""),
                 "/ftp": raw(b"220 hello\r\n" * 10), "/v09": raw(b"<html>hi"),
                 "/bad": raw(b"HTTP/1.1 zzz\r\n\r\n")}) as s:
        r = get(*[f"url:{s.url}/{p}" for p in ("cut", "chunk", "gzip", "none", "ftp", "v09")])
        assert [x["code"] for x in r] == [-ENODATA, -ENODATA, -EPROTO, -EHOSTUNREACH, -EPROTO,
                                          -EPROTO], r
        assert all(x["error"] for x in r)
        assert get(f"url:{s.url}/bad")["code"] < 0


def test_redirects(get):
    with Faulty({"/a": redirect("b?x=1"), "/b": redirect("/c#frag", "301 Moved Permanently"),
                 "/p": redirect("/c", "308 Permanent Redirect"), "/c": answer("end"),
                 "/loop": redirect("/loop"), "/file": redirect("file:///etc/passwd"),
                 "/no": redirect("/forbidden"), "/empty": answer(status="302 Found")}) as s:
        r = get(f"url:{s.url}/a")
        assert (r["body"], r["url"], r["redirects"], r["moved"]) == ("end", f"{s.url}/c", 2, False)
        assert get(f"url:{s.url}/p")["moved"] is True
        r = get(f"url:{s.url}/loop")
        assert r["code"] == -ELOOP and s.paths.count("/loop") == 11
        r = get(f"url:{s.url}/file", f"url:{s.url}/no", f"url:{s.url}/empty", "redirects=-1",
                f"url:{s.url}/a")
        assert r[0]["code"] == -EPROTO
        assert r[1]["code"] == -EPERM and "not there" in r[1]["error"]
        assert r[2]["status_code"] == -EIO
        assert "/forbidden" not in s.paths
        assert get("redirects=-1", f"url:{s.url}/a")["status"] == 302


def test_redirected_post_and_credentials(get):
    with Faulty({"/x": answer("other")}) as other, \
         Faulty({"/303": redirect("/end", "303 See Other"), "/end": answer("end"),
                 "/307": redirect("/end", "307 Temporary Redirect"),
                 "/away": redirect(other.url + "/x")}) as s:
        get("post=data", "h=Content-Type: text/plain", f"url:{s.url}/303", f"url:{s.url}/307")
        verbs = [(t.split(" ")[0], b) for t, b in s.requests]
        assert verbs == [("POST", b"data"), ("GET", b""), ("POST", b"data"), ("POST", b"data")]
        assert "Content-Type" not in s.requests[1][0]
        url = s.url.replace("://", "://me:secret@")
        get("h=Authorization: Bearer t", "h=Accept: text/markdown", f"url:{s.url}/away")
        get(f"url:{url}/away")
        assert "Bearer t" in s.requests[4][0]
        assert "Authorization: Basic bWU6c2VjcmV0" in s.requests[5][0]
        assert all("Authorization" not in t for t, _ in other.requests)
        assert "Accept: text/markdown" in other.requests[0][0]
        r = get(f"url:http://me:secret@127.0.0.1:{s.port}/nothing")
        assert "secret" not in json.dumps(r)


# ---- addresses ----

def test_private_addresses_are_refused(get):
    with Faulty({"/": answer("secret"), "/away": redirect("http://10.0.0.1/")}) as s:
        r = get(f"url:{s.url}/", f"url:http://localhost:{s.port}/", "url:http://[::1]/",
                "url:http://2130706433/", "url:http://0x7f.1/", "url:http://169.254.169.254/",
                "url:http://[::ffff:10.0.0.1]/", private=0)
        assert [x["code"] for x in r] == [-EPERM] * 7, r
        assert "--allow-private" in r[0]["error"] and s.requests == []


def test_names_are_judged_after_lookup(get):
    """A name that is no address, and of this machine: its own, or one of Debian's /etc/hosts."""
    for name in (socket.gethostname(), "ip6-localhost", "ip6-loopback"):
        try:
            address = socket.getaddrinfo(name, None)[0][4][0].split("%")[0]
        except OSError:
            continue
        if not ipaddress.ip_address(address).is_global:
            break
    else:
        pytest.skip("no name of this machine leads to a private address")
    with Faulty({"/": answer("secret")}, host="::" if ":" in address else "0.0.0.0") as s:
        r = get(f"url:http://{name}:{s.port}/", private=0)
        assert r["code"] == -EPERM and "refused unless allowed" in r["error"]
        assert s.requests == []


# ---- errors that say what to do ----

def test_nobody_there(get):
    with Faulty({}) as s:
        port = s.port
    r = get(f"url:http://127.0.0.1:{port}/", "url:http://no-such-host.invalid/", "url:gopher://x/",
            "url:example.org")
    assert [x["code"] for x in r] == [-ECONNREFUSED, -EHOSTUNREACH, -EINVAL, -EINVAL], r
    assert "check the address" in r[0]["error"] and "check the spelling" in r[1]["error"]


@pytest.mark.parametrize("status,code,says", [
    (404, ENOENT, "check the address"), (410, ENOENT, "does not exist"), (401, EACCES, "login"),
    (403, EACCES, "refuses"), (429, EAGAIN, "try again in 9 s"), (503, EAGAIN, "later"),
    (500, EIO, "at fault"), (418, EIO, "418")])
def test_status(get, status, code, says):
    with Faulty({"/": answer(status=f"{status} X", headers=["Retry-After: 9"])}) as s:
        r = get(f"url:{s.url}/")
        assert (r["code"], r["status"], r["status_code"]) == (0, status, -code)
        assert says in r["status_error"]


def test_tls(get, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", key, "-out", cert], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    with Faulty({"/": answer("safe")}, context=context) as s:
        r = get(f"url:{s.url}/", f"url:http://127.0.0.1:{s.port}/", env={"SSL_CERT_FILE": ""})
        assert r[0]["code"] == -EKEYREJECTED and "SSL_CERT_FILE" in r[0]["error"]
        assert r[1]["code"] == -EHOSTUNREACH
        r = get(f"url:{s.url}/", env={"SSL_CERT_FILE": str(cert)})
        assert (r["code"], r["body"]) == (0, "safe")
        r = get(f"url:{s.url}/", env={"SSL_CERT_FILE": str(tmp_path / "missing")})
        assert r["code"] == -EKEYREJECTED and "missing" in r["error"]


def test_proxy_of_the_environment(get):
    with Faulty({"*": answer("by proxy")}) as proxy, Faulty({"/": answer("direct")}) as s:
        env = {"http_proxy": proxy.url}
        # The proxy may be private: the user chose it. Literal addresses stay refused.
        r = get("url:http://docs.invalid/x", f"url:{s.url}/", env=env, private=0)
        assert r[0]["body"] == "by proxy" and r[1]["code"] == -EPERM
        assert proxy.requests[0][0].startswith("GET http://docs.invalid/x ")
        for no in ("127.0.0.1", "*", "127.0.0.0/8", f"example.org, 127.0.0.1:{s.port}"):
            assert get(f"url:{s.url}/", env={**env, "no_proxy": no})["body"] == "direct"
        assert get(f"url:{s.url}/", env={**env, "no_proxy": "27.0.0.1"})["body"] == "by proxy"
        assert get(f"url:{s.url}/", env={"HTTP_PROXY": proxy.url})["body"] == "direct"
        assert get(f"url:{s.url}/", env={"ALL_PROXY": proxy.url})["body"] == "by proxy"
