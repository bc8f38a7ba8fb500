/* SPDX-License-Identifier: MIT
 * What people type, and what it names: a collection, a document, lines of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "core/util/suggest.h"

int docfs_collection_find(const struct docfs_collections *all, const char *name, bool exact,
                          const struct docfs_collection **ret, struct docfs_err *err)
{
    size_t len = strlen(name), versions = 0;
    const struct docfs_collection *base = NULL;
    struct suggest near = suggest_start(name);
    for (size_t i = 0; i < all->n; i++) {
        const struct docfs_collection *c = &all->item[i];
        if (strcmp(c->name, name) == 0) {
            *ret = c;
            return 0;
        }
        if (strncmp(c->name, name, len) == 0 && c->name[len] == '@') {
            versions++;
            base = c;
        }
        suggest_offer_versioned(&near, c->name);
    }
    if (versions == 1 && !exact) {
        *ret = base;
        return 0;
    }
    if (versions > 1)
        return err_set(err, -ENOENT, "collection '%s' has %zu versions; give one, such as '%s'",
                       name, versions, base->name);
    const char *best = base ? base->name : suggest_best(&near);
    if (best)
        return err_set(err, -ENOENT, "no collection '%s'; did you mean '%s'?", name, best);
    return err_set(err, -ENOENT, "no collection '%s'; docfs list shows what there is", name);
}

/* The id inside a result name NN-slug.id.md (or the whole text as an id); 0 when there is none. */
static int64_t row_of_name(const char *name)
{
    size_t len = strlen(name);
    if (len > 3 && strcmp(name + len - 3, ".md") == 0) {
        len -= 3;
        const char *dot = memrchr(name, '.', len);
        if (!dot)
            return 0;
        len -= (size_t)(dot + 1 - name);
        name = dot + 1;
    }
    return name_doc_row(name, len);
}

static int by_path(struct store_read *r, const char *path, int64_t *ret, struct docfs_err *err)
{
    struct store_entry e;
    int rc = store_lookup_path(r, path, &e, err);
    if (strchr(path, '/') && (rc == -ENOENT || (rc == 0 && e.is_dir)))
        rc = follow_path(r, path, &e);
    if (rc == 0 && e.is_dir)
        return err_set(err, -EISDIR, "%s is a directory: docfs list shows its documents", path);
    if (rc == 0)
        *ret = e.id;
    return rc;
}

static int by_id(struct store_read *r, const char *what, int64_t *ret)
{
    const char *slash = strrchr(what, '/');
    int64_t id = row_of_name(slash ? slash + 1 : what);
    struct store_document doc;
    int rc = id ? store_document(r, id, &doc, NULL) : -ENOENT;
    if (rc < 0)
        return rc;
    store_document_fini(&doc);
    *ret = id;
    return 0;
}

/* COLLECTION/PATH with a collection that is called nearly so: without its version it is taken,
 * mistyped it is suggested in *err. */
static int by_near_collection(struct docfs *d, struct store_read *r, const char *what, int64_t *ret,
                              struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    _cleanup_free_ char *name = NULL, *full = NULL;
    const struct docfs_collection *c;
    size_t len = strcspn(what, "/");
    if (!len || !what[len])
        return -ENOENT;
    if (!(name = strndup(what, len)))
        return err_oom(err);
    int rc = docfs_collections(d, &all, err);
    if (rc < 0)
        return rc;
    if ((rc = docfs_collection_find(all, name, false, &c, err)) < 0)
        return rc;
    if (asprintf(&full, "%s%s", c->name, what + len) < 0)
        return err_oom(err);
    return by_path(r, full, ret, err);
}

int docfs_resolve(struct docfs *d, const char *what, int64_t *ret, struct docfs_err *err)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct docfs_err why = {0};
    /* A path inside a mount: what follows the directory docs/. */
    const char *docs = strncmp(what, "docs/", 5) == 0 ? what : strstr(what, "/docs/");
    int rc = store_read_begin(d->store, &r, err);
    if (rc < 0)
        return rc;
    rc = by_path(r, what, ret, &why);
    if (rc == -ENOENT && docs)
        rc = by_path(r, docs + (*docs == '/') + 5, ret, &why);
    if (rc == -ENOENT)
        rc = by_id(r, what, ret);
    if (rc == -ENOENT)
        rc = by_near_collection(d, r, what, ret, &why);
    if (rc == -ENOENT && !*why.text)
        err_set(&why, rc,
                "no document is called %s: use COLLECTION/PATH as docfs search and docfs list "
                "print it, or an id",
                what);
    if (rc == -EISDIR)
        rc = why.code = -ENOENT;
    if (rc < 0 && err)
        *err = why;
    return rc;
}

bool docfs_parse_lines(const char *s, int64_t *ret_first, int64_t *ret_last)
{
    char *end = NULL;
    if (*s < '0' || *s > '9')
        return false;
    errno = 0;
    long long first = strtoll(s, &end, 10), last = first;
    if (*end == '-' && !end[1]) {
        last = 0;
        end++;
    } else if (*end == '-' && end[1] >= '0' && end[1] <= '9') {
        last = strtoll(end + 1, &end, 10);
        if (last < first)
            return false;
    }
    if (errno || *end || first < 1)
        return false;
    *ret_first = first;
    *ret_last = last;
    return true;
}

int docfs_resolve_lines(struct docfs *d, const char *what, int64_t *ret, int64_t *ret_first,
                        int64_t *ret_last, struct docfs_err *err)
{
    int rc = docfs_resolve(d, what, ret, err);
    const char *colon = strrchr(what, ':');
    *ret_first = 1;
    *ret_last = 0;
    if (rc != -ENOENT || !colon || !docfs_parse_lines(colon + 1, ret_first, ret_last))
        return rc;
    _cleanup_free_ char *name = strndup(what, (size_t)(colon - what));
    return name ? docfs_resolve(d, name, ret, err) : err_oom(err);
}
