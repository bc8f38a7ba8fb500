/* SPDX-License-Identifier: MIT */
#include "core/embed/tok_internal.h"

#include <errno.h>

int model_vocab(json_t *j, struct model *m, struct docfs_err *err)
{
    json_t *vocab = json_object_get(j, "vocab"), *id;
    const char *token;
    size_t n = json_object_size(vocab), bytes = 0, len;
    if (!json_is_object(vocab) || !n || n > TOK_VOCAB_MAX)
        return err_set(err, -EINVAL, "the vocabulary is missing, empty or too large");
    json_object_keylen_foreach(vocab, token, len, id)
    {
        json_int_t v = json_integer_value(id);
        if (!json_is_integer(id) || v < 0 || v > TOK_ID_MAX || len > TOK_TOKEN_MAX)
            return err_set(err, -EINVAL, "token \"%.40s\" has no usable id", token);
        bytes += len;
    }
    if (vocab_init(&m->vocab, n, bytes) < 0)
        return err_oom(err);
    json_object_keylen_foreach(vocab, token, len, id)
        vocab_put(&m->vocab, token, len, (uint32_t)json_integer_value(id));
    return 0;
}

int model_unknown(json_t *j, const char *key, struct model *m, struct docfs_err *err)
{
    m->unknown = -1;
    json_t *v = json_object_get(j, key);
    if (!v || json_is_null(v))
        return 0;
    if (json_is_string(v))
        m->unknown = vocab_get(&m->vocab, json_string_value(v), json_string_length(v));
    return m->unknown >= 0 ? 0 : err_set(err, -EINVAL, "the %s is not in the vocabulary", key);
}

bool byte_fallback(const struct model *m, const char *s, size_t len, struct token_ids *out,
                   bool *oom)
{
    char name[8];
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < len; i++) {
            int n = snprintf(name, sizeof(name), "<0x%02X>", (unsigned char)s[i]);
            int64_t id = vocab_get(&m->vocab, name, (size_t)n);
            if (id < 0)
                return false;
            if (pass)
                ids_add(out, (uint32_t)id, oom);
        }
    return true;
}

/* ---- WordPiece ---- */

struct wordpiece {
    char prefix[64];
    size_t prefix_len, max_chars;
};

static size_t count_chars(const char *s, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++)
        n += ((unsigned char)s[i] & 0xc0) != 0x80;
    return n;
}

/* The longest token that word begins with at `at`; its end, or 0. */
static size_t longest(const struct model *m, const char *word, size_t at, size_t len,
                      int64_t *ret_id)
{
    const struct wordpiece *w = m->ctx;
    char key[TOK_TOKEN_MAX + 64];
    size_t prefix = at ? w->prefix_len : 0;
    memcpy(key, w->prefix, prefix);
    memcpy(key + prefix, word + at, len - at);
    for (size_t end = len; end > at; end--) {
        if (end < len && ((unsigned char)word[end] & 0xc0) == 0x80)
            continue;
        *ret_id = vocab_get(&m->vocab, key, prefix + end - at);
        if (*ret_id >= 0)
            return end;
    }
    return 0;
}

static void wordpiece_tokenize(const struct model *m, const char *word, size_t len,
                               struct token_ids *out, bool *oom)
{
    const struct wordpiece *w = m->ctx;
    size_t before = out->n, at = 0;
    if (len <= TOK_TOKEN_MAX && count_chars(word, len) <= w->max_chars)
        while (at < len) {
            int64_t id;
            size_t end = longest(m, word, at, len, &id);
            if (!end)
                break;
            ids_add(out, (uint32_t)id, oom);
            at = end;
        }
    if (at == len)
        return;
    out->n = before; /* a word that cannot be spelled is one unknown token */
    if (m->unknown >= 0)
        ids_add(out, (uint32_t)m->unknown, oom);
}

int wordpiece_load(json_t *j, struct model *m, struct docfs_err *err)
{
    int rc = model_vocab(j, m, err);
    if (rc == 0)
        rc = model_unknown(j, "unk_token", m, err);
    if (rc < 0)
        return rc;
    const char *prefix = tok_text(j, "continuing_subword_prefix", "##");
    json_t *max = json_object_get(j, "max_input_chars_per_word");
    json_int_t chars = json_is_integer(max) ? json_integer_value(max) : 100;
    struct wordpiece *w = calloc(1, sizeof(*w));
    m->ctx = w;
    m->free = free;
    m->tokenize = wordpiece_tokenize;
    if (!w)
        return err_oom(err);
    if (!prefix || strlen(prefix) >= sizeof(w->prefix) || chars < 1)
        return err_set(err, -EINVAL, "WordPiece: bad prefix or max_input_chars_per_word");
    w->prefix_len = strlen(prefix);
    memcpy(w->prefix, prefix, w->prefix_len + 1);
    w->max_chars = chars > TOK_TOKEN_MAX ? TOK_TOKEN_MAX : (size_t)chars;
    return 0;
}

/* ---- WordLevel ---- */

static void wordlevel_tokenize(const struct model *m, const char *word, size_t len,
                               struct token_ids *out, bool *oom)
{
    int64_t id = vocab_get(&m->vocab, word, len);
    if (id < 0)
        id = m->unknown;
    if (id >= 0)
        ids_add(out, (uint32_t)id, oom);
}

int wordlevel_load(json_t *j, struct model *m, struct docfs_err *err)
{
    int rc = model_vocab(j, m, err);
    m->tokenize = wordlevel_tokenize;
    return rc < 0 ? rc : model_unknown(j, "unk_token", m, err);
}
