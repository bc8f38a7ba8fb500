/* SPDX-License-Identifier: MIT
 * A YAML file as a flat list of keys with their lines. Works on libyaml's events, because its
 * document tree loses duplicates; refuses what a settings file has no use for. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "core/config/config.h"
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/grow.h"

#define DEPTH_MAX 8
#define ENTRIES_MAX 10000

struct parse {
    yaml_parser_t y;
    yaml_event_t event;
    bool have_event;
    const char *name;
    struct buf key; /* of the mapping that is being read, with '.' at its end */
    struct config_entries *out;
    struct docfs_err *err;
};

void config_entries_fini(struct config_entries *e)
{
    for (size_t i = 0; i < e->n; i++) {
        free(e->item[i].key);
        free(e->item[i].value);
    }
    free(e->item);
    *e = (struct config_entries){0};
}

static unsigned line_of(const struct parse *p)
{
    return (unsigned)p->event.start_mark.line + 1;
}

static int refuse(struct parse *p, const char *what)
{
    return err_set(p->err, -EINVAL, "%s:%u: %s", p->name, line_of(p), what);
}

static int next(struct parse *p)
{
    if (p->have_event)
        yaml_event_delete(&p->event);
    p->have_event = false;
    if (!yaml_parser_parse(&p->y, &p->event)) {
        if (p->y.error == YAML_MEMORY_ERROR)
            return err_oom(p->err);
        size_t line = p->y.error == YAML_READER_ERROR ? p->y.mark.line : p->y.problem_mark.line;
        return err_set(p->err, -EINVAL, "%s:%zu: this is not YAML: %s", p->name, line + 1,
                       p->y.problem ? p->y.problem : "unreadable");
    }
    p->have_event = true;
    if (p->event.type == YAML_ALIAS_EVENT)
        return refuse(p, "aliases (*name) are not used in a settings file");
    const yaml_char_t *anchor = NULL, *tag = NULL;
    if (p->event.type == YAML_SCALAR_EVENT) {
        anchor = p->event.data.scalar.anchor;
        tag = p->event.data.scalar.tag;
    } else if (p->event.type == YAML_MAPPING_START_EVENT) {
        anchor = p->event.data.mapping_start.anchor;
        tag = p->event.data.mapping_start.tag;
    } else if (p->event.type == YAML_SEQUENCE_START_EVENT) {
        anchor = p->event.data.sequence_start.anchor;
        tag = p->event.data.sequence_start.tag;
    }
    if (anchor || tag)
        return refuse(p, "anchors (&name) and tags (!name) are not used in a settings file");
    return 0;
}

/* The text of the scalar that is the current event. */
static int scalar(struct parse *p, struct buf *ret)
{
    const char *s = (const char *)p->event.data.scalar.value;
    size_t n = p->event.data.scalar.length;
    if (memchr(s, '\0', n))
        return refuse(p, "a value holds a NUL byte");
    if (p->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
        (n == 0 || strcmp(s, "~") == 0 || strcmp(s, "null") == 0))
        return err_set(p->err, -EINVAL, "%s:%u: %.*s has no value: give one or remove the line",
                       p->name, line_of(p), (int)p->key.len, buf_text(&p->key));
    buf_add(ret, s, n);
    return buf_status(ret) < 0 ? err_oom(p->err) : 0;
}

static int add(struct parse *p, const char *value, unsigned line)
{
    struct config_entries *e = p->out;
    for (size_t i = 0; i < e->n; i++)
        if (strcmp(e->item[i].key, p->key.data) == 0)
            return err_set(p->err, -EINVAL, "%s:%u: %s is already set in line %u", p->name, line,
                           p->key.data, e->item[i].line);
    if (e->n == ENTRIES_MAX)
        return refuse(p, "too many settings");
    if (!grow(&e->item, e->n, sizeof(*e->item)))
        return err_oom(p->err);
    struct config_entry x = {strdup(p->key.data), strdup(value), line};
    if (!x.key || !x.value) {
        free(x.key);
        free(x.value);
        return err_oom(p->err);
    }
    e->item[e->n++] = x;
    return 0;
}

/* [a, b] is "a,b". */
static int list(struct parse *p)
{
    _cleanup_buf_ struct buf joined = {0};
    unsigned line = line_of(p);
    int r;
    while ((r = next(p)) == 0 && p->event.type == YAML_SCALAR_EVENT) {
        if (joined.len)
            buf_addc(&joined, ',');
        size_t from = joined.len;
        if ((r = scalar(p, &joined)) < 0)
            return r;
        if (joined.len > from && memchr(joined.data + from, ',', joined.len - from))
            return refuse(p, "an item of a list holds a comma");
    }
    if (r < 0)
        return r;
    if (p->event.type != YAML_SEQUENCE_END_EVENT)
        return refuse(p, "a list may hold plain values only");
    return add(p, buf_text(&joined), line);
}

static int mapping(struct parse *p, unsigned depth)
{
    if (depth > DEPTH_MAX)
        return refuse(p, "nested too deeply");
    size_t base = p->key.len;
    int r;
    while ((r = next(p)) == 0 && p->event.type != YAML_MAPPING_END_EVENT) {
        if (p->event.type != YAML_SCALAR_EVENT)
            return refuse(p, "a key must be a plain word");
        if ((r = scalar(p, &p->key)) < 0)
            return r;
        if (p->key.len - base > 200)
            return refuse(p, "a key is too long");
        if ((r = next(p)) < 0)
            return r;
        if (p->event.type == YAML_SCALAR_EVENT) {
            _cleanup_buf_ struct buf value = {0};
            unsigned line = line_of(p);
            r = scalar(p, &value);
            if (r == 0)
                r = add(p, buf_text(&value), line);
        } else if (p->event.type == YAML_SEQUENCE_START_EVENT) {
            r = list(p);
        } else {
            buf_addc(&p->key, '.');
            r = buf_status(&p->key) < 0 ? err_oom(p->err) : mapping(p, depth + 1);
        }
        if (r < 0)
            return r;
        buf_truncate(&p->key, base);
    }
    return r;
}

static int document(struct parse *p)
{
    int r = next(p); /* stream start */
    if (r == 0)
        r = next(p);
    if (r < 0 || p->event.type == YAML_STREAM_END_EVENT)
        return r; /* nothing but comments */
    if ((r = next(p)) < 0)
        return r;
    if (p->event.type == YAML_SCALAR_EVENT && p->event.data.scalar.length == 0)
        r = 0;
    else if (p->event.type != YAML_MAPPING_START_EVENT)
        return refuse(p, "expected settings such as \"search.k: 20\"");
    else
        r = mapping(p, 1);
    if (r == 0)
        r = next(p); /* document end */
    if (r == 0)
        r = next(p);
    if (r == 0 && p->event.type != YAML_STREAM_END_EVENT)
        return refuse(p, "a second document (---) in one file");
    return r;
}

int config_parse(const char *name, const char *text, size_t len, struct config_entries *ret,
                 struct docfs_err *err)
{
    struct config_entries found = {0};
    struct parse p = {.name = name, .out = &found, .err = err};
    if (!yaml_parser_initialize(&p.y))
        return err_oom(err);
    yaml_parser_set_input_string(&p.y, (const unsigned char *)text, len);
    yaml_parser_set_encoding(&p.y, YAML_UTF8_ENCODING);
    int r = document(&p);
    if (p.have_event)
        yaml_event_delete(&p.event);
    yaml_parser_delete(&p.y);
    buf_fini(&p.key);
    if (r < 0) {
        config_entries_fini(&found);
        return r;
    }
    *ret = found;
    return 0;
}
