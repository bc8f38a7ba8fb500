"""The C unit tests, so that one command runs and counts everything."""
import os
import subprocess

import pytest

from conftest import BUILD
from lib.docfs import SANITIZERS, check_alarms

PROGRAMS = sorted(p for p in (BUILD / "tests").glob("unit_*") if p.is_file() and os.access(p, os.X_OK))


def test_programs_were_built():
    assert PROGRAMS


# Those with threads of their own also run under ThreadSanitizer.
THREADED = {"unit_index", "unit_postings", "unit_store", "unit_text", "unit_tree"}


@pytest.mark.parametrize("program", [
    pytest.param(p, id=p.name, marks=[pytest.mark.concurrent] if p.name in THREADED else [])
    for p in PROGRAMS])
def test_unit(program, tmp_path):
    # One OpenMP thread: FAISS's team waits by spinning, which under ThreadSanitizer takes minutes.
    r = subprocess.run([program], capture_output=True, text=True, errors="replace", timeout=300,
                       cwd=tmp_path, env={**SANITIZERS, **os.environ, "OMP_NUM_THREADS": "1"})
    check_alarms(r.stderr)
    assert r.returncode == 0, r.stdout + r.stderr
    assert "0 failed" in r.stdout
