"""Pages that include other files: followed, kept fresh, kept inside, limited."""
import os
import sqlite3
import tarfile
import zipfile

import pytest
from lib.gitserver import HttpBackend, Repo, git

CODE = "from lamp import Lamp\n\nlamp = Lamp()\nlamp.light()\n"


@pytest.fixture
def tree(tmp_path):
    """A project: pages below docs/, code beside them."""
    def put(name, text):
        path = tmp_path / "project" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path
    put("examples/lamp.py", CODE)
    put.root = tmp_path / "project"
    return put


@pytest.fixture
def add(docfs, tree):
    def run(*args):
        return docfs.json("add", tree.root, "--subdir", "docs", "--collection", "c", *args)
    return run


@pytest.fixture
def page(docfs, tree, add):
    """The markdown of one page."""
    def run(name, text):
        tree(f"docs/{name}", text)
        add()
        stem = name.rsplit(".", 1)[0]
        return docfs.ok("cat", f"c/{stem}.md").out
    return run


def notes(docfs):
    with sqlite3.connect(f"file:{docfs.cache}/docfs.db?mode=ro", uri=True) as db:
        rows = db.execute("SELECT path, reason FROM files WHERE outcome = 'ok'").fetchall()
    return {path.decode(): reason for path, reason in rows}


# ---- the forms ----

def test_mkdocs(page, tree):
    tree("docs/part.md", "---\ntitle: Part\n---\nShared *words*.\n\n{!deep/more.md!}\n")
    tree("docs/deep/more.md", "More of it.\n")
    md = page("page.md", """\
# Page

{* ../examples/lamp.py ln[1,3:4] hl[1] *}

```Python hl_lines="1"
{!../examples/lamp.py!}
```

```
{!> ../examples/lamp.py [ln:3-4]!}
```

!!! note
    {* ../examples/lamp.py ln[1:1] *}

{!part.md!}
""")
    assert "# Page\n\n```python\nfrom lamp import Lamp\n\nlamp = Lamp()\nlamp.light()\n```\n" in md
    assert f'```Python hl_lines="1"\n{CODE}```' in md
    assert "```python\nlamp = Lamp()\nlamp.light()\n```" in md
    assert md.count("```") == 8
    assert "Shared *words*.\n\nMore of it." in md and "title: Part" not in md


def test_snippets_of_pymdown(page, tree):
    tree("examples/parts.py", "# --8<-- [start:one]\nx = 1\n# --8<-- [end:one]\ny = 2\n")
    tree("docs/a.md", "From A.\n")
    tree("docs/b.md", "From B.\n")
    md = page("page.md", """\
# Page

``` py
--8<-- "examples/parts.py:one"
```

``` py
--8<-- "examples/lamp.py:3"
```

--8<--
a.md
; b.md
--8<--

;--8<-- "a.md"
""")
    assert "``` py\nx = 1\n```" in md and "``` py\nlamp = Lamp()\nlamp.light()\n```" in md
    assert md.count("From A.") == 1 and "From B." not in md


def test_include_markdown_plugin(page, tree):
    tree("README.md", "# Project\n\n<!--start-->\n## Why\n\nFor light.\n<!--end-->\n\nRest.\n")
    md = page("page.md", """\
# Page

{%
    include-markdown "../README.md"
    start="<!--start-->"
    end="<!--end-->"
    heading-offset=1
%}

{% include "../examples/lamp.py" %}
""")
    assert "### Why\n\nFor light." in md and "Rest." not in md and "# Project" not in md
    assert "lamp = Lamp()" in md


def test_mdbook(page, tree):
    tree("listings/main.rs", """\
fn main() {
    // ANCHOR: here
    let s = String::from("hello");
    // ANCHOR_END: here
    println!("{s}");
}
""")
    tree("listings/out.txt", "$ cargo run\nhello\n")
    md = page("page.md", """\
# Page

```rust
{{#rustdoc_include ../listings/main.rs:here}}
```

```rust,ignore
{{#include ../listings/main.rs:5}}
```

```console
{{#include ../listings/out.txt}}
```

{{#playground ../listings/main.rs editable}}

```rust
# use std::fmt;
#[derive(Debug)]
## shown
struct A;
#
```

```sh
# a comment
```
""")
    assert '```rust\n    let s = String::from("hello");\n```' in md
    assert '```rust,ignore\n    println!("{s}");\n```' in md
    assert "```console\n$ cargo run\nhello\n```" in md
    assert "```rust\nfn main() {\n    let s" in md and "ANCHOR" not in md
    assert "```rust\n#[derive(Debug)]\n# shown\nstruct A;\n```" in md
    assert "```sh\n# a comment\n```" in md


