/* SPDX-License-Identifier: MIT */
#include "fs/tree.h"
#include <malloc.h>
#include <string.h>
#include <time.h>
#include "core/util/clock.h"
#include "fs/node.h"
#include "fs/render.h"

#define SETTINGS_NS 2000000000 /* how late a changed setting may be noticed */

/* ---- life --------------------------------------------------------------------------------------
 */

static int fixed_nodes(struct tree *t)
{
    _cleanup_buf_ struct buf readme = {0}, search = {0}, ctl = {0};
    render_readme(&readme, t->opt.mountpoint);
    render_search_readme(&search);
    render_ctl_readme(&ctl);
    if (buf_status(&readme) < 0 || buf_status(&search) < 0 || buf_status(&ctl) < 0)
        return -ENOMEM;
    if (row_node_get(t, &search_class, ID_SEARCH, ID_SEARCH, 0, 1, &t->search, NULL) < 0)
        return -ENOMEM;
    t->root = tree_fixed(t, &root_class, ID_ROOT);
    t->saved = tree_fixed(t, &saved_class, ID_SAVED);
    t->ctl = tree_fixed(t, &ctl_class, ID_CTL);
    t->errors = tree_fixed(t, &errors_class, ID_ERRORS);
    t->by_id = tree_fixed(t, &by_id_class, ID_BY_ID);
    t->readme = tree_fixed_text(t, ID_README, MODE_FILE, readme.data, readme.len);
    t->agents = tree_fixed_text(t, ID_AGENTS, MODE_LINK, "README.md", strlen("README.md"));
    t->search_readme = tree_fixed_text(t, ID_SEARCH_README, MODE_FILE, search.data, search.len);
    t->ctl_readme = tree_fixed_text(t, ID_CTL_README, MODE_FILE, ctl.data, ctl.len);
    return t->root && t->search && t->saved && t->ctl && t->errors && t->by_id && t->readme &&
                   t->agents && t->search_readme && t->ctl_readme
               ? 0
               : -ENOMEM;
}

static void read_settings(struct tree *t)
{
    atomic_store(&t->results, (unsigned)docfs_setting_number(t->docfs, "mount.results"));
}

int tree_new(struct docfs *d, const struct tree_options *opt, struct tree **ret,
             struct docfs_err *err)
{
    uint64_t generation;
    int r = docfs_generation(d, &generation, err);
    if (r < 0)
        return r;
    struct tree *t = calloc(1, sizeof(*t));
    if (!t)
        return err_oom(err);
    t->docfs = d;
    t->opt = *opt;
    t->started_ns = clock_wall_ns();
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->slot_free, NULL);
    atomic_init(&t->epoch, generation);
    atomic_init(&t->results, 0);
    read_settings(t);
    t->settings_at = clock_mono_ns();
    t->inodes = inode_table_new(t);
    if (!t->inodes || fixed_nodes(t) < 0 || docfs_opens_new(d, "mount", &t->opens, err) < 0) {
        tree_free(t);
        return err_oom(err);
    }
    *ret = t;
    return 0;
}

