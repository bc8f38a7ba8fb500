/* SPDX-License-Identifier: MIT */
#include "core/embed/tok_internal.h"

#include <errno.h>

#include "core/embed/tok_step.h"

/* The pattern that byte-level vocabularies are made with: contractions, then words, numbers and
 * signs with the space before them. */
static const char byte_level_pattern[] =
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

/* ---- delimiters -> pieces ---- */

static void keep(struct pieces *out, const char *text, size_t start, size_t end, bool first)
{
    pieces_add(out, text + start, end - start, first && start == 0);
}

/* Joins delimiters to a neighbour, keeps or drops them. */
static void split_by(const struct spans *s, enum behavior how, const char *text, bool first,
                     struct pieces *out)
{
    const struct span *x = s->item;
    for (size_t i = 0; i < s->n;) {
        size_t start = x[i].start, end = start + x[i].len, next = i + 1;
        switch (how) {
        case REMOVED:
            if (x[i].match)
                start = end;
            break;
        case ISOLATED:
            break;
        case CONTIGUOUS:
            for (; next < s->n && x[next].match == x[i].match; next++)
                end = x[next].start + x[next].len;
            break;
        case WITH_PREVIOUS: /* text takes the one delimiter after it */
            if (!x[i].match && next < s->n && x[next].match)
                end = x[next].start + x[next].len, next++;
            break;
        case WITH_NEXT: /* a delimiter takes the text after it */
            if (x[i].match && next < s->n && !x[next].match)
                end = x[next].start + x[next].len, next++;
            break;
        }
        keep(out, text, start, end, first);
        i = next;
    }
}

static bool is_delimiter(const struct step *st, uint32_t c)
{
    switch (st->kind) {
    case SPLIT_SPACE:
    case SPLIT_BERT:
        return char_is_space(c);
    case SPLIT_PUNCT:
        return char_is_punct(c);
    default:
        return char_is_number(c);
    }
}

static void char_spans(const struct step *st, const char *s, size_t len, struct spans *out)
{
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = utf8_decode(s + i, len - i, &c);
        spans_add(out, i, n, is_delimiter(st, c));
        i += n;
    }
}

/* White space away, each punctuation mark on its own. */
static void split_bert(const char *s, size_t len, bool first, struct pieces *out)
{
    size_t start = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = utf8_decode(s + i, len - i, &c);
        bool space = char_is_space(c);
        if (space || char_is_punct(c)) {
            keep(out, s, start, i, first);
            if (!space)
                keep(out, s, i, i + n, first);
            start = i + n;
        }
        i += n;
    }
    keep(out, s, start, len, first);
}

static int word_class(uint32_t c)
{
    return char_is_space(c) ? 0 : char_is_word(c) ? 1 : 2;
}

static void split_words(const char *s, size_t len, bool first, struct pieces *out)
{
    size_t start = 0;
    int before = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        size_t n = utf8_decode(s + i, len - i, &c);
        int class = word_class(c);
        if (class != before) {
            if (before)
                keep(out, s, start, i, first);
            start = i;
            before = class;
        }
        i += n;
    }
    if (before)
        keep(out, s, start, len, first);
}

static void split_length(size_t each, const char *s, size_t len, bool first, struct pieces *out)
{
    size_t start = 0, chars = 0;
    for (size_t i = 0; i < len;) {
        uint32_t c;
        i += utf8_decode(s + i, len - i, &c);
        if (++chars == each) {
            keep(out, s, start, i, first);
            start = i;
            chars = 0;
        }
    }
    keep(out, s, start, len, first);
}

