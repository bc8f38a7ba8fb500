/* SPDX-License-Identifier: MIT
 * The journal is one JSON array a line, appended with one write:
 *   ["docfs-crawl", 1, key, base, spool file, began]    first line
 *   ["u", url, depth, final]                            page 0, 1, 2, ...
 *   ["p", page, outcome, why, path, etag, modified, hash, offset, size, fetched, target, links]
 *   ["seeds"]                                           llms.txt and sitemaps were read */
#include "core/source/web.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/util/cleanup.h"
#include "core/util/clock.h"
#include "core/util/grow.h"
#include "core/util/hash.h"

#define RUNNING "crawl.running"
#define DONE "crawl.done"

void web_pages_init(struct web_pages *p)
{
    *p = (struct web_pages){.journal = -1, .spool = -1};
}

/* What a fetch brought goes; the page is to do again. */
static void page_reset(struct web_page *g)
{
    free(g->etag);
    free(g->modified);
    free(g->path);
    free(g->links);
    g->etag = g->modified = g->path = NULL;
    g->links = NULL;
    g->n_links = g->target = 0;
    g->offset = g->size = -1;
    g->outcome = WEB_TODO;
}

static void page_fini(struct web_page *g)
{
    page_reset(g);
    free(g->url);
}

void web_pages_fini(struct web_pages *p)
{
    for (size_t i = 0; i < p->n; i++)
        page_fini(&p->item[i]);
    free(p->item);
    free(p->slot);
    free(p->base);
    free(p->key);
    free(p->spool_name);
    closep(&p->journal);
    closep(&p->spool);
    web_pages_init(p);
}

static uint32_t *slot_of(const struct web_pages *p, const char *url)
{
    size_t i = hash64(url, strlen(url), 0) & (p->slots - 1);
    while (p->slot[i] && strcmp(p->item[p->slot[i] - 1].url, url) != 0)
        i = (i + 1) & (p->slots - 1);
    return &p->slot[i];
}

int64_t web_pages_find(const struct web_pages *p, const char *url)
{
    return p->slots ? (int64_t)*slot_of(p, url) - 1 : -1;
}

static bool make_room(struct web_pages *p)
{
    if (!grow(&p->item, p->n, sizeof(*p->item)))
        return false;
    if (p->n * 2 < p->slots)
        return true;
    size_t slots = p->slots ? p->slots * 2 : 1024;
    uint32_t *slot = calloc(slots, sizeof(*slot));
    if (!slot)
        return false;
    free(p->slot);
    p->slot = slot;
    p->slots = slots;
    for (size_t i = 0; i < p->n; i++)
        *slot_of(p, p->item[i].url) = (uint32_t)i + 1;
    return true;
}

static void add_line(struct buf *out, json_t *line)
{
    char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
    if (text) {
        buf_adds(out, text);
        buf_addc(out, '\n');
    } else {
        out->oom = true;
    }
    free(text);
    json_decref(line);
}

int64_t web_pages_put(struct web_pages *p, const char *url, unsigned depth, bool final,
                      struct buf *journal)
{
    int64_t id = web_pages_find(p, url);
    if (id >= 0)
        return id;
    char *copy = strdup(url);
    if (!copy || p->n >= UINT32_MAX - 1 || !make_room(p)) {
        free(copy);
        return -ENOMEM;
    }
    p->item[p->n] = (struct web_page){
        .url = copy, .depth = (uint16_t)depth, .final = final, .offset = -1, .size = -1};
    *slot_of(p, url) = (uint32_t)++p->n;
    if (journal)
        add_line(journal, json_pack("[s,s,i,b]", "u", url, (int)depth, (int) final));
    return (int64_t)p->n - 1;
}

static json_t *text(const char *s)
{
    json_t *j = s ? json_string(s) : NULL; /* NULL also when it is no UTF-8: then it is forgotten */
    return j ? j : json_null();
}

