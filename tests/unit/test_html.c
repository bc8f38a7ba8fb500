/* SPDX-License-Identifier: MIT
 * HTML -> markdown: constructs one by one, page furniture of real themes, hostile pages. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "core/text/convert.h"

static unsigned passed, failed;

static void report(bool ok, const char *name, const char *got, const char *want)
{
    if (ok) {
        passed++;
        return;
    }
    failed++;
    printf("FAILED %s\n--- got\n%s\n--- want\n%s\n", name, got, want);
}

/* Markdown of a fragment; the caller frees. */
static char *render(const char *html, size_t len, bool main_only, char **title)
{
    struct convert_limits limits = CONVERT_LIMITS_DEFAULT;
    struct buf out = {.limit = limits.max_output};
    struct docfs_err err = {0};
    int r = html_to_markdown(html, len, main_only, &limits, &out, title, NULL, NULL, &err);
    assert(r == 0);
    char *s = buf_steal(&out, NULL);
    assert(s);
    return s;
}

static const struct {
    const char *name, *html, *want;
} constructs[] = {
    {"paragraphs", "<p>One\n two</p><p>Three</p>", "One two\n\nThree\n"},
    {"headings", "<h1>A <em>b</em></h1><h3>C <a href='#c' class=headerlink>¶</a></h3>x",
     "# A b\n\n### C\n\nx\n"},
    {"emphasis", "a <b> bold </b>, <i>it</i>, <b></b><s>no</s>", "a **bold** , *it*, ~~no~~\n"},
    {"stars in emphasis", "<em>text/*</em> <em>**kw</em> <b>a <i>b</i></b>",
     "*text/\\** *\\*\\*kw* **a *b***\n"},
    {"adjacent bold", "<b>a</b><b>b</b> <em>c</em>", "**ab** *c*\n"},
    {"emphasis around code", "<em><code>x</code></em> <b><tt>y</tt></b>", "`x` `y`\n"},
    {"code quoting", "<code>a`b</code> <code>``</code> <kbd>Ctrl</kbd>",
     "``a`b`` ``` `` ``` `Ctrl`\n"},
    {"links",
     "<a href='a b.html'>x</a> <a href='#y'>y</a> <a href='javascript:z()'>z</a> "
     "<a href='http://e.org/'>http://e.org/</a> <a href='f(1)'>f</a> <a href='g('>g</a>",
     "[x](a%20b.html) y z <http://e.org/> [f](f(1)) [g](g%28)\n"},
    {"link text", "<a href=x>a]b</a> wow!<a href=x>y</a> <a href=z></a>", "a]b wow\\![y](x)\n"},
    {"link around blocks", "<a href=x><h2>Card</h2><p>text</p></a>", "[Card text](x)\n"},
    {"images", "<img src=i.png alt='An image'><img src=d.png><a href=x><img src=y alt=z></a>",
     "![An image](i.png)[z](x)\n"},
    {"list", "<ul><li>a<li>b<ul><li>c</ul><li><p>d</p></ul>", "- a\n- b\n  - c\n- d\n"},
    {"loose list", "<ul><li><p>a</p><p>b</p><li>c</ul>", "- a\n\n  b\n\n- c\n"},
    {"ordered list", "<ol start=9><li>a<li>b<pre>x\n y</pre></ol>",
     "9. a\n\n10. b\n\n    ```\n    x\n     y\n    ```\n"},
    {"task list", "<ul><li><input type=checkbox checked> done<li><input type=checkbox> todo</ul>",
     "- [x] done\n- [ ] todo\n"},
    {"list in a list", "<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b\n"},
    {"definitions", "<dl><dt>a<dt>b<dd>x<dt><code>-c</code><dd>y</dl>",
     "- **a**, **b**\n  x\n- `-c`\n  y\n"},
    {"API item",
     "<h2>M</h2><dl class='py function'><dt class='sig'><span>run</span>(<em>main</em>, *, "
     "<em>d=None</em>)<a class=headerlink href='#m.run'>¶</a></dt><dd><p>Runs.</p><dl class='py "
     "method'><dt>stop()</dt><dd>Stops.</dd></dl></dd></dl>",
     "## M\n\n### `run(main, *, d=None)`\n\nRuns.\n\n#### `stop()`\n\nStops.\n"},
    {"API item with an anchor",
     "<dl class='py method'><dt id=asyncio.Task.cancel>cancel(msg=None)</dt><dd>a</dd></dl>"
     "<dl class=method><dt id=zipfile.ZipFile.open>async ZipFile.open(zipfile=None)</dt></dl>"
     "<dl class=function><dt id=asyncio.run>asyncio.run(main)</dt></dl>"
     "<dl class='c function'><dt id=c.Py_Main>int Py_Main(int argc)</dt></dl>"
     "<dl class='py data'><dt id=a.b>x = b</dt><dt id='\">b.c'>c</dt></dl>",
     "## `asyncio.Task.cancel(msg=None)`\n\na\n\n## `async zipfile.ZipFile.open(zipfile=None)`\n\n"
     "## `asyncio.run(main)`\n\n## `int Py_Main(int argc)`\n\n## `x = a.b`\n\n`c`\n"},
    {"table", "<table><tr><th>A<th>B<tr><td>a|b<td><code>x|y</code><tr><td colspan=2>c</table>",
     "| A | B |\n| --- | --- |\n| a\\|b | `x\\|y` |\n| c |  |\n"},
    {"row span", "<table><tr><th>A<th>B<tr><td rowspan=2>a<td>1<tr><td>2</table>",
     "| A | B |\n| --- | --- |\n| a | 1 |\n|  | 2 |\n"},
    {"table without head", "<table><tr><td>a<td><p>b</p><p>c</p><tr><td>d<td>e</table>",
     "|  |  |\n| --- | --- |\n| a | b<br>c |\n| d | e |\n"},
    {"layout table",
     "<table><tr><td><pre>long enough to be a block of code, is it not? yes, and "
     "then some more of it</pre><td>b<tr><td>c<td>d</table>",
     "```\nlong enough to be a block of code, is it not? yes, and then some more of "
     "it\n```\n\nb\n\nc\n\n"
     "d\n"},
    {"caption", "<table><caption>Cap</caption><tr><th>A<th>B<tr><td>1<td>2</table>",
     "**Cap**\n\n| A | B |\n| --- | --- |\n| 1 | 2 |\n"},
    {"code language",
     "<div class='highlight-python3 notranslate'><pre>x = 1\r\n\r\n  y\n</pre></div>",
     "```python\nx = 1\n\n  y\n```\n"},
    {"more languages",
     "<pre><code class='language-c'>a</code></pre><pre class='brush: js;'>b</pre>"
     "<pre class='sourceCode haskell'>c</pre><div class=highlight-default><pre>d</pre></div>",
     "```c\na\n```\n\n```js\nb\n```\n\n```haskell\nc\n```\n\n```\nd\n```\n"},
    {"fence", "<pre>```\nx\n```</pre>", "````\n```\nx\n```\n````\n"},
    {"line numbers",
     "<table class=highlighttable><tr><td class=linenos><pre>1\n2</pre></td><td class=code>"
     "<div class=highlight><pre>a\nb</pre></div></td></table>",
     "```\na\nb\n```\n"},
    {"blockquote", "<blockquote><p>a</p><p>b</p></blockquote>c", "> a\n>\n> b\n\nc\n"},
    {"docutils indentation", "<blockquote><div><ul><li>a</ul></div></blockquote>", "- a\n"},
    {"admonition", "<div class='admonition note'><p class=admonition-title>Note</p><p>x</p></div>",
     "> **Note**\n>\n> x\n"},
    {"admonition without title", "<div class='alert alert--warning'>x</div>",
     "> **Warning**\n>\n> x\n"},
    {"details", "<details><summary>More</summary><p>x</p></details>", "**More**\n\nx\n"},
    {"rule and break", "a<hr>b<br>c<br><br>d", "a\n\n---\n\nb\nc\n\nd\n"},
    {"super- and subscript", "x<sup>2</sup> H<sub>2</sub>O", "x^2 H2O\n"},
    {"math",
     "<span class=math>\\(a_b\\)</span> <math><semantics><mi>x</mi><annotation "
     "encoding='application/x-tex'>x^2</annotation></semantics></math>",
     "$a_b$ $x^2$\n"},
    {"escapes at line start", "<p># a</p><p>- b</p><p>1. c</p><p>> d</p><p>#x</p><p>1.5</p>",
     "\\# a\n\n\\- b\n\n1\\. c\n\n\\> d\n\n#x\n\n1.5\n"},
    {"escapes inside",
     "a*b*c snake_case __init__ *args 2 * 3 &lt;b&gt; a&lt;b [x](y) &amp;amp; \\+ c:\\d",
     "a\\*b*c snake_case \\_\\_init__ *args 2 * 3 \\<b> a<b \\[x](y) \\&amp; \\\\+ c:\\d\n"},
    {"hidden",
     "a<script>x</script><style>y</style><span style='display: none'>z</span><!-- c -->"
     "<button>Copy</button><svg><text>s</text></svg>b",
     "ab\n"},
    {"entities and controls", "&nbsp;x&#1;y&#x2014;z\x01&copy;", "x y—z ©\n"},
    {"unclosed", "<p>a<b>b<p>c<div>d", "a**b**\n\n**c**\n\n**d**\n"},
    {"verse", "<div class=line-block><div class=line>a</div><div class=line>b</div></div>",
     "a\nb\n"},
    {"xmp and textarea", "<xmp><b>x</b></xmp><textarea><b>y</textarea>z",
     "```\n<b>x</b>\n```\n\nz\n"},
    {"uppercase and stray", "<P>A</P></DIV></B><BR>B < C", "A\n\nB < C\n"},
    {"empty", "", ""},
};

