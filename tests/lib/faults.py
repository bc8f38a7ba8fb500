"""Things that break under a program: tests/preload/faults.c and what goes with it."""
import pathlib
import time


def preload(build, library="faults", **faults):
    """The environment in which a program meets these faults (tests/preload/)."""
    env = {f"FAULT_{k.upper()}": str(v) for k, v in faults.items()}
    return {"LD_PRELOAD": str(pathlib.Path(build) / f"tests/{library}.so"),
            "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0:allocator_may_return_null=1",
            **env}


def state(docfs, kind):
    """(state, reason) of the one service of that kind."""
    s, = docfs.services(kind)
    return s["state"], s["reason"]


def events(docfs, kind=None):
    """Oldest first: (kind, reason)."""
    found = docfs.json("status")["events"][::-1]
    return [(e["kind"], e["reason"]) for e in found if kind is None or e["service"] == kind]


def follows(found, *kinds):
    """True when these kinds of events occur in this order."""
    rest = iter(k for k, _ in found)
    return all(k in rest for k in kinds)


class Clock:
    """A wall clock that runs beside the real one."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.set(0)

    def set(self, seconds):
        new = self.path.with_suffix(".new")
        new.write_text(str(seconds))
        new.rename(self.path)  # never half written

    def now(self):
        return time.time() + int(self.path.read_text())
