"""A fresh Debian of the host's release in a directory, and commands inside of it. The base is made
once and kept outside of the tree (DOCFS_TEST_CACHE, else ~/.cache/docfs-tests)."""
import os
import pathlib
import shutil
import subprocess

import pytest

KEEP = pathlib.Path(os.environ.get("DOCFS_TEST_CACHE") or
                    pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
                    / "docfs-tests")


def mirror():
    out = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"],
                         capture_output=True, text=True, check=True).stdout
    return out.split()[0]


def base():
    """The tarball of a minimal system."""
    kept = KEEP / "bookworm.tar"
    if not kept.exists():
        KEEP.mkdir(parents=True, exist_ok=True)
        root = KEEP / f"making.{os.getpid()}"
        try:
            r = subprocess.run(["debootstrap", "--variant=minbase", "--include=ca-certificates",
                                "bookworm", root, mirror()], capture_output=True, text=True)
            if r.returncode:
                pytest.skip(f"debootstrap cannot make a Debian here: {(r.stdout + r.stderr)[-600:]}")
            part = KEEP / f"part.{os.getpid()}"
            subprocess.run(["tar", "-C", root, "--numeric-owner", "-cf", part, "."], check=True)
            part.rename(kept)
        finally:
            shutil.rmtree(root, ignore_errors=True)
    return kept


def may_mount():
    """Whether this machine lets its root make namespaces and mount in them."""
    return subprocess.run(["unshare", "-m", "-p", "-f", "bash", "-ec",
                           "mount --make-rprivate /; mount -t proc proc /proc; mount -t tmpfs t /mnt"],
                          capture_output=True).returncode == 0


class Chroot:
    def __init__(self, path):
        if not may_mount():
            pytest.skip("no right to make namespaces and mount in them")
        self.path = pathlib.Path(path)
        self.path.mkdir()
        subprocess.run(["tar", "-C", self.path, "--numeric-owner", "-xpf", base()], check=True)
        # The host's way to its packages.
        for name in ("apt/sources.list", "apt/sources.list.d", "apt/apt.conf.d", "apt/trusted.gpg.d",
                     "resolv.conf"):
            source, target = pathlib.Path("/etc") / name, self.path / "etc" / name
            if source.is_dir():
                shutil.copytree(source, target, dirs_exist_ok=True)
            elif source.exists():
                shutil.copy(source, target)
        (self.path / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
        (self.path / "usr/sbin/policy-rc.d").chmod(0o755)

    def argv(self, script):
        """In namespaces of its own, so that nothing is left mounted or running."""
        setup = (f"mount --make-rprivate /; mount --rbind /dev {self.path}/dev;"
                 f"mount -t proc proc {self.path}/proc; mount -t tmpfs tmpfs {self.path}/tmp;"
                 f"mkdir -p {self.path}/debs; [ ! -d {self.path}.debs ] || "
                 f"mount --bind {self.path}.debs {self.path}/debs;")
        return ["unshare", "-m", "-p", "-f", "--kill-child", "bash", "-ec",
                setup + 'exec chroot "$0" /bin/bash -euc "$1"', str(self.path), script]

    def run(self, script, code=0, timeout=600):
        env = {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
        env.update(PATH="/usr/sbin:/usr/bin:/sbin:/bin", HOME="/root", LC_ALL="C.UTF-8",
                   DEBIAN_FRONTEND="noninteractive", TERM="dumb")
        r = subprocess.run(self.argv(script), capture_output=True, text=True, timeout=timeout, env=env)
        assert code is None or r.returncode == code, f"{script}\n{r.stdout[-4000:]}\n{r.stderr[-4000:]}"
        return r.stdout + r.stderr if code is None else r.stdout

    def files(self):
        """Everything in it but what apt and dpkg keep for themselves."""
        skip = ("var/lib/apt", "var/cache", "var/lib/dpkg", "var/log", "debs", "proc", "dev", "tmp",
                "run", "sys")
        found = set()
        for top, dirs, names in os.walk(self.path):
            rel = os.path.relpath(top, self.path)
            dirs[:] = [d for d in dirs if os.path.normpath(f"{rel}/{d}") not in skip]
            found.update(os.path.normpath(f"{rel}/{n}") for n in (*dirs, *names))
        return found
