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

static int make(struct docfs *d, struct chat **ret, struct docfs_err *err)
{
    _cleanup_free_ char *urls = setting_text(d, "chat.url"), *names = setting_text(d, "chat.model"),
                        *key = NULL;
    char *url_rest = urls, *name_rest = names, *url, *name, *last = NULL;
    struct chat_endpoint e[CHAT_ENDPOINTS];
    size_t n = 0;
    if (!urls || !names)
        return err_oom(err);
    int r = *urls ? setting_secret(d, "chat.key_file", &key, err) : 0;
    if (r < 0)
        return r;
    while ((url = next_item(&url_rest))) {
        if (n == CHAT_ENDPOINTS)
            return err_set(err, -EINVAL, "chat.url may name %d endpoints", CHAT_ENDPOINTS);
        if ((name = next_item(&name_rest)))
            last = name;
        e[n++] = (struct chat_endpoint){.url = url,
                                        .model = last ? last : "",
                                        .key = key,
                                        .kind = (enum chat_kind)setting_int(d, "chat.provider")};
    }
    *ret = NULL;
    return n ? chat_new(e, n, (long)setting_int(d, "chat.timeout"), ret, err) : 0;
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
