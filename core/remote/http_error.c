/* SPDX-License-Identifier: MIT */
#include "core/remote/http_internal.h"

#include <errno.h>
#include <string.h>

#include "core/remote/url.h"
#include "core/util/cleanup.h"

#define HINT_MAX 80

/* " (setting NAME)", or nothing. */
static const char *hint(const char *name, char out[HINT_MAX])
{
    snprintf(out, HINT_MAX, name ? " (setting %s)" : "%s", name ? name : "");
    return out;
}

static const struct http_names *names(const struct http_limits *l)
{
    static const struct http_names none = {0};
    return l->names ? l->names : &none;
}

int http_redirects_err(const char *url, const struct http_limits *l, struct docfs_err *err)
{
    char why[HINT_MAX];
    return err_set(err, -ELOOP, "%s redirects more than %d times: refused%s", url, l->redirects,
                   hint(names(l)->redirects, why));
}

static int stopped(const struct hop *hop, const char *url, const struct http_limits *l,
                   struct docfs_err *err)
{
    char why[HINT_MAX];
    switch (hop->why) {
    case STOP_HEADER:
        return err_set(err, -EFBIG, "%s answers with more than %zu bytes of headers: refused%s",
                       url, l->header, hint(names(l)->header, why));
    case STOP_BODY:
        return err_set(err, -EFBIG, "%s is larger than %zu bytes after decompression: refused%s",
                       url, l->body, hint(names(l)->body, why));
    case STOP_RATIO:
        return err_set(err, -EOVERFLOW,
                       "%s unpacks to more than %u times what was transferred: refused as a "
                       "compression bomb%s",
                       url, l->ratio, hint(names(l)->ratio, why));
    case STOP_STALL:
        return err_set(err, -ETIMEDOUT,
                       "%s has said nothing for %ld ms: given up; try again later%s", url,
                       l->stall_ms, hint(names(l)->stall, why));
    case STOP_MEMORY:
        return err_oom(err);
    default:
        if (err && !err->text[0])
            err_set(err, hop->stop, "%s: cancelled", url);
        return hop->stop;
    }
}

static int refused_text(const struct hop *hop, const char *url, struct docfs_err *err)
{
    return err_set(err, -EPERM,
                   "%s leads to the %s address %s, which is refused unless allowed "
                   "(docfs add --allow-private)",
                   url, hop->refused, hop->peer);
}

int http_transfer_err(const struct hop *hop, CURLcode code, const char *full_url,
                      const char *detail, const struct http_limits *l, struct docfs_err *err)
{
    _cleanup_free_ char *shown = hop->req->shown ? strdup(hop->req->shown) : url_display(full_url);
    _cleanup_url_ struct url u = {0};
    if (!shown || url_parse(full_url, &u, NULL) < 0)
        return err_oom(err);
    char why[HINT_MAX];
    if (hop->why != STOP_NONE)
        return stopped(hop, shown, l, err);
    if (hop->refused && (code == CURLE_COULDNT_CONNECT || code == CURLE_ABORTED_BY_CALLBACK))
        return refused_text(hop, shown, err);
    switch (code) {
    case CURLE_OUT_OF_MEMORY:
        return err_oom(err);
    case CURLE_COULDNT_RESOLVE_HOST:
        return err_set(err, -EHOSTUNREACH, /* away from the network, too: it may be there later */
                       "the host name %s cannot be found: check the spelling of %s and the network",
                       u.host, shown);
    case CURLE_COULDNT_RESOLVE_PROXY:
        return err_set(err, -EHOSTUNREACH,
                       "the proxy's host name cannot be found: check http_proxy and https_proxy");
    case CURLE_COULDNT_CONNECT:
        return err_set(err, hop->os_errno == ECONNREFUSED ? -ECONNREFUSED : -EHOSTUNREACH,
                       "%s port %d does not answer (%s): check the address, and that the server "
                       "is running",
                       u.host, u.port, detail);
    case CURLE_OPERATION_TIMEDOUT:
        return err_set(err, -ETIMEDOUT, "%s is too slow (%s): given up; try again later%s", shown,
                       detail,
                       hint(strstr(detail, "too slow") ? names(l)->stall : names(l)->total, why));
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
        return err_set(err, -EKEYREJECTED,
                       "%s: no trusted TLS connection (%s): if the server has a certificate of "
                       "your own authority, name its file in SSL_CERT_FILE",
                       u.host, detail);
    case CURLE_SSL_CACERT_BADFILE:
        return err_set(err, -EKEYREJECTED,
                       "the certificates of the TLS authorities cannot be read (%s): install "
                       "ca-certificates, or name a PEM file in SSL_CERT_FILE",
                       detail);
    case CURLE_PARTIAL_FILE:
        return err_set(err, -ENODATA, "%s ended before it was complete: try again", shown);
    case CURLE_GOT_NOTHING:
        return err_set(err, -EHOSTUNREACH,
                       "%s closed the connection without an answer: does %s speak %s?", shown,
                       u.host, u.scheme);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
        return err_set(err, hop->status ? -ENODATA : -EHOSTUNREACH,
                       "the connection to %s broke off (%s): try again", u.host, detail);
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
        return err_set(err, -EPROTO, "%s has a broken Content-Encoding (%s)", shown, detail);
    default:
        if (hop->status && strstr(detail, "transfer closed"))
            return err_set(err, -ENODATA, "%s ended before it was complete: try again", shown);
        return err_set(err, -EPROTO, "%s: not a proper HTTP answer (%s)", shown, detail);
    }
}

int http_status_err(const struct http_response *r, struct docfs_err *err)
{
    if ((r->status >= 200 && r->status < 300) || r->status == 304)
        return 0;
    _cleanup_free_ char *shown = url_display(r->url ? r->url : "");
    const char *u = shown ? shown : "the page";
    switch (r->status) {
    case 404:
    case 410:
        return err_set(err, -ENOENT, "%s does not exist (HTTP %d): check the address", u,
                       r->status);
    case 401:
        return err_set(err, -EACCES,
                       "%s asks for a login (HTTP 401): give credentials or use a public address",
                       u);
    case 407:
        return err_set(err, -EACCES,
                       "the proxy asks for a login (HTTP 407): put user:password@ into http_proxy "
                       "and https_proxy");
    case 403:
    case 451:
        return err_set(err, -EACCES,
                       "%s refuses access (HTTP %d): it may need a login, or refuse programs", u,
                       r->status);
    case 429:
        return err_set(err, -EAGAIN,
                       "%s asks to slow down (HTTP 429): try again in %lld s, with a lower rate", u,
                       (long long)(r->retry_after > 0 ? r->retry_after : 60));
    case 408:
    case 425:
    case 503:
        return err_set(err, -EAGAIN, "%s is not ready (HTTP %d): try again later", u, r->status);
    default:
        if (r->status >= 300 && r->status < 400)
            return err_set(err, -EIO, "%s redirects without saying where to (HTTP %d)", u,
                           r->status);
        return err_set(err, -EIO, "%s fails (HTTP %d)%s", u, r->status,
                       r->status >= 500 ? ": the server is at fault, try again later" : "");
    }
}

bool http_retryable(int code, int status)
{
    switch (code) {
    case 0:
        return status == 408 || status == 425 || status == 429 || status == 500 ||
               (status >= 502 && status <= 504);
    case -EHOSTUNREACH:
    case -ECONNREFUSED:
    case -ETIMEDOUT:
    case -ENODATA:
        return true;
    default:
        return false;
    }
}
