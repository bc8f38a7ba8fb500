"""docfs doctor: each thing is broken, and the message must say what it is and how to mend it."""
import json
import socket
import sqlite3
import subprocess

import pytest

from lib.docfs import check_alarms, wait_until


def checks(docfs, *args, code=None, env=None, before=None, prefix=()):
    """Runs docfs doctor, possibly behind shell commands in a mount namespace of its own."""
    argv = [*prefix, *docfs.argv("doctor", "--json", *args)]
    if before:
        argv = ["unshare", "-m", "bash", "-ec", before + '\nexec "$@"', "bash", *argv]
    p = subprocess.run(argv, capture_output=True, text=True, env=docfs.env(**(env or {})), timeout=120)
    check_alarms(p.stderr)
    assert p.stdout.startswith("{"), p.stdout + p.stderr
    found = json.loads(p.stdout)
    assert p.returncode == (3 if found["worst"] == "failure" else 0), p
    if code is not None:
        assert p.returncode == code, found
    return found["checks"]


def as_nobody(docfs, *args, cache=None, before=""):
    """As a user who may not go where the program and the cache of the test lie."""
    before += f"mount -t tmpfs none /mnt; cp {docfs.program} /mnt/docfs; chmod 755 /mnt /mnt/docfs;"
    if cache:
        before += f"mkdir /mnt/cache; mount --bind {cache} /mnt/cache;"
    before += 'exec setpriv --reuid 65534 --clear-groups /mnt/docfs doctor --json "$@"'
    p = subprocess.run(["unshare", "-m", "bash", "-ec", before, "bash", *args], capture_output=True,
                       text=True, env=docfs.env(DOCFS_CACHE="/mnt/cache"), timeout=120)
    check_alarms(p.stderr)
    return json.loads(p.stdout)["checks"]


def the(found, name, level):
    hits = [c for c in found if c["name"] == name]
    assert hits, f"no check {name} in {[c['name'] for c in found]}"
    worst = max(hits, key=lambda c: ["pass", "warning", "failure"].index(c["level"]))
    assert worst["level"] == level, hits
    assert level == "pass" or worst["remedy"], worst
    return f"{worst['text']} -> {worst['remedy']}"


def test_all_is_well(ready):
    found = checks(ready, "--listen", "127.0.0.1:0", code=0)
    for name in ("settings", "cache-directory", "cache-rights", "file-system", "free-space",
                 "database", "content", "services", "helper-mandoc", "helper-pdftotext",
                 "helper-git", "time", "locale", "memory", "limits", "fuse-device", "fusermount3",
                 "allow-other", "port", "redis", "embedding", "chat"):
        the(found, name, "pass")
    text = ready.ok("doctor", "--listen", "127.0.0.1:0").out
    assert "0 warnings, 0 failures" in text


def test_no_cache_yet(docfs):
    found = checks(docfs, code=0)
    assert "docfs add makes it" in the(found, "cache-directory", "pass")
    assert "docfs add DIRECTORY" in the(found, "documents", "warning")
    assert not docfs.cache.exists()  # nothing was made


def test_an_empty_cache_starts_and_is_told(docfs, corpus, mount_of, tmp_path):
    """Whoever mounts the wrong directory learns it from the terminal, not from an empty listing."""
    where = tmp_path / "mnt"
    where.mkdir()
    r = docfs.ok("mount", where)
    try:
        assert f"warning: documents: the cache {docfs.cache} (" in r.err and "is empty" in r.err
        assert "docfs add DIRECTORY puts documentation in" in r.err
        assert "is empty" in the(checks(docfs, code=0), "documents", "warning")
        for command in (("search", "x"), ("ask", "x"), ("list",), ("sources",), ("refresh",)):
            assert "docfs add DIR" in docfs.run(*command).err, command
        assert "docfs add DIRECTORY puts some in" in docfs.ok("status").out
        docfs.ok("add", corpus / "guide", "--collection", "demo")
        wait_until(lambda: (where / "docs/demo").is_dir())
    finally:
        docfs.ok("umount", where)
    assert "documents" not in [c["name"] for c in checks(docfs, code=0)]
    assert "documents" not in docfs.ok("mount", where).err
    docfs.ok("umount", where)


