/* SPDX-License-Identifier: MIT
 * What a page points to. Scanners of a crawler: no tree is built, nothing is copied but the values,
 * and broken markup costs a link, not the page. Pure. */
#pragma once
#include <stddef.h>

enum link_kind {
    LINK_PAGE,      /* <a href>, <area href>, <iframe src>, <frame src>, meta refresh */
    LINK_CANONICAL, /* <link rel=canonical href> */
    LINK_MARKDOWN,  /* <link rel=alternate type=text/markdown href> */
    LINK_BASE,      /* <base href> */
    LINK_LANG,      /* <html lang> */
    LINK_NOINDEX,   /* <meta name=robots> says noindex or none; value "" */
    LINK_NOFOLLOW,  /* ... says nofollow or none; value "" */
};
/* value is NUL-terminated, entities decoded, at most 4096 bytes (longer ones are left out). Links
 * with rel=nofollow are left out. Non-zero ends the scan and is returned. */
typedef int link_fn(void *arg, enum link_kind kind, const char *value);
int links_html(const char *html, size_t len, link_fn *fn, void *arg);

/* Links of a markdown text: [text](target), [ref]: target, <https://...>. Code is left out. */
int links_markdown(const char *md, size_t len, link_fn *fn, void *arg);