static void test_constructs(void)
{
    for (size_t i = 0; i < sizeof constructs / sizeof *constructs; i++) {
        char *md = render(constructs[i].html, strlen(constructs[i].html), false, NULL);
        report(strcmp(md, constructs[i].want) == 0, constructs[i].name, md, constructs[i].want);
        free(md);
    }
}

#define PROSE                                                                                   \
    "<p>Text of the page that is long enough to count as its prose, with several words and a "  \
    "<a href=x.html>link</a> in it. It goes on for a while, so that the share of the links is " \
    "small, as it is in documentation that somebody wrote for others to read.</p>"

static const struct {
    const char *name, *html;
    const char *title;
    const char *has[3], *lacks[6];
} sites[] = {
    {"sections whose ids sound like furniture",
     "<title>Cookies</title><body><div class=body role=main><section "
     "id=cookies><h1>Cookies</h1>" PROSE PROSE
     "<section id=cookie-objects><h2>Cookie Objects<a class=headerlink href=#c>¶</a></h2>"
     "<p>A morsel.</p></section><section id=feedback><h2>Feedback</h2><p>Write to us.</p></section>"
     "<dl class='py class'><dt class=sig id=http.cookiejar.CookiePolicy>CookiePolicy()</dt>"
     "<dd>Decides.</dd></dl>"
     "<div id=cookie-consent><h2>We value your privacy</h2><p>Accept all?</p></div>"
     "<div id=navigation><h2>Navigate</h2><a href=x>next page</a></div></section></div>",
     "Cookies",
     {"## Cookie Objects\n\nA morsel.", "## Feedback\n\nWrite to us.",
      "`http.cookiejar.CookiePolicy()`"},
     {"privacy", "Accept", "Navigate"}},
    {"Sphinx",
     "<title>Tasks — Python 3 docs</title><body><div class=related role=navigation><ul><li><a "
     "href=i>index</a></ul></div><div class=document><div class=documentwrapper><div "
     "class=bodywrapper><div class=body role=main><section><h1>Tasks<a class=headerlink "
     "href='#t'>¶</a></h1>" PROSE "</section></div></div></div><div class=sphinxsidebar><h3>Table "
     "of Contents</h3><ul><li><a href='#'>Tasks</a></ul><div id=searchbox><form><input "
     "name=q></form></div></div></div><div class=footer>© Copyright</div>",
     "Tasks",
     {"# Tasks\n\nText of"},
     {"Contents", "index", "Copyright", "¶"}},
    {"Docusaurus",
     "<title>Intro | Site</title><body><div role=region><a class=skipToContent_x href='#m'>Skip to "
     "main content</a></div><nav class='navbar'><a href=/>Home</a></nav><main><article><nav "
     "class='theme-doc-breadcrumbs'><ul><li>Docs</ul></nav><div class='theme-doc-markdown "
     "markdown'><header><h1>Intro</h1></header>" PROSE
     "<pre class='prism-code language-js'><code><span>let x</span><br></code></pre><button>Copy"
     "</button></div><footer class=theme-doc-footer><a href=e>Edit this page</a></footer></article>"
     "<nav class=pagination-nav><a href=n>Next</a></nav></main><footer>Built with</footer>",
     "Intro",
     {"# Intro\n\nText of", "```js\nlet x\n```"},
     {"Skip", "Home", "Docs", "Edit", "Next", "Copy"}},
    {"MkDocs",
     "<title>Start - Proj</title><body><header class=md-header>Search</header><div "
     "class=md-container><div class='md-sidebar md-sidebar--primary'><nav><a href=a>A</a></nav>"
     "</div><div class=md-content><article class='md-content__inner md-typeset'><a "
     "class='md-content__button' href=e>edit</a><h1 id=s>Start<a class=headerlink href='#s' "
     "title='Permanent link'>#</a></h1>" PROSE "</article></div></div>",
     "Start",
     {"# Start\n\nText of"},
     {"Search", "edit", "(a)", "#s"}},
    {"Doxygen",
     "<title>Lib: Class</title><body><div id=top><div id=titlearea>Lib 1.0</div><div id=navrow1 "
     "class=tabs><ul class=tablist><li><a href=i>Main</a></ul></div></div><div class=header><div "
     "class=headertitle><div class=title>Class Reference</div></div></div><div "
     "class=contents>" PROSE "<h2 class=memtitle>f()</h2></div>",
     "Class Reference",
     {"# Class Reference\n\nText of", "## f()"},
     {"Main"}},
    {"DocBook",
     "<title>SELECT</title><body><div class=navheader><table><tr><td><a href=p>Prev</a><td><a "
     "href=n>Next</a></table></div><div class=refentry><h2>SELECT</h2>" PROSE
     "<div class=note><h3 class=title>Note</h3><p>n</p></div></div><div class=navfooter><a "
     "href=p>Prev</a></div>",
     "SELECT",
     {"## SELECT\n\nText of", "> **Note**\n>\n> n"},
     {"Prev", "Next"}},
    {"asciidoc man page",
     "<title>git-x(1)</title><body class=manpage><div id=header><h1>git-x(1) Manual "
     "Page</h1><h2>NAME</h2><div class=sectionbody><p>git-x - do it</p></div></div><div "
     "id=content><h2>SYNOPSIS</h2>" PROSE "</div><div id=footer>Last updated</div>",
     "git-x(1) Manual Page",
     {"## NAME\n\ngit-x - do it\n\n## SYNOPSIS"},
     {"Last updated"}},
    {"site name as h1",
     "<title>Path | Node docs</title><body><header><h1>Node docs</h1></header><div "
     "id=column2><ul><li><a href=a>A</a><li><a href=b>B</a></ul></div><div "
     "id=apicontent><h2>Path</h2>" PROSE "</div>",
     "Path",
     {"## Path\n\nText of"},
     {"Node docs", "[A](a)"}},
    {"nothing but navigation words",
     "<title>T</title><body class=sidebar><div class='nav menu'>" PROSE PROSE "</div>",
     "T",
     {"Text of the page"},
     {0}},
    {"cookies and hidden tabs",
     "<body><div class='cookie-banner'><p>We use cookies</p><button>OK</button></div><main><h1>H"
     "</h1>" PROSE "<div role=tabpanel hidden>second tab</div><div hidden>gone</div></main>",
     "H",
     {"second tab"},
     {"cookies", "gone"}},
};

