/* SPDX-License-Identifier: MIT
 * Patterns of pre-tokenizers. They come with the model file, so they are as hostile as it: the
 * work per match is limited, and a text on which a pattern gives up stays in one piece. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "core/embed/tok_internal.h"

#include <errno.h>

#define PATTERN_MAX 65536
#define STEPS_MAX 1000000 /* of one match */
#define DEPTH_MAX 2000
#define HEAP_KIB 16384

struct regex {
    pcre2_code *code;
    pcre2_match_context *limits;
};

int regex_new(const char *pattern, size_t len, struct regex **ret, struct docfs_err *err)
{
    if (len > PATTERN_MAX)
        return err_set(err, -EINVAL, "a pattern is longer than %d bytes", PATTERN_MAX);
    struct regex *r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom(err);
    int code;
    PCRE2_SIZE at;
    r->code = pcre2_compile((PCRE2_SPTR)pattern, len,
                            PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY,
                            &code, &at, NULL);
    r->limits = pcre2_match_context_create(NULL);
    if (!r->code) {
        unsigned char text[128] = "";
        pcre2_get_error_message(code, text, sizeof(text));
        regex_free(r);
        return err_set(err, -EINVAL, "pattern \"%.80s\" is not understood at byte %zu: %s", pattern,
                       (size_t)at, (char *)text);
    }
    if (!r->limits) {
        regex_free(r);
        return err_oom(err);
    }
    pcre2_set_match_limit(r->limits, STEPS_MAX);
    pcre2_set_depth_limit(r->limits, DEPTH_MAX);
    pcre2_set_heap_limit(r->limits, HEAP_KIB);
    *ret = r;
    return 0;
}

void regex_free(struct regex *r)
{
    if (!r)
        return;
    pcre2_code_free(r->code);
    pcre2_match_context_free(r->limits);
    free(r);
}

void spans_fini(struct spans *s)
{
    free(s->item);
    *s = (struct spans){0};
}

void spans_add(struct spans *s, size_t start, size_t len, bool match)
{
    if (!len)
        return;
    if (!match && s->n && !s->item[s->n - 1].match) {
        s->item[s->n - 1].len += len;
        return;
    }
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        struct span *item = reallocarray(s->item, cap, sizeof(*item));
        if (!item) {
            s->oom = true;
            return;
        }
        s->item = item;
        s->cap = cap;
    }
    s->item[s->n++] = (struct span){.start = start, .len = len, .match = match};
}

void regex_spans(const struct regex *r, const char *text, size_t len, struct spans *out)
{
    pcre2_match_data *found = pcre2_match_data_create(1, NULL);
    if (!found) {
        out->oom = true;
        return;
    }
    size_t at = 0, from = 0; /* end of the last match; where to look on */
    while (from < len) {
        int rc =
            pcre2_match(r->code, (PCRE2_SPTR)text, len, from, PCRE2_NO_UTF_CHECK, found, r->limits);
        if (rc < 0)
            break;
        size_t start = pcre2_get_ovector_pointer(found)[0];
        size_t end = pcre2_get_ovector_pointer(found)[1];
        if (start < from || end <= start) { /* empty: step over one character */
            uint32_t cp;
            size_t where = start > from ? start : from;
            if (where >= len)
                break;
            from = where + utf8_decode(text + where, len - where, &cp);
            continue;
        }
        spans_add(out, at, start - at, false);
        spans_add(out, start, end - start, true);
        at = from = end;
    }
    spans_add(out, at, len - at, false);
    pcre2_match_data_free(found);
}

void string_spans(const char *what, size_t what_len, const char *text, size_t len,
                  struct spans *out)
{
    size_t at = 0;
    while (what_len && len - at >= what_len) {
        const char *hit = memmem(text + at, len - at, what, what_len);
        if (!hit)
            break;
        size_t start = (size_t)(hit - text);
        spans_add(out, at, start - at, false);
        spans_add(out, start, what_len, true);
        at = start + what_len;
    }
    spans_add(out, at, len - at, false);
}
