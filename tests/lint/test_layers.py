"""The arrows of core/README.md, held: who may include what."""
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# folder -> folders (or files) of ours that its files may include
PARTS = ["core/util", "core/config", "core/text", "core/store", "core/index", "core/embed", "core/source",
         "core/remote"]
PUBLIC = [f"core/{p.name}" for p in (ROOT / "core").glob("docfs*.h")]
FRONT = PUBLIC + ["core/util", "core/text/query.h", "core/text/name.h"]
ALLOWED = {
    "core/util": ["core/util"],
    "core/config": ["core/config", "core/util"],
    "core/text": ["core/text", "core/util"],
    "core/store": ["core/store", "core/text", "core/util"],
    "core/index": ["core/index", "core/util"],
    "core/remote": ["core/remote", "core/util"],
    "core/embed": ["core/embed", "core/remote", "core/text", "core/util"],
    # foreign.h reads databases that others made; it is no part of the cache's own store
    "core/source": ["core/source", "core/remote", "core/text", "core/util", "core/store/foreign.h"],
    **{f"core/{verb}": PARTS + [f"core/{verb}", "core/internal.h"] + PUBLIC
       for verb in ("ingest", "jobs", "search", "enrich", "feedback", "health")},
    "core": PARTS + PUBLIC + ["core/internal.h", "core/ingest/ingest.h", "core/version.h"],
    "fs": FRONT + ["fs", "tools/wire"],
    "tools/wire": FRONT + ["tools/wire"],
    "tools/sidecar": FRONT + ["tools/wire", "tools/sidecar"],
    "tools/cli": FRONT + ["tools/wire", "tools/cli", "fs/mount.h", "tools/sidecar/serve.h"],
    "tools/model": ["tools/model", "core/util", "core/text", "core/embed"],
}

# third-party header -> the only places that may use it
QUARANTINE = {
    "sqlite3": ["core/store"],
    "faiss": ["core/index"],
    "fuse": ["fs"],
    "gumbo": ["core/text"],
    "archive": ["core/text", "core/source", "tools/cli"],
    "libxml": ["core/source", "core/text"],
    "yaml": ["core/config", "core/text"],
    "curl": ["core/remote"],
    "idn2": ["core/remote"],
    "hiredis": ["core/remote"],
    "microhttpd": ["tools/sidecar"],
    "uchardet": ["core/text"],
    "libstemmer": ["core/text"],
    "utf8proc": ["core/util", "core/text", "core/embed"],
    "pcre": ["core/embed"],
    "openssl": ["core/util", "core/remote"],
    "jansson": ["core/text", "core/remote", "core/embed", "core/source", "core/ingest", "core/jobs", "core/enrich",
                "fs", "tools"],
}

SOURCES = sorted(p for d in ("core", "fs", "tools/wire", "tools/cli", "tools/sidecar", "tools/model")
                 for p in (ROOT / d).rglob("*") if p.suffix in (".c", ".h", ".cpp"))


def includes(path, quote):
    pattern = r'^\s*#\s*include\s*"([^"]+)"' if quote else r"^\s*#\s*include\s*<([^>]+)>"
    return re.findall(pattern, path.read_text(), re.M)


def under(name, places):
    return any(name == p or name.startswith(p + "/") for p in places)


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_includes(path):
    name = str(path.relative_to(ROOT))
    folder = next(f for f in sorted(ALLOWED, key=len, reverse=True) if under(name, [f]))
    for inc in includes(path, True):
        if not (ROOT / inc).exists():  # made by the build, in the folder of its user
            assert "/" not in inc or under(inc, ALLOWED[folder]), f"{name} includes {inc}"
            continue
        assert under(inc, ALLOWED[folder]), f"{name} ({folder}) must not include {inc}"
    for inc in includes(path, False):
        first = re.split(r"[/.]", inc)[0].rstrip("0123456789_") or inc
        for key, places in QUARANTINE.items():
            if first.startswith(key):
                assert under(name, places), f"{name} must not include <{inc}>"


def test_no_file_is_huge():
    big = [(str(p.relative_to(ROOT)), n) for p in SOURCES
           if (n := p.read_text().count("\n")) > 550]
    assert not big
