"""What the markup languages become, seen through the command line."""


def test_rst_signatures_carry_their_module(convert):
    md = convert("""\
Bisection
=========

.. module:: bisect
   :synopsis: Not shown.

.. function:: bisect_right(a, x)
              bisect(a, x)

   See :func:`insort` and :meth:`~Foo.run`.

   .. versionchanged:: 3.10
      Added *key*.

.. class:: Task(coro)

   .. method:: cancel(msg=None)

      Stops.

.. confval:: addopts
   :type: ``list[str]``

   Code with ```ticks```.

.. versionadded:: 3.2

.. deprecated-removed:: 3.8 3.11
   Use another one.
""", "bisect.rst")
    assert "# Bisection\n" in md
    assert "## `bisect.bisect_right(a, x)`\n\n`bisect.bisect(a, x)`" in md
    assert "See `insort()` and `run()`." in md
    assert "Changed in version 3.10: Added *key*." in md
    assert "`class bisect.Task(coro)`" in md and "### `bisect.Task.cancel(msg=None)`" in md
    assert "`addopts: list[str]`" in md
    assert "Code with `` `ticks` ``." in md
    assert "New in version 3.2." in md and "Deprecated since version 3.8: 3.11 Use another one." in md
    assert "Not shown" not in md


def test_rst_quotes_may_go_over_two_lines(convert):
    md = convert("""\
Page
====

Read `the manual
<https://example.org/manual>`_ and ``two
words`` of *it*, then::

    $ run it

* one
* two
""", "page.rst")
    assert "[the manual](https://example.org/manual)" in md.replace("\n", " ").replace("  ", " ")
    assert "`two words`" in md and "then:\n\n```\n$ run it\n```" in md
    assert "* one\n* two" in md


def test_rst_items_of_lists_may_go_over_lines(convert):
    md = convert("""\
Items
=====

- :py:func:`pytest.fixture` allows one to :ref:`parametrize fixture
  functions <fixture-parametrize>`.
- The :data:`.session` and :meth:`.Flask.run` of a :class:`custom
  <celery.app.Request>` class.

- `celery.app.Task`:class: and the `worker <guide-workers>`:ref:, `a`: b

1. One `link
   <https://a.example/>`_ and

   * within it
     another
""", "items.rst")
    assert "- `pytest.fixture()` allows one to parametrize fixture functions.\n" in md
    assert "- The `session` and `Flask.run()` of a `custom` class.\n" in md
    assert "- `celery.app.Task` and the worker, `a`: b\n" in md
    assert "1. One [link](https://a.example/) and\n\n   * within it another\n" in md


def test_rst_a_setting_above_its_section_is_said_once(convert):
    md = convert("""\
Settings
========

.. setting:: result_expires

``result_expires``
~~~~~~~~~~~~~~~~~~

Default: 1 day.

.. setting:: lonely

Text of it.
""", "settings.rst")
    assert md.count("`result_expires`") == 1 and "## `result_expires`\n\nDefault: 1 day.\n" in md
    assert "`lonely`\n\nText of it.\n" in md


def test_directives_of_django(convert):
    md = convert("""\
Page
====

.. console::

    $ python manage.py light
    ...\\> py manage.py light

.. snippet::
    :filename: lamp/models.py

    from lamp import *

.. fieldlookup:: exact

``exact``
---------

Exact match.
""", "django.rst")
    assert "```console\n$ python manage.py light\n...\\> py manage.py light\n```\n" in md
    assert "**lamp/models.py**\n\n```\nfrom lamp import *\n```\n" in md
    assert "\n## `exact`\n\nExact match.\n" in md and "\nexact\n" not in md


def test_references_to_titles_of_the_page(convert):
    md = convert("""\
Page
====

See :ref:`lazy_loading`, :ref:`Top-Label`, :ref:`this <lazy_loading>` and :ref:`elsewhere`.

.. _lazy_loading:
.. _other:

Lazy ``loading``
----------------

.. _top-label:

======
On top
======

.. _elsewhere:

No title.
""", "labels.rst")
    assert "See Lazy `loading`, On top, this and elsewhere.\n" in md


