"""Reads Sphinx sources with docutils: headings, code and words, as a reader of the page sees them.

Sphinx itself is not needed: unknown roles become their text, unknown directives their arguments and
content. What Sphinx writes by itself (titles behind references, tables of contents, names of
modules and classes before a signature) goes to the optional words of a page.
"""
import re

import docutils.nodes as nodes
import docutils.utils
from docutils.core import publish_doctree
from docutils.parsers.rst import Directive, directives, roles

# Their text is elsewhere, so that the page cannot be judged.
FOREIGN = re.compile(r"^\s*\.\. (include|literalinclude|auto\w+|automodule|program-output|jinja|"
                     r"cmake-module|click|limited-api-list|audit-event-table|runblock|ifconfig|raw|config:\w+|"
                     r"versionchecker|plantuml|towncrier\S*|tracker_link|regendoc)::", re.M)
SILENT = {"index", "module", "currentmodule", "py:module", "py:currentmodule", "highlight",
          "sectionauthor", "moduleauthor", "codeauthor", "tabularcolumns", "program", "testsetup",
          "testcleanup", "default-domain", "default-role", "image", "graphviz", "cpp:namespace",
          "cmake-manual-description", "meta", "acks_", "currentlibrary", "toctree", "todo",
          "inheritance-diagram", "digraph", "js:module", "js:currentmodule", "audit-event-table",
          "raw", "only_", "todolist", "ethical-ad"}
CODE = {"code-block", "sourcecode", "code", "testcode", "doctest", "testoutput",
        "parsed-literal", "prompt", "productionlist", "ipython"}
BOXES = {"note": "Note", "warning": "Warning", "seealso": "See also", "tip": "Tip",
         "important": "Important", "caution": "Caution", "danger": "Danger", "hint": "Hint",
         "attention": "Attention", "error": "Error", "todo": "Todo"}
VERSIONS = {"versionadded": "New in version", "versionchanged": "Changed in version",
            "deprecated": "Deprecated since version", "versionremoved": "Removed in version",
            "deprecated-removed": "Deprecated since version will be removed in version"}
CONTAINERS = {"glossary", "hlist", "only", "rst-class", "container", "acks", "impl-detail",
              "centered", "tabs", "tab", "group-tab", "code-tab", "rubric", "tab-set"}


class Extra(nodes.General, nodes.Element):
    """Optional words."""


class Shown(Directive):
    has_content = True
    optional_arguments = 1
    final_argument_whitespace = True
    option_spec = None

    def run(self):
        name = self.name.lower()
        if name in SILENT:
            return self.toc() if name == "toctree" else self.describe()
        argument = self.arguments[0] if self.arguments else ""
        if name == "parsed-literal":
            children, _ = self.state.inline_text("\n".join(self.content), self.lineno)
            return [nodes.literal_block("", "", *children)]
        if name in CODE:
            return [nodes.literal_block("", productions("\n".join([argument, *self.content]))
                                        if name == "productionlist" else "\n".join(self.content))]
        out = []
        if name in VERSIONS:
            first, _, rest = argument.partition(" ")
            out.append(Extra(VERSIONS[name]))
            out.append(nodes.paragraph("", first))
            if rest and name != "deprecated-removed":
                out += self.parse([rest])
            else:
                out.append(nodes.paragraph("", rest))
        elif name in BOXES:
            out.append(Extra(BOXES[name] + " notes"))
            if argument:
                out += self.parse(argument.split("\n"))
        elif name in ("availability", "impl-detail", "audit-event", "rubric", "centered",
                      "admonition", "topic", "deprecated-arguments"):
            out.append(Extra("availability cpython implementation detail raises an auditing "
                                 "event with arguments argument no"))
            if argument and name != "audit-event":
                out += self.parse(argument.split("\n"))
            elif argument:
                out.append(Extra(argument))
                return out
        elif name not in CONTAINERS:
            # a signature; a line of it that ends in a backslash goes on
            text = re.sub(r"\\\n\s*", "", argument)
            out.append(nodes.paragraph("", re.sub(r"\\(.)", r"\1", text)))
            document = self.state.document
            out.append(Extra(" ".join([getattr(document, "module", ""),
                                           " ".join(getattr(document, "scopes", []))] *
                                          (text.count("\n") + 1)) + " " + name.replace(":", " ")))
            scopes = document.__dict__.setdefault("scopes", [])
            scopes.append(" ".join(re.split(r"[(\s]", t.strip())[0] for t in text.split("\n")))
            out += self.parse(self.content)
            scopes.pop()
            return out
        return out + self.parse(self.content)

    def describe(self):
        if self.name.endswith("module") and self.arguments:
            self.state.document.module = self.arguments[0]
        return []

    def toc(self):
        return [Extra("\n".join(self.content), toctree=True)]

    def parse(self, lines):
        node = nodes.Element()
        if lines:
            from docutils.statemachine import StringList
            if not isinstance(lines, StringList):
                lines = StringList(list(lines), self.state.document.current_source)
            # options that are not ours: ":name: value" lines at the start
            while len(lines) and re.match(r":[\w-]+:(\s|$)", lines[0]):
                lines = lines[1:]
            self.state.nested_parse(lines, self.content_offset, node, match_titles=1)
        return node.children


def productions(text):
    """A grammar as Sphinx sets it: the group (first line) is not shown."""
    first, _, rest = text.partition("\n")
    lines = (rest if ":" not in first else text).split("\n")
    return re.sub(r"`~?([^`]*)`", r"\1", "\n".join(re.sub(r"^(\w+)\s*:", r"\1 ::=", x.strip())
                                                   .removeprefix(":") for x in lines))


