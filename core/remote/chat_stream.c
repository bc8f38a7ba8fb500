/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "core/remote/chat_internal.h"

void chat_stream_fini(struct chat_stream *s)
{
    buf_fini(&s->line);
    buf_fini(&s->whole);
}

static int give(struct chat_stream *s, const char *text, size_t len)
{
    if (!len)
        return 0;
    if (s->reply->text.len + len > CHAT_REPLY_MAX) {
        snprintf(s->error, sizeof(s->error), "the answer is longer than %u KiB",
                 CHAT_REPLY_MAX >> 10);
        return -EFBIG;
    }
    buf_add(&s->reply->text, text, len);
    if (!s->ask->delta)
        return buf_status(&s->reply->text);
    s->given = true;
    return s->ask->delta(s->ask->arg, text, len) ? -ECANCELED : 0;
}

/* {"error": "..."} or {"error": {"message": "..."}} */
static bool take_error(struct chat_stream *s, const json_t *o)
{
    json_t *e = json_object_get(o, "error");
    const char *text = json_string_value(json_is_object(e) ? json_object_get(e, "message") : e);
    if (!e || json_is_null(e))
        return false;
    snprintf(s->error, sizeof(s->error), "%s", text && text[0] ? text : "an error without a text");
    return true;
}

static int take(struct chat_stream *s, const json_t *o)
{
    if (take_error(s, o))
        return -EIO;
    json_t *choice = json_array_get(json_object_get(o, "choices"), 0);
    json_t *part = choice ? json_object_get(choice, "delta") : NULL;
    if (choice && !json_is_object(part))
        part = json_object_get(choice, "message");
    if (!choice)
        part = json_object_get(o, "message"); /* Ollama */
    const char *model = json_string_value(json_object_get(o, "model"));
    if (model && *model)
        snprintf(s->reply->model, sizeof(s->reply->model), "%s", model);
    json_t *finish = json_object_get(choice, "finish_reason");
    s->done = s->done || json_is_string(finish) || json_is_true(json_object_get(o, "done"));
    json_t *content = json_object_get(part, "content");
    return json_is_string(content)
               ? give(s, json_string_value(content), json_string_length(content))
               : 0;
}

static int take_line(struct chat_stream *s, const char *p, size_t len)
{
    while (len && (p[len - 1] == '\r' || p[len - 1] == ' '))
        len--;
    if (len >= 5 && strncmp(p, "data:", 5) == 0) {
        p += 5;
        len -= 5;
        while (len && *p == ' ') {
            p++;
            len--;
        }
    }
    if (!len || *p != '{') {
        s->done = s->done || (len == 6 && strncmp(p, "[DONE]", 6) == 0);
        return 0;
    }
    json_t *o = json_loadb(p, len, 0, NULL);
    int r = o ? take(s, o) : 0; /* part of an object over several lines: see the end */
    json_decref(o);
    return r;
}

int chat_stream_data(struct chat_stream *s, const char *data, size_t len)
{
    if (s->whole.len + len > 4 * CHAT_REPLY_MAX) {
        snprintf(s->error, sizeof(s->error), "the answer is too long");
        return s->code = -EFBIG;
    }
    buf_add(&s->whole, data, len);
    while (len && s->code == 0) {
        const char *nl = memchr(data, '\n', len);
        size_t n = nl ? (size_t)(nl - data) : len;
        buf_add(&s->line, data, n);
        if (buf_status(&s->line) < 0 || buf_status(&s->whole) < 0)
            return s->code = -ENOMEM;
        if (nl) {
            s->code = s->line.len ? take_line(s, s->line.data, s->line.len) : 0;
            buf_clear(&s->line);
            n++;
        }
        data += n;
        len -= n;
    }
    return s->code;
}

int chat_stream_end(struct chat_stream *s)
{
    if (s->code == 0 && s->line.len)
        s->code = take_line(s, s->line.data, s->line.len);
    if (s->code == 0 && !s->reply->text.len && s->whole.len) {
        json_t *o = json_loadb(s->whole.data, s->whole.len, 0, NULL);
        s->code = o ? take(s, o) : 0;
        s->done = s->done || o;
        json_decref(o);
    }
    if (s->code == 0 && !s->reply->text.len) {
        snprintf(s->error, sizeof(s->error), "there is no answer in what it sent");
        s->code = -EPROTO;
    } else if (s->code == 0 && !s->done) {
        snprintf(s->error, sizeof(s->error), "it broke off in the middle of the answer");
        s->code = -ENODATA;
    }
    return s->code;
}
