/* SPDX-License-Identifier: MIT
 * The store without the rest: names, replacement, removal, two writers, damage. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "core/store/store.h"
#include "core/util/cleanup.h"

#define PASSAGES 12

static int passed;

static struct store_write *begin(struct store *s)
{
    struct store_write *w;
    assert(store_write_begin(s, &w, NULL) == 0);
    return w;
}

static int64_t source(struct store_write *w, const char *collection)
{
    int64_t c, id;
    assert(store_put_collection(w, collection, &c, NULL) >= 0);
    assert(store_put_source(w, c, "directory", "/src", "{}", &id, NULL) == 0);
    return id;
}

/* A document whose every passage holds `word`, its path and a number. */
static int64_t put_part(struct store_write *w, int64_t src, const char *path, const char *part,
                        const char *word, bool *changed)
{
    char body[PASSAGES * 128];
    struct store_new_passage p[PASSAGES];
    size_t at = 0;
    for (uint32_t i = 0; i < PASSAGES; i++) {
        int n = snprintf(body + at, sizeof(body) - at, "%s everywhere passage%u of it\n", word, i);
        p[i] = (struct store_new_passage){"Top > Section", at, (size_t)n, i + 1, 1, NULL};
        at += (size_t)n;
    }
    struct store_new_document doc = {.source = src,
                                     .path = path,
                                     .part = part,
                                     .title = "A title",
                                     .url = "",
                                     .format = "html",
                                     .lang = "en",
                                     .body = body,
                                     .len = at,
                                     .mtime_ns = 1000000000,
                                     .passage = p,
                                     .n_passages = PASSAGES};
    int64_t id = 0;
    bool dummy;
    struct docfs_err err = {0};
    if (store_put_document(w, &doc, &id, changed ? changed : &dummy, &err) < 0)
        fprintf(stderr, "%s\n", err.text);
    assert(id > 0);
    return id;
}

static int64_t put(struct store_write *w, int64_t src, const char *path, const char *word)
{
    return put_part(w, src, path, "", word, NULL);
}

static char *path_of(struct store *s, int64_t id)
{
    _cleanup_read_ struct store_read *r = NULL;
    struct store_document d;
    assert(store_read_begin(s, &r, NULL) == 0);
    assert(store_document(r, id, &d, NULL) == 0);
    char *path = steal_ptr(d.path);
    store_document_fini(&d);
    return path;
}

static bool shown_as(struct store *s, int64_t id, const char *want)
{
    _cleanup_free_ char *path = path_of(s, id);
    if (strcmp(path, want) != 0)
        fprintf(stderr, "shown as %s, not %s\n", path, want);
    return strcmp(path, want) == 0;
}

static int hits(struct store *s, const char *match)
{
    _cleanup_read_ struct store_read *r = NULL;
    const struct store_lex_query q = {.match = match, .weight = {2, 1, 1}};
    struct best *hit = calloc(5000, sizeof(*hit));
    assert(store_read_begin(s, &r, NULL) == 0);
    int n = store_lex_search(r, &q, 5000, hit, NULL);
    for (int i = 1; i < n; i++)
        assert(hit[i - 1].score > hit[i].score ||
               (hit[i - 1].score == hit[i].score && hit[i - 1].passage < hit[i].passage));
    free(hit);
    return n;
}

static void print_finding(void *arg, const char *what, bool fixed)
{
    fprintf(stderr, "finding: %s%s\n", what, fixed ? " (repaired)" : "");
}

static void sound(struct store *s)
{
    assert(store_verify(s, false, print_finding, NULL, NULL) == 0);
}

static struct store *reopen(const char *dir)
{
    struct store *s;
    assert(store_open(dir, false, false, &s, NULL) == 0);
    return s;
}

static void test_names(struct store *s)
{
    char deep[301], want[300];
    memset(deep, 'n', 300);
    deep[300] = '\0';
    struct store_write *w = begin(s);
    int64_t src = source(w, "names@1");
    int64_t html = put(w, src, "a/os.html", "one"), md = put(w, src, "a/os.md", "two");
    int64_t htm = put(w, src, "a/os.htm", "three"), man = put(w, src, "man/ls.1.gz", "four");
    int64_t bytes = put(w, src, "b\xff\n/x\xfe y.txt", "five");
    int64_t dots = put(w, src, "../.././c/../d.rst", "six");
    int64_t hidden = put(w, src, ".md", "seven"), longest = put(w, src, deep, "eight");
    int64_t part = put_part(w, src, "api/pets.json", "list/all", "nine", NULL);
    int64_t dir = put(w, src, "a/os.md/inner.html", "ten");
    assert(store_write_commit(w, NULL) == 0);
    assert(shown_as(s, html, "a/os.md"));
    assert(shown_as(s, md, "a/os.md.md"));
    assert(shown_as(s, htm, "a/os.htm.md"));
    assert(shown_as(s, man, "man/ls.1.md"));
    assert(shown_as(s, bytes, "b\xff\n/x\xfe y.md"));
    assert(shown_as(s, dots, "c/d.md"));
    assert(shown_as(s, hidden, ".md.md"));
    assert(shown_as(s, part, "api/pets/list-all.md"));
    assert(shown_as(s, dir, "a/os.md-2/inner.md"));
    _cleanup_free_ char *cut = path_of(s, longest);
    memset(want, 'n', 224);
    assert(strlen(cut) <= 255 && memcmp(cut, want, 224) == 0 && cut[224] == '~');
    sound(s);
    passed++;
}

