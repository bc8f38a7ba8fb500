/* SPDX-License-Identifier: MIT
 * The server about itself: its OpenAPI document. */
#include "tools/sidecar/resources.h"

static void openapi(struct request *q, struct response *a)
{
    response_json(a, 200, openapi_document(&q->server->router, request_base(q)));
}

static const struct route routes[] = {
    {"GET", "/openapi.json", SCOPE_PUBLIC, openapi, ROUTE_ANY_ORIGIN, .id = "getOpenApi",
     .summary = "This description", .response = "AnyObject"},
    {"GET", "/api/v1/openapi.json", SCOPE_PUBLIC, openapi, ROUTE_ANY_ORIGIN | ROUTE_UNLISTED,
     .id = "getOpenApiAlias", .summary = "This description", .response = "AnyObject"},
    {0},
};

const struct resource resource_meta = {
    .name = "server", .text = "The server about itself.", .route = routes};