def test_rst_cells_may_go_over_lines(convert):
    md = convert("""\
Cells
=====

===  ==========
a    first line
     second line
b    x|y
===  ==========

.. list-table::

   * - Key
     - Values
   * - k
     - One of

       - first
       - second
""", "cells.rst")
    assert "| a | first line second line |\n" in md
    assert "| b | x\\|y |\n" in md
    assert "| Key | Values |\n|---|---|\n| k | One of - first - second |\n" in md


def test_rst_grid_tables(convert):
    md = convert("""\
Grid
====

+------+---------------+
| Name | Meaning       |
+======+===============+
| a    | over two      |
|      | ``lines``     |
+------+---------------+
| b    | second        |
| 語   | 😀 wide       |
+------+---------------+

A cell over two columns, and a table in a cell, stay as they are:

+------+------+
| a    | b    |
+------+------+
| over both   |
+-------------+

+-----------+-----+
| +---+---+ | out |
| | 1 | 2 | |     |
| +---+---+ |     |
+-----------+-----+

End.
""", "grid.rst")
    assert "| Name | Meaning |\n|---|---|\n| a | over two `lines` |\n| b 語 | second 😀 wide |\n" in md
    assert "```\n+------+------+\n| a    | b    |\n" in md and "| over both   |" in md
    assert "| +---+---+ | out |\n| | 1 | 2 | |     |" in md and "\nEnd.\n" in md


def test_rst_tables_become_tables(convert):
    md = convert("""\
Tables
======

=====  =======
Name   Meaning
=====  =======
a      ``first``
b      second
=====  =======

.. list-table:: Ports
   :header-rows: 1

   * - Port
     - Use
   * - 80
     - web
""", "tables.rst")
    assert "| Name | Meaning |\n|---|---|\n| a | `first` |\n| b | second |" in md
    assert "| Port | Use |\n|---|---|\n| 80 | web |" in md


INFO = """\
This is x.info, produced by makeinfo version 6.8 from x.texi.

INFO-DIR-SECTION Tools
START-INFO-DIR-ENTRY
* X: (x).  A tool.
END-INFO-DIR-ENTRY

\x1f
File: x.info,  Node: Top,  Next: Start,  Up: (dir)

The X manual
************

X does *what* it does.

* Menu:

* Start::         How it begins.
* Concept Index::

\x1f
File: x.info,  Node: Start,  Next: Concept Index,  Prev: Top,  Up: Top

1 How it begins
***************

See *note Concept Index:: and *note the other
page: (other)Node of it, or *note f(): 12c. in the text.

     >>> 1/0
     ~~~~~~~
     ~^~

1.1 Deeper
==========

Text.
\x1f
File: x.info,  Node: Concept Index,  Prev: Start,  Up: Top

Concept Index
*************

\0\b[index\0\b]
* Menu:

* begin:      Start.     (line 3)
\x1f
Tag Table:
Node: Top 200
\x1f
End Tag Table
"""


def test_info_is_read_without_its_machinery(convert):
    assert convert(INFO, "x.info") == """\
# The X manual

X does *what* it does.

## 1 How it begins

See Concept Index and the other
page, or f() in the text.

     >>> 1/0
     \\~~~~~~~
     ~^~

### 1.1 Deeper

Text.
"""


def info_node(name, title, mark, text):
    return f"\x1f\nFile: x.info,  Node: {name},  Up: Top\n\n{title}\n{mark * len(title)}\n\n{text}\n"


def big_info(chapters=3, sections=4):
    """Chapter 2 is larger than a page wants to be, the others are not."""
    head, top = INFO.split("\x1f")[:2]
    head = head.replace("* X: (x)", "* Y: (y)". ljust(60) * 100 + "\n* X: (x)") # the first node begins late
    nodes = []
    for c in range(1, chapters + 1):
        nodes.append(info_node(f"C{c}", f"{c} Chapter {c}", "*", f"About chapter {c}."))
        for n in range(1, sections + 1):
            text = f"Sentence of section {c}.{n}, again. " * (400 if c == 2 else 10)
            nodes.append(info_node(f"S{c}{n}", f"{c}.{n} Section {n}", "=", text))
            nodes.append(info_node(f"D{c}{n}", f"{c}.{n}.1 Detail", "-", f"Detail of {c}.{n}."))
            nodes.append(f"\x1f\nFile: x.info,  Node: F{c}{n}\n\n   (1) A footnote of {c}.{n}.\n")
    return head + "\x1f" + top + "".join(nodes)


