/* SPDX-License-Identifier: MIT
 * chat.url and chat.model are lists; the model at the same place belongs to the endpoint, the last
 * one to all further endpoints. */
#include "core/enrich/enrich.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/cleanup.h"

#define CHECK_MS 5000

struct models {
    pthread_rwlock_t lock; /* readers use chat; the writer exchanges it */
    struct chat *chat;
    uint64_t mark; /* of the settings it was made from */
};

int models_new(struct models **ret, struct docfs_err *err)
{
    struct models *m = calloc(1, sizeof(*m));
    if (!m)
        return err_oom(err);
    pthread_rwlock_init(&m->lock, NULL);
    *ret = m;
    return 0;
}

void models_free(struct models *m)
{
    if (!m)
        return;
    chat_free(m->chat);
    pthread_rwlock_destroy(&m->lock);
    free(m);
}

/* The next item of a comma-separated list, trimmed; NULL at the end. */
static char *next_item(char **rest)
{
    char *item;
    while ((item = strsep(rest, ","))) {
        item += strspn(item, " \t");
        item[strcspn(item, " \t")] = '\0';
        if (*item)
            return item;
    }
    return NULL;
}

/* What the settings name; the strings of e point into the others. */
struct named {
    char *urls, *names, *key;
    struct chat_endpoint e[CHAT_ENDPOINTS];
    size_t n;
};

static void named_fini(struct named *x)
{
    free(x->urls);
    free(x->names);
    free(x->key);
}
#define _cleanup_named_ _cleanup_(named_fini)

static int read_named(struct docfs *d, struct named *ret, struct docfs_err *err)
{
    ret->urls = setting_text(d, "chat.url");
    ret->names = setting_text(d, "chat.model");
    if (!ret->urls || !ret->names)
        return err_oom(err);
    int r = *ret->urls ? setting_secret(d, "chat.key_file", &ret->key, err) : 0;
    if (r < 0)
        return r;
    char *url_rest = ret->urls, *name_rest = ret->names, *url, *name, *last = NULL;
    while ((url = next_item(&url_rest))) {
        if (ret->n == CHAT_ENDPOINTS)
            return err_set(err, -EINVAL, "chat.url may name %d endpoints", CHAT_ENDPOINTS);
        if ((name = next_item(&name_rest)))
            last = name;
        ret->e[ret->n++] =
            (struct chat_endpoint){.url = url,
                                   .model = last ? last : "",
                                   .key = ret->key,
                                   .kind = (enum chat_kind)setting_int(d, "chat.provider")};
    }
    return 0;
}

static int make(struct docfs *d, struct chat **ret, struct docfs_err *err)
{
    _cleanup_named_ struct named x = {0};
    int r = read_named(d, &x, err);
    *ret = NULL;
    return r < 0 ? r : x.n ? chat_new(x.e, x.n, (long)setting_int(d, "chat.timeout"), ret, err) : 0;
}

int models_acquire(struct docfs *d, struct chat **ret, struct docfs_err *err)
{
    struct models *m = d->models;
    uint64_t mark = settings_mark(d, "chat.", 1);
    pthread_rwlock_rdlock(&m->lock);
    while (m->mark != mark) {
        pthread_rwlock_unlock(&m->lock);
        struct chat *fresh = NULL;
        int r = make(d, &fresh, err);
        if (r < 0)
            return r;
        pthread_rwlock_wrlock(&m->lock);
        chat_free(m->chat);
        m->chat = fresh;
        m->mark = mark;
        pthread_rwlock_unlock(&m->lock);
        pthread_rwlock_rdlock(&m->lock);
    }
    *ret = m->chat;
    if (!m->chat)
        pthread_rwlock_unlock(&m->lock);
    return 0;
}

void models_release(struct docfs *d)
{
    pthread_rwlock_unlock(&d->models->lock);
}

bool docfs_chat_is_set(struct docfs *d)
{
    _cleanup_free_ char *url = setting_text(d, "chat.url");
    return url && *url;
}

size_t docfs_chat_endpoints(struct docfs *d, struct docfs_chat_endpoint *ret, size_t max)
{
    struct chat_state s[CHAT_ENDPOINTS];
    struct chat *c = NULL;
    if (models_acquire(d, &c, NULL) < 0 || !c)
        return 0;
    size_t n = chat_states(c, s);
    n = n < max ? n : max;
    for (size_t i = 0; i < n; i++) {
        ret[i] = (struct docfs_chat_endpoint){.kind = chat_kind_name(s[i].kind),
                                              .failures = s[i].failures,
                                              .rests_ms = s[i].rests_ms};
        snprintf(ret[i].url, sizeof(ret[i].url), "%s", s[i].url);
        snprintf(ret[i].last_error, sizeof(ret[i].last_error), "%s", s[i].last_error);
    }
    models_release(d);
    return n;
}

/* ---- is it there? ---- */

struct listed {
    const char *wanted; /* "": the first one will do */
    char *ret;
    size_t size;
    bool found;
    struct buf names;
};

static void on_model(void *arg, const char *name)
{
    struct listed *l = arg;
    size_t n = strlen(l->wanted);
    bool same =
        strncmp(name, l->wanted, n) == 0 && (!n || !name[n] || !strcmp(name + n, ":latest"));
    buf_addf(&l->names, "%s%s", l->names.len ? ", " : "", name);
    if (same && !l->found)
        snprintf(l->ret, l->size, "%s", name);
    l->found = l->found || same;
}

int docfs_chat_check(struct docfs *d, size_t i, char *ret_model, size_t size, struct docfs_err *err)
{
    _cleanup_named_ struct named x = {0};
    enum chat_kind kind;
    int r = read_named(d, &x, err);
    if (r < 0 || i >= x.n)
        return r < 0 ? r : 0;
    const struct chat_endpoint *e = &x.e[i];
    struct listed l = {.wanted = e->model, .ret = ret_model, .size = size, .names = {.limit = 300}};
    struct docfs_err why = {0};
    r = chat_models(e, CHECK_MS, &kind, on_model, &l, &why);
    if (r == 0 && !l.found) {
        r = err_set(&why, -ENOENT, "%s has no model %s%s%s", e->url, e->model,
                    l.names.len ? " (chat.model); it has: " : "at all", buf_text(&l.names));
    }
    buf_fini(&l.names);
    if (r < 0 && err)
        *err = why;
    return r < 0 ? r : 1;
}
