/* SPDX-License-Identifier: MIT
 * Inside of the HTML converter, in the order of the work:
 *   html_scan   bytes -> smaller, harmless HTML (bounded depth and attributes, no scripts)
 *   html_aside  long runs of plain text go round the parser
 *   html_parse  that -> libgumbo tree in an arena with a ceiling
 *   html_clean  marks what is navigation and picks the main content
 *   html_blocks, _list, _table, _code, _inline over html_writer: tree -> markdown
 *   html_strip  what is left to do when the tree does not fit: text with paragraphs
 * Nothing here is for use outside core/text/html*.c. */
#pragma once
#include <gumbo.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/text/convert.h"
#include "core/text/mdutil.h"
#include "core/util/buf.h"

/* ---- vocabulary of class, id and role values (html_class.c) -------------------------------- */

enum html_word {
    WORD_JUNK = 1 << 0,       /* furniture of the site, never content */
    WORD_NAV = 1 << 1,        /* navigation, when it is mostly links */
    WORD_TOC = 1 << 2,        /* table of contents; of the page itself or of a book */
    WORD_HIDDEN = 1 << 3,     /* not shown, or a control that means nothing on paper */
    WORD_PERMALINK = 1 << 4,  /* pilcrow beside a heading */
    WORD_LINENO = 1 << 5,     /* line number gutter */
    WORD_MAIN = 1 << 6,       /* surely the main content */
    WORD_CONTENT = 1 << 7,    /* perhaps the main content */
    WORD_ADMONITION = 1 << 8, /* note box */
    WORD_KIND = 1 << 9,       /* ... and which: note, warning, ... */
    WORD_BOXTITLE = 1 << 10,  /* title of a note box */
    WORD_API = 1 << 11,       /* dl or dt of an API item */
    WORD_MATH = 1 << 12,
    WORD_LINE = 1 << 13,     /* one line of verse */
    WORD_RUBRIC = 1 << 14,   /* paragraph that acts as a heading */
    WORD_PLAIN = 1 << 15,    /* dl that is surely no API item */
    WORD_TITLE = 1 << 16,    /* div that acts as h1 (Doxygen) */
    WORD_CODE = 1 << 17,     /* signature set as inline code */
    WORD_FRAGMENT = 1 << 18, /* code whose lines are elements (Doxygen) */
    /* set by the cleaner, not by the vocabulary */
    MARK_HARD = 1 << 24, /* dropped in every mode */
    MARK_DROP = 1 << 25, /* dropped at the chosen strength */
    MARK_HOLDS_MAIN = 1 << 26,
    MARK_HOLDS_HEADING = 1 << 27,
};
/* Bits of all words in a class or id value. */
unsigned html_class_bits(const char *value, size_t len);
/* First word of value that names a kind of note box, capitalised ("Note"); NULL without one. */
const char *html_admonition_kind(const char *value);

/* ---- bytes -> bytes (html_scan.c, html_attr.c) ---------------------------------------------- */

enum html_attr {
    ATTR_CLASS,
    ATTR_ID,
    ATTR_ROLE,
    ATTR_HIDDEN,
    ATTR_ARIA_HIDDEN,
    ATTR_STYLE,
    ATTR_HREF,
    ATTR_SRC,
    ATTR_ALT,
    ATTR_START,
    ATTR_VALUE,
    ATTR_TYPE,
    ATTR_CHECKED,
    ATTR_COLSPAN,
    ATTR_ROWSPAN,
    ATTR_NAME,
    ATTR_PROPERTY,
    ATTR_CONTENT,
    ATTR_REL,
    ATTR_LANG,
    ATTR_DATA_LANG,
    ATTR_DATA_LANGUAGE,
    ATTR_ITEMPROP,
    ATTR_ALTTEXT,
    ATTR_DISPLAY,
    ATTR_COUNT,
};
struct html_attrs {
    struct {
        const char *data; /* points into the input, entities not decoded */
        size_t len;
    } value[ATTR_COUNT];
    uint32_t present; /* bit per enum html_attr */
    bool hidden;      /* by attribute or style */
};
/* Reads attributes from p (behind the tag name) to the end of the tag. Returns the byte behind
 * '>', or end when the tag is not closed. */