void tree_free(struct tree *t)
{
    if (!t)
        return;
    tree_housekeeping(t);
    docfs_opens_free(t->opens);
    inode_table_free(t->inodes);
    pthread_cond_destroy(&t->slot_free);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

/* ---- making nodes ------------------------------------------------------------------------------
 */

struct node *tree_fixed(struct tree *t, const struct node_class *class, uint64_t id)
{
    struct node *n = calloc(1, sizeof(*n));
    if (!n)
        return NULL;
    *n = (struct node){.class = class,
                       .id = id,
                       .refs = 1,
                       .attr = {.ino = id, .mode = MODE_DIR, .mtime_ns = t->started_ns}};
    return inode_enter(t->inodes, n);
}

/* Bytes of a fixed file: the same reading as a generated one, but never given up. */
struct fixed_text {
    struct node node;
    size_t len;
    char data[];
};

static int64_t copy_out(const char *data, size_t len, void *out, size_t size, int64_t offset)
{
    if (offset < 0 || (uint64_t)offset >= len)
        return 0;
    if (size > len - (size_t)offset)
        size = len - (size_t)offset;
    memcpy(out, data + offset, size);
    return (int64_t)size;
}

static int64_t fixed_text_read(struct tree *t, struct node *n, void *data, size_t size,
                               int64_t offset, struct docfs_err *err)
{
    const struct fixed_text *f = (struct fixed_text *)n;
    return copy_out(f->data, f->len, data, size, offset);
}

static const struct node_class fixed_text_class = {.read = fixed_text_read};

struct node *tree_fixed_text(struct tree *t, uint64_t id, mode_t mode, const char *data, size_t len)
{
    struct fixed_text *f = calloc(1, sizeof(*f) + len);
    if (!f)
        return NULL;
    f->node = (struct node){
        .class = &fixed_text_class,
        .id = id,
        .refs = 1,
        .attr = {.ino = id, .mode = mode, .size = (int64_t)len, .mtime_ns = t->started_ns}};
    f->len = len;
    memcpy(f->data, data, len);
    return inode_enter(t->inodes, &f->node);
}

static int64_t text_read(struct tree *t, struct node *n, void *data, size_t size, int64_t offset,
                         struct docfs_err *err)
{
    const struct text_node *f = (struct text_node *)n;
    return copy_out(f->data, f->len, data, size, offset);
}

static void text_fini(struct tree *t, struct node *n)
{
    free(((struct text_node *)n)->data);
}

const struct node_class text_class = {.read = text_read, .fini = text_fini};

static bool same_text(const struct child *old, const struct child *fresh)
{
    const struct text_node *a = (const struct text_node *)old, *b = (const struct text_node *)fresh;
    return a->child.node.attr.mode == b->child.node.attr.mode && a->len == b->len &&
           !memcmp(a->data, b->data, a->len);
}

int tree_text(struct tree *t, uint64_t parent, const char *name, size_t len, mode_t mode,
              struct buf *text, struct node **ret, struct docfs_err *err)
{
    int r = buf_status(text);
    if (r < 0)
        return err_set(err, r, "cannot make %.*s: %s", (int)len, name, strerror(-r));
    struct text_node *f = calloc(1, sizeof(*f));
    char *copy = strndup(name, len);
    if (!f || !copy) {
        free(f);
        free(copy);
        return err_oom(err);
    }
    f->data = buf_steal(text, &f->len);
    f->child = (struct child){
        .node = {.class = &text_class,
                 .refs = 1,
                 .is_child = true,
                 .attr = {.mode = mode, .size = (int64_t)f->len, .mtime_ns = clock_wall_ns()}},
        .parent = parent,
        .name = copy,
        .name_len = strlen(copy),
        .cost = sizeof(*f) + f->len + len,
    };
    r = inode_enter_child(t->inodes, &f->child, same_text, ret);
    return r < 0 ? err_set(err, r, "too many open questions") : 0;
}

int row_node_get(struct tree *t, const struct node_class *class, uint64_t id, uint64_t ino,
                 int64_t row, unsigned depth, struct node **ret, struct docfs_err *err)
{
    *ret = inode_get(t->inodes, id);
    if (*ret)
        return 0;
    struct row_node *n = calloc(1, sizeof(*n));
    if (!n)
        return err_oom(err);
    n->node = (struct node){.class = class,
                            .id = id,
                            .refs = 1,
                            .attr = {.ino = ino, .mode = MODE_DIR, .mtime_ns = t->started_ns}};
    n->row = row;
    n->depth = depth;
    *ret = inode_enter(t->inodes, &n->node);
    return 0;
}

void found_set(struct found *ret, struct node *n, double entry_s, double attr_s)
{
    *ret = (struct found){.node = n, .attr = n->attr, .entry_s = entry_s, .attr_s = attr_s};
}

int found_absent(struct found *ret, double entry_s)
{
    *ret = (struct found){.entry_s = entry_s};
    return -ENOENT;
}

unsigned path_depth(const char *path)
{
    unsigned n = *path ? 1 : 0;
    for (; *path; path++)
        n += *path == '/';
    return n;
}

/* ---- what the mount calls ----------------------------------------------------------------------
 */

struct node *tree_node(struct tree *t, uint64_t id)
{
    return inode_get(t->inodes, id);
}

void tree_unref(struct tree *t, struct node *n)
{
    inode_unref(t->inodes, n);
}

uint64_t node_id(const struct node *n)
{
    return n->id;
}

void tree_looked_up(struct tree *t, struct node *n)
{
    inode_looked_up(t->inodes, n);
}

void tree_forget(struct tree *t, uint64_t id, uint64_t n)
{
    inode_forget(t->inodes, id, n);
}

int tree_lookup(struct tree *t, const struct call *c, struct node *dir, const char *name,
                size_t len, struct found *ret, struct docfs_err *err)
{
    *ret = (struct found){0};
    if (!dir->class->lookup)
        return -ENOTDIR;
    int r = dir->class->lookup(t, c, dir, name, len, ret, err);
    if (r >= 0 || r == -ENOENT)
        return r;
    *ret = (struct found){0};
    return r;
}

int tree_attr(struct tree *t, struct node *n, struct node_attr *ret, struct docfs_err *err)
{
    *ret = n->attr;
    return n->class->attr ? n->class->attr(t, n, ret, err) : 0;
}

int64_t tree_read(struct tree *t, struct node *n, void *data, size_t size, int64_t offset,
                  struct docfs_err *err)
{
    return n->class->read ? n->class->read(t, n, data, size, offset, err) : -EISDIR;
}

bool tree_is_snapshot(const struct node *dir)
{
    return dir->class->snapshot;
}

int tree_list(struct tree *t, const struct call *c, struct node *dir, struct listing **ret,
              struct docfs_err *err)
{
    return dir->class->list ? dir->class->list(t, c, dir, ret, err) : -ENOTDIR;
}

struct xattr_want {
    const char *name; /* NULL: all names */
    struct buf *out;
    bool found;
};

static void xattr_take(void *arg, const char *name, const char *value, size_t len)
{
    struct xattr_want *w = arg;
    if (!w->name) {
        buf_addf(w->out, "user.docfs.%s", name);
        buf_addc(w->out, '\0');
    } else if (!strcmp(w->name, name)) {
        buf_add(w->out, value, len);
        w->found = true;
    }
}

int tree_xattr(struct tree *t, struct node *n, const char *name, struct buf *ret,
               struct docfs_err *err)
{
    static const char prefix[] = "user.docfs.";
    if (!n->class->xattrs || strncmp(name, prefix, sizeof(prefix) - 1))
        return -ENODATA;
    struct xattr_want want = {.name = name + sizeof(prefix) - 1, .out = ret};
    int r = n->class->xattrs(t, n, xattr_take, &want, err);
    if (r < 0)
        return r;
    return want.found ? buf_status(ret) : -ENODATA;
}

int tree_xattr_names(struct tree *t, struct node *n, struct buf *ret, struct docfs_err *err)
{
    struct xattr_want want = {.out = ret};
    int r = n->class->xattrs ? n->class->xattrs(t, n, xattr_take, &want, err) : 0;
    return r < 0 ? r : buf_status(ret);
}

/* ---- limits and the query log ------------------------------------------------------------------
 */

int tree_slot_take(struct tree *t, const struct call *c)
{
    int r = 0;
    pthread_mutex_lock(&t->lock);
    while (t->searching >= TREE_SEARCHES) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 50 * 1000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&t->slot_free, &t->lock, &until);
        if (c && c->interrupted(c->arg)) {
            r = -EINTR;
            break;
        }
    }
    if (!r)
        t->searching++;
    pthread_mutex_unlock(&t->lock);
    return r;
}

