/* SPDX-License-Identifier: MIT
 * The one place where commands write: text for people or JSON for machines on stdout, notes and
 * errors on stderr. What comes from documents is hostile to terminals: on one, control bytes and
 * broken UTF-8 are shown as escapes; elsewhere bytes pass unchanged. */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "core/util/err.h"

enum out_style { STYLE_NONE, STYLE_TITLE, STYLE_PATH, STYLE_DIM, STYLE_BAD };

struct out {
    FILE *f;
    bool json, quiet;
    bool color, tty;         /* of stdout */
    unsigned columns;        /* of stdout, when it is a terminal */
    bool err_color, err_tty; /* of stderr */
    int error;               /* errno of the first failed write, 0 = none */
};

void out_init(struct out *o, bool json, bool quiet, bool no_color);

/* Text of our own making. Nothing is written in JSON mode. */
void out_printf(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* One line from a document: newlines and tabs are escaped too. */
void out_text(struct out *o, enum out_style style, const char *s);
/* The same in lines that fit the terminal: the first has `at` columns already, the others begin
 * with 4 blanks. Returns the columns of the last one. Elsewhere it is one line. */
unsigned out_wrapped(struct out *o, enum out_style style, const char *s, unsigned at);
/* Content of a document: newlines and tabs stay. */
void out_content(struct out *o, const char *data, size_t len);

/* Writes a JSON value, which it takes. -ENOMEM when it is NULL. */
int out_json(struct out *o, json_t *value, struct docfs_err *err);

/* One line on stderr; a note is left out with --quiet. Control bytes are escaped. */
void out_note(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void out_error(struct out *o, const char *text);

/* True when nobody reads any more, so that long listings may stop. */
bool out_broken(const struct out *o);
/* Flushes. 0, or the -errno of a lost write other than EPIPE, which is nobody's error. */
int out_finish(struct out *o, struct docfs_err *err);

/* Plain forms of figures; out holds 32 bytes and is returned. */
const char *out_size(int64_t bytes, char out[32]);    /* "12.3 MB" */
const char *out_count(uint64_t n, char out[32]);      /* "12,345" */
const char *out_date(int64_t seconds, char out[32]);  /* "2026-01-31 13:05", "never" for 0 */
const char *out_span(double seconds, char out[32]);   /* "0.4 s", "3:07", "1:02:03" */
const char *out_every(int64_t seconds, char out[32]); /* "90s", "12h", "7d": as settings take it */
const char *out_plural(uint64_t n);                   /* "s", or "" for 1 */
