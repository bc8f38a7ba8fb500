/* SPDX-License-Identifier: MIT
 * EPUB: a zip of XHTML. META-INF/container.xml names the package file, which names the chapters in
 * reading order; each chapter becomes a page. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/text/convert.h"
#include "core/text/mdutil.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define PACKAGE_MAX (4u << 20)
#define RATIO_FROM (8u << 20)

DEFINE_CLEANUP(struct archive, archive_read_free)

struct part {
    char *name;
    char *data;
    size_t len;
    bool used; /* it is a chapter already */
};

struct book {
    struct part *part; /* ordered by name once all are here */
    size_t n;
};

static void book_fini(struct book *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->part[i].name);
        free(b->part[i].data);
    }
    free(b->part);
}

static bool is_wanted(const char *name)
{
    static const char *const ends[] = {".xhtml", ".html", ".htm", ".opf", ".xml"};
    size_t n = strlen(name);
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        size_t m = strlen(ends[i]);
        if (n > m && strcasecmp(name + n - m, ends[i]) == 0)
            return true;
    }
    return false;
}

static int read_entry(struct archive *a, const char *name, size_t packed, size_t *total,
                      const struct convert_limits *limits, struct book *book, struct docfs_err *err)
{
    _cleanup_buf_ struct buf data = {0};
    for (;;) {
        const void *block;
        size_t n;
        la_int64_t offset;
        int r = archive_read_data_block(a, &block, &n, &offset);
        if (r == ARCHIVE_EOF)
            break;
        if (r < ARCHIVE_WARN)
            return err_set(err, -EINVAL, "damaged book: %s", archive_error_string(a));
        *total += n;
        if (*total > 4 * limits->max_output)
            return err_set(err, -EFBIG,
                           "the book unpacks to more than %zu bytes (setting ingest.max_file)",
                           4 * limits->max_output);
        if (*total > RATIO_FROM && *total / limits->max_ratio > packed)
            return err_set(err, -EFBIG,
                           "the book unpacks to more than %u times its size: it looks "
                           "like an archive bomb (setting sources.max_ratio)",
                           limits->max_ratio);
        buf_add(&data, block, n);
    }
    if (!grow(&book->part, book->n, sizeof(*book->part)))
        return err_oom(err);
    struct part p = {.name = strdup(name)};
    p.data = buf_steal(&data, &p.len);
    book->part[book->n++] = p;
    return p.name && p.data ? 0 : err_oom(err);
}

static int unpack(const char *data, size_t len, const struct convert_limits *limits,
                  struct book *book, struct docfs_err *err)
{
    _cleanup_(archive_read_freep) struct archive *a = archive_read_new();
    if (!a)
        return err_oom(err);
    archive_read_support_format_zip(a);
    if (archive_read_open_memory(a, data, len) != ARCHIVE_OK)
        return err_set(err, -EINVAL, "damaged book: %s", archive_error_string(a));
    size_t total = 0;
    for (size_t seen = 0;; seen++) {
        struct archive_entry *e;
        int r = archive_read_next_header(a, &e);
        if (r == ARCHIVE_EOF)
            return 0;
        if (r < ARCHIVE_WARN)
            return err_set(err, -EINVAL, "damaged book: %s", archive_error_string(a));
        if (seen == limits->max_entries)
            return err_set(err, -EFBIG,
                           "the book has more than %zu files (setting sources.max_entries)",
                           limits->max_entries);
        const char *name = archive_entry_pathname(e);
        if (!name)
            name = archive_entry_pathname_utf8(e);
        if (!name || archive_entry_filetype(e) != AE_IFREG || !is_wanted(name))
            continue;
        r = read_entry(a, name, len, &total, limits, book, err);
        if (r < 0)
            return r;
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct part *)a)->name, ((const struct part *)b)->name);
}

static struct part *find(const struct book *b, const char *name)
{
    struct part key = {.name = (char *)name};
    return b->n ? bsearch(&key, b->part, b->n, sizeof(key), by_name) : NULL;
}

/* ---- the little XML there is: tags and their attributes ---- */

/* The next start tag of that local name (any prefix) from *at on, as its attributes. */
static bool next_tag(const char **at, const char *end, const char *local, struct span *ret)
{
    size_t n = strlen(local);
    for (const char *p = *at; p < end && (p = memchr(p, '<', (size_t)(end - p)));) {
        const char *close = memchr(p, '>', (size_t)(end - p));
        if (!close)
            return false;
        const char *name = p + 1;
        size_t len = strcspn(name, " \t\r\n/>");
        const char *colon = memchr(name, ':', len);
        if (colon) {
            len -= (size_t)(colon + 1 - name);
            name = colon + 1;
        }
        if (len == n && strncasecmp(name, local, n) == 0) {
            *ret = (struct span){name + n, (size_t)(close - name) - n};
            *at = close + 1;
            return true;
        }
        p = close + 1;
    }
    return false;
}

static char *attribute(struct span tag, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i + n + 2 < tag.len; i++) {
        if (!strchr(" \t\r\n", tag.s[i]) || strncmp(tag.s + i + 1, name, n) != 0)
            continue;
        size_t k = i + 1 + n;
        while (k < tag.len && strchr(" \t\r\n=", tag.s[k]))
            k++;
        if (k >= tag.len || (tag.s[k] != '"' && tag.s[k] != '\''))
            continue;
        const char *close = memchr(tag.s + k + 1, tag.s[k], tag.len - k - 1);
        return close ? strndup(tag.s + k + 1, (size_t)(close - tag.s) - k - 1) : NULL;
    }
    return NULL;
}

