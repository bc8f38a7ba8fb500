/* SPDX-License-Identifier: MIT */
#include "core/embed/tok_internal.h"

#include <errno.h>
#include <utf8proc.h>

#include "core/embed/tok_step.h"

/* ---- characters ---- */

static utf8proc_category_t category(uint32_t c)
{
    return utf8proc_category((utf8proc_int32_t)c);
}

bool char_is_space(uint32_t c)
{
    return (c >= 9 && c <= 13) || c == 0x20 || c == 0x85 || c == 0xa0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f ||
           c == 0x205f || c == 0x3000;
}

bool char_is_punct(uint32_t c)
{
    if (c < 128)
        return c > 32 && c < 127 && !(c >= '0' && c <= '9') &&
               !((c | 32) >= 'a' && (c | 32) <= 'z');
    utf8proc_category_t k = category(c);
    return k >= UTF8PROC_CATEGORY_PC && k <= UTF8PROC_CATEGORY_PO;
}

bool char_is_mark(uint32_t c)
{
    utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ME;
}

bool char_is_number(uint32_t c)
{
    utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_ND || k == UTF8PROC_CATEGORY_NL || k == UTF8PROC_CATEGORY_NO;
}

bool char_is_word(uint32_t c)
{
    if (c < 128)
        return c == '_' || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
    utf8proc_category_t k = category(c);
    return (k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_NL) || k == UTF8PROC_CATEGORY_PC ||
           c == 0x200c || c == 0x200d || (c >= 0x24b6 && c <= 0x24e9);
}

bool char_is_other(uint32_t c)
{
    utf8proc_category_t k = category(c);
    return k == UTF8PROC_CATEGORY_CN || k >= UTF8PROC_CATEGORY_CC;
}

static bool is_chinese(uint32_t c)
{
    return (c >= 0x4e00 && c <= 0x9fff) || (c >= 0x3400 && c <= 0x4dbf) ||
           (c >= 0x20000 && c <= 0x2a6df) || (c >= 0x2a700 && c <= 0x2b73f) ||
           (c >= 0x2b740 && c <= 0x2b81f) || (c >= 0x2b920 && c <= 0x2ceaf) ||
           (c >= 0xf900 && c <= 0xfaff) || (c >= 0x2f800 && c <= 0x2fa1f);
}

uint32_t byte_char(unsigned char b)
{
    bool itself = (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
    if (itself)
        return b;
    return 256 + (b <= 32 ? b : b <= 0xa0 ? b - 127u + 33u : 33u + 34u);
}

/* ---- the steps ---- */

static bool is_ascii(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)s[i] & 0x80)
            return false;
    return true;
}

static void unicode_form(const char *s, size_t len, utf8proc_option_t form, struct buf *out)
{
    if (is_ascii(s, len)) {
        buf_add(out, s, len);
        return;
    }
    utf8proc_uint8_t *p = NULL;
    utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)len, &p, form);
    if (n >= 0)
        buf_add(out, p, (size_t)n);
    else if (n == UTF8PROC_ERROR_NOMEM)
        out->oom = true;
    else /* too long for the library: better as it is than not at all */
        buf_add(out, s, len);
    free(p);
}

static void add_lower(uint32_t c, struct buf *out)
{
    if (c == 0x130) { /* the only character whose lower case is two */
        buf_adds(out, "i\xcc\x87");
        return;
    }
    buf_addcp(out, (uint32_t)utf8proc_tolower((utf8proc_int32_t)c));
}

