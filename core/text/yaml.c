/* SPDX-License-Identifier: MIT
 * libyaml's document tree as a JSON value. Aliases make a graph of it: every visit counts against
 * a budget, which is what stops documents that expand without end. */
#include "core/text/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define NODES_MAX 2000000

struct load {
    yaml_document_t *doc;
    unsigned max_depth;
    size_t budget;
};

static json_t *scalar(const yaml_node_t *n)
{
    const char *s = (const char *)n->data.scalar.value;
    size_t len = n->data.scalar.length;
    if (n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        if (len == 0 || strcmp(s, "null") == 0 || strcmp(s, "~") == 0)
            return json_null();
        if (strcmp(s, "true") == 0)
            return json_true();
        if (strcmp(s, "false") == 0)
            return json_false();
    }
    return json_stringn(s, len); /* numbers are only shown: their spelling is the best form */
}

static json_t *value(struct load *l, int id, unsigned depth)
{
    yaml_node_t *n = yaml_document_get_node(l->doc, id);
    if (!n || depth > l->max_depth || l->budget == 0)
        return NULL;
    l->budget--;
    if (n->type == YAML_SCALAR_NODE)
        return scalar(n);
    if (n->type == YAML_SEQUENCE_NODE) {
        json_t *a = json_array();
        for (yaml_node_item_t *i = n->data.sequence.items.start; i < n->data.sequence.items.top;
             i++) {
            json_t *v = value(l, *i, depth + 1);
            if (!v || json_array_append_new(a, v) < 0) {
                json_decref(a);
                return NULL;
            }
        }
        return a;
    }
    json_t *o = json_object();
    for (yaml_node_pair_t *p = n->data.mapping.pairs.start; p < n->data.mapping.pairs.top; p++) {
        yaml_node_t *k = yaml_document_get_node(l->doc, p->key);
        if (!k || k->type != YAML_SCALAR_NODE)
            continue;
        json_t *v = value(l, p->value, depth + 1);
        if (!v) {
            json_decref(o);
            return NULL;
        }
        /* A key that is no UTF-8 is refused by jansson: that member is left out. */
        json_object_set_new(o, (const char *)k->data.scalar.value, v);
    }
    return o;
}

static int load_yaml(const char *text, size_t len, unsigned max_depth, json_t **ret,
                     struct docfs_err *err)
{
    yaml_parser_t parser;
    yaml_document_t doc;
    if (!yaml_parser_initialize(&parser))
        return err_oom(err);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
    int r = 0;
    if (!yaml_parser_load(&parser, &doc)) {
        r = err_set(err, -EINVAL, "not valid YAML: %s (line %zu)",
                    parser.problem ? parser.problem : "error", parser.problem_mark.line + 1);
    } else {
        struct load l = {.doc = &doc, .max_depth = max_depth, .budget = NODES_MAX};
        *ret = value(&l, 1, 0);
        if (!*ret)
            r = l.budget == 0
                    ? err_set(err, -EFBIG, "YAML aliases expand to more than %d nodes", NODES_MAX)
                    : err_set(err, -EFBIG, "YAML is empty or nested deeper than %u levels",
                              max_depth);
        yaml_document_delete(&doc);
    }
    yaml_parser_delete(&parser);
    return r;
}

int yaml_load(const char *text, size_t len, unsigned max_depth, json_t **ret, struct docfs_err *err)
{
    size_t i = 0;
    while (i < len && (text[i] == ' ' || text[i] == '\n' || text[i] == '\t' || text[i] == '\r'))
        i++;
    if (i == len || text[i] != '{')
        return load_yaml(text, len, max_depth, ret, err);
    json_error_t why;
    *ret = json_loadb(text, len, 0, &why);
    return *ret ? 0 : err_set(err, -EINVAL, "not valid JSON: %s (line %d)", why.text, why.line);
}
