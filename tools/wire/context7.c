/* SPDX-License-Identifier: MIT
 * Libraries: names, ids, versions. */
#include "tools/wire/context7_internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "tools/wire/ask.h"
#include "tools/wire/wire.h"

#define LIBRARIES_MAX 20

/* ---- names ---- */

static size_t base_len(const struct docfs_collection *c)
{
    return strcspn(c->name, "@");
}

/* Letters and digits in small, as far as they fit: "Next.js" and "nextjs" are one. Bytes beyond
 * ASCII stay. */
static void plain(const char *s, size_t len, char out[128])
{
    size_t n = 0;
    for (size_t i = 0; i < len && n < 127; i++) {
        unsigned char c = (unsigned char)s[i];
        if (isalnum(c) || c >= 0x80 || c == '+' || c == '#')
            out[n++] = (char)tolower(c);
    }
    out[n] = '\0';
}

/* "https://github.com/org/project.git" -> "org/project"; false for anything else. */
static bool repository(const char *location, char out[128])
{
    static const char *const hosts[] = {"github.com", "gitlab.com", "bitbucket.org",
                                        "codeberg.org"};
    for (size_t i = 0; location && i < sizeof(hosts) / sizeof(*hosts); i++) {
        const char *p = strstr(location, hosts[i]);
        if (!p || (p > location && !strchr("/@.", p[-1])))
            continue;
        p += strlen(hosts[i]);
        if (*p != '/' && *p != ':')
            continue;
        size_t org = strcspn(++p, "/"), project = p[org] ? strcspn(p + org + 1, "/?#@") : 0;
        if (project > 4 && strncmp(p + org + 1 + project - 4, ".git", 4) == 0)
            project -= 4;
        if (org && project && org + project + 2 < 128) {
            snprintf(out, 128, "%.*s", (int)(org + 1 + project), p);
            return true;
        }
    }
    return false;
}

void library_id(const struct docfs_collection *c, char out[LIBRARY_ID_MAX])
{
    char repo[128];
    if (repository(c->location, repo))
        snprintf(out, LIBRARY_ID_MAX, "/%s", repo);
    else
        snprintf(out, LIBRARY_ID_MAX, "/docfs/%.*s", (int)base_len(c), c->name);
}

void context7_place_id(const char *place, char out[CONTEXT7_ID_MAX])
{
    char repo[128];
    const char *host = strstr(place, "://");
    if (repository(place, repo))
        snprintf(out, CONTEXT7_ID_MAX, "/%s", repo);
    else
        snprintf(out, CONTEXT7_ID_MAX, "/docfs/%.300s", host ? host + 3 : *place ? place : "all");
}

static bool same_base(const struct docfs_collection *a, const struct docfs_collection *b)
{
    return base_len(a) == base_len(b) && memcmp(a->name, b->name, base_len(a)) == 0;
}

/* ---- which of them ---- */

/* How well a collection is called `name`: 0 not at all. */
static int likeness(const struct docfs_collection *c, const char *name)
{
    char want[128], have[128], title[128], id[LIBRARY_ID_MAX], ids[128];
    plain(name, strlen(name), want);
    plain(c->name, base_len(c), have);
    plain(c->title ? c->title : "", c->title ? strlen(c->title) : 0, title);
    library_id(c, id);
    plain(id, strlen(id), ids);
    if (!*want)
        return 1;
    if (strcmp(want, have) == 0)
        return 100;
    if (strcmp(want, title) == 0 || strcmp(want, ids) == 0)
        return 90;
    if (*have && (strncmp(have, want, strlen(want)) == 0 || strncmp(want, have, strlen(have)) == 0))
        return 60;
    if (strstr(have, want) || strstr(title, want) || strstr(ids, want))
        return 40;
    return strlen(have) > 2 && strstr(want, have) ? 30 : 0;
}

struct candidate {
    const struct docfs_collection *c; /* the last of its versions */
    int name, documents;              /* how well it is called so; hits of the query */
};

static int by_score(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->name != y->name)
        return y->name - x->name;
    return x->documents != y->documents ? y->documents - x->documents
                                        : strcmp(x->c->name, y->c->name);
}