static bool nmt_drops(uint32_t c)
{
    return (c >= 1 && c <= 8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f || c == 0x8f ||
           c == 0x9f;
}

static bool nmt_space(uint32_t c)
{
    return c == 9 || c == 10 || c == 12 || c == 13 || c == 0x1680 || (c >= 0x200b && c <= 0x200f) ||
           c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xfeff || c == 0xfffd;
}

/* What becomes of one character in the steps that treat each on its own. */
static void map_char(enum step_kind kind, uint32_t c, struct buf *out)
{
    switch (kind) {
    case NORMAL_LOWER:
        add_lower(c, out);
        break;
    case NORMAL_ACCENTS:
        if (!char_is_mark(c))
            buf_addcp(out, c);
        break;
    case NORMAL_NMT:
        if (!nmt_drops(c))
            buf_addcp(out, nmt_space(c) ? ' ' : c);
        break;
    case NORMAL_CLEAN:
        if (char_is_space(c))
            buf_addc(out, ' ');
        else if (c && c != 0xfffd && !char_is_other(c))
            buf_addcp(out, c);
        break;
    case NORMAL_CHINESE:
        if (is_chinese(c))
            buf_addc(out, ' ');
        buf_addcp(out, c);
        if (is_chinese(c))
            buf_addc(out, ' ');
        break;
    case NORMAL_NONSPACING:
        if (category(c) != UTF8PROC_CATEGORY_MN)
            buf_addcp(out, c);
        break;
    default:
        buf_addcp(out, c);
    }
}

static void map_chars(enum step_kind kind, const char *s, size_t len, struct buf *out)
{
    for (size_t i = 0; i < len;) {
        uint32_t c = (unsigned char)s[i];
        if (c < 128)
            i++;
        else
            i += utf8_decode(s + i, len - i, &c);
        map_char(kind, c, out);
    }
}

static void strip(const struct step *st, const char *s, size_t len, struct buf *out)
{
    size_t start = 0, end = len;
    uint32_t c;
    while (st->left && start < end) {
        size_t n = utf8_decode(s + start, end - start, &c);
        if (!char_is_space(c))
            break;
        start += n;
    }
    while (st->right && end > start) {
        size_t at = end - 1;
        while (at > start && ((unsigned char)s[at] & 0xc0) == 0x80)
            at--;
        utf8_decode(s + at, end - at, &c);
        if (!char_is_space(c))
            break;
        end = at;
    }
    buf_add(out, s + start, end - start);
}

static void replace(const struct step *st, const char *s, size_t len, struct buf *out)
{
    struct spans spans = {0};
    if (st->regex)
        regex_spans(st->regex, s, len, &spans);
    else
        string_spans(st->a, st->a_len, s, len, &spans);
    for (size_t i = 0; i < spans.n; i++)
        if (spans.item[i].match)
            buf_add(out, st->b, st->b_len);
        else
            buf_add(out, s + spans.item[i].start, spans.item[i].len);
    out->oom = out->oom || spans.oom;
    spans_fini(&spans);
}

static void apply_one(const struct step *st, const char *s, size_t len, struct buf *out)
{
    switch (st->kind) {
    case NORMAL_NFC:
        unicode_form(s, len, UTF8PROC_STABLE | UTF8PROC_COMPOSE, out);
        break;
    case NORMAL_NFD:
        unicode_form(s, len, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE, out);
        break;
    case NORMAL_NFKC:
        unicode_form(s, len, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT, out);
        break;
    case NORMAL_NFKD:
        unicode_form(s, len, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, out);
        break;
    case NORMAL_STRIP:
        strip(st, s, len, out);
        break;
    case NORMAL_REPLACE:
        replace(st, s, len, out);
        break;
    case NORMAL_PREPEND:
        if (len)
            buf_add(out, st->a, st->a_len);
        buf_add(out, s, len);
        break;
    case NORMAL_CHARMAP:
        charmap_apply(st->map, s, len, out);
        break;
    case NORMAL_BYTES:
        for (size_t i = 0; i < len; i++)
            buf_addcp(out, byte_char((unsigned char)s[i]));
        break;
    default:
        map_chars(st->kind, s, len, out);
    }
}

void normal_apply(const struct chain *c, const char *text, size_t len, struct buf *out)
{
    struct buf a = {.limit = 4 * (size_t)TOKENIZER_TEXT_MAX}, b = a;
    const char *s = text;
    for (size_t i = 0; i < c->n; i++) {
        struct buf *to = i + 1 == c->n ? out : i % 2 ? &b : &a;
        if (to != out)
            buf_clear(to);
        apply_one(&c->step[i], s, len, to);
        s = to->data ? to->data : "";
        len = to->len;
    }
    if (!c->n)
        buf_add(out, text, len);
    out->oom = out->oom || a.oom || b.oom;
    buf_fini(&a);
    buf_fini(&b);
}

/* ---- loading ---- */

static int load_bert(json_t *j, struct chain *c, struct docfs_err *err)
{
    bool lower = tok_flag(j, "lowercase", true);
    const enum step_kind steps[] = {NORMAL_CLEAN, NORMAL_CHINESE, NORMAL_NFD, NORMAL_NONSPACING,
                                    NORMAL_LOWER};
    bool accents = tok_flag(j, "strip_accents", lower);
    const bool wanted[] = {tok_flag(j, "clean_text", true),
                           tok_flag(j, "handle_chinese_chars", true), accents, accents, lower};
    for (size_t i = 0; i < 5; i++)
        if (wanted[i] && !chain_add(c, steps[i]))
            return err_oom(err);
    return 0;
}

static int load_one(const char *type, json_t *j, struct chain *c, struct docfs_err *err)
{
    static const struct {
        const char *type;
        enum step_kind kind;
    } plain[] = {
        {"NFC", NORMAL_NFC},
        {"NFD", NORMAL_NFD},
        {"NFKC", NORMAL_NFKC},
        {"NFKD", NORMAL_NFKD},
        {"Nmt", NORMAL_NMT},
        {"Lowercase", NORMAL_LOWER},
        {"StripAccents", NORMAL_ACCENTS},
        {"ByteLevel", NORMAL_BYTES},
        {"Strip", NORMAL_STRIP},
        {"Prepend", NORMAL_PREPEND},
        {"Replace", NORMAL_REPLACE},
        {"Precompiled", NORMAL_CHARMAP},
    };
    if (strcmp(type, "BertNormalizer") == 0)
        return load_bert(j, c, err);
    for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
        if (strcmp(type, plain[i].type) != 0)
            continue;
        struct step *st = chain_add(c, plain[i].kind);
        if (!st)
            return err_oom(err);
        st->left = tok_flag(j, "strip_left", true);
        st->right = tok_flag(j, "strip_right", true);
        if (st->kind == NORMAL_PREPEND)
            return step_text(json_object_get(j, "prepend"), &st->a, &st->a_len, "prepend", err);
        if (st->kind == NORMAL_REPLACE) {
            int rc = step_pattern(st, json_object_get(j, "pattern"), err);
            return rc < 0 ? rc
                          : step_text(json_object_get(j, "content"), &st->b, &st->b_len, "content",
                                      err);
        }
        if (st->kind == NORMAL_CHARMAP) {
            json_t *map = json_object_get(j, "precompiled_charsmap");
            if (!json_is_string(map))
                return err_set(err, -EINVAL, "Precompiled has no precompiled_charsmap");
            return charmap_new(json_string_value(map), json_string_length(map), &st->map, err);
        }
        return 0;
    }
    return err_set(err, -EINVAL, "normalizer %.60s is not supported", type);
}

int normal_load(json_t *j, struct chain *c, struct docfs_err *err)
{
    return chain_load(j, "normalizers", load_one, c, 0, err);
}
