/* SPDX-License-Identifier: MIT
 * The precompiled character map of SentencePiece: a double-array trie (Yata's Darts) from a piece
 * of text to an offset into NUL-terminated replacements. It is applied to grapheme clusters of at
 * most five bytes and else to single characters, which is what existing models were made with. */
#include "core/embed/tok_internal.h"

#include <errno.h>
#include <utf8proc.h>

#include "core/util/base64.h"

#define CLUSTER_MAX 5

struct charmap {
    unsigned char *data; /* owned */
    size_t units;        /* of the trie, 4 bytes each, after the length word */
    const char *text;    /* replacements */
    size_t text_len;
};

static uint32_t le32(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

int charmap_new(const char *base64, size_t len, struct charmap **ret, struct docfs_err *err)
{
    struct charmap *m = calloc(1, sizeof(*m));
    size_t n = 0;
    if (m)
        m->data = malloc(len / 4 * 3 + 4);
    if (!m || !m->data) {
        free(m);
        return err_oom(err);
    }
    int rc = base64_decode(base64, len, m->data, &n);
    size_t bytes = rc == 0 && n >= 4 ? le32(m->data) : 0;
    if (rc < 0 || n < 4 || bytes % 4 || bytes > n - 4) {
        charmap_free(m);
        return err_set(err, -EINVAL, "the precompiled character map is malformed");
    }
    m->units = bytes / 4;
    m->text = (char *)m->data + 4 + bytes;
    m->text_len = n - 4 - bytes;
    *ret = m;
    return 0;
}

void charmap_free(struct charmap *m)
{
    if (m)
        free(m->data);
    free(m);
}

/* Unit i, or an empty one outside: a hostile trie leads nowhere. */
static uint32_t unit(const struct charmap *m, size_t i)
{
    return i < m->units ? le32(m->data + 4 + 4 * i) : 0;
}

static size_t unit_offset(uint32_t u)
{
    return (size_t)(u >> 10) << ((u & (1u << 9)) >> 6);
}

/* Replacement of the shortest prefix that the trie knows, or NULL. */
static const char *lookup(const struct charmap *m, const char *s, size_t len, size_t *ret_len)
{
    size_t at = unit_offset(unit(m, 0));
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == 0)
            return NULL;
        at ^= c;
        uint32_t u = unit(m, at);
        if ((u & (1u << 31 | 0xff)) != c)
            return NULL;
        at ^= unit_offset(u);
        if (u >> 8 & 1) {
            size_t to = unit(m, at) & 0x7fffffff;
            if (to >= m->text_len)
                return NULL;
            *ret_len = strnlen(m->text + to, m->text_len - to);
            return m->text + to;
        }
    }
    return NULL;
}

static bool replace(const struct charmap *m, const char *s, size_t len, struct buf *out)
{
    size_t n = 0;
    const char *to = lookup(m, s, len, &n);
    if (to && utf8_valid(to, n)) {
        buf_add(out, to, n);
        return true;
    }
    return false;
}

static void cluster(const struct charmap *m, const char *s, size_t len, struct buf *out)
{
    if (len <= CLUSTER_MAX && replace(m, s, len, out))
        return;
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        size_t n = utf8_decode(s + i, len - i, &cp);
        if (!replace(m, s + i, n, out))
            buf_add(out, s + i, n);
        i += n;
    }
}

void charmap_apply(const struct charmap *m, const char *text, size_t len, struct buf *out)
{
    utf8proc_int32_t state = 0;
    uint32_t before = 0;
    size_t start = 0;
    for (size_t i = 0; i < len;) {
        uint32_t cp;
        size_t n = utf8_decode(text + i, len - i, &cp);
        if (i && utf8proc_grapheme_break_stateful((utf8proc_int32_t)before, (utf8proc_int32_t)cp,
                                                  &state)) {
            cluster(m, text + start, i - start, out);
            start = i;
        }
        before = cp;
        i += n;
    }
    cluster(m, text + start, len - start, out);
}
