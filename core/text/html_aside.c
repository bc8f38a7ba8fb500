/* SPDX-License-Identifier: MIT
 * Why: libgumbo takes text code point by code point through its whole state machine, and most of a
 * page is text. A run of plain ASCII comes out as it went in, so the parser gets two code points in
 * its place: of a private plane, which html_scan makes sure the page itself does not use. A page
 * can still write them as character references; a mark therefore counts once, and what it could
 * gain is to move its own text.
 *
 * A run begins and ends with a visible character: blanks mean something to the parser where no
 * text may be, and for it a mark is such a character too. */
#include "core/text/html.h"

#include <stdlib.h>
#include <string.h>
#include "core/util/grow.h"
#include "core/util/utf8.h"

#define RUN_MIN 16 /* bytes that are worth a mark */
#define HIGH_BASE 0x100000u
#define LOW_BASE 0x108000u
#define LOW_BITS 14
#define RUNS_MAX ((size_t)1 << 28)
#define MARK_LEN 8 /* two code points */

void html_aside_fini(struct html_aside *a)
{
    buf_fini(&a->text);
    free(a->run);
    *a = (struct html_aside){0};
}

static bool is_plain(char c)
{
    return (unsigned char)c < 0x80 && c != '&';
}

/* End of the plain text at p without the blanks at its end. */
static size_t plain_end(const char *s, size_t p, size_t end)
{
    size_t from = p;
    while (p < end && is_plain(s[p]))
        p++;
    while (p > from && is_blank(s[p - 1]))
        p--;
    return p;
}

static void put_mark(char *o, uint32_t base, size_t value)
{
    uint32_t c = base + (uint32_t)value;
    const char bytes[] = {'\xf4', (char)(0x80 | (c >> 12 & 0x3f)), (char)(0x80 | (c >> 6 & 0x3f)),
                          (char)(0x80 | (c & 0x3f))};
    memcpy(o, bytes, sizeof(bytes));
}

static bool add_run(struct html_aside *a, const char *s, size_t len, char mark[MARK_LEN])
{
    if (a->n >= RUNS_MAX || !grow(&a->run, a->n, sizeof(*a->run)))
        return false;
    a->run[a->n] = (struct html_run){.at = a->text.len, .len = len};
    buf_add(&a->text, s, len);
    put_mark(mark, HIGH_BASE, a->n >> LOW_BITS);
    put_mark(mark + MARK_LEN / 2, LOW_BASE, a->n & ((1u << LOW_BITS) - 1));
    a->n++;
    return true;
}

bool html_aside_value(struct html_aside *a, const char *s, size_t len, struct buf *out)
{
    char mark[MARK_LEN];
    if (len < RUN_MIN)
        return false;
    for (size_t i = 0; i < len; i++)
        if (!is_plain(s[i]) || s[i] < ' ' || s[i] == 0x7f || s[i] == '"')
            return false;
    if (!add_run(a, s, len, mark))
        return false;
    buf_add(out, mark, MARK_LEN);
    return true;
}

void html_aside_put(struct html_aside *a, struct buf *out, size_t from)
{
    char *s = out->data;
    size_t end = out->len, to = from;
    for (size_t p = from; p < end;) {
        while (p < end && is_blank(s[p]))
            s[to++] = s[p++];
        size_t stop = plain_end(s, p, end);
        char mark[MARK_LEN];
        if (stop - p >= RUN_MIN && add_run(a, s + p, stop - p, mark)) {
            memcpy(s + to, mark, MARK_LEN);
            to += MARK_LEN;
            p = stop;
            continue;
        }
        /* On to the next word: a reference without its ';' may end anywhere before that. */
        while (p < end && (p < stop || !is_blank(s[p])))
            s[to++] = s[p++];
    }
    if (to < end) {
        out->len = to;
        s[to] = '\0';
    }
}

/* The run of a mark at s, or NULL. */
static const struct html_run *run_at(const struct html_aside *a, const char *s, size_t len)
{
    uint32_t high, low;
    if (len < MARK_LEN || utf8_decode(s, len, &high) != MARK_LEN / 2 ||
        utf8_decode(s + MARK_LEN / 2, len - MARK_LEN / 2, &low) != MARK_LEN / 2 ||
        high < HIGH_BASE || high >= LOW_BASE || low < LOW_BASE ||
        low >= LOW_BASE + (1u << LOW_BITS))
        return NULL;
    size_t i = (size_t)(high - HIGH_BASE) << LOW_BITS | (low - LOW_BASE);
    return i < a->n ? &a->run[i] : NULL;
}

char *html_aside_back(const struct html_aside *a, const char *text,
                      void *(*alloc)(void *userdata, size_t size), void *userdata)
{
    const char *p = strchr(text, '\xf4');
    if (!p)
        return NULL;
    size_t len = strlen(text), all = len;
    const struct html_run *run;
    for (const char *q = p; (q = memchr(q, '\xf4', (size_t)(text + len - q))); q++) /* the room */
        if ((run = run_at(a, q, (size_t)(text + len - q))))
            all += run->len;
    char *ret = alloc(userdata, all + 1), *o = ret;
    const char *end = text + len;
    for (const char *from = text;; from = p) {
        p = memchr(from, '\xf4', (size_t)(end - from));
        size_t n = (size_t)((p ? p : end) - from);
        memcpy(o, from, n);
        o += n;
        if (!p)
            break;
        if ((run = run_at(a, p, (size_t)(end - p)))) {
            memcpy(o, a->text.data + run->at, run->len);
            o += run->len;
            p += MARK_LEN;
        } else {
            *o++ = *p++;
        }
    }
    *o = '\0';
    return ret;
}
