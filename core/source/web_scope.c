/* SPDX-License-Identifier: MIT */
#include "core/source/web.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/remote/url.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"

/* Never documents, so not worth a request. */
static const char *const other_suffixes[] = {
    "png",  "jpg",  "jpeg", "gif",   "svg",  "ico",    "webp",  "avif", "bmp",    "tif",
    "tiff", "css",  "js",   "mjs",   "map",  "woff",   "woff2", "ttf",  "otf",    "eot",
    "mp3",  "mp4",  "webm", "ogg",   "wav",  "avi",    "mov",   "zip",  "gz",     "tgz",
    "bz2",  "xz",   "zst",  "7z",    "rar",  "tar",    "deb",   "rpm",  "whl",    "jar",
    "exe",  "dmg",  "msi",  "iso",   "img",  "apk",    "bin",   "so",   "dll",    "xml",
    "rss",  "atom", "inv",  "sig",   "asc",  "sha256", "md5",   "csv",  "sqlite", "db",
    "psd",  "ai",   "eps",  "ps",    "docx", "xlsx",   "pptx",  "odt",  "ods",    "odp",
    "swf",  "wasm", "vsix", "crate", "gem",  "patch",  "diff",  NULL};

char *web_origin(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? strndup(url, (size_t)(host + 3 - url) + strcspn(host + 3, "/?#")) : strdup("");
}

/* Borrowed: what follows the origin. */
static const char *path_of(const char *url)
{
    const char *host = strstr(url, "://");
    return host ? host + 3 + strcspn(host + 3, "/?#") : "/";
}

static const char *bare_host(const char *host)
{
    return strncmp(host, "www.", 4) == 0 && strchr(host + 4, '.') ? host + 4 : host;
}

int web_scope_set(struct web *w, const char *base, struct docfs_err *err)
{
    _cleanup_url_ struct url u = {0};
    int r = url_parse(base, &u, err);
    if (r < 0)
        return r;
    free(w->prefix);
    free(w->domain);
    w->domain = strdup(bare_host(u.host));
    w->prefix = strndup(u.path, (size_t)(strrchr(u.path, '/') + 1 - u.path));
    return w->prefix && w->domain ? 0 : err_oom(err);
}

static bool is_document_name(const char *path)
{
    size_t len = strcspn(path, "?");
    const char *slash = memrchr(path, '/', len);
    const char *name = slash ? slash + 1 : path;
    const char *dot = memrchr(name, '.', (size_t)(path + len - name));
    if (!dot)
        return true;
    size_t n = (size_t)(path + len - dot - 1);
    for (size_t i = 0; other_suffixes[i]; i++)
        if (n == strlen(other_suffixes[i]) && strncasecmp(dot + 1, other_suffixes[i], n) == 0)
            return false;
    return true;
}

/* A parameter that sorts or logs in makes endless copies of the same pages. */
static bool is_trap(const char *path)
{
    static const char *const words[] = {"sessionid=",     "phpsessid=", "jsessionid", "sort=",
                                        "replytocom=",    "share=",     "print=",     "action=edit",
                                        "action=history", "oldid=",     "returnto=",  NULL};
    if (strlen(path) > 1024)
        return true;
    for (size_t i = 0; words[i]; i++)
        if (strcasestr(path, words[i]))
            return true;
    /* a/b/a/b/a/b/...: relative links on a page that answers everywhere */
    unsigned depth = 0;
    for (const char *p = path; *p && *p != '?'; p++)
        depth += *p == '/';
    return depth > 40;
}

/* Host and port of url are those of base (scheme may change to https). */
static bool same_host(const char *url, const char *base)
{
    const char *a = strstr(url, "://"), *b = strstr(base, "://");
    if (!a || !b)
        return false;
    size_t n = strcspn(a + 3, "/"), m = strcspn(b + 3, "/");
    return n == m && memcmp(a + 3, b + 3, n) == 0;
}

static bool in_domain(const char *url, const char *domain)
{
    const char *host = strstr(url, "://") + 3;
    size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/"), m = strlen(domain);
    return n >= m && memcmp(host + n - m, domain, m) == 0 && (n == m || host[n - m - 1] == '.');
}

