"""The Debian packages: built, checked, installed into a fresh Debian, used, upgraded, removed."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import ROOT
from lib.booted import Booted
from lib.chroot import Chroot

pytestmark = pytest.mark.package


def build(out):
    subprocess.run([ROOT / "packaging/build-deb", out], check=True, capture_output=True, timeout=1800)
    return out


@pytest.fixture(scope="session")
def debs(tmp_path_factory):
    """DOCFS_DEBS: a directory with packages that were built before."""
    made = os.environ.get("DOCFS_DEBS")
    return pathlib.Path(made) if made else build(tmp_path_factory.mktemp("debs"))


@pytest.fixture(scope="session")
def installed(debs, tmp_path_factory):
    """A fresh Debian with what the packages need, and the packages."""
    path = tmp_path_factory.mktemp("debian") / "root"
    shutil.copytree(debs, f"{path}.debs")
    c = Chroot(path)
    c.run("apt-get update -qq; apt-get install -y -qq --no-install-recommends systemd dbus "
          "libpam-systemd fuse3 man-db mandoc")
    c.before = c.files()
    c.run("apt-get install -y -qq --no-install-recommends /debs/docfs_*.deb /debs/libdocfs0_*.deb "
          "/debs/docfs-model_*.deb")
    return c


def test_lintian(debs):
    r = subprocess.run(["lintian", "--fail-on", "error", "--allow-root", *debs.glob("*.changes")],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stdout


def test_control_agrees_with_the_list_of_packages(debs):
    wanted = {line.split()[1] for line in (ROOT / "packaging/dependencies").read_text().splitlines()
              if line.startswith("run ")}
    control = (ROOT / "packaging/debian/control").read_text()
    named = set(re.findall(r"[a-z0-9.+-]+", control.split("Package: docfs\n")[1].split("Description")[0]))
    assert wanted <= named
    with open(next(debs.glob("*.buildinfo"))) as f:
        assert "libfaiss-dev" in f.read()


def test_every_command_has_a_manual_page_and_completions(installed):
    out = installed.run("for c in $(docfs help --commands); do man -w docfs-$c >/dev/null || "
                        "echo missing $c; done; man -w 5 docfs.yaml 7 docfs-query 8 mount.docfs >/dev/null;"
                        "for p in /usr/share/man/man?/docfs*; do zcat -f $p | mandoc -T lint -W error; done;"
                        "bash -n /usr/share/bash-completion/completions/docfs")
    assert "missing" not in out, out
    for path in ("usr/share/zsh/vendor-completions/_docfs",
                 "usr/share/fish/vendor_completions.d/docfs.fish"):
        assert "doctor" in (installed.path / path).read_text()


def test_units(installed):
    out = installed.run("cd /usr/lib/systemd/system; systemd-analyze verify docfs-serve.service "
                        "docfs-refresh.service docfs-refresh.timer docfs-mount@srv-docs.service 2>&1;"
                        "cd ../user; mkdir -p /run/user/0; export XDG_RUNTIME_DIR=/run/user/0;"
                        "systemd-analyze verify --user docfs-*.service docfs-*.timer 2>&1 || true")
    assert out.strip() == "", out
    for unit, limit in (("docfs-serve", 2.0), ("docfs-refresh", 2.5), ("docfs-mount@", 4.5)):
        out = installed.run(f"systemd-analyze security --offline=true --no-pager "
                            f"/usr/lib/systemd/system/{unit}.service 2>&1 | tail -1")
        level = float(re.search(r": ([0-9.]+) ", out)[1])
        assert level <= limit, out


def test_a_first_session(installed):
    """Mounts, serves and passes docfs doctor, as the user that was made for it."""
    out = installed.run("""
        getent passwd docfs >/dev/null
        mknod -m 666 /tmp/fuse c 10 229; mount --bind /tmp/fuse /dev/fuse # as udev leaves it
        install -d -o docfs -g docfs -m 750 /var/lib/docfs
        mkdir -p /srv/docs /tmp/src
        printf '# Storage\\n\\nHow the queue keeps its state.\\n' > /tmp/src/a.md
        export DOCFS_CACHE=/var/lib/docfs
        as() { setpriv --reuid docfs --regid docfs --clear-groups "$@"; }
        as docfs add /tmp/src --collection demo -q
        as docfs doctor
        as docfs serve --listen 127.0.0.1:8421 > /tmp/serve.log 2>&1 &
        setpriv --reuid docfs --regid docfs --clear-groups --inh-caps +sys_admin --ambient-caps +sys_admin \
            docfs mount --foreground -o allow_other /srv/docs > /tmp/mount.log 2>&1 &
        for i in $(seq 200); do
            as docfs status --check serve >/dev/null && as docfs status --check mount >/dev/null && break
            sleep 0.05
        done
        cat '/srv/docs/search/how is state kept/00-RESULTS.md'
        exec 3<>/dev/tcp/127.0.0.1/8421
        printf 'GET /api/v1/search?q=queue+state HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3
        cat <&3
        as docfs umount /srv/docs 2>/dev/null || umount /srv/docs
    """)
    assert "0 failures" in out and "demo/a.md" in out
    assert "200 OK" in out and json.loads(out[out.index('{"'):].splitlines()[0])["results"]


# What the tests under systemd say again and again.
WORDS = r"""
    as() { setpriv --reuid $1 --regid $(id -g $1) --clear-groups env HOME=/home/$1 XDG_RUNTIME_DIR=/run/user/$(id -u $1) \
        ${DOCFS_CACHE:+DOCFS_CACHE=$DOCFS_CACHE} "${@:2}"; }
    soon() { for i in $(seq 600); do "$@" 2>/dev/null && return; sleep 0.05; done; echo "never: $*"; false; }
    answers() { exec 3<>/dev/tcp/127.0.0.1/8420 || return
        printf 'GET /api/v1/search?q=queue+state HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
        head -1 <&3 | grep -q '200 OK'; }
    shows() { as $1 cat "$2/search/queue state/00-RESULTS.md" | grep -q a.md; }
    moved() { [ "$(systemctl show -P MainPID $1)" != $2 ] && [ "$(systemctl is-active $1)" = active ]; }