def test_a_large_info_manual_is_a_page_for_each_part(docfs, workdir):
    (workdir / "x.info").write_text(big_info())
    docfs.ok("add", workdir, "-c", "c", "-q")
    pages = [d["path"] for d in docfs.json("list", "c")["documents"]]
    assert pages == ["x.info/001-the-x-manual.md", "x.info/002-1-chapter-1.md", "x.info/003-2-chapter-2.md",
                     "x.info/004-2.1-section-1.md", "x.info/005-2.2-section-2.md", "x.info/006-2.3-section-3.md",
                     "x.info/007-2.4-section-4.md", "x.info/008-3-chapter-3.md"]
    whole = docfs.ok("cat", "c/x.info/002-1-chapter-1.md").out
    assert whole.startswith("# 1 Chapter 1\n\nAbout chapter 1.\n\n## 1.1 Section 1\n\nSentence")
    assert "\n### 1.4.1 Detail\n" in whole and "(1) A footnote of 1.4." in whole
    assert docfs.ok("cat", "c/x.info/003-2-chapter-2.md").out == "# 2 Chapter 2\n\nAbout chapter 2.\n"
    section = docfs.ok("cat", "c/x.info/005-2.2-section-2.md").out
    assert section.startswith("# 2.2 Section 2\n\nSentence") and "\n## 2.2.1 Detail\n" in section
    assert section.rstrip().endswith("(1) A footnote of 2.2.")
    titles = {h["path"]: h["title"] for h in docfs.json("search", "chapter section", "-k", "20")["hits"]}
    assert titles["x.info/003-2-chapter-2.md"] == "2 Chapter 2"
    assert titles["x.info/005-2.2-section-2.md"] == "2 Chapter 2: 2.2 Section 2" # each chapter has a "Section 2"


def test_an_info_manual_has_no_more_pages_than_are_allowed(docfs, workdir):
    (workdir / "x.info").write_text(big_info())
    for most, n in (8, 8), (7, 4), (4, 4), (3, 1), (1, 1):
        docfs.ok("add", workdir, "-c", f"c{most}", "-q", "--set", f"ingest.max_pages={most}")
        documents = docfs.json("list", f"c{most}")["documents"]
        assert len(documents) == n, documents
    one = docfs.ok("cat", "c1/x.info.md").out
    assert one.startswith("# The X manual\n") and "\n## 1 Chapter 1\n" in one and "\n### 2.4 Section 4\n" in one


def test_info_without_text_is_left_out(docfs, workdir):
    (workdir / "x.info").write_text(INFO.split("\x1f")[0] + "\x1f\nIndirect:\nx.info-1: 200\n")
    docfs.adds_nothing(workdir, "--collection", "c", "-q")
    assert "in other files" in docfs.ok("list", "--failures", "c").out


GRID = ('<div class="summary-table three-column-summary"><div class="table-header col-first">Type</div>'
        '<div class="table-header col-second">Method</div><div class="table-header col-last">Description</div>{}</div>')
CELLS = ['<div class="col-first even-row-color"><code>Optional&lt;T&gt;</code></div>',
         '<div class="col-second"><code><a href="#of(T)">of</a><wbr>(T&nbsp;a|b)</code></div>',
         '<div class="col-last"><div class="block">Makes one of a wick.</div></div>']


def test_tables_of_javadoc(docfs, tmp_path):
    """They have no <table>: the cells lie side by side, and the heads tell how many make a row."""
    def text(name, inner):
        page = tmp_path / f"{name}.html"
        page.write_text(f"<html><body><main><h1>Class Lamp</h1><p>A lamp.</p>{GRID.format(inner)}</main></body></html>")
        docfs.ok("add", page, "-c", name)
        return docfs.ok("cat", f"{name}/{name}.md").out

    assert text("grid", "".join(CELLS * 2)).count(
        "| `Optional<T>` | `of(T a\\|b)` | Makes one of a wick. |") == 2
    assert "| Type | Method | Description |\n| --- | --- | --- |" in text("one", "".join(CELLS))
    odd = text("odd", "".join(CELLS) + "<div>left over</div>")
    assert "|" not in odd.replace("a|b", "") and "Makes one of a wick." in odd and "left over" in odd


