/* SPDX-License-Identifier: MIT
 * Inside of the reStructuredText converter. rst.c reads block by block, rst_list.c has what is a
 * list of any kind, rst_directive.c what ".. name::" says, rst_signature.c those that describe a
 * thing of a program, rst_table.c the tables. */
#pragma once
#include "core/text/mdutil.h"
#include "core/text/rst_names.h"

#define RST_STYLES_MAX 12 /* section adornments in order of appearance */
#define RST_DEPTH_MAX 12  /* blocks inside of blocks; what is deeper becomes a paragraph */

/* One text: the page, or the body of an item, a quotation, a directive, without the blanks that
 * make it one. */
struct rst {
    struct span *line; /* right-trimmed */
    size_t n, i;
    struct buf *out;
    struct rst_names *names;
    int style[RST_STYLES_MAX]; /* adornment character, + 256 with an overline */
    unsigned n_styles, level;  /* level of the section */
    unsigned depth;
    bool boxed;                      /* in an item or a quotation, where no heading can stand */
    bool glossary;                   /* terms follow each other without text */
    unsigned ordinal, ordinal_style; /* of the last item of a list, */
    size_t ordinal_at;               /* and the line where the next one would be */
    struct span module;              /* what the names of signatures belong to */
    struct span owner;               /* class around them */
    struct span lang;                /* of code that does not say its own */
    struct buf title;
};

unsigned rst_indent(struct span line);
/* Least indentation of the lines that are not blank; SIZE_MAX: there are none. */
size_t rst_common_indent(const struct rst *r, size_t from, size_t to);
/* Line i, empty behind the end. */
struct span rst_at(const struct rst *r, size_t i);
/* Lines from i on that are blank or indented; trailing blank ones not counted. */
size_t rst_block_end(const struct rst *r, size_t i);
/* Ends a block of the output. */
void rst_blank_line(struct rst *r);
/* Appends a piece of text with its inline markup translated. */
void rst_text(struct rst *r, struct span text);
/* Appends "**text**" as a paragraph, nothing for no text. */
void rst_label(struct rst *r, struct span text);
/* Lines [from, to) as a fenced block. */
void rst_code(struct rst *r, size_t from, size_t to, struct span lang);
/* `first` and the lines [from, to), of which at most `strip` columns of indentation are taken, are
 * a text of its own; `lead` stands before its first line, `pad` before the others. With SIZE_MAX
 * columns the lines that go on with `first` may be indented as they like. */
void rst_nested(struct rst *r, struct span first, size_t from, size_t to, size_t strip,
                const char *lead, const char *pad);
/* The same for the body of a directive. */
void rst_body(struct rst *r, struct span first, size_t from, size_t to);
bool rst_is(struct span name, const char *blank_separated);

/* rst_list.c: the item, field, option, term or line block at r->i; false: there is none. */
bool rst_list(struct rst *r);
/* Is the line an item of a bullet list? */
bool rst_bullet(struct span line);
/* A field (":name: text"): length of its mark, 0 when the line is none. */
size_t rst_field(struct span line, struct span *ret_name);

/* rst_directive.c: ".. " at r->i. */
void rst_explicit(struct rst *r);
/* Is there a line of punctuation? Its character, else 0. */
int rst_adornment(struct span line);

/* rst_signature.c: does the directive describe a thing of a program? */
bool rst_is_signature(struct span name);
/* Such a directive, whose block is in lines [from, end). */
void rst_signature(struct rst *r, struct span name, struct span arg, size_t from, size_t end);

/* rst_table.c: the rows of a list-table in lines [from, to). */
void rst_list_table(struct rst *r, size_t from, size_t to);
/* A csv-table: its options are in lines [from, body), its records in [body, to). */
void rst_csv_table(struct rst *r, size_t from, size_t body, size_t to);
/* Is the line the rule of a simple table ("==== ====")? */
bool rst_simple_rule(struct span line);
/* The table whose first rule is line r->i; moves r->i behind it. */
void rst_simple_table(struct rst *r);
/* Is the line the rule of a grid table ("+---+---+")? */
bool rst_grid_rule(struct span line);
/* The grid table in lines [from, to). False, and nothing is written, when markdown cannot say it:
 * a cell spans columns or rows or holds a table. */
bool rst_grid_table(struct rst *r, size_t from, size_t to);