/* Spaces become the replacement, which may also be put before the first word. */
static void split_metaspace(const struct step *st, const char *s, size_t len, bool first,
                            struct pieces *out)
{
    struct buf t = {0};
    struct spans spans = {0};
    size_t lead = 0;
    while (lead < len && s[lead] == ' ')
        lead++;
    bool has = lead || (len >= st->a_len && memcmp(s, st->a, st->a_len) == 0);
    if (!has && (st->prefix || (st->prefix_first && first)))
        buf_add(&t, st->a, st->a_len);
    for (size_t i = 0; i < len; i++)
        if (s[i] == ' ')
            buf_add(&t, st->a, st->a_len);
        else
            buf_addc(&t, s[i]);
    const char *text = t.data ? t.data : "";
    if (st->split) {
        string_spans(st->a, st->a_len, text, t.len, &spans);
        split_by(&spans, WITH_NEXT, text, first, out);
    } else {
        pieces_add(out, text, t.len, first);
    }
    out->oom = out->oom || t.oom || spans.oom;
    spans_fini(&spans);
    buf_fini(&t);
}

static void add_bytes(const char *s, size_t len, bool first, struct pieces *out, struct buf *tmp)
{
    buf_clear(tmp);
    for (size_t i = 0; i < len; i++)
        buf_addcp(tmp, byte_char((unsigned char)s[i]));
    pieces_add(out, tmp->data ? tmp->data : "", tmp->len, first);
    out->oom = out->oom || tmp->oom;
}

static void split_bytes(const struct step *st, const char *s, size_t len, bool first,
                        struct pieces *out)
{
    struct buf t = {0}, tmp = {0};
    struct spans spans = {0};
    if (st->prefix && *s != ' ')
        buf_addc(&t, ' ');
    buf_add(&t, s, len);
    if (st->split)
        regex_spans(st->regex, t.data ? t.data : "", t.len, &spans);
    else
        spans_add(&spans, 0, t.len, true);
    for (size_t i = 0; i < spans.n && !t.oom; i++)
        add_bytes(t.data + spans.item[i].start, spans.item[i].len, first && i == 0, out, &tmp);
    out->oom = out->oom || t.oom || spans.oom;
    spans_fini(&spans);
    buf_fini(&t);
    buf_fini(&tmp);
}

static void split_pattern(const struct step *st, const char *s, size_t len, bool first,
                          struct pieces *out)
{
    struct spans spans = {0};
    if (st->kind != SPLIT_PATTERN && st->kind != SPLIT_CHAR)
        char_spans(st, s, len, &spans);
    else if (st->regex)
        regex_spans(st->regex, s, len, &spans);
    else
        string_spans(st->a, st->a_len, s, len, &spans);
    for (size_t i = 0; st->invert && i < spans.n; i++)
        spans.item[i].match = !spans.item[i].match;
    split_by(&spans, st->behavior, s, first, out);
    out->oom = out->oom || spans.oom;
    spans_fini(&spans);
}

static void split_one(const struct step *st, const char *s, size_t len, bool first,
                      struct pieces *out)
{
    switch (st->kind) {
    case SPLIT_BERT:
        split_bert(s, len, first, out);
        break;
    case SPLIT_WORDS:
        split_words(s, len, first, out);
        break;
    case SPLIT_LENGTH:
        split_length(st->length, s, len, first, out);
        break;
    case SPLIT_METASPACE:
        split_metaspace(st, s, len, first, out);
        break;
    case SPLIT_BYTES:
        split_bytes(st, s, len, first, out);
        break;
    default:
        split_pattern(st, s, len, first, out);
    }
}

void split_apply(const struct chain *c, struct pieces *p)
{
    for (size_t i = 0; i < c->n; i++) {
        struct pieces next = {.oom = p->oom};
        for (size_t k = 0; k < p->n; k++) {
            const struct piece *x = &p->item[k];
            if (x->id >= 0)
                pieces_add_id(&next, x->id);
            else
                split_one(&c->step[i], p->text.data + x->start, x->len, x->first, &next);
        }
        pieces_fini(p);
        *p = next;
    }
}

/* ---- loading ---- */