void web_pages_note(const struct web_pages *p, uint32_t id, struct buf *journal)
{
    const struct web_page *g = &p->item[id];
    json_t *links = json_array();
    for (uint32_t i = 0; i < g->n_links; i++)
        json_array_append_new(links, json_integer(g->links[i]));
    add_line(journal, json_pack("[s,I,i,i,o,o,o,s,I,I,I,I,o]", "p", (json_int_t)id, g->outcome,
                                g->why, text(g->path), text(g->etag), text(g->modified), g->hash,
                                (json_int_t)g->offset, (json_int_t)g->size, (json_int_t)g->fetched,
                                (json_int_t)g->target, links));
}

int web_pages_write(struct web_pages *p, struct buf *b, struct docfs_err *err)
{
    if (buf_status(b) < 0)
        return err_oom(err);
    for (size_t done = 0; done < b->len;) {
        ssize_t n = write(p->journal, b->data + done, b->len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -errno, "cannot write the journal of the crawl: %m");
        done += (size_t)n;
    }
    buf_clear(b);
    return 0;
}

int web_pages_spool(struct web_pages *p, const struct buf *body, int64_t *ret_offset,
                    struct docfs_err *err)
{
    for (size_t done = 0; done < body->len;) {
        ssize_t n =
            pwrite(p->spool, body->data + done, body->len - done, p->spool_size + (int64_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_set(err, -errno, "cannot keep a fetched page: %m");
        done += (size_t)n;
    }
    *ret_offset = p->spool_size;
    p->spool_size += (int64_t)body->len;
    return 0;
}

/* ---- reading it again ---- */

static char *copy_of(json_t *v)
{
    return json_is_string(v) ? strdup(json_string_value(v)) : NULL;
}

static bool load_page(struct web_pages *p, json_t *a)
{
    json_int_t id = json_integer_value(json_array_get(a, 1));
    json_t *links = json_array_get(a, 12);
    const char *hash = json_string_value(json_array_get(a, 7));
    if (id < 0 || (size_t)id >= p->n || !hash || strlen(hash) > 32 || !json_is_array(links))
        return false;
    struct web_page *g = &p->item[id];
    json_int_t outcome = json_integer_value(json_array_get(a, 2));
    json_int_t why = json_integer_value(json_array_get(a, 3));
    json_int_t target = json_integer_value(json_array_get(a, 11));
    if (outcome <= WEB_TODO || outcome > WEB_FAILED || why < 0 || why >= N_WHY || target < 0 ||
        (size_t)target >= p->n)
        return false;
    page_reset(g); /* the last word counts */
    g->links = calloc(json_array_size(links) + 1, sizeof(*g->links));
    if (!g->links)
        return false;
    for (size_t i = 0; i < json_array_size(links); i++) {
        json_int_t to = json_integer_value(json_array_get(links, i));
        if (to >= 0 && (size_t)to < p->n)
            g->links[g->n_links++] = (uint32_t)to;
    }
    g->outcome = (unsigned char)outcome;
    g->why = (unsigned char)why;
    g->path = copy_of(json_array_get(a, 4));
    g->etag = copy_of(json_array_get(a, 5));
    g->modified = copy_of(json_array_get(a, 6));
    strcpy(g->hash, hash);
    g->offset = json_integer_value(json_array_get(a, 8));
    g->size = json_integer_value(json_array_get(a, 9));
    g->fetched = json_integer_value(json_array_get(a, 10));
    g->target = (uint32_t)target;
    return true;
}

static bool load_line(struct web_pages *p, const char *line, size_t len, bool first)
{
    json_t *a = json_loadb(line, len, 0, NULL);
    const char *what = json_string_value(json_array_get(a, 0));
    const char *url = json_string_value(json_array_get(a, 1));
    bool ok = what;
    if (ok && first) {
        p->key = copy_of(json_array_get(a, 2));
        p->base = copy_of(json_array_get(a, 3));
        p->spool_name = copy_of(json_array_get(a, 4));
        p->began = json_integer_value(json_array_get(a, 5));
        ok = strcmp(what, "docfs-crawl") == 0 && json_integer_value(json_array_get(a, 1)) == 1 &&
             p->key && p->base && p->spool_name && !strchr(p->spool_name, '/');
    } else if (ok && strcmp(what, "u") == 0) {
        size_t n = p->n;
        ok = url && web_pages_put(p, url, (unsigned)json_integer_value(json_array_get(a, 2)),
                                  json_is_true(json_array_get(a, 3)), NULL) == (int64_t)n;
    } else if (ok && strcmp(what, "p") == 0) {
        ok = load_page(p, a);
    } else if (ok && strcmp(what, "seeds") == 0) {
        p->discovered = true;
    } else {
        ok = false;
    }
    json_decref(a);
    return ok;
}

int web_pages_load(struct web_pages *p, const char *dir, const char *name, struct docfs_err *err)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_buf_ struct buf all = {0};
    if (asprintf(&path, "%s/%s", dir, name) < 0) {
        path = NULL;
        return err_oom(err);
    }
    _cleanup_close_ int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? 0 : err_set(err, -errno, "cannot read %s: %m", path);
    int r = buf_read_fd(&all, fd, (size_t)2 << 30);
    if (r < 0)
        return err_set(err, r, "cannot read %s: %s", path, strerror(-r));
    const char *start = buf_text(&all), *end = start + all.len;
    for (const char *q = start; q < end;) {
        const char *eol = memchr(q, '\n', (size_t)(end - q));
        if (!eol || !load_line(p, q, (size_t)(eol - q), q == start)) {
            /* Cut short by a crash: what stands before it holds. */
            if (q == start || ftruncate(fd, q - start) < 0)
                web_pages_fini(p);
            break;
        }
        q = eol + 1;
    }
    return 0;
}

static int open_in(const char *dir, const char *name, int flags, struct docfs_err *err)
{
    _cleanup_free_ char *path = NULL;
    if (asprintf(&path, "%s/%s", dir, name) < 0) {
        path = NULL;
        return err_oom(err);
    }
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd < 0 ? err_set(err, -errno, "cannot open %s: %m", path) : fd;
}

static int open_spool(struct web_pages *p, const char *dir, struct docfs_err *err)
{
    int fd = open_in(dir, p->spool_name, O_RDWR | O_CREAT, err);
    if (fd < 0)
        return fd;
    p->spool = fd;
    p->spool_size = lseek(fd, 0, SEEK_END);
    return 0;
}

int web_pages_begin(struct web_pages *p, const char *dir, struct docfs_err *err)
{
    p->began = clock_wall_ns() / 1000000000;
    if (asprintf(&p->spool_name, "pages-%llx", (unsigned long long)clock_wall_ns()) < 0) {
        p->spool_name = NULL;
        return err_oom(err);
    }
    int r = open_spool(p, dir, err);
    if (r < 0)
        return r;
    p->journal = open_in(dir, RUNNING, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, err);
    if (p->journal < 0)
        return p->journal;
    _cleanup_buf_ struct buf b = {0};
    add_line(&b, json_pack("[s,i,s,s,s,I]", "docfs-crawl", 1, p->key, p->base, p->spool_name,
                           (json_int_t)p->began));
    return web_pages_write(p, &b, err);
}

void web_pages_forget(const char *dir)
{
    _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        unlinkat(fd, RUNNING, 0);
}

int web_pages_resume(struct web_pages *p, const char *dir, struct docfs_err *err)
{
    int r = open_spool(p, dir, err);
    if (r < 0)
        return r;
    /* After a power failure the journal may know of bytes that never reached the disk. */
    for (size_t i = 0; i < p->n; i++)
        if (p->item[i].size > 0 && p->item[i].offset > p->spool_size - p->item[i].size)
            page_reset(&p->item[i]);
    p->journal = open_in(dir, RUNNING, O_WRONLY | O_APPEND, err);
    return p->journal < 0 ? p->journal : 0;
}

int web_pages_finish(struct web_pages *p, const char *dir, struct docfs_err *err)
{
    _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || renameat(fd, RUNNING, fd, DONE) < 0)
        return err_set(err, -errno, "cannot rename %s/" RUNNING ": %m", dir);
    p->done = true;
    DIR *d = opendir(dir);
    for (struct dirent *e; d && (e = readdir(d));)
        if (strncmp(e->d_name, "pages-", 6) == 0 && strcmp(e->d_name, p->spool_name) != 0)
            unlinkat(fd, e->d_name, 0);
    if (d)
        closedir(d);
    return 0;
}