bool web_in_scope(const struct web *w, const char *url)
{
    const char *path = path_of(url);
    if (w->opt.scope == SCOPE_DOMAIN ? !in_domain(url, w->domain) : !same_host(url, w->pages.base))
        return false;
    if (w->opt.scope == SCOPE_SUBPAGES && strncmp(path, w->prefix, strlen(w->prefix)) != 0)
        return false;
    return is_document_name(path) && !is_trap(path);
}

int web_type(const char *type, const struct buf *body)
{
    static const char *const others[] = {"text/plain",
                                         "text/x-rst",
                                         "text/prs.fallenstein.rst",
                                         "application/pdf",
                                         "text/asciidoc",
                                         "text/x-asciidoc",
                                         "text/troff",
                                         "application/x-troff-man",
                                         "application/json",
                                         "application/yaml",
                                         "text/yaml",
                                         "application/x-ipynb+json",
                                         "text/x-mdx",
                                         NULL};
    if (strcmp(type, "text/html") == 0 || strcmp(type, "application/xhtml+xml") == 0)
        return 1;
    if (strcmp(type, "text/markdown") == 0 || strcmp(type, "text/x-markdown") == 0)
        return 2;
    if (!*type || strcmp(type, "application/octet-stream") == 0) {
        const char *p = buf_text(body);
        p += strspn(p, " \t\r\n");
        return strncasecmp(p, "<!doctype html", 14) == 0 || strncasecmp(p, "<html", 5) == 0 ? 1 : 0;
    }
    for (size_t i = 0; others[i]; i++)
        if (strcmp(type, others[i]) == 0)
            return 3;
    return 0;
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Does the last component carry a suffix the converters know for this type? */
static bool has_suffix(const char *path, int kind)
{
    static const char *const html[] = {".html", ".htm", ".xhtml", ".php", ".asp", ".aspx", NULL};
    static const char *const md[] = {".md", ".markdown", ".mdx", ".mkd", NULL};
    const char *const *list = kind == 1 ? html : kind == 2 ? md : NULL;
    size_t n = strlen(path);
    if (!list) {
        const char *slash = strrchr(path, '/');
        return strchr(slash ? slash + 1 : path, '.');
    }
    for (; *list; list++)
        if (n > strlen(*list) && strcasecmp(path + n - strlen(*list), *list) == 0)
            return true;
    return false;
}

/* The path of a URL, its %XX decoded where a file name may have the byte. Without `wide` bytes
 * above ASCII stay escaped. */
static void add_path(struct buf *b, const char *path, bool wide)
{
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if (c == '%' && hex(path[1]) >= 0 && hex(path[2]) >= 0) {
            unsigned char d = (unsigned char)(hex(path[1]) << 4 | hex(path[2]));
            if (d >= ' ' && d != '/' && d != '\\' && d != 127 && (wide || d < 0x80)) {
                buf_addc(b, (char)d);
                path += 2;
                continue;
            }
        }
        if (c == '/' && (b->len == 0 || buf_last(b) == '/'))
            continue; /* a//b */
        if (c == '?' && (b->len == 0 || buf_last(b) == '/'))
            buf_adds(b, "index");
        buf_addc(b, c == '\\' ? '_' : (char)c);
    }
}

char *web_path(const struct web *w, const char *url, const char *type)
{
    static const char *const suffix[] = {"", ".html", ".md", ".txt"};
    struct buf none = {0};
    int kind = web_type(type, &none);
    kind = kind ? kind : 1;
    const char *path = path_of(url);
    _cleanup_buf_ struct buf b = {0};
    if (w->opt.scope == SCOPE_DOMAIN && !same_host(url, w->pages.base)) {
        const char *host = strstr(url, "://") + 3;
        buf_add(&b, host, strcspn(host, "/"));
        buf_addc(&b, '/');
        path++;
    } else if (strncmp(path, w->prefix, strlen(w->prefix)) == 0) {
        path += strlen(w->prefix);
    } else {
        path++;
    }
    size_t start = b.len;
    add_path(&b, path, true);
    if (b.len && !utf8_valid(b.data, b.len)) {
        buf_truncate(&b, start);
        add_path(&b, path, false);
    }
    if (b.len == 0 || buf_last(&b) == '/')
        buf_adds(&b, "index");
    if (buf_status(&b) == 0 && !has_suffix(b.data, kind))
        buf_adds(&b, suffix[kind]);
    if (buf_status(&b) < 0 || source_path_refused(b.data))
        return NULL;
    return buf_steal(&b, NULL);
}
