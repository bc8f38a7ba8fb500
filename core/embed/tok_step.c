/* SPDX-License-Identifier: MIT */
#include "core/embed/tok_step.h"

#include <errno.h>

struct step *chain_add(struct chain *c, enum step_kind kind)
{
    if (c->n == TOK_STEPS_MAX)
        return NULL;
    if (!c->step)
        c->step = calloc(TOK_STEPS_MAX, sizeof(*c->step));
    if (!c->step)
        return NULL;
    struct step *st = &c->step[c->n++];
    *st = (struct step){.kind = kind, .behavior = REMOVED};
    return st;
}

void chain_fini(struct chain *c)
{
    for (size_t i = 0; i < c->n; i++) {
        free(c->step[i].a);
        free(c->step[i].b);
        regex_free(c->step[i].regex);
        charmap_free(c->step[i].map);
    }
    free(c->step);
    *c = (struct chain){0};
}

const char *tok_text(json_t *j, const char *key, const char *fallback)
{
    json_t *v = json_object_get(j, key);
    return !v || json_is_null(v) ? fallback : json_string_value(v);
}

bool tok_flag(json_t *j, const char *key, bool fallback)
{
    json_t *v = json_object_get(j, key);
    return json_is_boolean(v) ? json_is_true(v) : fallback;
}

int chain_load(json_t *j, const char *list, load_step_fn *load, struct chain *c, unsigned depth,
               struct docfs_err *err)
{
    if (!j || json_is_null(j))
        return 0;
    const char *type = json_string_value(json_object_get(j, "type"));
    if (!type)
        return err_set(err, -EINVAL, "a step without a type");
    if (depth > TOK_NESTING_MAX)
        return err_set(err, -EINVAL, "sequences are nested deeper than %d", TOK_NESTING_MAX);
    if (strcmp(type, "Sequence") != 0)
        return c->n == TOK_STEPS_MAX ? err_set(err, -EINVAL, "more than %d steps", TOK_STEPS_MAX)
                                     : load(type, j, c, err);
    json_t *steps = json_object_get(j, list), *one;
    size_t i;
    int rc = json_is_array(steps) ? 0 : err_set(err, -EINVAL, "a Sequence without %s", list);
    json_array_foreach(steps, i, one)
    {
        if (rc == 0)
            rc = chain_load(one, list, load, c, depth + 1, err);
    }
    return rc;
}

int step_text(json_t *j, char **ret, size_t *ret_len, const char *what, struct docfs_err *err)
{
    if (!json_is_string(j) || json_string_length(j) > TOK_TOKEN_MAX)
        return err_set(err, -EINVAL, "%s is missing, no text or too long", what);
    *ret_len = json_string_length(j);
    *ret = malloc(*ret_len + 1);
    if (!*ret)
        return err_oom(err);
    memcpy(*ret, json_string_value(j), *ret_len + 1);
    return 0;
}

int step_pattern(struct step *st, json_t *j, struct docfs_err *err)
{
    json_t *regex = json_object_get(j, "Regex");
    if (json_is_string(regex))
        return regex_new(json_string_value(regex), json_string_length(regex), &st->regex, err);
    json_t *text = json_is_string(j) ? j : json_object_get(j, "String");
    return step_text(text, &st->a, &st->a_len, "a pattern", err);
}
