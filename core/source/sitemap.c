/* SPDX-License-Identifier: MIT */
#include "core/source/sitemap.h"

#include <ctype.h>
#include <errno.h>
#include <libxml/parser.h>
#include <limits.h>
#include <string.h>

#include "core/util/buf.h"

#define URL_BYTES 4096
#define DEPTH_MAX 16

static int hand_over(struct buf *text, bool is_map, sitemap_fn *fn, void *arg)
{
    buf_rtrim(text, " \t\r\n");
    const char *p = buf_text(text);
    p += strspn(p, " \t\r\n");
    int r = *p && !text->full ? fn(arg, p, is_map) : 0;
    buf_fini(text);
    *text = (struct buf){.limit = URL_BYTES};
    return r;
}

static int read_text(const char *data, size_t len, sitemap_fn *fn, void *arg)
{
    struct buf line = {.limit = URL_BYTES};
    bool any = false;
    int r = 0;
    for (const char *p = data, *end = data + len; r == 0 && p < end;) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        eol = eol ? eol : end;
        if (eol - p > 7 && strncasecmp(p, "http", 4) == 0 && !memchr(p, 0, (size_t)(eol - p))) {
            any = true;
            buf_add(&line, p, (size_t)(eol - p));
            r = hand_over(&line, false, fn, arg);
        }
        p = eol + 1;
    }
    buf_fini(&line);
    return r == 0 && !any ? -EINVAL : r;
}

struct map_parse {
    sitemap_fn *fn;
    void *arg;
    xmlParserCtxtPtr parser;
    struct buf text;
    unsigned depth;
    bool in_loc, in_map, known;
    int result;
};

static void say(struct map_parse *m, bool is_map)
{
    int r = hand_over(&m->text, is_map, m->fn, m->arg);
    if (r && !m->result) {
        m->result = r;
        xmlStopParser(m->parser);
    }
}

static void on_start(void *arg, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri,
                     int n_ns, const xmlChar **ns, int n, int n_defaulted, const xmlChar **attr)
{
    struct map_parse *m = arg;
    const char *name = (const char *)local;
    if (++m->depth > DEPTH_MAX)
        xmlStopParser(m->parser);
    m->known = m->known || !strcmp(name, "urlset") || !strcmp(name, "sitemapindex") ||
               !strcmp(name, "rss") || !strcmp(name, "feed");
    if (!strcmp(name, "sitemap"))
        m->in_map = true;
    m->in_loc = m->known && (!strcmp(name, "loc") || !strcmp(name, "link"));
    for (int i = 0; m->in_loc && i < n; i++, attr += 5) /* name, prefix, URI, value, end */
        if (!strcmp((const char *)attr[0], "href")) {   /* Atom */
            buf_add(&m->text, attr[3], (size_t)(attr[4] - attr[3]));
            say(m, false);
        }
}

static void on_end(void *arg, const xmlChar *local, const xmlChar *prefix, const xmlChar *uri)
{
    struct map_parse *m = arg;
    m->depth--;
    if (m->in_loc)
        say(m, m->in_map);
    m->in_loc = false;
    if (!strcmp((const char *)local, "sitemap"))
        m->in_map = false;
}

static void on_text(void *arg, const xmlChar *text, int len)
{
    struct map_parse *m = arg;
    if (m->in_loc)
        buf_add(&m->text, text, (size_t)len);
}

static void quiet(void *arg, const char *msg, ...) {}

int sitemap_read(const char *data, size_t len, sitemap_fn *fn, void *arg)
{
    size_t lead = len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    while (lead < len && isspace((unsigned char)data[lead]))
        lead++;
    if (lead == len || len > INT_MAX)
        return -EINVAL;
    if (data[lead] != '<')
        return read_text(data + lead, len - lead, fn, arg);
    /* No handlers for declarations: nothing is defined, expanded or fetched. */
    xmlSAXHandler sax = {.initialized = XML_SAX2_MAGIC,
                         .startElementNs = on_start,
                         .endElementNs = on_end,
                         .characters = on_text,
                         .cdataBlock = on_text,
                         .warning = quiet,
                         .error = quiet,
                         .fatalError = quiet};
    struct map_parse m = {.fn = fn, .arg = arg, .text = {.limit = URL_BYTES}};
    m.parser = xmlCreatePushParserCtxt(&sax, &m, NULL, 0, NULL);
    if (!m.parser)
        return -ENOMEM;
    xmlCtxtUseOptions(m.parser, XML_PARSE_NONET);
    int bad = xmlParseChunk(m.parser, data + lead, (int)(len - lead), 1);
    /* Entity declarations make the parser keep a document for itself, which stays ours to free. */
    xmlFreeDoc(m.parser->myDoc);
    m.parser->myDoc = NULL;
    xmlFreeParserCtxt(m.parser);
    buf_fini(&m.text);
    return m.result ? m.result : !m.known || bad ? -EINVAL : 0;
}