/* Counts the documents of each library that answer the query. */
static void ask_documents(struct docfs *d, struct candidate *list, size_t n, const char *query)
{
    _cleanup_(docfs_results_unrefp) struct docfs_results *r = NULL;
    if (!query || !*query ||
        wire_ask(d, &(struct wire_ask){.query = query, .k = 50, .words = true}, &r, NULL) < 0)
        return;
    for (size_t h = 0; h < r->n - r->below; h++)
        for (size_t i = 0; i < n; i++) {
            size_t len = base_len(list[i].c);
            if (strncmp(r->hit[h].collection, list[i].c->name, len) == 0 &&
                strchr("@", r->hit[h].collection[len]))
                list[i].documents++;
        }
}

static json_t *versions_of(const struct docfs_collections *all, const struct docfs_collection *c)
{
    json_t *list = json_array();
    for (size_t i = all->n; i-- > 0;)
        if (same_base(&all->item[i], c) && all->item[i].version && *all->item[i].version)
            json_array_append_new(list, wire_text(all->item[i].version));
    return list;
}

static json_t *library(const struct docfs_collections *all, const struct docfs_collection *c)
{
    char id[LIBRARY_ID_MAX];
    size_t documents = 0, passages = 0;
    int64_t bytes = 0;
    library_id(c, id);
    for (size_t i = 0; i < all->n; i++)
        if (same_base(&all->item[i], c)) {
            documents += all->item[i].documents;
            passages += all->item[i].passages;
            bytes += all->item[i].bytes;
        }
    _cleanup_buf_ struct buf text = {0};
    buf_addf(&text, "%zu documents in the local cache", documents);
    if (c->location && *c->location)
        buf_addf(&text, ", from %s", c->location);
    const char *title = c->title && *c->title ? c->title : NULL;
    return json_pack(
        "{s:o, s:o, s:o, s:s, s:o, s:s, s:I, s:I, s:i, s:i, s:i, s:o, s:o}", "id", wire_text(id),
        "title", title ? wire_text(title) : wire_textn(c->name, base_len(c)), "description",
        wire_text(buf_text(&text)), "branch", "", "lastUpdateDate", wire_time(c->changed_at),
        "state", documents ? "finalized" : "initial", "totalTokens",
        (json_int_t)wire_token_count((size_t)bytes), "totalSnippets", (json_int_t)passages, "stars",
        -1, "trustScore", -1, "benchmarkScore", 0, "versions", versions_of(all, c), "source",
        c->location && *c->location ? wire_text(c->location) : json_null());
}

json_t *context7_libraries(struct docfs *d, const char *name, const char *query,
                           struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    if (docfs_collections(d, &all, err) < 0)
        return NULL;
    _cleanup_free_ struct candidate *list = calloc(all->n + 1, sizeof(*list));
    json_t *out = list ? json_array() : NULL;
    size_t n = 0;
    if (!out) {
        err_oom(err);
        return NULL;
    }
    for (size_t i = 0; i < all->n; i++) { /* ordered by name: the last version of a base stays */
        if (n && same_base(list[n - 1].c, &all->item[i]))
            n--;
        list[n++] = (struct candidate){&all->item[i], likeness(&all->item[i], name), 0};
    }
    bool any = false;
    for (size_t i = 0; i < n; i++)
        any = any || list[i].name;
    ask_documents(d, list, n, query && *query ? query : any ? NULL : name);
    qsort(list, n, sizeof(*list), by_score);
    for (size_t i = 0; i < n && i < LIBRARIES_MAX; i++)
        if (any ? list[i].name : list[i].documents)
            json_array_append_new(out, library(all, list[i].c));
    return out;
}

static void add_line(struct buf *out, const char *label, const char *value)
{
    if (value && *value)
        buf_addf(out, "- %s: %s\n", label, value);
}

void context7_libraries_text(const json_t *libraries, struct buf *out)
{
    json_t *one, *v;
    size_t i, j;
    if (!json_array_size(libraries)) {
        buf_adds(out, "No libraries found matching the provided name.");
        return;
    }
    buf_adds(out, "Available Libraries:\n\n");
    json_array_foreach(libraries, i, one)
    {
        if (i)
            buf_adds(out, "----------\n");
        add_line(out, "Title", json_string_value(json_object_get(one, "title")));
        add_line(out, "Context7-compatible library ID",
                 json_string_value(json_object_get(one, "id")));
        add_line(out, "Description", json_string_value(json_object_get(one, "description")));
        buf_addf(out, "- Code Snippets: %lld\n",
                 (long long)json_integer_value(json_object_get(one, "totalSnippets")));
        json_array_foreach(json_object_get(one, "versions"), j, v)
            buf_addf(out, "%s%s", j ? ", " : "- Versions: ", json_string_value(v));
        if (json_array_size(json_object_get(one, "versions")))
            buf_addc(out, '\n');
        add_line(out, "Source", json_string_value(json_object_get(one, "source")));
    }
    buf_rtrim(out, "\n");
}

