/* SPDX-License-Identifier: MIT
 * Between the parts of core/text/include.h. */
#pragma once
#include "core/text/include.h"
#include "core/text/mdutil.h"

#define INCLUDE_PAD_MAX 200 /* columns that a directive may be indented by */

/* Comments in a file that mark a part of it. They are never shown. */
enum include_marks {
    MARKS_NONE,
    MARKS_ANCHOR,  /* ANCHOR: name, ANCHOR_END: name */
    MARKS_SNIPPET, /* --8<-- [start:name], --8<-- [end:name] */
    MARKS_TAG,     /* tag::name[], end::name[] */
    MARKS_REGION,  /* #region name, #endregion, with the name or without */
};

/* Which part of a file is meant; what is not given is empty. Applied in this order. */
struct include_part {
    enum include_marks marks;
    struct span tags;          /* names, separated by ',' or ';'; all that is inside any of them */
    struct span object;        /* of Python: "Class.method" */
    struct span after, before; /* text between these two */
    struct span at, until;     /* lines from the one with this text to the one with that */
    bool by_line;              /* after and before mean the lines with these texts */
    struct span lines;         /* "2-4,7", "2:4", "2..4;7"; open ends */
    bool tail;                 /* one number in lines means from there on */
    bool gap;                  /* a blank line between separate ranges */
    int dedent;                /* columns; DEDENT_ALL */
};
#define DEDENT_ALL (-1)

/* Appends the part. 0, -ENOENT when there is no such part. */
int include_part(struct span text, const struct include_part *part, struct buf *out);

/* Takes the digits at the start off *p: their number, at most 999,999,999. */
size_t include_number(struct span *p);

struct include {
    struct span path;
    struct include_part part;
    struct span lang; /* of code, when the directive names it */
    bool above;       /* a path that begins with '/' is meant from some directory above the page */
    const char *home; /* the directory beside the page or above that it lies in, or NULL */
    const char *ext;  /* that the path goes without, or NULL */
    bool anywhere;    /* outside of home, too */
};

/* include and literalinclude of docutils, which MyST writes in markdown. */
struct include_directive {
    struct include inc;
    bool code, foreign; /* a block; text of another language, by a parser that Sphinx is given */
    size_t from, to;    /* lines */
    char lines[64];
};
void include_option(struct include_directive *d, struct span name, struct span value);
/* After the options. False: it is nothing to follow. */
bool include_options_end(struct include_directive *d);

/* A shortcode of Hugo that brings a file, at the start of t: its length, 0 when there is none.
 * *ret_label: it says something itself and stays above the file. */
size_t include_shortcode(struct span t, struct include *ret, bool *ret_code, bool *ret_label);

/* A file that is being read: the page, or what it includes. */
struct include_frame {
    const struct include_frame *up; /* NULL: the page */
    const char *name;
    struct span text;
};

struct expand {
    const struct include_limits *limits;
    include_read_fn *read;
    void *arg;
    struct buf *out;
    struct include_report *report;
    struct buf pad; /* stands before every line of what is included */
    size_t left;    /* bytes that may still be read */
    size_t used;    /* bytes of out that were included */
};

/* A file that was found; release with include_close. */
struct included {
    struct include_frame frame;
    struct buf raw, name, part;
    char *text;
    size_t mark;
};
/* Finds, reads and cuts out what inc means: frame.text is it. False when the directive has to stay;
 * why is in the report. */
bool include_open(struct expand *x, const struct include_frame *from, const struct include *inc,
                  struct included *ret);
/* After the text was put into out. False: it was too much and is out again, as for include_open. */
bool include_close(struct expand *x, struct included *in);

/* One line into out, behind the pad. */
void include_line(struct expand *x, struct span line);
/* All lines of a text, as they are. */
void include_lines(struct expand *x, struct span text);
/* Inserts s at a place of out. */
void include_insert(struct buf *out, size_t at, const char *s, size_t n);
/* Name of the language of a code block with this file, "" when it is plain text. */
struct span include_language(struct span path);

void include_markdown(struct expand *x, const struct include_frame *f);
void include_rst(struct expand *x, const struct include_frame *f);
void include_asciidoc(struct expand *x, const struct include_frame *f);
