"""What is left of markdown as site generators write it, seen through the command line."""

MKDOCS = """\
# Dates { #dates .wide }

!!! note "Time zones"
    Always in UTC.

    ```python
    now()
    ```

Text of a [`Date`][lib.dates.Date] and of [that][there]. [](){#anchor}

1. One

    !!! tip
        Inside of a list.

        - deeper

    Behind the tip.

??? warning
    Folded.
=== "Linux"
    $ date

/// version-added | v2.9
///

/// details | More
Hidden [link](x.md){ .button }.
///

:material-clock: Clocks { .annotate }

[there]: https://example.org/
"""


def test_mkdocs(convert):
    md = convert(MKDOCS)
    assert md.startswith("# Dates\n\n**Note: Time zones**\n\nAlways in UTC.\n\n```python\nnow()\n```\n")
    assert "Text of a `Date` and of [that][there].\n" in md
    assert "1. One\n\n    **Tip**\n\n    Inside of a list.\n\n    - deeper\n\n    Behind the tip.\n" in md
    assert "**Warning**\n\nFolded.\n**Linux**\n\n$ date\n" in md
    assert "**version added: v2.9**\n" in md and "**More**\nHidden [link](x.md).\n" in md
    assert "///" not in md and "\n Clocks\n" in md


def test_mkdocstrings_names_stay_and_options_go(convert):
    md = convert("# API\n\n::: httpx.AsyncClient\n    :members: get\n\nText.\n\n::: fastapi.routing.APIRouter\n"
                 "    options:\n        members:\n            - get\n\n::: tip\nUse it.\n:::\n")
    assert md == ("# API\n\n`httpx.AsyncClient`\n\nText.\n\n`fastapi.routing.APIRouter`\n\n**Tip**\nUse it.\n"), md


def test_code_in_an_indented_block_ends_with_it(convert):
    md = convert("# A\n\n!!! tip\n    ```\n    cut\n\nAfter.\n")
    assert md.endswith("```\ncut\n\n```\nAfter.\n"), md


def test_code_in_a_list_is_indented_by_more(convert):
    md = convert("# A\n\n- item\n\n    text {: .x }\n\n        code {: .x }\n\n    {: .gone }\n\nend\n\n    code [](){#a}\n")
    assert "    text\n\n        code {: .x }\n" in md and "gone" not in md
    assert md.endswith("    code [](){#a}\n")


HTML = """\
<p align="center"><img src="logo.png" alt=""><br></p>

<h1>Lamp</h1>

A <dfn title="a > b">very</dfn> <b>bright</b> <a href="https://example.org/x">lamp <i>of ours</i></a>.
Use <code>a &lt; b</code>, or `<b>` as it is.<br>
<a id="here"></a>Then <source> and <T> stay, <kbd>Ctrl</kbd> says itself.

<table><tr><th>Key</th><th>Use</th></tr><tr><td>a</td><td>add</td></tr></table>

<details><summary>More</summary>

Text.

</details>
<script>
hidden()
</script>
"""


def test_html(convert, docfs):
    md = convert(HTML)
    assert md.lstrip().startswith("# Lamp\n\nA very **bright** [lamp *of ours*](https://example.org/x).\n")
    assert "Use `a < b`, or `<b>` as it is.\nThen <source> and <T> stay, Ctrl says itself.\n" in md
    assert "| Key | Use |\n| --- | --- |\n| a | add |" in md
    assert "**More**\n\nText.\n" in md and "hidden" not in md and "details" not in md
    assert docfs.json("list", "c")["documents"][0]["path"] == "page.md"


COMPONENTS = """\
---
title: {#if ...}
order: 2
---

<Intro>

What `<Intro>` is.

</Intro>

<Note>

Be <Mark step={1}>careful</Mark> with the <Transition> component.

</Note>

<Listing number="1" caption="An example" file-name="src/main.rs">

```rust
fn main<T>() {}
```

</Listing>
"""


def test_entities(convert):
    md = convert("# A\n\nOne&mdash;two, Tier&nbsp;1, &#x7B;&quot;a&quot;&#x7D; &#8594; &eacute;.\n"
                 "But &lt;b&gt; &amp; &#42;x&#42; a&b; &#0; &#xd800; ?q&copy=1 `&mdash;` stay.\n")
    assert "One\u2014two, Tier 1, {\"a\"} \u2192 \u00e9.\n" in md
    assert "But &lt;b&gt; &amp; &#42;x&#42; a&b; &#0; &#xd800; ?q&copy=1 `&mdash;` stay.\n" in md


def test_a_table_in_html_with_blank_lines(convert):
    row = "<tr class='odd'>\n<td><code>--{0}</code></td>\n<td>{1}</td>\n</tr>\n"
    table = f"<table>\n<thead><tr><th>Flag</th><th>Use</th></tr></thead>\n<tbody>\n{row}\n\n{row}\n</tbody></table>\n"
    md = convert("# Flags\n\n" + table.format("all", "everything"))
    assert md.count("| `--all` | everything |") == 2 and "<tr" not in md and "<td" not in md
    md = convert("# Flags\n\n" + table.format("all", "\n\n- **markdown**\n\n"))
    assert "- **markdown**" in md, "a cell with markdown in it stays as it is"


