/* SPDX-License-Identifier: MIT */
#include "tools/cli/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "core/util/buf.h"
#include "core/util/utf8.h"
#include "tools/cli/wrap.h"

static bool may_color(bool tty, bool no_color)
{
    const char *env = getenv("NO_COLOR"), *term = getenv("TERM");
    return tty && !no_color && !(env && *env) && !(term && strcmp(term, "dumb") == 0);
}

void out_init(struct out *o, bool json, bool quiet, bool no_color)
{
    bool tty = isatty(STDOUT_FILENO), err_tty = isatty(STDERR_FILENO);
    *o = (struct out){.f = stdout,
                      .json = json,
                      .quiet = quiet,
                      .tty = tty,
                      .columns = wrap_columns(STDOUT_FILENO, 80),
                      .color = may_color(tty, no_color) && !json,
                      .err_tty = err_tty,
                      .err_color = may_color(err_tty, no_color)};
}

static void put(struct out *o, const char *data, size_t len)
{
    if (len && !o->error && fwrite(data, 1, len, o->f) < len)
        o->error = errno ? errno : EIO;
}

void out_printf(struct out *o, const char *fmt, ...)
{
    if (o->json || o->error)
        return;
    va_list ap;
    va_start(ap, fmt);
    if (vfprintf(o->f, fmt, ap) < 0)
        o->error = errno ? errno : EIO;
    va_end(ap);
}

/* Control bytes of C0 and C1, and the marks that reorder text so that it reads as another. */
static bool hostile(uint32_t cp, bool keep_lines)
{
    if (keep_lines && (cp == '\n' || cp == '\t'))
        return false;
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (cp >= 0x202a && cp <= 0x202e) ||
           (cp >= 0x2066 && cp <= 0x2069);
}

static void escape(struct buf *b, const char *s, size_t len, bool keep_lines)
{
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        size_t n = utf8_decode(s + i, len - i, &cp);
        if (cp == 0xfffd && n == 1)
            buf_addf(b, "\\x%02x", (unsigned char)s[i]);
        else if (hostile(cp, keep_lines))
            buf_addf(b, cp < 0x100 ? "\\x%02x" : "\\u%04x", (unsigned)cp);
        else
            buf_add(b, s + i, n);
        i += n;
    }
}

static void put_styled(struct out *o, enum out_style style, const struct buf *b)
{
    static const char *const codes[] = {"", "\033[1m", "\033[36m", "\033[2m", "\033[31m"};
    bool styled = o->color && style != STYLE_NONE && b->len;
    if (styled)
        put(o, codes[style], strlen(codes[style]));
    put(o, b->data, b->len);
    if (styled)
        put(o, "\033[0m", 4);
}

void out_text(struct out *o, enum out_style style, const char *s)
{
    if (o->json)
        return;
    if (!o->tty) {
        put(o, s, strlen(s));
        return;
    }
    _cleanup_buf_ struct buf b = {0};
    escape(&b, s, strlen(s), false);
    put_styled(o, style, &b);
}

unsigned out_wrapped(struct out *o, enum out_style style, const char *s, unsigned at)
{
    if (o->json || !o->tty) {
        out_text(o, style, s);
        return at;
    }
    _cleanup_buf_ struct buf b = {0}, lines = {0};
    escape(&b, s, strlen(s), false);
    at = wrap_add(&lines, buf_text(&b), at, 4, o->columns);
    put_styled(o, style, &lines);
    return at;
}

void out_content(struct out *o, const char *data, size_t len)
{
    if (!o->tty) {
        put(o, data, len);
        return;
    }
    _cleanup_buf_ struct buf b = {0};
    escape(&b, data, len, true);
    put(o, b.data, b.len);
}

static int dump(const char *data, size_t len, void *arg)
{
    put(arg, data, len);
    return 0;
}

int out_json(struct out *o, json_t *value, struct docfs_err *err)
{
    if (!value)
        return err_oom(err);
    /* Six digits say all that a score or a time holds; ASCII keeps a terminal safe. */
    size_t flags = JSON_REAL_PRECISION(6) | (o->tty ? JSON_INDENT(2) | JSON_ENSURE_ASCII : 0);
    int r = json_dump_callback(value, dump, o, flags);
    put(o, "\n", 1);
    json_decref(value);
    return r < 0 ? err_oom(err) : 0;
}

static void line(struct out *o, const char *color, const char *prefix, const char *text)
{
    _cleanup_buf_ struct buf b = {0};
    escape(&b, text, strlen(text), false);
    fflush(o->f); /* keeps the order when both go to one place */
    fprintf(stderr, "%s%s%s%s\n", o->err_color ? color : "", prefix, o->err_color ? "\033[0m" : "",
            buf_text(&b));
}

void out_note(struct out *o, const char *fmt, ...)
{
    if (o->quiet)
        return;
    _cleanup_buf_ struct buf b = {0};
    va_list ap;
    va_start(ap, fmt);
    buf_vaddf(&b, fmt, ap);
    va_end(ap);
    line(o, "\033[2m", "docfs: ", buf_text(&b));
}

void out_error(struct out *o, const char *text)
{
    line(o, "\033[31m", "docfs: ", text);
}

bool out_broken(const struct out *o)
{
    return o->error != 0;
}

int out_finish(struct out *o, struct docfs_err *err)
{
    errno = 0;
    if (fflush(o->f) != 0 && !o->error)
        o->error = errno ? errno : EIO;
    if (!o->error || o->error == EPIPE)
        return 0;
    return err_set(err, -o->error, "cannot write the output: %s", strerror(o->error));
}

const char *out_size(int64_t bytes, char out[32])
{
    static const char *const unit[] = {"bytes", "KB", "MB", "GB", "TB"};
    double v = (double)bytes;
    size_t u = 0;
    for (; v >= 1000 && u < 4; u++)
        v /= 1000;
    snprintf(out, 32, u == 0 || v >= 100 ? "%.0f %s" : "%.1f %s", v, unit[u]);
    return out;
}

const char *out_count(uint64_t n, char out[32])
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    size_t at = 0;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            out[at++] = ',';
        out[at++] = digits[i];
    }
    out[at] = '\0';
    return out;
}

const char *out_date(int64_t seconds, char out[32])
{
    time_t t = (time_t)seconds;
    struct tm tm;
    if (seconds == 0 || !localtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M", &tm) == 0)
        snprintf(out, 32, "never");
    return out;
}

const char *out_every(int64_t seconds, char out[32])
{
    static const struct {
        int64_t seconds;
        char name;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};
    size_t i = 0;
    while (seconds % units[i].seconds)
        i++;
    snprintf(out, 32, "%lld%c", (long long)(seconds / units[i].seconds), units[i].name);
    return out;
}

const char *out_plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

const char *out_span(double seconds, char out[32])
{
    long s = (long)(seconds + 0.5);
    if (seconds < 60)
        snprintf(out, 32, seconds < 10 ? "%.1f s" : "%.0f s", seconds);
    else if (s < 3600)
        snprintf(out, 32, "%ld:%02ld", s / 60, s % 60);
    else
        snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    return out;
}