/* ---- one of them by its id ---- */

static bool version_fits(const char *have, const char *want)
{
    if (*want == 'v' && isdigit((unsigned char)want[1]) && *have != 'v')
        want++;
    return strcasecmp(have, want) == 0 || (*have == 'v' && strcasecmp(have + 1, want) == 0);
}

/* True for "nextjs", "reactdev", "cpython" and the like of "next", "react", "python"; what is
 * longer
 * ("reactnative") is another thing. */
static bool decorated(const char *name, const char *plain_name)
{
    static const char *const tails[] = {"js", "dev", "docs", "doc", "org", "io", "com", "lang"};
    size_t len = strlen(plain_name);
    if (*name && strcmp(name + 1, plain_name) == 0)
        return true;
    for (size_t i = 0; strncmp(name, plain_name, len) == 0 && i < sizeof(tails) / sizeof(*tails);
         i++)
        if (strcmp(name + len, tails[i]) == 0)
            return true;
    return false;
}

/* The rank of a collection among those that an id may mean: 0 = not meant. */
static int meant(const struct docfs_collection *c, const char *org, const char *project)
{
    char id[LIBRARY_ID_MAX], full[2 * LIBRARY_ID_MAX + 2], name[128], a[128], b[128];
    library_id(c, id);
    snprintf(full, sizeof(full), "/%s/%s", org, project);
    if (strcasecmp(id, full) == 0)
        return 4;
    plain(c->name, base_len(c), name);
    plain(project, strlen(project), a);
    plain(org, strlen(org), b);
    if (strcmp(name, a) == 0)
        return 3;
    if (strcmp(name, b) == 0) /* "/redis/docs" */
        return 2;
    return *name && decorated(a, name) ? 1 : 0; /* "/reactjs/react.dev", "/python/cpython" */
}

int library_find(const struct docfs_collections *all, const char *id,
                 const struct docfs_collection **ret, struct docfs_err *err)
{
    size_t org_len = *id == '/' ? strcspn(id + 1, "/") : 0;
    const char *p = id + 1 + org_len;
    size_t project_len = org_len && *p ? strcspn(p + 1, "/@") : 0;
    const char *version = project_len && p[1 + project_len] ? p + 2 + project_len : "";
    if (!project_len || strchr(version, '/') || strlen(id) >= LIBRARY_ID_MAX)
        return err_set(err, -EINVAL,
                       "'%.200s' is no library id: /org/project or /org/project/version, as "
                       "resolve-library-id gives it",
                       id);
    char org[LIBRARY_ID_MAX], project[LIBRARY_ID_MAX];
    snprintf(org, sizeof(org), "%.*s", (int)org_len, id + 1);
    snprintf(project, sizeof(project), "%.*s", (int)project_len, p + 1);

    int best = 0, rank;
    const struct docfs_collection *found = NULL, *base = NULL;
    for (size_t i = 0; i < all->n; i++) {
        const struct docfs_collection *c = &all->item[i];
        if (!(rank = meant(c, org, project)) || rank < best)
            continue;
        const char *v = c->version ? c->version : "";
        bool fits = !*version || version_fits(v, version);
        if (rank > best)
            found = NULL;
        best = rank;
        base = c;
        /* Without a version the newest is meant. */
        if (fits && (!found || strverscmp(v, found->version ? found->version : "") >= 0))
            found = c;
    }
    if (!base)
        return err_set(err, -ENOENT,
                       "no library %.200s is in this cache; resolve-library-id finds what is", id);
    if (!found)
        return err_set(err, -ESRCH, "%.*s is not in this cache in version %.100s",
                       (int)base_len(base), base->name, version);
    *ret = found;
    return 0;
}

int context7_collection(struct docfs *d, const char *id, char **ret, struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    const struct docfs_collection *c = NULL;
    int r = docfs_collections(d, &all, err);
    if (r == 0)
        r = library_find(all, id, &c, err);
    if (r < 0)
        return r;
    char *name = strdup(c->name);
    if (!name)
        return err_oom(err);
    *ret = name;
    return 0;
}
