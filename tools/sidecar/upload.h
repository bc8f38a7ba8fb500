/* SPDX-License-Identifier: MIT
 * A file that came over the network becomes documents. */
#pragma once
#include "tools/sidecar/resource.h"

struct upload {
    const char *collection;  /* NAME or NAME@VERSION */
    const char *filename;    /* as the client calls it; only its last component counts */
    const char *type;        /* media type, "" = unknown */
    const char *title, *url; /* NULL = from the file; only text takes them */
    const char *data;
    size_t len;
};
/* Markdown and plain text become one document at once. Anything else is kept in the directory
 * uploads of the cache, which becomes a source of the collection, and is converted. Gives a
 * document made of it. -EINVAL: nothing could be made of the file, the reason is in the text. */
int upload_add(struct docfs *d, const struct upload *u, struct docfs_document **ret,
               struct docfs_err *err);
