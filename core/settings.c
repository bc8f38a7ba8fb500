/* SPDX-License-Identifier: MIT
 * The value in force of a setting: joins config (defaults, files, environment) with what the cache
 * holds and the options of this handle. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/internal.h"
#include "core/util/buf.h"
#include "core/util/hash.h"

/* What the options of this handle set; fixed at open. */
struct option_value {
    char *value;
    double number;
};

int settings_open(struct docfs *d, const char *const *set, struct docfs_err *err)
{
    pthread_rwlock_init(&d->config_lock, NULL);
    d->config_lock_made = true;
    d->option = calloc(config_count, sizeof(*d->option));
    if (!d->option)
        return err_oom(err);
    for (; set && *set; set++) {
        const char *eq = strchr(*set, '=');
        _cleanup_free_ char *key = eq ? strndup(*set, (size_t)(eq - *set)) : strdup(*set);
        if (!key)
            return err_oom(err);
        if (!eq)
            return err_set(err, -EINVAL, "--set %s: write it as KEY=VALUE", *set);
        int i = config_find(key);
        int r = i < 0 ? config_unknown(key, err) : config_check(&config_table[i], eq + 1, err);
        if (r < 0)
            return err_prefix(err, -EINVAL, "--set");
        free(d->option[i].value);
        d->option[i] =
            (struct option_value){strdup(eq + 1), config_number(&config_table[i], eq + 1)};
        if (!d->option[i].value)
            return err_oom(err);
    }
    return config_load(&d->config, err);
}

void settings_close(struct docfs *d)
{
    for (size_t i = 0; d->option && i < config_count; i++)
        free(d->option[i].value);
    free(d->option);
    config_free(d->config);
    if (d->config_lock_made)
        pthread_rwlock_destroy(&d->config_lock);
}

int docfs_reload(struct docfs *d, struct docfs_err *err)
{
    struct config *c;
    int r = config_load(&c, err);
    if (r < 0)
        return r;
    pthread_rwlock_wrlock(&d->config_lock);
    struct config *old = d->config;
    d->config = c;
    pthread_rwlock_unlock(&d->config_lock);
    config_free(old);
    return 0;
}

/* What the cache holds when this version accepts it: true, the text in ret. */
static bool stored(struct docfs *d, size_t i, char *ret, size_t size, double *number)
{
    if (!d->store || store_setting_now(d->store, config_table[i].key, ret, size, NULL) < 0 || !*ret)
        return false;
    *number = config_number(&config_table[i], ret);
    return !isnan(*number);
}

double setting_real(struct docfs *d, const char *key)
{
    int i = config_find(key);
    if (i < 0)
        return 0;
    if (d->option[i].value)
        return d->option[i].number;
    char text[64];
    double v;
    if (stored(d, (size_t)i, text, sizeof(text), &v))
        return v;
    pthread_rwlock_rdlock(&d->config_lock);
    struct config_value c = config_get(d->config, (size_t)i);
    pthread_rwlock_unlock(&d->config_lock);
    return c.value ? c.number : config_number(&config_table[i], config_table[i].fallback);
}

int64_t setting_int(struct docfs *d, const char *key)
{
    return (int64_t)setting_real(d, key);
}

char *setting_text(struct docfs *d, const char *key)
{
    int i = config_find(key);
    if (i < 0)
        return strdup("");
    if (d->option[i].value)
        return strdup(d->option[i].value);
    char text[CONFIG_VALUE_MAX + 1];
    double v;
    if (stored(d, (size_t)i, text, sizeof(text), &v))
        return strdup(text);
    pthread_rwlock_rdlock(&d->config_lock);
    struct config_value c = config_get(d->config, (size_t)i);
    char *copy = strdup(c.value ? c.value : config_table[i].fallback);
    pthread_rwlock_unlock(&d->config_lock);
    return copy;
}

uint64_t settings_mark(struct docfs *d, const char *prefix, uint64_t seed)
{
    for (size_t i = 0; i < config_count; i++) {
        if (strncmp(config_table[i].key, prefix, strlen(prefix)) != 0)
            continue;
        double v = setting_real(d, config_table[i].key);
        seed = hash64(&v, sizeof(v), seed);
        if (config_table[i].kind != TEXT)
            continue;
        _cleanup_free_ char *text = setting_text(d, config_table[i].key);
        seed = text ? hash64(text, strlen(text), seed) : seed;
    }
    return seed;
}

