/* SPDX-License-Identifier: MIT */
#include "core/text/frontmatter.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "core/text/mdutil.h"
#include "core/util/cleanup.h"

#define BLOCK_MAX (64u << 10) /* a longer block is text between two rulers */
#define DEPTH_MAX 64
#define VALUE_MAX 4096

void front_matter_fini(struct front_matter *f)
{
    free(f->title);
    free(f->label);
    free(f->slug);
    free(f->description);
    free(f->url);
    free(f->lang);
    *f = (struct front_matter){0};
}

static char **field_of(struct front_matter *f, struct span key)
{
    static const struct {
        const char *key;
        size_t offset;
    } keys[] = {
        {"title", offsetof(struct front_matter, title)},
        {"sidebar_label", offsetof(struct front_matter, label)},
        {"sidebar_title", offsetof(struct front_matter, label)},
        {"linkTitle", offsetof(struct front_matter, label)},
        {"slug", offsetof(struct front_matter, slug)},
        {"description", offsetof(struct front_matter, description)},
        {"canonical", offsetof(struct front_matter, url)},
        {"canonical_url", offsetof(struct front_matter, url)},
        {"canonicalUrl", offsetof(struct front_matter, url)},
        {"url", offsetof(struct front_matter, url)},
        {"lang", offsetof(struct front_matter, lang)},
        {"language", offsetof(struct front_matter, lang)},
        {"locale", offsetof(struct front_matter, lang)},
    };
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (span_eq_nocase(key, keys[i].key)) /* Hugo and curl write "Title", too */
            return (char **)((char *)f + keys[i].offset);
    return NULL;
}

static bool is_lang(struct span v)
{
    if (v.len < 2 || v.len > 35 || !is_alpha(v.s[0]) || !is_alpha(v.s[1]))
        return false;
    for (size_t i = 0; i < v.len; i++)
        if (!is_alnum(v.s[i]) && v.s[i] != '-' && v.s[i] != '_')
            return false;
    return true;
}

/* Stores a value under a key that is known; the first one wins. */
static int keep(struct front_matter *f, struct span key, struct span value)
{
    char **to = field_of(f, key);
    f->macros |= span_eq(key, "page-type");
    value = span_trim(value);
    if (!to || *to || value.len == 0 || value.len > VALUE_MAX)
        return 0;
    if (to == &f->url && !span_starts(value, "https://") && !span_starts(value, "http://"))
        return 0;
    if (to == &f->lang && !is_lang(value))
        return 0;
    *to = span_dup(value);
    return *to ? 0 : -ENOMEM;
}

/* Takes one event; key is the pending key of the outermost mapping. Returns 1 at the end. */
static int yaml_event(const yaml_event_t *e, unsigned *depth, char **key, bool *value_next,
                      struct front_matter *f)
{
    bool scalar = e->type == YAML_SCALAR_EVENT;
    switch (e->type) {
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        if (++*depth > DEPTH_MAX || (*depth == 1 && e->type != YAML_MAPPING_START_EVENT))
            return -EINVAL;
        return 0;
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        if (--*depth == 1)
            *value_next = !*value_next; /* that was a whole key or value */
        return 0;
    case YAML_SCALAR_EVENT:
    case YAML_ALIAS_EVENT:
        break;
    case YAML_STREAM_END_EVENT:
    case YAML_DOCUMENT_END_EVENT:
        return 1;
    default:
        return 0;
    }
    if (*depth != 1)
        return *depth == 0 ? -EINVAL : 0; /* a bare scalar is prose between two rulers */
    struct span text = scalar ? (struct span){(char *)e->data.scalar.value, e->data.scalar.length}
                              : (struct span){"", 0};
    int r = 0;
    if (*value_next) {
        if (*key && !memchr(text.s, '\0', text.len))
            r = keep(f, span_of(*key), text);
    } else {
        free(*key);
        *key = span_dup(text);
        r = *key ? 0 : -ENOMEM;
    }
    *value_next = !*value_next;
    return r;
}

static int parse_yaml(struct span block, struct front_matter *f)
{
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser))
        return -ENOMEM;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)block.s, block.len);
    _cleanup_free_ char *key = NULL;
    unsigned depth = 0;
    bool value_next = false;
    int r = 0;
    while (r == 0) {
        yaml_event_t event;
        if (!yaml_parser_parse(&parser, &event)) {
            r = parser.error == YAML_MEMORY_ERROR ? -ENOMEM : -EINVAL;
            break;
        }
        r = yaml_event(&event, &depth, &key, &value_next, f);
        yaml_event_delete(&event);
    }
    yaml_parser_delete(&parser);
    return r < 0 ? r : 0;
}

