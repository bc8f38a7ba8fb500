/* SPDX-License-Identifier: MIT
 * Redirects are followed here and not by libcurl, so that every hop passes the same checks. */
#include "core/remote/http.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "core/remote/address.h"
#include "core/remote/http_internal.h"
#include "core/remote/proxy.h"
#include "core/remote/url.h"
#include "core/util/cleanup.h"
#include "core/util/clock.h"

#define RATIO_FROM (1u << 20) /* bytes: small bodies may be as regular as they like */

struct http {
    CURL *curl;
    struct http_limits limits;
    bool allow_private, no_proxy;
    char *user_agent, *ca_file;
    bool via_proxy; /* the hop under way connects to a proxy */
    char error[CURL_ERROR_SIZE];
};

static long or_default(long v, long fallback)
{
    return v == 0 ? fallback : v;
}

int http_new(const struct http_options *opt, struct http **ret, struct docfs_err *err)
{
    struct http *h = calloc(1, sizeof(*h));
    if (!h)
        return err_oom(err);
    const struct http_limits *l = &opt->limits;
    h->limits = (struct http_limits){
        .connect_ms = or_default(l->connect_ms, 15000),
        .total_ms = or_default(l->total_ms, 120000),
        .stall_ms = or_default(l->stall_ms, 30000),
        .slow_ms = or_default(l->slow_ms, 30000),
        .slow_bytes = or_default(l->slow_bytes, 64),
        .header = l->header ? l->header : 64 << 10,
        .body = l->body ? l->body : 64 << 20,
        .ratio = l->ratio ? l->ratio : 200,
        .redirects = l->redirects ? l->redirects : 10,
        .names = l->names,
    };
    h->allow_private = opt->allow_private;
    h->no_proxy = opt->no_proxy;
    const char *ca = opt->ca_file;
    ca = ca ? ca : getenv("SSL_CERT_FILE");
    ca = ca && *ca ? ca : getenv("CURL_CA_BUNDLE");
    h->ca_file = ca && *ca ? strdup(ca) : NULL;
    h->user_agent =
        strdup(opt->user_agent ? opt->user_agent : "docfs/" DOCFS_VERSION " (documentation cache)");
    h->curl = curl_easy_init();
    if (!h->user_agent || !h->curl || (ca && *ca && !h->ca_file)) {
        http_free(h);
        return err_oom(err);
    }
    *ret = h;
    return 0;
}

void http_free(struct http *h)
{
    if (!h)
        return;
    if (h->curl)
        curl_easy_cleanup(h->curl);
    free(h->user_agent);
    free(h->ca_file);
    free(h);
}

