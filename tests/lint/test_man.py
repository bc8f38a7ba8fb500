"""The manual: a page for every command, format and topic; every option in it; no dead references."""
import json
import os
import pathlib
import re
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("DOCFS_BUILD", ROOT / "build-test"))
MAN = ROOT / "packaging/man"
WRITTEN = {p.name: p.read_text() for p in sorted(MAN.iterdir())}


def docfs(*args):
    env = {k: v for k, v in os.environ.items() if not k.startswith("DOCFS_")}
    return subprocess.run([BUILD / "tools/cli/docfs", *args], capture_output=True, text=True, check=True,
                          env=env).stdout


@pytest.fixture(scope="module")
def commands():
    return docfs("help", "--commands").split()


@pytest.fixture(scope="module")
def pages(commands):
    """Name -> mdoc source of every page that is installed."""
    made = {f"docfs-{c}.1": docfs("help", "--man", c) for c in commands if f"docfs-{c}.1" not in WRITTEN}
    return {**WRITTEN, **made}


def lint(name, text):
    r = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=text, capture_output=True, text=True)
    return [f"{name}: {line}" for line in r.stdout.splitlines() + r.stderr.splitlines()
            if "makewhatis" not in line]


def test_pages_are_clean(pages):
    assert not [line for name, text in pages.items() if not text.startswith(".so ") for line in lint(name, text)]


def test_pages_have_their_parts(pages):
    lacking = []
    for name, text in pages.items():
        if text.startswith(".so "):
            assert text.split()[1].split("/")[1] in pages
            continue
        want = ["NAME", "DESCRIPTION", "SEE ALSO"]
        if name.endswith(".1") and name not in ("docfs-version.1",):
            want += ["SYNOPSIS", "ENVIRONMENT", "FILES", "EXIT STATUS", "EXAMPLES"]
        have = re.findall(r"^\.Sh (.*)$", text, re.M)
        lacking += [f"{name}: {s}" for s in want if s not in have]
    assert not lacking


def test_references_lead_somewhere(pages):
    known = {tuple(name.rsplit(".", 1)) for name in pages}
    dead = [f"{name}: {page}({section})" for name, text in pages.items()
            for page, section in re.findall(r"^\.Xr (docfs\S*|mount\.\S+) (\d)", text, re.M)
            if (page, section) not in known]
    assert not dead


def test_texts_of_the_program_name_pages_that_exist(pages):
    dead = set()
    for p in (p for d in ("core", "fs", "tools") for p in (ROOT / d).rglob("*") if p.suffix in (".c", ".py")):
        for page, section in re.findall(r"\b(docfs(?:[.-][a-z]+)?)\((\d)\)", p.read_text()):
            if f"{page}.{section}" not in pages:
                dead.add(f"{p.relative_to(ROOT)}: {page}({section})")
    assert not dead


def help_options(command):
    return re.findall(r"^ +(?:-., )?--([a-z-]+)", docfs("help", command).split("\nOptions:")[1]
                      .split("\nGlobal options")[0], re.M) if "\nOptions:" in docfs("help", command) else []


def test_written_pages_have_every_option(commands):
    """The other pages are made from the table that --help is made of."""
    lacking = []
    for c, page in [(c, f"docfs-{c}.1") for c in commands] + [("umount", "docfs-mount.1"), ("token", "docfs-serve.1")]:
        if page in WRITTEN:
            text = WRITTEN[page]
            lacking += [f"{page}: --{o}" for o in help_options(c) if f"Fl -{o}" not in text]
    for o in re.findall(r"--([a-z-]+)", docfs("help", "version").split("Global options")[1]):
        if f"Fl -{o}" not in WRITTEN["docfs.1"]:
            lacking.append(f"docfs.1: --{o}")
    assert not lacking


def test_the_overview_has_every_command(commands):
    text = WRITTEN["docfs.1"]
    assert not [c for c in commands if not re.search(rf"\bIc {c}\b|, {c}\b", text)]


