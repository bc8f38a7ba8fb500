/* SPDX-License-Identifier: MIT
 * Raw bytes of one file -> clean markdown pages.
 *
 * Every converter is pure: bytes in, pages out, no file access. The two formats that have no
 * usable library (man through mandoc, PDF through pdftotext) run a limited child process.
 * All input is hostile: depth, size and time are bounded by struct convert_limits. Thread-safe. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/util/buf.h"
#include "core/util/err.h"

enum doc_format {
    FORMAT_UNKNOWN, /* let convert_sniff() decide */
    FORMAT_MARKDOWN,
    FORMAT_HTML,
    FORMAT_MAN, /* man(7) or mdoc(7) */
    FORMAT_TEXT,
    FORMAT_RST,
    FORMAT_ASCIIDOC,
    FORMAT_IPYNB,
    FORMAT_OPENAPI, /* JSON or YAML */
    FORMAT_PDF,
    FORMAT_EPUB,
    FORMAT_OFFICE, /* docx, odt, rtf */
    FORMAT_POD,    /* alone or in Perl */
    FORMAT_RD,     /* manual pages of R */
    FORMAT_BINARY, /* not text: skipped with a reason */
    FORMAT_COUNT,
};

/* Short stable lower-case name ("markdown", "html", ...), used by the type= filter and in JSON. */
DOCFS_API const char *format_name(enum doc_format f);
/* Inverse of format_name; FORMAT_UNKNOWN when there is no such name. */
DOCFS_API enum doc_format format_from_name(const char *name);
/* MIME type of the original ("text/html"). */
DOCFS_API const char *format_mime(enum doc_format f);

struct convert_limits {
    size_t max_input;    /* bytes, after decompression */
    size_t max_output;   /* bytes of markdown over all pages */
    unsigned max_depth;  /* nesting of elements, lists, JSON */
    unsigned max_pages;  /* documents out of one file */
    size_t max_entries;  /* files in an archive that is a document (EPUB) */
    unsigned max_ratio;  /* its unpacked to packed bytes */
    unsigned timeout_ms; /* child processes */
    size_t child_memory; /* bytes of address space of a child process */
};
#define CONVERT_LIMITS_DEFAULT                        \
    ((struct convert_limits){.max_input = 64u << 20,  \
                             .max_output = 64u << 20, \
                             .max_depth = 256,        \
                             .max_pages = 2000,       \
                             .max_entries = 500000,   \
                             .max_ratio = 250,        \
                             .timeout_ms = 20000,     \
                             .child_memory = 1u << 30})

struct convert_input {
    const char *data; /* whole file, decompressed */
    size_t len;
    const char *name;       /* relative path of the file without compression suffix; a hint only */
    enum doc_format format; /* FORMAT_UNKNOWN: sniff */
};

struct page {
    char *part;       /* NULL for the only page of a file; else a safe sub-name ("pets") */
    char *title;      /* never NULL or empty: heading, <title>, NAME line or file name */
    char *markdown;   /* UTF-8, LF line ends, no NUL; GFM; ends with one newline */
    size_t len;       /* bytes of markdown */
    char *source_url; /* canonical link found in the page, or NULL */
    char *lang;       /* BCP 47 tag found in the page ("en"), or NULL */
};

struct pages {
    struct page *item; /* owned array */
    size_t n;
    enum doc_format format; /* what the input turned out to be */
};

void pages_fini(struct pages *p);
#define _cleanup_pages_ _cleanup_(pages_fini)
/* Appends a page; takes ownership of part, title, source_url and lang (also on failure) and of
 * the contents of body. A missing title is derived from fallback_name. 0 or -ENOMEM. */
int pages_add(struct pages *p, char *part, char *title, struct buf *body, char *source_url,
              char *lang, const char *fallback_name);

/* Name of a page of a file with several: "007-words-of-its-title", in which the numbers of `of`
 * pages (0: not known) sort; words NULL: "007". The caller's; NULL when memory is out. */
char *pages_part(size_t number, size_t of, const char *words, size_t len);

/* Decides the format from the name, then the bytes. Never fails; FORMAT_BINARY when the bytes are
 * not text in any encoding. */
enum doc_format convert_sniff(const char *name, const char *data, size_t len);

/* Converts one file. Text encodings are detected (BOM, declared charset, then uchardet) and turned
 * into UTF-8 first. Returns 0 with at least one page, or: -EINVAL (malformed), -EFBIG (a limit),
 * -ENOTSUP (binary or nothing to read in it), -ETIMEDOUT, -ENOENT (helper program missing),
 * -ENOMEM. The message names the reason, not the file. */
int convert(const struct convert_input *in, const struct convert_limits *limits, struct pages *ret,
            struct docfs_err *err);

/* One converter, the vtable entry behind convert(): text is valid UTF-8 except for the formats that
 * are no text (PDF, EPUB, office). */
typedef int converter_fn(const char *text, size_t len, const char *name,
                         const struct convert_limits *limits, struct pages *ret,
                         struct docfs_err *err);
converter_fn convert_markdown, convert_html, convert_man, convert_text, convert_rst,
    convert_asciidoc, convert_ipynb, convert_openapi, convert_pdf, convert_epub, convert_office,
    convert_pod, convert_rd;

/* HTML -> markdown into a buffer, for converters that go through HTML (man, ipynb). main_only
 * removes navigation; title, url and lang (each may be NULL) receive owned strings or NULL. */
int html_to_markdown(const char *html, size_t len, bool main_only,
                     const struct convert_limits *limits, struct buf *out, char **ret_title,
                     char **ret_url, char **ret_lang, struct docfs_err *err);
/* Adds the page of a converter that writes HTML. titled: it has a title of its own. */
int pages_add_html(struct pages *ret, const struct buf *html, bool titled, const char *name,
                   const struct convert_limits *limits, struct docfs_err *err);

/* Text of unknown encoding -> UTF-8 with LF line ends and without NUL and BOM. charset_hint
 * (declared encoding) may be NULL. *ret is the caller's. -EILSEQ when nothing fits. */
int charset_to_utf8(const char *data, size_t len, const char *charset_hint, char **ret,
                    size_t *ret_len, struct docfs_err *err);
