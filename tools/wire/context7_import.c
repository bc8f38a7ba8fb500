/* SPDX-License-Identifier: MIT
 * Libraries as Context7 exports them: snippets, from which documents are made, one for each page
 * that they were taken from. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/util/hash.h"
#include "tools/wire/context7_internal.h"

#define PAGES_MAX 100000

struct page {
    char *key, *title; /* key: the id of its snippets without the fragment */
    struct buf text;
};
struct pages {
    struct page *item;
    size_t n, room;
};

static void pages_fini(struct pages *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->item[i].key);
        free(p->item[i].title);
        buf_fini(&p->item[i].text);
    }
    free(p->item);
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

void context7_collection_name(const char *text, char out[101])
{
    size_t n = 0;
    for (; *text && n < 100; text++) {
        unsigned char c = (unsigned char)*text;
        if (isalnum(c) && c < 128)
            out[n++] = (char)tolower(c);
        else if (n && (c == '.' || c == '_' || c == '+'))
            out[n++] = (char)c;
        else if (n && out[n - 1] != '-')
            out[n++] = '-';
    }
    while (n && (out[n - 1] == '-' || out[n - 1] == '.'))
        n--;
    out[n] = '\0';
    if (!n)
        strcpy(out, "library");
}

/* The page of a snippet, made when it is the first of it; NULL when memory is out. Snippets of a
 * page mostly follow each other. */
static struct page *page_of(struct pages *p, const char *id, const char *title)
{
    size_t len = strcspn(id, "#");
    for (size_t i = p->n; i-- > 0;)
        if (strncmp(p->item[i].key, id, len) == 0 && !p->item[i].key[len])
            return &p->item[i];
        else if (p->n - i > 1000)
            break;
    if (p->n == p->room) {
        size_t room = p->room ? 2 * p->room : 64;
        struct page *item = p->n < PAGES_MAX ? realloc(p->item, room * sizeof(*item)) : NULL;
        if (!item)
            return NULL;
        p->item = item;
        p->room = room;
    }
    struct page *new = &p->item[p->n];
    *new = (struct page){.key = strndup(id, len), .title = strdup(title)};
    if (!new->key || !new->title) {
        free(new->key);
        free(new->title);
        return NULL;
    }
    buf_addf(&new->text, "# %s\n", title);
    p->n++;
    return new;
}

/* A fence that the code itself does not have. */
static void add_code(struct buf *b, const char *language, const char *code)
{
    size_t longest = 2, run = 0, len = strlen(code);
    for (const char *c = code; *c; c++) {
        run = *c == '`' ? run + 1 : 0;
        longest = run > longest ? run : longest;
    }
    char fence[64];
    if (longest > sizeof(fence) - 2)
        longest = sizeof(fence) - 2;
    memset(fence, '`', longest + 1);
    fence[longest + 1] = '\0';
    buf_addf(b, "\n%s%.*s\n%s%s%s\n", fence, (int)strcspn(language, "` \t\r\n"), language, code,
             len && code[len - 1] == '\n' ? "" : "\n", fence);
}

static int add_snippets(struct pages *p, const json_t *list, bool code)
{
    size_t i, k;
    json_t *s, *one;
    json_array_foreach(list, i, s)
    {
        const char *title = text_of(s, code ? "title" : "breadcrumb"),
                   *id = text_of(s, *text_of(s, "id") ? "id"
                                    : code            ? "codeId"
                                                      : "pageId");
        if (!*title)
            title = code ? text_of(s, "codeTitle") : "";
        struct page *to = page_of(p, id, *title ? title : *id ? id : "Snippets");
        if (!to)
            return -ENOMEM;
        if (*title)
            buf_addf(&to->text, "\n## %s\n", title);
        const char *prose = text_of(s, code ? "description" : "content");
        if (*prose)
            buf_addf(&to->text, "\n%s\n", prose);
        json_array_foreach(json_object_get(s, "codeList"), k, one)
            add_code(&to->text, text_of(one, "language"), text_of(one, "code"));
    }
    return 0;
}

static int store(struct docfs *d, const char *collection, struct pages *p, struct docfs_err *err)
{
    struct docfs_raw *raw = calloc(p->n, sizeof(*raw));
    char(*path)[SLUG_MAX + 32] = calloc(p->n, sizeof(*path));
    json_t *taken = json_object(); /* a set: two addresses may have one slug */
    int r = raw && path && taken ? 0 : err_oom(err);
    for (size_t i = 0; r == 0 && i < p->n; i++) {
        struct page *x = &p->item[i];
        const char *host = strstr(x->key, "://"), *name = host ? host + 3 : x->key;
        name_slug(*name ? name : "snippets", *name ? strlen(name) : 8, path[i]);
        size_t len = strlen(path[i]);
        bool again = json_object_get(taken, path[i]) != NULL;
        json_object_set_new(taken, path[i], json_true());
        if (again)
            snprintf(path[i] + len, sizeof(*path) - len, "-%08x.md",
                     (unsigned)hash64(x->key, strlen(x->key), 0));
        else
            snprintf(path[i] + len, sizeof(*path) - len, ".md");
        if (buf_status(&x->text) < 0)
            r = err_oom(err);
        raw[i] = (struct docfs_raw){.path = path[i],
                                    .title = x->title,
                                    .url = host ? x->key : "",
                                    .markdown = x->text.data,
                                    .len = x->text.len};
    }
    if (r == 0)
        r = docfs_add_raw(d, collection, raw, p->n, err);
    json_decref(taken);
    free(raw);
    free(path);
    return r;
}

int context7_import(struct docfs *d, const json_t *library, bool force,
                    struct context7_imported *ret, struct docfs_err *err)
{
    *ret = (struct context7_imported){0};
    _cleanup_(pages_fini) struct pages p = {0};
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const char *project = text_of(library, "project"), *slash = strrchr(project, '/');
    if (!*project || !slash || !slash[1])
        return err_set(err, -EINVAL, "a library needs \"project\": /org/name");
    context7_collection_name(slash + 1, ret->collection);
    int r = docfs_collections(d, &all, err);
    for (size_t i = 0; r == 0 && i < all->n && !force; i++)
        ret->known |= strcmp(all->item[i].name, ret->collection) == 0;
    if (r < 0 || ret->known)
        return r;
    if (add_snippets(&p, json_object_get(library, "infoSnippets"), false) < 0 ||
        add_snippets(&p, json_object_get(library, "codeSnippets"), true) < 0)
        return err_oom(err);
    if (!p.n)
        return err_set(err, -EINVAL, "%s has no codeSnippets and no infoSnippets", project);
    ret->documents = p.n;
    return store(d, ret->collection, &p, err);
}