def test_topics_of_help_are_pages(pages):
    topics = docfs("help").split("opens a page of the\nmanual:\n")[1].split()
    assert topics
    assert not [t for t in topics if not any(f"{stem}.{s}" in pages for stem in (f"docfs-{t}", f"docfs.{t}")
                                             for s in (5, 7))]


def test_pages_are_installed_and_listed():
    listed = set(re.findall(r"'man/([^']+)'", (ROOT / "packaging/meson.build").read_text()))
    assert listed == set(WRITTEN)
    readme = (ROOT / "README.md").read_text()
    assert not [n for n in WRITTEN if n[-1] in "57" and f"{n[:-2]}({n[-1]})" not in readme]


COMMAND_LINE = r"(?:\$ |sudo -u docfs )?(?:[A-Z_]+=\S+ )?(docfs [a-z-].*)"


def examples(pages):
    """(where, command line) of every docfs that the manual, the README and --help show."""
    for name, text in pages.items():
        literal = re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", text, re.M | re.S) + re.findall(r"^\.Dl (.*)$", text, re.M)
        for line in re.findall(rf"^ *{COMMAND_LINE}$", "\n".join(literal), re.M):
            yield name, line.replace("\\-", "-").replace("\\(dq", '"').replace("\\e", "\\")
    for line in re.findall(rf"^    {COMMAND_LINE}$", (ROOT / "README.md").read_text(), re.M):
        yield "README.md", line


def test_examples_use_commands_and_options_that_exist(pages, commands):
    known = {c: docfs("help", c) for c in commands}
    wrong, n = [], 0
    for where, line in examples(pages):
        for part in re.split(r"; |\|", line.split(" #")[0]):
            words = re.findall(r"\S+", part)
            if not words or words[0] != "docfs":
                continue
            words = words[3:] if words[1] == "--cache" else words[1:]
            n += 1
            if words[0] not in known:
                wrong.append(f"{where}: {line}")
                continue
            options = re.findall(r"(?<=\s)--([a-z][a-z-]*)", " " + part.split(" -- ")[0])
            wrong += [f"{where}: --{o} in {line}" for o in options if not re.search(rf"--{o}\b", known[words[0]])]
    assert n > 100
    assert not wrong


# ---- what would go out of date ----

def literals():
    """All that the program can say: its string literals, neighbours joined, one a line."""
    out = []
    for p in (p for d in ("core", "fs", "tools/cli", "tools/sidecar", "tools/wire") for p in (ROOT / d).rglob("*.c")):
        for group in re.findall(r'"(?:[^"\\]|\\.)*"(?:\s*"(?:[^"\\]|\\.)*")*', p.read_text()):
            parts = re.findall(r'"((?:[^"\\]|\\.)*)"', group)
            out.append("".join(parts).replace('\\"', '"'))
    return "\n".join(out)


def test_messages_of_the_troubleshooting_page_exist():
    said = literals()
    unknown = []
    for message in re.findall(r"^\.It Qq (.*)$", WRITTEN["docfs-troubleshooting.7"], re.M):
        if message == "Transport endpoint is not connected":  # the system's own
            continue
        pieces = re.split(r"\b(?:[A-Z]{2,}|N)\b", message.replace("\\(dq", '"'))
        places = {"HOME is not set", "PDF", "TLS"}
        pieces = [message] if any(p in message for p in places) and "NAME" not in message else pieces
        pieces = [x for piece in pieces for x in re.split(r"\bN\b", piece)]
        unknown += [message for piece in pieces if piece.strip(" :,") and piece.strip() not in said]
    assert not unknown


