/* SPDX-License-Identifier: MIT
 * Docsets of Dash and Zeal: pages below Documents/, or all of them in tarix.tgz; the index is a
 * database that names the pages. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/source/archive.h"
#include "core/source/layout.h"
#include "core/store/foreign.h"
#include "core/util/cleanup.h"

#define RESOURCES "Contents/Resources/"
#define DOCUMENTS RESOURCES "Documents/"
#define INDEX_MAX (256u << 20)
#define ENTRIES_MAX 4000000
#define QUERY_MS 60000

struct docset {
    char *prefix;       /* up to and with Documents/ in the source; with tarix in the spool */
    struct spool spool; /* of tarix.tgz; fd -1 when the pages are plain files */
};

static void docset_free(void *state)
{
    struct docset *d = state;
    spool_fini(&d->spool);
    free(d->prefix);
    free(d);
}

/* "X.docset/" or "" : what stands before Contents/Resources/. NULL: no docset in it. */
static char *docset_root(const struct source_files *files)
{
    for (size_t i = 0; i < files->n; i++) {
        const char *p = files->item[i].path, *c = strstr(p, RESOURCES);
        if (c && (c == p || c[-1] == '/') &&
            (strncmp(c, DOCUMENTS, strlen(DOCUMENTS)) == 0 ||
             strcmp(c, RESOURCES "docSet.dsidx") == 0 || strcmp(c, RESOURCES "tarix.tgz") == 0))
            return strndup(p, (size_t)(c - p));
    }
    return NULL;
}

static int read_part(struct source *s, const char *root, const char *name, size_t max,
                     struct buf *out, struct docfs_err *err)
{
    _cleanup_buf_ struct buf path = {0};
    int64_t mtime;
    buf_addf(&path, "%s%s", root, name);
    if (buf_status(&path) < 0)
        return err_oom(err);
    return source_read_raw(s, path.data, max, out, &mtime, err);
}

/* ---- pages ---- */

static int plain_pages(const char *prefix, struct source_files *files)
{
    struct source_files out = {0};
    size_t n = strlen(prefix);
    for (size_t i = 0; i < files->n; i++) {
        struct source_file *f = &files->item[i];
        if (strncmp(f->path, prefix, n) != 0 || !f->path[n])
            continue;
        struct source_file *g = source_files_add(&out, f->path + n);
        if (!g) {
            source_files_fini(&out);
            return -ENOMEM;
        }
        char *path = g->path;
        *g = *f;
        g->path = path;
        f->version = f->url = f->title = NULL;
    }
    source_files_fini(files);
    *files = out;
    return 0;
}

static bool in_documents(void *arg, const char *path)
{
    const char *d = strstr(path, "Documents/");
    return d && source_filter_accepts(arg, d + strlen("Documents/"));
}

static int packed_pages(struct source *s, struct docset *d, const char *root,
                        struct source_files *files, struct docfs_err *err)
{
    const struct source_env *env = source_environment(s);
    const struct source_filter *filter = source_current_filter(s);
    _cleanup_buf_ struct buf tgz = {0};
    size_t max = env->limits.max_bytes < (1 << 30) ? (size_t)env->limits.max_bytes : 1u << 30;
    int r = read_part(s, root, RESOURCES "tarix.tgz", max, &tgz, err);
    if (r == 0)
        r = spool_init(&d->spool, env->cache_dir, err);
    for (size_t at = 0; r == 0 && at < tgz.len;) {
        ssize_t n = pwrite(d->spool.fd, tgz.data + at, tgz.len - at, (off_t)at);
        if (n < 0)
            r = err_set(err, -errno, "cannot write a temporary file: %m");
        at += n > 0 ? (size_t)n : 0;
    }
    d->spool.end = (int64_t)tgz.len;
    if (r == 0)
        r = spool_archive(&d->spool,
                          &(struct spool_read){.env = env,
                                               .fd = d->spool.fd,
                                               .size = (int64_t)tgz.len,
                                               .label = "tarix.tgz",
                                               .max_file = filter->max_file,
                                               .wanted = in_documents,
                                               .arg = (void *)filter},
                          err);
    struct source_files out = {0};
    for (size_t i = 0; r == 0 && i < d->spool.n; i++) {
        const struct spool_entry *e = &d->spool.entry[i];
        const char *p = strstr(e->path, "Documents/");
        if (!p || (d->prefix && strncmp(e->path, d->prefix, strlen(d->prefix)) != 0))
            continue;
        p += strlen("Documents/");
        if (!d->prefix)
            d->prefix = strndup(e->path, (size_t)(p - e->path));
        struct source_file *f = d->prefix ? source_files_add(&out, p) : NULL;
        if (f) {
            f->size = e->size;
            f->mtime_ns = e->mtime_ns;
            f->refused = e->refused;
            f->version = strdup(e->version);
        }
        if (!f || !f->version)
            r = err_oom(err);
    }
    if (r == 0 && !d->prefix && !(d->prefix = strdup("")))
        r = err_oom(err);
    if (r < 0) {
        source_files_fini(&out);
        return r;
    }
    source_files_sort(&out);
    source_files_fini(files);
    *files = out;
    return 0;
}

