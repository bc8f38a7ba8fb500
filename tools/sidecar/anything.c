/* SPDX-License-Identifier: MIT */
#include "tools/sidecar/anything.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

void any_error(struct request *q, struct response *a, int status, const char *code,
               const char *detail)
{
    if (status == 401 || (status == 403 && strcmp(code, "READ_ONLY") != 0))
        return response_json(
            a, 403, json_pack("{s:s, s:s}", "error", "No valid api key found.", "message", detail));
    if (status == 422)
        status = 400;
    response_json(a, status,
                  json_pack("{s:b, s:s, s:s, s:s}", "success", 0, "error", detail, "message",
                            detail, "trace_id", q->trace));
}

void any_slug(const char *name, char out[ANY_SLUG_MAX])
{
    static const struct {
        char c;
        const char *word;
    } words[] = {{'+', "plus"}, {'!', "bang"}, {'@', "at"}, {'*', "splat"},
                 {'.', "dot"},  {':', ""},     {'~', ""},   {'(', ""},
                 {')', ""},     {'\'', ""},    {'"', ""},   {'|', ""}};
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)name; *p && n < 100; p++) {
        const char *word = NULL;
        for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
            if (*p == (unsigned char)words[i].c)
                word = words[i].word;
        if (isalnum(*p) || *p == '_') {
            out[n++] = (char)tolower(*p);
        } else if (word) {
            size_t len = strlen(word);
            memcpy(out + n, word, len);
            n += len;
        } else if (n && out[n - 1] != '-') {
            out[n++] = '-';
        }
    }
    while (n && out[n - 1] == '-')
        n--;
    out[n] = '\0';
}

void any_uuid(char out[37])
{
    unsigned char b[16];
    if (getrandom(b, sizeof(b), 0) != sizeof(b)) /* names only: uniqueness is checked elsewhere */
        for (size_t i = 0; i < sizeof(b); i++)
            b[i] = (unsigned char)(clock() >> (i % 4 * 8));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
             b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
             b[14], b[15]);
}

json_t *any_iso(int64_t seconds)
{
    char text[64];
    time_t t = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S.000Z", &tm))
        return json_null();
    return json_string(text);
}

/* ---- workspaces ---- */

void workspaces_fini(struct workspaces *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->item[i].name);
        free(w->item[i].collection);
        json_decref(w->item[i].settings);
    }
    free(w->item);
    *w = (struct workspaces){0};
}

static int by_slug(const void *a, const void *b)
{
    return strcmp(((const struct workspace *)a)->slug, ((const struct workspace *)b)->slug);
}

const struct workspace *workspaces_find(const struct workspaces *w, const char *slug)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->item[i].slug, slug) == 0 || strcmp(w->item[i].collection, slug) == 0)
            return &w->item[i];
    return NULL;
}

static struct workspace *add(struct workspaces *w, const char *slug, const char *name,
                             const char *collection)
{
    struct workspace *x = &w->item[w->n];
    *x = (struct workspace){.name = strdup(name), .collection = strdup(collection)};
    snprintf(x->slug, sizeof(x->slug), "%s", slug);
    w->n++;
    return x->name && x->collection ? x : NULL;
}

static int add_collections(const struct docfs_collections *all, struct workspaces *w)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct docfs_collection *c = &all->item[i];
        char slug[ANY_SLUG_MAX];
        any_slug(c->name, slug);
        struct workspace *x = add(w, slug, c->title && *c->title ? c->title : c->name, c->name);
        if (!x || !(x->settings = json_object()))
            return -ENOMEM;
        x->id = 1000000 + c->id;
        x->root = c->root;
        x->documents = c->documents;
        x->created_at = x->updated_at = c->changed_at;
    }
    return 0;
}

