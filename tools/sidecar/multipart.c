/* SPDX-License-Identifier: MIT
 * multipart/form-data (RFC 7578) over a body that lies in memory: parts are pieces of it. */
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "tools/sidecar/multipart.h"

#define PARTS_MAX 64
#define NAME_MAX_BYTES 1024

int multipart_boundary(const char *type, char ret[MULTIPART_BOUNDARY_MAX + 1])
{
    if (!type || strncasecmp(type, "multipart/form-data", 19) != 0)
        return -EINVAL;
    const char *p = strcasestr(type, "boundary=");
    if (!p)
        return -EINVAL;
    p += 9;
    size_t len = *p == '"' ? strcspn(++p, "\"") : strcspn(p, "; \t");
    if (!len || len > MULTIPART_BOUNDARY_MAX)
        return -EINVAL;
    memcpy(ret, p, len);
    ret[len] = '\0';
    return 0;
}

/* name="..." of a Content-Disposition line into text; false when it is not there. Browsers write
 * a quote in a name as %22 or \". */
static bool parameter(const char *line, size_t len, const char *key, struct buf *text)
{
    size_t key_len = strlen(key);
    for (size_t i = 0; i + key_len + 1 < len; i++) {
        if (strncasecmp(line + i, key, key_len) != 0 || line[i + key_len] != '=' ||
            (i && line[i - 1] != ' ' && line[i - 1] != ';' && line[i - 1] != '\t'))
            continue;
        size_t at = i + key_len + 1;
        bool quoted = at < len && line[at] == '"';
        for (at += quoted; at < len && text->len < NAME_MAX_BYTES; at++) {
            char c = line[at];
            if (quoted ? c == '"' : c == ';' || c == ' ')
                break;
            if (quoted && c == '\\' && at + 1 < len &&
                (line[at + 1] == '"' || line[at + 1] == '\\'))
                c = line[++at];
            buf_addc(text, c ? c : '?');
        }
        return true;
    }
    return false;
}

/* Offsets while text may still move. */
struct offsets {
    size_t name, filename, type;
    bool has_filename;
};

static int headers(const char *p, size_t len, struct buf *text, struct offsets *o)
{
    bool named = false;
    *o = (struct offsets){0};
    o->type = text->len;
    bool typed = false;
    for (const char *end = p + len; p < end;) {
        const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
        size_t n = (size_t)((eol ? eol : end) - p);
        struct buf one = {0};
        if (n > 20 && strncasecmp(p, "Content-Disposition:", 20) == 0) {
            if (parameter(p, n, "name", &one)) {
                named = true;
                o->name = text->len;
                buf_add(text, one.data ? one.data : "", one.len);
                buf_addc(text, '\0');
            }
            buf_clear(&one);
            if (parameter(p, n, "filename", &one)) {
                o->has_filename = true;
                o->filename = text->len;
                buf_add(text, one.data ? one.data : "", one.len);
                buf_addc(text, '\0');
            }
        } else if (n > 13 && strncasecmp(p, "Content-Type:", 13) == 0 && n < 256) {
            size_t at = 13;
            while (at < n && p[at] == ' ')
                at++;
            typed = true;
            o->type = text->len;
            buf_add(text, p + at, n - at);
            buf_addc(text, '\0');
        }
        buf_fini(&one);
        p += n + 2;
    }
    if (!typed) {
        o->type = text->len;
        buf_addc(text, '\0');
    }
    return named ? 0 : -EINVAL;
}

int multipart_parse(const char *body, size_t len, const char *boundary, struct parts *ret,
                    struct docfs_err *err)
{
    char mark[MULTIPART_BOUNDARY_MAX + 5] = "\r\n--";
    strcat(mark, boundary);
    size_t mark_len = strlen(mark);
    struct buf text = {0};
    struct offsets o[PARTS_MAX];
    struct part *item = calloc(PARTS_MAX, sizeof(*item));
    size_t n = 0;
    int r = item ? 0 : err_oom(err);
    const char *end = body + len;
    /* The first mark may stand at the very beginning. */
    const char *p = len >= mark_len - 2 && memcmp(body, mark + 2, mark_len - 2) == 0
                        ? body + mark_len - 2
                        : memmem(body, len, mark, mark_len);
    if (p && p != body + mark_len - 2)
        p += mark_len;
    if (r == 0 && !p)
        r = err_set(err, -EINVAL, "the body has no part that begins with its boundary");
    while (r == 0) {
        if (end - p >= 2 && memcmp(p, "--", 2) == 0)
            break;
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        const char *data = end - p >= 2 && memcmp(p, "\r\n", 2) == 0
                               ? memmem(p, (size_t)(end - p), "\r\n\r\n", 4)
                               : NULL;
        const char *next = data ? memmem(data + 2, (size_t)(end - data) - 2, mark, mark_len) : NULL;
        if (!next || data < p + 2) { /* "\r\n\r\n" at once: no header at all */
            r = err_set(err, -EINVAL, "a part of the body is cut off or has no headers");
        } else if (n == PARTS_MAX) {
            r = err_set(err, -EINVAL, "the body has more than %d parts", PARTS_MAX);
        } else if (data - p > 8192 || headers(p + 2, (size_t)(data - p) - 2, &text, &o[n]) < 0) {
            r = err_set(err, -EINVAL, "a part of the body has no usable Content-Disposition");
        } else {
            const char *from = data + 4 <= next ? data + 4 : next;
            item[n++] = (struct part){.data = from, .len = (size_t)(next - from)};
            p = next + mark_len;
        }
    }
    if (r == 0)
        r = buf_status(&text) < 0 ? err_oom(err) : 0;
    if (r < 0) {
        buf_fini(&text);
        free(item);
        return r;
    }
    *ret = (struct parts){.item = item, .n = n, .text = buf_steal(&text, NULL)};
    for (size_t i = 0; i < n; i++) {
        item[i].name = ret->text + o[i].name;
        item[i].type = ret->text + o[i].type;
        item[i].filename = o[i].has_filename ? ret->text + o[i].filename : NULL;
    }
    return 0;
}

void parts_fini(struct parts *p)
{
    free(p->item);
    free(p->text);
    *p = (struct parts){0};
}

const struct part *parts_find(const struct parts *p, const char *name)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->item[i].name, name) == 0)
            return &p->item[i];
    return NULL;
}

int request_parts(const struct request *q, struct parts *ret, struct docfs_err *err)
{
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    if (multipart_boundary(request_header(q, "Content-Type"), boundary) < 0)
        return err_set(err, -EINVAL,
                       "the body must be multipart/form-data with a boundary (curl -F does that)");
    return multipart_parse(q->body, q->body_len, boundary, ret, err);
}
