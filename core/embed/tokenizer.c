/* SPDX-License-Identifier: MIT */
#include "core/embed/tok_internal.h"

#include <errno.h>

struct added {
    uint32_t id;
    size_t len; /* bytes */
    bool word, left, right;
};

/* Added tokens of one kind: looked for in the text as it is, or as normalised. */
struct added_set {
    struct trie trie; /* value: index */
    struct added *item;
    size_t n;
};

struct tokenizer {
    struct added_set raw, normal;
    struct chain normalizer, splitter;
    struct model model;
    size_t size;
};

void tokenizer_free(struct tokenizer *t)
{
    if (!t)
        return;
    trie_fini(&t->raw.trie);
    trie_fini(&t->normal.trie);
    free(t->raw.item);
    free(t->normal.item);
    chain_fini(&t->normalizer);
    chain_fini(&t->splitter);
    vocab_fini(&t->model.vocab);
    if (t->model.free)
        t->model.free(t->model.ctx);
    free(t);
}

/* ---- loading ---- */

static int load_model(json_t *j, struct model *m, struct docfs_err *err)
{
    m->unknown = -1;
    const char *type = tok_text(j, "type", "");
    if (!json_is_object(j) || !type)
        return err_set(err, -EINVAL, "it has no model");
    if (strcmp(type, "WordPiece") == 0)
        return wordpiece_load(j, m, err);
    if (strcmp(type, "Unigram") == 0)
        return unigram_load(j, m, err);
    if (strcmp(type, "BPE") == 0)
        return bpe_load(j, m, err);
    if (strcmp(type, "WordLevel") == 0)
        return wordlevel_load(j, m, err);
    if (*type)
        return err_set(err, -EINVAL, "model %.60s is not supported", type);
    /* Old files do not say: the members tell. */
    if (json_object_get(j, "merges"))
        return bpe_load(j, m, err);
    return json_is_array(json_object_get(j, "vocab")) ? unigram_load(j, m, err)
                                                      : wordpiece_load(j, m, err);
}

static int add_token(struct tokenizer *t, json_t *j, struct docfs_err *err)
{
    json_t *content = json_object_get(j, "content"), *id = json_object_get(j, "id");
    size_t len = json_string_length(content);
    if (!json_is_string(content) || !json_is_integer(id) || json_integer_value(id) < 0 ||
        json_integer_value(id) > TOK_ID_MAX || len > TOK_TOKEN_MAX)
        return err_set(err, -EINVAL, "an added token has no usable content or id");
    if (!len)
        return 0;
    int64_t known = vocab_get(&t->model.vocab, json_string_value(content), len);
    struct buf text = {0};
    struct added a = {.id = (uint32_t)(known >= 0 ? known : json_integer_value(id)),
                      .word = tok_flag(j, "single_word", false),
                      .left = tok_flag(j, "lstrip", false),
                      .right = tok_flag(j, "rstrip", false)};
    bool normalized = tok_flag(j, "normalized", !tok_flag(j, "special", false));
    if (normalized)
        normal_apply(&t->normalizer, json_string_value(content), len, &text);
    else
        buf_add(&text, json_string_value(content), len);
    struct added_set *s = normalized ? &t->normal : &t->raw;
    a.len = text.len;
    int rc = buf_status(&text);
    if (rc == 0 && text.len)
        rc = trie_add(&s->trie, text.data, text.len, (int64_t)s->n);
    if (rc == 0 && text.len)
        s->item[s->n++] = a;
    buf_fini(&text);
    if (a.id >= t->size)
        t->size = a.id + 1;
    return rc < 0 ? err_oom(err) : 0;
}

static int load_added(struct tokenizer *t, json_t *list, struct docfs_err *err)
{
    size_t n = json_array_size(list), i;
    json_t *one;
    if (n > TOK_VOCAB_MAX)
        return err_set(err, -EINVAL, "too many added tokens");
    t->raw.item = calloc(n + 1, sizeof(struct added));
    t->normal.item = calloc(n + 1, sizeof(struct added));
    int rc = t->raw.item && t->normal.item ? 0 : err_oom(err);
    json_array_foreach(list, i, one)
    {
        if (rc == 0)
            rc = add_token(t, one, err);
    }
    return rc;
}

static int load(struct tokenizer *t, json_t *j, struct docfs_err *err)
{
    if (!json_is_object(j))
        return err_set(err, -EINVAL, "it is no JSON object");
    int rc = normal_load(json_object_get(j, "normalizer"), &t->normalizer, err);
    if (rc == 0)
        rc = split_load(json_object_get(j, "pre_tokenizer"), &t->splitter, err);
    if (rc == 0)
        rc = load_model(json_object_get(j, "model"), &t->model, err);
    for (size_t i = 0; rc == 0 && i < t->model.vocab.n; i++)
        if (t->model.vocab.entry[i].id >= t->size)
            t->size = (size_t)t->model.vocab.entry[i].id + 1;
    return rc < 0 ? rc : load_added(t, json_object_get(j, "added_tokens"), err);
}

