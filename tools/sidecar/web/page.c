/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/web/page.h"

#include <string.h>
#include <time.h>

void page_textn(struct buf *b, const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        size_t plain = i;
        while (plain < len && !strchr("&<>\"'", s[plain]))
            plain++;
        buf_add(b, s + i, plain - i);
        if (plain == len)
            return;
        i = plain;
        buf_adds(b, s[i] == '&'   ? "&amp;"
                    : s[i] == '<' ? "&lt;"
                    : s[i] == '>' ? "&gt;"
                    : s[i] == '"' ? "&quot;"
                    : s[i]        ? "&#39;"
                                  : "\xef\xbf\xbd");
    }
}

void page_text(struct buf *b, const char *s)
{
    page_textn(b, s, strlen(s));
}

void page_url(struct buf *b, const char *s, bool path)
{
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
            strchr("-._~@", c) || (path && c == '/'))
            buf_addc(b, *s);
        else
            buf_addf(b, "%%%02X", c);
    }
}

void page_doc_url(struct buf *b, const char *collection, const char *path)
{
    buf_adds(b, "/doc/");
    page_url(b, collection, true);
    buf_addc(b, '/');
    page_url(b, path, true);
}

void page_number(struct buf *b, size_t n, const char *one)
{
    char digits[24];
    int len = snprintf(digits, sizeof(digits), "%zu", n);
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            buf_addc(b, ',');
        buf_addc(b, digits[i]);
    }
    buf_addf(b, " %s%s", one, n == 1 ? "" : "s");
}

void page_age(struct buf *b, int64_t seconds)
{
    if (seconds <= 0) {
        buf_adds(b, "never");
        return;
    }
    static const struct {
        int64_t seconds;
        const char *name;
    } unit[] = {{365 * 86400, "year"}, {30 * 86400, "month"}, {86400, "day"},
                {3600, "hour"},        {60, "minute"},        {0, NULL}};
    int64_t age = time(NULL) - seconds;
    time_t t = (time_t)seconds;
    struct tm tm;
    char exact[32] = "";
    if (gmtime_r(&t, &tm))
        strftime(exact, sizeof(exact), "%Y-%m-%dT%H:%M:%SZ", &tm);
    buf_addf(b, "<time datetime=\"%s\" title=\"%s\">", exact, exact);
    size_t i = 0;
    while (unit[i].name && age < unit[i].seconds)
        i++;
    long long n = unit[i].name ? age / unit[i].seconds : 0;
    if (unit[i].name)
        buf_addf(b, "%lld %s%s ago", n, unit[i].name, n == 1 ? "" : "s");
    else
        buf_adds(b, "just now");
    buf_adds(b, "</time>");
}

void page_begin(struct buf *b, const char *title, const char *active, const char *script)
{
    static const char *const nav[][2] = {
        {"/", "Search"}, {"/sources", "Sources"}, {"/status", "Status"}, {"/settings", "Settings"}};
    buf_adds(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
                "<meta name=\"color-scheme\" content=\"light dark\"><title>");
    page_text(b, title);
    buf_adds(b, "</title><link rel=\"stylesheet\" href=\"/ui/style.css\">"
                "<link rel=\"icon\" href=\"/ui/icon.svg\" type=\"image/svg+xml\">");
    if (script) /* at once, not when the first script has come and asks for the second */
        buf_addf(b,
                 "<link rel=\"modulepreload\" href=\"/ui/api.js\">"
                 "<script type=\"module\" src=\"/ui/%s\"></script>",
                 script);
    buf_adds(b, "</head><body><a class=\"skip\" href=\"#main\">Skip to the content</a>"
                "<header><div class=\"bar\"><a class=\"brand\" href=\"/\">docfs</a>"
                "<nav aria-label=\"Pages\">");
    for (size_t i = 0; i < sizeof(nav) / sizeof(*nav); i++)
        buf_addf(b, "<a href=\"%s\"%s>%s</a>", nav[i][0],
                 strcmp(nav[i][0], active) == 0 ? " aria-current=\"page\"" : "", nav[i][1]);
    buf_adds(b, "</nav>");
    if (strcmp(active, "/") != 0)
        buf_adds(b,
                 "<form class=\"find\" role=\"search\" action=\"/\"><input name=\"q\" "
                 "type=\"search\" maxlength=\"1000\" autocomplete=\"off\" placeholder=\"Search\" "
                 "aria-label=\"Search the documentation\"></form>");
    buf_adds(b, "</div></header><main id=\"main\" tabindex=\"-1\">\n");
}

void page_end(struct buf *b)
{
    buf_addf(b,
             "\n</main><footer>docfs %s · <a href=\"/openapi.json\">API</a></footer>"
             "</body></html>\n",
             docfs_version());
}

void page_headers(struct response *a)
{
    response_header(a, "Content-Security-Policy", "%s",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                    "connect-src 'self'; form-action 'self'; base-uri 'none'; "
                    "frame-ancestors 'none'");
    response_header(a, "Referrer-Policy", "no-referrer");
    response_header(a, "Cache-Control", "no-cache");
}

void page_send(struct response *a, int status, struct buf *b)
{
    page_end(b);
    response_buf(a, status, "text/html; charset=utf-8", b);
    page_headers(a);
}

void page_error(struct request *q, struct response *a, int status, const char *code,
                const char *detail)
{
    struct buf b = {0};
    char title[64];
    snprintf(title, sizeof(title), "%d %s", status, status_text(status));
    page_begin(&b, title, "", NULL);
    buf_addf(&b, "<h1>%s</h1><p class=\"notice bad\">", title);
    page_text(&b, detail);
    buf_addf(&b, "</p><p class=\"dim\">%s · trace %s</p>", code, q->trace);
    if (status == 401 || status == 403)
        buf_adds(&b, "<p><a class=\"button\" href=\"/login\">Log in with a token</a></p>");
    else
        buf_adds(&b, "<p><a class=\"button\" href=\"/\">Search instead</a></p>");
    page_send(a, status, &b);
}

const char *page_query(const struct request *q, const char *name)
{
    return json_text(q->query, name, "");
}
