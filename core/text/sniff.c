/* SPDX-License-Identifier: MIT */
#include "core/text/sniff.h"

#include "core/text/charset.h"
#include "core/text/convert.h"
#include "core/text/mdutil.h"

#define HEAD 65536 /* bytes looked at for marks of a format */

/* Whitespace-separated words, matched without regard to case. */
static bool in_list(struct span word, const char *list)
{
    if (word.len == 0)
        return false;
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, " ");
        if (n == word.len && strncasecmp(p, word.s, n) == 0)
            return true;
        p += n + (p[n] == ' ');
    }
    return false;
}

static const struct {
    enum doc_format format;
    const char *extensions;
} documents[] = {
    {FORMAT_MARKDOWN, "md markdown mdx mkd mkdn mdown qmd rmd"},
    {FORMAT_HTML, "html htm xhtml shtml"},
    {FORMAT_RST, "rst rest"},
    {FORMAT_ASCIIDOC, "adoc asciidoc asc"},
    {FORMAT_IPYNB, "ipynb"},
    {FORMAT_PDF, "pdf"},
    {FORMAT_EPUB, "epub"},
    {FORMAT_OFFICE, "docx odt rtf"},
    {FORMAT_MAN, "mdoc"},
    {FORMAT_POD, "pod"},
};

/* Files beside documentation. Source code and site furniture would only dilute a search. */
static const struct {
    const char *kind, *extensions;
} skipped[] = {
    {"javascript", "js mjs cjs jsx"},
    {"typescript", "ts tsx"},
    {"style sheet", "css scss sass less"},
    {"source map", "map"},
    {"XML", "xml xsl xslt xsd dtd ent svgz plist rss atom opml"},
    {"SVG image", "svg"},
    {"image", "png jpg jpeg gif ico webp bmp tif tiff avif heic xpm psd eps odg vsd"},
    {"font", "woff woff2 ttf otf eot"},
    {"archive", "zip tar gz tgz bz2 tbz xz txz zst lz lzma 7z rar jar whl deb rpm apk iso gem egg"},
    {"program or object code",
     "o a so ko pyc pyo class dll exe dylib lib bin wasm obj la pdb elc beam"},
    {"audio or video", "mp3 mp4 m4a m4v webm ogg oga ogv wav flac avi mov mkv"},
    {"office document that is not read: save it as docx, odt or PDF",
     "doc xls xlsx ppt pptx ods odp"},
    {"electronic book", "mobi azw3 chm djvu ps dvi"},
    {"database", "db sqlite sqlite3 mdb idx pickle pkl npy npz h5 parquet"},
    {"search or link index", "inv doctree buildinfo qch qhc qhp tag devhelp devhelp2"},
    {"translation", "po pot mo gmo"},
    {"data", "csv tsv dat lock sum log geojson ndjson jsonl"},
    {"template of pages", "tmpl tpl gotmpl j2 jinja jinja2 erb haml pug hbs mustache ejs twig"},
    {"diagram source", "dot gv puml drawio pikchr fig"},
    {"source code",
     "py pyi pyx c h cc cpp cxx hpp hxx hh m mm java go rs rb pl pm t sh bash zsh fish ps1 bat cmd "
     "php cs fs swift kt kts scala lua r jl hs ml mli el lisp scm clj cljs ex exs erl hrl sql "
     "cmake mk am ac m4 s asm v vhd sv f f90 pas d nim zig dart groovy gradle tcl awk sed vim "
     "proto thrift graphql vue svelte patch diff rnc sty cls bst bib tex dtx ins"},
};

/* Whole names, the extension of which says something else or nothing. */
static const struct {
    const char *kind, *names;
} skipped_names[] = {
    {"build file", "requirements.txt makefile gnumakefile dockerfile containerfile vagrantfile "
                   "rakefile gemfile jenkinsfile "
                   "cmakelists.txt meson.build meson_options.txt configure procfile"},
    {"site furniture", "nav.adoc local-nav.adoc robots.txt sitemap.txt humans.txt ads.txt "
                       "searchindex.json search.json "
                       "search_index.json manifest.json site.webmanifest"},
    {"index of other pages", /* as DocBook and Texinfo name them */
     "bookindex.html ix01.html concept-index.html function-index.html variable-index.html "
     "option-index.html command-index.html general-index.html concept-and-symbol-index.html"},
    {"data", "package.json package-lock.json composer.json tsconfig.json"},
};

