"""systemd as the first process of a Chroot, in namespaces and a branch of the control groups of its
own: the units as they run on a machine."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest

from lib.docfs import wait_until


def control_groups():
    """Where this machine has the second version of control groups, or None."""
    for line in pathlib.Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, options, *_ = line.split()
        if kind == "cgroup2" and "ro" not in options.split(","):
            return pathlib.Path(where)
    return None


class Booted:
    def __init__(self, chroot):
        top = control_groups()
        if not top or not shutil.which("nsenter"):
            pytest.skip("no control groups of version 2 that may be written")
        self.branch = top / f"docfs-test-{os.getpid()}"
        self.branch.mkdir()
        at = chroot.path
        script = f"""
            mount --make-rprivate /
            mount --bind {at} {at}; cd {at}
            mount -t proc proc proc; mount --rbind /dev dev; mount -t sysfs -o ro sysfs sys
            mknod -m 666 /dev/shm/fuse.$$ c 10 229; mount --bind /dev/shm/fuse.$$ dev/fuse
            rm /dev/shm/fuse.$$
            mount -t tmpfs t run; mount -t tmpfs t tmp
            mount -t tmpfs t sys/fs/cgroup; mount -t cgroup2 c sys/fs/cgroup
            exec chroot . /lib/systemd/systemd --unit=basic.target --log-target=journal
        """
        enter = f'echo $$ > {self.branch}/cgroup.procs; exec "$@"'
        self.process = subprocess.Popen(
            ["bash", "-ec", enter, "bash", "unshare", "-m", "-p", "-f", "-C", "-u", "-i", "-n",
             "--kill-child", "bash", "-ec", script],
            env={"PATH": os.environ["PATH"], "container": "docfs-test"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        wait_until(self.ready, what="systemd")
        self.run("ip link set lo up 2>/dev/null || true")

    def first(self):
        """Its first process, as this side sees it."""
        p = self.process.pid
        found = pathlib.Path(f"/proc/{p}/task/{p}/children").read_text().split()
        return found[0] if found else None

    def ready(self):
        assert self.process.poll() is None, self.process.stdout.read().decode()
        return self.first() and self.run("systemctl is-active basic.target", code=None).strip() == "active"

    def run(self, script, code=0):
        r = subprocess.run(["nsenter", "-t", self.first(), "-a", "-r", "-w", "bash", "-euc", script],
                           capture_output=True, text=True, timeout=120,
                           env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
        assert code is None or r.returncode == code, f"{script}\n{r.stdout[-4000:]}\n{r.stderr[-4000:]}"
        return r.stdout

    def __enter__(self):
        return self

    def __exit__(self, *_):
        first = self.first()
        if first:
            os.kill(int(first), signal.SIGKILL)  # and with it all others
        self.process.communicate()
        for top, _, _ in os.walk(self.branch, topdown=False):
            os.rmdir(top)
