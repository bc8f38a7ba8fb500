"""The command line, typed as a person types it."""
import json
import os
import re
import subprocess
import time

import pytest
from lib.docfs import Docfs


def test_search_finds_the_section(shared_docfs):
    r = shared_docfs.ok("search", "how", "do", "I", "cancel", "a", "task")
    assert "demo@1/guide/tasks.md" in r.out
    assert "Cancelling a task" in r.out


def test_search_json(shared_docfs):
    hits = shared_docfs.json("search", "rolling upgrade drain worker", "-k", "3")["hits"]
    assert hits[0]["path"] == "guide/deploy.md"
    assert len(hits) <= 3
    assert 0 < hits[0]["score"] <= 1
    assert [h["score"] for h in hits] == sorted((h["score"] for h in hits), reverse=True)


def test_hit_lines_are_the_lines_of_the_document(shared_docfs):
    hit = shared_docfs.json("search", "connections are pooled pool size")["hits"][0]
    where = f"demo@1/{hit['path']}"
    lines = shared_docfs.ok("cat", where).out.splitlines()
    part = lines[hit["line"] - 1:hit["line"] - 1 + hit["lines"]]
    assert any("pooled" in line for line in part)
    shown = shared_docfs.ok("cat", where, "--lines",
                            f"{hit['line']}-{hit['line'] + hit['lines'] - 1}").out
    assert shown.splitlines() == part


@pytest.mark.parametrize("mode", ["lex", "vec", "hybrid", "exact"])
def test_every_mode_finds_it(shared_docfs, mode):
    hits = shared_docfs.json("search", "cron expressions five fields minute hour", "--mode",
                             mode)["hits"]
    assert hits[0]["path"] == "api/scheduler.md"


def test_explain(shared_docfs):
    hit = shared_docfs.json("search", "cron expressions", "--explain")["hits"][0]
    assert hit["why"]["lex_rank"] == 1
    assert hit["why"]["vec_score"] > 0
    assert 0 <= hit["why"]["boost"] < hit["score"]


def test_explain_tells_what_the_title_adds(docfs, workdir):
    (workdir / "named.md").write_text("# Lighthouse\n\nThe keeper winds the clock.\n")
    (workdir / "other.md").write_text("# Harbour\n\nThe clock of the lighthouse.\n")
    docfs.ok("add", workdir, "-c", "coast")
    hits = docfs.json("search", "lighthouse", "clock", "--explain")["hits"]
    boost = {h["path"]: h["why"]["boost"] for h in hits}
    assert boost["named.md"] > boost["other.md"] >= 0


def test_same_query_same_list(shared_docfs):
    a = [h["id"] for h in shared_docfs.json("search", "worker task queue", "-k", "20")["hits"]]
    b = [h["id"] for h in shared_docfs.json("search", "worker task queue", "-k", "20")["hits"]]
    assert a == b and len(a) == len(set(a))


def test_after_and_before_are_dates_of_the_original(docfs, workdir):
    for year in (2021, 2024):
        (workdir / f"y{year}.md").write_text(f"# Year {year}\n\nA lamp of {year}.\n")
        os.utime(workdir / f"y{year}.md", (time.mktime((year, 6, 15, 0, 0, 0, 0, 0, 0)),) * 2)
    docfs.ok("add", workdir, "-c", "years")
    found = lambda q: sorted(h["path"] for h in docfs.run("search", q, "--json").json["hits"])
    assert found("lamp after=2022") == ["y2024.md"] and found("lamp before=2022") == ["y2021.md"]
    assert found("lamp after=2021-06 before=2024-07") == ["y2021.md", "y2024.md"]
    assert found("lamp after=7d") == [] and found("lamp before=7d") == ["y2021.md", "y2024.md"]


def test_filters(shared_docfs):
    hits = shared_docfs.json("search", "task type=man")["hits"]
    assert {h["path"] for h in hits} == {"man1/lighthouse.1.md"}
    hits = shared_docfs.json("search", "task path=guide/**")["hits"]
    assert hits and all(h["path"].startswith("guide/") for h in hits)
    assert shared_docfs.run("search", "task in=nosuch").code == 1
    assert shared_docfs.json("search", "task in=demo")["hits"]