void tree_slot_give(struct tree *t)
{
    pthread_mutex_lock(&t->lock);
    t->searching--;
    pthread_cond_signal(&t->slot_free);
    pthread_mutex_unlock(&t->lock);
}

/* Writing may have to wait for an ingest; so the reader never does it itself. */
void tree_asked(struct tree *t, const char *query, size_t hits, double seconds)
{
    pthread_mutex_lock(&t->lock);
    if (t->n_asked < sizeof(t->asked) / sizeof(t->asked[0])) {
        char *copy = strdup(query);
        if (copy)
            t->asked[t->n_asked++] = (struct asked){copy, hits, seconds};
    }
    pthread_mutex_unlock(&t->lock);
}

void tree_housekeeping(struct tree *t)
{
    int64_t now = clock_mono_ns();
    if (now - t->settings_at > SETTINGS_NS) {
        t->settings_at = now;
        read_settings(t);
    }
    struct asked asked[sizeof(t->asked) / sizeof(t->asked[0])];
    pthread_mutex_lock(&t->lock);
    size_t n = t->n_asked;
    memcpy(asked, t->asked, n * sizeof(asked[0]));
    t->n_asked = 0;
    pthread_mutex_unlock(&t->lock);
    for (size_t i = 0; i < n; i++) {
        docfs_log_query(t->docfs, "mount", asked[i].query, asked[i].hits, asked[i].seconds);
        free(asked[i].query);
    }
    docfs_opens_settle(t->opens, false);
}

/* ---- the kernel's caches -----------------------------------------------------------------------
 */

uint64_t tree_epoch(struct tree *t)
{
    return atomic_load(&t->epoch);
}

void tree_set_epoch(struct tree *t, uint64_t generation)
{
    atomic_store(&t->epoch, generation);
}

uint64_t tree_directory_id(int64_t directory)
{
    return ID_DIRECTORY | (uint64_t)directory;
}

bool tree_knows(struct tree *t, uint64_t id)
{
    struct node *n = inode_get(t->inodes, id);
    inode_unref(t->inodes, n);
    return n != NULL;
}

size_t tree_directories(struct tree *t, uint64_t **ret)
{
    return inode_ids(t->inodes, ID_DIRECTORY, ret);
}

void tree_surplus(struct tree *t,
                  void (*fn)(void *arg, uint64_t parent, const char *name, size_t len), void *arg)
{
    struct inode_name name[512];
    size_t n = sizeof(name) / sizeof(name[0]), total = 0;
    /* Names in use stay with the kernel, so the surplus may not end: a bound per call. */
    for (int round = 0; round < 64 && n == sizeof(name) / sizeof(name[0]); round++) {
        n = inode_surplus(t->inodes, name, sizeof(name) / sizeof(name[0]));
        total += n;
        for (size_t i = 0; i < n; i++) {
            fn(arg, name[i].parent, name[i].name, name[i].len);
            free(name[i].name);
        }
    }
    if (total >= sizeof(name) / sizeof(name[0]))
        malloc_trim(0);
}