const char *html_attrs_read(const char *p, const char *end, struct html_attrs *ret);
struct html_aside;
/* Writes those attributes of set `mask` that are present. aside may be NULL. */
void html_attrs_write(const struct html_attrs *a, uint32_t mask, struct html_aside *aside,
                      struct buf *out);

/* Writes an equivalent of html to out that costs little to parse: without scripts, comments, SVG
 * and unused attributes, at most max_depth elements deep, MathML as TeX. aside (may be NULL) takes
 * long runs of text, for which out holds marks.
 * -EFBIG: a limit of out; -ENOMEM. */
int html_scan(const char *html, size_t len, unsigned max_depth, struct html_aside *aside,
              struct buf *out);

/* ---- text that goes round the parser (html_aside.c) ------------------------------------------ */

struct html_aside {
    struct buf text;
    struct html_run {
        size_t at, len; /* in text */
        bool back;
    } * run;
    size_t n;
};
void html_aside_fini(struct html_aside *a);
/* Replaces long runs of plain ASCII in out, from byte `from` on, by marks. */
void html_aside_put(struct html_aside *a, struct buf *out, size_t from);
/* Writes a mark for the value of an attribute; false: it has to be written as it is. */
bool html_aside_value(struct html_aside *a, const char *s, size_t len, struct buf *out);
/* What text is with its runs back, in memory of alloc(userdata, size); NULL: it has none. */
char *html_aside_back(const struct html_aside *a, const char *text,
                      void *(*alloc)(void *userdata, size_t size), void *userdata);

/* ---- tree (html_parse.c) -------------------------------------------------------------------- */

struct html_mark {
    uint32_t bits;          /* enum html_word */
    uint32_t text;          /* bytes of text below that are not blank */
    uint32_t link;          /* of those, inside links */
    uint32_t words;         /* kept text outside links after dropping */
    uint32_t kept;          /* kept text */
    uint16_t links, inpage; /* links below; to "#..." */
    uint16_t fragments;     /* to "...#..." */
};

struct html_arena;
struct html_doc {
    GumboNode *root, *head, *body;
    struct html_arena *arena;
    struct html_mark *mark; /* by node->index_within_parent, which the cleaner renumbers */
    size_t n_marks;
    GumboNode *main;      /* what to render */
    GumboNode *heading;   /* first h1 (or what stands for it) of the page, or NULL */
    bool heading_outside; /* ... which is not below main */
};
/* Builds the tree over html, which must outlive it; text has the runs of aside again. -EFBIG: more
 * than max_memory bytes or deeper than max_depth; -ENOMEM. */
int html_parse(const char *html, size_t len, const struct html_aside *aside, size_t max_memory,
               unsigned max_depth, struct html_doc *ret);
void html_doc_fini(struct html_doc *d);

static inline bool html_is_element(const GumboNode *n)
{
    return n->type == GUMBO_NODE_ELEMENT;
}
static inline GumboTag html_tag(const GumboNode *n)
{
    return n->type == GUMBO_NODE_ELEMENT ? n->v.element.tag : GUMBO_TAG_LAST;
}
static inline bool html_is_text(const GumboNode *n)
{
    return n->type == GUMBO_NODE_TEXT || n->type == GUMBO_NODE_WHITESPACE ||
           n->type == GUMBO_NODE_CDATA;
}
static inline struct html_mark *html_mark(const struct html_doc *d, const GumboNode *n)
{
    return &d->mark[n->index_within_parent];
}
static inline bool html_dropped(const struct html_doc *d, const GumboNode *n)
{
    return html_mark(d, n)->bits & (MARK_HARD | MARK_DROP);
}
/* Value of an attribute; NULL when absent. */
const char *html_attr(const GumboNode *n, const char *name);
/* 1..6 for h1..h6, else 0. */
unsigned html_heading_level(const GumboNode *n);
/* Starts a paragraph of its own when rendered. */
bool html_is_block(const GumboNode *n);
/* Such an element among the children, or below them through inline elements. */
bool html_has_block(const struct html_doc *d, const GumboNode *n);

/* ---- what to keep (html_clean.c, html_main.c, html_title.c)
 * ---------------------------------------------- */