def test_myst(page, tree):
    tree("CHANGES.md", "## 1.0\n\nFirst.\n")
    md = page("page.md", """\
# Page

```{include} ../CHANGES.md
```

```{literalinclude} /examples/lamp.py
---
language: py
lines: 3
---
```

```{literalinclude} ../examples/lamp.py
:start-at: lamp.light
```

```{literalinclude} nowhere.py
```
""")
    assert "## 1.0\n\nFirst." in md and "```py\nlamp = Lamp()\n```" in md
    assert "```python\nlamp.light()\n```" in md and "```{literalinclude} nowhere.py\n```" in md


def test_raw_imports(page, tree):
    tree("examples/conf.json", '{"a": 1}\n')
    md = page("page.mdx", """\
---
title: Page
---
import CodeBlock from '@theme/CodeBlock';
import Lamp from '!!raw-loader!/examples/lamp.py';
import conf from "../examples/conf.json?raw";

<CodeBlock language="py" title="lamp.py">{Lamp}</CodeBlock>

<Code code={conf} title="conf.json" />

<CodeBlock>
  {conf}
</CodeBlock>
""")
    assert f"```py\n{CODE}```" in md and md.count('{"a": 1}\n') == 2 and md.count("```json") == 2
    assert "raw" not in md


def test_vitepress(page, tree):
    tree("docs/snippets/lamp.ts", "import x\n  // #region light\n  on()\n  // #endregion light\n"
                                  "// #region dark\noff()\n// #endregion\nlast\n")
    md = page("guide/page.md", """\
# Page

<<< @/snippets/lamp.ts#light{1,2 js:line-numbers} [light.js]

<<< ../snippets/lamp.ts#dark

<<< @/../examples/lamp.py{3}

<<< @/snippets/lamp.ts#missing
""")
    assert "```js\non()\n```" in md and "```ts\noff()\n```" in md
    assert f"```python\n{CODE}```" in md
    assert "<<< @/snippets/lamp.ts#missing" in md and "last" not in md


def test_shortcodes_of_hugo(page, tree):
    tree("docs/includes/needs.md", "---\ntitle: Needs\n---\nA lamp and a {{< glossary_tooltip term_id=\"oil-can\" >}}.\n")
    tree("docs/examples/pods/lamp.yaml", "kind: Lamp\n")
    tree("docs/reference/glossary/lamp.md", "---\ntitle: Lamp\n---\nA lamp gives light.\n\n<!--more-->\n\nMore light.\n")
    tree("docs/shared/setup.md", "Fill it.\n")
    tree("docs/boilerplates/begin.md", "Begin here.\n")
    tree("docs/run.sh", "./light\n")
    tree("docs/tasks/lamp.md", "# Not this one\n")
    md = page("tasks/light.md", """\
# Light

## {{% heading "prerequisites" %}}

{{< include "needs.md" >}} {{< version-check >}}

{{% code_sample file="pods/lamp.yaml" %}}

  {{< codenew language="yaml" file="pods/lamp.yaml" >}}

{{< code >}}
{{< include "missing.md" >}}
{{< glossary_definition term_id="lamp" length="all" >}}
{{< docs/shared source="lamp" lookup="setup.md" version="<V>" >}}
{{< boilerplate begin >}}

{{% readfile file="/run.sh" code="true" lang="bash" %}}

{{< tabs name="x" >}}
{{< tab name="Wick" include="shared/setup.md" />}}
{{< tab name="Gas" include="missing.md" />}}
{{< /tabs >}}

{{</* include "needs.md" */>}}
""")
    assert "## Before you begin\n" in md and "A lamp and a oil can.\n" in md
    assert md.count("```yaml\nkind: Lamp\n") == 1 and "  ```yaml\n  kind: Lamp\n  ```\n" in md
    assert "A lamp gives light.\n" in md and "Not this" not in md and "More light.\n" in md and "title:" not in md
    assert "**Wick**\nFill it.\n**Gas**\n" in md and "Begin here.\n" in md and "```bash\n./light\n```" in md
    assert '{{</* include "needs.md" */>}}' in md and "version-check" not in md and "missing" not in md


