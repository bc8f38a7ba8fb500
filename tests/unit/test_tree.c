/* SPDX-License-Identifier: MIT
 * The namespace of the mount, without a mount. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "core/docfs.h"
#include "core/util/cleanup.h"
#include "fs/tree.h"

static struct tree *t;

/* Walks a path from the root; the result of the last lookup. */
static int walk(const char *path, struct found *ret)
{
    struct node *dir = tree_node(t, 1);
    _cleanup_free_ char *copy = strdup(path);
    char *save = NULL;
    int r = 0;
    for (char *name = strtok_r(copy, "/", &save); name; name = strtok_r(NULL, "/", &save)) {
        r = tree_lookup(t, NULL, dir, name, strlen(name), ret, NULL);
        tree_unref(t, dir);
        if (r < 0)
            return r;
        dir = ret->node;
        tree_looked_up(t, dir); /* the kernel keeps what it met */
    }
    return r;
}

static uint64_t id_of(const char *path)
{
    struct found f;
    assert(walk(path, &f) == 0);
    uint64_t id = node_id(f.node);
    tree_unref(t, f.node);
    return id;
}

static int error_of(const char *path)
{
    struct found f;
    int r = walk(path, &f);
    if (!r)
        tree_unref(t, f.node);
    return r;
}

static char *text_of(const char *path)
{
    struct found f;
    assert(walk(path, &f) == 0);
    char *s = calloc(1, (size_t)f.attr.size + 1);
    assert(tree_read(t, f.node, s, (size_t)f.attr.size + 1, 0, NULL) == f.attr.size);
    tree_unref(t, f.node);
    return s;
}

static bool has_text(const char *path, const char *wanted)
{
    _cleanup_free_ char *s = text_of(path);
    return strstr(s, wanted) != NULL;
}

/* Names in a directory, joined by '\n'. */
static char *list_of(const char *path)
{
    struct found f;
    struct listing *l;
    assert(walk(path, &f) == 0);
    assert(tree_list(t, NULL, f.node, &l, NULL) == 0);
    char *s = calloc(1, 4096);
    for (size_t i = 0; i < listing_count(l); i++) {
        struct listing_item item;
        listing_item(l, i, &item);
        strncat(s, item.name, item.len);
        strcat(s, "\n");
    }
    listing_free(t, l);
    tree_unref(t, f.node);
    return s;
}

static void test_documents(void)
{
    _cleanup_free_ char *names = list_of("docs/lib@1/guide");
    assert(!strcmp(names, "files.md\nsockets.md\n"));
    assert(has_text("docs/lib@1/guide/files.md", "open a file"));
    assert(error_of("docs/lib@1/none.md") == -ENOENT);
    assert(error_of("docs/lib@1/guide/files.md/x") == -ENOTDIR);
    char name[300] = "docs/";
    memset(name + 5, 'a', 256);
    assert(error_of(name) == -ENAMETOOLONG);
}

static void test_questions(void)
{
    _cleanup_free_ char *listed = list_of("search");
    assert(!strcmp(listed, "README.md\n"));
    uint64_t id = id_of("search/open a file");
    assert(id == id_of("search/open a file"));
    assert(id != id_of("search/Open a File"));
    assert(error_of("search/\xff") == -EILSEQ);
    static const char *const probes[] = {"search/.git",  "search/Makefile", "search/package.json",
                                         "search/a.swp", "search/b~",       "search/open/zzz",
                                         "search/open/+"};
    for (size_t i = 0; i < sizeof(probes) / sizeof(probes[0]); i++)
        assert(error_of(probes[i]) == -ENOENT);

    _cleanup_free_ char *hits = list_of("search/open a file");
    assert(!strncmp(hits, "00-RESULTS.md\n01-", strlen("00-RESULTS.md\n01-")));
    assert(has_text("search/open a file/00-RESULTS.md", "docs/lib@1/guide/files.md:"));
    assert(has_text("search/open a file/.results.json", "\"hits\""));
    assert(has_text("search/open a file/+sockets/.query.json", "open a file > sockets"));
    assert(has_text("docs/lib@1/guide/.search/open/00-RESULTS.md", "files.md"));
    /* A wrong filter is told, not refused. */
    assert(has_text("search/open k=many/00-RESULTS.md", "k="));
}

