/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "core/util/buf.h"
#include "core/util/grow.h"
#include "tools/cli/eval.h"
#include "tools/cli/lines.h"

static json_t *parse_object(const char *line, size_t len, const char *path, size_t number,
                            struct docfs_err *err)
{
    json_error_t e;
    json_t *o = json_loadb(line, len, JSON_ALLOW_NUL, &e);
    if (!o) {
        err_set(err, -EINVAL, "%s:%zu: no JSON object: %s", path, number, e.text);
    } else if (!json_is_object(o) || !json_is_string(json_object_get(o, "_id")) ||
               !json_is_string(json_object_get(o, "text"))) {
        err_set(err, -EINVAL, "%s:%zu: needs the strings \"_id\" and \"text\"", path, number);
        json_decref(o);
        return NULL;
    }
    return o;
}

static const char *member(json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

/* ---- corpus ---- */

void eval_doc_fini(struct eval_doc *d)
{
    free(d->id);
    free(d->title);
    free(d->markdown);
    *d = (struct eval_doc){0};
}

int eval_doc_parse(const char *line, size_t len, const char *path, size_t number,
                   struct eval_doc *ret, struct docfs_err *err)
{
    _cleanup_(json_decrefp) json_t *o = parse_object(line, len, path, number, err);
    if (!o)
        return -EINVAL;
    _cleanup_buf_ struct buf md = {0};
    const char *title = member(o, "title");
    json_t *text = json_object_get(o, "text");
    /* A title is one line: a heading ends where its line ends. */
    if (*title) {
        buf_adds(&md, "# ");
        for (const char *c = title; *c; c++)
            buf_addc(&md, *c == '\n' || *c == '\r' ? ' ' : *c);
        buf_adds(&md, "\n\n");
    }
    buf_add(&md, json_string_value(text), json_string_length(text));
    buf_addc(&md, '\n');
    struct eval_doc d = {.id = strdup(member(o, "_id")), .title = strdup(title)};
    d.markdown = buf_steal(&md, &d.len);
    if (!d.id || !d.title || !d.markdown) {
        eval_doc_fini(&d);
        return err_oom(err);
    }
    *ret = d;
    return 0;
}

void eval_ids_fini(struct eval_ids *ids)
{
    for (size_t i = 0; i < ids->n; i++)
        free(ids->id[i]);
    free(ids->id);
    *ids = (struct eval_ids){0};
}

/* ---- judgements ---- */

static int by_query(const void *a, const void *b)
{
    const struct eval_gain *x = a, *y = b;
    int r = strcmp(x->query, y->query);
    return r ? r : strcmp(x->document, y->document);
}

/* Splits "query TAB document TAB gain" in place; false for another form. */
static bool split(char *line, char **query, char **document, double *gain)
{
    char *tab1 = strchr(line, '\t');
    char *tab2 = tab1 ? strchr(tab1 + 1, '\t') : NULL;
    if (!tab2 || strchr(tab2 + 1, '\t'))
        return false;
    char *end = NULL;
    *gain = strtod(tab2 + 1, &end);
    if (end == tab2 + 1 || *end)
        return false;
    *tab1 = *tab2 = '\0';
    *query = line;
    *document = tab1 + 1;
    return true;
}

static int read_gains(const char *path, struct eval_set *s, struct docfs_err *err)
{
    _cleanup_(lines_closep) struct lines *l = NULL;
    size_t len;
    char *line;
    int r = lines_open(path, &l, err);
    while (r >= 0 && (r = lines_next(l, &line, &len, err)) > 0) {
        char *query, *document;
        double gain;
        if (len == 0)
            continue;
        if (!split(line, &query, &document, &gain)) {
            if (lines_number(l) == 1)
                continue; /* the header */
            return err_set(err, -EINVAL,
                           "%s:%zu: needs query id, document id and a number, "
                           "separated by tabs",
                           path, lines_number(l));
        }
        if (!grow(&s->gain, s->n_gains, sizeof(*s->gain)))
            return err_oom(err);
        struct eval_gain *g = &s->gain[s->n_gains++];
        *g = (struct eval_gain){strdup(query), strdup(document), gain};
        if (!g->query || !g->document)
            return err_oom(err);
    }
    if (r == 0 && s->n_gains)
        qsort(s->gain, s->n_gains, sizeof(*s->gain), by_query);
    return r;
}

/* The run of gains of one query, by binary search for its first. */
static void find_gains(const struct eval_set *s, struct eval_query *q)
{
    size_t low = 0, high = s->n_gains;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(s->gain[mid].query, q->id) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    q->gain = s->gain + low;
    while (low + q->n_gains < s->n_gains && strcmp(q->gain[q->n_gains].query, q->id) == 0)
        q->n_gains++;
}

static bool has_relevant(const struct eval_query *q)
{
    for (size_t i = 0; i < q->n_gains; i++)
        if (q->gain[i].gain > 0)
            return true;
    return false;
}

static int read_queries(const char *path, struct eval_set *s, struct docfs_err *err)
{
    _cleanup_(lines_closep) struct lines *l = NULL;
    size_t len;
    char *line;
    int r = lines_open(path, &l, err);
    while (r >= 0 && (r = lines_next(l, &line, &len, err)) > 0) {
        if (len == 0)
            continue;
        _cleanup_(json_decrefp) json_t *o = parse_object(line, len, path, lines_number(l), err);
        if (!o)
            return -EINVAL;
        struct eval_query q = {.id = (char *)member(o, "_id")};
        find_gains(s, &q);
        if (!has_relevant(&q))
            continue;
        if (!grow(&s->query, s->n_queries, sizeof(*s->query)))
            return err_oom(err);
        q.id = strdup(q.id);
        q.text = strdup(member(o, "text"));
        s->query[s->n_queries++] = q;
        if (!q.id || !q.text)
            return err_oom(err);
    }
    return r;
}

int eval_set_read(const char *queries, const char *qrels, struct eval_set *ret,
                  struct docfs_err *err)
{
    struct eval_set s = {0};
    int r = read_gains(qrels, &s, err);
    if (r == 0)
        r = read_queries(queries, &s, err);
    if (r == 0 && s.n_queries == 0)
        r = err_set(err, -EINVAL, "no query of %s has a relevant document in %s", queries, qrels);
    if (r < 0)
        eval_set_fini(&s);
    else
        *ret = s;
    return r;
}

void eval_set_fini(struct eval_set *s)
{
    for (size_t i = 0; i < s->n_queries; i++) {
        free(s->query[i].id);
        free(s->query[i].text);
    }
    for (size_t i = 0; i < s->n_gains; i++) {
        free(s->gain[i].query);
        free(s->gain[i].document);
    }
    free(s->query);
    free(s->gain);
    *s = (struct eval_set){0};
}