"""


def source(chroot):
    chroot.run("mkdir -p /var/src; printf '# Storage\n\nHow the queue keeps its state.\n' > /var/src/a.md")


def test_system_units(installed):
    """Under systemd itself: ready when it says so, back after each kill -9, however many there are,
    and after a hang; wrong settings are left to a person."""
    source(installed)
    with Booted(installed) as b:
        words = "export DOCFS_CACHE=/var/lib/docfs\n" + WORDS
        b.run(words + """
            install -d -o docfs -g docfs -m 750 /var/lib/docfs
            as docfs docfs add /var/src --collection units -q
            mkdir -p /run/systemd/system/docfs-{serve,mount@}.service.d
            printf '[Service]\nWatchdogSec=2s\n' | tee /run/systemd/system/docfs-{serve,mount@}.service.d/w.conf
            systemctl daemon-reload
            systemctl start docfs-serve docfs-mount@srv-docs
            answers; shows nobody /srv/docs""")  # at once: start waits until both are ready

        def crashes():
            services = json.loads(b.run(words + "as docfs docfs status --json"))["services"]
            return {s["place"]: s["availability"]["24h"]["crashes"] for s in services if s["state"] == "up"}
        before = crashes()  # of another test
        assert set(before) == {"/srv/docs", "http://127.0.0.1:8420"}
        for _ in range(7):  # more than systemd lets pass unless it is told to
            b.run(words + """
                for unit in docfs-serve docfs-mount@srv-docs; do
                    pid=$(systemctl show -P MainPID $unit); kill -9 $pid; soon moved $unit $pid
                done
                soon answers; soon shows nobody /srv/docs""")
        b.run(words + """
            for unit in docfs-serve docfs-mount@srv-docs; do
                pid=$(systemctl show -P MainPID $unit); kill -STOP $pid; soon moved $unit $pid
                journalctl -u $unit | grep -q 'Watchdog timeout'
            done
            soon answers; soon shows nobody /srv/docs
            systemctl reload docfs-serve docfs-mount@srv-docs; answers; shows nobody /srv/docs""")
        assert crashes() == {place: n + 8 for place, n in before.items()}
        b.run(words + """
            systemctl stop docfs-serve docfs-mount@srv-docs
            [ "$(systemctl show -P Result docfs-serve)" = success ]; ! grep -q /srv/docs /proc/mounts
            systemctl start docfs-refresh; [ "$(systemctl show -P Result docfs-refresh)" = success ]
            echo DOCFS_SEARCH_K=many > /etc/default/docfs
            for unit in docfs-serve docfs-mount@srv-docs; do
                ! systemctl start $unit 2>/dev/null; [ "$(systemctl is-failed $unit)" = failed ]
            done
            journalctl -u docfs-serve | grep -q 'DOCFS_SEARCH_K'
            rm /etc/default/docfs""")
        last = json.loads(b.run(words + "as docfs docfs status --json"))
        assert {s["state"] for s in last["services"] if s["place"] in
                ("/srv/docs", "http://127.0.0.1:8420")} == {"stopped"}


def test_user_units(installed):
    source(installed)
    with Booted(installed) as b:
        b.run(WORDS + """
            useradd -m reader
            as reader docfs add /var/src --collection mine -q
            as reader mkdir -p /home/reader/docs
            loginctl enable-linger reader
            soon as reader systemctl --user start docfs-mount docfs-serve
            answers; shows reader /home/reader/docs
            for unit in docfs-mount docfs-serve; do
                kill -9 $(as reader systemctl --user show -P MainPID $unit)
            done
            soon answers; soon shows reader /home/reader/docs
            as reader systemctl --user start docfs-refresh
            as reader systemctl --user stop docfs-mount docfs-serve
            ! grep -q /home/reader/docs /proc/mounts""")


def test_recommended_helpers_are_asked_for_by_name(installed):
    out = installed.run("docfs --cache /var/lib/docfs doctor || true")
    assert "sudo apt install poppler-utils" in out


def test_upgrade_remove_purge(installed, debs):
    """Runs last: afterwards nothing is left but the cache."""
    c = installed
    c.run("cd /tmp; dpkg-deb -R /debs/docfs_*.deb d; sed -i 's/^Version: .*/Version: 0.1.0-2/' d/DEBIAN/control;"
          "dpkg-deb -b d new.deb >/dev/null; echo '# mine' >> /etc/docfs/docfs.yaml;"
          "apt-get install -y -qq --no-install-recommends ./new.deb;"
          "dpkg-query -W -f '${Version}' docfs | grep -qx 0.1.0-2; grep -q mine /etc/docfs/docfs.yaml;"
          "docfs --cache /var/lib/docfs search queue | grep -q a.md")
    c.run("apt-get remove -y -qq docfs libdocfs0 docfs-model")
    assert (c.path / "etc/docfs/docfs.yaml").exists() and not (c.path / "usr/bin/docfs").exists()
    c.run("dpkg --purge docfs")
    # What it depended on stays until apt autoremove; of docfs itself there is nothing but the caches,
    # the system's and a user's.
    left = {p for p in c.files() - c.before
            if "docfs" in p and not p.startswith(("var/lib/docfs", "home/reader/.local/share/docfs"))}
    assert not left, left
    assert (c.path / "var/lib/docfs/docfs.db").exists()  # the user's cache
    # Without one the directory goes, too.
    c.run("apt-get install -y -qq --no-install-recommends /debs/docfs_*.deb; rm -rf /var/lib/docfs;"
          "mkdir /var/lib/docfs; apt-get purge -y -qq docfs; [ ! -e /var/lib/docfs ];"
          "! getent passwd docfs")


def test_container_steps(debs, tmp_path_factory):
    """No engine is at hand: the steps of the last stage are run in a fresh Debian."""
    text = (ROOT / "packaging/container/Dockerfile").read_text().replace("\\\n", "")
    stage = text.split("\nFROM ")[-1].splitlines()
    path = tmp_path_factory.mktemp("container") / "root"
    shutil.copytree(debs, f"{path}.debs")
    c = Chroot(path)
    env, user, health, start = {}, "root", None, []
    for line in stage[1:]:
        word, _, rest = line.partition(" ")
        if word == "RUN":
            c.run(rest.replace("rm -rf /debs ", "rm -rf "))
        elif word == "ENV":
            env.update(pair.split("=", 1) for pair in rest.split())
        elif word == "USER":
            user = rest
        elif word == "HEALTHCHECK":
            health = json.loads(rest.split("CMD ", 1)[1])
        elif word in ("ENTRYPOINT", "CMD"):
            start += json.loads(rest)
        else:
            assert word in ("COPY", "VOLUME", "EXPOSE", "WORKDIR", ""), line
    exports = " ".join(f"{k}={v}" for k, v in env.items())
    start = ["127.0.0.1:8422" if s == "0.0.0.0:8420" else s for s in start]
    out = c.run(f"""
        export {exports}
        as() {{ setpriv --reuid {user} --regid {user} --clear-groups "$@"; }}
        ! as {' '.join(health)} 2>/dev/null
        as {' '.join(start)} >/tmp/log 2>&1 &
        for i in $(seq 200); do as {' '.join(health)} >/dev/null 2>&1 && break; sleep 0.05; done
        as {' '.join(health)}
        kill $!; wait $! || true
        ! as {' '.join(health)} 2>/dev/null
        echo good
    """)
    assert out.strip().endswith("good") and user != "root"


def test_compose_file():
    yaml = pytest.importorskip("yaml")
    c = yaml.safe_load((ROOT / "packaging/container/compose.yaml").read_text())
    assert set(c["services"]) == {"sidecar", "mount", "redis", "ollama"}
    assert c["services"]["mount"]["volumes"][1]["bind"]["propagation"] == "rshared"
    assert c["services"]["mount"]["depends_on"] == {"sidecar": {"condition": "service_healthy"}}
    assert c["services"]["sidecar"]["cap_drop"] == ["ALL"] and c["services"]["sidecar"]["read_only"]


def test_reproducible(debs, tmp_path):
    """A second build gives the same bytes."""
    def sums(where):
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in where.glob("*.deb")}
    again = build(tmp_path)
    assert sums(again) == sums(debs)
