/* SPDX-License-Identifier: MIT */
#include "core/remote/url.h"

#include <ctype.h>
#include <curl/curl.h>
#include <errno.h>
#include <idn2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

static void urlp_cleanup(CURLU **u)
{
    curl_url_cleanup(*u);
}
#define _cleanup_curlu_ _cleanup_(urlp_cleanup)

void url_fini(struct url *u)
{
    free(u->scheme);
    free(u->host);
    free(u->path);
    free(u->query);
    free(u->user);
    *u = (struct url){0};
}

/* Copies a part into memory of our own; "" when it is absent. */
static int part(CURLU *u, CURLUPart what, char **ret)
{
    char *s = NULL;
    CURLUcode c = curl_url_get(u, what, &s, 0);
    if (c == CURLUE_OUT_OF_MEMORY)
        return -ENOMEM;
    char *copy = strdup(c == CURLUE_OK && s ? s : "");
    curl_free(s);
    if (!copy)
        return -ENOMEM;
    *ret = copy;
    return 0;
}

/* Percent-encoding in one form; bytes that may not stand in a path or query are escaped. */
static void add_normal(struct buf *b, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '%' && i + 2 < len && hex_value(s[i + 1]) >= 0 && hex_value(s[i + 2]) >= 0) {
            c = (unsigned char)(hex_value(s[i + 1]) << 4 | hex_value(s[i + 2]));
            i += 2;
            if (isalnum(c) || (c && strchr("-._~", c)))
                buf_addc(b, (char)c);
            else
                buf_addf(b, "%%%02X", c);
        } else if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c) || c == '%') {
            buf_addf(b, "%%%02X", c);
        } else {
            buf_addc(b, (char)c);
        }
    }
}

/* Removes "." and ".." segments in place (RFC 3986, 5.2.4). */
static void remove_dots(char *path)
{
    char *out = path;
    for (char *in = path; *in;) {
        size_t n = 1 + strcspn(in + 1, "/"); /* in points at '/' */
        if (n == 2 && in[1] == '.') {
            if (!in[n])
                *out++ = '/';
        } else if (n == 3 && in[1] == '.' && in[2] == '.') {
            while (out > path && *--out != '/')
                ;
            if (!in[n])
                *out++ = '/';
        } else {
            memmove(out, in, n);
            out += n;
        }
        in += n;
    }
    if (out == path)
        *out++ = '/';
    *out = '\0';
}

/* The host in lower-case ASCII. -EINVAL when it has no such form. */
static int plain_host(char **host)
{
    bool ascii = true;
    for (char *p = *host; *p; p++) {
        ascii = ascii && (unsigned char)*p < 0x80;
        *p = (char)tolower((unsigned char)*p);
    }
    if (ascii)
        return 0;
    char *idn = NULL; /* CURLU_PUNYCODE would depend on the locale */
    if (idn2_lookup_u8((const uint8_t *)*host, (uint8_t **)&idn, IDN2_NONTRANSITIONAL) != IDN2_OK)
        return -EINVAL;
    free(*host);
    *host = strdup(idn);
    idn2_free(idn);
    return *host ? 0 : -ENOMEM;
}

