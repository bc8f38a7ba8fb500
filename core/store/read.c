/* SPDX-License-Identifier: MIT
 * Borrowed readers, and the generation as it is now. */
#include "core/store/internal.h"

#include "core/util/clock.h"

void reader_free(struct store_read *r)
{
    directory_forget(r);
    conn_close(r->c);
    free(r);
}

static int reader_new(struct store *s, struct store_read **ret, struct docfs_err *err)
{
    struct store_read *r = calloc(1, sizeof(*r));
    if (!r)
        return err_oom(err);
    r->s = s;
    /* Read-write where that is possible: only such a connection can recover the log that a killed
     * process left behind. query_only keeps it from writing anything else. */
    int flags = s->writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int e = conn_open(s->file, flags, s->immutable, s->busy_ms, &r->c, err);
    if (e == 0) {
        r->c->trouble = &s->trouble;
        e = db_exec(r->c, "PRAGMA query_only = ON", err);
    }
    if (e < 0) {
        reader_free(r);
        return e;
    }
    *ret = r;
    return 0;
}

/* The few on top keep the pages that they have read and are taken first. What a burst needed beside
 * them waits at the bottom without memory. */
static void reader_put(struct store_read *r)
{
    struct store *s = r->s;
    pthread_mutex_lock(&s->pool_lock);
    bool warm = s->n_warm < POOL_WARM && s->n_idle < POOL_MAX;
    if (warm) {
        s->idle[s->n_idle++] = r;
        s->n_warm++;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (warm)
        return;
    sqlite3_db_release_memory(r->c->db);
    pthread_mutex_lock(&s->pool_lock);
    bool kept = s->n_idle < POOL_MAX;
    if (kept) {
        memmove(s->idle + 1, s->idle, s->n_idle++ * sizeof(*s->idle));
        s->idle[0] = r;
    }
    pthread_mutex_unlock(&s->pool_lock);
    if (!kept)
        reader_free(r);
}

int store_read_begin(struct store *s, struct store_read **ret, struct docfs_err *err)
{
    struct store_read *r = NULL;
    if (atomic_load(&s->place) != PLACE_SAME)
        return place_fail(s, err);
    pthread_mutex_lock(&s->pool_lock);
    if (s->n_idle)
        r = s->idle[--s->n_idle];
    if (s->n_warm)
        s->n_warm--;
    pthread_mutex_unlock(&s->pool_lock);
    int e = r ? 0 : reader_new(s, &r, err);
    if (e < 0)
        return e;
    int64_t generation = 0;
    e = db_run(r->c, err, "BEGIN", "");
    if (e == 0) /* the first row read fixes the state that the transaction sees */
        e = meta_int(r->c, "generation", &generation, err);
    if (e == 0)
        e = store_same_format(s, r->c, err);
    if (e < 0) {
        store_read_end(r);
        return e;
    }
    r->generation = (uint64_t)generation;
    *ret = r;
    return 0;
}

void store_read_end(struct store_read *r)
{
    if (!r)
        return;
    content_done(r->c);
    if (!sqlite3_get_autocommit(r->c->db))
        db_run(r->c, NULL, "COMMIT", "");
    if (sqlite3_get_autocommit(r->c->db)) {
        reader_put(r);
        return;
    }
    reader_free(r); /* it would keep the log from being emptied */
}

uint64_t store_read_generation(struct store_read *r)
{
    return r->generation;
}

/* Brings what is remembered per data_version up to date; watch_lock held. */
static int watch_refresh(struct store *s, struct docfs_err *err)
{
    int64_t version = 0, generation = 0;
    if (atomic_load(&s->place) != PLACE_SAME)
        return place_fail(s, err);
    int r = db_int(s->watch, &version, err, "PRAGMA data_version", "");
    if (r < 0 || version == s->data_version)
        return r;
    r = meta_int(s->watch, "generation", &generation, err);
    if (r == 0)
        r = store_same_format(s, s->watch, err);
    if (r < 0)
        return r;
    s->generation = (uint64_t)generation;
    s->data_version = version;
    settings_forget(s);
    return 0;
}

int store_generation(struct store *s, uint64_t *ret, struct docfs_err *err)
{
    pthread_mutex_lock(&s->watch_lock);
    int r = watch_refresh(s, err);
    if (r == 0)
        *ret = s->generation;
    pthread_mutex_unlock(&s->watch_lock);
    return r;
}

/* A question asks for some 60 settings: what another process changed is seen this much later; what
 * this one changed, at once. */
#define SETTINGS_SEEN_NS 1000000

int store_setting_now(struct store *s, const char *key, char *ret, size_t size,
                      struct docfs_err *err)
{
    pthread_mutex_lock(&s->watch_lock);
    int64_t now = clock_mono_ns();
    int r = 0;
    if (!s->settings_known || now - atomic_load(&s->settings_seen) > SETTINGS_SEEN_NS) {
        atomic_store(&s->settings_seen,
                     now); /* before: a write that ends meanwhile takes it back */
        r = watch_refresh(s, err);
    }
    if (r == 0 && !s->settings_known)
        r = settings_load(s, err);
    const char *value = "";
    for (size_t i = 0; r == 0 && i < s->n_settings; i++)
        if (strcmp(s->setting[i].key, key) == 0)
            value = s->setting[i].value;
    if (r == 0 && strlen(value) >= size)
        r = err_set(err, -ENAMETOOLONG, "setting %s is too long", key);
    if (r == 0)
        strcpy(ret, value);
    pthread_mutex_unlock(&s->watch_lock);
    return r;
}
