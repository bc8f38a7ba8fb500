/* SPDX-License-Identifier: MIT
 * Facts about the cache (meta) and what the user set (settings). */
#include "core/store/internal.h"

#include <stdio.h>

int meta_int(struct conn *c, const char *key, int64_t *ret, struct docfs_err *err)
{
    int r = db_int(c, ret, err, "SELECT value FROM meta WHERE key = ?1", "t", key);
    if (r == -ENOENT) { /* never written counts as zero */
        *ret = 0;
        r = 0;
    }
    return r;
}

int meta_set_int(struct conn *c, const char *key, int64_t value, struct docfs_err *err)
{
    return db_run(c, err,
                  "INSERT INTO meta(key, value) VALUES (?1, ?2) "
                  "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                  "ti", key, value);
}

int store_meta(struct store_read *r, const char *key, char *ret, size_t size, struct docfs_err *err)
{
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int e = db_query(r->c, &st, err, "SELECT value FROM meta WHERE key = ?1", "t", key);
    if (e < 0 || (e = db_step(r->c, st, err)) < 0)
        return e;
    const char *value = e ? db_text(st, 0) : "";
    if (strlen(value) >= size)
        return err_set(err, -ENAMETOOLONG, "the value of %s is too long", key);
    strcpy(ret, value);
    return 0;
}

int store_set_meta(struct store_write *w, const char *key, const char *value, struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    return db_run(w->c, err,
                  "INSERT INTO meta(key, value) VALUES (?1, ?2) "
                  "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                  "tt", key, value);
}

int store_set_setting(struct store_write *w, const char *key, const char *value,
                      struct docfs_err *err)
{
    int r = write_check(w, err);
    if (r < 0)
        return r;
    if (!value)
        return db_run(w->c, err, "DELETE FROM settings WHERE key = ?1", "t", key);
    return db_run(w->c, err,
                  "INSERT INTO settings(key, value) VALUES (?1, ?2) "
                  "ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                  "tt", key, value);
}

void settings_forget(struct store *s)
{
    for (size_t i = 0; i < s->n_settings; i++) {
        free(s->setting[i].key);
        free(s->setting[i].value);
    }
    free(s->setting);
    s->setting = NULL;
    s->n_settings = 0;
    s->settings_known = false;
}

int settings_load(struct store *s, struct docfs_err *err)
{
    settings_forget(s);
    _cleanup_stmt_ sqlite3_stmt *st = NULL;
    int r = db_query(s->watch, &st, err, "SELECT key, value FROM settings", "");
    while (r >= 0 && (r = db_step(s->watch, st, err)) == 1) {
        if (!grow(&s->setting, s->n_settings, sizeof(*s->setting)))
            return err_oom(err);
        struct setting *x = &s->setting[s->n_settings];
        *x = (struct setting){db_strdup(st, 0), db_strdup(st, 1)};
        s->n_settings++;
        if (!x->key || !x->value) {
            settings_forget(s);
            return err_oom(err);
        }
    }
    s->settings_known = r == 0;
    return r;
}