def test_rst_marks_over_lines_of_a_note(convert):
    md = convert("""\
:orphan:
:tocdepth: 2

Notes
=====

.. warning:: Open files in :ref:`binary
             mode <files>`. The ``Content-Length``
             header counts.

   Second paragraph.

.. versionchanged:: 2.0 Calls :func:`run
   now <run>` at once.
""", "note.rst")
    assert md.startswith("# Notes\n")
    assert "> **Warning** Open files in binary mode. The `Content-Length` header counts.\n>\n> Second" in md
    assert "Changed in version 2.0: Calls `run now` at once." in md


def test_csv_table(convert):
    md = convert('''\
Menu
====

.. csv-table:: Food
   :header: "Name", Price
   :widths: 1, 2

   "Fish, ""fried""", 4
   "Over
   lines", ``5``

After.
''', "csv.rst")
    assert "**Food**\n\n| Name | Price |\n|---|---|\n" in md
    assert '| Fish, "fried" | 4 |\n| Over lines | `5` |\n\nAfter.' in md


def test_rst_tabs_stop_at_every_eighth_column(convert):
    md = convert("Code\n====\n\nIt is::\n\n\tif (a)\n\t\tb();\n\n"
                 ".. list-table::\n\n\t* - a\n\t  - b\n", "tabs.rst")
    assert "```\nif (a)\n        b();\n```" in md and "| a | b |" in md


def test_rst_names_are_resolved(convert):
    md = convert("""\
Names
=====

See Flask_, `the book`_, `a text`__, `Own <https://own.example/>`_, again Own_, Names_ and
an unknown_ name. |logo| |app| costs 3 |euro|, |copy| 2020, release |release|; a | b | c.

Note [1]_, one [#]_, two [#b]_ and [CIT2002]_. An _`inline place`.

.. _Flask: https://flask.example/
.. _the book:
   https://book.example/a/
   long/way
__ https://anonymous.example/
.. |app| replace:: The *app*
   of ``all``
.. |euro| unicode:: 0x20AC .. sign
.. |logo| image:: logo.png
   :alt: A logo

.. [1] First.
.. [#] Second
   goes on.
.. [#b] Third.
.. [CIT2002] A book.
""", "names.rst")
    assert "See [Flask](https://flask.example/), [the book](https://book.example/a/long/way), " \
        "[a text](https://anonymous.example/), [Own](https://own.example/), again " \
        "[Own](https://own.example/), Names and an unknown_ name." in md
    assert "A logo The *app* of `all` costs 3 €, © 2020, release release; a | b | c." in md
    assert "Note [1], one [1], two [2] and [CIT2002]. An inline place." in md
    assert "[1] First.\n" in md and "[1] Second goes on.\n" in md and "[2] Third." in md and "[CIT2002] A book." in md


def test_rst_substitutions_do_not_go_round(convert):
    md = convert("Round\n=====\n\nIt is |a| and |b|.\n\n.. |a| replace:: |b| |b|\n.. |b| replace:: |a| |a|\n", "r.rst")
    assert "It is b b and a a." in md


def test_rst_lists_of_every_kind(convert):
    md = convert("""\
Lists
=====

term : kind
    Its text.

    Second.
``other``
    More::

        code

:Author: Me
:param str name: What it is
    called.
:param size: How big.
:type size: int
:returns: nothing

-f FILE, --file=FILE  Reads it.
--long
    Text below.

| line one
| line two
  goes on

#. first
#. second

a) letter
b) next

* A long line of an item that somebody wrapped with an editor which
    goes on too far to the right.

      And so does this.

* term
    Its text.

A paragraph.

    A quotation.

:class:`Thing` is no field, for::

> quoted
> literal
""", "lists.rst")
    assert "- **term** : kind\n  Its text.\n\n  Second.\n- **`other`**\n  More:\n\n  ```\n  code\n  ```\n" in md
    assert "- **Author:**\n  Me\n- **Parameters:**\n  - **name** (str) – What it is called.\n" \
        "  - **size** (int) – How big.\n- **Returns:**\n  nothing\n" in md
    assert "- `-f FILE, --file=FILE`\n  Reads it.\n- `--long`\n  Text below.\n" in md
    assert "line one  \nline two goes on\n" in md
    assert "1. first\n2. second\n\n1. letter\n2. next\n" in md
    assert "* A long line of an item that somebody wrapped with an editor which goes on too far to the right.\n\n" \
        "  And so does this.\n\n* - **term**\n    Its text.\n" in md
    assert "\n> A quotation.\n" in md
    assert "`Thing` is no field, for:\n\n```\n> quoted\n> literal\n```" in md


