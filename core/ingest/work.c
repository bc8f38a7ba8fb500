/* SPDX-License-Identifier: MIT */
#include "core/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/decompress.h"

void work_page_fini(struct work_page *p)
{
    passages_fini(&p->passages);
    free(p->codes);
    *p = (struct work_page){0};
}

void work_result_fini(struct work_result *r)
{
    for (size_t i = 0; r->page && i < r->pages.n; i++)
        work_page_fini(&r->page[i]);
    free(r->page);
    pages_fini(&r->pages);
    *r = (struct work_result){0};
}

/* Embeds passages first..first+n into wp->codes. */
static int embed_batch(struct embedder *e, const char *title, const char *md, struct work_page *wp,
                       size_t first, size_t n, struct buf *names, float *vectors)
{
    struct embed_text text[64];
    size_t code_len = vindex_code_size(e->dim), at[64];
    buf_clear(names);
    for (size_t i = 0; i < n; i++) {
        at[i] = names->len;
        buf_addf(names, "%s\n%s", title, wp->passages.item[first + i].heading);
        buf_add(names, "", 1);
    }
    if (buf_status(names) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const struct passage *p = &wp->passages.item[first + i];
        const char *name = names->data + at[i];
        text[i] = (struct embed_text){
            .title = name, .title_len = strlen(name), .body = md + p->start, .body_len = p->len};
    }
    int rc = e->embed(e->ctx, EMBED_PASSAGE, text, n, vectors, NULL);
    for (size_t i = 0; rc == 0 && i < n; i++)
        vindex_encode(vectors + i * e->dim, e->dim, wp->codes + (first + i) * code_len);
    return rc;
}

int work_embed(struct embedder *e, const char *title, const char *md, size_t len,
               struct work_page *ret)
{
    struct passage_options opt = PASSAGE_OPTIONS_DEFAULT;
    ret->has_sketch = sketch_make(md, len, ret->sketch);
    if (passages_split(md, len, &opt, &ret->passages) < 0)
        return -ENOMEM;
    size_t n = ret->passages.n;
    if (n == 0 || !e)
        return 0;
    size_t step = e->batch < 64 ? e->batch : 64;
    _cleanup_buf_ struct buf names = {0};
    _cleanup_free_ float *vectors = reallocarray(NULL, step * e->dim, sizeof(float));
    ret->codes = calloc(n, vindex_code_size(e->dim));
    int rc = vectors && ret->codes ? 0 : -ENOMEM;
    for (size_t i = 0; rc == 0 && i < n; i += step)
        rc = embed_batch(e, title, md, ret, i, n - i < step ? n - i : step, &names, vectors);
    if (rc < 0) {
        free(ret->codes);
        ret->codes = NULL; /* a failing embedder leaves its passages waiting, not the document */
    }
    return rc == -ENOMEM ? rc : 0;
}

int work_store(struct store_write *w, struct embedder *e, int64_t source, const char *path,
               const struct page *page, const char *format, int64_t mtime_ns,
               const struct work_page *wp, bool *ret_changed, struct docfs_err *err)
{
    size_t n = wp->passages.n, code_len = e ? vindex_code_size(e->dim) : 0;
    _cleanup_free_ struct store_new_passage *p = calloc(n + 1, sizeof(*p));
    if (!p)
        return err_oom(err);
    for (size_t i = 0; i < n; i++) {
        const struct passage *q = &wp->passages.item[i];
        p[i] = (struct store_new_passage){.heading = q->heading,
                                          .start = q->start,
                                          .len = q->len,
                                          .line = q->line,
                                          .lines = q->lines,
                                          .code = e && wp->codes ? wp->codes + i * code_len : NULL};
    }
    _cleanup_buf_ struct buf findings = {0};
    for (size_t i = 0; i < wp->hygiene.n; i++) {
        const struct hygiene_finding *f = &wp->hygiene.finding[i];
        buf_addf(&findings, "%s\t%u\t%s\n", hygiene_name(f->sign), f->line, f->what);
    }
    if (buf_status(&findings) < 0)
        return err_oom(err);
    struct store_new_document doc = {.signs = wp->hygiene.signs,
                                     .findings = findings.data,
                                     .source = source,
                                     .path = path,
                                     .part = page->part ? page->part : "",
                                     .title = page->title,
                                     .url = page->source_url ? page->source_url : "",
                                     .format = format,
                                     .lang = page->lang ? page->lang : "",
                                     .body = page->markdown,
                                     .len = page->len,
                                     .mtime_ns = mtime_ns,
                                     .passage = p,
                                     .n_passages = n,
                                     .code_len = code_len,
                                     .sketch = wp->has_sketch ? wp->sketch : NULL};
    int64_t id;
    return store_put_document(w, &doc, &id, ret_changed, err);
}

static int convert_bytes(const struct work_env *env, const struct source_file *file,
                         const struct buf *raw, struct work_result *ret)
{
    _cleanup_buf_ struct buf plain = {0};
    _cleanup_free_ char *inner = NULL;
    struct convert_input in = {.data = buf_text(raw), .len = raw->len, .name = file->path};
    int rc =
        decompress(in.data, in.len, env->limits.max_input, file->path, &plain, &inner, &ret->err);
    if (rc < 0)
        return rc;
    if (rc == 0) {
        in.data = buf_text(&plain);
        in.len = plain.len;
        in.name = inner;
    }
    rc = convert(&in, &env->limits, &ret->pages, &ret->err);
    if (rc < 0)
        return rc;
    if (file->title && ret->pages.n == 1) {
        char *title = strdup(file->title);
        if (!title)
            return err_oom(&ret->err);
        free(ret->pages.item[0].title);
        ret->pages.item[0].title = title;
    }
    for (size_t i = 0; file->url && i < ret->pages.n; i++) {
        char *url = strdup(file->url);
        if (!url)
            return err_oom(&ret->err);
        free(ret->pages.item[i].source_url);
        ret->pages.item[i].source_url = url;
    }
    ret->page = calloc(ret->pages.n + 1, sizeof(*ret->page));
    if (!ret->page)
        return err_oom(&ret->err);
    for (size_t i = 0; i < ret->pages.n; i++) {
        const struct page *p = &ret->pages.item[i];
        rc = work_embed(env->embedder, p->title, p->markdown, p->len, &ret->page[i]);
        if (rc < 0)
            return err_oom(&ret->err);
        bool whole = ret->pages.n == 1 && p->markdown != in.data;
        hygiene_check(p->markdown, p->len, whole ? in.data : NULL, whole ? in.len : 0,
                      &ret->page[i].hygiene);
        ret->bytes += p->len + ret->page[i].passages.n *
                                   ((env->embedder ? vindex_code_size(env->embedder->dim) : 0) +
                                    sizeof(struct passage));
    }
    return 0;
}

void work_file(const struct work_env *env, const struct source_file *file,
               const struct store_file *old, bool force, struct work_result *ret)
{
    _cleanup_buf_ struct buf raw = {0};
    *ret = (struct work_result){.size = file->size, .mtime_ns = file->mtime_ns};
    int64_t read_mtime_ns;
    ret->status = include_read(env, file, &raw, &read_mtime_ns, ret->note, &ret->err);
    if (ret->status < 0)
        return;
    ret->bytes = 1;
    sha256(buf_text(&raw), raw.len, ret->sha);
    ret->has_sha = true;
    if (!force && old && old->has_sha && old->ok &&
        memcmp(old->sha256, ret->sha, SHA256_LEN) == 0) {
        ret->same = true;
        return;
    }
    ret->status = convert_bytes(env, file, &raw, ret);
}
