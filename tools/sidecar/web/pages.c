/* SPDX-License-Identifier: MIT
 * The pages that scripts fill from the REST API (sources, status, settings), logging in, and the
 * files all pages load. */
#include <string.h>

#include "tools/sidecar/internal.h"
#include "tools/sidecar/resources.h"
#include "tools/sidecar/schemas.h"
#include "tools/sidecar/web/page.h"

/* data: what the script asks for first, NULL at the end; the browser gets it while the script is
 * still on its way. */
static void shell(struct response *a, const char *title, const char *path, const char *script,
                  const char *const *data, const char *content)
{
    struct buf b = {0};
    char full[64];
    snprintf(full, sizeof(full), "%s – docfs", title);
    page_begin(&b, full, path, script);
    for (; *data; data++) {
        buf_adds(&b, "<link rel=\"preload\" as=\"fetch\" crossorigin href=\"/api/v1");
        page_text(&b, *data);
        buf_adds(&b, "\">");
    }
    buf_addf(&b, "<h1>%s</h1>", title);
    buf_adds(&b, "<noscript><p class=\"notice\">This page needs JavaScript. Searching and reading "
                 "work without; <code>docfs list</code>, <code>docfs status</code> and "
                 "<code>docfs config</code> show the same in a terminal.</p></noscript>"
                 "<div class=\"scripted\">");
    buf_adds(&b, content);
    buf_adds(&b, "</div>");
    page_send(a, 200, &b);
}

static void sources(struct request *q, struct response *a)
{
    static const char *const data[] = {"/collections", "/ingestion/sources",
                                       "/ingestion/jobs?limit=15", NULL};
    (void)q;
    shell(a, "Sources", "/sources", "sources.js", data,
          "<form id=\"add\" class=\"add row\"><div><label for=\"location\">Add documentation"
          "</label><input id=\"location\" name=\"location\" required autocomplete=\"off\" "
          "aria-describedby=\"kinds\" placeholder=\"https://docs.example.org\"></div>"
          "<div><label for=\"collection\">Collection (optional)</label>"
          "<input id=\"collection\" name=\"collection\" autocomplete=\"off\" "
          "placeholder=\"name@version\"></div><button class=\"main\">Add</button>"
          "<p id=\"kinds\" class=\"dim\">A web site, a git repository, an archive, a directory on "
          "the server, or a name from the catalogue such as react.</p></form>"
          "<div id=\"said\" role=\"status\"></div>"
          "<h2>Collections</h2><div id=\"collections\" class=\"fill\"></div>"
          "<h2>Jobs</h2><div id=\"jobs\" class=\"fill\" aria-live=\"polite\"></div>");
}

static void status(struct request *q, struct response *a)
{
    static const char *const data[] = {"/health", "/stats", "/enrichment/gaps?limit=30",
                                       "/admin/activity/recent?limit=15", NULL};
    (void)q;
    shell(a, "Status", "/status", "status.js", data,
          "<div id=\"overall\" role=\"status\" class=\"fill\"></div>"
          "<div id=\"said\" role=\"status\"></div>"
          "<div id=\"figures\"></div>"
          "<div class=\"columns\"><section><h2>Services</h2><div id=\"services\" "
          "class=\"fill\"></div>"
          "</section><section><h2>Availability</h2><div id=\"availability\" class=\"fill\"></div>"
          "</section></div><h2>Queries</h2><div id=\"queries\" class=\"fill columns\"></div>"
          "<h2>Questions without a good answer</h2><div id=\"gaps\" class=\"fill\"></div>"
          "<h2>Lately</h2><div id=\"events\" class=\"fill\"></div>");
}