/* ---- libcurl's callbacks ---- */

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct hop *hop = arg;
    struct http *h = hop->client;
    if (!h->allow_private && !h->via_proxy) {
        const char *what = address_special(&a->addr, a->addrlen);
        if (what) {
            hop->refused = what;
            const void *ip = a->family == AF_INET6
                                 ? (void *)&((struct sockaddr_in6 *)&a->addr)->sin6_addr
                                 : (void *)&((struct sockaddr_in *)&a->addr)->sin_addr;
            if (!inet_ntop(a->family, ip, hop->peer, sizeof(hop->peer)))
                strcpy(hop->peer, "?");
            return CURL_SOCKET_BAD;
        }
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t stop(struct hop *hop, int why, int code)
{
    hop->why = why;
    hop->stop = code;
    return 0;
}

static size_t on_header(char *data, size_t size, size_t n, void *arg)
{
    struct hop *hop = arg;
    size_t len = size * n;
    hop->last_byte_ns = clock_mono_ns();
    hop->header_bytes += len;
    if (hop->header_bytes > hop->client->limits.header)
        return stop(hop, STOP_HEADER, -EFBIG);
    if (len >= 5 && strncasecmp(data, "HTTP/", 5) == 0) { /* also after 1xx and a CONNECT */
        buf_clear(&hop->headers);
        long status = 0;
        curl_easy_getinfo(hop->client->curl, CURLINFO_RESPONSE_CODE, &status);
        hop->status = (int)status;
    } else {
        size_t line = len;
        while (line && strchr("\r\n", data[line - 1]))
            line--;
        if (line) {
            size_t from = hop->headers.len;
            buf_add(&hop->headers, data, line);
            buf_addc(&hop->headers, '\n');
            if (buf_status(&hop->headers) == 0) /* one header stays one line, and a string */
                for (size_t i = from; i + 1 < hop->headers.len; i++)
                    if (strchr("\r\n", hop->headers.data[i])) /* NUL too */
                        hop->headers.data[i] = ' ';
        }
    }
    return buf_status(&hop->headers) < 0 ? stop(hop, STOP_MEMORY, -ENOMEM) : len;
}

static size_t on_data(char *data, size_t size, size_t n, void *arg)
{
    struct hop *hop = arg;
    size_t len = size * n;
    const struct http_limits *l = &hop->client->limits;
    hop->last_byte_ns = clock_mono_ns();
    bool stream = hop->req->data && hop->status >= 200 && hop->status < 300;
    size_t before = stream ? hop->streamed : hop->body->len;
    if (!stream && (len > l->body || before > l->body - len))
        return stop(hop, STOP_BODY, -EFBIG);
    if (before + len > RATIO_FROM) {
        curl_off_t wire = 0;
        curl_easy_getinfo(hop->client->curl, CURLINFO_SIZE_DOWNLOAD_T, &wire);
        if (wire > 0 && (before + len) / l->ratio > (size_t)wire)
            return stop(hop, STOP_RATIO, -EOVERFLOW);
    }
    if (stream) {
        hop->streamed += len;
        int r = hop->req->data(hop->req->arg, data, len);
        return r ? stop(hop, STOP_CALLER, r < 0 ? r : -ECANCELED) : len;
    }
    if (hop->body->len == 0) {
        curl_off_t total = -1;
        curl_easy_getinfo(hop->client->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &total);
        if (total > 0 && (size_t)total <= l->body && total < 16 << 20)
            buf_reserve(hop->body, (size_t)total + 1);
    }
    buf_add(hop->body, data, len);
    return buf_status(hop->body) < 0 ? stop(hop, STOP_MEMORY, -ENOMEM) : len;
}

static int on_poll(void *arg, curl_off_t dltotal, curl_off_t dlnow, curl_off_t ultotal,
                   curl_off_t ulnow)
{
    struct hop *hop = arg;
    long stall = hop->client->limits.stall_ms;
    if (hop->req->poll) {
        int r = hop->req->poll(hop->req->arg);
        if (r) {
            stop(hop, STOP_CALLER, r < 0 ? r : -ECANCELED);
            return 1;
        }
    }
    if (stall > 0 && clock_mono_ns() - hop->last_byte_ns > (int64_t)stall * 1000000) {
        stop(hop, STOP_STALL, -ETIMEDOUT);
        return 1;
    }
    return 0;
}

/* ---- one hop ---- */

static void slist_freep(struct curl_slist **l)
{
    curl_slist_free_all(*l);
}

static bool add_header(struct curl_slist **list, const char *name, const char *value)
{
    _cleanup_free_ char *line = NULL;
    if (!value || !*value)
        return true;
    if (asprintf(&line, "%s%s", name, value) < 0) {
        line = NULL;
        return false;
    }
    struct curl_slist *l = curl_slist_append(*list, line);
    if (l)
        *list = l;
    return l;
}

/* May a header of the caller's follow to another origin? */
static bool harmless(const char *header)
{
    return strncasecmp(header, "Accept", 6) == 0 || strncasecmp(header, "User-Agent:", 11) == 0;
}

static int make_headers(const struct http_request *req, bool first_origin, bool with_body,
                        struct curl_slist **ret, struct docfs_err *err)
{
    for (const char *const *p = req->headers; p && *p; p++) {
        if (strpbrk(*p, "\r\n") || !strchr(*p, ':'))
            return err_set(err, -EINVAL, "a request header must be one line, Name: value");
        if ((!first_origin && !harmless(*p)) || (!with_body && strncasecmp(*p, "Content-", 8) == 0))
            continue;
        if (!add_header(ret, "", *p))
            return err_oom(err);
    }
    if ((req->etag && strpbrk(req->etag, "\r\n")) ||
        (req->last_modified && strpbrk(req->last_modified, "\r\n")))
        return err_set(err, -EINVAL, "an ETag or date with a line end");
    if (!add_header(ret, "If-None-Match: ", req->etag) ||
        !add_header(ret, "If-Modified-Since: ", req->last_modified) ||
        !add_header(ret, "Expect:", " ")) /* no 100-continue round trip */
        return err_oom(err);
    return 0;
}

/* What is the same for every method. */
static void set_options(CURL *c, struct http *h, struct hop *hop, struct curl_slist *headers,
                        const char *proxy, long left_ms)
{
    const struct http_limits *l = &h->limits;
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, h->error);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_PROXY, proxy ? proxy : "");
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(c, CURLOPT_USERAGENT, h->user_agent);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, l->connect_ms);
    if (left_ms > 0)
        curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left_ms);
    if (l->slow_ms > 0) {
        curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, l->slow_bytes);
        curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (l->slow_ms + 999) / 1000);
    }
    curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(c, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(c, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    if (h->ca_file)
        curl_easy_setopt(c, CURLOPT_CAINFO, h->ca_file);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(c, CURLOPT_OPENSOCKETDATA, hop);
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, hop);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, hop);
    curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_poll);
    curl_easy_setopt(c, CURLOPT_XFERINFODATA, hop);
    curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
}