def test_restructuredtext(page, tree):
    tree("docs/includes/intro.rst", "Shared *words*.\n\n.. include:: more.inc\n")
    tree("docs/includes/more.inc", "More of it.\n")
    tree("examples/deep.py", """\
import os


class Lamp:
    @property
    def light(self):
        return 1

    def dark(self):
        return 0
""")
    md = page("sub/page.rst", """\
Page
====

.. include:: /includes/intro.rst

.. literalinclude:: ../../examples/lamp.py
   :lines: 3-

.. literalinclude:: ../../examples/deep.py
   :pyobject: Lamp.light
   :dedent:

.. literalinclude:: ../../examples/lamp.py
   :language: text
   :start-after: from
   :end-before: light()

- An item

  .. literalinclude:: ../../examples/lamp.py
     :start-at: Lamp()
     :end-at: Lamp()

Literally::

    .. include:: /includes/intro.rst

.. include:: /nowhere.rst

.. changelog_imports::

    .. include:: /includes/intro.rst
        :start-line: 0

The end.
""")
    assert "# Page\n\nShared *words*.\n\nMore of it." in md
    assert "```python\nlamp = Lamp()\nlamp.light()\n```" in md
    assert "```python\n@property\ndef light(self):\n    return 1\n```" in md
    assert "```text\nlamp = Lamp()\n```" in md
    assert "  ```python\n  lamp = Lamp()\n  ```" in md
    assert "```\n.. include:: /includes/intro.rst\n```" in md
    assert md.count("Shared") == 1 and md.endswith("[/nowhere.rst](/nowhere.rst)\n\nThe end.\n")


def test_asciidoc(page, tree):
    tree("docs/attributes.adoc", ":code: ../examples\n")
    tree("docs/modules/ROOT/partials/more.adoc", "== More\n\nOf it.\n")
    tree("examples/tags.rb", "# tag::a[]\na = 1\n# end::a[]\nb = 2\n# tag::c[]\nc = 3\n# end::c[]\n")
    md = page("page.adoc", """\
= Page
include::attributes.adoc[]

[source,python]
----
include::{code}/lamp.py[lines=3..-1]
----

----
include::{code}/tags.rb[tags=a;c]
----

include::ROOT:partial$more.adoc[leveloffset=+1]

include::nowhere.adoc[]
include::nowhere-either.adoc[opts=optional]
""")
    assert "```python\nlamp = Lamp()\nlamp.light()\n```" in md
    assert "```ruby\na = 1\nc = 3\n```" in md
    assert "### More\n\nOf it." in md
    assert "[nowhere.adoc](nowhere.adoc)" in md and "either" not in md


def test_a_fence_in_the_included_file_stays_inside(page, tree):
    tree("docs/fences.md", "```sh\nls\n```\n")
    md = page("page.md", "# Page\n\n```markdown\n{!fences.md!}\n```\n\nAfter.\n")
    assert "````markdown\n```sh\nls\n```\n````\n\nAfter." in md


# ---- what is read again ----

def test_refresh_follows_what_is_included(docfs, tree, add):
    tree("docs/page.md", "# Page\n\n{* ../examples/lamp.py *}\n\n{!late.md!}\n")
    tree("docs/plain.md", "# Plain\n")
    assert add()["converted"] == 2
    assert docfs.json("refresh", "c")["converted"] == 0
    assert "{!late.md!}" in docfs.ok("cat", "c/page.md").out
    tree("examples/lamp.py", "lamp = 'of whale oil'\n")
    report = docfs.json("refresh", "c")
    assert (report["converted"], report["unchanged"]) == (1, 1)
    assert docfs.json("search", "whale oil")["hits"][0]["path"] == "page.md"
    tree("docs/late.md", "Here at last.\n")
    assert docfs.json("refresh", "c")["converted"] == 2
    assert "Here at last." in docfs.ok("cat", "c/page.md").out


def test_a_moved_page_keeps_what_it_includes(docfs, tree, add):
    tree("docs/page.md", "# Page\n\n{* examples/lamp.py *}\n")
    add()
    before = docfs.json("list", "c")["documents"][0]["id"]
    (tree.root / "docs/page.md").rename(tree.root / "docs/moved.md")
    assert docfs.json("refresh", "c")["renamed"] == 1
    assert docfs.json("list", "c")["documents"][0]["id"] == before
    tree("examples/lamp.py", "changed = 1\n")
    assert docfs.json("refresh", "c")["converted"] == 1
    assert "changed = 1" in docfs.ok("cat", "c/moved.md").out


