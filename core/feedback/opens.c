/* SPDX-License-Identifier: MIT
 * What was found and then read. Answers are remembered for a while; reads are matched with the
 * newest answer that names the document, and written down once nothing more was read of it. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/feedback/feedback.h"
#include "core/util/clock.h"

#define ANSWERS 32
#define HITS 20
#define CHOSEN_MAX 3   /* who reads more of an answer takes all of it (cat *, grep -r) */
#define FORGET_S 600   /* what is read later was not read because it was found */
#define SETTLE_MS 2000 /* since the last read of it */
#define REFINE_S 120   /* a question that is asked so soon after takes the place of the former */
#define NS INT64_C(1000000000)

struct answered {
    char *query;               /* NULL: a free place */
    int64_t asked_ns, read_ns; /* read_ns: of the last read, 0 = none that waits */
    int64_t document[HITS];
    bool seen[HITS], told[HITS];
    bool replaced; /* asked again in other words before anything was read */
    unsigned n, reads;
};

struct docfs_opens {
    struct docfs *d;
    const char *door;
    pthread_mutex_t lock;
    atomic_uint live; /* answers in the ring: most reads see 0 and go on */
    struct answered item[ANSWERS];
    unsigned next;
};

int docfs_opens_new(struct docfs *d, const char *door, struct docfs_opens **ret,
                    struct docfs_err *err)
{
    struct docfs_opens *o = calloc(1, sizeof(*o));
    if (!o)
        return err_oom(err);
    o->d = d;
    o->door = door;
    pthread_mutex_init(&o->lock, NULL);
    atomic_init(&o->live, 0);
    *ret = o;
    return 0;
}

static void forget(struct docfs_opens *o, struct answered *a)
{
    if (!a->query)
        return;
    free(a->query);
    *a = (struct answered){0};
    atomic_fetch_sub(&o->live, 1);
}

/* Is half of the words of one question in the other? Letters decide, not order. */
static bool share_words(const char *a, const char *b)
{
    unsigned words = 0, common = 0;
    for (const char *p = a; *p;) {
        size_t n = strcspn(p, " ");
        if (n > 2) {
            char word[64];
            snprintf(word, sizeof(word), "%.*s", (int)(n < 60 ? n : 60), p);
            words++;
            common += strcasestr(b, word) != NULL;
        }
        p += n + strspn(p + n, " ");
    }
    return words && common * 2 >= words;
}

void docfs_opens_answered(struct docfs_opens *o, const char *query, const struct docfs_results *r)
{
    char *copy = o && r && r->n > r->below ? strdup(query) : NULL;
    if (!copy)
        return;
    int64_t now = clock_mono_ns();
    pthread_mutex_lock(&o->lock);
    struct answered *before = &o->item[(o->next + ANSWERS - 1) % ANSWERS];
    if (before->query && !before->reads && now - before->asked_ns < REFINE_S * NS &&
        strcmp(before->query, query) != 0 && share_words(before->query, query)) {
        before->replaced = true;
        before->read_ns = now;
    }
    struct answered *a = &o->item[o->next++ % ANSWERS];
    forget(o, a);
    a->query = copy;
    a->asked_ns = now;
    for (size_t i = 0; i < r->n - r->below && a->n < HITS; i++)
        a->document[a->n++] = r->hit[i].document;
    atomic_fetch_add(&o->live, 1);
    pthread_mutex_unlock(&o->lock);
}

bool docfs_opens_knows(struct docfs_opens *o, const char *query)
{
    bool found = false;
    int64_t now = clock_mono_ns();
    pthread_mutex_lock(&o->lock);
    for (unsigned i = 0; i < ANSWERS && !found; i++)
        found = o->item[i].query && now - o->item[i].asked_ns <= FORGET_S * NS &&
                strcmp(o->item[i].query, query) == 0;
    pthread_mutex_unlock(&o->lock);
    return found;
}

static bool note_read(struct answered *a, int64_t document, int64_t now)
{
    for (unsigned i = 0; a->query && i < a->n; i++)
        if (a->document[i] == document) {
            if (!a->seen[i]) {
                a->seen[i] = true;
                a->reads++;
                a->read_ns = now;
            }
            return true;
        }
    return false;
}

void docfs_opens_read(struct docfs_opens *o, int64_t document)
{
    if (!o || !atomic_load_explicit(&o->live, memory_order_relaxed))
        return;
    int64_t now = clock_mono_ns();
    pthread_mutex_lock(&o->lock);
    for (unsigned i = 1; i <= ANSWERS; i++) {
        struct answered *a = &o->item[(o->next + ANSWERS - i) % ANSWERS];
        if (a->query && now - a->asked_ns > FORGET_S * NS && !a->read_ns)
            forget(o, a);
        else if (note_read(a, document, now))
            break;
    }
    pthread_mutex_unlock(&o->lock);
}

/* Copies what has settled into list; returns how much. */
static unsigned take_settled(struct docfs_opens *o, bool all, struct docfs_feedback list[],
                             char *query[])
{
    unsigned n = 0;
    int64_t now = clock_mono_ns();
    for (unsigned i = 0; i < ANSWERS; i++) {
        struct answered *a = &o->item[i];
        if (!a->query || !a->read_ns || (!all && now - a->read_ns < SETTLE_MS * NS / 1000))
            continue;
        a->read_ns = 0;
        for (unsigned k = 0; k < a->n && a->reads <= CHOSEN_MAX; k++) {
            bool refined = a->replaced && k == 0 && !a->reads;
            if ((!a->seen[k] && !refined) || a->told[k] || !(query[n] = strdup(a->query)))
                continue;
            a->told[k] = true;
            list[n] = (struct docfs_feedback){.signal = refined ? SIGNAL_REFINED : SIGNAL_OPENED,
                                              .document = a->document[k],
                                              .query = query[n],
                                              .door = o->door,
                                              .rank = k + 1};
            n++;
        }
    }
    return n;
}

void docfs_opens_settle(struct docfs_opens *o, bool all)
{
    struct docfs_feedback list[ANSWERS * CHOSEN_MAX];
    char *query[ANSWERS * CHOSEN_MAX];
    if (!o || !atomic_load_explicit(&o->live, memory_order_relaxed))
        return;
    pthread_mutex_lock(&o->lock);
    unsigned n = take_settled(o, all, list, query);
    pthread_mutex_unlock(&o->lock);
    for (unsigned i = 0; i < n; i++) {
        docfs_feedback_add(o->d, &list[i], NULL); /* of a document that is gone: never mind */
        free(query[i]);
    }
}

void docfs_opens_free(struct docfs_opens *o)
{
    if (!o)
        return;
    docfs_opens_settle(o, true);
    for (unsigned i = 0; i < ANSWERS; i++)
        free(o->item[i].query);
    pthread_mutex_destroy(&o->lock);
    free(o);
}
