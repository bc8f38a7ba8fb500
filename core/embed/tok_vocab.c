/* SPDX-License-Identifier: MIT */
#include "core/embed/tok_internal.h"

#include <errno.h>

#include "core/util/hash.h"

static size_t power_of_two(size_t least)
{
    size_t n = 16;
    while (n < least)
        n *= 2;
    return n;
}

int vocab_init(struct vocab *v, size_t n, size_t bytes)
{
    *v = (struct vocab){0};
    size_t slots = power_of_two(2 * n);
    v->arena = malloc(bytes + 1);
    v->entry = calloc(n + 1, sizeof(*v->entry));
    v->slot = calloc(slots, sizeof(*v->slot));
    v->mask = slots - 1;
    if (v->arena && v->entry && v->slot)
        return 0;
    vocab_fini(v);
    return -ENOMEM;
}

void vocab_fini(struct vocab *v)
{
    free(v->arena);
    free(v->entry);
    free(v->slot);
    *v = (struct vocab){0};
}

/* The slot of that string, or the free one where it would be. */
static uint32_t *find(const struct vocab *v, const char *s, size_t len)
{
    size_t i = hash64(s, len, 0) & v->mask;
    for (; v->slot[i]; i = (i + 1) & v->mask) {
        const struct vocab_entry *e = &v->entry[v->slot[i] - 1];
        if (e->len == len && memcmp(v->arena + e->at, s, len) == 0)
            break;
    }
    return &v->slot[i];
}

void vocab_put(struct vocab *v, const char *s, size_t len, uint32_t id)
{
    uint32_t *slot = find(v, s, len);
    if (*slot) {
        v->entry[*slot - 1].id = id;
        return;
    }
    memcpy(v->arena + v->arena_len, s, len);
    v->entry[v->n] =
        (struct vocab_entry){.at = (uint32_t)v->arena_len, .len = (uint32_t)len, .id = id};
    v->arena_len += len;
    *slot = (uint32_t)++v->n;
    if (len > v->longest)
        v->longest = len;
}

int64_t vocab_get(const struct vocab *v, const char *s, size_t len)
{
    if (!v->n || len > v->longest)
        return -1;
    uint32_t *slot = find(v, s, len);
    return *slot ? (int64_t)v->entry[*slot - 1].id : -1;
}

/* ---- trie ---- */

static size_t edge(const struct trie *t, uint64_t key)
{
    size_t i = (key * 0x9e3779b97f4a7c15u >> 20) & t->mask;
    while (t->key[i] && t->key[i] != key)
        i = (i + 1) & t->mask;
    return i;
}

static uint64_t edge_key(uint32_t node, unsigned char byte)
{
    return ((uint64_t)node << 8 | byte) + 1;
}

static bool grow_edges(struct trie *t)
{
    size_t old = t->key ? t->mask + 1 : 0, n = old ? old * 2 : 256;
    struct trie bigger = {.mask = n - 1};
    bigger.key = calloc(n, sizeof(*bigger.key));
    bigger.child = calloc(n, sizeof(*bigger.child));
    if (!bigger.key || !bigger.child) {
        free(bigger.key);
        free(bigger.child);
        return false;
    }
    for (size_t i = 0; i < old; i++)
        if (t->key[i]) {
            size_t to = edge(&bigger, t->key[i]);
            bigger.key[to] = t->key[i];
            bigger.child[to] = t->child[i];
        }
    free(t->key);
    free(t->child);
    t->key = bigger.key;
    t->child = bigger.child;
    t->mask = bigger.mask;
    return true;
}

static bool new_node(struct trie *t)
{
    if (t->nodes == t->cap) {
        size_t cap = t->cap ? t->cap * 2 : 64;
        int64_t *value = reallocarray(t->value, cap, sizeof(*value));
        if (!value)
            return false;
        t->value = value;
        t->cap = cap;
    }
    t->value[t->nodes++] = -1;
    return true;
}

int trie_add(struct trie *t, const char *s, size_t len, int64_t value)
{
    if (!t->nodes && !new_node(t))
        return -ENOMEM;
    uint32_t node = 0;
    for (size_t i = 0; i < len; i++) {
        if ((!t->key || 2 * t->used > t->mask) && !grow_edges(t))
            return -ENOMEM;
        uint64_t key = edge_key(node, (unsigned char)s[i]);
        size_t at = edge(t, key);
        if (!t->key[at]) {
            if (t->nodes >= UINT32_MAX || !new_node(t))
                return -ENOMEM;
            t->key[at] = key;
            t->child[at] = (uint32_t)(t->nodes - 1);
            t->used++;
        }
        node = t->child[at];
    }
    t->value[node] = value;
    return 0;
}

uint32_t trie_step(const struct trie *t, uint32_t node, unsigned char byte)
{
    if (!t->key)
        return 0;
    size_t at = edge(t, edge_key(node, byte));
    return t->key[at] ? t->child[at] : 0;
}

void trie_fini(struct trie *t)
{
    free(t->key);
    free(t->child);
    free(t->value);
    *t = (struct trie){0};
}

/* ---- pieces, ids ---- */

void pieces_fini(struct pieces *p)
{
    buf_fini(&p->text);
    free(p->item);
    *p = (struct pieces){0};
}

static struct piece *pieces_next(struct pieces *p)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 64;
        struct piece *item = reallocarray(p->item, cap, sizeof(*item));
        if (!item) {
            p->oom = true;
            return NULL;
        }
        p->item = item;
        p->cap = cap;
    }
    return &p->item[p->n++];
}

void pieces_add(struct pieces *p, const char *s, size_t len, bool first)
{
    struct piece *x = len ? pieces_next(p) : NULL;
    if (!x)
        return;
    *x = (struct piece){.start = p->text.len, .len = len, .id = -1, .first = first};
    buf_add(&p->text, s, len);
}

void pieces_add_id(struct pieces *p, int64_t id)
{
    struct piece *x = pieces_next(p);
    if (x)
        *x = (struct piece){.start = p->text.len, .id = id};
}

void ids_add(struct token_ids *out, uint32_t id, bool *oom)
{
    if (out->n == out->cap) {
        size_t cap = out->cap ? out->cap * 2 : 256;
        uint32_t *p = reallocarray(out->id, cap, sizeof(*p));
        if (!p) {
            *oom = true;
            return;
        }
        out->id = p;
        out->cap = cap;
    }
    out->id[out->n++] = id;
}
