"""What the best passages gain or lose when they are read again: words in the order of the question,
titles, release notes, and in a field that the model does not know the words that the best passages share."""
import pytest

FILLER = ("serum", "plasma", "renal", "hepatic", "lesion", "tissue", "enzyme", "cortex", "dose",
          "lymph", "axon", "gland", "fetal", "antigen", "marrow", "suture", "edema", "biopsy")


def order(docfs, pages, question):
    root = docfs.cache.parent / "pages"
    root.mkdir(exist_ok=True)
    for name, text in pages.items():
        (root / f"{name}.md").write_text(text)
    docfs.ok("add", root, "--collection", "c")
    hits = docfs.json("search", question, "-k", "100")["hits"]
    return [h["path"].removesuffix(".md") for h in hits], [h["score"] for h in hits]


def test_words_that_follow_each_other_count(docfs):
    """The same words in both: only their order differs, and without it the first would come first."""
    names, _ = order(docfs, {
        "apart": "# One\n\nEvery pool is filled by a pump and its connection is tight.\n",
        "together": "# Two\n\nEvery connection pool is filled by a pump and its is tight.\n",
        "other": "# Three\n\nNothing of that kind is said on this page, only that doors are open.\n",
    }, "connection pool")
    assert names[:2] == ["together", "apart"]


def test_a_title_that_answers_counts(docfs):
    text = "Rotation of keys is a task of the night, and rotation of logs another one.\n"
    names, _ = order(docfs, {
        "body": f"# Chores\n\n{text}",
        "title": f"# Rotation of keys\n\n{text}",
        "other": "# Weather\n\nRain is expected.\n",
    }, "rotation of keys")
    assert names[:2] == ["title", "body"]


def notes_and_guide(docfs, name, question):
    """Two pages that answer nearly as well; that of the name given a little better."""
    (docfs.cache.parent / "pages" / name).parent.mkdir(parents=True)
    names, scores = order(docfs, {
        name: "# Version 3.12\n\n## Generator expressions\n\nGenerator expressions are told apart from other "
              "expressions.\n",
        "guide": "# Guide\n\n## Generator expressions\n\nAn expression in brackets that makes its values one by "
                 "one, as generator expressions do.\n",
        "other": "# Weather\n\nRain is expected.\n",
    }, question)
    assert scores == sorted(scores, reverse=True)
    return names[:2]


@pytest.mark.parametrize("name", ["release/3.12", "release-15-2", "releases/v3.12", "whatsnew/3.9", "changelog",
                                  "CHANGES", "HISTORY", "release-notes", "docs/release-notes/index"])
def test_release_notes_stand_behind_the_guide(docfs, name):
    assert notes_and_guide(docfs, name, "generator expressions") == ["guide", name]


@pytest.mark.parametrize("question", ["new generator expressions", "history of generator expressions",
                                      "generator expressions 3.12"])
def test_release_notes_that_are_asked_for_do_not(docfs, question):
    assert notes_and_guide(docfs, "changelog", question) == ["changelog", "guide"]


@pytest.mark.parametrize("name", ["release-process", "release/howto", "history.3", "changes-of-state"])
def test_a_page_about_releasing_is_no_release_notes(docfs, name):
    assert notes_and_guide(docfs, name, "generator expressions") == [name, "guide"]


@pytest.mark.parametrize("link,first", [
    ("- [Shifting into reverse](gearbox.html#{0})", "gearbox"), ("  3. [Shifting `reverse`](#part-{0})", "gearbox"),
    ("- [Shifting into reverse](https://gears.example/{0})", "contents"),
    ("- [Shifting into reverse](gearbox.html#{0}): how it is done", "contents")])
def test_a_table_of_contents_stands_behind_what_it_leads_to(docfs, link, first):
    """Links to other sites, and links with text of their own, are no such table."""
    names, scores = order(docfs, {
        "contents": "# Shifting into reverse\n\n" + "".join(link.format(i) + "\n" for i in range(12)),
        "gearbox": "# Gearbox\n\n## Shifting into reverse\n\nTo go backwards, press the lever down while the car stands, "
                   "and pull it; it grinds when it still rolls.\n",
        "other": "# Weather\n\nRain is expected.\n",
    }, "shifting into reverse")
    assert names[0] == first and scores == sorted(scores, reverse=True)


NAMES = ("close", "getinfo", "open", "extract", "extractall", "printdir", "setpassword", "write")


@pytest.mark.parametrize("question", ["ZipFile.extractall", "ZipFile.extractall()", "extractall",
                                      "how does ZipFile.extractall work"])
def test_an_identifier_is_found_where_it_is_defined(docfs, question):
    """Not in a list of contents, which names it too, with its family."""
    listing = "".join(f"- [`ZipFile.{n}()`](zipfile.html#zipfile.ZipFile.{n})\n" for n in NAMES)
    names, _ = order(docfs, {
        "contents": f"# Contents\n\n{listing}",
        "archiving": f"# Archiving\n\n{listing}\nHow the parts work together is told elsewhere.\n",
        "zipfile": "# zipfile\n\n## ZipFile Objects\n\n" + "".join(
            f"### `zipfile.ZipFile.{n}(path=None, members=None)`\n\nDoes what it says with the members of an "
            f"archive, and takes a path.\n\n" for n in NAMES),
        "other": "# About extractall\n\nNews of extractall: extractall is new, extractall is old.\n",
    }, question)
    assert names[0] == "zipfile"


@pytest.fixture
def abstracts():
    """Abstracts of a science: those on stenosis all speak of a catheter as well."""
    pages = {}
    for i in range(40):
        words = [FILLER[(i * 5 + k * k) % len(FILLER)] for k in range(12)]
        pages[f"filler{i:02}"] = f"Findings in {' '.join(words)} of patients.\n"
    for i in range(5):
        words = [FILLER[(i * 7 + k) % len(FILLER)] for k in range(6)]
        pages[f"core{i}"] = f"Aortic stenosis and catheter: stenosis by catheter. {' '.join(words)}.\n"
    rest = " ".join(FILLER[:8])
    pages["akin"] = f"Aortic {rest} catheter in these patients.\n"
    pages["stranger"] = f"Aortic {rest} splinter in these patients.\n"
    return pages


def test_words_of_the_best_passages_count_in_a_foreign_field(docfs, abstracts):
    names, scores = order(docfs, abstracts, "aortic stenosis in patients with serum edema")
    akin, stranger = names.index("akin"), names.index("stranger")
    assert akin < stranger
    assert scores[akin] - scores[stranger] > 0.02
    assert all(0 <= s <= 1 for s in scores) and scores == sorted(scores, reverse=True)