static int add_records(const struct docfs_records *kept, struct workspaces *w)
{
    for (size_t i = 0; i < kept->n; i++) {
        const struct docfs_record *r = &kept->item[i];
        struct workspace *x = NULL;
        for (size_t k = 0; k < w->n && !x; k++)
            if (strcmp(w->item[k].slug, r->key) == 0)
                x = &w->item[k];
        if (!x)
            x = add(w, r->key, r->key, r->key);
        json_t *value = json_loads(r->value, 0, NULL), *name = json_object_get(value, "name");
        if (!x || !value) {
            json_decref(value);
            return -ENOMEM;
        }
        if (json_is_string(name)) {
            free(x->name);
            x->name = strdup(json_string_value(name));
        }
        json_decref(x->settings);
        x->settings = value;
        x->id = r->id;
        x->created_at = r->created_at;
        x->updated_at = r->updated_at;
        x->kept = true;
        if (!x->name)
            return -ENOMEM;
    }
    return 0;
}

int workspaces_load(struct docfs *d, struct workspaces *ret, struct docfs_err *err)
{
    _cleanup_(docfs_collections_freep) struct docfs_collections *all = NULL;
    _cleanup_(docfs_records_freep) struct docfs_records *kept = NULL;
    struct docfs_record_filter f = {.kind = "workspace", .parent = ""};
    *ret = (struct workspaces){0};
    int r = docfs_collections(d, &all, err);
    if (r == 0)
        r = docfs_records(d, &f, &kept, err);
    if (r < 0)
        return r;
    ret->item = calloc(all->n + kept->n + 1, sizeof(*ret->item));
    if (!ret->item || add_collections(all, ret) < 0 || add_records(kept, ret) < 0) {
        workspaces_fini(ret);
        return err_oom(err);
    }
    qsort(ret->item, ret->n, sizeof(*ret->item), by_slug);
    return 0;
}

int workspace_save(struct docfs *d, const char *slug, const char *name, const json_t *settings,
                   struct docfs_err *err)
{
    json_t *value = json_copy((json_t *)settings);
    if (value)
        json_object_set_new(value, "name", wire_text(name));
    _cleanup_free_ char *text = value ? json_dumps(value, JSON_COMPACT) : NULL;
    json_decref(value);
    if (!text)
        return err_oom(err);
    struct docfs_record r = {.kind = "workspace", .parent = "", .key = slug, .value = text};
    return docfs_record_put(d, &r, NULL, err);
}

json_t *workspace_json(const struct workspace *w)
{
    static const char *const members[] = {
        "openAiTemp",    "openAiPrompt", "chatProvider", "chatModel", "pfpFilename",
        "agentProvider", "agentModel",   "router_id",    "vectorTag", "queryRefusalResponse"};
    json_t *o = json_pack(
        "{s:I, s:o, s:s, s:o, s:o, s:i, s:f, s:i, s:s, s:s}", "id", (json_int_t)w->id, "name",
        wire_text(w->name), "slug", w->slug, "createdAt", any_iso(w->created_at), "lastUpdatedAt",
        any_iso(w->updated_at), "openAiHistory", 20, "similarityThreshold", ANY_THRESHOLD, "topN",
        ANY_TOP, "chatMode", "query", "vectorSearchMode", "default");
    for (size_t i = 0; o && i < sizeof(members) / sizeof(*members); i++)
        json_object_set_new(o, members[i], json_null());
    if (o) {
        json_object_update_existing(o, w->settings);
        json_object_set_new(o, "collection", wire_text(w->collection));
    }
    return o;
}

/* ---- threads ---- */

void any_place(struct buf *b, const char *slug, const char *thread)
{
    buf_addf(b, "%s%s%s", slug, thread && *thread ? "/" : "", thread ? thread : "");
}

json_t *any_threads(struct docfs *d, const char *slug)
{
    _cleanup_(docfs_records_freep) struct docfs_records *all = NULL;
    struct docfs_record_filter f = {.kind = "thread", .parent = slug};
    json_t *list = json_array();
    if (docfs_records(d, &f, &all, NULL) < 0)
        return list;
    for (size_t i = 0; i < all->n; i++) {
        json_t *v = json_loads(all->item[i].value, 0, NULL);
        json_array_append_new(
            list, json_pack("{s:O?, s:s, s:O?}", "user_id", json_object_get(v, "user_id"), "slug",
                            all->item[i].key, "name", json_object_get(v, "name")));
        json_decref(v);
    }
    return list;
}