def test_git_fetches_what_pages_of_a_subdirectory_include(docfs, tmp_path):
    repo = Repo(tmp_path, "lamp")
    repo.put("docs/en/page.md", "# Page\n\n{* ../../src/a.py *}\n\n{!../shared.md!}\n")
    repo.put("docs/shared.md", "Shared.\n\n{* ../src/b.py *}\n")
    repo.put("src/a.py", "a = 1\n")
    repo.put("src/b.py", "b = 1\n")
    repo.put("src/unused.py", "unused = 1\n")
    repo.commit("one")
    http = HttpBackend(repo.bare.parent)
    try:
        docfs.ok("add", http.url("lamp"), "--subdir", "docs/en", "--collection", "c")
        md = docfs.ok("cat", "c/page.md").out
        assert "a = 1" in md and "b = 1" in md and "Shared." in md
        assert len(docfs.json("list", "c")["documents"]) == 1
        kept = next((docfs.cache / "sources").glob("git-*"))
        here = git("--git-dir", kept, "cat-file", "--batch-all-objects", "--batch-check")
        assert here.count(" blob ") == 4
        assert docfs.json("refresh", "c")["converted"] == 0
        repo.put("src/b.py", "b = 2\n")
        repo.commit("two")
        assert docfs.json("refresh", "c")["converted"] == 1
        assert "b = 2" in docfs.ok("cat", "c/page.md").out
    finally:
        http.stop()


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_archive(docfs, tmp_path, kind):
    files = {"lamp-1/docs/page.md": "# Page\n\n{* ../src/a.py *}\n\n{!more.txt!}\n",
             "lamp-1/docs/more.txt": "{!../shared.inc!}\n", "lamp-1/shared.inc": "Shared.\n",
             "lamp-1/src/a.py": "a = 1\n", "lamp-1/src/b.py": "b = 1\n"}
    path = tmp_path / f"lamp-1.{kind}"
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as z:
            for name in files:
                z.write(tmp_path / name, name)
    else:
        with tarfile.open(path, "w:gz") as t:
            t.add(tmp_path / "lamp-1", "lamp-1")
    docfs.ok("add", path, "--subdir", "docs", "--include", "*.md", "--collection", "c")
    md = docfs.ok("cat", "c/page.md").out
    assert "```python\na = 1\n```" in md and "Shared." in md and "b = 1" not in md
    assert docfs.json("refresh", "c")["converted"] == 0


# ---- what is refused ----