int setting_secret(struct docfs *d, const char *key, char **ret, struct docfs_err *err)
{
    int i = config_find(key);
    if (i < 0 || config_table[i].kind != SECRET)
        return err_set(err, -ENOENT, "%s is not a setting that names a secret file", key);
    _cleanup_free_ char *path = setting_text(d, key);
    return path ? config_secret(&config_table[i], path, ret, err) : err_oom(err);
}

double docfs_setting_number(struct docfs *d, const char *key)
{
    return setting_real(d, key);
}

char *docfs_setting_text(struct docfs *d, const char *key)
{
    return setting_text(d, key);
}

int docfs_setting_secret(struct docfs *d, const char *key, char **ret, struct docfs_err *err)
{
    return setting_secret(d, key, ret, err);
}

/* ---- the list ---- */

static const char *const kinds[] = {"integer", "real", "switch",   "text",
                                    "choice",  "size", "duration", "secret"};

static int describe(struct docfs *d, size_t i, struct docfs_setting *ret)
{
    const struct config_def *def = &config_table[i];
    char text[CONFIG_VALUE_MAX + 1] = "";
    double number;
    const char *value = def->fallback, *where = NULL, *ignored = NULL;
    enum docfs_origin origin = DOCFS_FROM_DEFAULT;
    pthread_rwlock_rdlock(&d->config_lock);
    struct config_value c = config_get(d->config, i);
    if (c.value) {
        value = c.value;
        where = c.where;
        origin = c.from_environment ? DOCFS_FROM_ENVIRONMENT : DOCFS_FROM_FILE;
    }
    struct docfs_err why = {0};
    if (stored(d, i, text, sizeof(text), &number)) {
        value = text;
        where = NULL;
        origin = DOCFS_FROM_CACHE;
    } else if (*text) {
        config_check(def, text, &why);
        ignored = why.text;
    }
    if (d->option[i].value) {
        value = d->option[i].value;
        where = NULL;
        origin = DOCFS_FROM_OPTION;
    }
    *ret = (struct docfs_setting){.key = def->key,
                                  .value = strdup(value),
                                  .fallback = def->fallback,
                                  .help = def->help,
                                  .is_set = origin != DOCFS_FROM_DEFAULT,
                                  .origin = origin,
                                  .where = where ? strdup(where) : NULL,
                                  .kind = kinds[def->kind],
                                  .choices = def->choices,
                                  .low = def->low,
                                  .high = def->high,
                                  .restart = def->flags & CONFIG_RESTART,
                                  .local = def->kind == SECRET || (def->flags & CONFIG_LOCAL),
                                  .ignored = ignored ? strdup(ignored) : NULL};
    pthread_rwlock_unlock(&d->config_lock);
    return ret->value && (ret->where || !where) && (ret->ignored || !ignored) ? 0 : -ENOMEM;
}

int docfs_settings(struct docfs *d, struct docfs_settings **ret, struct docfs_err *err)
{
    struct docfs_settings *s = calloc(1, sizeof(*s));
    if (s)
        s->item = calloc(config_count, sizeof(*s->item));
    if (!s || !s->item) {
        free(s);
        return err_oom(err);
    }
    for (size_t i = 0; i < config_count; i++) {
        s->n++;
        if (describe(d, i, &s->item[i]) < 0) {
            docfs_settings_free(s);
            return err_oom(err);
        }
    }
    *ret = s;
    return 0;
}

void docfs_settings_free(struct docfs_settings *s)
{
    for (size_t i = 0; s && i < s->n; i++) {
        free((char *)s->item[i].value);
        free((char *)s->item[i].where);
        free((char *)s->item[i].ignored);
    }
    if (s)
        free(s->item);
    free(s);
}

int docfs_set(struct docfs *d, const char *key, const char *value, struct docfs_err *err)
{
    int i = config_find(key);
    if (i < 0)
        return config_unknown(key, err);
    int rc = value ? config_check(&config_table[i], value, err) : 0;
    if (rc < 0)
        return rc;
    if (value && config_table[i].kind == SECRET && *value && *value != '/')
        return err_set(err, -EINVAL, "%s: give the absolute path of a file, not the secret itself",
                       key);
    struct store_write *w;
    rc = cache_write(d, &w, err);
    if (rc < 0)
        return rc;
    return store_write_end(w, store_set_setting(w, key, value, err), err);
}

int docfs_config_files(docfs_config_file_fn *fn, void *arg, struct docfs_err *err)
{
    return config_files(fn, arg, err);
}

int docfs_config_check(const char *path, struct docfs_err *err)
{
    return config_check_file(path, err);
}