static int load_behavior(json_t *j, enum behavior fallback, enum behavior *ret,
                         struct docfs_err *err)
{
    static const char *const names[] = {"removed", "isolated", "mergedwithprevious",
                                        "mergedwithnext", "contiguous"};
    const char *given = tok_text(j, "behavior", "");
    *ret = fallback;
    if (!given || !*given)
        return 0;
    for (size_t i = 0; i < 5; i++)
        if (strcasecmp(given, names[i]) == 0) {
            *ret = (enum behavior)i;
            return 0;
        }
    return err_set(err, -EINVAL, "behavior \"%.40s\" is not known", given);
}

static int load_metaspace(json_t *j, struct step *st, struct docfs_err *err)
{
    const char *scheme =
        tok_text(j, "prepend_scheme", tok_flag(j, "add_prefix_space", true) ? "always" : "never");
    st->prefix = scheme && strcmp(scheme, "always") == 0;
    st->prefix_first = scheme && strcmp(scheme, "first") == 0;
    st->split = tok_flag(j, "split", true);
    json_t *given = json_object_get(j, "replacement");
    if (given)
        return step_text(given, &st->a, &st->a_len, "replacement", err);
    st->a = strdup("\xe2\x96\x81");
    st->a_len = 3;
    return st->a ? 0 : err_oom(err);
}

static int load_pattern(json_t *j, struct step *st, struct docfs_err *err)
{
    st->invert = tok_flag(j, "invert", false);
    int rc = load_behavior(j, REMOVED, &st->behavior, err);
    return rc < 0 ? rc : step_pattern(st, json_object_get(j, "pattern"), err);
}

static int load_length(json_t *j, struct step *st, struct docfs_err *err)
{
    json_int_t n = json_integer_value(json_object_get(j, "length"));
    if (n < 1 || n > TOKENIZER_TEXT_MAX)
        return err_set(err, -EINVAL, "FixedLength has no usable length");
    st->length = (size_t)n;
    return 0;
}

static int load_one(const char *type, json_t *j, struct chain *c, struct docfs_err *err)
{
    static const struct {
        const char *type;
        enum step_kind kind;
    } known[] = {
        {"BertPreTokenizer", SPLIT_BERT}, {"Whitespace", SPLIT_WORDS},
        {"WhitespaceSplit", SPLIT_SPACE}, {"Punctuation", SPLIT_PUNCT},
        {"Digits", SPLIT_DIGITS},         {"CharDelimiterSplit", SPLIT_CHAR},
        {"Delimiter", SPLIT_CHAR},        {"Split", SPLIT_PATTERN},
        {"FixedLength", SPLIT_LENGTH},    {"Metaspace", SPLIT_METASPACE},
        {"ByteLevel", SPLIT_BYTES},
    };
    size_t i = 0;
    while (i < sizeof(known) / sizeof(*known) && strcmp(type, known[i].type) != 0)
        i++;
    if (i == sizeof(known) / sizeof(*known))
        return err_set(err, -EINVAL, "pre-tokenizer %.60s is not supported", type);
    struct step *st = chain_add(c, known[i].kind);
    if (!st)
        return err_oom(err);
    switch (st->kind) {
    case SPLIT_PUNCT:
        return load_behavior(j, ISOLATED, &st->behavior, err);
    case SPLIT_DIGITS:
        st->behavior = tok_flag(j, "individual_digits", false) ? ISOLATED : CONTIGUOUS;
        return 0;
    case SPLIT_CHAR:
        return step_text(json_object_get(j, "delimiter"), &st->a, &st->a_len, "delimiter", err);
    case SPLIT_PATTERN:
        return load_pattern(j, st, err);
    case SPLIT_LENGTH:
        return load_length(j, st, err);
    case SPLIT_METASPACE:
        return load_metaspace(j, st, err);
    case SPLIT_BYTES:
        st->prefix = tok_flag(j, "add_prefix_space", true);
        st->split = tok_flag(j, "use_regex", true);
        return st->split
                   ? regex_new(byte_level_pattern, sizeof(byte_level_pattern) - 1, &st->regex, err)
                   : 0;
    default:
        return 0;
    }
}

int split_load(json_t *j, struct chain *c, struct docfs_err *err)
{
    return chain_load(j, "pretokenizers", load_one, c, 0, err);
}