static void test_sites(void)
{
    for (size_t i = 0; i < sizeof sites / sizeof *sites; i++) {
        char *title = NULL;
        char *md = render(sites[i].html, strlen(sites[i].html), true, &title);
        report(title && strcmp(title, sites[i].title) == 0, sites[i].name, title ? title : "(none)",
               sites[i].title);
        for (size_t k = 0; k < 3 && sites[i].has[k]; k++)
            report(strstr(md, sites[i].has[k]), sites[i].name, md, sites[i].has[k]);
        for (size_t k = 0; k < 6 && sites[i].lacks[k]; k++)
            report(!strstr(md, sites[i].lacks[k]), sites[i].name, md, sites[i].lacks[k]);
        free(title);
        free(md);
    }
}

static void test_page(void)
{
    static const char html[] =
        "<html lang=en_US><head><title>A - B</title><link rel=canonical "
        "href='https://e.org/a'><meta property='og:url' content='https://e.org/b'></head>"
        "<body><p>x</p></body></html>";
    struct convert_limits limits = CONVERT_LIMITS_DEFAULT;
    struct docfs_err err = {0};
    struct buf out = {0};
    char *title = NULL, *url = NULL, *lang = NULL;
    int r = html_to_markdown(html, sizeof html - 1, true, &limits, &out, &title, &url, &lang, &err);
    report(r == 0 && title && strcmp(title, "A") == 0, "title", title, "A");
    report(url && strcmp(url, "https://e.org/a") == 0, "url", url, "https://e.org/a");
    report(lang && strcmp(lang, "en-US") == 0, "lang", lang, "en-US");
    free(title);
    free(url);
    free(lang);
    buf_fini(&out);

    struct pages pages = {0};
    r = convert_html(html, sizeof html - 1, "a.html", &limits, &pages, &err);
    report(r == 0 && pages.n == 1 && strcmp(pages.item[0].markdown, "x\n") == 0, "convert_html",
           err.text, "one page");
    pages_fini(&pages);
    r = convert_html("<script>x</script>", 18, "a.html", &limits, &pages, &err);
    report(r == -ENOTSUP && err.text[0], "page without text", err.text, "-ENOTSUP");
    limits.max_output = 100;
    out = (struct buf){.limit = limits.max_output};
    char *big = calloc(1, 5001);
    assert(big);
    memset(big, 'x', 5000);
    r = html_to_markdown(big, 5000, true, &limits, &out, NULL, NULL, NULL, &err);
    report(r == -EFBIG && err.text[0], "output limit", err.text, "-EFBIG");
    free(big);
    buf_fini(&out);
}