def test_code_in_html_with_variants_and_buttons(convert):
    md = convert("""<html><body><h1>Lamp</h1><p>Light it.</p>
<pre><input type="checkbox"><code class="language-js mjs"><b>import</b> lamp;</code><code
 class="language-js cjs">require('lamp');</code><button class="copy-button">copy</button></pre>
<pre><code class="language-sh">./light</code><button class="copy-button">copy</button></pre>
<pre><code class="language-c">one
</code><code class="language-c">two
</code></pre></body></html>""", "page.html")
    assert md.endswith("```js\nimport lamp;\n```\n\n```js\nrequire('lamp');\n```\n\n"
                       "```sh\n./light\n```\n\n```\none\ntwo\n```\n")


def test_the_place_of_generated_documentation_is_named(convert):
    md = convert("# API\n\n::: lamp.bulb.Socket\n\n:::note\nText.\n:::\n")
    assert "`lamp.bulb.Socket`\n" in md and ":::" not in md and "**Note**" in md


def test_components_in_plain_markdown(convert, docfs):
    md = convert(COMPONENTS)
    assert md.startswith("# {#if ...}\n\n") and "order" not in md
    assert "What `<Intro>` is." in md and "\n<Intro>" not in md and "</" not in md
    assert "**Note:**\n\nBe careful with the <Transition> component.\n" in md
    assert "**An example**\n\n```rust\nfn main<T>() {}\n```\n" in md


def test_shortcodes(convert):
    md = convert('# A\n\nA {{< tooltip text="Pod" id="pod" >}}, since {{< new-in 1.2 />}}; '
                 '[see]({{< relref "b.md" >}}), {{</* shown */>}}, {{ .Value }}.\n\n'
                 '{{< img\n  src="x"\n  alt="A picture"\n>}}\n')
    assert "A Pod, since (new in 1.2); [see](b.md), {{</* shown */>}}, {{ .Value }}.\n\nA picture\n" in md


def test_imports_further_down_in_pages_of_docusaurus(convert):
    md = convert("# A\n\nText.\n\nimport Wick from './_Wick.md';\n\n<Wick />\n\nimport os from here\n")
    assert "Wick" not in md and md.endswith("\n\nimport os from here\n")


def test_links_of_laravel_lead_to_the_file_beside(convert):
    md = convert("See [locks](/docs/{{version}}/cache#atomic-locks), [queues](/docs/{{version}}/queues) and"
                 " [all](/docs/{{version}}/), [api](https://api.x/docs/{{version}}/a), /docs/{{version}}/b.\n")
    assert md == ("See [locks](cache.md#atomic-locks), [queues](queues.md) and"
                  " [all](/docs/{{version}}/), [api](https://api.x/docs/{{version}}/a), /docs/{{version}}/b.\n")


def test_shortcodes_that_say_something(convert):
    md = convert('# A\n\n{{< admonition type="caution" >}}\nHot.\n{{< /admonition >}}\n\n'
                 '{{< tabs name="tab_os" >}}\n{{% tab name="Linux" %}}\nRun `light`.\n{{% /tab %}}\n{{< /tabs >}}\n\n'
                 '{{< feature-state for_k8s_version="v1.2" state="beta" >}}\n\n'
                 'For {{< param "version" >}} of the {{< glossary_tooltip text="Lamp" term_id="lamp" >}}.\n\n'
                 '{{< figure src="x.png" caption="How it burns" >}}\n\n{{</* note */>}}\n')
    assert "**Caution**\nHot.\n" in md and "**Linux**\nRun `light`.\n" in md and "tab_os" not in md
    assert "(feature state: v1.2 beta)\n" in md and "For {version} of the Lamp.\n" in md
    assert "How it burns\n" in md and "{{</* note */>}}" in md


def test_shortcodes_that_hold_code(convert):
    md = convert('# A\n\n{{< highlight go "linenos=table" >}}\n// * no list, `tick`\nx := a*b\n{{< /highlight >}}\n\n'
                 '1. Get it:\n\n   {{< tabs name="os" >}}\n   {{< tab name="Linux" codelang="bash" >}}\n'
                 '   get $(find -s)\n   # yes\n   {{< /tab >}}\n   {{< /tabs >}}\n\n'
                 '   {{< note >}}\n   Soon.\n   {{< /note >}}\n\n'
                 '{{< clients-example set="a" />}}\n\nText of *it*.\n\n{{< highlight c >}}\nnever closed\n')
    assert "```go\n// * no list, `tick`\nx := a*b\n```\n" in md
    assert "   **Linux**\n   ```bash\n   get $(find -s)\n   # yes\n   ```\n" in md
    assert "   **Note**\n   Soon.\n" in md and "\nText of *it*.\n\nnever closed\n" in md