static const struct {
    const char *kind, *magic;
    size_t len;
} magics[] = {
    {"PNG image", "\x89PNG", 4},
    {"JPEG image", "\xff\xd8\xff", 3},
    {"GIF image", "GIF8", 4},
    {"RIFF media", "RIFF", 4},
    {"zip archive", "PK\3\4", 4},
    {"gzip data", "\x1f\x8b", 2},
    {"xz data",
     "\xfd"
     "7zXZ",
     5},
    {"zstd data", "\x28\xb5\x2f\xfd", 4},
    {"ELF program",
     "\x7f"
     "ELF",
     4},
    {"ar archive", "!<arch>\n", 8},
    {"font", "wOFF", 4},
    {"font", "wOF2", 4},
    {"font", "\0\1\0\0", 4},
    {"SQLite database", "SQLite format 3", 15},
    {"Sphinx inventory", "# Sphinx inventory", 18},
    {"program", "MZ\x90", 3},
    {"Java class", "\xca\xfe\xba\xbe", 4},
    {"WebAssembly", "\0asm", 4},
    {"PostScript", "%!PS", 4},
    {"DVI", "\367\2\1\203", 4},
    {"rich text", "{\\rtf", 5},
    {"office document that is not read: save it as docx, odt or PDF", "\xd0\xcf\x11\xe0", 4},
};

static const char *skip_by_whole_name(const char *name)
{
    struct span base = path_base(name);
    for (size_t i = 0; i < sizeof(skipped_names) / sizeof(skipped_names[0]); i++)
        if (in_list(base, skipped_names[i].names))
            return skipped_names[i].kind;
    return NULL;
}

static const char *skip_by_name(const char *name)
{
    struct span ext = path_ext(name);
    const char *kind = skip_by_whole_name(name);
    if (kind)
        return kind;
    for (size_t i = 0; i < sizeof(skipped) / sizeof(skipped[0]); i++)
        if (in_list(ext, skipped[i].extensions))
            return skipped[i].kind;
    return NULL;
}

static const char *skip_by_bytes(const char *data, size_t len)
{
    for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
        if (len >= magics[i].len && memcmp(data, magics[i].magic, magics[i].len) == 0)
            return magics[i].kind;
    if (len > 262 && memcmp(data + 257, "ustar", 5) == 0)
        return "tar archive";
    return charset_is_text(data, len) ? NULL : "binary data";
}

/* Requests, control lines or comments: what a manual page begins with, and a title macro. */
static bool looks_like_roff(struct span text)
{
    struct span t = span_trim(text), line;
    while (span_starts(t, "\\\"") && line_next(&t, &line)) /* a comment without its full stop */
        ;
    if (t.len < 4 || (t.s[0] != '.' && t.s[0] != '\'') ||
        (!is_alpha(t.s[1]) && t.s[1] != '\\' && t.s[1] != ' ' && t.s[1] != '\n' && t.s[1] != '"'))
        return false;
    static const char *const titles[] = {".TH ", ".Dd ", ".so ", ".Dt ", ".TH\t", ".Dd\n"};
    for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
        for (struct span rest = t; rest.len;) {
            const char *p = memmem(rest.s, rest.len, titles[i], strlen(titles[i]));
            if (!p)
                break;
            if (p == t.s || p[-1] == '\n')
                return true;
            rest = (struct span){p + 1, (size_t)(t.s + t.len - p - 1)};
        }
    return false;
}

/* ls.1, printf.3posix, intro.n: a section, then at most letters. */
static bool is_man_name(const char *name)
{
    struct span e = path_ext(name);
    if (e.len == 0 || e.len > 8 ||
        !((e.s[0] >= '1' && e.s[0] <= '9') || e.s[0] == 'n' || e.s[0] == 'l'))
        return false;
    for (size_t i = 1; i < e.len; i++)
        if (!is_alnum(e.s[i]))
            return false;
    return true;
}

static bool is_openapi_key(struct span key)
{
    return span_eq(key, "openapi") || span_eq(key, "swagger");
}

/* Walks the tokens of JSON without building it: a key of the outermost object can stand after
 * megabytes of paths. */
static bool json_has_openapi_key(struct span t)
{
    size_t depth = 0;
    for (size_t i = 0; i < t.len; i++) {
        char c = t.s[i];
        if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (depth <= 1)
                return false;
            depth--;
        } else if (c == '"') {
            size_t start = ++i;
            while (i < t.len && t.s[i] != '"')
                i += t.s[i] == '\\' ? 2 : 1;
            if (depth == 1 && i < t.len && is_openapi_key((struct span){t.s + start, i - start})) {
                struct span after =
                    span_trim((struct span){t.s + i + 1, t.len - i - 1 > 16 ? 16 : t.len - i - 1});
                if (after.len && after.s[0] == ':')
                    return true;
            }
        }
    }
    return false;
}