/* Numbers the nodes and fills their marks. -ENOMEM. */
int html_marks_make(struct html_doc *d);
/* Text of <title> without the name of the site; nothing when there is none. */
void html_title(const struct html_doc *d, struct buf *out);
/* Sets d->heading when a heading says what the <title> says. False: there is no <title>. */
bool html_heading_by_title(struct html_doc *d);
/* Marks what a generator says of itself where only its words tell (html_signature.c). */
void html_drop_signature(struct html_doc *d);
/* Marks everything to drop and sets d->main and d->heading. */
void html_clean(struct html_doc *d, bool main_only);

/* ---- writing (html_writer.c) ---------------------------------------------------------------- */

#define HTML_PREFIX_MAX 128
#define HTML_DELIMS_MAX 8

struct html_writer {
    struct buf *out;
    const struct html_doc *doc;
    struct buf scratch;           /* text of code while it is measured */
    char prefix[HTML_PREFIX_MAX]; /* of each line: quote marks and list indentation */
    size_t prefix_len;
    size_t blank_len; /* prefix that a blank line before the next text gets */
    unsigned pending; /* line ends due before the next text: 0, 1, 2 = blank line */
    bool fresh;       /* behind a list marker: line ends due are void */
    bool bol;         /* no text on this line yet */
    bool space;       /* a blank is due before the next text */
    unsigned flat;    /* > 0: one line only (heading, link, table cell) */
    bool cell;        /* in a table cell: pipes escaped, breaks are <br> */
    bool in_link, in_heading;
    unsigned tight;           /* > 0: paragraphs of a list item are not separated by blank lines */
    unsigned level;           /* of the last heading */
    unsigned strong, em, del; /* nesting of each */
    const char *delim[HTML_DELIMS_MAX]; /* opened but not written yet */
    unsigned n_delims;
    const char *closed; /* last closing delimiter */
    size_t closed_at;   /* out->len behind it */
};

void html_break(struct html_writer *w, unsigned lines); /* lines due: 1 or 2 */
/* Ends what is due and stands ready to write text. */
void html_begin(struct html_writer *w);
/* HTML text: blanks collapsed, markdown escaped. */
void html_text(struct html_writer *w, const char *s, size_t len);
/* Text that is markdown already, on one line. */
void html_raw(struct html_writer *w, const char *s, size_t len);
/* Inline code; its text has no line breaks. */
void html_code_span(struct html_writer *w, struct span code);
/* Lengthens the prefix; false (and nothing to pop) when nesting is too deep. */
bool html_push(struct html_writer *w, const char *s);
void html_pop(struct html_writer *w, size_t len);
void html_delim_open(struct html_writer *w, const char *delim);
void html_delim_close(struct html_writer *w, const char *delim);
/* Plain text below node, blanks collapsed to one, controls removed. keep_lines: as in <pre>. */
void html_plain(const struct html_doc *d, const GumboNode *node, bool keep_lines, struct buf *out);

/* ---- tree -> markdown ----------------------------------------------------------------------- */

void html_render(struct html_writer *w, const GumboNode *node);
void html_render_children(struct html_writer *w, const GumboNode *node);
/* Children on one line. */
void html_render_flat(struct html_writer *w, const GumboNode *node);
/* End of a paragraph: a blank line unless in a tight list item. */
void html_para(struct html_writer *w);
/* Children as a paragraph in bold type. */
void html_render_bold(struct html_writer *w, const GumboNode *node);
/* Inline elements; false when the element is not one of them. */
bool html_render_inline(struct html_writer *w, const GumboNode *node);
void html_render_list(struct html_writer *w, const GumboNode *node);
void html_render_dl(struct html_writer *w, const GumboNode *node);
void html_render_table(struct html_writer *w, const GumboNode *node);
/* A <div> that is a table of javadoc; false when it is none, and nothing was written. */
bool html_render_grid(struct html_writer *w, const GumboNode *node);
void html_render_pre(struct html_writer *w, const GumboNode *node);
/* Text below node as inline code. */
void html_render_code(struct html_writer *w, const GumboNode *node);
/* The only child of n that is shown and not blank, when it is an element; else NULL. */
const GumboNode *html_only_child(const struct html_doc *d, const GumboNode *n);
bool html_is_code(const GumboNode *n);
/* Note boxes; title may be NULL. */
void html_render_admonition(struct html_writer *w, const GumboNode *node);

/* ---- without a tree (html_strip.c) ----------------------------------------------------------- */

/* Output of html_scan -> text with headings and paragraphs; title gets the <title>, if any. */
void html_strip(const char *html, size_t len, struct buf *out, struct buf *title);
