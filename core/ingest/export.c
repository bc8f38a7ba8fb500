/* SPDX-License-Identifier: MIT
 * Collection -> file. The list is of one moment; old versions stay readable long enough for the
 * bodies to follow. */
#include "core/docfs_export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/internal.h"
#include "core/source/bundle.h"
#include "core/util/buf.h"
#include "core/util/grow.h"

#define DEPTH_MAX 256

struct export
{
    struct docfs *d;
    int64_t *document;
    int64_t *content;
    char **path; /* encoded */
    int64_t *size, *mtime_ns;
    size_t n;
    int64_t bytes;
    struct buf index;
};

static void export_fini(struct export *x)
{
    for (size_t i = 0; i < x->n; i++)
        free(x->path[i]);
    free(x->document);
    free(x->content);
    free(x->path);
    free(x->size);
    free(x->mtime_ns);
    buf_fini(&x->index);
}

static int add_line(struct export *x, const struct docfs_document *doc, const char *path,
                    struct docfs_err *err)
{
    json_t *o = json_pack("{s:s, s:s, s:I, s:I}", "path", path, "sha256", doc->sha256, "size",
                          (json_int_t)doc->size, "mtime_ns", (json_int_t)doc->mtime_ns);
    static const char *const keys[] = {"title", "url", "origin", "format", "lang"};
    const char *values[] = {doc->title, doc->url, doc->origin, doc->format, doc->lang};
    for (size_t i = 0; o && i < sizeof(keys) / sizeof(*keys); i++) {
        json_t *v = values[i] && *values[i] ? json_string(values[i]) : NULL;
        if (v) /* what is no UTF-8 is left out: it is for people */
            json_object_set_new(o, keys[i], v);
    }
    char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;
    json_decref(o);
    if (!line)
        return err_oom(err);
    buf_adds(&x->index, line);
    buf_addc(&x->index, '\n');
    free(line);
    return buf_status(&x->index) < 0 ? err_oom(err) : 0;
}

static int add_document(struct export *x, int64_t id, struct docfs_err *err)
{
    struct docfs_document *doc = NULL;
    int r = docfs_document(x->d, id, &doc, err);
    if (r == -ENOENT || r == -ESTALE)
        return 0; /* removed meanwhile */
    if (r < 0)
        return r;
    _cleanup_free_ char *path = bundle_encode(doc->path);
    if (!path || !grow(&x->document, x->n, sizeof(*x->document)) ||
        !grow(&x->content, x->n, sizeof(*x->content)) || !grow(&x->path, x->n, sizeof(*x->path)) ||
        !grow(&x->size, x->n, sizeof(*x->size)) || !grow(&x->mtime_ns, x->n, sizeof(*x->mtime_ns)))
        r = err_oom(err);
    if (r == 0)
        r = add_line(x, doc, path, err);
    if (r == 0) {
        x->document[x->n] = doc->id;
        x->content[x->n] = doc->content;
        x->size[x->n] = doc->size;
        x->mtime_ns[x->n] = doc->mtime_ns;
        x->path[x->n++] = steal_ptr(path);
        x->bytes += doc->size;
    }
    docfs_document_free(doc);
    return r;
}

static int walk(struct export *x, int64_t directory, unsigned depth, struct docfs_err *err)
{
    struct docfs_listing *l = NULL;
    if (depth > DEPTH_MAX)
        return err_set(err, -ELOOP, "the collection is nested too deeply");
    int r = docfs_list(x->d, directory, &l, err);
    for (size_t i = 0; r == 0 && i < l->n; i++)
        r = l->item[i].is_dir ? walk(x, l->item[i].id, depth + 1, err)
                              : add_document(x, l->item[i].id, err);
    docfs_listing_free(l);
    return r;
}

static json_t *manifest(const struct docfs_collection *c, const struct export *x)
{
    char now[32];
    time_t t = time(NULL);
    struct tm tm;
    strftime(now, sizeof(now), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
    json_t *location = json_string(c->location);
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:I, s:I, s:{s:s, s:o, s:s, s:I}}", "format",
                     BUNDLE_FORMAT, "docfs", docfs_version(), "collection", c->name, "title",
                     c->title ? c->title : "", "exported_at", now, "documents", (json_int_t)x->n,
                     "bytes", (json_int_t)x->bytes, "origin", "kind", c->kind ? c->kind : "",
                     "location", location ? location : json_string("(not UTF-8)"), "revision",
                     c->revision ? c->revision : "", "checked_at", (json_int_t)c->checked_at);
}

static int write_documents(struct export *x, struct bundle_writer *w, docfs_export_fn *fn,
                           void *arg, struct docfs_err *err)
{
    for (size_t i = 0; i < x->n; i++) {
        _cleanup_free_ char *body = malloc((size_t)x->size[i] + 1);
        if (!body)
            return err_oom(err);
        for (int64_t done = 0; done < x->size[i];) {
            int64_t n = docfs_read(x->d, x->content[i], body + done, (size_t)(x->size[i] - done),
                                   done, err);
            if (n <= 0)
                return n < 0 ? (int)n : err_set(err, -EIO, "%s became shorter", x->path[i]);
            done += n;
        }
        int r = bundle_add(w, x->path[i], body, (size_t)x->size[i], x->mtime_ns[i], err);
        if (r < 0)
            return r;
        if (fn && fn(arg, i + 1, x->n) != 0)
            return err_set(err, -ECANCELED, "cancelled");
    }
    return 0;
}

static int write_file(struct export *x, const struct docfs_collection *c, const char *file,
                      docfs_export_fn *fn, void *arg, struct docfs_err *err)
{
    _cleanup_free_ char *temporary = NULL;
    if (asprintf(&temporary, "%s.%d.part", file, (int)getpid()) < 0) {
        temporary = NULL;
        return err_oom(err);
    }
    json_t *m = manifest(c, x);
    struct bundle_writer *w = NULL;
    int r =
        m ? bundle_create(temporary, m, buf_text(&x->index), x->index.len, &w, err) : err_oom(err);
    json_decref(m);
    if (r < 0)
        return r;
    r = write_documents(x, w, fn, arg, err);
    if (r < 0) {
        bundle_abort(w);
        return r;
    }
    r = bundle_close(w, err);
    if (r == 0 && rename(temporary, file) < 0) {
        r = err_set(err, -errno, "cannot make %s: %m", file);
        unlink(temporary);
    }
    return r;
}

int docfs_export(struct docfs *d, const char *collection, const char *file, bool replace,
                 docfs_export_fn *fn, void *arg, struct docfs_export_info *ret,
                 struct docfs_err *err)
{
    if (!replace && access(file, F_OK) == 0)
        return err_set(err, -EEXIST, "%s exists: name another file or give --force", file);
    struct docfs_collections *all = NULL;
    int r = docfs_collections(d, &all, err);
    if (r < 0)
        return r;
    const struct docfs_collection *c = NULL;
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->item[i].name, collection) == 0)
            c = &all->item[i];
    struct export x = {.d = d};
    r = c ? walk(&x, c->root, 0, err)
          : err_set(err, -ENOENT, "no collection is called %s", collection);
    if (r == 0)
        r = write_file(&x, c, file, fn, arg, err);
    if (r == 0)
        *ret = (struct docfs_export_info){x.n, x.bytes};
    export_fini(&x);
    docfs_collections_free(all);
    return r;
}
