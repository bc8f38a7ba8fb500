/* SPDX-License-Identifier: MIT
 * One or more requests with the library's HTTP client, from the command line, for test_http.py:
 *   http_get [NAME=VALUE...] URL...      options hold for the URLs after them
 * Prints one JSON object a URL; the same client serves all of them. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/remote/http.h"
#include "core/util/cleanup.h"

static int refuse(void *arg, const char *from, const char *to, struct docfs_err *err)
{
    return strstr(to, "forbidden") ? err_set(err, -EPERM, "not there: %s", to) : 0;
}

static int count(void *arg, const char *data, size_t len)
{
    *(size_t *)arg += len;
    return *(size_t *)arg > 40000000;
}

static void report(int r, const struct http_response *resp, size_t streamed,
                   const struct docfs_err *err)
{
    struct docfs_err status = {0};
    int s = r == 0 ? http_status_err(resp, &status) : 0;
    json_t *o =
        json_pack("{s:i, s:s, s:i, s:s, s:i, s:I, s:I}", "code", r, "error", r < 0 ? err->text : "",
                  "status_code", s, "status_error", status.text, "status", resp->status, "streamed",
                  (json_int_t)streamed, "retry_after", (json_int_t)resp->retry_after);
    if (r == 0) {
        size_t shown = resp->body.len < 2000 ? resp->body.len : 2000;
        json_object_set_new(o, "body", json_stringn_nocheck(buf_text(&resp->body), shown));
        json_object_set_new(o, "length", json_integer((json_int_t)resp->body.len));
        json_object_set_new(o, "url", json_string(resp->url));
        json_object_set_new(o, "type", json_string(resp->type));
        json_object_set_new(o, "etag", json_string(resp->etag));
        json_object_set_new(o, "last_modified", json_string(resp->last_modified));
        json_object_set_new(o, "redirects", json_integer(resp->redirects));
        json_object_set_new(o, "moved", json_boolean(resp->moved));
        json_object_set_new(o, "wire", json_integer(resp->wire_bytes));
        char *x = http_header(resp, "x-test");
        json_object_set_new(o, "x_test", x ? json_string(x) : json_null());
        free(x);
    }
    json_dumpf(o, stdout, JSON_SORT_KEYS);
    putchar('\n');
    json_decref(o);
}

int main(int argc, char **argv)
{
    struct http_options opt = {0};
    struct http_request req = {.redirect = refuse};
    const char *headers[8] = {0};
    size_t n_headers = 0, streamed = 0;
    _cleanup_(http_freep) struct http *h = NULL;
    req.headers = headers;
    req.arg = &streamed;
    for (int i = 1; i < argc; i++) {
        char *a = argv[i], *eq = strchr(a, '=');
        if (strncmp(a, "url:", 4) == 0) {
            struct docfs_err err = {0};
            _cleanup_response_ struct http_response resp = {0};
            if (!h && http_new(&opt, &h, &err) < 0)
                return 2;
            req.url = a + 4;
            streamed = 0;
            int r = http_do(h, &req, &resp, &err);
            report(r, &resp, streamed, &err);
            continue;
        }
        if (!eq)
            return 2;
        *eq++ = '\0';
        long v = atol(eq);
        if (strcmp(a, "private") == 0)
            opt.allow_private = v;
        else if (strcmp(a, "connect") == 0)
            opt.limits.connect_ms = v;
        else if (strcmp(a, "total") == 0)
            opt.limits.total_ms = v;
        else if (strcmp(a, "stall") == 0)
            opt.limits.stall_ms = v;
        else if (strcmp(a, "slow") == 0)
            opt.limits.slow_ms = v;
        else if (strcmp(a, "slowbytes") == 0)
            opt.limits.slow_bytes = v;
        else if (strcmp(a, "header") == 0)
            opt.limits.header = (size_t)v;
        else if (strcmp(a, "body") == 0)
            opt.limits.body = (size_t)v;
        else if (strcmp(a, "ratio") == 0)
            opt.limits.ratio = (unsigned)v;
        else if (strcmp(a, "redirects") == 0)
            opt.limits.redirects = (int)v;
        else if (strcmp(a, "method") == 0)
            req.method = eq;
        else if (strcmp(a, "post") == 0) {
            req.body = eq;
            req.body_len = strlen(eq);
        } else if (strcmp(a, "etag") == 0)
            req.etag = eq;
        else if (strcmp(a, "since") == 0)
            req.last_modified = eq;
        else if (strcmp(a, "stream") == 0)
            req.data = v ? count : NULL;
        else if (strcmp(a, "h") == 0 && n_headers < 7)
            headers[n_headers++] = eq;
        else
            return 2;
    }
    return 0;
}
