/* SPDX-License-Identifier: MIT
 * What stands behind struct listing: a count and three functions over it. */
#pragma once
#include "fs/tree.h"

struct listing_class {
    void (*item)(const struct listing *l, size_t i, struct listing_item *ret);
    int (*node)(struct tree *t, const struct listing *l, size_t i, struct found *ret,
                struct docfs_err *err);
    void (*free)(struct tree *t, struct listing *l);
};

struct listing {
    const struct listing_class *class;
    size_t n;
};