def test_rst_directives_of_sphinx(convert):
    md = convert("""\
Directives
==========

.. rubric:: Small title

.. only:: html

   Shown.

.. only:: latex

   Not shown.

.. tab-set::

   .. tab-item:: Linux

      On Linux.

.. grid:: 1 2 3

   .. grid-item-card:: Card
      :link: x

      In a card.

.. glossary::

   builder
   maker
      Makes.

.. automodule:: pkg.mod
   :members:

.. figure:: x.png
   :alt: A figure

   Its caption.

.. productionlist:: g
   name: `other` | `third`
       : | "x"

.. parsed-literal::

   run *this* :ref:`thing <x>`

.. testcode::
   :hide:

   hidden = 1

.. versionadded:: 2.0 It is
   now::

      code(1)

.. class:: Box(width, \\
               height)

   .. method:: open()
      :async:

   .. attribute:: lid
      :type: int
""", "directives.rst")
    assert "**Small title**" in md and "Shown." in md and "Not shown" not in md
    assert "**Linux**\n\nOn Linux." in md and "**Card**\n\nIn a card." in md and "1 2 3" not in md
    assert "- **builder**, **maker**\n  Makes." in md and "`pkg.mod`" in md
    assert "A figure\n\nIts caption." in md and "name ::= other | third\n" in md and '| "x"' in md
    assert "```\nrun this thing\n```" in md and "hidden" not in md
    assert "New in version 2.0: It is now:\n\n```\ncode(1)\n```" in md
    assert "## `class Box(width, height)`\n\n### `async Box.open()`\n\n### `Box.lid: int`" in md


def test_rst_changelogs_say_their_versions(convert):
    md = convert("""\
2.0 Changelog
=============

.. changelog::
    :version: 2.0.1
    :released: March 1, 2020

    .. change::
        :tags: bug, *orm*
        :tickets: 1

        Fixed the wick.

        - at once

    .. change::
        Without tags.

.. changelog::
    :version: 2.0.0
""", "changelog.rst")
    assert md == """\
# 2.0 Changelog

## 2.0.1

Released: March 1, 2020

- **bug, *orm***: Fixed the wick.

  - at once

- Without tags.

## 2.0.0
"""


def test_rst_nesting_has_an_end(convert):
    text = "Deep\n====\n\n" + "".join(" " * 2 * i + f"* item{i}\n\n" for i in range(200))
    md = convert(text, "deep.rst")
    assert "item0" in md and "item199" in md and len(md) < 4 * len(text)


def test_rst_tables_with_blocks_and_spans(convert):
    md = convert("""\
Tables
======

======  =====
   Both
-------------
Name    Use
======  =====
größe   how

        .. note:: big
======  =====

+--------+------+
| größe  | x    |
+========+======+
| | one  | über |
| | two  |      |
+--------+------+

.. flat-table::

   * .. _place:

     - ``A``
     - text
       more
""", "spans.rst")
    assert "| Both |  |\n" in md and "| Name | Use |\n" in md and "| größe | how > **Note** big |" in md
    assert "| größe | x |\n|---|---|\n| one two | über |" in md
    assert "| `A` | text more |" in md