/* head, then unit repeated, then tail: must end soon and keep `has`. */
static const struct {
    const char *name, *head, *unit, *tail;
    size_t times;
    const char *has;
} hostile[] = {
    {"nested div", "", "<div>", "deep", 1000000, "deep"},
    {"nested blockquote", "", "<blockquote>x", "deep", 200000, "deep"},
    {"nested lists", "", "<ul><li>", "deep", 200000, "deep"},
    {"nested tables", "", "<table><tr><td>", "deep", 100000, "deep"},
    {"formatting", "<b><i><em><strong><code><s><tt>", "<p>x", "deep", 200000, "deep"},
    {"misnested", "", "<div><b><i></div>", "deep", 200000, "deep"},
    {"select hides end tags", "", "<div><select></div></select>", "deep", 50000, "deep"},
    {"table hides end tags", "", "<div><table></div></table>", "deep", 50000, "deep"},
    {"unknown elements", "", "<x-y>", "deep", 500000, "deep"},
    {"attributes", "<p ", "a=b c ", ">deep", 300000, "deep"},
    {"links", "", "<a href=x>y", "deep", 200000, "deep"},
    {"brackets", "<p>", "[", "deep", 500000, "deep"},
    {"stars", "<p>", "*a", "deep", 500000, "deep"},
    {"backticks", "<p>", "`", "deep", 500000, "deep"},
    {"wide cells", "<table>", "<tr><td colspan=1000 rowspan=65000>x", "<td>deep", 50000, ""},
    {"open svg", "", "<svg>", "deep", 300000, "deep"},
    {"open math", "", "<math>", "deep", 300000, "deep"},
    {"comments", "a", "<!-- x -->", "deep", 300000, "deep"},
    {"angles", "", "<", " deep", 2000000, "deep"},
    {"API nesting", "", "<dl class='py function'><dt>f()<dd>", "deep", 50000, "deep"},
    {"one line", "<p>", "hello <b>bold</b> world &amp; ", "deep", 300000, "deep"},
};