static void test_replace(struct store *s)
{
    bool changed;
    uint64_t before, after;
    struct store_write *w = begin(s);
    int64_t src = source(w, "replace");
    int64_t id = put_part(w, src, "x/page.html", "", "aardvark", &changed);
    assert(changed && store_write_commit(w, NULL) == 0);
    assert(hits(s, "aardvark") == PASSAGES);
    assert(store_generation(s, &before, NULL) == 0);

    w = begin(s); /* the same again: nothing to see */
    assert(put_part(w, src, "x/page.html", "", "aardvark", &changed) == id && !changed);
    assert(store_write_commit(w, NULL) == 0);
    assert(store_generation(s, &after, NULL) == 0 && after == before);

    w = begin(s); /* twice in one transaction: only the last is left */
    put_part(w, src, "x/page.html", "", "badger", &changed);
    assert(changed && put_part(w, src, "x/page.html", "", "capybara", &changed) == id);
    assert(store_write_commit(w, NULL) == 0);
    assert(store_generation(s, &after, NULL) == 0 && after == before + 1);
    assert(hits(s, "aardvark") == 0 && hits(s, "badger") == 0);
    assert(hits(s, "capybara") == PASSAGES);

    w = begin(s); /* given up: as if it never happened */
    put(w, src, "x/page.html", "dingo");
    store_write_abort(w);
    assert(hits(s, "dingo") == 0 && hits(s, "capybara") == PASSAGES);

    w = begin(s);
    assert(store_rename_file(w, src, "x/page.html", "y/z/other.html", NULL) == 0);
    assert(store_write_commit(w, NULL) == 0);
    assert(shown_as(s, id, "y/z/other.md"));
    sound(s);
    passed++;
}

static void test_versions(struct store *s)
{
    struct store_write *w = begin(s);
    int64_t src = source(w, "versions");
    int64_t id = put(w, src, "v.html", "first");
    assert(store_write_commit(w, NULL) == 0);
    _cleanup_read_ struct store_read *r = NULL;
    struct store_document d;
    assert(store_read_begin(s, &r, NULL) == 0 && store_document(r, id, &d, NULL) == 0);
    int64_t content = d.content;
    store_document_fini(&d);
    store_read_end(steal_ptr(r));

    w = begin(s);
    put(w, src, "v.html", "second");
    assert(store_sweep(w, 900, NULL) == 0 && store_write_commit(w, NULL) == 0);
    char text[6] = "";
    assert(store_read_begin(s, &r, NULL) == 0);
    assert(store_content_read(r, content, text, 5, 0, NULL) == 5 && strcmp(text, "first") == 0);
    store_read_end(steal_ptr(r));

    w = begin(s);
    assert(store_sweep(w, -10, NULL) == 0 && store_write_commit(w, NULL) == 0);
    assert(store_read_begin(s, &r, NULL) == 0);
    assert(store_content_read(r, content, text, 5, 0, NULL) == -ENOENT);
    sound(s);
    passed++;
}

/* Pieces of bodies of every size: small ones, such as are read in pieces, and such as are copied.
 */
