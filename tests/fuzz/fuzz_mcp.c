/* SPDX-License-Identifier: MIT
 * MCP messages: any bytes are answered, and an answer is one of JSON-RPC. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tools/wire/mcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* An empty cache, made once. */
static struct mcp *server(void)
{
    static struct mcp *m;
    static struct docfs *d;
    char dir[] = "/tmp/fuzz-mcp-XXXXXX";
    if (m)
        return m;
    assert(mkdtemp(dir));
    struct docfs_options opt = {.cache = dir};
    assert(docfs_open(&opt, &d, NULL) == 0);
    const struct docfs_raw doc = {
        .path = "a.md", .title = "A", .markdown = "# A\n\nSome words.\n", .len = 17};
    assert(docfs_add_raw(d, "demo@1", &doc, 1, NULL) == 0);
    const struct mcp_options mo = {.d = d, .door = "fuzz", .read_only = true};
    assert(mcp_new(&mo, &m, NULL) == 0);
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const struct mcp_call call = {.http = data[0] & 1,
                                  .version = data[0] & 2   ? "2026-07-28"
                                             : data[0] & 4 ? "2025-11-25"
                                                           : NULL,
                                  .method = data[0] & 8 ? "tools/call" : NULL,
                                  .name = data[0] & 16 ? "=?base64?c2VhcmNoX2RvY3M=?=" : NULL};
    struct mcp_answer a = {0};
    mcp_handle(server(), (const char *)data + 1, size - 1, &call, &a);
    assert(a.status == 202 || !a.message != !a.listen);
    if (a.message) {
        assert(json_object_get(a.message, "id"));
        assert(!json_object_get(a.message, "result") != !json_object_get(a.message, "error"));
    }
    json_decref(a.message);
    mcp_listen_free(a.listen);
    return 0;
}