def show(setting, value):
    value = float(value)
    if setting["type"] == "size":
        for unit, n in (("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)):
            if value and value % n == 0:
                return f"{value / n:.0f}{unit}"
    if setting["type"] == "duration":
        for unit, n in (("d", 86400000), ("h", 3600000), ("m", 60000), ("s", 1000)):
            if value and value % n == 0:
                return f"{value / n:.0f}{unit}"
        return f"{value:.0f}ms" if value else "0"
    return f"{value:.0f}" if value == int(value) else str(value)


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/page.md").write_text("# Page\n")
    docfs("--cache", tmp_path / "c", "add", tmp_path / "docs", "-q")
    return json.loads(docfs("--cache", tmp_path / "c", "config", "--json"))["settings"]


def test_limits_are_those_of_the_settings(settings):
    page = WRITTEN["docfs-limits.7"]
    lines = [f".It Cm {s['key']} No = {s['default']} Pq {show(s, s['range'][0])} to {show(s, s['range'][1])}\n"
             f"{s['help']}\n" for s in settings if s["type"] in ("integer", "real", "size", "duration")]
    assert len(lines) > 20
    assert not (missing := [line for line in lines if line not in page]), "write into docfs-limits(7): " + missing[0]
    assert len(lines) == page.count("\n.It Cm ")


def test_settings_are_those_of_the_program(settings):
    page = WRITTEN["docfs.yaml.5"]
    lines = [f".It Cm {s['key']} Pq {s.get('choices', s['type']).replace('|', ', ')}; {s['default'] or 'empty'}"
             f"{'; restart' if s['needs_restart'] else ''}\n{s['help']}\n" for s in settings]
    assert not (missing := [line for line in lines if line not in page]), "write into docfs.yaml(5): " + missing[0]
    assert len(lines) == page.split(".Sh SETTINGS")[1].split(".Sh REDIS")[0].count("\n.It Cm ")


def test_the_query_page_has_every_filter():
    page = WRITTEN["docfs-query.7"]
    filters = re.findall(r'^    \{"(\w+)", set_\w+,', (ROOT / "core/text/query_filters.c").read_text(), re.M)
    assert len(filters) > 8
    assert not [f for f in filters if f"Cm {f}=" not in page]
    types = re.search(r'\{"type", set_type,\s+"([^"]*)"', (ROOT / "core/text/query_filters.c").read_text())[1]
    assert not [t for t in re.findall(r"[a-z]+", types.split(" like ")[1]) if t not in page]


def test_limits_are_those_of_docfs_serve():
    page = WRITTEN["docfs-limits.7"]
    help = re.sub(r"\n {20,}", " ", docfs("help", "serve"))  # long rows are wrapped
    options = re.findall(r"--([a-z-]+) (?:N|BYTES)\s+(.*)", help)
    assert len(options) > 10
    assert not [o for o, text in options if f".It Fl -{o}\n{text}\n" not in page]


def test_fixed_limits_are_those_of_the_source():
    page = WRITTEN["docfs-limits.7"]
    fixed = re.findall(r'^\.\\" (\S+) (\S+) = (\d+)\n\.It (.*)$', page, re.M)
    assert len(fixed) > 20
    for path, name, value, text in fixed:
        defined = re.search(rf"#define {name} (.*?)(?:/\*|$)", (ROOT / path).read_text(), re.M)
        assert defined, f"{path} has no {name}"
        n = eval(re.sub(r"(?<=\d)[uUlL]+", "", re.sub(r"\(size_t\)|UINT64_C|INT64_C", "", defined[1])))
        assert n == int(value), f"{path}: {name} is {n}, docfs-limits(7) says {value}"
        unit = re.match(r"([\d,]+)(?: (MiB))?$", text)
        assert int(unit[1].replace(",", "")) * (1 << 20 if unit[2] else 1) == n, text


def test_configuration_of_clients_is_json():
    blocks = [b.replace("\\e", "\\") for b in re.findall(r"^\.Bd -literal.*?\n(.*?)^\.Ed", WRITTEN["docfs-mcp.1"], re.M | re.S)
              if b.startswith("{")]
    servers = [json.loads(b) for b in blocks]
    servers += [json.loads(m) for m in re.findall(r'^ +(\{"(?:mcpS|s)ervers".*\}) ', (ROOT / "README.md").read_text(), re.M)]
    assert len(servers) >= 8
    for s in servers:
        one = (s.get("mcpServers") or s.get("servers"))["docfs"]
        assert one.get("command") == "docfs" and one["args"] == ["mcp"] or one["url"].endswith("/mcp")
