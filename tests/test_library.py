"""libdocfs as others use it: what `meson install` lays down, pkg-config, and a program of their own."""
import json
import os
import subprocess

from conftest import BUILD
from lib.docfs import SANITIZERS, check_alarms

PROGRAM = r"""
#include <core/docfs.h>
#include <stdio.h>
%s
int main(int argc, char **argv)
{
    struct docfs_options opt = {.cache = argv[1], .read_only = true};
    struct docfs_err err = {0};
    _cleanup_(docfs_closep) struct docfs *d = NULL;
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    if (docfs_open(&opt, &d, &err) < 0 || docfs_collections(d, &all, &err) < 0)
        return fprintf(stderr, "%%s\n", err.text), 1;
    for (size_t i = 0; i < all->n; i++)
        printf("%%s %%s\n", docfs_version(), all->item[i].name);
    return 0;
}
"""


def run(*argv, **kw):
    r = subprocess.run(argv, capture_output=True, text=True, timeout=120, **kw)
    check_alarms(r.stderr)
    assert r.returncode == 0, f"{argv}: {r.stdout}{r.stderr}"
    return r.stdout


def test_a_program_of_their_own(shared_docfs, tmp_path):
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--tags", "devel,runtime", "--destdir", tmp_path)
    pc, = tmp_path.rglob("docfs.pc")
    flags = run("pkg-config", "--cflags", "--libs", "docfs", env={
        **os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": str(tmp_path)}).split()
    options = {o["name"]: o["value"] for o in json.loads(run("meson", "introspect", "--buildoptions", BUILD))}
    if options["sanitize"] != "none":
        flags.append(f"-fsanitize={options['sanitize']}")
    headers = sorted(tmp_path.rglob("docfs_*.h"))
    assert len(headers) > 15
    source, program = tmp_path / "own.c", tmp_path / "own"
    source.write_text(PROGRAM % "\n".join(f"#include <core/{h.name}>" for h in headers))
    run("gcc", "-std=c11", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", source, "-o", program, *flags)
    out = run(program, shared_docfs.cache,
              env={**SANITIZERS, **os.environ, "LD_LIBRARY_PATH": str(pc.parent.parent)})
    assert "docfs " + out == shared_docfs.ok("--version").out.replace("\n", " demo@1\n")
