"""Copies: other versions and mirrors of a page are one hit that names them all; pages that only look
alike stay apart."""
import random

import pytest

WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in "aeiou" for c in ("", "n", "rel", "tik", "som")]


def prose(seed, n=600):
    rng = random.Random(seed)
    words = [rng.choice(WORDS) for _ in range(n)]
    return "\n\n".join(" ".join(words[i:i + 60]) for i in range(0, n, 60))


def page(directory, name, title, text):
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"# {title}\n\n{text}\n")


def version(tmp_path, name, release, edit=""):
    d = tmp_path / name
    for i in range(4):
        page(d, f"guide/topic{i}.md", f"Topic {i}",
             f"Release {release} of quixotry{i}. {edit}\n\n" + prose(i))
    return d


def hits(docfs, *query):
    return docfs.json("search", *query)["hits"]


def test_versions_are_one_hit(docfs, tmp_path, mount_of):
    for release in ("3.9", "3.10", "3.11"):
        docfs.ok("add", version(tmp_path, f"v{release}", release, "New in some release."), "-q",
                 "-c", f"lang@{release}")
    found = hits(docfs, "quixotry2")
    top = found[0]
    assert top["path"] == "guide/topic2.md"
    assert {(a["collection"], a["path"]) for a in top["also"]} | {(top["collection"], top["path"])} \
        == {(f"lang@{r}", "guide/topic2.md") for r in ("3.9", "3.10", "3.11")}
    assert [h["path"] for h in found].count("guide/topic2.md") == 1
    ids = {h["id"] for h in hits(docfs, "quixotry2", "--all") if h["path"] == "guide/topic2.md"}
    assert ids == {a["id"] for a in top["also"]} | {top["id"]}
    assert len(ids) == 3
    assert not any(h["also"] for h in hits(docfs, "quixotry2 copies=all"))
    only = hits(docfs, "quixotry2", "-c", "lang@3.9")[0]
    assert (only["collection"], only["also"]) == ("lang@3.9", [])
    assert "also in" in docfs.ok("search", "quixotry2").out
    # The same from the cache of answers and through the mount.
    assert hits(docfs, "quixotry2")[0]["also"] == top["also"]
    m = mount_of(docfs)
    text = (m.path / "search/quixotry2/00-RESULTS.md").read_text()
    for a in top["also"]:
        assert f"docs/{a['collection']}/{a['path']}" in text
    docfs.ok("config", "set", "search.copies", "all")
    assert len([h for h in hits(docfs, "quixotry2") if h["path"] == "guide/topic2.md"]) == 3
    docfs.ok("remove", "lang@3.10", "--yes")
    docfs.ok("config", "unset", "search.copies")
    assert [a["collection"] for a in hits(docfs, "quixotry2")[0]["also"]] in (
        ["lang@3.9"], ["lang@3.11"])
    assert docfs.run("verify").code == 0


@pytest.mark.parametrize("older,newer", [("3.9 3.10", "3.11"), ("9 10", "11"), ("15-rc1 15", "v16"), ("dev 9", "10"),
                                         ("2024-11 dev", "2025-02")])
def test_the_newest_version_is_shown(docfs, tmp_path, older, newer):
    old = older.split()
    for release in (old[0], newer, old[1]):
        docfs.ok("add", version(tmp_path, f"v{release}", release), "-q", "-c", f"lang@{release}")
    top = hits(docfs, "quixotry2")[0]
    assert top["collection"] == f"lang@{newer}" and len(top["also"]) == 2
    # Nor does the number of documents matter: the others are looked at behind the last one.
    assert [(h["collection"], len(h["also"])) for h in hits(docfs, "quixotry2", "-k", "1")] == [(f"lang@{newer}", 2)]


def test_versions_are_one_similar_document(docfs, tmp_path):
    for release in "9", "10":
        docfs.ok("add", version(tmp_path, f"v{release}", release), "-q", "-c", f"lang@{release}")
    near = docfs.json("similar", "lang@10/guide/topic0.md", "-k", "9")["hits"]
    paths = [h["path"] for h in near]
    assert len(paths) == len(set(paths)) and len(paths) > 2
    assert {h["collection"] for h in near if h["also"]} == {"lang@10"}
    assert len(docfs.json("similar", "lang@10/guide/topic0.md", "-k", "9", "--set", "search.copies=all")["hits"]) > \
        len(paths)


def test_of_many_versions_the_newest_are_named(docfs, tmp_path):
    for n in range(14):
        version(tmp_path / "many", f"v1.{n}", f"1.{n}")
    docfs.ok("add", tmp_path / "many", "-q", "-c", "many")
    top = hits(docfs, "quixotry2")[0]
    assert [top["path"]] + [a["path"] for a in top["also"]] == [f"v1.{n}/guide/topic2.md" for n in range(13, 4, -1)]
    assert hits(docfs, "quixotry2 k=1")[0]["path"] == top["path"]
    assert "v1.10/guide/topic2.md and more (copies=all)" in docfs.ok("search", "quixotry2").out


def test_versions_within_one_collection_are_one_hit(docfs, tmp_path):
    places = [("v0.9.x", "next", "v0.10.x"), ("1.2", "latest", "1.10")]
    newest = ["v0.10.x/guide/topic2.md", "latest/guide/topic2.md"]
    for n, names in enumerate(places):
        for name in names:
            version(tmp_path / f"set{n}", name, name)
        docfs.ok("add", tmp_path / f"set{n}", "-q", "-c", f"set{n}")
        found = hits(docfs, f"quixotry2 in=set{n}")
        assert found[0]["path"] == newest[n], found[0]
        assert {a["path"] for a in found[0]["also"]} == {f"{x}/guide/topic2.md" for x in names} - {newest[n]}
        assert [h["score"] for h in found] == sorted((h["score"] for h in found), reverse=True)
        assert sum("topic2" in h["path"] for h in found) == 1
        assert sum("topic2" in h["path"] for h in hits(docfs, f"quixotry2 in=set{n} copies=all")) == 3


