"""robots.txt, compared with another implementation of RFC 9309 and with the standard's text."""
import os
import random
import re
import subprocess

import pytest
from protego import Protego

from lib.docfs import check_alarms


@pytest.fixture
def allowed(build):
    def run(text, *paths, agent="docfs"):
        p = subprocess.run([os.path.join(str(build), "tests/text_tool"), "robots", agent, *paths],
                           input=text if isinstance(text, bytes) else text.encode(),
                           capture_output=True, timeout=60)
        check_alarms(p.stderr.decode())
        *answers, delay = p.stdout.decode().splitlines()
        return [a == "1" for a in answers], float(delay.split()[1])
    return run


def test_examples_of_the_standard(allowed):
    """Sections 2.2.1 to 2.2.3 and 5 of RFC 9309."""
    text = ("User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n"
            "User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\n"
            "Allow:/example/allowed.gif\n\nUser-Agent: barbot\nUser-Agent: bazbot\n"
            "Disallow: /example/page.html\n\nUser-Agent: quxbot\n\nEOF\n")
    assert allowed(text, "/a.gif", "/example/x", "/publications/", "/a.gif?x")[0] == [
        False, False, True, True]
    assert allowed(text, "/x", "/example/page.html", agent="foobot")[0] == [False, True]
    assert allowed(text, "/x", "/example/page.html", agent="bazbot")[0] == [True, False]
    assert allowed(text, "/a.gif", agent="quxbot")[0] == [True]
    two = "User-agent: docfs\nDisallow: /a\nUser-agent: *\nDisallow: /\nUser-agent: DocFS/2\nDisallow: /b"
    assert allowed(two, "/a", "/b", "/c")[0] == [False, False, True]
    assert allowed("User-agent: *\nAllow: /p\nDisallow: /", "/page", "/", "/robots.txt")[0] == [
        True, False, True]


def test_delay_and_oddities(allowed):
    assert allowed("User-agent: *\nCrawl-delay: 2.5\n")[1] == 2.5
    assert allowed("User-agent: x\nCrawl-delay: 9\n")[1] == 0
    assert allowed("User-agent: *\nCrawl-delay: nan\nCrawl-delay: -3\n")[1] == 0
    assert allowed(b"\xef\xbb\xbfUser-agent: *\r\nDisallow: /a # why\r\n", "/a", "/b")[0] == [
        False, True]
    assert allowed("User-agent: *\rDisallow: /a\rDisallow:\r", "/a", "/b")[0] == [False, True]
    assert allowed("Disallow: /a\n" + "x" * 100, "/a")[0] == [True]
    assert allowed("User-agent: *\nDisallow: /%7Eme\nDisallow: /\u00e4\n", "/~me/x", "/%C3%A4",
                   "/%c3%a4b")[0] == [False, False, False]
    big = "User-agent: *\n" + "#" * 600_000 + "\nDisallow: /\n"
    assert allowed(big, "/a")[0] == [True]
    stars = "User-agent: *\nDisallow: /" + "*a" * 1000 + "$\n"
    assert allowed(stars, "/" + "a" * 1000 + "b")[0] == [True]


def test_agrees_with_protego(allowed):
    rng = random.Random(7)
    atoms = ["/", "a", "b", "/a", "/b/", "*", "$", "?x=1", ".html", "%41", "c"]
    for _ in range(150):
        rules = []
        # Each agent once: Protego does not join the groups of one.
        for agent in rng.sample(["*", "docfs", "other"], rng.randint(1, 3)):
            rules.append("User-agent: " + agent)
            for _ in range(rng.randint(1, 5)):
                pattern = "/" + "".join(rng.choice(atoms) for _ in range(rng.randint(0, 4)))
                pattern = re.sub("//+", "/", pattern)  # Protego takes // for a host
                rules.append(rng.choice(["Allow: ", "Disallow: "]) + pattern)
        text = "\n".join(rules) + "\n"
        paths = ["/" + "".join(rng.choice(["/", "a", "b", "c", ".html", "A"])
                               for _ in range(rng.randint(0, 5))) for _ in range(12)]
        paths = [p for p in paths if "//" not in p]
        want = [Protego.parse(text).can_fetch("http://example.org" + p, "docfs") for p in paths]
        assert allowed(text, *paths)[0] == want, text + repr(paths)
