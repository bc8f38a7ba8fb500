/* SPDX-License-Identifier: MIT
 * Who changed what over the network. */
#include "tools/sidecar/internal.h"

void server_audit(struct request *q, const char *action, const char *object, const char *detail)
{
    struct docfs_err err = {0};
    struct docfs_audit a = {.client = q->client,
                            .address = q->address,
                            .action = action,
                            .object = object ? object : "",
                            .detail = detail ? detail : "",
                            .trace = q->trace};
    if (docfs_audit_add(q->d, &a, &err) < 0)
        server_log(q->server, "error", q->trace, "audit of %s %s by %s failed: %s", action,
                   a.object, q->client, err.text);
}