/* A result opens by its id, whatever rank and slug say, and is the document itself. */
static void test_late_binding(void)
{
    char path[300];
    _cleanup_free_ char *hits = list_of("search/open a file");
    char *id = strstr(strchr(hits, '\n'), ".md") - DOC_ID_LEN;
    snprintf(path, sizeof(path), "search/other words/77-x.%.*s.md", DOC_ID_LEN, id);
    struct found a, b;
    assert(walk(path, &a) == 0);
    snprintf(path, sizeof(path), ".docfs/by-id/%.*s", DOC_ID_LEN, id);
    assert(walk(path, &b) == 0);
    assert(a.attr.ino == b.attr.ino && a.node == b.node);
    tree_unref(t, a.node);
    tree_unref(t, b.node);
}

static void test_versions(struct docfs *d)
{
    uint64_t before = id_of("docs/lib@1/guide/files.md");
    struct found f;
    assert(walk("docs/lib@1/guide/files.md", &f) == 0);
    uint64_t ino = f.attr.ino;
    struct docfs_raw doc = {"guide/files.md", "Files", "", "# Files\n\nnew text\n", 18};
    assert(docfs_add_raw(d, "lib@1", &doc, 1, NULL) == 0);
    char old[64] = "";
    assert(tree_read(t, f.node, old, sizeof(old) - 1, 0, NULL) > 0 && strstr(old, "open a file"));
    tree_unref(t, f.node);
    assert(walk("docs/lib@1/guide/files.md", &f) == 0);
    assert(node_id(f.node) != before && f.attr.ino == ino);
    tree_unref(t, f.node);
}

static void test_generated(void)
{
    /* The same bytes are the same node. */
    assert(id_of("search/sockets/00-RESULTS.md") == id_of("search/sockets/00-RESULTS.md"));
    assert(has_text("README.md", "docfs umount /mnt/x"));
    assert(has_text("AGENTS.md", "README.md"));
    assert(has_text(".docfs/status.json", "\"generation\""));
    assert(has_text(".docfs/collections.json", "lib@1"));
    _cleanup_free_ char *similar = list_of("similar/lib@1/guide");
    assert(!strcmp(similar, ""));
    assert(has_text("similar/lib@1/guide/sockets.md/00-RESULTS.md", "# Similar to docs/lib@1"));
}

static void test_saved(struct docfs *d)
{
    assert(docfs_save(d, "slash", "TCP/IP 100%?", NULL) == 0);
    assert(has_text("saved/slash", "../search/TCP%2FIP 100%25%3F"));
    assert(error_of("saved/none") == -ENOENT);
}

int main(void)
{
    char dir[] = "/tmp/docfs-tree-XXXXXX";
    assert(mkdtemp(dir));
    struct docfs *d;
    struct docfs_options o = {.cache = dir};
    assert(docfs_open(&o, &d, NULL) == 0);
    static const char files[] = "# Files\n\nHow to open a file for reading and writing.\n";
    static const char sockets[] = "# Sockets\n\nHow to connect a socket to a server.\n";
    struct docfs_raw doc[] = {{"guide/files.md", "Files", "", files, strlen(files)},
                              {"guide/sockets.md", "Sockets", "", sockets, strlen(sockets)}};
    assert(docfs_add_raw(d, "lib@1", doc, 2, NULL) == 0);
    struct tree_options opt = {.mountpoint = "/mnt/x"};
    assert(tree_new(d, &opt, &t, NULL) == 0);
    test_documents();
    test_questions();
    test_late_binding();
    test_generated();
    test_saved(d);
    test_versions(d);
    tree_free(t);
    docfs_close(d);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    assert(system(command) == 0);
    puts("tree: 6 tests, 0 failed");
    return 0;
}
