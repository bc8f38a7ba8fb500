"""Unmodified programs of others, installed once from tests/clients/package-lock.json."""
import json
import os
import pathlib
import platform
import subprocess

HERE = pathlib.Path(__file__).resolve().parent.parent / "clients"


class Clients:
    def __init__(self):
        p = subprocess.run([str(HERE / "install")], capture_output=True, text=True, timeout=600)
        assert p.returncode == 0, p.stdout + p.stderr
        self.dir = pathlib.Path(p.stdout.strip())
        machine = {"x86_64": "x64", "aarch64": "arm64"}[platform.machine()]
        self.node = self.dir / f"node_modules/node-linux-{machine}/bin/node"

    def script_of(self, package, program):
        """The file behind a program that a package installs."""
        manifest = json.loads((self.dir / "node_modules" / package / "package.json").read_text())
        programs = manifest["bin"]
        path = programs if isinstance(programs, str) else programs[program]
        return self.dir / "node_modules" / package / path

    def argv(self, script, *args):
        """script: a file of tests/clients, or (package, program)."""
        path = self.dir / script if isinstance(script, str) else self.script_of(*script)
        return [str(self.node), str(path), *map(str, args)]

    def env(self, **extra):
        """Nothing of the person who runs the tests, and no proxy in front of loopback."""
        env = {k: os.environ[k] for k in ("PATH", "LANG", "TMPDIR") if k in os.environ}
        env.update(HOME=str(self.dir), NO_COLOR="1", CI="1", PATH=f"{self.node.parent}:{env['PATH']}")
        env.update({k: str(v) for k, v in extra.items()})
        return env

    def run(self, script, *args, timeout=120, env=None, cwd=None, stdin=None):
        return subprocess.run(self.argv(script, *args), capture_output=True, text=True, input=stdin,
                              timeout=timeout, env=self.env(**(env or {})), cwd=cwd)

    def ok(self, script, *args, **kw):
        p = self.run(script, *args, **kw)
        assert p.returncode == 0, f"{p.args} -> {p.returncode}\n{p.stdout}\n{p.stderr}"
        return p
