/* SPDX-License-Identifier: MIT */
#include "tools/cli/complete.h"

#include <errno.h>
#include <string.h>
#include "core/util/buf.h"

static void offer(struct cmd_context *c, const char *prefix, const char *word)
{
    if (strncmp(word, prefix, strlen(prefix)) == 0 && !strchr(word, '\n'))
        out_printf(&c->out, "%s\n", word);
}

static void settings(struct cmd_context *c, const char *prefix)
{
    _cleanup_(docfs_settings_freep) struct docfs_settings *all = NULL;
    if (docfs_open_settings(c->set, &c->d, NULL) < 0 || docfs_settings(c->d, &all, NULL) < 0)
        return;
    for (size_t i = 0; i < all->n; i++)
        offer(c, prefix, all->item[i].key);
}

/* The directory at path; its collection may be named without a version when it has one only, as in
 * all commands. */
static int find(struct docfs *d, const char *path, int64_t *ret)
{
    struct docfs_entry e = {0};
    size_t len = strcspn(path, "/");
    int r = docfs_lookup_path(d, path, &e, NULL);
    if (r == -ENOENT) {
        _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
        _cleanup_buf_ struct buf word = {0};
        const struct docfs_collection *c;
        buf_add(&word, path, len);
        r = buf_status(&word);
        if (r == 0)
            r = docfs_collections(d, &all, NULL);
        if (r == 0)
            r = docfs_collection_find(all, word.data, false, &c, NULL);
        if (r < 0)
            return r;
        buf_clear(&word);
        buf_addf(&word, "%s%s", c->name, path + len);
        r = buf_status(&word) < 0 ? -ENOMEM : docfs_lookup_path(d, word.data, &e, NULL);
    }
    *ret = e.id;
    return r < 0 ? r : e.is_dir ? 0 : -ENOTDIR;
}

/* The next level below what was typed; directories end in '/'. */
static void documents(struct cmd_context *c, const char *prefix)
{
    const char *slash = strrchr(prefix, '/');
    _cleanup_buf_ struct buf word = {0};
    _cleanup_(docfs_listing_freep) struct docfs_listing *l = NULL;
    int64_t directory = 0;
    if (slash) {
        buf_add(&word, prefix, (size_t)(slash - prefix));
        if (buf_status(&word) < 0 || find(c->d, buf_text(&word), &directory) < 0)
            return;
        buf_addc(&word, '/');
    }
    if (docfs_list(c->d, directory, &l, NULL) < 0)
        return;
    size_t at = word.len;
    for (size_t i = 0; i < l->n; i++) {
        buf_add(&word, l->item[i].name, l->item[i].name_len);
        if (l->item[i].is_dir)
            buf_addc(&word, '/');
        if (buf_status(&word) < 0)
            return;
        offer(c, prefix, word.data);
        buf_truncate(&word, at);
    }
}

bool complete(struct cmd_context *c, const char *what, const char *prefix)
{
    if (strcmp(what, "settings") == 0) {
        settings(c, prefix);
        return true;
    }
    bool collections = strcmp(what, "collections") == 0;
    if (!collections && strcmp(what, "documents") != 0)
        return false;
    struct docfs_options opt = {.cache = c->cache, .read_only = true, .set = c->set};
    if (docfs_open(&opt, &c->d, NULL) < 0)
        return true;
    if (!collections) {
        documents(c, prefix);
        return true;
    }
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    if (docfs_collections(c->d, &all, NULL) == 0)
        for (size_t i = 0; i < all->n; i++)
            offer(c, prefix, all->item[i].name);
    return true;
}

void complete_subcommands(const struct cmd *cmd,
                          void (*fn)(void *arg, const char *word, size_t len), void *arg)
{
    for (const char *p = cmd->usage; p && *p;) {
        p += strspn(p, " [");
        size_t n = strspn(p, "abcdefghijklmnopqrstuvwxyz");
        if (n > 1 && (!p[n] || strchr(" ]|", p[n])))
            fn(arg, p, n);
        p = strchr(p, '|');
        p = p ? p + 1 : NULL;
    }
}