/* ---- the index ---- */

/* name, type, path: a path without a fragment names the page itself. */
static int name_page(void *arg, int n, const char *const *column)
{
    struct source_files *files = arg;
    const char *path = column[2];
    char clean[2048];
    size_t len = 0;
    /* Dash writes marks like <dash_entry_name=...> into paths. */
    for (const char *p = path; *p && len + 1 < sizeof(clean);) {
        if (strncmp(p, "<dash_entry_", 12) == 0) {
            const char *end = strchr(p, '>');
            p = end ? end + 1 : p + strlen(p);
        } else {
            clean[len++] = *p++;
        }
    }
    clean[len] = '\0';
    if (strchr(clean, '#') || !*column[0])
        return 0;
    struct source_file *f = source_files_find(files, clean);
    if (f && !f->title && !(f->title = strdup(column[0])))
        return -ENOMEM;
    return 0;
}

static int name_pages(struct source *s, const char *root, struct source_files *files,
                      struct docfs_err *err)
{
    static const char *const queries[] = {
        "SELECT name, type, path FROM searchIndex",
        "SELECT ztokenname, ztypename, zpath FROM ztoken "
        "JOIN ztokenmetainformation ON ztoken.zmetainformation = ztokenmetainformation.z_pk "
        "JOIN zfilepath ON ztokenmetainformation.zfile = zfilepath.z_pk "
        "JOIN ztokentype ON ztoken.ztokentype = ztokentype.z_pk "
        "WHERE ztokenmetainformation.zanchor IS NULL OR ztokenmetainformation.zanchor = ''",
    };
    _cleanup_buf_ struct buf db = {0};
    struct foreign *f = NULL;
    /* Without its index a docset is still a tree of pages. */
    if (read_part(s, root, RESOURCES "docSet.dsidx", INDEX_MAX, &db, NULL) < 0)
        return 0;
    int r = foreign_open(db.data, db.len, &f, err);
    if (r == -EINVAL)
        return err_prefix(err, r, "the index of the docset (docSet.dsidx)");
    for (size_t i = 0; r == 0 && i < 2; i++) {
        r = foreign_query(f, queries[i], ENTRIES_MAX, QUERY_MS, name_page, files, err);
        if (r != -ENOENT)
            break;
        r = 0; /* the other form; neither: no names */
    }
    foreign_close(f);
    if (r == -ENOMEM)
        return err_oom(err);
    return r < 0 ? err_prefix(err, r, "the index of the docset (docSet.dsidx)") : 0;
}

static int docset_apply(struct source *s, struct source_files *files, void **ret,
                        struct docfs_err *err)
{
    _cleanup_free_ char *root = docset_root(files);
    if (!root)
        return 0;
    struct docset *d = calloc(1, sizeof(*d));
    if (!d)
        return err_oom(err);
    d->spool.fd = -1;
    bool packed = true;
    size_t n = strlen(root);
    for (size_t i = 0; i < files->n && packed; i++)
        packed = strncmp(files->item[i].path, root, n) != 0 ||
                 strncmp(files->item[i].path + n, DOCUMENTS, strlen(DOCUMENTS)) != 0;
    int r;
    if (packed) {
        r = packed_pages(s, d, root, files, err);
    } else {
        r = asprintf(&d->prefix, "%s" DOCUMENTS, root) < 0 || plain_pages(d->prefix, files) < 0
                ? err_oom(err)
                : 0;
    }
    if (r == 0)
        r = name_pages(s, root, files, err);
    if (r < 0) {
        docset_free(d);
        return r;
    }
    *ret = d;
    return 1;
}

static int docset_read(void *state, struct source *s, const char *path, size_t max, struct buf *out,
                       int64_t *ret_mtime_ns, struct docfs_err *err)
{
    struct docset *d = state;
    _cleanup_buf_ struct buf full = {0};
    buf_addf(&full, "%s%s", d->prefix, path);
    if (buf_status(&full) < 0)
        return err_oom(err);
    if (d->spool.fd < 0)
        return source_read_raw(s, full.data, max, out, ret_mtime_ns, err);
    const struct spool_entry *e = spool_find(&d->spool, full.data);
    if (!e || e->refused)
        return err_set(err, -ENOENT, "not in the docset");
    *ret_mtime_ns = e->mtime_ns;
    return spool_entry_read(&d->spool, e, max, out, err);
}

const struct layout_type layout_docset = {
    .name = "docset", .apply = docset_apply, .read = docset_read, .free = docset_free};
