/* SPDX-License-Identifier: MIT
 * What a chat server sends: any bytes in any pieces give a bounded answer or a failure with a text,
 * and the pieces given away are the whole. */
#undef NDEBUG
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/remote/chat_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int on_delta(void *arg, const char *text, size_t len)
{
    struct buf *given = arg;
    assert(len > 0);
    buf_add(given, text, len);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    struct buf given = {0};
    struct chat_reply reply = {0};
    struct chat_ask ask = {.delta = on_delta, .arg = &given};
    struct chat_stream s = {.ask = &ask, .reply = &reply};
    size_t step = data[0] % 61 + 1; /* how the network cuts it */
    for (size_t at = 1; at < size && s.code == 0; at += step)
        chat_stream_data(&s, (const char *)data + at, size - at < step ? size - at : step);
    int r = chat_stream_end(&s);
    assert(r == s.code && r <= 0);
    assert(r != 0 || reply.text.len > 0);
    assert(r == 0 || r == -ENOMEM || r == -ECANCELED || s.error[0]);
    assert(given.len == reply.text.len && reply.text.len <= CHAT_REPLY_MAX);
    assert(!given.len || memcmp(given.data, reply.text.data, given.len) == 0);
    chat_stream_fini(&s);
    chat_reply_fini(&reply);
    buf_fini(&given);
    return 0;
}
