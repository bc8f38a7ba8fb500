/* SPDX-License-Identifier: MIT
 * What is wrong with the database at the moment. Every failure of SQLite that is not the caller's
 * passes db_fail and is remembered here until a look of its own finds everything well again. */
#include "core/store/internal.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include "core/util/clock.h"

#define SPACE_LOW (INT64_C(8) << 20)    /* with less than this, a full disk is still full */
#define QUIET_NS INT64_C(2000000000)    /* without a failure before it counts as over ... */
#define QUIET_DAMAGE_NS (30 * QUIET_NS) /* ... of a database that fails only in places */

void trouble_note(struct trouble *t, int code, const char *text)
{
    pthread_mutex_lock(&t->lock);
    t->code = code;
    t->at_ns = clock_mono_ns();
    snprintf(t->text, sizeof(t->text), "%s", text);
    pthread_mutex_unlock(&t->lock);
}

/* ---- is it still there? ---- */

int store_place(struct store *s, struct docfs_err *err)
{
    struct stat st;
    enum place now = PLACE_SAME;
    if (stat(s->file, &st) < 0)
        now = errno == ENOENT || errno == ENOTDIR ? PLACE_GONE : PLACE_SAME;
    else if (st.st_dev != s->dev || st.st_ino != s->ino)
        now = PLACE_OTHER;
    atomic_store(&s->place, now);
    return now == PLACE_SAME ? 0 : place_fail(s, err);
}

int place_fail(struct store *s, struct docfs_err *err)
{
    if (atomic_load(&s->place) == PLACE_OTHER)
        return err_set(err, -ENODEV, "%s was replaced by another file while it was in use",
                       s->file);
    return err_set(err, -ENODEV,
                   "%s was removed while it was in use: put it back, or restore a "
                   "backup (docfs restore)",
                   s->file);
}

bool store_replaced(const struct store *s)
{
    return atomic_load(&s->place) == PLACE_OTHER;
}

int store_same_format(struct store *s, struct conn *c, struct docfs_err *err)
{
    int64_t version = 0;
    struct docfs_err why = {0};
    int r = db_int(c, &version, &why, "PRAGMA user_version", "");
    if (r == 0 && version != STORE_SCHEMA) {
        r = version_fail(c, version, &why);
        trouble_note(&s->trouble, r, why.text);
    }
    if (r < 0 && err)
        *err = why;
    return r;
}

/* ---- is it well again? ---- */

static bool space(const struct store *s)
{
    struct statvfs v;
    return statvfs(s->dir, &v) < 0 || (int64_t)v.f_bavail * (int64_t)v.f_frsize >= SPACE_LOW;
}

/* Over a connection of its own: what the others keep in memory proves nothing. */
static int try_it(struct store *s, struct docfs_err *err)
{
    struct conn *c = NULL;
    int64_t version;
    int flags = s->writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
    int r = conn_open(s->file, flags, s->immutable, 0, &c, err);
    if (r == 0)
        r = store_version(c, &version, err);
    if (r == 0)
        r = meta_int(c, "generation", &version, err);
    if (r == 0 && s->writer && (r = db_exec(c, "BEGIN IMMEDIATE", err)) == 0)
        r = db_exec(c, "ROLLBACK", err);
    conn_close(c);
    return r;
}

int store_check(struct store *s, struct docfs_err *err)
{
    struct trouble *t = &s->trouble;
    uint64_t generation;
    int r = store_place(s, err);
    if (r == 0)
        r = store_generation(s, &generation, err);
    if (r < 0)
        return r;
    pthread_mutex_lock(&t->lock);
    int code = t->code;
    int64_t at_ns = t->at_ns;
    struct docfs_err was;
    err_set(&was, code, "%s", t->text);
    pthread_mutex_unlock(&t->lock);
    if (!code)
        return 0;
    int64_t quiet = code == -EBADMSG ? QUIET_DAMAGE_NS : QUIET_NS;
    if (clock_mono_ns() - at_ns >= quiet && (code != -ENOSPC || space(s)) && try_it(s, NULL) == 0) {
        pthread_mutex_lock(&t->lock);
        bool over = t->at_ns == at_ns;
        if (over)
            t->code = 0;
        pthread_mutex_unlock(&t->lock);
        if (over)
            return 0;
    }
    if (err)
        *err = was;
    return code;
}
