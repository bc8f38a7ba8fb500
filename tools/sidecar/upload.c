/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/upload.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/util/utf8.h"

#define LOOK_MAX 4096 /* documents of a collection looked through for the one of a file */

/* A harmless name of one component that keeps its extension. */
static void safe_name(const char *filename, char out[SLUG_MAX + 1])
{
    const char *slash = strrchr(filename, '/'), *back = strrchr(filename, '\\');
    const char *name = slash && slash > (back ? back : "") ? slash + 1 : back ? back + 1 : filename;
    name_slug(name, strlen(name), out);
    const char *dot = strrchr(name, '.');
    size_t ext = dot ? strlen(dot) : 0;
    if (!ext || ext > 10 || strlen(out) < SLUG_MAX)
        return;
    /* The slug was cut: put the extension back. */
    char tail[SLUG_MAX + 1];
    name_slug(dot + 1, ext - 1, tail);
    size_t room = SLUG_MAX - strlen(tail) - 1;
    room = utf8_cut(out, strlen(out), room);
    snprintf(out + room, SLUG_MAX + 1 - room, ".%s", tail);
}

static bool has_extension(const char *name, const char *const *list)
{
    const char *dot = strrchr(name, '.');
    for (; dot && *list; list++)
        if (strcasecmp(dot + 1, *list) == 0)
            return true;
    return false;
}

static bool is_text(const struct upload *u, const char *name)
{
    static const char *const extensions[] = {"md", "markdown", "txt", "text", NULL};
    if (!utf8_valid(u->data, u->len) || memchr(u->data, '\0', u->len))
        return false;
    return has_extension(name, extensions) ||
           (!strchr(name, '.') && (strncmp(u->type, "text/markdown", 13) == 0 ||
                                   strncmp(u->type, "text/plain", 10) == 0));
}

static int find_by_path(struct docfs *d, const char *collection, const char *path,
                        struct docfs_document **ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf full = {0};
    buf_addf(&full, "%s/%s", collection, path);
    int64_t id;
    int r = buf_status(&full) < 0 ? err_oom(err) : docfs_resolve(d, full.data, &id, err);
    return r < 0 ? r : docfs_document(d, id, ret, err);
}

static int add_text(struct docfs *d, const struct upload *u, const char *name,
                    struct docfs_document **ret, struct docfs_err *err)
{
    char path[SLUG_MAX + 8], title[SLUG_MAX + 1];
    const char *dot = strrchr(name, '.');
    snprintf(title, sizeof(title), "%.*s", (int)(dot ? dot - name : (long)strlen(name)), name);
    snprintf(path, sizeof(path), "%s.md", title);
    const char *given = u->title && *u->title ? u->title : NULL;
    /* A document that begins with a heading carries its own title. */
    struct docfs_raw raw = {.path = path,
                            .title = given ? given : title,
                            .url = u->url ? u->url : "",
                            .markdown = u->data,
                            .len = u->len};
    _cleanup_free_ char *heading = NULL;
    if (!given && u->len > 2 && memcmp(u->data, "# ", 2) == 0) {
        const char *eol = memchr(u->data, '\n', u->len);
        size_t len = eol ? (size_t)(eol - u->data) - 2 : u->len - 2;
        heading = strndup(u->data + 2, len < 500 ? utf8_cut(u->data + 2, len, len) : 500);
        raw.title = heading ? heading : raw.title;
    }
    int r = docfs_add_raw(d, u->collection, &raw, 1, err);
    return r < 0 ? r : find_by_path(d, u->collection, path, ret, err);
}

/* Writes under a temporary name first: a reader never sees half a file. */
static int write_file(int dir, const char *name, const char *data, size_t len)
{
    _cleanup_close_ int fd = openat(dir, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, data + at, len - at);
        if (n < 0 && errno != EINTR)
            return -errno;
        at += n > 0 ? (size_t)n : 0;
    }
    char self[64], tmp[SLUG_MAX + 32];
    snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
    snprintf(tmp, sizeof(tmp), ".%d.%s", fd, name);
    unlinkat(dir, tmp, 0);
    if (linkat(AT_FDCWD, self, dir, tmp, AT_SYMLINK_FOLLOW) < 0)
        return -errno;
    if (renameat(dir, tmp, dir, name) < 0) {
        int r = -errno;
        unlinkat(dir, tmp, 0);
        return r;
    }
    return 0;
}

