/* SPDX-License-Identifier: MIT
 * DevDocs bundles: db.json holds the pages as HTML, index.json their names. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/source/layout.h"
#include "core/util/cleanup.h"
#include "core/util/hash.h"

#define INDEX_MAX (128u << 20)
#define DB_MAX (1u << 30)

struct devdocs {
    json_t *db;
    int64_t mtime_ns;
};

static void devdocs_free(void *state)
{
    struct devdocs *d = state;
    json_decref(d->db);
    free(d);
}

static json_t *read_json(struct source *s, const char *dir, const char *name, size_t max)
{
    _cleanup_buf_ struct buf path = {0};
    _cleanup_buf_ struct buf text = {0};
    int64_t mtime;
    buf_addf(&path, "%s%s", dir, name);
    if (buf_status(&path) < 0 || source_read_raw(s, path.data, max, &text, &mtime, NULL) < 0)
        return NULL;
    json_t *j = json_loadb(buf_text(&text), text.len, 0, NULL);
    if (j && !json_is_object(j)) {
        json_decref(j);
        j = NULL;
    }
    return j;
}

/* The directory that holds db.json and index.json, "" for the root; NULL: none. */
static char *bundle_dir(const struct source_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        const char *p = files->item[i].path, *slash = strrchr(p, '/');
        size_t n = slash ? (size_t)(slash + 1 - p) : 0;
        if (strcmp(p + n, "db.json") != 0)
            continue;
        char *other = NULL;
        if (asprintf(&other, "%.*sindex.json", (int)n, p) < 0)
            return NULL;
        bool both = source_files_find(files, other) != NULL;
        free(other);
        if (both)
            return strndup(p, n);
    }
    return strdup("");
}

static int add_page(struct devdocs *d, const char *key, const char *html, const char *slug,
                    struct source_files *out, struct docfs_err *err)
{
    unsigned char sha[SHA256_LEN];
    char hex[33];
    size_t len = strlen(html);
    _cleanup_buf_ struct buf path = {0};
    buf_addf(&path, "%s.html", *key ? key : "index");
    if (buf_status(&path) < 0)
        return err_oom(err);
    struct source_file *f = source_files_add(out, path.data);
    if (!f)
        return err_oom(err);
    sha256(html, len, sha);
    hex_encode(sha, 16, hex);
    f->size = (int64_t)len;
    f->mtime_ns = d->mtime_ns;
    f->refused = source_path_refused(path.data);
    f->version = strdup(hex);
    if (!f->version || (*slug && asprintf(&f->url, "https://devdocs.io/%s/%s", slug, key) < 0))
        return err_oom(err);
    return 0;
}

static int set_titles(const json_t *index, struct source_files *files)
{
    size_t i;
    const json_t *e;
    json_array_foreach(json_object_get(index, "entries"), i, e)
    {
        const char *name = json_string_value(json_object_get(e, "name"));
        const char *path = json_string_value(json_object_get(e, "path"));
        if (!name || !path || strchr(path, '#'))
            continue;
        _cleanup_buf_ struct buf file = {0};
        buf_addf(&file, "%s.html", *path ? path : "index");
        struct source_file *f = buf_status(&file) < 0 ? NULL : source_files_find(files, file.data);
        if (f && !f->title && !(f->title = strdup(name)))
            return -ENOMEM;
    }
    return 0;
}

static int build(struct source *s, struct devdocs *d, const json_t *index, const json_t *meta,
                 struct source_files *files, struct docfs_err *err)
{
    const struct source_filter *filter = source_current_filter(s);
    const char *slug = json_string_value(json_object_get(meta, "slug"));
    struct source_files out = {0};
    const char *key;
    json_t *v;
    int r = 0;
    json_object_foreach(d->db, key, v)
    {
        const char *html = json_string_value(v);
        _cleanup_buf_ struct buf path = {0};
        buf_addf(&path, "%s.html", *key ? key : "index");
        if (!html || buf_status(&path) < 0 || !source_filter_accepts(filter, path.data))
            continue;
        r = source_filter_room(filter, out.n, err);
        if (r == 0)
            r = add_page(d, key, html, slug ? slug : "", &out, err);
        if (r < 0)
            break;
    }
    if (r == 0) {
        source_files_sort(&out);
        r = set_titles(index, &out) < 0 ? err_oom(err) : 0;
    }
    if (r < 0) {
        source_files_fini(&out);
        return r;
    }
    source_files_fini(files);
    *files = out;
    return 1;
}

static int devdocs_apply(struct source *s, struct source_files *files, void **ret,
                         struct docfs_err *err)
{
    _cleanup_free_ char *dir = bundle_dir(files);
    if (!dir)
        return err_oom(err);
    json_t *index = read_json(s, dir, "index.json", INDEX_MAX);
    int r = 0;
    if (json_is_array(json_object_get(index, "entries"))) {
        json_t *meta = read_json(s, dir, "meta.json", 1 << 20);
        struct devdocs *d = calloc(1, sizeof(*d));
        if (d && (d->db = read_json(s, dir, "db.json", DB_MAX))) {
            d->mtime_ns = (int64_t)json_integer_value(json_object_get(meta, "mtime")) * 1000000000;
            r = build(s, d, index, meta, files, err);
        }
        if (r == 1)
            *ret = d;
        else if (d)
            devdocs_free(d);
        json_decref(meta);
    }
    json_decref(index);
    return r;
}

static int devdocs_read(void *state, struct source *s, const char *path, size_t max,
                        struct buf *out, int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct devdocs *d = state;
    size_t n = strlen(path);
    _cleanup_free_ char *key = n > 5 ? strndup(path, n - 5) : NULL;
    const char *html = key ? json_string_value(json_object_get(d->db, key)) : NULL;
    if (!html && key && strcmp(key, "index") == 0)
        html = json_string_value(json_object_get(d->db, ""));
    if (!html)
        return err_set(err, -ENOENT, "not in the bundle");
    if (strlen(html) > max)
        return err_set(err, -EFBIG, "larger than %zu bytes (setting ingest.max_file)", max);
    buf_adds(out, html);
    *ret_mtime_ns = d->mtime_ns;
    return buf_status(out) < 0 ? err_oom(err) : 0;
}

const struct layout_type layout_devdocs = {
    .name = "devdocs", .apply = devdocs_apply, .read = devdocs_read, .free = devdocs_free};