static void test_pieces(struct store *s)
{
    enum { LARGE = 300000 };
    _cleanup_free_ char *body = malloc(LARGE), *got = malloc(LARGE);
    static const size_t sizes[] = {1, 5000, 40000, 150000, LARGE};
    for (size_t i = 0; i < LARGE; i++)
        body[i] = i % 64 == 63 ? '\n' : (char)('a' + (i * 7 + i / 997) % 26);
    struct store_write *w = begin(s);
    int64_t src = source(w, "pieces"), id[5];
    for (size_t k = 0; k < 5; k++) {
        char path[16];
        bool changed;
        snprintf(path, sizeof(path), "%zu.html", k);
        struct store_new_passage p = {"", 0, sizes[k] < 64 ? sizes[k] : 64, 1, 1, NULL};
        struct store_new_document doc = {.source = src,
                                         .path = path,
                                         .part = "",
                                         .title = "t",
                                         .url = "",
                                         .format = "html",
                                         .lang = "",
                                         .body = body,
                                         .len = sizes[k],
                                         .passage = &p,
                                         .n_passages = 1};
        assert(store_put_document(w, &doc, &id[k], &changed, NULL) == 0);
    }
    assert(store_write_commit(w, NULL) == 0);
    for (int round = 0; round < 3; round++) { /* the copy is made on the way */
        _cleanup_read_ struct store_read *r = NULL;
        assert(store_read_begin(s, &r, NULL) == 0);
        for (size_t k = 0; k < 5; k++) {
            struct store_document d;
            assert(store_document(r, id[k], &d, NULL) == 0);
            const size_t at[] = {0, sizes[k] / 2, sizes[k] - 1};
            for (size_t i = 0; i < 3; i++) {
                int64_t n = store_content_read(r, d.content, got, 100000, (int64_t)at[i], NULL);
                size_t left = sizes[k] - at[i];
                assert(n == (int64_t)(left < 100000 ? left : 100000));
                assert(memcmp(got, body + at[i], (size_t)n) == 0);
            }
            assert(store_content_read(r, d.content, got, 1, (int64_t)sizes[k], NULL) == 0);
            store_document_fini(&d);
        }
    }
    passed++;
}

static void count_change(void *arg, int64_t directory, const char *name, size_t len)
{
    ++*(int *)arg;
}

static void test_removal(struct store *s)
{
    uint64_t before;
    int changes = 0;
    bool all;
    struct store_write *w = begin(s);
    int64_t src = source(w, "gone");
    put(w, src, "only/here.html", "echidna");
    put_part(w, src, "multi.json", "a", "fossa", NULL);
    put_part(w, src, "multi.json", "b", "fossa", NULL);
    assert(store_write_commit(w, NULL) == 0);
    assert(store_generation(s, &before, NULL) == 0);

    w = begin(s);
    static const char *const keep[] = {"b"};
    assert(store_trim_parts(w, src, "multi.json", keep, 1, NULL) == 0);
    assert(store_remove_file(w, src, "only/here.html", NULL) == 0);
    assert(store_write_commit(w, NULL) == 0);
    assert(hits(s, "fossa") == PASSAGES && hits(s, "echidna") == 0);

    _cleanup_read_ struct store_read *r = NULL;
    struct store_entry e;
    assert(store_read_begin(s, &r, NULL) == 0);
    assert(store_lookup(r, 0, "gone", 4, &e, NULL) == 0 && e.is_dir);
    struct store_entry child;
    assert(store_lookup(r, e.id, "only", 4, &child, NULL) == -ENOENT); /* empty: removed */
    assert(store_lookup(r, e.id, "multi", 5, &child, NULL) == 0);
    assert(store_changes(r, before, &all, count_change, &changes, NULL) == 0 && !all);
    assert(changes == 3); /* here.md, only, a.md */
    store_read_end(steal_ptr(r));

    w = begin(s);
    assert(store_remove_collection(w, "gone", NULL) == 0);
    assert(store_write_commit(w, NULL) == 0);
    assert(hits(s, "fossa") == 0);
    w = begin(s);
    assert(store_remove_collection(w, "gone", NULL) == -ENOENT);
    store_write_abort(w);
    sound(s);
    passed++;
}

static void *read_loop(void *arg)
{
    struct store *s = arg;
    for (int i = 0; i < 30; i++) {
        _cleanup_read_ struct store_read *r = NULL;
        struct store_entry top;
        assert(store_read_begin(s, &r, NULL) == 0);
        if (store_lookup(r, 0, "load", 4, &top, NULL) < 0)
            continue;
        struct store_entries list = {0};
        assert(store_entries(r, top.id, &list, NULL) == 0);
        for (size_t k = 1; k < list.n; k++)
            assert(strcmp(list.item[k - 1].name, list.item[k].name) < 0);
        if (list.n) {
            char data[64];
            assert(store_content_read(r, list.item[0].content, data, 64, 10, NULL) == 64);
        }
        store_entries_fini(&list);
        assert(store_term_df(r, "everywher") >= 0);
        uint64_t now;
        assert(store_generation(s, &now, NULL) == 0 && now >= store_read_generation(r));
        store_log_query(s, "test", "question", 7, 1, 0.001);
    }
    return NULL;
}

