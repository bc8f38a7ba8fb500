"""Fixtures: the built programs, a cache of its own for every test, mounts that are always undone."""
import os
import pathlib
import shutil
import signal
import sys
import threading

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from lib.clients import Clients  # noqa: E402
from lib.docfs import Docfs, Mount  # noqa: E402
from lib.server import Server  # noqa: E402

# Started in the background by a shell without job control, pytest and its children would ignore Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("DOCFS_BUILD", ROOT / "build-test"))
SKIPS = pathlib.Path(__file__).parent / "skips.txt"


def pytest_addoption(parser):
    parser.addoption("--fault-seconds", type=float, default=5,
                     help="how long each kill -9 loop runs")


@pytest.fixture(scope="session")
def build():
    assert (BUILD / "tools/cli/docfs").exists(), f"no docfs in {BUILD}: run tools/test"
    return BUILD


@pytest.fixture
def docfs(build, tmp_path):
    """A docfs with an empty cache."""
    return Docfs(build, tmp_path / "cache")


@pytest.fixture
def ready(docfs, corpus):
    """A cache of its own with a few documents."""
    docfs.ok("add", corpus / "guide", "--collection", "demo")
    return docfs


@pytest.fixture(scope="session")
def corpus():
    return ROOT / "tests/fixtures/corpus"


@pytest.fixture(scope="session")
def shared_docfs(build, corpus, tmp_path_factory):
    """A cache that holds tests/fixtures/corpus as collection demo@1; read it, never change it."""
    d = Docfs(build, tmp_path_factory.mktemp("shared") / "cache")
    d.ok("add", corpus, "--collection", "demo@1")
    return d


@pytest.fixture
def mount_of(tmp_path):
    """mount_of(docfs, *options) -> Mount; unmounted at the end whatever happened."""
    made = []

    def make(docfs, *options, at=None):
        point = at
        if point is None:
            point = tmp_path / f"mnt{len(made)}"
            point.mkdir()
        m = Mount(docfs, point, options)
        made.append(m)
        return m.start()

    yield make
    for m in reversed(made):
        m.stop()


@pytest.fixture
def mnt(shared_docfs, mount_of):
    """The demo collection, mounted."""
    return mount_of(shared_docfs).path


@pytest.fixture(scope="session")
def clients():
    """Unmodified clients from npm, and a Node to run them."""
    return Clients()


@pytest.fixture
def serve():
    """serve(docfs, *options) -> a running Server; stopped at the end whatever happened."""
    made = []

    def make(docfs, *options, **kw):
        s = Server(docfs, *options, **kw)
        made.append(s)
        return s.start()

    yield make
    for s in reversed(made):
        s.stop()


@pytest.fixture(scope="module")
def server(shared_docfs):
    """The demo collection over HTTP; read it, never change it."""
    s = Server(shared_docfs).start()
    yield s
    s.stop()


@pytest.fixture
def workdir(tmp_path):
    d = tmp_path / "work"
    d.mkdir()
    yield d
    shutil.rmtree(d, ignore_errors=True)


@pytest.fixture
def convert(docfs, workdir):
    """convert(text, name) -> the markdown that a file becomes."""
    def run(text, name="page.md"):
        (workdir / name).write_text(text)
        docfs.ok("add", workdir, "--collection", "c", "-q")
        path, = [p for p in docfs.paths("c") if p.startswith(name.rsplit(".", 1)[0] + ".")]
        return docfs.ok("cat", f"c/{path}").out
    return run


@pytest.fixture
def stop():
    """An event that is set when the test is over: for servers that keep a client waiting."""
    e = threading.Event()
    yield e
    e.set()


# ---- no test hangs ----

@pytest.fixture(autouse=True)
def time_limit(request):
    """What waits for an answer that never comes fails, with the place where it waits."""
    seconds = 1800 if request.node.get_closest_marker("package") else 300

    def give_up(*_):
        pytest.fail(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(seconds)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


# ---- loud skips and counts ----

def allowed_skips():
    return {line.split()[0] for line in SKIPS.read_text().splitlines()
            if line.strip() and not line.startswith("#")}


def bad_skips(config):
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("DOCFS_CI") or not reporter or hasattr(config, "workerinput"):
        return []  # a worker of pytest-xdist has told the one that counts
    return sorted({r.nodeid for r in reporter.stats.get("skipped", [])} - allowed_skips())


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    bad = bad_skips(config)
    for nodeid in bad:
        terminalreporter.write_line(f"SKIP NOT ALLOWED: {nodeid} (list it with its reason in {SKIPS})")
    counts = os.environ.get("DOCFS_COUNTS")
    if counts and not hasattr(config, "workerinput"):
        passed = len(terminalreporter.stats.get("passed", []))
        failed = sum(len(terminalreporter.stats.get(k, [])) for k in ("failed", "error"))
        with open(counts, "a") as f:
            f.write(f"{passed} {failed + len(bad)}\n")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    if bad_skips(session.config):
        session.exitstatus = 1