ADOC = """\
= Lamp
Jo Doe <jo@example.org>
v1.0, 2024-01-01
:site: https://lamp.example
:light: on

ifdef::backend-html5[]
Shown in {site}/a[the *manual*].
endif::[]
ifndef::backend-html5[]
Not shown.
endif::[]
ifeval::["{light}" == "off"]
Dark.
endif::[]

[#why]
== Why, `x`?

NOTE: One line
of two.

[WARNING]
.Hot
====
Do not touch.

----
code <1>
----
<1> a callout
====

[source,java]
foo();

--
Open *block*, see <<why>> and <<why,here>>.
--

* one
+
[source,python]
----
if x:
    y()
----
** two
... deep

+
of two

//-

. first
. second

//-

What:: it is
Empty::
  text
  below
Both::
Names:: are it

 literal
   text

Press kbd:[Ctrl+C], menu:File[Open > New], btn:[OK]; stem:[x^2]; pass:[<b>raw</b>]; ++*not*++;
__em__ph and **st**rong, `+{literal}+`, \\*star*, footnote:[A note.] image:a.png[Alt, 20]
link:x.html[a, b=c] ((term)) (((hidden))) `<T>` x<T> {unknown} snake_case_name.

`javadoc:org.lamp.Light[format=annotation]`, configprop:lamp.on[], javadoc:org.Lamp[a lamp].

[quote,Jo,A book]
Said.

[verse]
Line *one*
  line two
"""

ADOC_TABLES = '''\
.Sizes
[cols="1,2a",options="header"]
|===
|Name
|What

|lamp \\| x
|* light
* bulb

2+|both
.2+|tall
|1
h|2
|===

|===
|A |B

3*|x
|y
|===

[cols=2*]
,===
a,"b, ""c"""

d,e
,===
'''


def test_asciidoc_blocks(convert):
    md = convert(ADOC, "lamp.adoc")
    assert md.startswith("# Lamp\n\nShown in [the **manual**](https://lamp.example/a).\n\n## Why, `x`?\n")
    assert "Not shown" not in md and "Dark" not in md and "Jo Doe" not in md
    assert "> **Note**\n>\n> One line of two.\n" in md
    assert ("**Hot**\n\n> **Warning**\n>\n> Do not touch.\n>\n> ```\n> code (1)\n> ```\n>\n"
            "> 1. a callout\n") in md
    assert "```java\nfoo();\n```\n\nOpen **block**, see " in md and "--" not in md
    assert "  ```python\n  if x:\n      y()\n  ```\n\n  - two\n\n    1. deep\n\n    of two\n" in md
    assert "1. first\n2. second\n" in md
    assert "- **What**\n  it is\n\n- **Empty**\n  text below\n\n- **Both**, **Names**\n  are it\n" in md
    assert "  ```\n  literal\n    text\n  ```" in md
    assert "Press Ctrl+C, File > Open > New, OK; $x^2$; **raw**; \\*not*;" in md
    assert "*em*ph and **st**rong, `{literal}`, \\*star*, (A note.) ![Alt](a.png)" in md
    assert "[a](x.html) term `<T>` x\\<T> {unknown} snake_case_name." in md
    assert "`@Light`, `lamp.on`, `a lamp`." in md
    assert "> Said.\n\n— Jo, A book\n" in md and "```\nLine one\n  line two\n```" in md


def test_asciidoc_entities_in_code_are_characters(convert):
    md = convert("= Page\n\nEnd with `&#42;/`, from `&lt;Location`, as `+&lt;+`, `\\&lt;` and `a && b`.\n", "code.adoc")
    assert "End with `*/`, from `<Location`, as `&lt;`, `&lt;` and `a && b`.\n" in md


def test_asciidoc_pages_of_antora_are_found_from_the_page(docfs, workdir):
    page = workdir / "modules" / "ROOT" / "pages" / "web" / "csrf.adoc"
    page.parent.mkdir(parents=True)
    page.write_text("""\
= CSRF

[[off]]
== Off

See xref:web/http.adoc#proxy[Proxies], xref:how-to:deploy/cloud.adoc[the cloud], xref:./near.adoc[near],
xref:#off[here], <<off>>, xref:index.adoc[] and xref:other:component:page.adoc[far].
""")
    docfs.ok("add", workdir, "--collection", "c", "-q")
    md = docfs.ok("cat", "c/modules/ROOT/pages/web/csrf.md").out
    assert "[Proxies](../web/http.adoc#proxy)" in md
    assert "[the cloud](../../../how-to/pages/deploy/cloud.adoc)" in md
    assert "[near](./near.adoc)" in md and "here, Off" in md
    assert "[index](../index.adoc)" in md and " and far." in md