/* 2,000 documents in batches while four threads read. */
static void test_load(struct store *s)
{
    pthread_t thread[4];
    struct store_write *w = begin(s);
    int64_t src = source(w, "load");
    assert(store_write_commit(w, NULL) == 0);
    for (int i = 0; i < 4; i++)
        assert(pthread_create(&thread[i], NULL, read_loop, s) == 0);
    for (int i = 0; i < 2000; i += 200) {
        w = begin(s);
        for (int k = i; k < i + 200; k++) {
            char path[32];
            snprintf(path, sizeof(path), "d%04d.html", k);
            put(w, src, path, "gibbon");
        }
        assert(store_write_commit(w, NULL) == 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    w = begin(s); /* replaced in another order than they were written */
    for (int k = 199; k >= 0; k--) {
        char path[32];
        snprintf(path, sizeof(path), "d%04d.html", k);
        put(w, src, path, "hoatzin");
    }
    assert(store_write_commit(w, NULL) == 0);
    assert(hits(s, "hoatzin") == 200 * PASSAGES);
    sound(s);
    passed++;
}

static void test_two_processes(const char *dir)
{
    pid_t child[2];
    for (int c = 0; c < 2; c++) {
        child[c] = fork();
        assert(child[c] >= 0);
        if (child[c] == 0) {
            struct store *s = reopen(dir);
            for (int i = 0; i < 20; i++) {
                char path[32];
                snprintf(path, sizeof(path), "p%d-%d.html", c, i);
                struct store_write *w = begin(s);
                put(w, source(w, "both"), path, "ibex");
                assert(store_write_commit(w, NULL) == 0);
            }
            store_close(s);
            _exit(0);
        }
    }
    for (int c = 0; c < 2; c++) {
        int status;
        assert(waitpid(child[c], &status, 0) == child[c] && status == 0);
    }
    struct store *s = reopen(dir);
    assert(hits(s, "ibex") == 40 * PASSAGES);
    sound(s);
    store_close(s);
    passed++;
}

/* A writer that is killed inside a transaction leaves the last commit and nothing else. */
static void test_killed(const char *dir)
{
    pid_t child = fork();
    assert(child >= 0);
    if (child == 0) {
        struct store *s = reopen(dir);
        struct store_write *w = begin(s);
        put(w, source(w, "killed"), "kept.html", "jerboa");
        assert(store_write_commit(w, NULL) == 0);
        w = begin(s);
        put(w, source(w, "killed"), "lost.html", "kakapo");
        kill(getpid(), SIGKILL);
    }
    int status;
    assert(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    struct store *s = reopen(dir);
    assert(hits(s, "jerboa") == PASSAGES && hits(s, "kakapo") == 0);
    sound(s);
    store_close(s);
    passed++;
}

static void test_refused(const char *dir)
{
    struct store *s = NULL;
    struct docfs_err err;
    char file[128], sub[96];
    snprintf(sub, sizeof(sub), "%s/other", dir);
    snprintf(file, sizeof(file), "%s/docfs.db", sub);
    assert(mkdir(sub, 0700) == 0);
    assert(store_open(sub, true, true, &s, &err) == -ENOENT);
    assert(store_open(sub, false, true, &s, &err) == -ENOENT);
    FILE *f = fopen(file, "w");
    for (int i = 0; i < 1000; i++)
        fputs("this is no database\n", f);
    fclose(f);
    assert(store_open(sub, false, false, &s, &err) == -EBADMSG && strstr(err.text, file));
    assert(access(file, F_OK) == 0);
    assert(truncate(file, 0) == 0); /* an empty file is a cache that was never filled */
    assert(store_open(sub, false, false, &s, &err) == 0);
    struct store_write *w = begin(s);
    put(w, source(w, "c"), "a.html", "lemur");
    assert(store_write_commit(w, NULL) == 0);
    store_close(s);
    assert(store_open(sub, true, true, &s, &err) == 0 && store_is_read_only(s));
    assert(hits(s, "lemur") == PASSAGES);
    assert(store_write_begin(s, &w, &err) == -EROFS);
    store_close(s);
    assert(truncate(file, 20000) == 0);
    int r = store_open(sub, false, false, &s, &err);
    if (r == 0) { /* seen at the first use instead */
        r = store_verify(s, false, NULL, NULL, &err);
        store_close(s);
    }
    assert(r == -EBADMSG || r > 0);
    passed++;
}

int main(void)
{
    char dir[] = "/tmp/docfs-store-XXXXXX", command[64];
    assert(mkdtemp(dir));
    struct store *s = reopen(dir);
    test_names(s);
    test_replace(s);
    test_versions(s);
    test_pieces(s);
    test_removal(s);
    test_load(s);
    store_close(s);
    test_two_processes(dir);
    test_killed(dir);
    test_refused(dir);
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    assert(system(command) == 0);
    printf("%d passed, 0 failed\n", passed);
    return 0;
}
