/* SPDX-License-Identifier: MIT */
#include "core/docfs_convert.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/internal.h"
#include "core/remote/http.h"
#include "core/text/convert.h"
#include "core/util/cleanup.h"

#define PAGE_MAX (16u << 20) /* bytes of one fetched page, and of markdown */
#define FETCH_MS 60000

void docfs_page_fini(struct docfs_page *p)
{
    free(p->title);
    free(p->markdown);
    free(p->url);
    free(p->lang);
    *p = (struct docfs_page){0};
}

static int convert_any(const struct convert_input *in, const char *url, struct docfs_page *ret,
                       struct docfs_err *err)
{
    _cleanup_pages_ struct pages pages = {0};
    _cleanup_buf_ struct buf all = {0};
    struct convert_limits limits = CONVERT_LIMITS_DEFAULT;
    limits.max_output = PAGE_MAX;
    int r = convert(in, &limits, &pages, err);
    if (r < 0)
        return r;
    for (size_t i = 0; i < pages.n; i++) {
        if (i)
            buf_addc(&all, '\n');
        buf_add(&all, pages.item[i].markdown, pages.item[i].len);
    }
    const struct page *first = &pages.item[0];
    *ret = (struct docfs_page){.title = strdup(first->title),
                               .url = strdup(url                 ? url
                                             : first->source_url ? first->source_url
                                                                 : ""),
                               .lang = strdup(first->lang ? first->lang : "")};
    ret->markdown = buf_steal(&all, &ret->len);
    if (ret->title && ret->url && ret->lang && ret->markdown)
        return 0;
    docfs_page_fini(ret);
    return err_oom(err);
}

int docfs_convert(struct docfs *d, const char *name, const char *data, size_t len,
                  struct docfs_page *ret, struct docfs_err *err)
{
    struct convert_input in = {.data = data, .len = len, .name = name};
    return convert_any(&in, NULL, ret, err);
}

int docfs_fetch(struct docfs *d, const char *url, const char *const *headers,
                struct docfs_page *ret, struct docfs_err *err)
{
    _cleanup_(http_freep) struct http *h = NULL;
    _cleanup_response_ struct http_response resp = {0};
    struct http_options opt = {.limits = {.total_ms = FETCH_MS, .body = PAGE_MAX}};
    struct http_request req = {.url = url, .headers = headers};
    int r = http_new(&opt, &h, err);
    if (r == 0)
        r = http_do(h, &req, &resp, err);
    if (r == 0)
        r = http_status_err(&resp, err);
    if (r < 0)
        return r;
    /* The last component of the path is the file name, but the declared type decides. */
    const char *name = resp.url ? strrchr(resp.url, '/') : NULL;
    bool html = resp.type && strstr(resp.type, "html");
    struct convert_input in = {.data = buf_text(&resp.body),
                               .len = resp.body.len,
                               .name = html              ? "page.html"
                                       : name && name[1] ? name + 1
                                                         : "page",
                               .format = html ? FORMAT_HTML : FORMAT_UNKNOWN};
    return convert_any(&in, resp.url ? resp.url : url, ret, err);
}