static int hop_do(struct http *h, struct hop *hop, const char *method, const char *url,
                  const char *credentials, bool first_origin, bool with_body, long left_ms,
                  struct docfs_err *err)
{
    _cleanup_url_ struct url u = {0};
    int r = url_parse(url, &u, err);
    if (r < 0)
        return r;
    const struct http_limits *l = &h->limits;
    const char *proxy = h->no_proxy ? NULL : proxy_for(&u);
    h->via_proxy = proxy;
    if (!h->allow_private && (hop->refused = address_special_host(u.host))) {
        strncpy(hop->peer, u.host, sizeof(hop->peer) - 1);
        return http_transfer_err(hop, CURLE_COULDNT_CONNECT, url, "", l, err);
    }
    _cleanup_(slist_freep) struct curl_slist *headers = NULL;
    if ((r = make_headers(hop->req, first_origin, with_body, &headers, err)) < 0)
        return r;

    CURL *c = h->curl;
    curl_easy_reset(c);
    h->error[0] = '\0';
    hop->last_byte_ns = clock_mono_ns();
    set_options(c, h, hop, headers, proxy, left_ms);
    if (with_body) {
        curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)hop->req->body_len);
        curl_easy_setopt(c, CURLOPT_POSTFIELDS, hop->req->body ? hop->req->body : "");
    }
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(c, CURLOPT_NOBODY, 1L);
    else if (strcmp(method, "GET") != 0 || with_body)
        curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    if (credentials)
        curl_easy_setopt(c, CURLOPT_USERPWD, credentials);
    if (curl_easy_setopt(c, CURLOPT_URL, url) != CURLE_OK)
        return err_oom(err);

    CURLcode code = curl_easy_perform(c);
    if (code == CURLE_OK)
        return 0;
    long os = 0;
    curl_easy_getinfo(c, CURLINFO_OS_ERRNO, &os);
    hop->os_errno = (int)os;
    return http_transfer_err(hop, code, url, h->error[0] ? h->error : curl_easy_strerror(code), l,
                             err);
}

/* ---- the answer ---- */

void http_response_fini(struct http_response *r)
{
    buf_fini(&r->body);
    free(r->url);
    free(r->headers);
    free(r->type);
    free(r->etag);
    free(r->last_modified);
    *r = (struct http_response){0};
}

static char *find_header(const char *lines, const char *name)
{
    size_t len = strlen(name);
    for (const char *p = lines; p && *p;) {
        const char *end = strchrnul(p, '\n');
        if (strncasecmp(p, name, len) == 0 && p[len] == ':') {
            p += len + 1;
            p += strspn(p, " \t");
            while (end > p && strchr(" \t\r", end[-1]))
                end--;
            return strndup(p, (size_t)(end - p));
        }
        p = *end ? end + 1 : end;
    }
    return NULL;
}

char *http_header(const struct http_response *r, const char *name)
{
    return find_header(r->headers, name);
}

int64_t http_date(const char *text)
{
    time_t t = curl_getdate(text, NULL);
    return t == (time_t)-1 ? -1 : (int64_t)t;
}

static int64_t retry_after(const char *value)
{
    if (!value)
        return -1;
    if (isdigit((unsigned char)*value)) {
        long long n = strtoll(value, NULL, 10);
        return n > 31536000 ? 31536000 : n;
    }
    int64_t at = http_date(value), now = clock_wall_ns() / 1000000000;
    return at < 0 ? -1 : at > now ? at - now : 0;
}