static void settings(struct request *q, struct response *a)
{
    static const char *const data[] = {"/config", "/providers", NULL};
    (void)q;
    shell(a, "Settings", "/settings", "settings.js", data,
          "<div id=\"said\" role=\"status\"></div>"
          "<h2>Models</h2><div id=\"providers\" class=\"fill\"></div>"
          "<h2>All settings</h2><p class=\"dim\">What has no field is a matter of the machine "
          "that docfs runs on: <code>docfs config set NAME VALUE</code> there changes it.</p>"
          "<p><label for=\"filter\">Show settings with</label> "
          "<input id=\"filter\" type=\"search\" autocomplete=\"off\" placeholder=\"a word\"></p>"
          "<div id=\"settings\" class=\"fill\"></div>");
}

/* ---- logging in ---- */

static void login_page(struct request *q, struct response *a)
{
    (void)q;
    struct buf b = {0};
    page_begin(&b, "Log in – docfs", "", NULL);
    buf_adds(&b, "<h1>Log in</h1><p>This server asks for a token. "
                 "<code>docfs token create NAME</code> on its machine makes one.</p>"
                 "<form method=\"post\" action=\"/login\" class=\"add\"><label for=\"token\">Token"
                 "</label><input id=\"token\" name=\"token\" type=\"password\" required "
                 "autocomplete=\"current-password\"><button class=\"main\">Log in</button></form>");
    page_send(a, 200, &b);
}

static void login(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    json_t *form = NULL;
    char name[96];
    int64_t id;
    unsigned scopes = 0;
    if (url_query(q->body, NULL, &form, &err) == 0)
        scopes =
            tokens_check(q->server->tokens, json_text(form, "token", ""), name, sizeof(name), &id);
    if (!scopes) {
        json_decref(form);
        return fail(q, a, 401, "BAD_TOKEN",
                    "This token is unknown, revoked or expired: docfs token list shows what there "
                    "is.");
    }
    response_empty(a, 303);
    response_header(a, "Location", "/");
    response_header(a, "Set-Cookie", "docfs_token=%s; Path=/; HttpOnly; SameSite=Strict",
                    json_text(form, "token", ""));
    json_decref(form);
}

/* ---- files ---- */

static void file(struct request *q, struct response *a)
{
    const char *name = request_param(q, "name"), *dot = strrchr(name, '.');
    for (size_t i = 0; i < n_web_files; i++) {
        if (strcmp(web_files[i].name, name) != 0)
            continue;
        response_static(a, 200,
                        dot && strcmp(dot, ".css") == 0  ? "text/css; charset=utf-8"
                        : dot && strcmp(dot, ".js") == 0 ? "text/javascript; charset=utf-8"
                                                         : "image/svg+xml",
                        web_files[i].data, web_files[i].len);
        response_header(a, "Cache-Control", "max-age=300");
        return;
    }
    fail(q, a, 404, "NOT_FOUND", "There is no file %s here.", name);
}

static const struct route routes[] = {
    {"GET", "/sources", SCOPE_READ, sources, ROUTE_UNLISTED, .id = "pageSources",
     .summary = "Sources page", .type = "text/html"},
    {"GET", "/status", SCOPE_READ, status, ROUTE_UNLISTED, .id = "pageStatus",
     .summary = "Status page", .type = "text/html"},
    {"GET", "/settings", SCOPE_ADMIN, settings, ROUTE_UNLISTED, .id = "pageSettings",
     .summary = "Settings page", .type = "text/html"},
    {"GET", "/login", SCOPE_PUBLIC, login_page, ROUTE_UNLISTED, .id = "pageLogin",
     .summary = "Login page", .type = "text/html"},
    {"POST", "/login", SCOPE_PUBLIC, login, ROUTE_UNLISTED | ROUTE_RAW_BODY, .id = "login",
     .summary = "Log in", .type = "text/html", .body_type = "application/x-www-form-urlencoded"},
    {"GET", "/ui/{name}", SCOPE_PUBLIC, file, ROUTE_UNLISTED, .id = "pageFile",
     .summary = "A file of the pages", .type = "text/css"},
    {0},
};

const struct resource resource_pages = {
    .name = "pages", .text = "The web interface.", .route = routes, .error = page_error};
