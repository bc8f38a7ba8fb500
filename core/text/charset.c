/* SPDX-License-Identifier: MIT */
#include "core/text/charset.h"

#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <uchardet/uchardet.h>

#include "core/text/convert.h"
#include "core/text/mdutil.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"

#define SAMPLE (256u << 10) /* bytes that a guess is made from */

struct bom {
    const char *bytes;
    size_t len;
    const char *charset;
};

/* UTF-32LE before UTF-16LE: the one begins with the other. */
static const struct bom boms[] = {
    {"\xef\xbb\xbf", 3, "UTF-8"}, {"\xff\xfe\0\0", 4, "UTF-32LE"}, {"\0\0\xfe\xff", 4, "UTF-32BE"},
    {"\xff\xfe", 2, "UTF-16LE"},  {"\xfe\xff", 2, "UTF-16BE"},
};

static const struct bom *find_bom(const char *data, size_t len)
{
    for (size_t i = 0; i < sizeof(boms) / sizeof(boms[0]); i++)
        if (len >= boms[i].len && memcmp(data, boms[i].bytes, boms[i].len) == 0)
            return &boms[i];
    return NULL;
}

/* UTF-16 without a mark: in western text every other byte is NUL. */
static const char *bare_utf16(const char *data, size_t len)
{
    size_t nul[2] = {0, 0}, n = len < 4096 ? len : 4096;
    for (size_t i = 0; i < n; i++)
        nul[i & 1] += data[i] == '\0';
    if (n < 8 || len % 2)
        return NULL;
    if (nul[1] > n * 2 / 5 && nul[0] < n / 50)
        return "UTF-16LE";
    if (nul[0] > n * 2 / 5 && nul[1] < n / 50)
        return "UTF-16BE";
    return NULL;
}

bool charset_is_text(const char *data, size_t len)
{
    if (find_bom(data, len) || bare_utf16(data, len))
        return true;
    /* ESC, BS and SO/SI stand in terminal text and in ISO-2022, US in Info files. */
    static const bool is_odd[256] = {
        [0 ... 7] = true, [0x10 ... 0x1a] = true, [0x1c ... 0x1e] = true, [0x7f] = true};
    size_t n = len < SAMPLE ? len : SAMPLE, odd = 0;
    for (size_t i = 0; i < n; i++)
        odd += is_odd[(unsigned char)data[i]];
    return odd <= 2 || odd <= n / 200;
}

/* glibc opens a module for any name it is given, and some of them have had memory errors
 * (ISO-2022-CN-EXT): only encodings that documentation is written in are let through. */
static bool charset_allowed(const char *name)
{
    static const char *const families[] = {
        "utf-8",    "utf8",      "utf-16",    "utf-32", "iso-8859-", "iso8859-",  "iso_8859-",
        "windows-", "cp125",     "cp437",     "cp850",  "cp866",     "koi8-",     "euc-",
        "eucjp",    "shift_jis", "shift-jis", "sjis",   "cp932",     "big5",      "gb2312",
        "gb18030",  "gbk",       "euckr",     "uhc",    "mac",       "tis-620",   "us-ascii",
        "ascii",    "latin",     "ibm8",      "johab",  "viscii",    "armscii-8",
    };
    for (const char *p = name; *p; p++)
        if (!is_alnum(*p) && *p != '-' && *p != '_')
            return false;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        if (strncasecmp(name, families[i], strlen(families[i])) == 0)
            return true;
    return false;
}

/* Browsers read these as Windows-1252, and so their authors wrote it. */
static const char *charset_alias(const char *name)
{
    static const char *const western[] = {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1",
                                          "latin-1",    "us-ascii",  "ascii"};
    for (size_t i = 0; i < sizeof(western) / sizeof(western[0]); i++)
        if (strcasecmp(name, western[i]) == 0)
            return "WINDOWS-1252";
    return name;
}

static void iconv_closep(iconv_t *cd)
{
    if (*cd != (iconv_t)-1)
        iconv_close(*cd);
}

