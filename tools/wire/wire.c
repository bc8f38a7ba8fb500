/* SPDX-License-Identifier: MIT */
#include "tools/wire/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "core/util/buf.h"
#include "core/util/cleanup.h"
#include "core/util/utf8.h"

json_t *wire_textn(const char *s, size_t len)
{
    /* jansson refuses what it would not accept itself, so its own check decides. */
    json_t *v = json_stringn(s, len);
    if (v)
        return v;
    _cleanup_buf_ struct buf b = {0};
    for (size_t i = 0; i < len;) {
        uint32_t cp = 0;
        i += utf8_decode(s + i, len - i, &cp);
        buf_addcp(&b, cp);
    }
    return buf_status(&b) == 0 && b.data ? json_stringn(b.data, b.len) : NULL;
}

json_t *wire_text(const char *s)
{
    return s ? wire_textn(s, strlen(s)) : json_null();
}

bool wire_stale(int64_t stale_at)
{
    return docfs_is_stale(stale_at);
}

json_t *wire_time(int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[64];
    if (seconds == 0 || !gmtime_r(&t, &tm) ||
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        return json_null();
    return json_string(text);
}

int wire_set_path(json_t *object, const char *key, const char *path)
{
    static const char hex[] = "0123456789ABCDEF";
    if (json_object_set_new(object, key, wire_text(path)) < 0)
        return -ENOMEM;
    size_t len = path ? strlen(path) : 0;
    if (utf8_valid(path, len))
        return 0;

    _cleanup_buf_ struct buf bytes = {0}, name = {0};
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)path[i];
        if (c > 0x20 && c < 0x7f && c != '%') {
            buf_addc(&bytes, (char)c);
        } else {
            buf_addc(&bytes, '%');
            buf_addc(&bytes, hex[c >> 4]);
            buf_addc(&bytes, hex[c & 15]);
        }
    }
    buf_addf(&name, "%s_bytes", key);
    if (buf_status(&bytes) < 0 || buf_status(&name) < 0)
        return -ENOMEM;
    return json_object_set_new(object, name.data, json_stringn(bytes.data, bytes.len)) < 0 ? -ENOMEM
                                                                                           : 0;
}

json_t *wire_message(const char *kind, json_t *body)
{
    if (!body)
        return NULL;
    json_t *m = json_pack("{s:s, s:s}", "schema", WIRE_SCHEMA, "kind", kind);
    if (m && json_object_update(m, body) < 0) {
        json_decref(m);
        m = NULL;
    }
    json_decref(body);
    return m;
}

/* The codes core documents, plus those the system gives most; anything else is "error". */
static const char *code_name(int code)
{
    static const struct {
        int code;
        const char *name;
    } names[] = {
        {ENOENT, "not_found"},    {EEXIST, "exists"},        {EINVAL, "invalid"},
        {EILSEQ, "invalid"},      {ENAMETOOLONG, "invalid"}, {EROFS, "read_only"},
        {EBUSY, "busy"},          {EBADMSG, "damaged"},      {EPROTO, "newer_version"},
        {ESTALE, "gone"},         {ECANCELED, "cancelled"},  {EACCES, "refused"},
        {EPERM, "refused"},       {ENOSPC, "no_space"},      {ENOMEM, "no_memory"},
        {ENOTSUP, "unsupported"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].code == -code)
            return names[i].name;
    return "error";
}

json_t *wire_error(int code, const char *text)
{
    return wire_message(
        "error", json_pack("{s:s, s:o}", "code", code_name(code), "message", wire_text(text)));
}