def test_phrase_and_exclusion(shared_docfs):
    hits = shared_docfs.json("search", '"back pressure"')["hits"]
    assert [h["path"] for h in hits] == ["api/queue.md"]
    with_it = shared_docfs.json("search", "cancel task", "-k", "20")["hits"]
    without = shared_docfs.json("search", "cancel task -coro", "-k", "20")["hits"]
    assert len(without) <= len(with_it)
    assert all("coro" not in h["snippet"].lower().split() for h in without)


@pytest.mark.parametrize("words_min", [0, 1000000])
def test_a_phrase_counts_wherever_in_the_document_it_stands(docfs, tmp_path, words_min):
    """The passage that answers best need not be the one that holds the phrase."""
    docfs.ok("config", "set", "index.words_min", str(words_min))
    cancel = "\n\n".join(f"How to cancel a task: a running task is cancelled with cancel, no. {i}."
                         for i in range(20))
    weather = "\n\n".join(f"Prose about weather, rivers and mountains of the north, {i}."
                          for i in range(20))
    (tmp_path / "tasks.md").write_text(f"# Tasks\n\n## Cancel a task\n\n{cancel}\n\n## Weather\n\n{weather}\n\n"
                                       "The flux capacitors are rated for one gigawatt.\n")
    (tmp_path / "other.md").write_text("# Tasks of others\n\nHow to cancel a task of another user.\n")
    docfs.ok("add", tmp_path)
    for mode in "hybrid", "vec":
        def paths(q):
            hits = json.loads(docfs.run("search", "--json", "-m", mode, q).out)["hits"]
            return {h["path"] for h in hits if not h["below_min"]}
        assert paths('how do I cancel a task "flux capacitor"') == {"tasks.md"}
        assert paths('how do I cancel a task "capacitor flux"') == set()
        assert "tasks.md" in paths("how do I cancel a task -gigawatt")
        assert paths("how do I cancel a task -cancel") <= {"tasks.md"}
    assert (docfs.cache / "index/words").exists() == (words_min == 0)


@pytest.mark.parametrize("words_min", [0, 1000000])
def test_a_phrase_stands_inside_of_identifiers(docfs, tmp_path, words_min):
    """Documentation writes Path.read_text where people ask for read_text."""
    docfs.ok("config", "set", "index.words_min", str(words_min))
    (tmp_path / "pathlib.md").write_text("# Paths\n\n## zoo.Path.read_text(encoding)\n\nGives what is in it.\n")
    (tmp_path / "bare.md").write_text("# Bare\n\nCall `read_text` and then `gather` the answers.\n")
    (tmp_path / "tasks.md").write_text("# Tasks\n\nzoo.gather waits for the text that others read.\n")
    docfs.ok("add", tmp_path)

    def ask(q):
        return json.loads(docfs.run("search", "--json", q).out)

    def paths(q):
        r = ask(q)
        return {h["path"] for h in r["hits"][r["below"]:]}
    assert paths('"read_text"') == {"pathlib.md", "bare.md"}
    assert paths('"path.read_text"') == {"pathlib.md"}
    assert paths('the answers "gather"') == {"bare.md", "tasks.md"}
    assert paths('"text read"') == set()
    assert paths("text -zoo") == {"bare.md"}  # in no door of the search: neither by words nor by meaning
    assert paths("text -zoo mode=vec") <= {"bare.md"}
    assert not paths("text -path.read_text") & {"pathlib.md"}
    assert not ask("path.read_text")["note"]  # a hit shows it
    assert "No document holds" in ask("path.read_texts_of")["note"]


def test_other_words_do_not_hide_a_phrase(docfs, tmp_path):
    (tmp_path / "a.md").write_text("# A\n\nAs of today the weather is fine.\n")
    (tmp_path / "b.md").write_text("# B\n\nTurtles frobnicate.\n")
    docfs.ok("add", tmp_path)
    for q in ('frobnicate "as of"', '"as of" zzqqy', '"as of"', '"weather is" "as of" turtles'):
        r = json.loads(docfs.run("search", "--json", "-m", "lex", q).out)
        assert [h["path"] for h in r["hits"]] == ["a.md"] and not r["below"], q