def role(name, rawtext, text, lineno, inliner, options=None, content=None):
    text = docutils.utils.unescape(text)
    name = name.lower().rsplit(":", 1)[-1]
    m = re.match(r"(?s)(.*?)\s*<([^<>]*)>$", text)
    if m and m[1]:
        return [nodes.literal("", m[1])], []
    if name in ("ref", "doc", "term", "numref", "any"):
        if name == "term" or (name == "any" and "/" not in text):
            return [nodes.literal("", text)], []
        return [Extra(text, target=True)], []
    if name == "pep":
        return [nodes.literal("", "PEP " + text.replace("#", " "))], []
    if name == "rfc":
        return [nodes.literal("", "RFC " + text.replace("#", " "))], []
    if name in ("issue", "bpo"):
        return [nodes.literal("", text), Extra("bpo issue")], []
    if name in ("eq", "index"):
        return [Extra(text)], []
    if name == "abbr":
        return [nodes.literal("", re.sub(r"\s*\(.*", "", text)), Extra(text)], []
    if name == "math":
        return [Extra(text)], []
    if text.startswith("~"):
        text = text.rsplit(".", 1)[-1]
    return [nodes.literal("", text.lstrip("!"))], []


def patch():
    roles.role = lambda name, *a: (role_of(name), [])
    own = directives.directive
    keep = {"list-table", "csv-table", "table", "figure", "replace", "unicode", "contents",
            "epigraph", "date"}

    def directive(name, *a):
        return own(name, *a) if name in keep else (Shown, [])
    directives.directive = directive


STANDARD = {"emphasis": nodes.emphasis, "strong": nodes.strong, "literal": nodes.literal,
            "sub": nodes.subscript, "sup": nodes.superscript, "subscript": nodes.subscript,
            "superscript": nodes.superscript}


def role_of(name):
    if name in STANDARD:
        return lambda n, raw, text, *a, **k: ([STANDARD[name]("", docutils.utils.unescape(text))],
                                              [])
    return role


SETTINGS = {"report_level": 5, "halt_level": 5, "file_insertion_enabled": False,
            "raw_enabled": False, "smart_quotes": False, "doctitle_xform": False,
            "sectsubtitle_xform": False, "docinfo_xform": False, "warning_stream": False,
            "tab_width": 8, "pep_references": False, "rfc_references": False}


def blank_options(text):
    """Options of directives that docutils does not know would fail them as a whole."""
    lines, inside, indent, start = text.split("\n"), False, 0, 0
    for i, line in enumerate(lines):
        m = re.match(r"(\s*)\.\. [\w:+-]+::", line)
        if m:
            inside, indent, start = True, len(m[1]), i
        elif inside and re.match(r"\s*:[\w-]+:", line) and len(line) - len(line.lstrip()) > indent:
            if ":hide:" in line:
                lines[start] = " " * indent + ".. testsetup::"
            lines[i] = None
        elif not line.strip() or len(line) - len(line.lstrip()) <= indent:
            inside = False
    return "\n".join(x for x in lines if x is not None)


def walk(node, out, tree):
    for n in node.children:
        if isinstance(n, nodes.title):
            out.headings.append(n.astext())
            walk(n, out, tree)
        elif isinstance(n, (nodes.literal_block, nodes.doctest_block)):
            out.code.append(n.astext())
            out.parts.append(n.astext())
        elif isinstance(n, Extra):
            tree.append(n)
            out.optional.append(n.rawsource)
        elif isinstance(n, (nodes.comment, nodes.system_message, nodes.substitution_definition,
                            nodes.target, nodes.problematic, nodes.image, nodes.raw,
                            nodes.pending)) or \
                (isinstance(n, nodes.topic) and "contents" in n["classes"]):
            if isinstance(n, nodes.problematic):
                out.optional.append(n.astext())
        elif isinstance(n, (nodes.footnote_reference, nodes.citation_reference)):
            out.optional.append(n.astext())
        elif isinstance(n, nodes.Text):
            out.parts.append(n.astext())
        else:
            inline = isinstance(n, nodes.Inline)
            if not inline:
                out.parts.append("\n")
            walk(n, out, tree)
            if not inline:
                out.parts.append("\n")


def joined(out):
    """Inline pieces without a blank between them are one text."""
    out.parts = ["".join(out.parts)]
    return out


def read_site(files, text_class):
    """Yields (page, text) for each source that can be judged."""
    patch()
    pages, headings, labels = {}, {}, {}
    for page, f in files.items():
        source = f.read_text(errors="replace")
        for m in re.finditer(r"(?m)^\.\. _`?([^:`]+)`?:\s*\n(?:\s*\n|\.\. .*\n)*(.+)\n[=\-~^\"'*#+]{2,}",
                             source):
            labels[m[1].lower()] = m[2]
        foreign = FOREIGN.search(source)
        tree = publish_doctree(blank_options(source), settings_overrides=SETTINGS)
        out, extra = text_class(), []
        walk(tree, out, extra)
        joined(out)
        headings[page] = out.headings[:1]
        out.toc = any(e.get("toctree") for e in extra)
        if not foreign:
            pages[page] = (out, extra)
    for page, (out, extra) in pages.items():
        for e in extra:
            if e.get("target"):
                out.optional.append(labels.get(e.rawsource.lower(), ""))
                name = e.rawsource.lstrip("/")
                base = "" if e.rawsource.startswith("/") else page[:page.rfind("/") + 1]
                out.optional += headings.get(base + name + ".html", [])
        yield page, out