def test_macros_of_mdn(convert):
    page = ('---\ntitle: Lamp\npage-type: css-property\n---\n\n{{CSSRef}}\n\nSet {{cssxref("width")}} of '
            '{{HTMLElement("div")}} by {{jsxref("Global_Objects/Array/map", "map()")}} {{experimental_inline}}, '
            'a {{glossary("CSS")}} thing of {{rfc(7540, "x")}}.\n\n{{Compat}}\n')
    md = convert(page)
    assert "Set `width` of `<div>` by `map()` (experimental), a CSS thing of RFC 7540.\n" in md
    assert "CSSRef" not in md and "Compat" not in md
    assert '{{cssxref("width")}}' in convert(page.replace("page-type", "type"))


def test_keys_of_metadata_in_capitals(docfs, workdir):
    (workdir / "a.md").write_text("---\nTitle: LAMP_TIMEOUT\nSection: 3\n---\n# NAME\n\nLAMP_TIMEOUT - when it goes out\n")
    docfs.ok("add", workdir, "-c", "lamp")
    assert "LAMP_TIMEOUT > NAME" in docfs.ok("search", "goes", "out").out


def test_links_around_blocks_are_one_line(convert):
    md = convert('# A\n\n<div class="cards">\n    <a href=lamp/ class="card">\n        <h4>Lamp</h4>\n        <p>How to '
                 'light it.</p>\n    </a>\n    <a href="oil/">Oil</a> and more\n</div>\n')
    assert "\n[Lamp How to light it.](lamp/)\n" in md and "[Oil](oil/) and more\n" in md and "####" not in md


def test_code_on_both_sides_of_tags_stays_apart(convert):
    md = convert("import {X} from './x'\n\n# A\n\nEdit <AppOnly>`app/page`</AppOnly><PagesOnly>`pages/x`</PagesOnly> "
                 "and ``a`b``.\n", "page.mdx")
    assert "Edit `app/page` `pages/x` and ``a`b``.\n" in md


def test_html_with_metadata_is_a_page_of_hugo(convert):
    md = convert('---\ntitle: "Lamp"\nweight: 3\n---\n\n<h2>Use</h2>\n\n<p>Light <b>it</b>.</p>\n\n'
                 '{{< quote author="x" >}}\nWe like it.\n{{< /quote >}}\n', "lamp.html")
    assert md.startswith("# Lamp\n") and "## Use\n" in md and "Light **it**.\n" in md and "We like it.\n" in md
    assert "{{" not in md and "weight" not in md
    assert "# Rule" in convert("---\n<html><body><h1>Rule</h1>\n---\n</body></html>", "rule.html")


def test_a_page_that_begins_below_the_first_level(convert, docfs):
    convert("## Lifetimes\n\nText about borrowing.\n", "ch10-03.md")
    assert docfs.json("search", "borrowing")["hits"][0]["title"] == "Lifetimes"


def test_git_manual_is_asciidoc(convert):
    md = convert("gitfaq(7)\n=========\n\nNAME\n----\ngitfaq - Questions, 'git faq' isn't +it+\n\n[[a]]\nWhat?::\n\tThis, "
                 "see linkgit:git-config[1].\n\n[[b]]\nWho?::\n\tYou.\n\n[[c]]\nKeys::\n+\n----\n# no "
                 "heading\n----\n", "gitfaq.txt")
    assert md.startswith("# gitfaq(7)\n\n## NAME\n") and "*git faq* isn't `it`\n" in md and "see git-config(1)." in md
    assert "[[" not in md and "- **Keys**\n\n  ```\n  # no heading\n  ```" in md


def test_asciidoc_references(convert):
    md = convert("= A\n\nSee xref:other.adoc#part[the *other*], xref:lib::sub/page.adoc[] and "
                 "press kbd:[Ctrl]footnote:[Or not.].\n", "a.adoc")
    assert "See [the **other**](other.adoc#part), page and press Ctrl (Or not.)." in md


MYST = """\
# A

```{contents}
---
depth: 2
---
```

````{warning} Careful
:class: x

Use {class}`~click.Context` and {ref}`the rules <rules>`.

```{code-block} python
:linenos:

x = {class}`y`
```
````

```{versionadded} 2.0
```

:::{note}
Text with {braces} and {.x}.
:::
"""


def test_code_of_r_markdown_is_code_of_its_language(convert):
    md = convert("""\
---
title: Vignette
---

```{r setup, include = FALSE}
library(hidden)
```

Filter:

```{r, eval = FALSE}
filter(x, y)
```

```{python}
print(1)
```

```{r, echo=FALSE}
plot(hidden)
```

The end.
""", "vignette.Rmd")
    assert "Filter:\n\n```r\nfilter(x, y)\n```\n\n```python\nprint(1)\n```\n" in md
    assert "hidden" not in md and "{" not in md and md.endswith("\nThe end.\n")


def test_myst(convert):
    md = convert(MYST)
    assert "**Warning: Careful**\n\nUse `Context` and the rules.\n" in md
    assert "```python\n\nx = {class}`y`\n```\n" in md and "linenos" not in md and "depth" not in md
    assert "**New in version 2.0**" in md and "**Note**\nText with {braces} and {.x}.\n" in md
    assert "````" not in md and ":::" not in md