int tokenizer_new(const char *json, size_t len, const char *name, struct tokenizer **ret,
                  struct docfs_err *err)
{
    if (len > TOKENIZER_FILE_MAX)
        return err_set(err, -EINVAL, "%s: larger than %u bytes", name, TOKENIZER_FILE_MAX);
    json_error_t why;
    json_t *j = json_loadb(json, len, JSON_ALLOW_NUL, &why);
    if (!j)
        return err_set(err, -EINVAL, "%s: no valid JSON: %s at byte %d", name, why.text,
                       why.position);
    struct tokenizer *t = calloc(1, sizeof(*t));
    int rc = t ? load(t, j, err) : err_oom(err);
    json_decref(j);
    if (rc < 0) {
        tokenizer_free(t);
        return rc == -ENOMEM ? rc : err_prefix(err, rc, "%s", name);
    }
    *ret = t;
    return 0;
}

size_t tokenizer_size(const struct tokenizer *t)
{
    return t->size;
}

int64_t tokenizer_unknown(const struct tokenizer *t)
{
    return t->model.unknown;
}

/* ---- added tokens in a text ---- */

static size_t char_before(const char *s, size_t at)
{
    do
        at--;
    while (at && ((unsigned char)s[at] & 0xc0) == 0x80);
    return at;
}

static bool word_at(const char *s, size_t len, size_t at)
{
    uint32_t cp;
    utf8_decode(s + at, len - at, &cp);
    return char_is_word(cp);
}

/* The longest added token that begins at s[at], or NULL. */
static const struct added *match(const struct added_set *set, const char *s, size_t len, size_t at)
{
    const struct added *best = NULL;
    uint32_t node = 0;
    for (size_t i = at; i < len; i++) {
        node = trie_step(&set->trie, node, (unsigned char)s[i]);
        if (!node)
            break;
        if (set->trie.value[node] >= 0)
            best = &set->item[set->trie.value[node]];
    }
    return best;
}

static void split_added(const struct added_set *set, const char *s, size_t len, bool first,
                        struct pieces *out)
{
    size_t from = 0;
    for (size_t at = 0; at < len && set->n;) {
        const struct added *a = match(set, s, len, at);
        if (!a) {
            at++;
            continue;
        }
        size_t start = at, end = at + a->len;
        at = end;
        if (a->word && ((start && word_at(s, len, char_before(s, start))) ||
                        (end < len && word_at(s, len, end))))
            continue;
        uint32_t cp;
        for (size_t b; a->left && start > from; start = b) {
            b = char_before(s, start);
            utf8_decode(s + b, len - b, &cp);
            if (!char_is_space(cp))
                break;
        }
        for (size_t n; a->right && end < len; end += n) {
            n = utf8_decode(s + end, len - end, &cp);
            if (!char_is_space(cp))
                break;
        }
        pieces_add(out, s + from, start - from, first && from == 0);
        pieces_add_id(out, a->id);
        from = end;
        at = end;
    }
    pieces_add(out, s + from, len - from, first && from == 0);
}

/* ---- the chain ---- */

static void normalize(const struct tokenizer *t, const char *s, size_t len, bool first,
                      struct pieces *out)
{
    struct buf text = {0};
    normal_apply(&t->normalizer, s, len, &text);
    split_added(&t->normal, text.data ? text.data : "", text.len, first, out);
    out->oom = out->oom || text.oom;
    buf_fini(&text);
}

static void add_valid(const char *s, size_t len, struct buf *out)
{
    for (size_t i = 0, n; i < len; i += n) {
        uint32_t cp;
        n = utf8_decode(s + i, len - i, &cp);
        buf_addcp(out, cp);
    }
}

int tokenizer_encode(const struct tokenizer *t, const char *text, size_t len, struct token_ids *out)
{
    struct buf valid = {0};
    struct pieces raw = {0}, p = {0};
    bool oom = false;
    out->n = 0;
    if (len > TOKENIZER_TEXT_MAX)
        len = utf8_cut(text, len, TOKENIZER_TEXT_MAX);
    if (!utf8_valid(text, len)) {
        add_valid(text, len, &valid);
        text = valid.data ? valid.data : "";
        len = valid.len;
    }
    split_added(&t->raw, text, len, true, &raw);
    for (size_t i = 0; i < raw.n; i++) {
        const struct piece *x = &raw.item[i];
        if (x->id >= 0)
            pieces_add_id(&p, x->id);
        else
            normalize(t, raw.text.data + x->start, x->len, x->first, &p);
    }
    split_apply(&t->splitter, &p);
    for (size_t i = 0; i < p.n && !oom; i++) {
        const struct piece *x = &p.item[i];
        if (x->id >= 0)
            ids_add(out, (uint32_t)x->id, &oom);
        else
            t->model.tokenize(&t->model, p.text.data + x->start, x->len, out, &oom);
    }
    oom = oom || raw.oom || p.oom || raw.text.oom || p.text.oom || valid.oom;
    pieces_fini(&raw);
    pieces_fini(&p);
    buf_fini(&valid);
    return oom ? -ENOMEM : 0;
}
