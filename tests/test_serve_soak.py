"""A few seconds of the soak of tools/bench: mixed and misbehaving clients, no growth."""
import pathlib
import subprocess
import sys

BENCH = pathlib.Path(__file__).resolve().parent.parent / "tools/bench/bench"


def test_short_soak(docfs, corpus):
    docfs.ok("add", corpus, "--collection", "demo@1", "-q")
    p = subprocess.run([sys.executable, str(BENCH), "--docfs", str(docfs.program), "--cache",
                        str(docfs.cache), "--seconds", "5", "soak"], capture_output=True, text=True,
                       timeout=120, env=docfs.env(PYTHONDONTWRITEBYTECODE="1"))
    assert p.returncode == 0, p.stdout + p.stderr
    assert " 0 failed" in p.stdout