/* Bad bytes become U+FFFD. *ret_bad counts them. -ENOENT when iconv does not know the name. */
static int recode(const char *data, size_t len, const char *charset, struct buf *out,
                  size_t *ret_bad)
{
    _cleanup_(iconv_closep) iconv_t cd = iconv_open("UTF-8", charset);
    if (cd == (iconv_t)-1)
        return -ENOENT;
    char *in = (char *)data, chunk[16384];
    size_t step = strncasecmp(charset, "UTF-16", 6) == 0   ? 2
                  : strncasecmp(charset, "UTF-32", 6) == 0 ? 4
                                                           : 1;
    *ret_bad = 0;
    for (bool flush = false; !flush;) {
        flush = len == 0;
        char *to = chunk;
        size_t room = sizeof(chunk);
        size_t r = flush ? iconv(cd, NULL, NULL, &to, &room) : iconv(cd, &in, &len, &to, &room);
        int e = errno;
        buf_add(out, chunk, (size_t)(to - chunk));
        if (r == (size_t)-1 && e != E2BIG && !flush) {
            size_t skip = e == EINVAL || len < step ? len : step; /* EINVAL: cut at the end */
            in += skip;
            len -= skip;
            (*ret_bad)++;
            buf_addcp(out, 0xfffd);
        }
        if (buf_status(out) < 0)
            return buf_status(out);
    }
    return 0;
}

/* Index of the first byte that is not plain ASCII: eight at a time. */
static size_t ascii_run(const char *s, size_t i, size_t len)
{
    for (; i + 8 <= len; i += 8) {
        uint64_t w;
        memcpy(&w, s + i, 8);
        if (w & 0x8080808080808080u)
            break;
    }
    while (i < len && (unsigned char)s[i] < 0x80)
        i++;
    return i;
}

/* Counts well-formed sequences beyond ASCII and bytes that belong to none. */
static void utf8_count(const char *data, size_t len, size_t *ret_good, size_t *ret_bad)
{
    *ret_good = *ret_bad = 0;
    for (size_t i = ascii_run(data, 0, len); i < len; i = ascii_run(data, i, len)) {
        uint32_t cp;
        size_t n = utf8_decode(data + i, len - i, &cp);
        if (n == 1)
            ++*ret_bad;
        else
            ++*ret_good;
        i += n;
    }
}

static void add_repaired(struct buf *out, const char *data, size_t len)
{
    for (size_t i = 0; i < len;) {
        size_t end = ascii_run(data, i, len);
        buf_add(out, data + i, end - i);
        i = end;
        if (i < len) {
            uint32_t cp;
            i += utf8_decode(data + i, len - i, &cp);
            buf_addcp(out, cp);
        }
    }
}

/* Statistics need letters to count: with few bytes beyond ASCII in a western text the detector
 * guesses exotic encodings, and Windows-1252 is right. */
static void guess(const char *data, size_t len, char out[CHARSET_NAME_MAX + 1])
{
    size_t n = len < SAMPLE ? len : SAMPLE, high = 0, letters = 0;
    for (size_t i = 0; i < n; i++) {
        high += (unsigned char)data[i] >= 0x80;
        letters += is_alpha(data[i]);
    }
    strcpy(out, "WINDOWS-1252");
    if (high < 16 && high * 10 < letters)
        return;
    uchardet_t det = uchardet_new();
    if (uchardet_handle_data(det, data, n) == 0) {
        uchardet_data_end(det);
        const char *name = uchardet_get_charset(det);
        if (*name && strlen(name) <= CHARSET_NAME_MAX && charset_allowed(name) &&
            strcasecmp(name, "UTF-8") != 0)
            strcpy(out, charset_alias(name));
    }
    uchardet_delete(det);
}

/* CR LF and CR -> LF, NUL and a byte order mark dropped, in place. Most text has none of them:
 * memchr finds that out at memory speed. */
static size_t clean(char *s, size_t len)
{
    size_t from = 0;
    if (len >= 3 && memcmp(s, "\xef\xbb\xbf", 3) == 0)
        from = 3;
    if (from == 0 && !memchr(s, '\r', len) && !memchr(s, '\0', len))
        return len;
    size_t o = 0;
    for (size_t i = from; i < len; i++) {
        if (s[i] == '\r') {
            s[o++] = '\n';
            i += i + 1 < len && s[i + 1] == '\n';
        } else if (s[i]) {
            s[o++] = s[i];
        }
    }
    s[o] = '\0';
    return o;
}

