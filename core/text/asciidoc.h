/* SPDX-License-Identifier: MIT
 * Inside of the AsciiDoc converter, which writes HTML as Asciidoctor does: what the HTML converter
 * knows of lists in lists, spans of cells and escapes holds for both.
 *
 *   asciidoc.c            blocks
 *   asciidoc_style.c      kinds of lines, what stands above a block
 *   asciidoc_list.c       lists, and what is attached to their items
 *   asciidoc_table.c      tables
 *   asciidoc_inline.c     what stands inside a paragraph
 *   asciidoc_macro.c      links, references, macros
 *   asciidoc_lines.c      conditionals, names of sections: what needs the whole page
 *   asciidoc_attribute.c  what {names} stand for */
#pragma once
#include "core/text/asciidoc_attribute.h"
#include "core/text/mdutil.h"

#define ADOC_DEPTH_MAX 16 /* blocks and lists in each other */
#define ADOC_MARKS_MAX 8  /* marks in each other */
#define ADOC_TARGET_MAX 2000

struct adoc_id {
    struct span id, title;
};

/* What stands above a block. */
struct adoc_style {
    struct span title;   /* ".Title" */
    struct span name;    /* "source", "NOTE", "quote": the first thing in the brackets */
    struct span second;  /* the language; who said it */
    struct span third;   /* where */
    struct span options; /* "%header", or of options= */
    struct span cols, subs, format, separator, start;
};

#define ADOC_NOTHING ((struct span){"", 0})
#define ADOC_STYLE_NONE                                                                        \
    ((struct adoc_style){ADOC_NOTHING, ADOC_NOTHING, ADOC_NOTHING, ADOC_NOTHING, ADOC_NOTHING, \
                         ADOC_NOTHING, ADOC_NOTHING, ADOC_NOTHING, ADOC_NOTHING, ADOC_NOTHING})

struct adoc {
    const char *name;        /* path of the page */
    const struct span *line; /* right-trimmed */
    size_t n, i;
    struct buf *out; /* HTML */
    struct adoc_attributes attributes;
    struct adoc_id *id; /* sorted */
    size_t n_ids;
    struct adoc_style style;            /* of the next block */
    struct span marker[ADOC_DEPTH_MAX]; /* of the lists that are open */
    size_t n_markers;
    unsigned depth, callouts;
    bool compat; /* the title is underlined: 'em' and +code+ are meant as of old */
};

/* ---- asciidoc_lines.c ---- */

/* Appends the page without conditionals: those are decided as for HTML. */
void adoc_preprocess(struct adoc *a, struct span text, struct buf *out);
/* Notes what the sections of all lines are called; names is the memory of made ids. */
bool adoc_find_ids(struct adoc *a, struct buf *names);
/* Title of a section, or empty. */
struct span adoc_title_of(const struct adoc *a, struct span id);

/* ---- asciidoc.c ---- */

/* Converts the lines up to a->n. */
void adoc_blocks(struct adoc *a);
/* The same for other text (of a cell) or some of the lines. */
void adoc_nested(struct adoc *a, const struct span *line, size_t n);
/* Converts one block with what stands above it; moves a->i. */
void adoc_block(struct adoc *a);

/* ---- asciidoc_style.c ---- */

/* Character of a line that opens and closes a block, else 0. */
char adoc_delimiter(struct span line);
/* "[source,java]", "[[anchor]]" */
bool adoc_is_style(struct span line);
/* Level of "== Section" and its text; 0: none. */
unsigned adoc_heading(struct span line, struct span *ret_text);
/* "Section" with a line of that length under it. */
unsigned adoc_underlined(struct span line, struct span under);
/* Does the paragraph that a line belongs to end before this one? */
bool adoc_ends_paragraph(const struct adoc *a, struct span line);
/* Reads attributes of the page, title and style in front of a block; moves a->i to the block. */
void adoc_metadata(struct adoc *a);

/* ---- asciidoc_list.c ---- */

struct adoc_marker {
    struct span key;  /* what items of one list have in common */
    char kind;        /* '*', '.', '<', ':' */
    struct span term; /* of ':' */
    struct span text; /* first line of the item */
};

bool adoc_marker(struct span line, struct adoc_marker *ret);
/* The list that begins at line a->i. */
void adoc_list(struct adoc *a);

/* ---- asciidoc_table.c ---- */

/* A table of lines [from, to), style is of it, kind the first character of its delimiter. */
void adoc_table(struct adoc *a, const struct adoc_style *style, char kind, size_t from, size_t to);

/* ---- asciidoc_inline.c ---- */

/* Appends a paragraph, a title, an item: attributes, marks and macros become HTML. */
void adoc_inline(struct adoc *a, struct span text);
/* The same for text inside of other text, without attributes. */
void adoc_inline_at(struct adoc *a, struct span text, unsigned depth);

/* ---- asciidoc_macro.c ---- */

/* "https", "http", "ftp" */
bool adoc_is_address(struct span name);
/* Those, and names that adoc_macro() knows. */
bool adoc_is_macro(struct span name);
/* Writes "name:target[text]". */
void adoc_macro(struct adoc *a, struct span name, struct span target, struct span text,
                unsigned depth);
/* What is shown of "text,window=_blank", "\"a, b\",role=x", "text^". */
struct span adoc_shown(struct span text);
void adoc_link(struct adoc *a, struct span target, struct span text, unsigned depth);
/* "page.adoc#part", "#part", "part"; a page of another component ("a::b.adoc") has no path here. */
void adoc_cross_reference(struct adoc *a, struct span target, struct span text, unsigned depth);
