/* SPDX-License-Identifier: MIT
 * Tokens, names, the query grammar, passages, snippets and the built-in embedding. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/embed/embed.h"
#include "core/text/name.h"
#include "core/text/passage.h"
#include "core/text/query.h"
#include "core/text/snippet.h"
#include "core/text/token.h"

/* ---- tokens ---- */

static int join_token(void *arg, const struct token *t)
{
    struct buf *b = arg;
    buf_addf(b, "%s%s%s", b->len ? " " : "", t->part ? "+" : "", t->text);
    return 0;
}

static void expect_tokens(const char *text, const char *want)
{
    struct buf b = {0};
    token_each(text, strlen(text), join_token, &b);
    const char *got = buf_text(&b);
    if (strcmp(got, want))
        fprintf(stderr, "tokens of [%s]: [%s], not [%s]\n", text, got, want);
    assert(!strcmp(got, want));
    buf_fini(&b);
}

static void test_tokens(void)
{
    expect_tokens("", "");
    expect_tokens("Open a FILE.", "open a file");
    expect_tokens("writeBoolean", "writeboolean +write +boolean");
    expect_tokens("HTTPServer parseURLs IDs",
                  "httpserver +http +server parseurls +parse +urls ids");
    expect_tokens("os.path.join", "os.path.join +os +path +join");
    expect_tokens("std::vector a:b", "std::vector +std +vector a b");
    expect_tokens("snake_case", "snake_case +snake +case");
    expect_tokens("__init__ _em_ __ _", "__init__ +init em");
    expect_tokens("c++ C# f# c++11 libstdc++", "c++ c# f# c++11 +c++ libstdc++ +libstdc");
    expect_tokens("issue #12 a+b i++;", "issue 12 a b i++");
    expect_tokens("--flag-name -Wall -n", "--flag-name +flag-name +flag +name -wall +wall -n");
    expect_tokens(".net *.py (.git)", ".net +net .py +py .git +git");
    expect_tokens("end. well-known a--b - x", "end well-known +well +known a b x");
    expect_tokens("3.11.2 utf-8 2024-01-15", "3.11.2 utf-8 +utf 2024-01-15 +2024");
    expect_tokens("don't it's we'll Python\xe2\x80\x99s l'eau", "don it we python l eau");
    expect_tokens("a/b/c", "a b c");
    expect_tokens("Caf\xc3\xa9 \xc3\x89"
                  "COLE Stra\xc3\x9f"
                  "e",
                  "cafe ecole strasse");
    expect_tokens("\xd0\x9f\xd0\xa0\xd0\x98", "\xd0\xbf\xd1\x80\xd0\xb8");
    expect_tokens("\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5 \xe6\x9c\xac");
    expect_tokens("a\xff\xfe"
                  "b",
                  "a b");
    expect_tokens("soft\xc2\xadhyphen", "softhyphen");
}

struct tally {
    size_t whole, parts, longest;
};

static int count_token(void *arg, const struct token *t)
{
    struct tally *c = arg;
    *(t->part ? &c->parts : &c->whole) += 1;
    c->longest = t->len > c->longest ? t->len : c->longest;
    return 0;
}

static int stop_token(void *arg, const struct token *t)
{
    return ++*(int *)arg == 2 ? 42 : 0;
}

static void test_token_bounds(void)
{
    size_t n = 1u << 20;
    char *text = malloc(n);
    assert(text);
    memset(text, 'x', n);
    struct tally c = {0};
    token_each(text, n, count_token, &c);
    assert(c.whole == 1 && c.parts == 0 && c.longest == TOKEN_MAX);
    for (size_t i = 0; i + 3 < n; i += 4)
        memcpy(text + i, "abc.", 4);
    c = (struct tally){0};
    token_each(text, n, count_token, &c);
    assert(c.whole == 1 && c.parts == TOKEN_PARTS_MAX && c.longest == TOKEN_MAX);
    free(text);
    int calls = 0;
    assert(token_each("a b c", 5, stop_token, &calls) == 42 && calls == 2);
}

static void *stem_thread(void *arg)
{
    for (int i = 0; i < 2000; i++) {
        char word[TOKEN_MAX];
        int n = snprintf(word, sizeof(word), "running");
        assert(token_stem(word, (size_t)n) == 3 && !memcmp(word, "run", 3));
    }
    return arg;
}

