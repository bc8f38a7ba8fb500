"""Formatting, licence lines, headers that stand alone, and core that keeps silent."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
C_FILES = sorted(p for d in ("core", "fs", "tools", "tests")
                 for p in (ROOT / d).rglob("*") if p.suffix in (".c", ".h", ".cpp"))


def test_clang_format():
    r = subprocess.run(["clang-format", "--dry-run", "--Werror", *map(str, C_FILES)],
                       capture_output=True, text=True)
    assert r.returncode == 0, r.stderr[:4000]


def test_python_names():
    files = [p for d in ("tests", "tools") for p in (ROOT / d).rglob("*.py") if "node_modules" not in p.parts]
    r = subprocess.run(["/usr/bin/python3", "-m", "pyflakes", *map(str, files)], capture_output=True, text=True)
    assert r.returncode == 0 and len(files) > 50, r.stdout[:4000] + r.stderr[:4000]


def test_licence_line():
    assert not [str(p) for p in C_FILES if "SPDX-License-Identifier: MIT" not in p.read_text()[:200]]


def test_headers_compile_alone(tmp_path):
    for header in (p for p in C_FILES if p.suffix == ".h"):
        source = tmp_path / "one.c"
        source.write_text(f'#include "{header.relative_to(ROOT)}"\n')
        flags = subprocess.run(["pkg-config", "--cflags", "fuse3", "gumbo"], capture_output=True,
                               text=True).stdout.split()
        r = subprocess.run(["gcc", "-std=gnu11", "-D_GNU_SOURCE", "-fsyntax-only", f"-I{ROOT}", *flags,
                            str(source)], capture_output=True, text=True)
        assert r.returncode == 0, f"{header}: {r.stderr}"


def test_core_never_prints_or_exits():
    bad = re.compile(r"(?<![\w.>])(printf|puts|putchar|perror|exit|abort)\s*\(")
    for p in (ROOT / "core").rglob("*.c"):
        text = re.sub(r"/\*.*?\*/", "", p.read_text(), flags=re.S)
        text = re.sub(r'"(\\.|[^"\\])*"', '""', text)
        hit = bad.search(text)
        assert not hit, f"{p.relative_to(ROOT)} calls {hit.group(1)}"


def test_top_level_folders():
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    folders = {line.split("/")[0] for line in tracked.splitlines() if "/" in line}
    assert folders <= {"fs", "core", "tools", "tests", "packaging", ".ci"}