static bool yaml_has_openapi_key(struct span t)
{
    struct span line;
    while (line_next(&t, &line)) {
        const char *colon = line.len ? memchr(line.s, ':', line.len < 16 ? line.len : 16) : NULL;
        if (!colon)
            continue;
        struct span key = {line.s, (size_t)(colon - line.s)};
        if (key.len > 2 && (key.s[0] == '"' || key.s[0] == '\''))
            key = (struct span){key.s + 1, key.len - 2};
        if (is_openapi_key(key))
            return true;
    }
    return false;
}

/* Texts named .txt or nothing at all are often AsciiDoc or reStructuredText: marks that plain
 * prose does not have are counted. */
static enum doc_format markup_of(struct span head)
{
    unsigned adoc = 0, rst = 0;
    struct span line;
    while (line_next(&head, &line)) {
        if (line.len < 4)
            continue;
        /* A term has its text right below it; literal text comes after an empty line. */
        bool term =
            span_ends(line, "::") && head.len > 1 && is_blank(head.s[0]) && head.s[0] != '\n';
        adoc += (span_starts(line, "[[") && span_ends(line, "]]")) ||
                span_starts(line, "[verse]") || span_starts(line, "[source") ||
                span_starts(line, "include::") || span_starts(line, "ifdef::") ||
                span_starts(line, "image::") || span_starts(line, "[NOTE]") ||
                span_has(line, "linkgit:") || (line.s[0] == '-' && span_ends(line, "::")) ||
                span_starts(line, "== ") || term;
        rst += (span_starts(line, ".. ") && (span_has(line, "::") || span_starts(line, ".. _"))) ||
               span_has(line, ":ref:`") || span_has(line, ":doc:`") || span_has(line, ":term:`") ||
               span_has(line, "`_ ") || (is_alpha(line.s[0]) && span_ends(line, "::") && !term);
    }
    if (adoc >= 3 && adoc > 2 * rst)
        return FORMAT_ASCIIDOC;
    return rst >= 3 && rst > 2 * adoc ? FORMAT_RST : FORMAT_TEXT;
}

static bool starts_nocase(struct span p, const char *prefix)
{
    return p.len >= strlen(prefix) && strncasecmp(p.s, prefix, strlen(prefix)) == 0;
}

static enum doc_format format_by_bytes(struct span text)
{
    struct span head = {text.s, text.len < HEAD ? text.len : HEAD};
    struct span t = span_trim(head);
    if (span_starts(t, "\xef\xbb\xbf"))
        t = span_trim(span_skip(t, 3));
    if (starts_nocase(t, "<!doctype html") || starts_nocase(t, "<html"))
        return FORMAT_HTML;
    if (span_starts(t, "<?xml") || span_starts(t, "<!--"))
        return memmem(t.s, t.len < 2048 ? t.len : 2048, "<html", 5) ? FORMAT_HTML : FORMAT_TEXT;
    return looks_like_roff(t) ? FORMAT_MAN : FORMAT_UNKNOWN;
}

/* Sphinx copies its sources to _sources/NAME.rst.txt. */
static struct span inner_ext(const char *name, struct span ext)
{
    struct span stem = path_stem(name);
    const char *dot = stem.len ? memrchr(stem.s, '.', stem.len) : NULL;
    if (!span_eq_nocase(ext, "txt") || !dot || dot == stem.s)
        return ext;
    return (struct span){dot + 1, (size_t)(stem.s + stem.len - dot - 1)};
}

static enum doc_format format_by_ext(struct span ext)
{
    for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
        if (in_list(ext, documents[i].extensions))
            return documents[i].format;
    return FORMAT_UNKNOWN;
}

/* A page of Hugo or Jekyll: metadata, then a part of HTML with marks of the generator, which the
 * reader of markdown knows. */
static bool has_front_matter(struct span text)
{
    struct span head = {text.s, text.len < HEAD ? text.len : HEAD};
    return (span_starts(text, "---\n") || span_starts(text, "---\r\n")) &&
           span_has(span_skip(text, 3), "\n---") && !span_has(head, "<html");
}

/* What pages are made with: it begins with a mark of Jinja, Liquid or Go, or has lines of them
 * before any code. Pages of docs about such marks show them in code. */