/* A reference of the package, relative to its directory, percent-decoded. */
static char *resolve(const char *package, const char *href)
{
    _cleanup_buf_ struct buf b = {0};
    const char *slash = strrchr(package, '/');
    if (slash)
        buf_add(&b, package, (size_t)(slash + 1 - package));
    for (const char *p = href; *p && *p != '#'; p++) {
        unsigned v;
        if (strncmp(p, "../", 3) == 0 && (p == href || p[-1] == '/')) {
            buf_rtrim(&b, "/");
            while (b.len && b.data[b.len - 1] != '/')
                buf_truncate(&b, b.len - 1);
            p += 2;
        } else if (*p == '%' && sscanf(p + 1, "%2x", &v) == 1) {
            buf_addc(&b, (char)v);
            p += 2;
        } else {
            buf_addc(&b, *p);
        }
    }
    return buf_steal(&b, NULL);
}

/* ---- pages ---- */

/* What the package calls its files; a repeated id may find either. */
struct manifest {
    struct manifest_item {
        char *id, *href;
    } * item;
    size_t n;
};

struct making {
    const struct book *book;
    const struct convert_limits *limits;
    struct manifest manifest;
    struct pages *pages;
    size_t bytes; /* of the pages */
    char *lang;
    struct docfs_err *err;
};

static int add_chapter(struct making *m, const struct part *p, const char *title)
{
    struct buf body = {0};
    char *own = NULL, *url = NULL, *lang = NULL;
    if (m->pages->n >= m->limits->max_pages)
        return err_set(m->err, -EFBIG, "makes more than %u documents (setting ingest.max_pages)",
                       m->limits->max_pages);
    int r = html_to_markdown(p->data, p->len, false, m->limits, &body, &own, &url, &lang, m->err);
    free(url);
    m->bytes += body.len;
    if (r == 0 && m->bytes > m->limits->max_output)
        r = err_set(m->err, -EFBIG,
                    "makes more than %zu bytes of markdown (setting ingest.max_file)",
                    m->limits->max_output);
    if (r < 0 || body.len == 0) {
        buf_fini(&body);
        free(own);
        free(lang);
        return r;
    }
    struct span stem = path_stem(p->name);
    char *part = pages_part(m->pages->n + 1, 0, stem.s, stem.len);
    if (!own || !*own) {
        free(own);
        own = strdup(title);
    }
    if (!lang && m->lang)
        lang = strdup(m->lang);
    return pages_add(m->pages, part, own, &body, NULL, lang, title) < 0 ? err_oom(m->err) : 0;
}

/* Text of the first element of that local name. */
static char *element_text(const struct part *p, const char *local)
{
    const char *at = p->data;
    struct span tag;
    if (!next_tag(&at, p->data + p->len, local, &tag))
        return NULL;
    struct span text = span_trim((struct span){at, strcspn(at, "<")});
    return text.len ? span_dup(text) : NULL;
}

static void manifest_fini(struct manifest *m)
{
    for (size_t i = 0; i < m->n; i++) {
        free(m->item[i].id);
        free(m->item[i].href);
    }
    free(m->item);
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct manifest_item *)a)->id, ((const struct manifest_item *)b)->id);
}

static int read_manifest(const struct part *opf, struct manifest *ret)
{
    const char *at = opf->data;
    struct span tag;
    while (next_tag(&at, opf->data + opf->len, "item", &tag)) {
        struct manifest_item i = {attribute(tag, "id"), attribute(tag, "href")};
        if (i.id && i.href && grow(&ret->item, ret->n, sizeof(i))) {
            ret->item[ret->n++] = i;
            continue;
        }
        bool oom = i.id && i.href;
        free(i.id);
        free(i.href);
        if (oom)
            return -ENOMEM;
    }
    if (ret->n)
        qsort(ret->item, ret->n, sizeof(*ret->item), by_id);
    return 0;
}

static int by_spine(struct making *m, const struct part *opf, const char *title)
{
    const char *at = opf->data;
    struct span tag;
    int r = 0;
    while (r == 0 && next_tag(&at, opf->data + opf->len, "itemref", &tag)) {
        struct manifest_item key = {.id = attribute(tag, "idref")}, *item = NULL;
        if (key.id && m->manifest.n)
            item = bsearch(&key, m->manifest.item, m->manifest.n, sizeof(key), by_id);
        free(key.id);
        _cleanup_free_ char *name = item ? resolve(opf->name, item->href) : NULL;
        struct part *p = name ? find(m->book, name) : NULL;
        if (!p || p->used)
            continue;
        p->used = true;
        r = add_chapter(m, p, title);
    }
    return r;
}

int convert_epub(const char *text, size_t len, const char *name,
                 const struct convert_limits *limits, struct pages *ret, struct docfs_err *err)
{
    _cleanup_(book_fini) struct book book = {0};
    int r = unpack(text, len, limits, &book, err);
    if (r < 0)
        return r;
    if (book.n)
        qsort(book.part, book.n, sizeof(*book.part), by_name);
    const struct part *container = find(&book, "META-INF/container.xml"), *opf = NULL;
    struct span tag;
    const char *at = container ? container->data : "";
    if (container && next_tag(&at, container->data + container->len, "rootfile", &tag)) {
        _cleanup_free_ char *path = attribute(tag, "full-path");
        opf = path ? find(&book, path) : NULL;
    }
    if (!opf || opf->len > PACKAGE_MAX)
        return err_set(err, -EINVAL, "no book: META-INF/container.xml names no package file");
    _cleanup_free_ char *title = element_text(opf, "title");
    _cleanup_free_ char *lang = element_text(opf, "language");
    struct making m = {.book = &book, .limits = limits, .pages = ret, .lang = lang, .err = err};
    r = read_manifest(opf, &m.manifest) < 0 ? err_oom(err)
                                            : by_spine(&m, opf, title ? title : name);
    manifest_fini(&m.manifest);
    return r;
}