def test_signs_in_quotes_are_no_phrase(docfs, tmp_path):
    (tmp_path / "a.md").write_text("# Shell\n\nThe operator && of the shell.\n")
    docfs.ok("add", tmp_path)
    for q in ('shell "&&" operator', 'shell -"&&" operator', 'shell "->" "" operator'):
        r = json.loads(docfs.ok("search", "--json", q).out)
        assert [h["path"] for h in r["hits"]] == ["a.md"] and not r["below"] and not r["note"], q


@pytest.mark.parametrize("mode", ["hybrid", "lex", "vec"])
def test_a_long_document_does_not_keep_others_out(docfs, tmp_path, mode):
    """It has more passages about the matter than are candidates."""
    much = "Turtles and more turtles of the sea. " * 12
    long = "\n\n".join(f"## Turtles {i}\n\n{much} Island {i}." for i in range(40))
    (tmp_path / "long.md").write_text(f"# Turtles\n\n{long}\n")
    for i in range(6):
        (tmp_path / f"short{i}.md").write_text(f"# Notes {i}\n\nThe turtle of the sea. Turtle number {i} swims "
                                               "slowly, and another animal of the sea is near it.\n")
    docfs.ok("add", tmp_path)

    def ask(q, k):
        return json.loads(docfs.run("search", "--json", "-m", mode, "--set", "search.candidates=10", q,
                                    f"k={k}").out)
    seven = ask("turtles", 7)
    assert len(seven["hits"]) == 7 and not seven["below"]
    assert len({h["path"] for h in seven["hits"]}) == 7
    scores = [h["score"] for h in seven["hits"]]
    assert scores == sorted(scores, reverse=True)
    assert [h["path"] for h in ask("turtles", 4)["hits"]] == [h["path"] for h in seven["hits"]][:4]
    left = ask("turtles -island", 7)  # all that is nearest is excluded
    assert {h["path"] for h in left["hits"]} == {f"short{i}.md" for i in range(6)} and not left["below"]