static void test_words(void)
{
    assert(token_is_stopword("the", 3) && token_is_stopword("how", 3) && token_is_stopword("a", 1));
    assert(!token_is_stopword("file", 4) && !token_is_stopword("th", 2) &&
           !token_is_stopword("", 0));
    static const char *const stems[][2] = {
        {"connections", "connect"}, {"configuring", "configur"},
        {"flies", "fli"},           {"c++", "c++"},
        {"utf8", "utf8"},           {"internationalizationalizations", "internationalization"}};
    for (int twice = 0; twice < 2; twice++) { /* the second round comes out of the cache */
        for (size_t i = 0; i < sizeof(stems) / sizeof(*stems); i++) {
            char word[TOKEN_MAX];
            strcpy(word, stems[i][0]);
            size_t n = token_stem(word, strlen(word));
            assert(n == strlen(stems[i][1]) && !memcmp(word, stems[i][1], n));
        }
    }
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert(!pthread_create(&threads[i], NULL, stem_thread, NULL));
    for (int i = 0; i < 4; i++)
        assert(!pthread_join(threads[i], NULL));
}

/* ---- names ---- */

static void expect_slug(const char *title, const char *want)
{
    char slug[SLUG_MAX + 1];
    name_slug(title, strlen(title), slug);
    assert(!strcmp(slug, want));
}

static void test_slugs(void)
{
    expect_slug("os.path \xe2\x80\x94 Common Names", "os.path-common-names");
    expect_slug("  ..-C++ FAQ!!  ", "c++-faq");
    expect_slug("", "untitled");
    expect_slug("---", "untitled");
    expect_slug("../../etc/passwd", "etc-passwd");
    expect_slug("red\x1b[31m\n", "red-31m");
    expect_slug("\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac");
    char title[400], slug[SLUG_MAX + 1];
    for (size_t i = 0; i < sizeof(title); i += 2)
        memcpy(title + i, "\xc3\xa9", 2);
    name_slug(title, sizeof(title), slug);
    assert(strlen(slug) == SLUG_MAX);
}

static void test_ids(void)
{
    char id[DOC_ID_LEN + 1], upper[DOC_ID_LEN + 1] = "";
    for (int64_t row = 1; row < 200000; row++) {
        name_doc_id(row, id);
        assert(strlen(id) == DOC_ID_LEN && strspn(id, "234567") < DOC_ID_LEN);
        assert(name_doc_row(id, DOC_ID_LEN) == row);
    }
    name_doc_id((int64_t)1 << 39, id);
    assert(name_doc_row(id, DOC_ID_LEN) == (int64_t)1 << 39);
    for (int i = 0; i < DOC_ID_LEN; i++)
        upper[i] = (char)(id[i] >= 'a' ? id[i] - 32 : id[i]);
    assert(name_doc_row(upper, DOC_ID_LEN) == (int64_t)1 << 39);
    assert(!name_doc_row("23456723", 8) && !name_doc_row("abc", 3) && !name_doc_row("abcdefg1", 8));
    name_doc_id(1, id); /* kept for ever: ids are in people's notes */
    assert(!strcmp(id, "nk3nceej"));
}