/* Opens cache/uploads/COLLECTION, made when missing; path gets its name. */
static int open_uploads(struct docfs *d, const char *collection, struct buf *path,
                        struct docfs_err *err)
{
    char folder[SLUG_MAX + 1];
    name_slug(collection, strlen(collection), folder);
    buf_addf(path, "%s/uploads", docfs_path(d));
    if (buf_status(path) < 0)
        return err_oom(err);
    if (mkdir(path->data, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "cannot make the directory %s: %m", path->data);
    buf_addf(path, "/%s", folder);
    if (buf_status(path) < 0)
        return err_oom(err);
    if (mkdir(path->data, 0700) < 0 && errno != EEXIST)
        return err_set(err, -errno, "cannot make the directory %s: %m", path->data);
    int fd = open(path->data, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? err_set(err, -errno, "cannot open the directory %s: %m", path->data) : fd;
}

/* Looks at the documents of one directory. */
static int look_in(struct docfs *d, const char *directory, const char *origin,
                   struct docfs_document **ret, struct docfs_err *err)
{
    struct docfs_entry root;
    _cleanup_(docfs_listing_freep) struct docfs_listing *l = NULL;
    int r = docfs_lookup_path(d, directory, &root, err);
    if (r == 0)
        r = docfs_list(d, root.id, &l, err);
    for (size_t i = 0; r == 0 && i < l->n && i < LOOK_MAX; i++) {
        struct docfs_document *doc;
        if (l->item[i].is_dir || docfs_document(d, l->item[i].id, &doc, NULL) < 0)
            continue;
        if (strcmp(doc->origin, origin) == 0) {
            *ret = doc;
            return 0;
        }
        docfs_document_free(doc);
    }
    return r < 0 ? r : err_set(err, -ENOENT, "no document came of it");
}

/* The (first) document whose original is that file: by its usual name, else by looking; a file of
 * several documents is a directory. */
static int find_by_origin(struct docfs *d, const char *collection, const char *name,
                          const char *origin, struct docfs_document **ret, struct docfs_err *err)
{
    const char *dot = strrchr(name, '.');
    int stem = dot ? (int)(dot - name) : (int)strlen(name);
    char guess[2][SLUG_MAX + 8];
    snprintf(guess[0], sizeof(guess[0]), "%.*s.md", stem, name);
    snprintf(guess[1], sizeof(guess[1]), "%s.md", name);
    for (int i = 0; i < 2; i++) {
        struct docfs_document *doc;
        if (find_by_path(d, collection, guess[i], &doc, NULL) < 0)
            continue;
        if (strcmp(doc->origin, origin) == 0) {
            *ret = doc;
            return 0;
        }
        docfs_document_free(doc);
    }
    char parts[SLUG_MAX + 108];
    snprintf(parts, sizeof(parts), "%s/%.*s", collection, stem, name);
    return look_in(d, parts, origin, ret, NULL) == 0 ? 0 : look_in(d, collection, origin, ret, err);
}

static int explain(struct docfs *d, const char *collection, const char *name, struct docfs_err *err)
{
    _cleanup_(docfs_failures_freep) struct docfs_failures *f = NULL;
    if (docfs_failures(d, collection, 1000, &f, NULL) == 0)
        for (size_t i = 0; i < f->n; i++)
            if (strcmp(f->item[i].path, name) == 0)
                return err_set(err, -EINVAL, "%s: %s", name, f->item[i].reason);
    return err_set(err, -EINVAL, "%s: nothing could be made of this file", name);
}

static int add_file(struct docfs *d, const struct upload *u, const char *name,
                    struct docfs_document **ret, struct docfs_err *err)
{
    _cleanup_buf_ struct buf path = {0};
    _cleanup_close_ int dir = open_uploads(d, u->collection, &path, err);
    if (dir < 0)
        return dir;
    int r = write_file(dir, name, u->data, u->len);
    if (r < 0)
        return err_set(err, r, "cannot keep the file in %s: %s", path.data, strerror(-r));
    struct docfs_ingest_options opt = {
        .collection = u->collection, .kind = "directory", .policy = "manual"};
    struct docfs_report report = {0};
    r = docfs_add(d, path.data, &opt, NULL, NULL, &report, err);
    if (r < 0)
        return r;
    buf_addf(&path, "/%s", name);
    r = buf_status(&path) < 0 ? err_oom(err)
                              : find_by_origin(d, u->collection, name, path.data, ret, err);
    return r == -ENOENT ? explain(d, u->collection, name, err) : r;
}

int upload_add(struct docfs *d, const struct upload *u, struct docfs_document **ret,
               struct docfs_err *err)
{
    char name[SLUG_MAX + 1];
    safe_name(u->filename, name);
    if (!u->len)
        return err_set(err, -EINVAL, "%s: the file is empty", name);
    return is_text(u, name) ? add_text(d, u, name, ret, err) : add_file(d, u, name, ret, err);
}
