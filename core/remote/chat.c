/* SPDX-License-Identifier: MIT
 * Which endpoint is asked, and what is remembered about it. */
#include "core/remote/chat_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/cleanup.h"
#include "core/util/clock.h"

const char *chat_kind_name(enum chat_kind k)
{
    return k == CHAT_OLLAMA ? "ollama" : k == CHAT_OPENAI ? "openai" : "auto";
}

static void endpoint_fini(struct endpoint *e)
{
    free(e->url);
    free(e->model);
    free(e->key);
}

void chat_free(struct chat *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n; i++)
        endpoint_fini(&c->item[i]);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

int chat_new(const struct chat_endpoint *e, size_t n, long timeout_ms, struct chat **ret,
             struct docfs_err *err)
{
    if (n == 0 || n > CHAT_ENDPOINTS)
        return err_set(err, -EINVAL, "between 1 and %d chat endpoints can be used", CHAT_ENDPOINTS);
    struct chat *c = calloc(1, sizeof(*c));
    if (!c)
        return err_oom(err);
    pthread_mutex_init(&c->lock, NULL);
    c->timeout_ms = timeout_ms;
    for (; c->n < n; c->n++) {
        struct endpoint *x = &c->item[c->n];
        *x = (struct endpoint){.kind = e[c->n].kind};
        x->url = strdup(e[c->n].url);
        x->model = strdup(e[c->n].model ? e[c->n].model : "");
        x->key = e[c->n].key && *e[c->n].key ? strdup(e[c->n].key) : NULL;
        size_t len = x->url ? strlen(x->url) : 0;
        bool bad =
            x->url && strncmp(x->url, "http://", 7) != 0 && strncmp(x->url, "https://", 8) != 0;
        while (len && x->url[len - 1] == '/')
            x->url[--len] = '\0';
        if (bad || !x->url || !x->model) {
            int r =
                bad ? err_set(err, -EINVAL,
                              "chat.url: \"%.200s\" must begin with http:// or https://", x->url)
                    : err_oom(err);
            c->n++;
            chat_free(c);
            return r;
        }
    }
    *ret = c;
    return 0;
}

/* ---- the breaker ---- */

static int64_t now_ms(void)
{
    return clock_mono_ns() / 1000000;
}

/* May it be asked? One question at a time probes an endpoint whose rest is over. */
static bool admit(struct chat *c, struct endpoint *e)
{
    pthread_mutex_lock(&c->lock);
    bool rests = e->failures >= CHAT_TRIPS && (now_ms() < e->rest_until || e->probing);
    if (!rests && e->failures >= CHAT_TRIPS)
        e->probing = true;
    pthread_mutex_unlock(&c->lock);
    return !rests;
}

static void note(struct chat *c, struct endpoint *e, int rc, const char *text)
{
    pthread_mutex_lock(&c->lock);
    e->probing = false;
    if (rc == 0) {
        e->failures = 0;
        e->error[0] = '\0';
    } else if (rc != -ECANCELED) {
        e->failures++;
        snprintf(e->error, sizeof(e->error), "%.199s", text);
        if (e->failures >= CHAT_TRIPS) {
            unsigned more = e->failures - CHAT_TRIPS;
            int64_t rest = (int64_t)CHAT_REST_MS << (more > 4 ? 4 : more);
            e->rest_until = now_ms() + (rest < CHAT_REST_MAX_MS ? rest : CHAT_REST_MAX_MS);
        }
    }
    pthread_mutex_unlock(&c->lock);
}

size_t chat_states(struct chat *c, struct chat_state ret[CHAT_ENDPOINTS])
{
    pthread_mutex_lock(&c->lock);
    int64_t now = now_ms();
    for (size_t i = 0; i < c->n; i++) {
        struct endpoint *e = &c->item[i];
        bool rests = e->failures >= CHAT_TRIPS && e->rest_until > now;
        ret[i] = (struct chat_state){.url = e->url,
                                     .kind = e->kind,
                                     .failures = e->failures,
                                     .rests_ms = rests ? e->rest_until - now : 0};
        snprintf(ret[i].last_error, sizeof(ret[i].last_error), "%s", e->error);
    }
    pthread_mutex_unlock(&c->lock);
    return c->n;
}

int chat_ask(struct chat *c, const struct chat_ask *ask, struct chat_reply *ret,
             struct docfs_err *err)
{
    struct docfs_err why = {0};
    int rc = err_set(&why, -EHOSTDOWN, "no chat endpoint answers; they are asked again in a while");
    for (size_t i = 0; i < c->n; i++) {
        struct endpoint *e = &c->item[i];
        if (!admit(c, e))
            continue;
        bool given = false;
        buf_clear(&ret->text);
        rc = endpoint_ask(c, e, ask, ret, &given, &why);
        note(c, e, rc, why.text);
        if (rc == 0 || rc == -ECANCELED || given)
            break;
    }
    if (rc < 0 && err)
        *err = why;
    return rc;
}