/* Long runs of ASCII go round the parser; whatever else a page holds must come out the same. */
static void test_aside(void)
{
    static const struct {
        const char *name, *html, *want;
    } cases[] = {
        {"a long run and references",
         "<p>A long enough run of text &amp more text that follows it &amp; "
         "caf\u00e9 is a long word among long words</p>",
         "A long enough run of text & more text that follows it & "
         "caf\u00e9 is a long word among long words\n"},
        {"a long value of a formatting element that is cloned",
         "<p><a href='a-long-address-of-a-page.html'>a link<p>of two paragraphs</a>",
         "[a link](a-long-address-of-a-page.html)\n\n"
         "[of two paragraphs](a-long-address-of-a-page.html)\n"},
        {"a reference in a value",
         "<a href='page-with-a-query.html?a=1&amp;b=2'>a link that is rather long</a>",
         "[a link that is rather long](page-with-a-query.html?a=1&b=2)\n"},
        {"text in a table goes before it",
         "<table>text that is not in any cell of it<tr><td>cell</table>",
         "text that is not in any cell of it\n\ncell\n"},
        {"the page uses the characters of marks",
         "<p>\xf4\x80\x80\x80\xf4\x88\x80\x80 and a long run of text</p>",
         "\xf4\x80\x80\x80\xf4\x88\x80\x80 and a long run of text\n"},
        {"references to the characters of marks that are none",
         "<p>&#x100000; and &#x100000;&#x10bfff; and a long run of text</p>",
         "\xf4\x80\x80\x80 and \xf4\x80\x80\x80\xf4\x8b\xbf\xbf and a long run of text\n"},
        {"preformatted",
         "<pre>\n  two blanks and a long line of it\n\tand a tab before this one\n</pre>",
         "```\n  two blanks and a long line of it\n\tand a tab before this one\n```\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *md = render(cases[i].html, strlen(cases[i].html), false, NULL);
        report(strcmp(md, cases[i].want) == 0, cases[i].name, md, cases[i].want);
        free(md);
    }
    /* A page that refers to a mark of its own repeats its text; within bounds. */
    size_t n = 200000, unit = strlen("&#x100000;&#x108000;");
    char *html = malloc(200 * 1000 + n * unit + 16), *p = html;
    assert(html);
    p = stpcpy(p, "<p>");
    for (int i = 0; i < 200; i++, p += 1000)
        memset(p, 'x', 1000);
    for (size_t i = 0; i < n; i++)
        p = stpcpy(p, i ? "&#x100000;&#x108000;" : " &#x100000;&#x108000;");
    char *md = render(html, (size_t)(p - html), true, NULL);
    report(strstr(md, "xxxx") != NULL, "a page that repeats its text", "the text is lost", "");
    free(md);
    free(html);
}

static void test_hostile(void)
{
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        size_t n = strlen(hostile[i].unit), head = strlen(hostile[i].head);
        size_t len = head + n * hostile[i].times + strlen(hostile[i].tail);
        char *html = malloc(len + 1), *p = html;
        assert(html);
        p = stpcpy(p, hostile[i].head);
        for (size_t k = 0; k < hostile[i].times; k++, p += n)
            memcpy(p, hostile[i].unit, n);
        strcpy(p, hostile[i].tail);
        clock_t start = clock();
        char *md = render(html, len, true, NULL);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        report(strstr(md, hostile[i].has) != NULL, hostile[i].name, "the text is lost", "");
        report(seconds < 20, hostile[i].name, "takes too long", "");
        free(md);
        free(html);
    }
}

int main(void)
{
    test_constructs();
    test_sites();
    test_page();
    test_aside();
    test_hostile();
    printf("%u passed, %u failed\n", passed, failed);
    return failed ? 1 : 0;
}