/* Lines "key: value" that are no YAML ("title: {#if ...}", "title: A: b"), as some generators take
 * them. -EINVAL when there is anything else. */
static int parse_lines(struct span block, struct front_matter *f)
{
    struct span line;
    int r = 0;
    front_matter_fini(f);
    while (r == 0 && line_next(&block, &line)) {
        if (span_trim(line).len == 0 || is_blank(line.s[0]) || strchr("-#", line.s[0]))
            continue;
        size_t n = 0;
        while (n < line.len && (is_alnum(line.s[n]) || line.s[n] == '_' || line.s[n] == '-'))
            n++;
        if (n == 0 || n == line.len || line.s[n] != ':' ||
            (n + 1 < line.len && !is_blank(line.s[n + 1])))
            return -EINVAL;
        struct span v = span_trim(span_skip(line, n + 1));
        if (v.len > 1 && (v.s[0] == '"' || v.s[0] == '\'') && v.s[v.len - 1] == v.s[0])
            v = (struct span){v.s + 1, v.len - 2};
        if (!memchr(v.s, '\0', v.len))
            r = keep(f, (struct span){line.s, n}, v);
    }
    return r;
}

/* Only `key = "string"` above the first table: all that is wanted of TOML. */
static int parse_toml(struct span block, struct front_matter *f)
{
    struct span line;
    while (line_next(&block, &line)) {
        line = span_trim(line);
        if (line.len == 0 || line.s[0] == '#')
            continue;
        if (line.s[0] == '[')
            return 0;
        const char *eq = memchr(line.s, '=', line.len);
        if (!eq)
            return -EINVAL;
        struct span key = span_trim((struct span){line.s, (size_t)(eq - line.s)});
        struct span v = span_trim((struct span){eq + 1, (size_t)(line.s + line.len - eq - 1)});
        if (v.len < 2 || (v.s[0] != '"' && v.s[0] != '\''))
            continue;
        _cleanup_buf_ struct buf text = {0};
        size_t i = 1;
        for (; i < v.len && v.s[i] != v.s[0]; i++) {
            if (v.s[i] == '\\' && v.s[0] == '"' && i + 1 < v.len)
                i++;
            buf_addc(&text, v.s[i]);
        }
        if (i == v.len || buf_status(&text) < 0)
            continue;
        int r = keep(f, key, buf_span(&text));
        if (r < 0)
            return r;
    }
    return 0;
}

/* The block between the opening and closing ruler; false when it is not closed. */
static bool find_block(struct span text, struct span *ret_block, size_t *ret_len, bool *ret_toml)
{
    struct span rest = text, line;
    if (!line_next(&rest, &line))
        return false;
    struct span ruler = span_trim(line);
    if (!span_eq(ruler, "---") && !span_eq(ruler, "+++"))
        return false;
    *ret_toml = ruler.s[0] == '+';
    const char *start = rest.s;
    while (line_next(&rest, &line) && (size_t)(line.s - start) <= BLOCK_MAX) {
        if (!span_eq(span_trim(line), *ret_toml ? "+++" : "---") &&
            (*ret_toml || !span_eq(span_trim(line), "...")))
            continue;
        if (is_blank(line.s[0]))
            continue;
        *ret_block = (struct span){start, (size_t)(line.s - start)};
        *ret_len = (size_t)(rest.s - text.s);
        return true;
    }
    return false;
}

int front_matter_parse(const char *text, size_t len, struct front_matter *ret)
{
    _cleanup_front_matter_ struct front_matter f = {0};
    struct span block;
    bool toml;
    if (!find_block((struct span){text, len}, &block, &f.len, &toml))
        return 0;
    int r = 0;
    if (span_trim(block).len)
        r = toml ? parse_toml(block, &f) : parse_yaml(block, &f);
    if (r == -EINVAL && !toml) {
        size_t block_len = f.len;
        r = parse_lines(block, &f);
        f.len = block_len;
    }
    if (r == -ENOMEM)
        return r;
    if (r == 0) {
        *ret = f;
        f = (struct front_matter){0};
    }
    return 0;
}