static int to_buf(const char *data, size_t len, const char *hint, struct buf *out)
{
    size_t good, bad;
    const struct bom *bom = find_bom(data, len);
    const char *wide = bom ? bom->charset : bare_utf16(data, len);
    if (wide && strcmp(wide, "UTF-8") != 0)
        return recode(data + (bom ? bom->len : 0), len - (bom ? bom->len : 0), wide, out, &bad);
    utf8_count(data, len, &good, &bad);
    if (bad == 0) {
        buf_add(out, data, len);
        return buf_status(out);
    }
    if (bom || bad * 10 <= good) { /* UTF-8 with a few damaged places */
        add_repaired(out, data, len);
        return buf_status(out);
    }
    if (hint && strncasecmp(hint, "utf", 3) != 0 && charset_allowed(hint)) {
        int r = recode(data, len, charset_alias(hint), out, &bad);
        if (r != -ENOENT && (r < 0 || bad <= len / 50))
            return r;
        buf_clear(out); /* a lie */
    }
    char name[CHARSET_NAME_MAX + 1];
    guess(data, len, name);
    int r = recode(data, len, name, out, &bad);
    if ((r == -ENOENT || (r == 0 && bad > 0)) && strcmp(name, "WINDOWS-1252") != 0) {
        buf_clear(out);
        r = recode(data, len, "WINDOWS-1252", out, &bad);
    }
    return r == -ENOENT ? -EILSEQ : r;
}

int charset_to_utf8(const char *data, size_t len, const char *charset_hint, char **ret,
                    size_t *ret_len, struct docfs_err *err)
{
    if (!charset_is_text(data, len))
        return err_set(err, -EILSEQ, "not text in any encoding");
    _cleanup_buf_ struct buf out = {0};
    buf_reserve(&out, len);
    int r = to_buf(data, len, charset_hint, &out);
    if (r == -ENOMEM)
        return err_oom(err);
    if (r < 0)
        return err_set(err, r, "not text in any encoding");
    size_t n;
    char *s = buf_steal(&out, &n);
    if (!s)
        return err_oom(err);
    *ret_len = clean(s, n);
    *ret = s;
    return 0;
}

/* Copies the charset name at p: letters, digits, '-' and '_'. */
static bool copy_name(struct span p, char out[CHARSET_NAME_MAX + 1])
{
    while (p.len && (is_blank(p.s[0]) || p.s[0] == '"' || p.s[0] == '\'' || p.s[0] == '='))
        p = span_skip(p, 1);
    size_t n = 0;
    while (n < p.len && n < CHARSET_NAME_MAX &&
           (is_alnum(p.s[n]) || p.s[n] == '-' || p.s[n] == '_'))
        n++;
    memcpy(out, p.s, n);
    out[n] = '\0';
    /* emacs adds the line ends to the name: latin-1-unix */
    char *dash = strrchr(out, '-');
    if (dash && (strcmp(dash, "-unix") == 0 || strcmp(dash, "-dos") == 0))
        *dash = '\0';
    return out[0] != '\0';
}

static const char *find_nocase(struct span hay, const char *needle)
{
    size_t n = strlen(needle);
    for (size_t i = 0; i + n <= hay.len; i++)
        if (strncasecmp(hay.s + i, needle, n) == 0)
            return hay.s + i;
    return NULL;
}

bool charset_declared(const char *data, size_t len, char out[CHARSET_NAME_MAX + 1])
{
    struct span head = {data, len < 4096 ? len : 4096};
    struct span t = span_trim(head);
    const char *p;
    if (span_starts(t, "<?xml")) {
        const char *end = memchr(t.s, '>', t.len);
        struct span decl = {t.s, end ? (size_t)(end - t.s) : 0};
        if ((p = find_nocase(decl, "encoding")))
            return copy_name((struct span){p + 8, (size_t)(decl.s + decl.len - p - 8)}, out);
    }
    for (struct span rest = head; (p = find_nocase(rest, "<meta"));) {
        const char *end = memchr(p, '>', (size_t)(head.s + head.len - p));
        if (!end)
            break;
        struct span tag = {p, (size_t)(end - p)};
        if ((p = find_nocase(tag, "charset")) && p + 7 < end &&
            copy_name((struct span){p + 7, (size_t)(end - p - 7)}, out))
            return true;
        rest = (struct span){end, (size_t)(head.s + head.len - end)};
    }
    struct span rest = head, line;
    for (int i = 0; i < 2 && line_next(&rest, &line); i++)
        if ((p = memmem(line.s, line.len, "coding", 6)) && p + 6 < line.s + line.len &&
            (p[6] == ':' || p[6] == '='))
            return copy_name((struct span){p + 7, (size_t)(line.s + line.len - p - 7)}, out);
    return false;
}