def test_an_exact_copy_is_one_wherever_it_lies(docfs, tmp_path):
    d = tmp_path / "d"
    page(d, "a/one.md", "One", "short zygote")
    page(d, "b/other-name.md", "One", "short zygote")
    docfs.ok("add", d, "-q", "-c", "d")
    found = hits(docfs, "zygote")
    assert len(found) == 1 and len(found[0]["also"]) == 1


def test_alike_pages_of_one_collection_stay_apart(docfs, tmp_path):
    """Reference pages from one mould differ in a word or two."""
    d = tmp_path / "d"
    mould = prose("mould")
    for i in range(8):
        page(d, f"api/set{i}.md", "Reference", f"The function set_knob{i}.\n\n{mould}")
    docfs.ok("add", d, "-q", "-c", "d")
    found = hits(docfs, "function set_knob", "-k", "20")
    assert len(found) == 8 and not any(h["also"] for h in found)
    again = tmp_path / "mirror"
    for i in range(8):
        page(again, f"api/set{i}.md", "Reference", f"The function set_knob{i} here.\n\n{mould}")
    docfs.ok("add", again, "-q", "-c", "mirror")
    found = hits(docfs, "function set_knob3", "-k", "20", "-c", "d", "-c", "mirror")
    assert found[0]["path"] == "api/set3.md" and "api/set3.md" in [a["path"] for a in found[0]["also"]]


def test_a_page_and_its_source_are_one_hit(docfs, tmp_path):
    """As packages of documentation have them side by side: HTML, and what it was made from."""
    d = tmp_path / "d"
    for name, seed in ("stash", 1), ("bisect", 2):
        text = prose(seed)
        page(d, f"{name}.md", f"tool-{name}(1)", f"Makes a quokka of {name}.\n\n{text}")
        (d / f"{name}.html").write_text(f"<html><title>tool-{name}(1) Manual Page</title><body><h1>tool-{name}(1) Manual Page"
                                        f"</h1><p>Makes a quokka of {name}.</p>"
                                        + "".join(f"<p>{p}</p>" for p in text.split("\n\n")) + "</body></html>")
        (d / f"{name}.rst").write_text(f"{name}\n{'=' * len(name)}\n\nThe quokka of {name} in other words.\n\n{prose(seed + 10)}\n")
    docfs.ok("add", d, "-q", "-c", "d")
    found = hits(docfs, "quokka of bisect", "-k", "20")
    assert len(found) == 4, found
    pairs = [{h["path"], *(a["path"] for a in h["also"])} for h in found]
    for name in "stash", "bisect":
        assert [p for p in pairs if any(name in x for x in p)] in (
            [{f"{name}.md", f"{name}.md.md"}, {f"{name}.rst.md"}], [{f"{name}.rst.md"}, {f"{name}.md", f"{name}.md.md"}])
    assert len(hits(docfs, "quokka of bisect copies=all", "-k", "20")) == 6


def test_a_manual_as_html_and_as_text_is_one_hit_a_page(docfs, tmp_path):
    """Marks, quotes and line breaks differ between formats: under one title half of the words will do, under
    another one they will not."""
    d = tmp_path / "d"
    for name, seed in ("csv", 1), ("xml", 2):
        words = prose(seed).split()
        page(d, f"book/{name}.md", f"5.14.{seed} ‘{name}’ — Reads {name.upper()} files",
             f"Vixens of {name}.\n\n" + " ".join(words))
        marked = " ".join(f"<code>{w}</code>s" if i % 12 == 5 else w for i, w in enumerate(words))
        for file, title in (name, f"{name} — Reads {name.upper()} files"), (f"other-{name}", f"Vixens, {name}"):
            (d / f"{file}.html").write_text(f"<html><title>{title}</title><body><h1>{title}</h1>"
                                            f"<p>Vixens of {name}.</p><p>{marked} {file * 3}</p></body></html>")
    docfs.ok("add", d, "-q", "-c", "d")
    found = hits(docfs, "vixens of csv", "-k", "20")
    places = [{h["path"], *(a["path"] for a in h["also"])} for h in found]
    assert {"csv.md", "book/csv.md"} in places and {"xml.md", "book/xml.md"} in places
    assert {"other-csv.md"} in places and {"other-xml.md"} in places


def test_another_page_elsewhere_is_no_copy(docfs, tmp_path):
    """The same name and title, other words; or the same words under another name and title."""
    page(tmp_path / "a", "index.md", "Index", "wyvern one\n\n" + prose("a"))
    page(tmp_path / "b", "index.md", "Index", "wyvern two\n\n" + prose("b"))
    page(tmp_path / "c", "start.md", "Start", "wyvern three\n\n" + prose("a"))
    for name in "abc":
        docfs.ok("add", tmp_path / name, "-q", "-c", name)
    found = hits(docfs, "wyvern")
    assert len(found) == 3 and not any(h["also"] for h in found)


def test_a_changed_page_is_judged_by_its_new_text(docfs, tmp_path):
    a, b = version(tmp_path, "a", "1"), version(tmp_path, "b", "2")
    docfs.ok("add", a, "-q", "-c", "x@1")
    docfs.ok("add", b, "-q", "-c", "x@2")
    assert hits(docfs, "quixotry1")[0]["also"]
    page(b, "guide/topic1.md", "Topic 1", "quixotry1 rewritten\n\n" + prose("other"))
    docfs.ok("refresh")
    assert not any(h["also"] for h in hits(docfs, "quixotry1") if h["path"] == "guide/topic1.md")
