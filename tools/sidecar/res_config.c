/* SPDX-License-Identifier: MIT
 * Settings. A secret's value is never shown; what names files, programs or peers is not changed
 * from here. */
#include <string.h>

#include "tools/sidecar/render.h"
#include "tools/sidecar/resources.h"

static json_t *render(const struct docfs_setting *s)
{
    json_t *o = wire_setting(s);
    if (!o)
        return NULL;
    bool secret = strcmp(s->kind, "secret") == 0;
    if (secret)
        json_object_set_new(o, "value",
                            s->value && *s->value ? json_string("********") : json_null());
    json_object_set_new(o, "description", wire_text(s->help));
    json_object_set_new(o, "schema_version", json_string("1.0"));
    json_object_set_new(o, "is_sensitive", json_boolean(secret));
    json_object_set_new(o, "is_local", json_boolean(s->local));
    return o;
}

static void get(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_settings_freep) struct docfs_settings *s = NULL;
    const char *category = json_text(q->query, "category", "");
    if (docfs_settings(q->d, &s, &err) < 0)
        return fail_err(q, a, &err);
    json_t *items = json_array();
    size_t len = strlen(category);
    for (size_t i = 0; i < s->n; i++) {
        const char *key = s->item[i].key;
        if (!len || (strncmp(key, category, len) == 0 && (!key[len] || key[len] == '.')))
            json_array_append_new(items, render(&s->item[i]));
    }
    response_json(a, 200,
                  json_pack("{s:o, s:o}", "items", items, "timestamp",
                            wire_time(clock_wall_ns() / SECOND_NS)));
}

/* The text that docfs_set takes for a JSON value; NULL for one that is none. */
static const char *value_text(const json_t *v, char buf[64])
{
    if (json_is_string(v))
        return json_string_value(v);
    if (json_is_boolean(v))
        return json_is_true(v) ? "on" : "off";
    if (json_is_integer(v))
        snprintf(buf, 64, "%lld", (long long)json_integer_value(v));
    else if (json_is_real(v))
        snprintf(buf, 64, "%.15g", json_real_value(v));
    else
        return NULL;
    return buf;
}

static void put(struct request *q, struct response *a)
{
    struct docfs_err err = {0};
    _cleanup_(docfs_settings_freep) struct docfs_settings *s = NULL;
    const char *key = json_text(q->json, "key", "");
    const json_t *value = json_object_get(q->json, "value");
    char buf[64];
    if (docfs_settings(q->d, &s, &err) < 0)
        return fail_err(q, a, &err);
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->item[i].key, key) == 0 && s->item[i].local)
            return fail(q, a, 403, "LOCAL_SETTING",
                        "%s can be changed on the machine of the cache only: docfs config set %s "
                        "VALUE",
                        key, key);
    /* Setting something to null takes it back to what files, environment or default say. */
    const char *text = json_is_null(value) ? NULL : value_text(value, buf);
    if (!text && !json_is_null(value))
        return fail(q, a, 422, "BAD_VALUE", "value must be a string, a number, a boolean or null");
    if (docfs_set(q->d, key, text, &err) < 0)
        return fail_err(q, a, &err);
    server_changed(q->server);
    server_audit(q, "config.set", key, text ? text : "(default)");
    response_json(a, 202,
                  json_pack("{s:s, s:s, s:s}", "message", "the setting is in force", "key", key,
                            "status", "accepted"));
}

static const struct route routes[] = {
    {"GET", "/api/v1/config", SCOPE_ADMIN, get, .id = "getConfig", .summary = "Settings in force",
     .query = "ConfigQuery", .response = "Config"},
    {"PUT", "/api/v1/config", SCOPE_ADMIN | SCOPE_WRITE, put, .id = "putConfig",
     .summary = "Change a setting", .body = "ConfigChange", .response = "ConfigChanged",
     .status = 202},
    {"POST", "/api/v1/config", SCOPE_ADMIN | SCOPE_WRITE, put, .id = "postConfig",
     .summary = "Change a setting", .body = "ConfigChange", .response = "ConfigChanged",
     .status = 202},
    {0},
};

const struct resource resource_config = {.name = "config", .text = "Settings.", .route = routes};