def test_settings(ready, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("search.k: 1\nsearch.kk: 2\n")
    message = the(checks(ready, env={"DOCFS_CONFIG": str(bad)}, code=3), "settings", "failure")
    assert f"{bad}:2: no setting is called search.kk; did you mean search.k?" in message
    message = the(checks(ready, env={"DOCFS_SERCH_K": "3"}), "settings", "warning")
    assert "DOCFS_SERCH_K" in message and "did you mean DOCFS_SEARCH_K?" in message
    bad.write_text("search.k: 1\n")
    bad.chmod(0o666)
    message = the(checks(ready, env={"DOCFS_CONFIG": str(bad)}), "settings", "warning")
    assert "everybody may write" in message and "chmod o-w" in message


def test_cache_directory(docfs, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("")
    message = the(checks(docfs, "--cache", blocker / "cache", code=3), "cache-directory", "failure")
    assert f"{blocker} is not a directory" in message and "--cache DIR" in message
    message = the(checks(docfs, "--cache", blocker, code=3), "cache-directory", "failure")
    assert "is not a directory" in message
    message = the(checks(docfs, "--cache", "/proc/none/cache", code=3), "cache-directory", "failure")
    assert "holds no files" in message


def test_storage_variable_points_nowhere(docfs):
    """The failure of the system this one replaces: it is explained, variable included."""
    env = {"DOCFS_CACHE": "", "STORAGE_DIR": "/proc/none/storage"}
    message = the(checks(docfs, env=env, code=3), "cache-directory", "failure")
    assert "environment variable STORAGE_DIR" in message


def test_rights(ready):
    ready.cache.chmod(0o777)
    assert "chmod go-w" in the(checks(ready), "cache-rights", "warning")
    ready.cache.chmod(0o700)
    before = f"mount --bind {ready.cache} {ready.cache}; mount -o remount,bind,ro {ready.cache}"
    message = the(checks(ready, before=before), "cache-rights", "warning")
    assert "can only be read" in message and "remount,rw" in message


def test_rights_of_another_user(ready):
    found = as_nobody(ready, cache=ready.cache)
    message = the(found, "cache-directory", "failure")
    assert "Permission denied" in message and "chown" in message


def test_network_file_system(ready, build):
    env = {"LD_PRELOAD": str(build / "tests/faults.so"), "FAULT_STATFS": "0x6969",
           "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    message = the(checks(ready, env=env), "file-system", "warning")
    assert "NFS" in message and "local disk" in message


def test_space(ready):
    def full(size):
        return (f"cp -a {ready.cache} /tmp/keep.$$; mount -t tmpfs -o size={size} none {ready.cache};"
                f"cp -a /tmp/keep.$$/. {ready.cache}; rm -rf /tmp/keep.$$")
    message = the(checks(ready, before=full("8m"), code=3), "free-space", "failure")
    assert "MiB free" in message and "docfs remove" in message
    the(checks(ready, before=full("200m")), "free-space", "warning")


def test_newer_database(ready):
    with sqlite3.connect(ready.cache / "docfs.db") as db:
        db.execute("PRAGMA user_version = 9999")
    db.close()
    message = the(checks(ready, code=3), "database", "failure")
    assert "newer docfs" in message


def test_damaged_database(ready):
    path = ready.cache / "docfs.db"
    path.write_bytes(b"this is no database " * 1000)
    message = the(checks(ready, code=3), "database", "failure")
    assert "docfs verify --repair" in message and "docfs restore" in message


def test_content_that_does_not_agree(ready):
    with sqlite3.connect(ready.cache / "docfs.db") as db:
        db.execute("DELETE FROM vectors WHERE rowid = (SELECT min(rowid) FROM vectors)")
    db.close()
    assert "docfs verify --repair" in the(checks(ready, code=3), "content", "failure")
    the(checks(ready, "--quick", code=0), "database", "pass")  # the quick form does not look
    ready.run("verify", "--repair")
    the(checks(ready, code=0), "content", "pass")


def test_damaged_index(ready):
    files = list((ready.cache / "index").iterdir())
    assert files
    for f in files:
        f.write_bytes(f.read_bytes()[:40] + b"\xff" * 64)
    assert "docfs verify --repair" in the(checks(ready, code=3), "content", "failure")


def test_crashed_service(ready, mount_of):
    m = mount_of(ready)
    m.kill()
    message = the(checks(ready), "services", "warning")
    assert f"mount {m.path} is crashed" in message and "start it again" in message


@pytest.mark.parametrize("program, package", [("pdftotext", "poppler-utils"), ("mandoc", "mandoc"),
                                              ("git", "git")])
def test_helpers(ready, tmp_path, program, package):
    empty = tmp_path / "bin"
    empty.mkdir()
    message = the(checks(ready, env={"PATH": str(empty)}), f"helper-{program}", "warning")
    assert f"sudo apt install {package}" in message


def test_time(ready, build, tmp_path):
    clock = tmp_path / "clock"
    env = {"LD_PRELOAD": str(build / "tests/faults.so"), "FAULT_CLOCK": str(clock),
           "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}
    clock.write_text("-86400")
    message = the(checks(ready, env=env), "time", "warning")
    assert "clock was set back" in message and "timedatectl" in message
    clock.write_text("-900000000")
    assert "years behind" in the(checks(ready, env=env, code=3), "time", "failure")


def test_locale(ready):
    message = the(checks(ready, env={"LC_ALL": "xx_YY.UTF-8"}), "locale", "warning")
    assert "xx_YY.UTF-8 is not installed" in message and "LC_ALL=C.UTF-8" in message


def test_memory(ready, tmp_path):
    fake = tmp_path / "meminfo"
    fake.write_text("MemTotal: 65536 kB\nMemAvailable: 20480 kB\n")
    before = f"mount --bind {fake} /proc/meminfo"
    message = the(checks(ready, before=before, code=3), "memory", "failure")
    assert "20 MiB to be had" in message and "MemoryMax=" in message
    fake.write_text("MemAvailable: 131072 kB\n")
    the(checks(ready, before=before), "memory", "warning")


def test_limits(ready):
    def limited(option):
        return checks(ready, prefix=["bash", "-c", f'ulimit {option}; exec "$@"', "bash"])
    assert "ulimit -n" in the(limited("-Sn 128"), "limits", "warning")
    assert "ulimit -n" in the(limited("-n 60"), "limits", "failure")
    assert "LimitFSIZE" in the(limited("-f 100000"), "limits", "warning")


def test_fuse_device(ready):
    message = the(checks(ready, before="mount --bind /etc/hostname /dev/fuse; mount -o remount,bind,ro "
                                       "/dev/fuse", code=3), "fuse-device", "failure")
    assert "--device /dev/fuse" in message


def test_fusermount(ready, tmp_path):
    empty = tmp_path / "bin"
    empty.mkdir()
    message = the(checks(ready, env={"PATH": str(empty)}), "fusermount3", "warning")
    assert "sudo apt install fuse3" in message
    plain = empty / "fusermount3"
    plain.write_text("#!/bin/sh\n")
    plain.chmod(0o755)
    message = the(checks(ready, env={"PATH": str(empty)}), "fusermount3", "warning")
    assert "not setuid root" in message and "chmod u+s" in message


def test_allow_other(docfs, tmp_path):
    fake = tmp_path / "fuse.conf"
    fake.write_text("# nothing\n")
    found = as_nobody(docfs, "--allow-other", before=f"mount --bind {fake} /etc/fuse.conf;")
    message = the(found, "allow-other", "failure")
    assert "user_allow_other" in message and "tee -a /etc/fuse.conf" in message
    fake.write_text("user_allow_other\n")
    the(as_nobody(docfs, "--allow-other", before=f"mount --bind {fake} /etc/fuse.conf;"),
        "allow-other", "pass")


def test_mount_point(ready, mount_of, tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    assert "name a directory" in the(checks(ready, "-m", file, code=3), "mount-point", "failure")
    the(checks(ready, "-m", tmp_path / "new", code=0), "mount-point", "pass")
    the(checks(ready, "-m", tmp_path / "a/b/c", code=3), "mount-point", "failure")
    m = mount_of(ready)
    assert "already mounted" in the(checks(ready, "-m", m.path), "mount-point", "warning")
    m.kill()
    message = the(checks(ready, "-m", m.path), "mount-point", "warning")
    assert "a dead docfs" in message and "fusermount3 -uz" in message


def test_port(ready):
    with socket.create_server(("127.0.0.1", 0)) as s:
        port = s.getsockname()[1]
        message = the(checks(ready, "--listen", f"127.0.0.1:{port}", code=3), "port", "failure")
        assert "ss -ltnp" in message and str(port) in message
    message = the(checks(ready, "--listen", "192.0.2.1:1", code=3), "port", "failure")
    assert "address of this machine" in message
    the(checks(ready, "--listen", "nonsense", code=3), "port", "failure")


def test_strict(ready):
    assert ready.run("doctor", "--strict", "--listen", "127.0.0.1:0").code == 0
    r = ready.run("doctor", "--strict", "--listen", "127.0.0.1:0", env={"LC_ALL": "xx_YY"})
    assert r.code == 4 and "warning  locale" in r.out and "-> export LC_ALL=C.UTF-8" in r.out


def test_short_form_runs_before_mount(ready, mount_of):
    ready_env = ready.env
    ready.env = lambda **kw: ready_env(**{"DOCFS_SERCH_K": "3", **kw})
    try:
        m = mount_of(ready)
        assert "warning: settings: the environment variable DOCFS_SERCH_K" in m.log.read_text()
    finally:
        ready.env = ready_env