int url_parse(const char *text, struct url *ret, struct docfs_err *err)
{
    _cleanup_free_ char *shown = url_display(text);
    if (strlen(text) > URL_MAX)
        return err_set(err, -EINVAL, "a URL longer than %d bytes", URL_MAX);
    _cleanup_curlu_ CURLU *u = curl_url();
    _cleanup_buf_ struct buf clean = {0};
    if (!u)
        return err_oom(err);
    /* CURLU refuses or keeps what a browser escapes: give it ASCII only. */
    size_t lead = strcspn(text, "/");
    lead += strspn(text + lead, "/");
    size_t head = lead + strcspn(text + lead, "/?#");
    buf_add(&clean, text, head);
    size_t tail = strcspn(text + head, "#");
    if (text[head] == '?')
        buf_addc(&clean, '/');
    add_normal(&clean, text + head, tail);
    if (buf_status(&clean) < 0)
        return err_oom(err);
    CURLUcode c = curl_url_set(u, CURLUPART_URL, clean.data, CURLU_NON_SUPPORT_SCHEME);
    if (c == CURLUE_OUT_OF_MEMORY)
        return err_oom(err);
    if (c != CURLUE_OK)
        return err_set(err, -EINVAL, "%s is not a URL: %s", shown ? shown : "this",
                       curl_url_strerror(c));

    _cleanup_url_ struct url out = {0};
    _cleanup_free_ char *port = NULL, *user = NULL, *password = NULL;
    if (part(u, CURLUPART_SCHEME, &out.scheme) < 0 || part(u, CURLUPART_HOST, &out.host) < 0 ||
        part(u, CURLUPART_PORT, &port) < 0 || part(u, CURLUPART_PATH, &out.path) < 0 ||
        part(u, CURLUPART_QUERY, &out.query) < 0 || part(u, CURLUPART_USER, &user) < 0 ||
        part(u, CURLUPART_PASSWORD, &password) < 0)
        return err_oom(err);
    if (strcasecmp(out.scheme, "http") != 0 && strcasecmp(out.scheme, "https") != 0)
        return err_set(err, -EINVAL, "%s: only http and https URLs can be fetched",
                       shown ? shown : text);
    if (!*out.host)
        return err_set(err, -EINVAL, "%s has no host name", shown ? shown : text);
    for (char *p = out.scheme; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    int r = plain_host(&out.host);
    if (r == -EINVAL)
        return err_set(err, r, "%s: the host name cannot be written in ASCII (IDN)",
                       shown ? shown : text);
    if (r < 0)
        return err_oom(err);
    out.port = *port ? atoi(port) : strcmp(out.scheme, "https") == 0 ? 443 : 80;
    if (!strchr(text + head, '?') || strchr(text + head, '?') >= text + head + tail) {
        free(out.query);
        out.query = NULL;
    }
    if (*out.path != '/') {
        free(out.path);
        out.path = strdup("/");
        if (!out.path)
            return err_oom(err);
    }
    remove_dots(out.path);
    if (*user || *password) {
        if (asprintf(&out.user, "%s:%s", user, password) < 0) {
            out.user = NULL;
            return err_oom(err);
        }
    }
    *ret = out;
    out = (struct url){0};
    return 0;
}

static int compose(const struct url *u, char **ret, struct docfs_err *err)
{
    struct buf b = {0};
    buf_addf(&b, "%s://%s", u->scheme, u->host);
    if (u->port != (u->scheme[4] ? 443 : 80))
        buf_addf(&b, ":%d", u->port);
    buf_adds(&b, u->path);
    if (u->query)
        buf_addf(&b, "?%s", u->query);
    char *s = buf_steal(&b, NULL);
    if (!s)
        return err_oom(err);
    *ret = s;
    return 0;
}

int url_normal(const char *text, char **ret, struct docfs_err *err)
{
    _cleanup_url_ struct url u = {0};
    int r = url_parse(text, &u, err);
    return r < 0 ? r : compose(&u, ret, err);
}

/* Length of a scheme at the start of a reference ("mailto" of "mailto:x"), or 0. */
static size_t scheme_len(const char *ref)
{
    size_t n = 0;
    if (!isalpha((unsigned char)*ref))
        return 0;
    while (isalnum((unsigned char)ref[n]) || (ref[n] && strchr("+-.", ref[n])))
        n++;
    return ref[n] == ':' ? n : 0;
}

int url_resolve(const char *base, const char *ref, char **ret, char **ret_fragment,
                struct docfs_err *err)
{
    /* Browsers drop surrounding blanks, and tabs and line ends anywhere. */
    _cleanup_buf_ struct buf r = {0};
    ref += strspn(ref, " \t\r\n\f");
    buf_add(&r, "", 0);
    for (const char *p = ref; *p && r.len <= URL_MAX; p++)
        if (!strchr("\t\r\n", *p))
            buf_addc(&r, *p);
    buf_rtrim(&r, " \f");
    if (buf_status(&r) < 0)
        return err_oom(err);
    if (r.len > URL_MAX)
        return err_set(err, -EINVAL, "a link longer than %d bytes", URL_MAX);
    _cleanup_free_ char *fragment = NULL;
    char *hash = strchr(r.data, '#');
    if (hash) {
        fragment = strdup(hash + 1);
        if (!fragment)
            return err_oom(err);
        buf_truncate(&r, (size_t)(hash - r.data));
    }

    _cleanup_url_ struct url b = {0};
    size_t scheme = scheme_len(r.data);
    int e;
    if (scheme && strncmp(r.data + scheme, "://", 3) == 0) {
        e = url_normal(r.data, ret, err);
    } else if (scheme) {
        return err_set(err, -EINVAL, "not a web link");
    } else if ((e = url_parse(base, &b, err)) < 0) {
        return e;
    } else if (r.len == 0) {
        e = compose(&b, ret, err);
    } else {
        _cleanup_buf_ struct buf full = {0};
        buf_addf(&full, "%s:", b.scheme);
        if (strncmp(r.data, "//", 2) == 0) {
            buf_adds(&full, r.data);
        } else {
            buf_addf(&full, "//%s:%d", b.host, b.port);
            if (*r.data == '?')
                buf_adds(&full, b.path);
            else if (*r.data != '/')
                buf_add(&full, b.path, (size_t)(strrchr(b.path, '/') + 1 - b.path));
            buf_adds(&full, r.data);
        }
        if (buf_status(&full) < 0)
            return err_oom(err);
        e = url_normal(full.data, ret, err);
    }
    if (e == 0 && ret_fragment)
        *ret_fragment = steal_ptr(fragment);
    return e;
}

bool url_same_origin(const char *a, const char *b)
{
    _cleanup_url_ struct url x = {0}, y = {0};
    return url_parse(a, &x, NULL) == 0 && url_parse(b, &y, NULL) == 0 &&
           strcmp(x.scheme, y.scheme) == 0 && strcmp(x.host, y.host) == 0 && x.port == y.port;
}

char *url_display(const char *text)
{
    const char *host = strstr(text, "://");
    host = host ? host + 3 : text;
    size_t authority = strcspn(host, "/?#");
    const char *at = memrchr(host, '@', authority);
    struct buf b = {.limit = 200};
    if (at && host != text) {
        buf_add(&b, text, (size_t)(host - text));
        text = at + 1;
    }
    size_t len = strlen(text);
    buf_add(&b, text, len > 200 - b.len ? 200 - b.len : len);
    return buf_steal(&b, NULL);
}
