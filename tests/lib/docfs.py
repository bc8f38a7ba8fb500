"""Runs docfs the way a person does: as a program, and as a mount."""
import json
import os
import pathlib
import subprocess
import time

TIMEOUT = 120
TESTS = pathlib.Path(__file__).resolve().parents[1]

# Allocation failures are answered, not fatal.
SANITIZERS = {
    "ASAN_OPTIONS": "allocator_may_return_null=1:detect_leaks=1",
    "TSAN_OPTIONS": f"halt_on_error=0:exitcode=66:suppressions={TESTS}/tsan.supp",
}

# What a sanitizer writes; a run that printed any of it failed, whatever its exit status.
ALARMS = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:",
          "Assertion", "stack smashing")


class Result:
    def __init__(self, argv, code, out, err):
        self.argv, self.code, self.out, self.err = argv, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"{self.argv} -> {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def check_alarms(text):
    for alarm in ALARMS:
        assert alarm not in text, text


class Docfs:
    def __init__(self, build, cache):
        self.build = pathlib.Path(build)
        self.program = self.build / "tools/cli/docfs"
        self.cache = pathlib.Path(cache)

    def env(self, **extra):
        env = {k: v for k, v in os.environ.items()
               if not k.startswith("DOCFS_") and k not in ("STORAGE_DIR", "XDG_DATA_HOME")}
        env.update(LC_ALL="C.UTF-8", NO_COLOR="1", DOCFS_CACHE=str(self.cache),
                   XDG_CONFIG_HOME=f"{self.cache}.config")
        for name, value in SANITIZERS.items():
            env.setdefault(name, value)
        env.update(extra)
        return env

    def argv(self, *args):
        return [str(self.program), *(a if isinstance(a, bytes) else str(a) for a in args)]

    def run(self, *args, timeout=TIMEOUT, stdin=None, env=None, cwd=None):
        argv = self.argv(*args)
        p = subprocess.run(argv, capture_output=True, timeout=timeout, env=self.env(**(env or {})),
                           input=stdin, cwd=cwd)
        r = Result(argv, p.returncode, p.stdout.decode("utf-8", "surrogateescape"),
                   p.stderr.decode("utf-8", "surrogateescape"))
        check_alarms(r.err)
        return r

    def ok(self, *args, **kw):
        r = self.run(*args, **kw)
        assert r.code == 0, r
        return r

    def popen(self, *args, **kw):
        kw.setdefault("stdout", subprocess.PIPE)
        kw.setdefault("stderr", subprocess.PIPE)
        return subprocess.Popen(self.argv(*args), env=self.env(), **kw)

    def json(self, *args, **kw):
        return self.ok(*args, "--json", **kw).json

    def adds_nothing(self, *args, **kw):
        """docfs add that leaves the collection without a document."""
        r = self.run("add", *args, **kw)
        assert r.code == 1 and not r.out, r
        return r

    def beside(self, cache):
        """The same program with another cache."""
        return Docfs(self.build, cache)

    def paths(self, collection):
        return sorted(d["path"] for d in self.json("list", collection)["documents"])

    def failures(self, *collection):
        """path -> reason of what was left out."""
        r = self.run("list", "--failures", *collection, "--json")
        return {f["path"]: f["reason"] for f in r.json["failures"]} if r.out else {}

    def services(self, kind=None):
        found = self.json("status")["services"]
        return [s for s in found if kind is None or s["kind"] == kind]


def answers(path):
    """True when a living process serves the mount: the kernel lists it, and then it is it that answers."""
    if not is_mounted(path):
        return False
    try:
        os.statvfs(path)
        return True
    except OSError:
        return False


def is_mounted(path):
    """By the kernel's list: a stat of a dead mount would hang or fail."""
    name = str(path).replace(" ", "\\040")
    with open("/proc/self/mountinfo") as f:
        return any(line.split()[4] == name for line in f)


class Mount:
    """A mount in the foreground, so that its output and exit status belong to the test."""

    def __init__(self, docfs, path, options=()):
        self.docfs, self.path, self.options = docfs, pathlib.Path(path), options
        self.process = None
        self.log = pathlib.Path(str(path) + ".log")

    def start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                self.docfs.argv("mount", self.path, "--foreground", *self.options),
                stdout=log, stderr=log, env=self.docfs.env())
        deadline = time.monotonic() + 60
        while not answers(self.path):
            assert self.process.poll() is None, self.log.read_text(errors="replace")
            assert time.monotonic() < deadline, "mount took too long"
            time.sleep(0.01)
        return self

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Unmounts; a clean exit status and a quiet log are part of every test."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is not None and process.returncode == -9:
            subprocess.run(["umount", "-l", str(self.path)], capture_output=True)
            return
        r = subprocess.run(self.docfs.argv("umount", self.path), env=self.docfs.env(),
                           capture_output=True, text=True, timeout=TIMEOUT)
        try:
            code = process.wait(timeout=TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            subprocess.run(["umount", "-l", str(self.path)], capture_output=True)
            raise AssertionError(f"the mount did not end: {r.stderr}") from None
        text = self.log.read_text(errors="replace")
        check_alarms(text)
        assert code == 0, text


def wait_until(condition, seconds=60, what="condition"):
    """Polls a condition that another process makes true; no fixed sleep."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"{what} did not become true in {seconds} s"
        time.sleep(0.02)
