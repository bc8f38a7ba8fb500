/* SPDX-License-Identifier: MIT
 * Sphinx: objects.inv says what every page and every symbol is called. Its pages get their titles
 * from it. What would only repeat the pages leaves: the sources that are shipped beside them, the
 * generated indices and the search form. */
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "core/source/layout.h"
#include "core/util/cleanup.h"

#define INVENTORY_MAX (64u << 20)

/* The compressed part: "name domain:role priority uri title" lines. */
static int inflate_lines(const struct buf *raw, struct buf *out, struct docfs_err *err)
{
    const char *p = raw->data, *end = raw->data + raw->len;
    for (int line = 0; line < 4 && p; line++) {
        p = memchr(p, '\n', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    if (!p)
        return err_set(err, -EINVAL, "objects.inv is cut off");
    z_stream z = {.next_in = (unsigned char *)p, .avail_in = (uInt)(end - p)};
    if (inflateInit(&z) != Z_OK)
        return err_oom(err);
    int r = 0, zr = Z_OK;
    while (zr == Z_OK && r == 0) {
        unsigned char block[16384];
        z.next_out = block;
        z.avail_out = sizeof(block);
        zr = inflate(&z, Z_NO_FLUSH);
        buf_add(out, block, sizeof(block) - z.avail_out);
        if (out->len > INVENTORY_MAX)
            r = err_set(err, -EFBIG, "objects.inv is too large");
        if (zr == Z_BUF_ERROR || (zr == Z_OK && z.avail_in == 0 && z.avail_out))
            break;
    }
    inflateEnd(&z);
    if (r == 0 && zr != Z_STREAM_END)
        r = err_set(err, -EINVAL, "objects.inv is damaged");
    return r == 0 && buf_status(out) < 0 ? err_oom(err) : r;
}

static struct source_file *page(struct source_files *files, const char *dir, size_t dir_len,
                                const char *uri, size_t uri_len)
{
    struct buf path = {0};
    buf_add(&path, dir, dir_len);
    buf_add(&path, uri, uri_len);
    if (buf_last(&path) == '/' || path.len == dir_len)
        buf_adds(&path, "index.html");
    struct source_file *f = buf_status(&path) < 0 ? NULL : source_files_find(files, path.data);
    buf_fini(&path);
    return f;
}

static int one_line(struct source_files *files, const char *dir, size_t dir_len, char *line)
{
    /* Names may hold blanks: the role is the first word with a colon followed by a number. */
    char *role = strstr(line, " std:doc ");
    if (!role)
        return 0;
    char *priority = role + strlen(" std:doc ");
    char *uri = strchr(priority, ' ');
    char *title = uri ? strchr(uri + 1, ' ') : NULL;
    if (!title)
        return 0;
    *role = '\0';
    size_t n = (size_t)(title - uri - 1);
    struct buf whole = {0};
    buf_add(&whole, uri + 1, n);
    if (buf_last(&whole) == '$') { /* stands for the name */
        buf_truncate(&whole, whole.len - 1);
        buf_adds(&whole, line);
    }
    struct source_file *f = buf_status(&whole) < 0
                                ? NULL
                                : page(files, dir, dir_len, whole.data, strcspn(whole.data, "#"));
    buf_fini(&whole);
    if (!f || f->title)
        return 0;
    title++;
    if (strcmp(title, "-") == 0) /* the name of the file: what the page says is better */
        return 0;
    return (f->title = strdup(title)) ? 0 : -ENOMEM;
}

static bool page_is_there(struct source_files *files, const char *dir, size_t dir_len,
                          const char *name, size_t name_len)
{
    bool found = false;
    static const char *const ends[] = {".html", "/index.html", ".htm"};
    for (size_t i = 0; !found && i < sizeof(ends) / sizeof(*ends); i++) {
        struct buf path = {0};
        buf_add(&path, dir, dir_len);
        buf_add(&path, name, name_len);
        buf_adds(&path, ends[i]);
        found = buf_status(&path) == 0 && source_files_find(files, path.data);
        buf_fini(&path);
    }
    return found;
}

/* _sources/library/os.rst.txt is what library/os.html was made of. */
static bool repeats_a_page(struct source_files *files, const char *dir, size_t dir_len,
                           const char *name)
{
    static const char sources[] = "_sources/";
    if (strncmp(name, sources, sizeof(sources) - 1) != 0)
        return false;
    name += sizeof(sources) - 1;
    size_t n = strlen(name);
    const char *base = strrchr(name, '/');
    for (int dots = 0; dots < 2; dots++) { /* .rst.txt, or .rst alone */
        const char *dot =
            memrchr(base ? base : name, '.', n - (size_t)((base ? base : name) - name));
        if (!dot)
            return false;
        n = (size_t)(dot - name);
        if (page_is_there(files, dir, dir_len, name, n))
            return true;
    }
    return false;
}

static bool machinery(const char *name)
{
    static const char *const pages[] = {"genindex.html", "genindex-*.html",   "genindex/index.html",
                                        "search.html",   "search/index.html", ".buildinfo"};
    for (size_t i = 0; i < sizeof(pages) / sizeof(*pages); i++)
        if (fnmatch(pages[i], name, FNM_PATHNAME) == 0)
            return true;
    return false;
}

static void refuse_repetitions(struct source_files *files, const char *dir, size_t dir_len)
{
    for (size_t i = 0; i < files->n; i++) {
        struct source_file *f = &files->item[i];
        if (f->refused || strncmp(f->path, dir, dir_len) != 0)
            continue;
        if (repeats_a_page(files, dir, dir_len, f->path + dir_len))
            f->refused = "the source text of a page that is here";
        else if (machinery(f->path + dir_len))
            f->refused = "generated by Sphinx (an index, the search form or notes of the build)";
        else if (strcmp(f->path + dir_len, "contents.html") == 0 &&
                 page_is_there(files, dir, dir_len, "index", 5))
            f->refused = "generated by Sphinx (the contents of all pages)";
    }
}

static int apply_one(struct source *s, struct source_files *files, const char *path,
                     struct docfs_err *err)
{
    _cleanup_buf_ struct buf raw = {0};
    _cleanup_buf_ struct buf lines = {0};
    int64_t mtime;
    const char *slash = strrchr(path, '/');
    size_t dir = slash ? (size_t)(slash + 1 - path) : 0;
    static const char mark[] = "# Sphinx inventory version 2";
    if (source_read_raw(s, path, INVENTORY_MAX, &raw, &mtime, NULL) < 0 || raw.len < sizeof(mark) ||
        memcmp(raw.data, mark, sizeof(mark) - 1) != 0)
        return 0;
    struct docfs_err why;
    if (inflate_lines(&raw, &lines, &why) < 0)
        return 0; /* the pages are still there, with the titles they say themselves */
    buf_addc(&lines, '\0');
    if (buf_status(&lines) < 0)
        return err_oom(err);
    char *save = NULL;
    for (char *l = strtok_r(lines.data, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
        if (one_line(files, path, dir, l) < 0)
            return err_oom(err);
    refuse_repetitions(files, path, dir);
    return 1;
}

static int sphinx_apply(struct source *s, struct source_files *files, void **ret,
                        struct docfs_err *err)
{
    int found = 0, r = 0;
    bool listed = false;
    for (size_t i = 0; r >= 0 && i < files->n && i < 1000000; i++) {
        const char *slash = strrchr(files->item[i].path, '/');
        if (strcmp(slash ? slash + 1 : files->item[i].path, "objects.inv") != 0)
            continue;
        listed = true;
        r = apply_one(s, files, files->item[i].path, err);
        found |= r > 0;
    }
    if (r >= 0 && !listed) { /* a filter may have left it out of the listing */
        r = apply_one(s, files, "objects.inv", err);
        found = r > 0;
    }
    return r < 0 ? r : found;
}

const struct layout_type layout_sphinx = {.name = "sphinx", .apply = sphinx_apply};