def test_asciidoc_tables(convert):
    md = convert(ADOC_TABLES, "tables.adoc")
    assert "**Sizes**\n\n| Name | What |\n| --- | --- |\n| lamp \\| x | light<br>bulb |" in md
    assert "| both |  |\n| tall | 1 |\n|  | 2 |\n" in md
    assert "| A | B |\n| --- | --- |\n| x | x |\n| x | y |" in md
    assert '| a | b, "c" |\n| --- | --- |\n| d | e |' in md


def test_asciidoc_limits(convert):
    deep = "= Deep\n\n" + "".join("=" * n + "\n" for n in range(4, 60)) + "inside\n"
    assert "inside" in convert(deep, "deep.adoc")
    lists = "".join(f"{c * n} {c}{n}\n" for n in range(1, 6) for c in "*.")
    md = convert("= Lists\n\n" + lists + "\na:: 1\nb::: 2\nc:::: 3\nd;; 4\n", "lists.adoc")
    assert all(x in md for x in ("*5", ".5", "4"))
    # none of these is looked for more than once
    marks = convert("= Marks\n\n" + "*_" * 500 + " " + "`<<[[((" * 500 + " kbd:[" * 500 + " kbd:[\\] " * 50000 + " end\n", "marks.adoc")
    assert "end" in marks
    assert "x" in convert(":a: xxxxxxxxxx\n" + ":a: {a}{a}{a}{a}\n" * 50 + "\n= T\n\nx {a}\n", "bomb.adoc")


POD = r"""package Lamp;
use strict;
my $x = 'not shown';

=encoding utf8

=head1 NAME

Lamp - light B<in> every C<port>

=head1 SYNOPSIS

  use Lamp;

  my $l = Lamp->new(wick => '*');

=head1 METHODS

See L<Lamp::Oil>, L<Lamp::Oil/"burn">, L</trim>, L<the site|https://lamp.example/?a=1&b=2> and
L<https://lamp.example/>, F</etc/lamp>, C<< $a->{b} >> and E<lt>E<0x263A>E<eacute>E<gt>.

=head2 trim($n)

=over 4

=item * One

=item * Two with I<marks>

More of B<it>.

=back

=over

=item wick

=item C<oil>

What burns.

=over

=item 1. first

=item 2. second

=back

=back

=begin html

<b>not shown</b>

=end html

=for comment not shown

X<index>A C<code never closed

Text with <tags> and *stars*.

=cut

sub not_shown { 1 }

=head1 AUTHOR

Jo.

=cut
"""


def test_pod_alone_and_between_code(convert):
    assert convert(POD, "Lamp.pm") == r"""# Lamp - light in every `port`

## SYNOPSIS

```
use Lamp;

my $l = Lamp->new(wick => '*');
```

## METHODS

See `Lamp::Oil`, "burn" in `Lamp::Oil`, "trim", [the site](https://lamp.example/?a=1&b=2) and """ \
        r"""<https://lamp.example/>, `/etc/lamp`, `$a->{b}` and <☺é>.

### trim($n)

- One

- Two with *marks*

  More of **it**.

- **wick**, `oil`
  What burns.
  1. first
  2. second

A `code never closed`

Text with \<tags> and \*stars*.

## AUTHOR

Jo.
"""


def test_perl_without_pod_is_source_code(docfs, workdir):
    (workdir / "Lamp.pm").write_text("package Lamp;\n1;\n")
    (workdir / "bare.pod").write_text("=head1 Oil\n\nBurns.\n\n" + "=over\n\n=item x\n\n" * 40)
    docfs.ok("add", workdir, "--collection", "c", "-q")
    assert docfs.paths("c") == ["bare.pod.md"]
    assert docfs.ok("cat", "c/bare.pod.md").out.startswith("## Oil\n\nBurns.\n")
    assert "source code" in docfs.ok("list", "--failures", "c").out


VIM_HELP = """\
*lamp.txt*	For Vim version 9.0.  Last change: 2024 Jan 01

		  VIM REFERENCE MANUAL	  by Jo

			Lights in ports

1. Wick			|lamp-wick|
2. Oil			|oil|

==============================================================================
1. The wick						*lamp-wick* *wick*

Trim it, see |:trim| and 'a|b': >vim
	if dark
	  :trim
	endif
<Then light it.

						*:trim* *:trim!*
:trim[!] {n}	Cut the wick.  # no heading
		Example: >
			:trim 3
	<
		Done.

burn({oil})						*burn()*
light						*light()*
		Burns.

OIL					*oil*

Of whales ~

	Not a heading ~
*last*
 vim:tw=78:ts=8:ft=help:norl:
"""