def test_nothing_outside_is_included(docfs, tree, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret\n")
    tree(".git/config", "the secret\n")
    os.symlink(secret, tree.root / "link.txt")
    os.symlink(tmp_path, tree.root / "dir")
    os.mkfifo(tree.root / "pipe")
    paths = [str(secret), "../../secret.txt", "../../../../../secret.txt", "link.txt", "dir/secret.txt",
             "./docs/../../secret.txt", "../.git/config", "pipe", "..", ".", "/", "../link.txt",
             "file://" + str(secret), "docs/\\..\\..\\secret.txt", "~/secret.txt"]
    text = "".join(f"{{!{p}!}}\n\n" for p in paths)
    tree("docs/md.md", "# Page\n\n" + text)
    tree("docs/rst.rst", "Page\n====\n\n" + "".join(f".. literalinclude:: {p}\n\n" for p in paths))
    tree("docs/adoc.adoc", "= Page\n\n" + "".join(f"include::{p}[]\n\n" for p in paths))
    docfs.ok("add", tree.root, "--subdir", "docs", "--collection", "c")
    for name in ("md", "rst", "adoc"):
        assert "the secret" not in docfs.ok("cat", f"c/{name}.md").out
    assert all(f"{len(paths)} left out" in note for note in notes(docfs).values())
    assert docfs.run("list", "--failures", "c").code == 1  # there are none


def test_only_what_was_added_is_read(docfs, tree):
    """Without --subdir the directory itself is the top."""
    tree("docs/page.md", "# Page\n\n{* ../examples/lamp.py *}\n")
    docfs.ok("add", tree.root / "docs", "--collection", "c")
    assert "{* ../examples/lamp.py *}" in docfs.ok("cat", "c/page.md").out
    assert "it lies outside of the source" in notes(docfs)["page.md"]
    job = docfs.json("jobs")["jobs"][0]["id"]
    shown = docfs.ok("jobs", "show", job).out
    assert "page.md: includes 0 files; 1 left out: ../examples/lamp.py" in shown


def test_links_in_repositories_and_archives_are_not_followed(docfs, tmp_path):
    repo = Repo(tmp_path, "lamp")
    repo.put("page.md", "# Page\n\n{!link.md!}\n\n{!up/secret!}\n")
    (repo.work / "link.md").symlink_to("/etc/passwd")
    (repo.work / "up").symlink_to("/etc")
    repo.commit("one")
    docfs.ok("add", repo.bare, "--kind", "git", "--collection", "g")
    with tarfile.open(tmp_path / "a.tar", "w") as t:
        t.add(repo.work / "page.md", "page.md")
        t.add(repo.work / "link.md", "link.md")
    docfs.ok("add", tmp_path / "a.tar", "--collection", "a")
    for c in "ga":
        assert "{!link.md!}\n\n{!up/secret!}" in docfs.ok("cat", f"{c}/page.md").out


def test_circles_end(docfs, page, tree):
    tree("docs/b.md", "B\n\n{!a.md!}\n")
    tree("docs/self.rst", "Self\n====\n\n.. include:: self.rst\n")
    md = page("a.md", "# A\n\n{!b.md!}\n")
    assert md.count("B") == 1 and "{!a.md!}" in md
    assert "it includes itself" in notes(docfs)["a.md"]
    assert "it includes itself" in notes(docfs)["self.rst"]


def test_limits(docfs, tree, add):
    for i in range(6):
        tree(f"docs/n{i}.md", f"Level {i}.\n\n{{!n{i + 1}.md!}}\n")
    tree("docs/n6.md", "Level 6.\n")
    tree("docs/wide.md", "# Wide\n\n" + "{!leaf.txt!}\n" * 5)
    tree("docs/leaf.txt", "x" * 600 + "\n")
    docfs.ok("config", "set", "ingest.include_depth", "3")
    docfs.ok("config", "set", "ingest.include_files", "3")
    add()
    md = docfs.ok("cat", "c/n0.md").out
    assert "Level 3." in md and "Level 4." not in md and "{!n4.md!}" in md
    assert "ingest.include_depth" in notes(docfs)["n0.md"]
    md = docfs.ok("cat", "c/wide.md").out
    assert md.count("x" * 600) == 3 and md.count("{!leaf.txt!}") == 2
    assert "ingest.include_files" in notes(docfs)["wide.md"]
    docfs.ok("config", "set", "ingest.include_files", "100")
    docfs.ok("config", "set", "ingest.include_bytes", "1K")
    docfs.ok("refresh", "c")
    md = docfs.ok("cat", "c/wide.md").out
    assert md.count("x" * 600) == 1 and md.count("{!leaf.txt!}") == 4
    assert "ingest.include_bytes" in notes(docfs)["wide.md"]
    docfs.ok("config", "set", "ingest.include_depth", "0")
    docfs.ok("refresh", "c")
    assert docfs.ok("cat", "c/wide.md").out.count("{!leaf.txt!}") == 5


def test_files_that_multiply_are_bounded(docfs, tree, add):
    for i in range(8):
        tree(f"docs/m{i}.md", f"{{!m{i + 1}.md!}}\n\n" * 10)
    tree("docs/m8.md", "leaf\n")
    add()
    assert docfs.ok("cat", "c/m0.md").out.count("leaf") <= 1000
    assert "ingest.include_files" in notes(docfs)["m0.md"]


def test_indentation_does_not_multiply(docfs, tree, add):
    docfs.ok("config", "set", "ingest.include_bytes", "64K")
    tree("docs/rows.txt", "y\n" * 10000)
    tree("docs/page.md", "# Page\n\n" + " " * 190 + "{!rows.txt!}\n")
    add()
    assert "{!rows.txt!}" in docfs.ok("cat", "c/page.md").out
    assert "ingest.include_bytes" in notes(docfs)["page.md"]


def test_binary_files_are_not_included(docfs, page, tree):
    (tree.root / "docs").mkdir(exist_ok=True)
    (tree.root / "docs/pic.png").write_bytes(bytes(range(256)) * 40)
    assert "{!pic.png!}" in page("page.md", "# Page\n\n{!pic.png!}\n")
    assert "it is no text" in notes(docfs)["page.md"]