def test_the_end_of_a_pasted_text_counts(docfs, tmp_path):
    (tmp_path / "a.md").write_text("# Errors\n\nThe zipfile was truncated.\n")
    words = [f"word{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(80)]
    (tmp_path / "b.md").write_text("# Words\n\n" + " ".join(words) + "\n")
    for i in range(3):
        (tmp_path / f"c{i}.md").write_text(f"# More {i}\n\n" + " ".join(words[:50]) + "\n")
    docfs.ok("add", tmp_path)
    for q in " ".join([*words[:60], "zipfile truncated"]), " ".join(["zipfile truncated", *words[:60]]):
        hits = json.loads(docfs.ok("search", "--json", "-m", "lex", q).out)["hits"]
        assert "a.md" in {h["path"] for h in hits}
    hits = json.loads(docfs.ok("search", "--json", " ".join(f"nowhere{i}" for i in range(90)) + " zipfile").out)
    assert hits["hits"][0]["path"] == "a.md" and not hits["below"]


def test_an_option_taken_for_an_exclusion_is_told(docfs, tmp_path):
    (tmp_path / "a.md").write_text("# Compiler\n\nAll warnings: `cc -Wall file.c`; quiet ones: `cc -w`.\n")
    (tmp_path / "b.md").write_text("# Linker\n\nThe compiler calls the linker, cc --wind too.\n")
    docfs.ok("add", tmp_path)
    r = json.loads(docfs.ok("search", "--json", "compiler -Wall").out)
    assert [h["path"] for h in r["hits"]] == ["b.md"]
    assert r["note"] == 'Passages with Wall are left out; the option is "-Wall", in quotes.'
    assert [h["path"] for h in json.loads(docfs.ok("search", "--json", 'compiler "-Wall"').out)["hits"]] == ["a.md"]
    for q in "compiler -file", "compiler -wind", "compiler -nowhere", 'compiler -"all warnings"':
        assert not json.loads(docfs.ok("search", "--json", q).out)["note"], q


def test_filters_and_scores_that_leave_nothing_are_named(shared_docfs):
    r = json.loads(shared_docfs.run("search", "--json", "task path=/etc/passwd lang=xx mode=lex").out)
    assert r["note"] == "No document passes the filters lang=xx path=/etc/passwd."
    r = json.loads(shared_docfs.run("search", "--json", "how do I cancel a task min=1").out)
    assert r["below"] and r["note"] == "No document has the smallest score asked for; the nearest follow."


def test_nothing_found_is_exit_1_and_says_why(shared_docfs):
    r = shared_docfs.run("search", "zyxwvutqqq", "--mode", "lex")
    assert r.code == 1
    assert "zyxwvutqqq" in r.out + r.err


def test_spelling_neighbours(shared_docfs):
    r = shared_docfs.run("search", "schedulr", "--mode", "lex")
    assert "schedul" in r.out + r.err


def test_cat_by_every_name(shared_docfs):
    text = shared_docfs.ok("cat", "demo@1/guide/storage.md").out
    assert text.startswith("# Storage back ends")
    hit = shared_docfs.json("search", "storage back ends postgresql pool")["hits"][0]
    assert shared_docfs.ok("cat", hit["id"]).out == text
    assert shared_docfs.ok("cat", hit["name"]).out == text


def test_cat_takes_paths_as_links_have_them(docfs, workdir):
    (workdir / "guide").mkdir()
    (workdir / "guide/index.md").write_text("# Guide\n")
    (workdir / "two.md").write_text("# Two\n\nText.\n")
    docfs.ok("add", workdir, "-c", "links@1")
    for path in ("links@1/two", "links/two.html#part", "links/guide/../two/", "docs/links@1/./two.mdx?x=1",
                 "links/../../two"):
        assert docfs.ok("cat", path).out == "# Two\n\nText.\n", path
    for lines in ("links/two.html:3", "links/two.md:3", "links/two:3"):
        assert docfs.ok("cat", lines).out == "Text.\n"
    assert docfs.ok("cat", "links/guide/").out == "# Guide\n"
    for path in ("links/two/three", "links/tw", "links/../other/two", "two"):
        assert docfs.run("cat", path).code == 5, path


def test_cat_missing(shared_docfs):
    r = shared_docfs.run("cat", "demo@1/guide/nosuch.md")
    assert r.code == 5
    assert "nosuch.md" in r.err


def test_collections_by_a_shorter_or_mistyped_name(shared_docfs):
    whole = shared_docfs.ok("cat", "demo@1/guide/storage.md").out
    assert shared_docfs.ok("cat", "demo/guide/storage.md").out == whole
    r = shared_docfs.run("cat", "dmeo/guide/storage.md")
    assert r.code == 5 and "did you mean 'demo@1'" in r.err
    r = shared_docfs.run("list", "dmeo")
    assert r.code == 5 and "did you mean 'demo@1'" in r.err
    for query in (["-c", "dmeo", "task"], ["in=dmeo task"]):
        r = shared_docfs.run("search", *query)
        assert r.code == 1 and "No collection is called dmeo (nearest: demo@1)." in r.err
    r = shared_docfs.run("search", "in=zzzzzz", "task")
    assert r.code == 1 and "docfs list" in r.err


def test_an_empty_directory_is_told(docfs, workdir):
    for quiet in ([], ["-q"]):
        r = docfs.run("add", workdir, "-c", "nothing", *quiet)
        assert r.code == 1 and "no file in " in r.err and "that docfs reads" in r.err
    r = docfs.run("add", workdir, "-c", "nothing", "--json")
    assert r.code == 1 and json.loads(r.out)["files"] == 0
    docfs.ok("refresh", "nothing")


def test_a_directory_of_which_nothing_is_taken_is_told(docfs, workdir):
    (workdir / "link").symlink_to("/usr/share/doc")
    (workdir / "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    for _ in range(2):
        r = docfs.run("add", workdir, "-c", "nothing")
        assert r.code == 1 and "none of its 2 files was taken in: docfs list --failures nothing tells why" in r.err
        assert not r.out
    (workdir / "a.md").write_text("# A\n\nText.\n")
    assert "1 converted" in docfs.ok("add", workdir, "-c", "nothing").out


def test_directories_of_one_name_are_not_mixed_unasked(docfs, workdir):
    for project in ("one", "two"):
        (workdir / project / "docs").mkdir(parents=True)
        (workdir / project / "docs/index.md").write_text(f"# {project}\n")
    docfs.ok("add", workdir / "one/docs")
    docfs.ok("add", workdir / "one/docs")
    r = docfs.run("add", workdir / "two/docs")
    assert r.code == 2 and f"docs holds {workdir}/one/docs already: name another one (--collection NAME)" in r.err
    assert docfs.ok("list", "docs").out == "docs/index.md\n"
    docfs.ok("add", workdir / "two/docs", "-c", "two")
    docfs.ok("add", workdir / "two/docs", "-c", "docs")
    docfs.ok("add", workdir / "two/docs")
    assert docfs.ok("cat", "two/index.md").out == "# two\n"


def test_help_topics(docfs, workdir):
    fake = workdir / "man"
    fake.write_text("#!/bin/sh\necho page \"$@\"\n")
    fake.chmod(0o755)
    path = {"PATH": f"{workdir}:/usr/bin:/bin"}
    assert docfs.ok("help", "query", env=path).out == "page 7 docfs-query\n"
    assert docfs.ok("help", "yaml", env=path).out == "page 5 docfs.yaml\n"
    r = docfs.run("help", "qurey")
    assert r.code == 2 and "did you mean 'query'?" in r.err
    r = docfs.run("help", "query", env={"PATH": str(workdir / "none")})
    assert r.code == 6 and "docfs-query(7)" in r.err
    fake.write_text("#!/bin/sh\nexit 16\n")
    r = docfs.run("help", "query", env=path)
    assert r.code == 5 and "man packaging/man/docfs-query.7" in r.err


COMPLETE = """\
source <("$1" completion bash)
docfs() { command "$DOCFS_PROGRAM" "$@"; }
shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_docfs
printf '%s\\n' "${COMPREPLY[@]}"
"""


def test_completion_in_bash(shared_docfs):
    def complete(*words):
        p = subprocess.run(["bash", "-c", COMPLETE, "bash", shared_docfs.program, *words], capture_output=True,
                           text=True, env=shared_docfs.env(DOCFS_PROGRAM=str(shared_docfs.program)))
        assert p.returncode == 0 and not p.stderr, p.stderr
        return sorted(p.stdout.split())

    assert complete("docfs", "ca") == ["cat", "catalogue"]
    assert complete("docfs", "list", "d") == ["demo@1"]
    assert complete("docfs", "list", "--f") == ["--failures", "--flagged"]
    assert complete("docfs", "search", "-c", "") == ["demo@1"]
    assert complete("docfs", "search", "--mode", "v") == ["vec"]
    assert complete("docfs", "token", "--scope", "") == ["admin", "read", "write"]
    assert complete("docfs", "completion", "f") == ["fish"]
    assert complete("docfs", "help", "troub") == ["troubleshooting"]
    assert complete("docfs", "search", "d") == []
    assert complete("docfs", "config", "") == ["check", "files", "get", "list", "set", "unset"]
    assert complete("docfs", "config", "set", "search.v") == ["search.vec_weight"]
    assert complete("docfs", "cat", "dem") == ["demo@1/"]
    assert complete("docfs", "cat", "demo/guide/t") == ["demo/guide/tasks.md"]
    assert complete("docfs", "--cache", shared_docfs.cache, "cat", "demo@1/gu") == ["demo@1/guide/"]
    assert complete("docfs", "--cache", "/nonexistent", "cat", "demo") == []
    assert complete("docfs", "--cache", "") == []


def test_completion_takes_a_version_only_when_there_is_one(docfs, workdir):
    (workdir / "page.md").write_text("# A page\n\nIts text.\n")
    docfs.ok("add", workdir, "-c", "one@1", "-q")
    docfs.ok("add", workdir, "-c", "two@1", "-q")
    docfs.ok("add", workdir, "-c", "two@2", "-q")
    assert docfs.ok("completion", "documents", "one/").out == "one/page.md\n"
    assert docfs.ok("completion", "documents", "two/").out == ""  # as docfs cat two/page.md is refused
    assert docfs.ok("completion", "documents", "two").out == "two@1/\ntwo@2/\n"


def test_completion_runs_nothing_that_a_name_holds(docfs, workdir):
    (workdir / "$(touch ran)`touch ran`; touch ran.md").write_text("# Hostile\n\nText.\n")
    docfs.ok("add", workdir, "-c", "h")
    p = subprocess.run(["bash", "-c", COMPLETE, "bash", docfs.program, "docfs", "cat", "h/"], capture_output=True,
                       text=True, cwd=workdir, env=docfs.env(DOCFS_PROGRAM=str(docfs.program)))
    assert p.stdout.startswith("h/") and "touch ran" in p.stdout and not p.stderr
    assert not (workdir / "ran").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_know_every_command(docfs, shell):
    script = docfs.ok("completion", shell).out
    for name in docfs.ok("help", "--commands").out.split():
        assert re.search(rf"\b{name}\b", script), name
    assert "completion documents" in script or "_docfs_ask documents" in script


def test_similar(shared_docfs):
    r = shared_docfs.json("similar", "demo@1/guide/tasks.md")
    paths = [h["path"] for h in r["hits"]]
    assert paths and "guide/tasks.md" not in paths


def test_list(shared_docfs):
    c = shared_docfs.json("list")["collections"]
    assert [(x["name"], x["version"]) for x in c] == [("demo@1", "1")]
    out = shared_docfs.ok("list", "demo@1").out
    assert "guide/tasks.md" in out and "man1/lighthouse.1.md" in out


def test_skipped_files_are_listed_with_a_reason(shared_docfs):
    out = shared_docfs.ok("list", "--failures", "demo@1").out
    assert re.search(r"pixel\.gif.*", out)


def test_saved_queries(docfs, corpus):
    docfs.ok("add", corpus)
    docfs.ok("save", "cancel", "how do I cancel a task")
    assert "how do I cancel a task" in docfs.ok("save", "--list").out
    docfs.ok("save", "--delete", "cancel")
    assert "cancel a task" not in docfs.run("save", "--list").out


def test_status_and_verify(shared_docfs):
    s = shared_docfs.json("status")
    assert s["documents"] >= 11 and s["passages"] == s["vectors"] > 0
    assert shared_docfs.run("verify").code == 0


def test_config(docfs):
    docfs.ok("config", "set", "search.k", "3")
    assert docfs.ok("config", "get", "search.k").out.strip() == "3"
    docfs.ok("config", "unset", "search.k")
    assert docfs.ok("config", "get", "search.k").out.strip() == "10"
    r = docfs.run("config", "set", "search.k", "many")
    assert r.code == 2 and "search.k" in r.err
    r = docfs.run("config", "set", "search.q", "3")
    assert r.code in (2, 5) and "search.q" in r.err


def test_remove(docfs, corpus):
    docfs.ok("add", corpus, "--collection", "demo")
    assert docfs.run("remove", "demo").code == 2, "must not remove without a question or --yes"
    docfs.ok("remove", "demo", "--yes")
    assert docfs.json("status")["documents"] == 0
    assert docfs.run("search", "cancel").code == 1
    assert docfs.run("verify").code == 0


def test_usage_errors(docfs):
    r = docfs.run("serach", "x")
    assert r.code == 2 and "search" in r.err
    r = docfs.run("search", "--colection", "x", "y")
    assert r.code == 2 and "--collection" in r.err
    r = docfs.run("add", "/no/such/directory")
    assert r.code != 0 and "/no/such/directory" in r.err
    r = docfs.run("add", "/tmp", "--collection", "bad/name")
    assert r.code == 2 and "bad/name" in r.err
    r = docfs.run("config", "set", "search.k", "-3")
    assert r.code == 2 and "words that begin with '-' go after --" in r.err


def test_a_bad_value_is_named_by_the_option_that_was_typed(docfs):
    for typed in (["-k", "0"], ["-k0"], ["--limit", "0"], ["--limit=0"]):
        r = docfs.run("search", *typed, "x")
        assert r.code == 2 and f"{typed[0][:2] if typed[0][1] == 'k' else '--limit'} 0: give" in r.err, r.err
    assert "-m bad: give one of hybrid" in docfs.run("search", "-m", "bad", "x").err


def test_words_that_occur_nowhere_are_said_as_they_were_typed(shared_docfs):
    r = shared_docfs.run("search", "-c", "demo", "Öffnung")
    assert 'No document holds "öffnung".' in r.err
    assert shared_docfs.json("search", "Öffnung task")["unknown_words"] == "öffnung"


def test_a_phrase_that_stands_nowhere_is_named(shared_docfs):
    r = shared_docfs.run("search", '"task a cancel" task')
    assert r.code == 1 and 'Nowhere stands "task a cancel" word by word.' in r.err
    r = shared_docfs.run("search", '"Cancelling a task" "pool size"')
    assert r.code == 1 and "Nowhere" not in r.err and "what stands in quotes" in r.err


def test_what_is_pasted_is_no_grammar(docfs, tmp_path):
    """Quotes, dashes and colons of a stack trace are text of it."""
    (tmp_path / "errors.md").write_text("# Errors\n\nA WickError says that the lamp is dry: fill it -or else.\n")
    docfs.ok("add", tmp_path, "-q", "-c", "c")
    trace = 'Traceback (most recent call last):\n  File "/srv/lamp.py", line 3, in=burn -dry\nWickError: "lamp"\n'
    hits = json.loads(docfs.ok("search", "--json", trace).out)["hits"]
    assert hits[0]["path"] == "errors.md" and not hits[0]["below_min"]
    assert docfs.run("search", '  "no such text" lamp \n ').code == 1 # one line, with blanks around it
    assert docfs.ok("search", "--json", "-k", "1", trace).out


def test_without_its_quotes_a_question_tells_of_the_nearest_documents(shared_docfs):
    """Quotation marks of natural language are no reason to leave somebody with nothing."""
    asked = 'how do I cancel a task of the "big one"'
    r = shared_docfs.run("search", "--json", asked)
    answer = json.loads(r.out)
    assert r.code == 1 and 0 < answer["below"] == len(answer["hits"]) <= 5
    assert answer["hits"][0]["path"] == "guide/tasks.md" and answer["hits"][0]["below_min"]
    assert "Without quotes the nearest documents are these." in answer["note"]
    r = shared_docfs.run("search", asked)
    assert r.code == 1 and "(below min)" in r.out and "Without quotes" in r.err
    assert not json.loads(shared_docfs.run("search", "--json", '"big one" in=nosuch').out)["hits"]


def test_similar_words_are_words_and_no_stems(shared_docfs):
    r = shared_docfs.run("search", "-c", "demo", "schedulr", "databse")
    assert "Similar words: scheduler" in r.err and "Similar words: database" in r.err


def on_terminal(docfs, columns, *args):
    """What a person sees on a terminal of so many columns, without its colours."""
    import fcntl
    import pty
    import struct
    import termios
    main, sub = pty.openpty()
    fcntl.ioctl(sub, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    p = subprocess.Popen(docfs.argv(*args), env=docfs.env(TERM="xterm"), stdin=sub, stdout=sub, stderr=sub)
    os.close(sub)
    out = b""
    try:
        while part := os.read(main, 65536):
            out += part
    except OSError:  # the other end is closed
        pass
    os.close(main)
    p.wait()
    return re.sub(r"\x1b\[[0-9;]*[mK]", "", out.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_lines_fit_the_terminal(shared_docfs, columns):
    text = on_terminal(shared_docfs, columns, "help", "add")
    before_examples = text.split("Examples:")[0].splitlines()
    assert max(map(len, before_examples)) <= min(columns, 100)
    assert re.sub(r"\s+", " ", text) == re.sub(r"\s+", " ", shared_docfs.ok("help", "add").out)
    hits = on_terminal(shared_docfs, columns, "search", "how do I cancel a task").splitlines()
    texts = [line for line in hits if line.startswith("    ")]
    assert texts and not [line for line in texts if len(line) > columns and " " in line.strip()]
    if columns == 40:
        assert len(texts) > 2 * 3


def test_piped_hits_are_one_line_a_part(shared_docfs):
    out = shared_docfs.ok("search", "-k", "1", "how do I cancel a task").out.splitlines()
    assert len(out) == 3 and len(out[2]) > 100


def test_every_command_has_help_with_examples(docfs):
    out = docfs.ok("help").out
    names = re.findall(r"^  ([a-z]+) {2,}", out, re.M)
    assert {"add", "refresh", "remove", "list", "search", "cat", "similar", "save", "mount", "umount",
            "status", "verify", "eval", "config", "version"} <= set(names)
    for name in names:
        text = docfs.ok(name, "--help").out
        assert "docfs " + name in text


def test_missing_cache_is_explained(docfs):
    r = docfs.run("search", "x")
    assert r.code in (1, 3)
    assert str(docfs.cache) in r.err + r.out


def test_unusable_cache_names_path_and_option(docfs, tmp_path):
    (tmp_path / "file").write_text("x")
    r = docfs.run("--cache", tmp_path / "file/cache", "add", tmp_path)
    assert r.code == 3
    assert "file/cache" in r.err and "--cache" in r.err


def test_storage_dir_is_honoured(docfs, corpus, tmp_path):
    env = docfs.env()
    del env["DOCFS_CACHE"]
    env["STORAGE_DIR"] = str(tmp_path / "storage")
    import subprocess
    subprocess.run(docfs.argv("add", corpus), env=env, check=True, capture_output=True)
    assert (tmp_path / "storage/docfs.db").exists()


def test_pipe_closed_early_is_quiet(shared_docfs):
    import subprocess
    p = subprocess.Popen(shared_docfs.argv("cat", "demo@1/guide/tasks.md"), env=shared_docfs.env(),
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    p.stdout.close()
    assert p.stderr.read() == b""
    p.wait()


def test_eval(docfs, tmp_path):
    docs = [("d1", "Cancelling", "A task is cancelled with cancel()"),
            ("d/2", "Storage", "Results live in a PostgreSQL database"),
            ("d 3", "Cron", "Cron expressions have five fields")]
    (tmp_path / "corpus.jsonl").write_text("".join(
        json.dumps({"_id": i, "title": t, "text": x}) + "\n" for i, t, x in docs))
    (tmp_path / "queries.jsonl").write_text(
        json.dumps({"_id": "q1", "text": "cancel a task"}) + "\n" +
        json.dumps({"_id": "q2", "text": "postgresql database results"}) + "\n")
    (tmp_path / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td/2\t2\n")
    run = tmp_path / "run.tsv"
    r = docfs.json("eval", "--corpus", tmp_path / "corpus.jsonl", "--queries",
                   tmp_path / "queries.jsonl", "--qrels", tmp_path / "qrels.tsv", "--run", run)
    text = json.dumps(r)
    assert re.search(r'"ndcg[^"]*10":\s*1(\.0)?[,}]', text, re.I), text
    rows = [line.split("\t") for line in run.read_text().splitlines()]
    assert ["q1", "d1", "1"] in [row[:3] for row in rows]
    assert ["q2", "d/2", "1"] in [row[:3] for row in rows]
    assert not os.path.exists(docfs.cache), "eval must not touch the user's cache"


def test_eval_keeps_the_cache_but_no_setting(build, tmp_path, corpus):
    text = (corpus / "guide/tasks.md").read_text()
    (tmp_path / "c.jsonl").write_text(json.dumps({"_id": "1", "title": "Tasks", "text": text}) + "\n")
    (tmp_path / "q.jsonl").write_text(json.dumps({"_id": "1", "text": "stop a job"}) + "\n")
    (tmp_path / "r.tsv").write_text("q\td\ts\n1\t1\t1\n")
    kept, runs = Docfs(build, tmp_path / "kept"), []
    for i, setting in enumerate(([], ["--set", "search.vec_weight=0.1"], [])):
        kept.ok("eval", "--corpus", tmp_path / "c.jsonl", "--queries", tmp_path / "q.jsonl", "--qrels",
                tmp_path / "r.tsv", "--keep", kept.cache, "--run", tmp_path / f"run{i}", *setting)
        runs.append((tmp_path / f"run{i}").read_text())
    assert runs[0] == runs[2] != runs[1]
    assert kept.json("config", "get", "search.vec_weight")["origin"] == "default"