static bool is_template(struct span text)
{
    text.len = text.len < HEAD ? text.len : HEAD;
    text = span_trim(text);
    const char *end;
    while (span_starts(text, "<!--") && (end = memmem(text.s, text.len, "-->", 3)))
        text = span_trim(span_skip(text, (size_t)(end + 3 - text.s)));
    const char *code = memmem(text.s, text.len, "<pre", 4);
    if (code)
        text.len = (size_t)(code - text.s);
    unsigned marks = 0;
    struct span line;
    for (bool first = true; marks < 2 && line_next(&text, &line); first = false) {
        struct span t = span_trim(line);
        bool mark = span_starts(t, "{%") || span_starts(t, "{{") || span_starts(t, "{# ") ||
                    span_starts(t, "{#-");
        marks += mark ? 1 + first : 0;
    }
    return marks > 1;
}

enum doc_format convert_sniff(const char *name, const char *data, size_t len)
{
    struct span text = {data, len}, ext = path_ext(name), base = path_base(name);
    if (len >= 5 && memcmp(data, "%PDF-", 5) == 0)
        return FORMAT_PDF;
    enum doc_format f = format_by_ext(ext);
    if (f == FORMAT_UNKNOWN)
        f = format_by_ext(inner_ext(name, ext));
    if (f == FORMAT_MAN && !looks_like_roff(text))
        f = FORMAT_MARKDOWN; /* .mdoc is a page of Markdoc, too */
    if (f == FORMAT_PDF)     /* garbage before the mark is allowed */
        return len && memmem(data, len < 1024 ? len : 1024, "%PDF-", 5) ? f : FORMAT_BINARY;
    if (f == FORMAT_EPUB || f == FORMAT_OFFICE) {
        bool rtf = span_eq_nocase(ext, "rtf");
        const char *mark = rtf ? "{\\rtf" : "PK\3\4";
        return len > 4 && memcmp(data, mark, rtf ? 5 : 4) == 0 ? f : FORMAT_BINARY;
    }
    /* glob.t and sed.l are code, foo.l may be a page: the content of a man name decides first. */
    if (f == FORMAT_UNKNOWN && is_man_name(name) &&
        looks_like_roff((struct span){data, len < HEAD ? len : HEAD}))
        f = FORMAT_MAN;
    if (f == FORMAT_UNKNOWN && in_list(ext, "rd") && span_has(text, "\\name{"))
        f = FORMAT_RD;
    if (f == FORMAT_UNKNOWN && in_list(ext, "pm pl") && span_has(text, "\n=head1 "))
        f = FORMAT_POD; /* between the code */
    if ((f == FORMAT_UNKNOWN && skip_by_name(name)) ||
        (f == FORMAT_HTML && skip_by_whole_name(name)))
        return FORMAT_BINARY;
    if (skip_by_bytes(data, len))
        return FORMAT_BINARY;
    if (f == FORMAT_HTML && has_front_matter(text))
        return FORMAT_MARKDOWN;
    if (f != FORMAT_UNKNOWN)
        return f == FORMAT_HTML && is_template(text) ? FORMAT_BINARY : f;
    if (in_list(ext, "json"))
        return json_has_openapi_key(text) ? FORMAT_OPENAPI : FORMAT_TEXT;
    if (in_list(ext, "yaml yml"))
        return yaml_has_openapi_key(text) ? FORMAT_OPENAPI : FORMAT_TEXT;
    f = format_by_bytes(text);
    if (f != FORMAT_UNKNOWN)
        return f;
    if (len > 2 && data[0] == '#' && data[1] == '!' && !in_list(ext, "txt text"))
        return FORMAT_BINARY;
    if (ext.len == 0 || in_list(ext, "txt text") || span_starts(base, "README"))
        return markup_of((struct span){data, len < HEAD ? len : HEAD});
    return FORMAT_TEXT;
}

const char *sniff_skip_reason(const char *name, const char *data, size_t len)
{
    const char *kind = skip_by_name(name);
    if (!kind)
        kind = skip_by_bytes(data, len);
    if (!kind && len > 2 && memcmp(data, "#!", 2) == 0)
        kind = "script";
    if (!kind && span_eq_nocase(path_ext(name), "pdf"))
        kind = "no PDF in spite of its name";
    enum doc_format f = format_by_ext(path_ext(name));
    if (!kind && f == FORMAT_HTML && is_template((struct span){data, len}))
        kind = "template of pages";
    if (f == FORMAT_EPUB || f == FORMAT_OFFICE)
        kind = "not what its name says";
    return kind ? kind : "not text";
}