static void test_globs(void)
{
    static const struct {
        const char *pattern, *path;
        bool match;
    } table[] = {
        {"*.md", "a/b.md", true},
        {"a/*.md", "a/b/c.md", false},
        {"a/**", "a/b/c.md", true},
        {"**/c.md", "c.md", true},
        {"**/c.md", "a/b/c.md", true},
        {"a/**/c.md", "a/c.md", true},
        {"a/**/c.md", "a/xc.md", false},
        {"a/**/c.md", "a/x/y/c.md", true},
        {"**c.md", "a/xc.md", true},
        {"?.md", "\xc3\xa9.md", true},
        {"[a-c]x", "bx", true},
        {"[!a-c]x", "bx", false},
        {"[]x]", "]", true},
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"/x", "x", true},
        {"/x", "a/x", false},
        {"lib", "a/lib", true},
        {"lib/**", "lib", false},
        {"a/**/b/**/c", "a/b/c", true},
        {"a/**/b/**/c", "a/q/b/z/c", true},
        {"*", "", true},
        {"", "", true},
        {"a**b/c", "axx/yyb/c", true},
        {"[", "[", true},
        {"a/?", "a//", false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++)
        assert(name_glob(table[i].pattern, table[i].path) == table[i].match);
    char pattern[1000], path[4000]; /* hopeless for a backtracking matcher */
    for (size_t i = 0; i < sizeof(pattern) - 3; i += 2)
        memcpy(pattern + i, "*a", 2);
    strcpy(pattern + sizeof(pattern) - 4, "/b");
    memset(path, 'a', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert(!name_glob(pattern, path));
}

/* ---- queries ---- */

static struct query *parse(const char *text, bool from_name)
{
    struct query *q = NULL;
    struct docfs_err err = {0};
    int r = query_parse(text, strlen(text), from_name, &q, &err);
    if (r)
        fprintf(stderr, "query [%s]: %d %s\n", text, r, err.text);
    assert(!r);
    return q;
}

static void expect_query(const char *text, bool from_name, const char *want_text,
                         const char *want_canonical)
{
    struct query *q = parse(text, from_name);
    if (strcmp(q->text, want_text) || strcmp(q->canonical, want_canonical))
        fprintf(stderr, "query [%s]: text [%s], canonical [%s]\n", text, q->text, q->canonical);
    assert(!strcmp(q->text, want_text) && !strcmp(q->canonical, want_canonical));
    query_free(q);
}

static void expect_refused(const char *text, int code, const char *named)
{
    struct query *q = NULL;
    struct docfs_err err = {0};
    assert(query_parse(text, strlen(text), false, &q, &err) == code && !q);
    assert(strstr(err.text, named));
}

static void test_query_text(void)
{
    expect_query("  How do\tI\nopen a file ", false, "How do I open a file",
                 "how do i open a file");
    expect_query("std::vector http://x a=b", false, "std::vector http://x a=b",
                 "std::vector http://x a=b");
    expect_query("type: ignore after:effects in::x", false, "type: ignore after:effects in::x",
                 "type: ignore after:effects in::x");
    expect_query("x -y --long -n", false, "x -y --long -n", "x -y --long -n");
    expect_query("=k=5 -foo \"x\"", false, "k=5 -foo \"x\"", "=k=5 -foo \"x\"");
    expect_query("\"open", false, "open", "open");
    expect_query("cafe\xcc\x81", false, "caf\xc3\xa9", "caf\xc3\xa9");
    expect_query("open+a+file", true, "open a file", "open a file");
    expect_query("open+a+file", false, "open+a+file", "open+a+file");
    expect_query("c++", true, "c++", "c++");
    expect_query("a b+c", true, "a b+c", "a b+c");
    expect_query("tcp%2Fip%3F", true, "tcp/ip?", "tcp/ip?");
    expect_query("100% of it", true, "100% of it", "100% of it");
    expect_query("what is this?", true, "what is this", "what is this");
    expect_query("how*", true, "how", "how");
    expect_query("path=lib%2F*", true, "", "path=lib/*");
}

static void test_query_terms(void)
{
    struct query *q = parse("k=20 \"Exact Phrase\" -foo IN=git,python@3.11 in=git -\"a  b\" word "
                            "mode:lex min=0.35 path=\"my dir/**\" ext=.HTML lang=pt-BR",
                            false);
    assert(!strcmp(q->text, "Exact Phrase word"));
    assert(q->n_phrase == 1 && !strcmp(q->phrase[0], "Exact Phrase"));
    assert(q->n_exclude == 2 && !strcmp(q->exclude[0], "foo") && !strcmp(q->exclude[1], "a b"));
    assert(q->n_in == 2 && !strcmp(q->in[1], "python@3.11"));
    assert(q->k == 20 && q->mode == MODE_LEX && fabs(q->min - 0.35) < 1e-9 && !q->raw);
    assert(!strcmp(q->path, "my dir/**") && !strcmp(q->ext, "html") && !strcmp(q->lang, "pt-br"));
    assert(!strcmp(q->canonical, "\"exact phrase\" word -\"a b\" -\"foo\" ext=html in=git "
                                 "in=python@3.11 k=20 lang=pt-br min=0.35 mode=lex "
                                 "path=\"my dir/**\""));
    struct query *again = parse(q->canonical, false);
    assert(!strcmp(again->canonical, q->canonical));
    query_free(again);
    query_free(q);

    q = parse("after=2023-02 before=2024-02-29 type=html", false);
    assert(q->after == 1675209600 && q->before == 1709164800 && !strcmp(q->type, "html"));
    assert(!*q->text && !strcmp(q->canonical, "after=2023-02-01 before=2024-02-29 type=html"));
    query_free(q);
    struct docfs_err err = {0};
    const char *raw = "=Task -x k=9";
    assert(query_parse_with(raw, strlen(raw), " in=\"my docs\" k=2", &q, &err) == 0);
    assert(q->raw && !strcmp(q->text, "Task -x k=9") && q->k == 2 && q->n_in == 1);
    assert(!strcmp(q->canonical, " in=\"my docs\" k=2 =task -x k=9" + 1));
    query_free(q);
    q = NULL;
    assert(query_parse_with("=", 1, " k=2", &q, &err) == -EINVAL && !q);
    q = parse("after=2w", false);
    assert(q->after > 1700000000 && q->after % 86400 == 0);
    query_free(q);
    for (int m = MODE_HYBRID; m <= MODE_EXACT; m++)
        assert(*query_mode_name((enum query_mode)m));
}

static void test_query_errors(void)
{
    expect_refused("", -EINVAL, "empty");
    expect_refused(" \t ", -EINVAL, "empty");
    expect_refused("=", -EINVAL, "empty");
    expect_refused("min=0", -EINVAL, "empty");
    expect_refused("-foo", -EINVAL, "excludes");
    expect_refused("x k=0", -EINVAL, "k=");
    expect_refused("x k=1001", -EINVAL, "k=");
    expect_refused("x min=1.5", -EINVAL, "min=");
    expect_refused("x mode=fast", -EINVAL, "mode=");
    expect_refused("x type=nonsense", -EINVAL, "type=");
    expect_refused("x after=2023-02-30", -EINVAL, "after=");
    expect_refused("x path=\"open", -EINVAL, "quote");
    expect_refused("a\xff", -EILSEQ, "UTF-8");
    char longer[QUERY_MAX + 2];
    memset(longer, 'a', sizeof(longer));
    longer[sizeof(longer) - 1] = '\0';
    expect_refused(longer, -ENAMETOOLONG, "4096");
    struct buf many = {0};
    for (int i = 0; i <= QUERY_TERMS_MAX; i++)
        buf_adds(&many, "\"a b\" ");
    expect_refused(many.data, -EINVAL, "64");
    buf_fini(&many);
}

/* ---- passages ---- */

static struct passages split(const char *md)
{
    struct passages p = {0};
    assert(!passages_split(md, strlen(md), &PASSAGE_OPTIONS_DEFAULT, &p));
    return p;
}

static void expect_heading(const char *md, const char *want)
{
    struct passages p = split(md);
    assert(p.n);
    if (strcmp(p.item[0].heading, want))
        fprintf(stderr, "heading of [%s]: [%s], not [%s]\n", md, p.item[0].heading, want);
    assert(!strcmp(p.item[0].heading, want));
    passages_fini(&p);
}

static void add_words(struct buf *b, size_t bytes)
{
    for (size_t end = b->len + bytes; b->len < end;)
        buf_adds(b, "some words of text that make a section long ");
}

static void test_headings(void)
{
    expect_heading("text only\n", "");
    expect_heading("# A\n## B\ntext\n", "A > B");
    expect_heading("# A\ntext\n## B\ntext\n### C\ntext\n### D\ntext\n", "A > B > C, D");
    expect_heading("Title\n=====\n\nSub\n---\ntext\n", "Title > Sub");
    expect_heading(
        "# The `open()` *fast* [link](x.html#y \"t\") <a id=\"q\"></a>&amp; \\_x {#id} ##\nt\n",
        "The open() fast link & _x");
    expect_heading("```\n# no heading\n```\n", "");
    expect_heading("# A\n#hash is text\n", "A");
    expect_heading("---\ntitle: x\nkey: y\n---\ntext\n", "");
    struct passages p = split("\n\n");
    assert(p.n == 0);
    passages_fini(&p);
}

static void test_sections(void)
{
    struct buf b = {0};
    buf_adds(&b, "# Top\n\n## NAME\n\nls - list\n\n## SYNOPSIS\n\nls [FILE]\n\n## LONG\n\n");
    add_words(&b, 1000);
    buf_adds(&b, "\n\n## OTHER\n\n");
    add_words(&b, 700);
    buf_addc(&b, '\n');
    struct passages p = split(b.data);
    assert(p.n == 3); /* the small ones share one */
    assert(!strcmp(p.item[0].heading, "Top > NAME, SYNOPSIS"));
    assert(!strcmp(p.item[1].heading, "Top > LONG") && p.item[1].line == 11);
    assert(!strcmp(p.item[2].heading, "Top > OTHER") && p.item[2].lines == 3);
    passages_fini(&p);
    buf_fini(&b);
}

static void test_splitting(void)
{
    struct buf b = {0};
    buf_adds(&b, "# A\n\n");
    for (int i = 0; i < 4; i++) {
        add_words(&b, 700);
        buf_adds(&b, "\n\n");
    }
    struct passages p = split(b.data); /* below the maximum: at paragraphs, no overlap */
    assert(p.n >= 2 && p.n <= 4);
    for (size_t i = 0; i < p.n; i++) {
        assert(p.item[i].len < 1600 && !strcmp(p.item[i].heading, "A"));
        assert(!i || p.item[i].start >= p.item[i - 1].start + p.item[i - 1].len);
    }
    passages_fini(&p);

    buf_clear(&b);
    buf_adds(&b, "# Code\n\nBefore:\n\n```c\n");
    while (b.len < 3000)
        buf_adds(&b, "int x = 1;\n\n# not a heading\n");
    size_t code_end = b.len;
    buf_adds(&b, "```\n\n");
    add_words(&b, 900);
    p = split(b.data); /* the block fits in the maximum and stays whole */
    assert(p.n == 2 && p.item[0].start == 0 && p.item[0].len >= code_end);
    passages_fini(&p);

    buf_clear(&b);
    for (int i = 0; i < 200; i++)
        buf_addf(&b, "line %d of a very long paragraph without any break\n", i);
    p = split(b.data);
    bool overlap = false;
    for (size_t i = 1; i < p.n; i++) {
        assert(p.item[i].len <= 4000 && b.data[p.item[i].start - 1] == '\n');
        overlap |= p.item[i].start < p.item[i - 1].start + p.item[i - 1].len;
    }
    assert(overlap && p.n >= 12 && p.n <= 20);
    passages_fini(&p);

    buf_clear(&b); /* no blank line tells where a definition begins */
    for (int i = 0; i < 20; i++) {
        buf_addf(&b, "math.f%d(x, y)\n", i);
        for (int k = 0; k < i % 4 + 1; k++)
            buf_adds(&b, "Return something that is made of x and of y, which is\nwrapped here.\n");
    }
    p = split(b.data);
    for (size_t i = 0; i < p.n; i++)
        assert(memcmp(b.data + p.item[i].start, "math.f", 6) == 0);
    assert(p.n >= 4);
    passages_fini(&p);
    buf_fini(&b);
}

static void test_one_line(void)
{
    size_t n = 20u << 20;
    char *md = malloc(n);
    assert(md);
    for (size_t i = 0; i + 2 < n; i += 2)
        memcpy(md + i, "\xc3\xa9", 2);
    md[n - 2] = md[n - 1] = 'x';
    struct passages p = {0};
    assert(!passages_split(md, n, &PASSAGE_OPTIONS_DEFAULT, &p));
    size_t covered = 0;
    for (size_t i = 0; i < p.n; i++) {
        assert(p.item[i].len <= 4000 && p.item[i].len % 2 == 0 && p.item[i].start == covered);
        covered += p.item[i].len;
    }
    assert(covered == n);
    passages_fini(&p);
    free(md);
}

/* ---- snippets ---- */

static void expect_snippet(const char *text, const char *query, size_t max, const char *want,
                           uint32_t want_line)
{
    struct buf b = {0};
    uint32_t line = 99;
    snippet_make(text, strlen(text), query, max, &b, &line);
    if (strcmp(buf_text(&b), want) || line != want_line)
        fprintf(stderr, "snippet for [%s]: line %u [%s]\n", query, line, b.data);
    assert(!strcmp(buf_text(&b), want) && line == want_line && b.len <= max);
    buf_fini(&b);
}

static void test_snippets(void)
{
    const char *text =
        "## Opening\n\nThe **open()** function returns a [file object](io.html#x) for "
        "reading and nothing else at all.\n\n```python\nwith open('x') as f:\n"
        "    f.write('hello')\n```\n\n| a | b |\n|---|---|\n\nBytes \xff\x1b[31mlast.\n";
    expect_snippet(text, "unrelated", 40, "The open() function returns a file", 2);
    expect_snippet("- [field *after* `a*b`](x.md#f) say", "say", 40, "- field after `a*b` say", 0);
    expect_snippet("It is _not_ said, _ever so_, of snake_case and __init__ or `_x_` or _y", "say",
                   80, "It is not said, ever so, of snake_case and __init__ or `_x_` or _y", 0);
    expect_snippet("_Mutex_", "say", 80, "Mutex", 0);
    expect_snippet(text, "writing hello", 40, "f.write('hello') | a | b | Bytes", 6);
    expect_snippet(text, "returned file objects", 300,
                   "The open() function returns a file object for reading and nothing else at all. "
                   "with open('x') as f: f.write('hello') | a | b | Bytes [31mlast.",
                   2);
    expect_snippet("", "x", 40, "", 0);
    expect_snippet("abcdefghij", "x", 4, "abcd", 0);
}

/* ---- embedding ---- */

static float cosine(struct embedder *e, const char *a, const char *b)
{
    struct embed_text t[2] = {{.title = "", .body = a, .body_len = strlen(a)},
                              {.title = "", .body = b, .body_len = strlen(b)}};
    float *v = calloc(2 * e->dim, sizeof(*v)), sum = 0, norm = 0;
    assert(v && !e->embed(e->ctx, EMBED_PASSAGE, t, 2, v, NULL));
    for (unsigned i = 0; i < e->dim; i++) {
        sum += v[i] * v[e->dim + i];
        norm += v[i] * v[i];
    }
    assert(fabsf(norm - 1) < 1e-4f || norm == 0);
    free(v);
    return sum;
}

static void test_embedding(void)
{
    struct embedder *e = NULL, *other = NULL;
    assert(!embed_hash_new(&e, NULL) && !embed_hash_new(&other, NULL));
    assert(e->dim >= 64 && e->batch >= 1 && strstr(e->fingerprint, "docfs/hash/"));
    assert(!strcmp(e->fingerprint, other->fingerprint));
    assert(cosine(e, "open a file", "open a file") > 0.999f);
    assert(cosine(e, "opening files", "open a file") > 0.9f);
    assert(cosine(e, "configuration of the daemon", "config daemon") > 0.4f);
    assert(cosine(e, "remove a folder", "delete directories") >
           cosine(e, "remove a folder", "matrix multiplication") + 0.15f);
    assert(fabsf(cosine(e, "tls certificate rotation", "banana bread recipe")) < 0.25f);
    assert(cosine(e, "how do I", "the") == 0 && cosine(e, "", "") == 0);

    struct embed_text t = {"Title", 5, "some body about sockets", 23};
    float *a = calloc(e->dim, sizeof(*a)), *b = calloc(e->dim, sizeof(*b));
    assert(a && b && !e->embed(e->ctx, EMBED_QUERY, &t, 1, a, NULL));
    assert(!other->embed(other->ctx, EMBED_QUERY, &t, 1, b, NULL));
    assert(!memcmp(a, b, e->dim * sizeof(*a))); /* the same in every process */
    free(a);
    free(b);
    embedder_free(e);
    embedder_free(other);
    embedder_free(NULL);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"tokens", test_tokens},
        {"token bounds", test_token_bounds},
        {"stop words and stems", test_words},
        {"slugs", test_slugs},
        {"document ids", test_ids},
        {"globs", test_globs},
        {"query text", test_query_text},
        {"query terms", test_query_terms},
        {"query errors", test_query_errors},
        {"headings", test_headings},
        {"sections", test_sections},
        {"splitting", test_splitting},
        {"one long line", test_one_line},
        {"snippets", test_snippets},
        {"embedding", test_embedding},
    };
    size_t n = sizeof(tests) / sizeof(*tests);
    for (size_t i = 0; i < n; i++) {
        fprintf(stderr, "%s\n",
                tests[i].name); /* the one in which an assertion fails is the last */
        tests[i].run();
    }
    printf("%zu passed, 0 failed\n", n);
    return 0;
}
