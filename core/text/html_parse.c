/* SPDX-License-Identifier: MIT
 * Why an arena: libgumbo does not notice exhausted memory and frees a tree node by node,
 * recursively. Here it allocates from blocks that go at once; when the ceiling is reached the
 * allocator leaves the parser by longjmp, which loses nothing because all it owns is in the
 * blocks. */
#include "core/text/html.h"

#include <errno.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN ((size_t)64 << 10)
#define BLOCK_MAX ((size_t)4 << 20)
#define CLASSES 33 /* free lists by size in 16-byte units */

struct block {
    struct block *next;
};

struct html_arena {
    struct block *blocks;
    char *p, *end;
    size_t next_size, left; /* bytes that may still be asked from malloc */
    void *free[CLASSES];
    jmp_buf full;
    int error;
};

static void *arena_alloc(void *userdata, size_t size)
{
    struct html_arena *a = userdata;
    size_t units = (size + 15) / 16 + !size;
    if (units < CLASSES && a->free[units]) {
        void *p = a->free[units];
        memcpy(&a->free[units], p, sizeof(void *));
        return p;
    }
    size_t need = units * 16 + 16; /* the unit before holds the size, for arena_free */
    if (need > (size_t)(a->end - a->p)) {
        size_t n = a->next_size > need + sizeof(struct block) + 16
                       ? a->next_size
                       : need + sizeof(struct block) + 16;
        if (n > a->left) {
            a->error = -EFBIG;
            longjmp(a->full, 1);
        }
        struct block *b = malloc(n);
        if (!b) {
            a->error = -ENOMEM;
            longjmp(a->full, 1);
        }
        a->left -= n;
        b->next = a->blocks;
        a->blocks = b;
        a->p = (char *)b + 16;
        a->end = (char *)b + n;
        if (a->next_size < BLOCK_MAX)
            a->next_size *= 2;
    }
    char *p = a->p;
    a->p += need;
    memcpy(p, &units, sizeof units);
    return p + 16;
}

static void arena_free(void *userdata, void *p)
{
    struct html_arena *a = userdata;
    size_t units;
    if (!p)
        return;
    memcpy(&units, (char *)p - 16, sizeof units);
    if (units >= CLASSES)
        return;
    memcpy(p, &a->free[units], sizeof(void *));
    a->free[units] = p;
}

void html_doc_fini(struct html_doc *d)
{
    if (d->arena) {
        for (struct block *b = d->arena->blocks, *next; b; b = next) {
            next = b->next;
            free(b);
        }
        free(d->arena);
    }
    free(d->mark);
    *d = (struct html_doc){0};
}

static GumboNode *child_by_tag(const GumboNode *n, GumboTag tag)
{
    for (unsigned i = 0; i < n->v.element.children.length; i++)
        if (html_tag(n->v.element.children.data[i]) == tag)
            return n->v.element.children.data[i];
    return NULL;
}

static void put_back(const char **text, const struct html_aside *aside, struct html_arena *a)
{
    char *whole = html_aside_back(aside, *text, arena_alloc, a);
    if (whole)
        *text = whole;
}

/* Text and attributes of n as the page has them. */
static void restore(GumboNode *n, const struct html_aside *aside, struct html_arena *a)
{
    if (n->type == GUMBO_NODE_TEXT)
        put_back(&n->v.text.text, aside, a);
    if (n->type != GUMBO_NODE_ELEMENT && n->type != GUMBO_NODE_TEMPLATE)
        return;
    GumboVector *attrs = &n->v.element.attributes;
    for (unsigned i = 0; i < attrs->length; i++)
        put_back(&((GumboAttribute *)attrs->data[i])->value, aside, a);
}

/* Implied elements and clones can make the tree deeper than its source. Also gives text its runs
 * back, and sets the links to parent and index anew: the parser leaves stale ones on elements that
 * it moved. */
static bool too_deep(GumboNode *root, unsigned max, const struct html_aside *aside,
                     struct html_arena *a)
{
    GumboNode *n = root;
    unsigned depth = 0;
    for (;;) {
        restore(n, aside, a);
        bool inner = n->type == GUMBO_NODE_ELEMENT || n->type == GUMBO_NODE_TEMPLATE;
        GumboVector *children = inner ? &n->v.element.children : NULL;
        if (inner && children->length) {
            if (++depth > max)
                return true;
            for (unsigned i = 0; i < children->length; i++) {
                GumboNode *c = children->data[i];
                c->parent = n;
                c->index_within_parent = i;
            }
            n = children->data[0];
            continue;
        }
        while (n != root && n->index_within_parent + 1 >= n->parent->v.element.children.length) {
            n = n->parent;
            depth--;
        }
        if (n == root)
            return false;
        n = n->parent->v.element.children.data[n->index_within_parent + 1];
    }
}

int html_parse(const char *html, size_t len, const struct html_aside *aside, size_t max_memory,
               unsigned max_depth, struct html_doc *ret)
{
    struct html_arena *a = calloc(1, sizeof *a);
    if (!a)
        return -ENOMEM;
    *ret = (struct html_doc){.arena = a};
    a->next_size = BLOCK_MIN;
    a->left = max_memory;
    if (setjmp(a->full)) {
        int error = a->error;
        html_doc_fini(ret);
        return error;
    }
    GumboOptions opt = kGumboDefaultOptions;
    opt.allocator = arena_alloc;
    opt.deallocator = arena_free;
    opt.userdata = a;
    opt.max_errors = 0;
    GumboOutput *out = gumbo_parse_with_options(&opt, html, len);
    ret->root = out->root;
    if (!ret->root || too_deep(ret->root, max_depth, aside, a)) {
        html_doc_fini(ret);
        return -EFBIG;
    }
    ret->head = child_by_tag(ret->root, GUMBO_TAG_HEAD);
    ret->body = child_by_tag(ret->root, GUMBO_TAG_BODY);
    if (!ret->body)
        ret->body = ret->root;
    return 0;
}