/* Fills what the last hop said; false when memory is out. */
static bool finish(struct http_response *out, struct hop *hop)
{
    out->status = hop->status;
    out->headers = buf_steal(&hop->headers, NULL);
    out->type = find_header(out->headers, "Content-Type");
    out->etag = find_header(out->headers, "ETag");
    out->last_modified = find_header(out->headers, "Last-Modified");
    char **text[] = {&out->type, &out->etag, &out->last_modified};
    for (size_t i = 0; i < sizeof(text) / sizeof(*text); i++)
        if (!*text[i] && !(*text[i] = strdup("")))
            return false;
    out->type[strcspn(out->type, "; \t,")] = '\0';
    for (char *p = out->type; *p; p++)
        *p = (char)tolower((unsigned char)*p);
    _cleanup_free_ char *after = find_header(out->headers, "Retry-After");
    out->retry_after = retry_after(after);
    curl_off_t wire = 0;
    curl_easy_getinfo(hop->client->curl, CURLINFO_SIZE_DOWNLOAD_T, &wire);
    out->wire_bytes = wire;
    return out->headers;
}

static bool is_redirect(int status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* The hop answered with a redirect: *url becomes the next one. 1 = go on, 0 = it is the answer. */
static int next_hop(struct http *h, struct hop *hop, char **url, const char **method,
                    bool *with_body, struct http_response *out, struct docfs_err *err)
{
    if (!is_redirect(hop->status) || h->limits.redirects < 0)
        return 0;
    _cleanup_free_ char *location = find_header(hop->headers.data, "Location"), *to = NULL;
    _cleanup_free_ char *shown = url_display(*url);
    if (!location || !*location)
        return 0;
    if (out->redirects >= h->limits.redirects)
        return http_redirects_err(shown ? shown : "", &h->limits, err);
    int r = url_resolve(*url, location, &to, NULL, NULL);
    if (r == -ENOMEM)
        return err_oom(err);
    if (r < 0)
        return err_set(err, -EPROTO, "%s redirects to what is not a web address",
                       shown ? shown : "");
    if (hop->req->redirect) {
        if (err)
            err->text[0] = '\0';
        r = hop->req->redirect(hop->req->arg, *url, to, err);
        if (r) {
            r = r < 0 ? r : -ECANCELED;
            if (err && !err->text[0])
                err_set(err, r, "%s: its redirect was refused", shown ? shown : "");
            return r;
        }
    }
    out->moved = (out->redirects == 0 || out->moved) && (hop->status == 301 || hop->status == 308);
    out->redirects++;
    bool post = strcmp(*method, "POST") == 0;
    if ((hop->status == 303 && strcmp(*method, "HEAD") != 0) ||
        (post && (hop->status == 301 || hop->status == 302))) {
        *method = "GET";
        *with_body = false;
    }
    free(*url);
    *url = steal_ptr(to);
    return 1;
}

int http_do(struct http *h, const struct http_request *req, struct http_response *ret,
            struct docfs_err *err)
{
    const char *method = req->method ? req->method : req->body ? "POST" : "GET";
    bool with_body = req->body || strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0;
    _cleanup_response_ struct http_response out = {0};
    _cleanup_url_ struct url first = {0};
    int64_t start = clock_mono_ns();
    int r = url_parse(req->url, &first, err);
    if (r < 0 || (r = url_normal(req->url, &out.url, err)) < 0)
        return r;
    _cleanup_free_ char *origin = strdup(out.url);
    if (!origin)
        return err_oom(err);
    if (err)
        err->text[0] = '\0';

    for (;;) {
        struct hop hop = {.client = h, .req = req, .body = &out.body};
        long left = h->limits.total_ms;
        if (left > 0) {
            left -= (long)((clock_mono_ns() - start) / 1000000);
            left = left < 1 ? 1 : left;
        }
        bool same = url_same_origin(origin, out.url);
        buf_clear(&out.body);
        r = hop_do(h, &hop, method, out.url, same ? first.user : NULL, same, with_body, left, err);
        if (r == 0)
            r = next_hop(h, &hop, &out.url, &method, &with_body, &out, err);
        if (r == 0 && !finish(&out, &hop))
            r = err_oom(err);
        buf_fini(&hop.headers);
        if (r <= 0)
            break;
    }
    if (r < 0)
        return r;
    out.seconds = (double)(clock_mono_ns() - start) / 1e9;
    *ret = out;
    out = (struct http_response){0};
    return 0;
}