def test_vim_help_has_sections_tags_and_code(convert):
    md = convert(VIM_HELP, "lamp.txt")
    assert md == """\
# lamp.txt: Lights in ports

		  VIM REFERENCE MANUAL	  by Jo

1. Wick			`lamp-wick`
2. Oil			`oil`

## 1. The wick

`lamp-wick`, `wick`

Trim it, see `:trim` and 'a|b':

```vim
if dark
  :trim
endif
```

Then light it.

### `:trim`, `:trim!`

:trim[!] {n}	Cut the wick.  # no heading
		Example:

```
:trim 3
```

		Done.

### `burn()`, `light()`

burn({oil})
light
		Burns.

## OIL

`oil`

### Of whales

	Not a heading ~

### `last`
"""


def test_vim_help_made_of_markdown(convert):
    rule = "=" * 78
    assert convert(f"""\
lamp.txt	lamp	Last change: June 8 2025
LAMP - TABLE OF CONTENTS                                   *lamp* *lamp-toc*
{rule}

  Wick                 |lamp-wick|

THE WICK                                                        *lamp-wick*
{rule}

Trim it.


< Using vim-plug >____________________________________________________________~
                                                                 *lamp-plug*
>
    Plug 'lamp'
<
It is light.

{rule}
vim:tw=78:sw=2:ts=2:ft=help:norl:nowrap:
""", "lamp.txt") == """\
# lamp.txt

## LAMP - TABLE OF CONTENTS

`lamp`, `lamp-toc`

  Wick                 `lamp-wick`

## THE WICK

`lamp-wick`

Trim it.

### Using vim-plug

`lamp-plug`

```
Plug 'lamp'
```

It is light.
"""


def test_text_with_stars_is_no_vim_help(convert):
    assert convert("*note* that this\n\n|a| is no reference\n", "note.txt") == "*note* that this\n\n|a| is no reference\n"


RD = r"""% not shown
\name{trim}
\alias{trim}
\alias{trim.lamp}
\title{Trim the \emph{wick}}
\usage{
trim(x, ...)

\method{trim}{lamp}(x, by = "\\d")
}
\examples{
trim(1) \% 2 # {braces}
\dontrun{burn("a\n")}
}
\arguments{
\item{x}{A \code{\link[oil]{lamp}}, see \href{https://lamp.example/}{the site}. % not shown

One of:
\itemize{
\item \code{"one"}: \strong{first}
\item two
}}

\item{...}{\ifelse{html}{\href{https://lamp.example/old}{\figure{old.svg}{options: alt='[Deprecated]'}}}{Old}
Passed on, \R and \dots\figure{x.png}}
}
\description{
Cuts 50\% of <it>.
}
\section{Table}{

\if{html}{\out{<b>}}\preformatted{x <- 1
}\tabular{ll}{
a \tab b \cr
c \tab d
}}
\keyword{hidden}
"""


def test_manual_pages_of_r(convert):
    assert convert(RD, "trim.Rd") == r"""# trim: Trim the wick

Also: `trim.lamp`

## Description

Cuts 50% of \<it>.

## Usage

```r
trim(x, ...)

## S3 method for class 'lamp'
trim(x, by = "\d")
```

## Arguments

- **x**
  A `lamp`, see [the site](https://lamp.example/).

  One of:

  - `"one"`: **first**
  - two

- **...**
  [[Deprecated]](https://lamp.example/old) Passed on, R and ...

## Table

```r
x <- 1
```

|  |  |
| --- | --- |
| a | b |
| c | d |

## Examples

```r
trim(1) % 2 # {braces}
burn("a\n")
```
"""


def test_broken_manual_pages_of_r_are_read_in_time(convert):
    md = convert("\\name{x}\\title{T}\\description{D" + "\\a{\\b[" * 300000, "x.Rd")
    assert md.startswith("# x: T\n")
