/* SPDX-License-Identifier: MIT */
#include "tools/cli/opt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/suggest.h"
#include "tools/cli/wrap.h"

/* A member of the values struct an option writes to. */
#define MEMBER(type, set, o) ((type *)(void *)((char *)(set)->values + (o)->offset))

int opt_size(const char *text, int64_t *ret)
{
    char *end = NULL;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (errno || end == text || v <= 0)
        return -EINVAL;
    static const char units[] = "KMGT";
    int shift = 0;
    if (*end) {
        char c = *end >= 'a' ? (char)(*end - 'a' + 'A') : *end;
        const char *u = strchr(units, c);
        if (!u)
            return -EINVAL;
        shift = 10 * (int)(u - units + 1);
        end++;
        if (strcmp(end, "iB") == 0 || strcmp(end, "B") == 0)
            end += strlen(end);
    }
    if (*end || v > INT64_MAX >> shift)
        return -EINVAL;
    *ret = (int64_t)v << shift;
    return 0;
}

static int set_choice(const struct opt_set *set, const struct opt *o, const char *typed,
                      const char *text, struct docfs_err *err)
{
    _cleanup_buf_ struct buf known = {0};
    for (const char *const *c = o->choices; *c; c++) {
        if (strcmp(*c, text) == 0) {
            *MEMBER(const char *, set, o) = *c;
            return 0;
        }
        buf_addf(&known, "%s%s", known.len ? ", " : "", *c);
    }
    return err_set(err, -EINVAL, "%s %s: give one of %s", typed, text, buf_text(&known));
}

/* typed: the option as it was given, "-k" or "--limit", for messages. */
static int set_value(const struct opt_set *set, const struct opt *o, const char *typed,
                     const char *text, struct docfs_err *err)
{
    switch (o->type) {
    case OPT_FLAG:
        *MEMBER(bool, set, o) = true;
        return 0;
    case OPT_STRING:
        *MEMBER(const char *, set, o) = text;
        return 0;
    case OPT_CHOICE:
        return set_choice(set, o, typed, text, err);
    case OPT_COUNT: {
        char *end = NULL;
        errno = 0;
        long long v = strtoll(text, &end, 10);
        if (errno || end == text || *end || v < (long long)o->min || v > (long long)o->max)
            return err_set(err, -EINVAL, "%s %s: give a number from %u to %u", typed, text, o->min,
                           o->max);
        *MEMBER(unsigned, set, o) = (unsigned)v;
        return 0;
    }
    case OPT_SIZE:
        if (opt_size(text, MEMBER(int64_t, set, o)) < 0)
            return err_set(err, -EINVAL, "%s %s: give bytes such as 65536, 512K, 64M or 2G", typed,
                           text);
        return 0;
    case OPT_LIST: {
        struct opt_list *l = MEMBER(struct opt_list, set, o);
        const char **item = reallocarray(l->item, l->n + 2, sizeof(*item));
        if (!item)
            return err_oom(err);
        l->item = item;
        l->item[l->n++] = text;
        l->item[l->n] = NULL;
        return 0;
    }
    }
    return -EINVAL;
}

static int unknown(const struct opt_set *set, size_t n_sets, const char *name, size_t len,
                   struct docfs_err *err)
{
    char word[64];
    snprintf(word, sizeof(word), "%.*s", (int)len, name);
    struct suggest s = suggest_start(word);
    for (size_t k = 0; k < n_sets; k++)
        for (const struct opt *o = set[k].table; o && o->name; o++)
            suggest_offer(&s, o->name);
    const char *best = suggest_best(&s);
    if (best)
        return err_set(err, -ENOENT, "unknown option --%s; did you mean --%s?", word, best);
    return err_set(err, -ENOENT, "unknown option --%s", word);
}

static int parse_long(const struct opt_set *set, size_t n_sets, int argc, char **argv, int *i,
                      struct docfs_err *err)
{
    const char *name = argv[*i] + 2;
    size_t len = strcspn(name, "=");
    const char *given = name[len] ? name + len + 1 : NULL;
    for (size_t k = 0; k < n_sets; k++) {
        for (const struct opt *o = set[k].table; o && o->name; o++) {
            if (strncmp(o->name, name, len) != 0 || o->name[len])
                continue;
            if (o->type == OPT_FLAG && given)
                return err_set(err, -EINVAL, "--%s takes no value", o->name);
            char typed[64];
            snprintf(typed, sizeof(typed), "--%s", o->name);
            if (o->type != OPT_FLAG && !given) {
                if (*i + 1 >= argc)
                    return err_set(err, -EINVAL, "--%s needs a value: --%s %s", o->name, o->name,
                                   o->value);
                given = argv[++*i];
            }
            ++*i;
            return set_value(&set[k], o, typed, given, err);
        }
    }
    return unknown(set, n_sets, name, len, err);
}

static const struct opt *by_letter(const struct opt_set *set, size_t n_sets, char letter,
                                   const struct opt_set **ret_set)
{
    for (size_t k = 0; k < n_sets; k++)
        for (const struct opt *o = set[k].table; o && o->name; o++)
            if (o->letter == letter) {
                *ret_set = &set[k];
                return o;
            }
    return NULL;
}

int opt_parse(const struct opt_set *set, size_t n_sets, int argc, char **argv, int *i,
              struct docfs_err *err)
{
    if (argv[*i][1] == '-')
        return parse_long(set, n_sets, argc, argv, i, err);
    for (const char *p = argv[*i] + 1; *p; p++) {
        const struct opt_set *in = NULL;
        const struct opt *o = by_letter(set, n_sets, *p, &in);
        if (!o)
            return err_set(err, -ENOENT, "unknown option -%c in '%s'", *p, argv[*i]);
        const char *given = NULL;
        if (o->type != OPT_FLAG) {
            if (p[1])
                given = p + 1;
            else if (*i + 1 < argc)
                given = argv[++*i];
            else
                return err_set(err, -EINVAL, "-%c needs a value: -%c %s", *p, *p, o->value);
        }
        const char typed[] = {'-', o->letter, '\0'};
        int r = set_value(in, o, typed, given, err);
        if (r < 0)
            return r;
        if (given)
            break;
    }
    ++*i;
    return 0;
}

void opt_set_fini(const struct opt_set *set)
{
    for (const struct opt *o = set->table; o && o->name; o++)
        if (o->type == OPT_LIST) {
            struct opt_list *l = MEMBER(struct opt_list, set, o);
            free(l->item);
            *l = (struct opt_list){0};
        }
}

void opt_help(const struct opt *table, unsigned width, struct buf *b)
{
    for (const struct opt *o = table; o && o->name; o++) {
        _cleanup_buf_ struct buf head = {0};
        if (o->letter)
            buf_addf(&head, "  -%c, --%s", o->letter, o->name);
        else
            buf_addf(&head, "      --%s", o->name);
        if (o->value)
            buf_addf(&head, " %s", o->value);
        wrap_row(b, buf_text(&head), o->help, 29, width);
    }
}
